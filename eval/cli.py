"""The commands that measure and fit: `eval run`, `eval fusion`, `eval fit`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.corpora import indexed
from eval.fit import Sample
from eval.report import (
    json_of,
    json_of_comparison,
    markdown_of,
    replace_block,
    text_of,
    text_of_comparison,
)
from eval.run import Report
from eval.run import run as run_questions
from eval.sets import resolve_set
from eval.tune import compare_fusions, fit_reader, gather, tuning_half
from index.console import emit, emit_json, progress, tell
from index.embed import load_embedder
from index.options import Data, Json
from index.settings import load_settings
from rag.assistant import open_assistant

WORK = Path(".eval")
PLAIN = Path(__file__).parent.parent / "rag" / "plain.json"

app = typer.Typer(rich_markup_mode=None, help="Measure answers and search on judged questions.")


@app.callback()
def _group() -> None:
    """Without a callback, Typer would make a group of one command that command."""


@app.command()
def run(
    questions: Annotated[Path, typer.Argument(metavar="SET", help="A gold file, or a BEIR-style folder.")],
    data: Data = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for SET.json and SET.txt.")] = None,
    write: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Markdown to put the table into.")] = None,
    as_json: Json = False,
) -> None:
    """Ask every question of a set and give every figure with its n and interval."""
    found = resolve_set(questions)
    settings = load_settings(data=data)
    with progress() as show:
        if "data" in settings.model_fields_set:
            assistant = open_assistant(settings=settings)
        else:
            embedder = load_embedder(settings.embedder, settings.model_path)
            settings = indexed(found, settings, embedder, WORK, lambda at: show(*at))
            assistant = open_assistant(settings=settings, embedder=embedder)
        report = run_questions(assistant, found, progress=lambda done, total: show("asking", done, total))
    tell(f"measured on the index in '{settings.data}'")
    emit_json(json_of(report)) if as_json else emit(text_of(report))
    if out:
        _keep(report, out)
    for file in write or []:
        changed = replace_block(file, found.name, markdown_of(report, command=f"quotewell eval run {questions}"))
        tell(f"{'wrote the table into' if changed else 'the table stands already in'} {file}")


@app.command()
def fusion(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Gold files or BEIR-style folders.")],
    as_json: Json = False,
) -> None:
    """Compare BM25, dense, RRF and convex fusion on the tuning half of each set, pair by pair."""
    settings = load_settings()
    embedder = load_embedder(settings.embedder, settings.model_path)
    for path in sets:
        with progress() as show:
            found = compare_fusions(tuning_half(resolve_set(path)), settings, embedder, WORK, show)
        emit_json(json_of_comparison(found)) if as_json else emit(f"{text_of_comparison(found)}\n")


@app.command()
def fit(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Gold files or BEIR-style folders.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the weights go.")] = PLAIN,
) -> None:
    """Fit the plain reader's weights, margin and threshold on the tuning halves of the sets."""
    settings = load_settings()
    embedder = load_embedder(settings.embedder, settings.model_path)
    found: list[Sample] = []
    with progress() as show:
        for path in sets:
            found += gather(tuning_half(resolve_set(path)), settings, embedder, WORK, show)
    out.write_text(f"{json.dumps(fit_reader(found), indent=1)}\n", "utf-8")
    tell(f"wrote the weights fitted on {len(found):,} questions to '{out}'")


def _keep(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{report.set_name}.json").write_text(json.dumps(json_of(report), ensure_ascii=False, indent=2), "utf-8")
    (folder / f"{report.set_name}.txt").write_text(f"{text_of(report)}\n", "utf-8")
    tell(f"kept as {report.set_name}.json and {report.set_name}.txt in '{folder}'")
