"""How corpus.db is made, and what a write transaction does to its rows; the transaction itself is the caller's."""

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from index.database import Connection, connect, explained, immediate, sync_folder
from index.encoding import StoredPassage
from index.errors import BadInput
from index.records import Document
from index.schema import CREATE, REVISIONS, VERSION, Row, document_row, fault, insert, passage_row, sealed

Rows = tuple[Row, list[Row]]


def rows_of(document: Document, passages: Sequence[StoredPassage]) -> Rows:
    """The sealed rows of a document and its passages. Raises ValueError for passages that are not the document's."""
    faults = [fault(stored, document, ordinal) for ordinal, stored in enumerate(passages)]
    if any(faults):
        raise ValueError(f"document '{document.id}': " + "; ".join(filter(None, faults)))
    sealed_passages = [sealed("passages", passage_row(stored)) for stored in passages]
    return sealed("documents", document_row(document, [p.passage.context for p in passages])), sealed_passages


def insert_rows(writer: Connection, rows: Rows) -> None:
    """Of a document that does not stand there."""
    document, passages = rows
    writer.execute(insert("documents"), document)
    writer.executemany(insert("passages"), passages)


def remove(writer: Connection, document_id: str) -> bool:
    """A document and its passages, not its former texts; False if there is none such."""
    key = (document_id.encode("utf-8", "surrogatepass"),)
    writer.execute("DELETE FROM passages WHERE document_id = CAST(? AS TEXT)", key)
    return writer.execute("DELETE FROM documents WHERE id = CAST(? AS TEXT)", key).rowcount > 0


def remove_others(writer: Connection, kept: set[str]) -> None:
    """All documents but those of these ids, with their former texts; the passages must be gone."""
    ids = {name.encode() for name in kept}
    for rowid, document_id in writer.execute("SELECT rowid, id FROM documents").fetchall():
        if document_id not in ids:
            writer.execute("DELETE FROM revisions WHERE document_id = CAST(? AS TEXT)", (document_id,))
            writer.execute("DELETE FROM documents WHERE rowid = ?", (rowid,))


def set_head(writer: Connection, **values: str | int) -> None:
    """What holds of the whole store."""
    rows = [sealed("meta", (key, str(value))) for key, value in values.items()]
    writer.executemany(insert("meta"), rows)


def create_file(path: Path, timeout_s: float) -> None:
    """Makes an empty store, unless there is one. It appears complete or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix="new-") as folder:
            new = Path(folder) / path.name
            with explained(new), closing(connect(new, "rwc", timeout_s)) as writer, immediate(writer):
                for statement in CREATE:
                    writer.execute(statement)
                set_head(writer, schema=VERSION, sequence=0, documents=0)
            with suppress(FileExistsError):  # another process was first; a rename would replace what it made
                path.hardlink_to(new)
    except OSError as error:
        raise BadInput(f"no index can be made in '{path.parent}': {error.strerror}; name another folder") from error
    sync_folder(path.parent)
    sync_folder(path.parent.absolute().parent)


def bring_up(writer: Connection) -> None:
    """The tables that schema 1 did not have; nothing that stands is touched but the name of the schema."""
    (before,) = writer.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if before == b"1":  # else another process did it meanwhile
        for statement in REVISIONS:
            writer.execute(statement)
        set_head(writer, schema=VERSION)
