"""The commands that build an index and look after it: `index, verify, backup, restore`."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from time import sleep
from typing import Annotated, Any, Literal

import typer

from index.bootstrap import ready
from index.build import Builder, BuildReport
from index.embedding.embedder import load_embedder
from index.errors import BadInput, IndexDamaged, IndexMissing, NotFound, QuotewellError
from index.formats import ARTICLES
from index.options import Data, Json, same_data
from index.plan import FileReport, PlanReport
from index.records import dated, document_fields
from index.settings import Settings, load_settings
from index.shards import refuse_workers
from index.storage.docstore import DocStore
from index.storage.generation import at_work, current, load
from index.storage.sqlite import copy, new_folder, pour, set_aside, sync_folder
from index.storage.store import FILE_NAME, Store
from index.terminal import Paragraph, emit, emit_json, emit_lines, emit_table, progress, safe, tell, tell_error
from index.verify import builder_as_built, copied, read_whole, verify

_AGAIN_S = 0.5  # after which it is looked whether what is followed is there again
FAILED = 1
DAMAGED = 5
INTERRUPTED = 130
MOST_SHARE = 0.05  # of a file that is marked or left out before somebody should look
MOST_TOLD = 20  # lines of a kind in a report for people; --json has all


def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...",
            help="Files and folders; none: what an earlier Quotewell made is made anew.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    prune: Annotated[bool, typer.Option("--prune", help="Delete articles that stood below PATH and are gone.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make everything anew as the settings now say.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on whenever a file changes, until Ctrl-C.")] = False,
    strict: Annotated[
        bool | None,
        typer.Option(
            "--strict/--lenient",
            help="What exits with 1: warnings too, or nothing that was not read.  [default: a file that was not read]",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[str, typer.Option(metavar="N|ray", help="Embed in N processes, or by Ray.")] = "",
    as_json: Json = False,
) -> None:
    """Add or update files and folders. Only what changed is read into the index again."""
    settings = load_settings(data=data)
    refuse_workers(workers)
    paths = paths or []
    if not paths and (prune or watch or not (settings.data / FILE_NAME).exists()):
        raise BadInput("name the files or folders to read; see: quotewell index --help")
    if absent := [path for path in paths if not path.exists()]:
        raise NotFound(f"'{absent[0]}' does not exist; name files or folders with {', '.join(sorted(ARTICLES))} files")
    if watch and dry_run:
        raise BadInput("--watch and --dry-run do not go together; leave one out")

    def run(*, anew: bool) -> PlanReport:
        with progress() as show:
            if dry_run:
                report = builder.plan(paths, prune=prune, on_progress=lambda at: show(*at))
            else:
                report = builder.index(
                    paths, prune=prune, rebuild=anew, workers=workers, on_progress=lambda at: show(*at)
                )
        _tell_report(report)
        emit_json(_as_json(report)) if as_json else _emit_report(report, settings)
        return report

    try:
        builder = Builder(settings.data, settings, load_embedder(settings.embedder, settings.model_path))
        if watch:
            _follow(paths, settings.data, lambda first: run(anew=rebuild and first))
            return
        report = run(anew=rebuild)
    except KeyboardInterrupt:
        tell_error(
            "interrupted; what was committed stays and the old search index goes on answering; "
            "run the same command again to finish"
        )
        raise typer.Exit(INTERRUPTED) from None
    if why := _failure(report, strict, named=bool(paths)):
        tell_error(why)
        raise typer.Exit(FAILED)


def _follow(paths: list[Path], data: Path, run: Callable[[bool], object]) -> None:
    """Runs once, and again after every change, until it is interrupted; an error is told, and the next change tried."""
    from watchfiles import Change, watch  # takes as long to load as all other commands together

    own = data.resolve()

    def not_ours(_: Change, path: str) -> bool:
        return not Path(path).resolve().is_relative_to(own)

    runs, given = 0, {str(path.absolute()) for path in paths}
    try:
        while True:
            with suppress(FileNotFoundError):  # nothing stands there now
                stood = [path.stat().st_ino for path in paths]
                for look, changes in enumerate(
                    watch(*paths, watch_filter=not_ours, yield_on_timeout=True, rust_timeout=500)
                ):
                    if changes or not look:
                        try:
                            run(not runs)
                        except QuotewellError as error:
                            tell_error(str(error))
                        runs += 1
                    if runs == 1 and not look:
                        tell("following the files; stop with Ctrl-C", "dim")
                    if stood != [path.stat().st_ino for path in paths] or any(path in given for _, path in changes):
                        break  # saved as another file, or made again: that is followed in its turn
                continue
            sleep(_AGAIN_S)
    except KeyboardInterrupt:
        tell("no longer following the files; everything that was told of is in the index", "dim")


def _failure(report: PlanReport, strict: bool | None, *, named: bool) -> str:
    """Why the command fails, or nothing. Where no file was named, there may be nothing to make anew."""
    if named and not (report.added or report.updated or report.unchanged):
        return f"nothing could be indexed; name files or folders with {', '.join(sorted(ARTICLES))} files"
    if report.lost and strict is not False:
        return f"{report.lost} not read, for the reasons above; --lenient takes that for no failure"
    if strict and (warned := sum(bool(_warnings(file)) for file in report.files)):
        return f"{warned} files with warnings, which --strict takes for a failure"
    return ""


def _warnings(file: FileReport) -> list[str]:
    marked, hidden = file.shares
    kinds = ((marked, "marked as furniture, behind all other text"), (hidden, "left out as hidden"))
    return [*file.warnings, *(f"{share:.0%} of it is {what}" for share, what in kinds if share > MOST_SHARE)]


def _tell_report(report: PlanReport) -> None:
    """What somebody should look at."""
    lost = [unread for unread in report.unread if unread.lost]
    others = [unread for unread in report.unread if not unread.lost]
    for kind in (lost, others):
        for unread in kind[:MOST_TOLD]:
            tell(f"not indexed: {unread.path}: {unread.reason}", "yellow" if unread.lost else "dim")
        if len(kind) > MOST_TOLD:
            tell(f"not indexed: {len(kind) - MOST_TOLD} more; --json names them")
    warned = [(file.path, warning) for file in report.files for warning in _warnings(file)]
    for path, warning in warned[:MOST_TOLD]:
        tell(f"warning: {path}: {warning}", "yellow")
    if len(warned) > MOST_TOLD:
        tell(f"warning: {len(warned) - MOST_TOLD} more; --json names them")
    for name, (own, *others_of_it) in list(report.twins.items())[:MOST_TOLD]:
        tell(f"the same, kept once as {name}: {', '.join((own, *others_of_it))}", "dim")
    for one, other, share in report.alike[:MOST_TOLD]:
        held, holder = (one, other) if other in report.held_by.get(one, ()) else (other, one)
        found = holder in report.held_by.get(held, ())
        which = f"{holder} is searched for both, as it says all that {held} says" if found else "both are searched"
        tell(f"{share:.0%} the same, {which}: {one}, {other}", "dim")


def _as_json(report: PlanReport) -> dict[str, Any]:
    files = []
    for file in report.files:
        marked, hidden = file.shares
        shares = {"marked_share": round(marked, 4), "hidden_share": round(hidden, 4)}
        files.append({**asdict(file), **shares, "warnings": _warnings(file)})
    return {**asdict(report), "files": files, "dry_run": not isinstance(report, BuildReport)}


def _emit_report(report: PlanReport, settings: Settings) -> None:
    other = len(report.unread) - report.lost
    counts = (
        f"{len(report.added)} added, {len(report.updated)} updated, {report.unchanged} unchanged, "
        f"{len(report.deleted)} deleted, {report.lost} not read" + (f", {other} of other types" if other else "")
    )
    told = [file for file in report.files if file.marked or file.hidden]
    for file in told[:MOST_TOLD]:
        marked, hidden = file.shares
        emit(
            f"{file.path}: of {file.characters:,} characters {file.marked:,} marked as furniture ({marked:.1%}), "
            f"{file.hidden:,} left out as hidden ({hidden:.1%})"
        )
    if len(told) > MOST_TOLD:
        emit(f"{len(told) - MOST_TOLD:,} more files have something marked or left out; --json has the figures")
    if isinstance(report, BuildReport):
        emit(
            f"'{settings.data}' holds {report.documents} articles in {report.passages} passages, "
            f"version {report.version}: {counts}"
        )
        if report.embedded_passages:
            emit(f"embedded {report.embedded_passages} passages of {report.tokens} tokens")
        return
    for what, names in (("add", report.added), ("update", report.updated), ("delete", report.deleted)):
        for name in names:
            emit(f"{what} {name}")
    emit(f"'{settings.data}' would change so: {counts}; nothing was written")


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
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file; or an empty folder, for keys and feedback as well.")
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy the store to a new file, or all that others cannot make again to a folder, while it is in use."""
    settings, whole = load_settings(data=data), file.is_dir()
    if whole and any(file.iterdir()):
        raise BadInput(f"'{file}' is not empty; name a new folder")
    with Store.open(settings.data, readonly=True) as store:
        if whole:
            copied(settings.data.iterdir(), file)
        else:
            copy(store.path, file)
        documents, passages = store.count()
    if as_json:
        emit_json({"file": str(file), "documents": documents, "passages": passages})
    else:
        emit(f"{documents} articles and {passages} passages are copied to '{file}'")
    tell(f"to have them again in place of what stands then: quotewell restore {quote(str(file))}{same_data(settings)}")


