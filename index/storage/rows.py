"""The tables of corpus.db, and how a record becomes a row and back.

Every row ends in a hash over all its other values, because SQLite itself notices few damaged bytes; a row is
opened, that is checked against its hash, before anything in it is decoded.
"""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from index.embedding.vectors import Encoding, StoredPassage, is_unit
from index.errors import BadInput, IndexDamaged
from index.records import Document, Passage, blocks_within, document_of, plain, plain_blocks, spans_of
from index.storage.sqlite import PAGE_BYTES, Connection, connect, explained, immediate, new_folder, sync_folder

VERSION = "3"
READABLE = ("1", "2", VERSION)  # 1 had no table of revisions; neither had files, both kept headings for blocks
HASH = "row_sha256"

Row = tuple[Any, ...]  # of str, bytes, int and None; text is read back as bytes, so that damaged text can be hashed
COLUMNS = {
    "meta": ("key", "value"),
    "documents": (
        *("id", "sha256", "published", "language", "title", "author", "publisher", "url"),
        *("inferred", "blocks", "runs", "contexts", "text", "source", "pages"),
    ),
    "passages": (
        *("document_id", "ordinal", "text_start", "text_end", "sentences"),
        *("vector", "token_dim", "scales", "offsets", "tokens"),
    ),
    "revisions": ("document_id", "sha256", "replaced", "text"),
    "files": ("document_id", "path"),
}
_LISTS = {"inferred", "blocks", "runs", "contexts", "pages"}  # kept as JSON
_UNSEALED = {"pages"}  # that earlier schemas did not have: absent, they are no part of a row's hash
# How long a text is, read without the text.
BY_TIME = """CREATE INDEX IF NOT EXISTS revisions_by_time_and_size
    ON revisions (replaced, length(CAST(text AS BLOB))) WHERE text IS NOT NULL"""
# Deferred: a document that is replaced is gone for the length of a statement, and its revisions stay.
REVISIONS = (
    f"""CREATE TABLE revisions (
        document_id TEXT NOT NULL REFERENCES documents (id) DEFERRABLE INITIALLY DEFERRED,
        sha256 TEXT NOT NULL, replaced TEXT NOT NULL, pad BLOB NOT NULL DEFAULT (zeroblob({PAGE_BYTES})), text TEXT,
        {HASH} BLOB NOT NULL, PRIMARY KEY (document_id, sha256))""",
    BY_TIME,
)
# Where a document was read: a file, several of the same bytes, or "" where it came over the interface. A path is bytes.
FILES = f"""CREATE TABLE files (
    document_id TEXT NOT NULL REFERENCES documents (id) DEFERRABLE INITIALLY DEFERRED,
    path BLOB NOT NULL, {HASH} BLOB NOT NULL, PRIMARY KEY (document_id, path))"""
# The hashes of all documents name an index of them: here they are read without the documents.
BY_HASH = "CREATE INDEX IF NOT EXISTS documents_by_hash ON documents (id, sha256)"
CREATE = (
    f"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, {HASH} BLOB NOT NULL)",
    f"""CREATE TABLE documents (
        id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, published TEXT, language TEXT NOT NULL,
        pad BLOB NOT NULL DEFAULT (zeroblob({PAGE_BYTES})),
        title TEXT NOT NULL, author TEXT NOT NULL, publisher TEXT NOT NULL, url TEXT NOT NULL, inferred TEXT NOT NULL,
        blocks TEXT NOT NULL, runs TEXT NOT NULL, contexts TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL,
        pages TEXT, {HASH} BLOB NOT NULL)""",
    f"""CREATE TABLE passages (
        document_id TEXT NOT NULL REFERENCES documents (id), ordinal INTEGER NOT NULL,
        text_start INTEGER NOT NULL, text_end INTEGER NOT NULL, sentences TEXT NOT NULL,
        vector BLOB NOT NULL, token_dim INTEGER NOT NULL, scales BLOB NOT NULL, offsets BLOB NOT NULL,
        tokens BLOB NOT NULL, {HASH} BLOB NOT NULL, PRIMARY KEY (document_id, ordinal))""",
    BY_HASH,
    *REVISIONS,
    FILES,
)


