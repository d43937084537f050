"""The command `eval run`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eval.blocks import write_block
from eval.figures import chosen
from eval.measuring import measure
from eval.report import json_of, markdown_of, only, text_of
from eval.report_sets import markdown_of_sets
from eval.run import Report
from eval.sets import EvalSet, resolve_set
from eval.trec_run import write_trec
from eval.tune import half
from index.console import emit, emit_json, progress, tell
from index.errors import BadInput
from index.options import Data, Json
from index.settings import load_settings


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
    reports: list[Report] = []
    for questions in found:
        with progress() as show:
            whole = measure(questions, settings, show)
        if out:
            keep(whole, out)
        reports.append(only(whole, wanted) if wanted else whole)
        if not as_json:
            emit(text_of(reports[-1]) + ("" if len(reports) == len(sets) else "\n"))
    _write(reports, write or [], command=_command(sets, test=test))
    if as_json:
        several = [json_of(report) for report in reports]
        emit_json(several[0] if len(several) == 1 else {"runs": several})


def keep(report: Report, folder: Path) -> None:
    """Everything about one run in files named after its set."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{report.set_name}.json").write_text(json.dumps(json_of(report), ensure_ascii=False, indent=2), "utf-8")
    (folder / f"{report.set_name}.txt").write_text(f"{text_of(report)}\n", "utf-8")
    write_trec(report, folder)
    tell(f"kept as {report.set_name}.json, .txt, .run and .qrels in '{folder}'")


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


def _write(reports: Sequence[Report], files: Sequence[Path], *, command: str) -> None:
    if len(reports) > 1:
        write_block(files, "sets", markdown_of_sets(reports, command=command))
        return
    for file in files:
        table = markdown_of(reports[0], command=command, short=file.name == "README.md")
        write_block([file], reports[0].set_name, table)
