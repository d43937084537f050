"""The commands that set runs beside each other: `eval compare` and `eval gate`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eval.runs import gate as gated
from eval.runs.compare import RunComparison
from eval.runs.compare import compare as compare_runs
from eval.runs.compare_report import json_of_runs, markdown_of_runs, text_of_runs
from eval.runs.run_file import read_compared
from eval.runs.tables import write_block
from eval.scoring.run import Run, measure
from eval.sets.sets import resolve_set
from index.errors import BadInput
from index.options import Data, Json
from index.settings import load_settings
from index.terminal import emit, emit_json, progress, tell

GATE_FAILED = 4  # exit code

_RUN = "A run file of `eval run --out`, or a folder of them."


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help=_RUN)],
    second: Annotated[Path, typer.Argument(metavar="B", help="The run to judge against A.")],
    write: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Markdown to put the comparison into; made if missing.")
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="The sets may differ: compare the questions that both ask.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What run B does better and worse than run A: differences with intervals and tests, slices, questions."""
    paths = _paired(first, second)
    names = [(str(one), str(two)) for one, two in paths]
    found = [compare_runs(read_compared(one), read_compared(two), common=common) for one, two in paths]
    if as_json:
        several = [json_of_runs(one, name) for one, name in zip(found, names, strict=True)]
        emit_json(several[0] if first.is_file() else {"comparisons": several})
    else:
        emit("\n\n\n".join(text_of_runs(one, name) for one, name in zip(found, names, strict=True)))
    for file in write or []:
        _write(file, found, names, f"quotewell eval compare {first} {second}{' --common' * common}")


def gate(
    questions: Annotated[
        Path, typer.Argument(metavar="SET", help="The baseline's questions.", show_default="the bundled dev questions")
    ] = gated.GOLD,
    baseline: Annotated[
        Path, typer.Option(metavar="FILE", help="The run to hold up against.", show_default="eval/baseline.json")
    ] = gated.BASELINE,
    minimum: Annotated[
        float, typer.Option(min=0, max=1, help="A drop of at most this fails nothing, however sure.")
    ] = gated.MINIMUM,
    update: Annotated[
        bool, typer.Option("--update-baseline", help="Make this run the baseline, and show what that changes.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Are answers as good as the committed baseline? Exits 4 on a drop that is both sure and larger than --minimum."""
    before = _replaced(baseline) if update else gated.read_baseline(baseline)
    found = resolve_set(questions)
    with progress() as show:
        now = measure(found, load_settings(data=data), show)
    if before is None or update:
        tell(f"{'wrote' if gated.keep_baseline(now, baseline) else 'nothing changes in'} {baseline}")
        emit_json(gated.json_of_update(before, now)) if as_json else emit(gated.text_of_update(before, now))
        return
    judgement = gated.judge(before, now, minimum=minimum)
    emit_json(gated.json_of_judgement(judgement)) if as_json else emit(gated.text_of_judgement(judgement, baseline))
    if judgement.grade == "fail":
        raise typer.Exit(GATE_FAILED)


def _replaced(baseline: Path) -> Run | None:
    """The baseline that a new one is to replace; a broken one is replaced as if there were none."""
    try:
        return gated.read_baseline(baseline) if baseline.is_file() else None
    except BadInput as error:
        tell(f"the old baseline cannot be shown: {error}")
        return None


def _paired(first: Path, second: Path) -> list[tuple[Path, Path]]:
    """The two files, or the run files of one name in both folders; those of one folder alone are told."""
    if not (first.is_dir() and second.is_dir()):
        if first.is_dir() or second.is_dir():
            raise BadInput(f"{first} and {second} are a file and a folder; give two run files or two folders of them")
        return [(first, second)]
    ours, theirs = ({path.name: path for path in folder.glob("*.json")} for folder in (first, second))
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        raise BadInput(
            f"'{first}' and '{second}' hold no run files of one name; fill both with: eval run SET --out DIR"
        )
    for name in sorted(ours.keys() ^ theirs.keys()):
        tell(f"{name} is only in '{first if name in ours else second}', and not compared")
    return [(ours[name], theirs[name]) for name in common]


def _write(file: Path, found: Sequence[RunComparison], names: Sequence[tuple[str, str]], command: str) -> None:
    """Into the blocks of the sets; a file that is not there yet is made with them."""
    blocks = [f"compare-{each.set_name}" for each in found]
    if not file.exists():
        file.write_text("\n".join(f"<!-- eval:{block} -->\n<!-- /eval:{block} -->\n" for block in blocks), "utf-8")
    for block, each, name in zip(blocks, found, names, strict=True):
        write_block([file], block, markdown_of_runs(each, name, command=command))
