"""The commands that make a reader: `eval train-reader`, `train-model`, `export-reader`, `fit-blend` …"""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.experiments import Sets, command_on
from eval.runs.run_file import markdown_of_reliability, text_of_reliability
from eval.runs.tables import Write, write_block
from eval.scoring.figures import measure_reliability
from eval.sets.sets import WORK, WORK_384, half, resolve_set
from eval.training import calibrate as calibration
from eval.training.blend import SeenAsked, fit_on, model_to_fit, write_blend
from eval.training.blend import gather as gather_seen
from index.bootstrap import ready
from index.embedding.embedder import load_embedder
from index.errors import BadInput
from index.lazy import later
from index.options import Data, Json
from index.settings import load_settings
from index.terminal import emit, emit_json, progress, tell
from rag.assistant import open_assistant
from rag.reading.model import ABOUT, GRAPH

if TYPE_CHECKING:
    from eval.reading.recipe import train_by
    from eval.training.export_reader import export_reader as export_to
    from eval.training.train_reader import train_reader as train_on
else:  # need torch
    train_by = later("eval.reading.recipe:train_by")
    train_on = later("eval.training.train_reader:train_reader")
    export_to = later("eval.training.export_reader:export_reader")  # needs onnx

ROOT = Path(__file__).parent.parent.parent
READING = ROOT / "rag" / "reading"
NOT_CERTIFIED = 4  # exit code of a gate that failed


def train_reader(
    sets: Sets,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The checkout whose packages get the weights.")] = ROOT,
) -> None:
    """Train the reader that ships on the tuning halves of the sets: index/embedding/projection.npy
    and rag/reading/trained.json.

    Takes some minutes on one core once the sets are indexed; the same sets give the same bytes.
    """
    found = [(resolve_set(path), path) for path in sets]
    with progress() as show:
        trained = train_on(found, load_settings(), WORK_384, show)
    trained.write(out)
    tell(
        f"wrote index/embedding/projection.npy and rag/reading/trained.json in '{out}'; "
        "indexes made before must be built again"
    )


def train_model(
    sets: Annotated[
        list[Path],
        typer.Argument(metavar="SET...", help="BEIR-style folders; those that the recipe names, used as it says."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the weights and all steps before them go.")],
    large: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of all-mpnet-base-v2, which teaches the small model.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights from which the large model goes on.")
    ] = None,
    grades: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="A large model's grades, in place of training it.")
    ] = None,
    small: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model to train; else the packaged all-MiniLM-L6-v2.")
    ] = None,
    small_start: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights from which the small model goes on, at half the rate.")
    ] = None,
    epochs: Annotated[float, typer.Option(min=0.0, help="Of the small model.")] = 3.0,
    teacher_epochs: Annotated[float, typer.Option(min=0.0, help="Of the large model.")] = 1.0,
    twins: Annotated[int, typer.Option(min=0, help="Questions to make unanswerable twins of.")] = 4000,
    mined: Annotated[int, typer.Option(min=0, help="Questions to mine passages for.")] = 3000,
    tokens: Annotated[int, typer.Option(min=500, help="Of a batch; a GPU takes 32000.")] = 6000,
    threads: Annotated[int, typer.Option(min=1, help="Their number is part of what decides the bytes.")] = 2,
    seed: int = 1,
) -> None:
    """Train a model that reads: for every sentence of a passage how well it answers, *none*, and the answer's words.

    Takes hours. Stopped and called again it goes on; the curve is told on stderr.
    """
    weights = train_by(
        sets, out, small=small, large=large, start=start, small_start=small_start, grades=grades, twins=twins,
        mined=mined, teacher_epochs=teacher_epochs, epochs=epochs, tokens=tokens, threads=threads,
        seed=seed,
    )  # fmt: skip
    tell(f"wrote '{weights}'")


def export_reader(
    checkpoints: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="A .safetensors that training wrote; of several, their mean.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where reader.onnx and reader.json go.")] = READING,
    backbone: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Of a large model's checkpoint: the folder of all-mpnet-base-v2.")
    ] = None,
) -> None:
    """Write a reading model as a graph: into the package, or into a folder that the setting answer_model names.

    Needs the package onnx. The same checkpoints give the same bytes.
    """
    try:
        sha256 = export_to(checkpoints, out, backbone)
    except ModuleNotFoundError as error:
        raise BadInput(f"{error}; run: pip install 'onnx>=1.23'") from error
    tell(f"wrote '{out / GRAPH}', SHA-256 {sha256}; the blend in {ABOUT} beside it is to be fitted again")


def fit_blend(
    sets: Sets,
    most: Annotated[int, typer.Option(min=1, help="Questions of each set.")] = 150,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Whose reader.json gets the blend; else that of the model.")
    ] = None,
    write: Write = None,
) -> None:
    """Fit how the reading model counts beside the linear reader, on the tuning halves of sets it was not trained on.

    Writes blend and threshold into its reader.json, and tells of each set what the blend that stood there makes of it,
    the fitted one, and one whose confidence was fitted on the other sets alone.
    """
    settings = load_settings()
    model = model_to_fit(settings)
    out = out or (Path(settings.answer_model) if settings.answer_model else READING)
    embedder = load_embedder(settings.embedder, settings.model_path)
    found: list[SeenAsked] = []
    said: list[str] = []

    def say(line: str) -> None:
        tell(line)
        said.append(f"* {line}\n")

    with progress() as show:
        for path in sets:
            found += gather_seen(half(resolve_set(path), tuning=True), most, settings, embedder, WORK, show)
    write_blend(fit_on(found, model.blend, say), out)
    write_block(write, "blend", f"{''.join(said)}\nWritten by `{command_on(sets, 'fit-blend')}`.\n")
    tell(f"wrote '{out / ABOUT}', fitted on {len(found):,} questions")


def calibrate(
    questions: Annotated[
        Path | None, typer.Argument(metavar="SET", help="Judged questions about your articles.")
    ] = None,
    data: Data = None,
    risk: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Share of given answers that may be wrong.")
    ] = calibration.RISK,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="How sure that must be.")] = calibration.LEVEL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be certified.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Drop the policy of the index.")] = False,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Pick the threshold under which at most --risk of given answers are wrong, and keep it in the index.

    Exits 4 when the set cannot certify that; then nothing changes.
    """
    settings = load_settings(data=data)
    if remove:
        calibration.keep_policy(settings, None)
        tell("the policy is removed; the reader's own threshold decides again")
        return
    if questions is None:
        raise BadInput("no set of questions to calibrate on; give a gold file or a BEIR-style folder, or --remove")
    ready(settings)
    found = resolve_set(questions)
    with progress() as show:
        assistant = open_assistant(settings=calibration.answering_all(settings))
        result = calibration.calibrate(assistant, found, risk=risk, level=level, progress=partial(show, "asking"))
    reliability = measure_reliability(result.judged)
    if as_json:
        emit_json(calibration.json_of_calibration(result) | {"reliability": asdict(reliability)})
    else:
        emit(f"{calibration.text_of_calibration(result)}\n\n{text_of_reliability(reliability)}")
    write_block(write, f"reliability-{found.name}", markdown_of_reliability(reliability))
    if not result.certificate.certified:
        tell("nothing was changed: this set cannot certify that risk")
        raise typer.Exit(NOT_CERTIFIED)
    if not dry_run:
        calibration.keep_policy(settings, calibration.policy_of(result, settings, assistant.index.manifest))
        tell(f"'{settings.data}' now answers from confidence {result.certificate.threshold:g} on")