def insert(table: str) -> str:
    """SQL that writes a sealed row."""
    columns = (*COLUMNS[table], HASH)
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def select(table: str, rest: str = "", schema: str = VERSION) -> str:
    """SQL that reads sealed rows, as that schema names their columns."""
    earlier = {} if schema == VERSION else {"blocks": "headings", "pages": "NULL"}
    columns = (earlier.get(name, name) for name in COLUMNS[table])
    return f"SELECT {', '.join((*columns, HASH))} FROM {table} {rest}"


def sealed(table: str, values: Row) -> Row:
    """The row with its hash. Raises ValueError for text that has no UTF-8 form."""
    return (*values, row_sha256(table, values))


def opened(table: str, row: Row, name: str, advice: str = "see: quotewell verify") -> Row:
    """The row without its hash; raises IndexDamaged if it is not what was written."""
    values, digest = row[:-1], row[-1]
    if row_sha256(table, values) != digest:
        raise IndexDamaged(f"{name} is damaged: its stored bytes do not match their hash; {advice}")
    return values


def row_sha256(table: str, values: Row) -> bytes:
    """SHA-256 over table name and values, each with its kind and length, so that no two rows read the same."""
    digest = sha256(table.encode())
    for column, value in zip(COLUMNS[table], values, strict=True):
        if value is None and column in _UNSEALED:
            continue
        data = _bytes(value, column)
        kind = "text" if isinstance(value, str | bytes) else type(value).__name__
        digest.update(f"{kind} {len(data)}:".encode())
        digest.update(data)
    return digest.digest()


def document_row(document: Document, contexts: Sequence[str]) -> Row:
    """The document with the contexts of its passages, which are words as well."""
    fields = {**plain(document), "contexts": contexts}
    values = {name: _json(fields[name]) if name in _LISTS else fields[name] for name in COLUMNS["documents"]}
    return tuple((values | {"pages": values["pages"] if document.pages else None}).values())


def document_from(row: Row) -> tuple[Document, list[str]]:
    """From an opened row: the document, and the contexts of its passages by ordinal."""
    fields: dict[str, Any] = {
        name: "" if value is None else json.loads(value) if name in _LISTS else value.decode()
        for name, value in zip(COLUMNS["documents"], row, strict=True)
    }
    contexts: list[str] = fields.pop("contexts")
    fields["pages"] = fields["pages"] or ()
    if not any(isinstance(kind, str) for kind, *_ in fields["blocks"]):  # before schema 3 only spans of headings
        fields["blocks"] = plain_blocks(fields["text"], spans_of(fields["blocks"]))
    return document_of(fields), contexts


def passage_row(stored: StoredPassage) -> Row:
    """Numbers only: the words are in the document's row."""
    passage, encoding = stored.passage, stored.encoding
    return (
        *(passage.document_id, passage.ordinal, passage.start, passage.end, _json(passage.sentences)),
        *(encoding.vector.astype("<f4").tobytes(), encoding.tokens.shape[1]),
        *(encoding.scales.astype("<f4").tobytes(), encoding.offsets.astype("<i4").tobytes()),
        encoding.tokens.tobytes(),
    )


