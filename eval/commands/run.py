"""The command `eval run`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eval.runs.compare import compare
from eval.runs.page import Against, page_of
from eval.runs.run_file import markdown_of, markdown_of_sets, only, read_compared, read_run, text_of, write_trec
from eval.runs.tables import json_of, write_block
from eval.scoring.figures import chosen
from eval.scoring.run import Run, measure
from eval.sets.sets import EvalSet, half, resolve_set
from index.errors import BadInput
from index.options import Data, Json
from index.settings import load_settings
from index.terminal import emit, emit_json, progress, tell


def run(
    sets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SET...",
            help="Gold files, BEIR-style folders (corpus.jsonl, queries.jsonl, qrels.tsv) or TREC folders "
            "(corpus.jsonl or corpus/, topics.txt in <top> blocks or topics.tsv, qrels.txt); .gz is read too.",
        ),
    ],
    data: Data = None,
    test: Annotated[bool, typer.Option("--test", help="Of each set only the half that is never tuned on.")] = False,
    measures: Annotated[
        list[str] | None, typer.Option("--measure", metavar="NAME", help="Only this figure; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for SET.json, SET.txt and, for trec_eval, SET.run and SET.qrels."),
    ] = None,
    write: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Markdown to put the table into; a README gets a shorter one, several sets one."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask every question of a set and give every figure with its n and interval."""
    wanted = chosen(measures or ())
    found = _resolved(sets, test=test)
    settings = load_settings(data=data)
    runs: list[Run] = []
    for questions in found:
        with progress() as show:
            whole = measure(questions, settings, show)
        if out:
            keep(whole, out)
        runs.append(only(whole, wanted) if wanted else whole)
        if not as_json:
            emit(text_of(runs[-1]) + ("" if len(runs) == len(sets) else "\n"))
    _write(runs, write or [], command=_command(sets, test=test))
    if as_json:
        several = [json_of(each) for each in runs]
        emit_json(several[0] if len(several) == 1 else {"runs": several})


def keep(run: Run, folder: Path) -> None:
    """Everything about one run in files named after its set."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{run.set_name}.json").write_text(json.dumps(json_of(run), ensure_ascii=False, indent=2), "utf-8")
    (folder / f"{run.set_name}.txt").write_text(f"{text_of(run)}\n", "utf-8")
    write_trec(run, folder)
    tell(f"kept as {run.set_name}.json, .txt, .run and .qrels in '{folder}'")


def _resolved(paths: Sequence[Path], *, test: bool) -> list[EvalSet]:
    """All of them before the first question is asked. Raises BadInput for two sets of one name, or nothing to ask."""
    found = [half(resolve_set(path), tuning=False) if test else resolve_set(path) for path in paths]
    for at, one in enumerate(found):
        if one.name in [other.name for other in found[:at]]:
            raise BadInput(
                f"two sets are named {one.name!r} and would overwrite each other; rename one or run it alone"
            )
        if not one.questions:
            raise BadInput(f"all questions of {one.name} may be tuned on; leave it out, or run without --test")
    return found


def _command(sets: Sequence[Path], *, test: bool) -> str:
    """As it stands below a table; of several sets only their names, wherever they lie."""
    names = [str(sets[0])] if len(sets) == 1 else [path.name for path in sets]
    return f"quotewell eval run {'--test ' if test else ''}{' '.join(names)}"


def _write(runs: Sequence[Run], files: Sequence[Path], *, command: str) -> None:
    if len(runs) > 1:
        write_block(files, "sets", markdown_of_sets(runs, command=command))
        return
    for file in files:
        table = markdown_of(runs[0], command=command, short=file.name == "README.md")
        write_block([file], runs[0].set_name, table)


# The command `eval report`.


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run file of `eval run --out`.")],
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page to write.")],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[OTHER]", help="An earlier run of the same questions, or a baseline, to compare with."),
    ] = None,
    times: Annotated[
        bool, typer.Option("--times/--no-times", help="With CPU times, which differ on every machine.")
    ] = True,
) -> None:
    """Show a run as one HTML page: figures, curves, slices, and every question with what was found and quoted."""
    shown = read_run(run)
    against = _against(shown, other) if other else None
    page = page_of(shown, against, times=times)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8", newline="\n")
    tell(f"wrote {out} ({len(page.encode()) / 1000:,.0f} kB)")


def _against(run: Run, other: Path) -> Against:
    before = read_compared(other)
    return Against(str(other), before, compare(before, run))