def restore(
    kept: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `quotewell backup` made: a file, or a folder.")],
    data: Data = None,
) -> None:
    """Check a backup and put it in the place of what stands, which is kept; a server that runs follows."""
    settings, own = load_settings(data=data), kept / FILE_NAME if kept.is_dir() else kept
    if not own.is_file():
        raise NotFound(f"'{own}' does not exist; name what was made by: quotewell backup")
    settings.data.mkdir(parents=True, exist_ok=True)
    with new_folder(settings.data) as folder:
        try:
            documents, passages = read_whole(own, [one for one in kept.glob("*") if one.name != FILE_NAME], folder)
        except (QuotewellError, ValueError) as error:
            why = error if isinstance(error, ValueError) else "it is none, or cannot be read"
            raise IndexDamaged(
                f"'{kept}' is no whole backup ({why}), and nothing was changed; restore another"
            ) from error
        places = {one: settings.data / one.name for one in folder.iterdir() if one.suffix in (".db", ".json")}
        former, before = folder / "former", settings.data / f"before-restore-{folder.name[-8:]}"
        former.mkdir(0o700)
        with at_work(settings.data, alone=True):  # no write is acknowledged between the two
            for place in filter(Path.exists, places.values()):
                try:
                    copied([place], former)
                except IndexDamaged:
                    set_aside(place)
            if any(former.iterdir()):
                former.rename(before)
                sync_folder(settings.data)
            for one, place in places.items():
                one.replace(place) if one.suffix == ".json" else pour(one, place)
            sync_folder(settings.data)
    emit(f"'{settings.data}' holds the {documents} articles and {passages} passages of '{kept}'")
    if before.exists():
        tell(f"what stood there is kept; to have it again: quotewell restore {quote(str(before))}{same_data(settings)}")


