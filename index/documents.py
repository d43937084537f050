"""The command that looks after single articles: `documents list|show|delete`."""

import sys
from typing import Annotated, Literal

import typer

from index.console import Line, emit, emit_json, emit_lines, emit_table, safe, tell
from index.errors import BadInput, IndexDamaged
from index.first import ready
from index.health import builder_as_built
from index.options import Data, Json, same_data
from index.settings import Settings, load_settings
from index.store import Store
from index.wire import dated, document_fields

FAILED = 1

_HEADINGS = ("id", "title", "author", "published", "characters")


def documents(
    action: Annotated[Literal["list", "show", "delete"], typer.Argument(help="What to do.")] = "list",
    document_id: Annotated[str | None, typer.Argument(metavar="ID", help="For show and delete.")] = None,
    data: Data = None,
    source: Annotated[bool, typer.Option("--source", help="show: the text as it was read, uncleaned.")] = False,
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
        _show(settings, document_id, source=source, as_json=as_json)
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


def _show(settings: Settings, document_id: str, *, source: bool, as_json: bool) -> None:
    with Store.open(settings.data, readonly=True) as store:
        document = store.document(document_id)
    text = document.source if source else document.text
    if as_json:
        emit_json(document_fields(document) | {"source" if source else "text": text})
    elif source:
        emit(text, end="")
    else:
        facts = " · ".join(part for part in (document.author, document.publisher, dated(document)) if part)
        emit_lines([Line(document.title, style="bold"), Line(facts, style="dim"), Line(), Line(text)])


def _delete(settings: Settings, document_id: str, *, yes: bool, as_json: bool) -> None:
    where = same_data(settings)
    with Store.open(settings.data, readonly=True) as store:
        title = _title(store, document_id)
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput(f"'{document_id}' is deleted only when somebody confirms it; add --yes")
        tell(f"if its text stands nowhere else, keep it: quotewell documents show {document_id} --source{where} > FILE")
        if not typer.confirm(safe(f"Delete '{document_id}' ({title})?"), err=True):
            tell("nothing was deleted")
            raise typer.Exit(FAILED)
    try:
        manifest = builder_as_built(settings).delete(document_id)
    except IndexDamaged as error:
        raise IndexDamaged(f"'{document_id}' is deleted, but the search index cannot be made again: {error}") from error
    if as_json:
        emit_json({"deleted": document_id, "documents": manifest.documents, "version": manifest.version})
    tell(f"deleted '{document_id}' ({title}); no file was touched, so add it back with: quotewell index PATH{where}")


def _title(store: Store, document_id: str) -> str:
    """A damaged article can be deleted, too. Raises NotFound."""
    try:
        return store.document(document_id).title
    except IndexDamaged:
        return "damaged"
