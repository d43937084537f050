"""The commands that build an index and look after it: `index, verify, backup, doctor`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from index.build import Builder
from index.console import emit, emit_json, emit_table, progress, tell, tell_error
from index.doctor import examine
from index.embed import load_embedder
from index.errors import NotFound
from index.formats import ARTICLES
from index.health import verify
from index.options import Data, Json, same_data
from index.progress import BuildReport
from index.settings import Settings, load_settings
from index.store import Store

FAILED = 1
DAMAGED = 5
INTERRUPTED = 130


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False)],
    data: Data = None,
    prune: Annotated[bool, typer.Option("--prune", help="Delete articles that do not stand below PATH.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make everything anew as the settings now say.")] = False,
    as_json: Json = False,
) -> None:
    """Add or update files and folders (txt md jsonl). Only what changed is read into the index again."""
    settings = load_settings(data=data)
    if absent := [path for path in paths if not path.exists()]:
        raise NotFound(f"'{absent[0]}' does not exist; name files or folders with {', '.join(sorted(ARTICLES))} files")
    try:
        builder = Builder(settings.data, settings, load_embedder(settings.embedder, settings.model_path))
        with progress() as show:
            report = builder.index(paths, prune=prune, rebuild=rebuild, on_progress=lambda at: show(*at))
    except KeyboardInterrupt:
        tell_error(
            "interrupted; what was committed stays and the old search index goes on answering; "
            "run the same command again to finish"
        )
        raise typer.Exit(INTERRUPTED) from None
    for unread in report.unread:
        tell(f"not indexed: {unread.path}: {unread.reason}", "yellow")
    emit_json(asdict(report)) if as_json else _emit_report(report, settings)
    if not (report.added or report.updated or report.unchanged):
        tell_error(f"nothing could be indexed; name files or folders with {', '.join(sorted(ARTICLES))} files")
        raise typer.Exit(FAILED)


def _emit_report(report: BuildReport, settings: Settings) -> None:
    emit(
        f"'{settings.data}' holds {report.documents} articles in {report.passages} passages, version {report.version}: "
        f"{len(report.added)} added, {len(report.updated)} updated, {report.unchanged} unchanged, "
        f"{len(report.deleted)} deleted, {len(report.unread)} not read"
    )
    if report.embedded_passages:
        emit(f"embedded {report.embedded_passages} passages of {report.tokens} tokens")


def verify_index(data: Data = None, as_json: Json = False) -> None:
    """Check every stored row and file against its hash; a damaged search index is made again from the store."""
    settings = load_settings(data=data)
    verdict = verify(settings)
    if as_json:
        emit_json({"ok": not verdict.problems} | asdict(verdict))
    else:
        for mended in verdict.mended:
            tell(f"mended: {mended}", "yellow")
        for problem in verdict.problems:
            tell(f"damaged: {problem}", "red")
        whole = "damaged" if verdict.problems else "all is well"
        emit(f"{verdict.documents} articles, {verdict.passages} passages, version {verdict.version}: {whole}")
    if verdict.problems:
        where = same_data(settings)
        tell_error(
            "the store is damaged; restore a backup, or for each article named above: "
            f"quotewell documents delete ID{where}, then: quotewell index PATH{where}"
        )
        raise typer.Exit(DAMAGED)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy the store to a new file while it is in use."""
    settings = load_settings(data=data)
    with Store.open(settings.data, readonly=True) as store:
        store.backup(file)
        count = store.count()
    if as_json:
        emit_json({"file": str(file), "documents": count.documents, "passages": count.passages})
    else:
        emit(f"{count.documents} articles and {count.passages} passages are copied to '{file}'")
    tell("to restore it, put it into a new folder DIR as corpus.db and run: quotewell verify --data DIR")


def doctor(data: Data = None, as_json: Json = False) -> None:
    """Look at everything that Quotewell needs here, and say how to mend what is missing."""
    checks = examine(data)
    if as_json:
        emit_json({"ok": all(c.state != "failed" for c in checks), "checks": [c._asdict() for c in checks]})
    else:
        emit_table(("state", "what", "found", "what to do"), [(c.state, c.name, c.says, c.fix) for c in checks])
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(FAILED)