def passage_from(row: Row, document: Document, contexts: Sequence[str]) -> StoredPassage:
    """From an opened row and what `document_from` made of its document's."""
    _, ordinal, start, end, sentences, vector, token_dim, scales, offsets, tokens = row
    passage = Passage(
        id=f"{document.id}#{ordinal}",
        document_id=document.id,
        ordinal=ordinal,
        text=document.text[start:end],
        start=start,
        end=end,
        sentences=spans_of(json.loads(sentences)),
        blocks=blocks_within(document.blocks, start, end),
        context=contexts[ordinal],
    )
    encoding = Encoding(
        vector=np.frombuffer(vector, "<f4").astype(np.float32, copy=False),
        tokens=np.frombuffer(tokens, np.int8).reshape(len(scales) // 4, token_dim),
        scales=np.frombuffer(scales, "<f4").astype(np.float32, copy=False),
        offsets=np.frombuffer(offsets, "<i4").astype(np.int32, copy=False).reshape(-1, 2),
    )
    return StoredPassage(passage, encoding)


def fault(stored: StoredPassage, document: Document, ordinal: int) -> str | None:
    """What is untrue about the ordinal-th passage (0-based) of a document, if anything."""
    passage = stored.passage
    if (passage.id, passage.document_id, passage.ordinal) != (f"{document.id}#{ordinal}", document.id, ordinal):
        return f"passage '{passage.id}' is not the passage '{document.id}#{ordinal}'"
    if not 0 <= passage.start < passage.end <= len(document.text):
        return f"passage '{passage.id}' is empty or outside its text, {passage.start}:{passage.end}"
    if passage.text != document.text[passage.start : passage.end]:
        return f"passage '{passage.id}' has not the text of {passage.start}:{passage.end}"
    edges = [passage.start, *(edge for sentence in passage.sentences for edge in sentence), passage.end]
    if edges != sorted(edges):
        return f"passage '{passage.id}' has sentences that overlap or leave it"
    return None if is_unit(stored.encoding.vector) else f"passage '{passage.id}' has a vector not of length 1"


def _bytes(value: object, column: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{column} has a lone surrogate at {error.start}; such text cannot be stored") from error
    return b"" if value is None else str(value).encode()  # a float stands only where damage put it


def _json(value: Sequence[object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# How corpus.db is made, and what a write transaction does to its rows; the transaction itself is the caller's.

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


def set_files(writer: Connection, document_id: str, paths: Iterable[str]) -> None:
    """Where a document was read, in this order, in place of what was known of it."""
    writer.execute(
        "DELETE FROM files WHERE document_id = CAST(? AS TEXT)", (document_id.encode("utf-8", "surrogatepass"),)
    )
    rows = [sealed("files", (document_id, os.fsencode(path))) for path in paths]
    writer.executemany(insert("files"), rows)


def remove_others(writer: Connection, kept: set[str]) -> None:
    """All documents but those of these ids, with their former texts and files; the passages must be gone."""
    ids = {name.encode() for name in kept}
    for rowid, document_id in writer.execute("SELECT rowid, id FROM documents").fetchall():
        if document_id not in ids:
            writer.execute("DELETE FROM revisions WHERE document_id = CAST(? AS TEXT)", (document_id,))
            writer.execute("DELETE FROM files WHERE document_id = CAST(? AS TEXT)", (document_id,))
            writer.execute("DELETE FROM documents WHERE rowid = ?", (rowid,))


def set_head(writer: Connection, **values: str | int) -> None:
    """What holds of the whole store."""
    rows = [sealed("meta", (key, str(value))) for key, value in values.items()]
    writer.executemany(insert("meta"), rows)


def create_file(path: Path, timeout_s: float) -> None:
    """Makes an empty store, unless there is one. It appears complete or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(path.parent) as folder:
            new = folder / path.name
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
    """To the present schema: the tables that earlier ones did not have, and blocks where headings were kept."""
    (before,) = writer.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if before == VERSION.encode():  # another process did it meanwhile
        return
    for statement in (*(REVISIONS if before == b"1" else ()), FILES):
        writer.execute(statement)
    writer.execute("ALTER TABLE documents RENAME COLUMN headings TO blocks")  # no row is touched
    writer.execute("ALTER TABLE documents ADD COLUMN pages TEXT")
    set_head(writer, schema=VERSION)