_HEADINGS = ("id", "title", "author", "published", "characters")


def documents(
    action: Annotated[Literal["list", "show", "delete"], typer.Argument(help="What to do.")] = "list",
    document_id: Annotated[str | None, typer.Argument(metavar="ID", help="For show and delete.")] = None,
    data: Data = None,
    source: Annotated[bool, typer.Option("--source", help="show: the text as it was read, uncleaned.")] = False,
    marked: Annotated[
        bool, typer.Option("--marked", help="show: only what was marked as no part of the article.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="delete: without asking.")] = False,
    as_json: Json = False,
) -> None:
    """List the articles, show one, or delete one."""
    if (document_id is None) != (action == "list"):
        wanted = "no ID" if action == "list" else "an ID"
        raise BadInput(f"documents {action} takes {wanted}; list the ids with: quotewell documents")
    settings = load_settings(data=data)
    ready(settings)
    if document_id is None:
        _list(settings, as_json=as_json)
    elif action == "show":
        _show(settings, document_id, source=source, marked=marked, as_json=as_json)
    else:
        _delete(settings, document_id, yes=yes, as_json=as_json)


def _list(settings: Settings, *, as_json: bool) -> None:
    with Store.open(settings.data, readonly=True) as store:
        found = list(store.documents())
    if as_json:
        emit_json({"documents": [document_fields(document) for document in found], "total": len(found)})
    else:
        rows = [(d.id, d.title, d.author or d.publisher, dated(d), f"{len(d.text):,}") for d in found]
        emit_table(_HEADINGS, rows)


def _show(settings: Settings, document_id: str, *, source: bool, marked: bool, as_json: bool) -> None:
    with Store.open(settings.data, readonly=True) as store:
        document = store.document(document_id)
        files = store.files([document_id]).get(document_id, ())
    held_by, holds = _alike(settings, document_id)
    text = document.source if source else document.text
    asides = [[block.start, block.end] for block in document.blocks if block.kind == "aside"]
    if as_json:
        shown = {"marked": asides} if marked else {"source" if source else "text": text}
        emit_json(document_fields(document) | {"files": files, "held_by": held_by, "holds": holds} | shown)
    elif marked:
        emit_lines([Paragraph(document.text[start:end]) for start, end in asides])
    elif source:
        emit(text, end="")
    else:
        twins = f"in {len(files)} files of the same text: {', '.join(files)}" if len(files) > 1 else ""
        held = f"searched as {' or '.join(held_by)}, which says all of it" if held_by else ""
        holding = f"searched for {', '.join(holds)}, too" if holds else ""
        known = (document.author, document.publisher, dated(document), twins, held, holding)
        facts = " · ".join(filter(None, known))
        emit_lines(
            [Paragraph(document.title, style="bold"), Paragraph(facts, style="dim"), Paragraph(), Paragraph(text)]
        )


def _alike(settings: Settings, document_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of the documents that say all that it says, and of those of which it says all."""
    try:
        heads = DocStore(load(settings.data, current(settings.data)).content).heads
    except (IndexDamaged, IndexMissing):  # what is stored can be shown all the same
        return (), ()
    held_by = next((head.held_by for head in heads if head.id == document_id), ())
    return held_by, tuple(head.id for head in heads if document_id in head.held_by)


def _delete(settings: Settings, document_id: str, *, yes: bool, as_json: bool) -> None:
    where = same_data(settings)
    with Store.open(settings.data, readonly=True) as store:
        try:
            title = store.document(document_id).title
        except IndexDamaged:  # it can be deleted, too
            title = "damaged"
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput(f"'{document_id}' is deleted only when somebody confirms it; add --yes")
        tell(f"if its text stands nowhere else, keep it: quotewell documents show {document_id} --source{where} > FILE")
        if not typer.confirm(safe(f"Delete '{document_id}' ({title})?"), err=True):
            tell("nothing was deleted")
            raise typer.Exit(FAILED)
    try:
        made = builder_as_built(settings).delete(document_id)
    except IndexDamaged as error:
        raise IndexDamaged(
            f"'{document_id}' is deleted and no longer cited, but the search index cannot be made again: {error}"
        ) from error
    if made.problem:
        tell(f"warning: {made.problem}", "yellow")
    if as_json:
        emit_json({"deleted": document_id, "documents": made.manifest.documents, "version": made.manifest.version})
    tell(f"deleted '{document_id}' ({title}); no file was touched, so add it back with: quotewell index PATH{where}")
