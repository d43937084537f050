"""One unchanging view of a store: everything read from it belongs to the same sequence number.

Whatever is read was first checked against its hash and its count; what does not fit raises IndexDamaged.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from index.embedding.vectors import StoredPassage
from index.errors import IndexDamaged, IndexMismatch, NotFound
from index.records import Document
from index.storage.merkle import revision
from index.storage.revisions import Former, former, problems
from index.storage.rows import READABLE, VERSION, Row, document_from, fault, opened, passage_from, select
from index.storage.sqlite import Connection, explained

_LOST = "restore a backup, or move it away and build it again with: quotewell index PATH"  # no part of it can be mended


class Snapshot:
    """Reads inside the transaction that its connection has open; `Store.snapshot` makes it, one thread uses it."""

    def __init__(self, connection: Connection, path: Path) -> None:
        """Pins the state. Raises IndexMismatch for another schema, IndexDamaged for a head that is not intact."""
        self._connection = connection
        self._path = path
        rows = connection.execute(select("meta")).fetchall()
        versions = [row[1] for row in rows if row[0] == b"schema"]
        if versions not in [[readable.encode()] for readable in READABLE]:
            found = b", ".join(versions).decode(errors="replace")
            raise IndexMismatch(
                f"'{path}' has schema {found}, this Quotewell reads schema {VERSION}; "
                "move it away and build it again with: quotewell index PATH"
            )
        self.schema = versions[0].decode()
        values = (opened("meta", row, f"the head of '{path}'", _LOST) for row in rows)
        self._meta = {key.decode(): value.decode() for key, value in values}
        needed = {"sequence", "documents"} | ({"recipe"} if self._meta.get("documents") != "0" else set())
        if not needed <= self._meta.keys():
            gone = ", ".join(sorted(needed - self._meta.keys()))
            raise IndexDamaged(f"'{path}' is damaged: its head has lost {gone}; {_LOST}")

    def sequence(self) -> int:
        """Grows by one with every committed change."""
        return int(self._meta["sequence"])

    def recipe(self) -> str | None:
        """How the passages and their encodings were made; None until the first document."""
        return self._meta.get("recipe")

    def other_recipe(self, recipe: str) -> str | None:
        """How the documents that stand here were made, where that is not by this recipe."""
        return self.recipe() if self.recipe() != recipe and self.document_count() else None

    def policy(self) -> str:
        """What decides when to answer, as given to `keep_policy`; "" when nothing was calibrated."""
        return str(self._meta.get("policy", ""))

    def document_count(self) -> int:
        """How many documents were put and not deleted."""
        return int(self._meta["documents"])

    def count(self) -> tuple[int, int]:
        """How many documents and how many passages there are; counts the passages."""
        (passages,) = self._connection.execute("SELECT count(*) FROM passages").fetchone()
        return self.document_count(), passages

    def hashes(self) -> dict[str, str]:
        """Document id → sha256, without reading the documents: the one answer for which no row hash vouches."""
        return dict(self.each_hash())

    def each_hash(self) -> Iterator[tuple[str, str]]:
        """As `hashes`, by ascending id, and none is held."""
        rows = self._connection.execute("SELECT id, sha256 FROM documents ORDER BY id")
        return ((id_.decode(errors="replace"), digest.decode(errors="replace")) for id_, digest in rows)

    def files(self, document_ids: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Id of each of these documents, or of all → the absolute paths that it was read from, the one that it is named
        after first.

        "" stands for the interface. Nothing for what was stored before paths were kept. Raises IndexDamaged.
        """
        found: dict[str, tuple[str, ...]] = {}
        if self.schema != VERSION:
            return found
        where = "" if document_ids is None else "WHERE document_id IN (SELECT value FROM json_each(?))"
        key = [json.dumps([*document_ids])] if document_ids is not None else []
        for row in self._connection.execute(select("files", f"{where} ORDER BY document_id, rowid"), key):
            id_, path = opened("files", row, f"a file's path in '{self._path}'")
            found[id_.decode()] = (*found.get(id_.decode(), ()), os.fsdecode(path))
        return found

    def document(self, document_id: str) -> Document:
        """One document. Raises NotFound."""
        return self._document(document_id.encode("utf-8", "surrogatepass"))[0]

    def revision(self, document_id: str, sha256: str) -> bytes | None:
        """The UTF-8 bytes of a document's text of this SHA-256, present or former; None: unknown or no longer kept."""
        try:
            text: str | None = self.document(document_id).text
        except NotFound:
            return None
        if text is None or revision(text).hex() != sha256:
            found = self._former(document_id, sha256)
            text = found.text if found else None
        return None if text is None else text.encode()

    def replaced(self, document_id: str, sha256: str) -> datetime | None:
        """When the text of this SHA-256 was replaced, whether it is still kept or not; None: it never was."""
        found = self._former(document_id, sha256)
        return found.replaced if found else None

    def _former(self, document_id: str, sha256: str) -> Former | None:
        return None if self.schema == "1" else former(self._connection, document_id, sha256)

    def documents(self) -> Iterator[Document]:
        """All documents by id."""
        return (document for document, _ in self._documents())

    def whole(self, document_ids: Iterable[str] | None = None) -> Iterator[tuple[Document, list[StoredPassage]]]:
        """These documents, or all by id, each with its passages in order. Raises NotFound."""
        if document_ids is None:
            found = self._documents()
        else:
            found = (self._document(name.encode("utf-8", "surrogatepass")) for name in document_ids)
        return ((document, list(self._passages_of(document, contexts))) for document, contexts in found)

    def drawn(self, document_ids: Iterable[str]) -> Iterator[tuple[Document, StoredPassage | None]]:
        """Those of these documents that can be read, each with its last passage, if any: little, however long it is."""
        where = "WHERE document_id = ? ORDER BY ordinal DESC LIMIT 1"
        for name in document_ids:
            with suppress(IndexDamaged):  # what is damaged itself says nothing of an index, and `verify` tells of it
                document, contexts = self._document(name.encode("utf-8", "surrogatepass"))
                found = self._connection.execute(select("passages", where), (name,)).fetchall()
                last = [opened("passages", row, f"the last passage of document '{name}'") for row in found]
                yield document, passage_from(last[0], document, contexts) if last else None

    def holds(self, document: Document) -> bool:
        """Whether this very version of the document is stored, and every byte of it and its passages is intact."""
        key = (document.id, document.sha256)
        if not self._connection.execute("SELECT 1 FROM documents WHERE id = ? AND sha256 = ?", key).fetchone():
            return False
        return not list(self._document_problems(document.id.encode()))

    def verify(self) -> list[str]:
        """Reads everything and tells what is wrong, a sentence each; empty when all is well."""
        found: list[str] = []
        try:
            with explained(self._path):
                found += self._file_problems()
                for (document_id,) in self._connection.execute("SELECT id FROM documents ORDER BY id"):
                    found += self._document_problems(document_id)
                found += problems(self._connection) if self.schema != "1" else ()
                self.files()
        except IndexDamaged as error:
            found.append(str(error))
        return found

    def _file_problems(self) -> Iterator[str]:
        for (line,) in self._connection.execute("PRAGMA integrity_check"):
            if line != b"ok":
                yield f"'{self._path}': {line.decode(errors='replace')}"
        if orphans := self._connection.execute("PRAGMA foreign_key_check").fetchall():
            yield f"{len(orphans)} rows belong to no document"
        (documents,) = self._connection.execute("SELECT count(*) FROM documents").fetchone()
        if documents != self.document_count():
            yield f"{documents} documents where {self.document_count()} were stored"

    def _document_problems(self, document_id: bytes) -> Iterator[str]:
        try:
            document, contexts = self._document(document_id)
            for ordinal, stored in enumerate(self._passages_of(document, contexts)):
                if problem := fault(stored, document, ordinal):
                    yield problem
        except (NotFound, IndexDamaged) as error:
            yield str(error)

    def _document(self, document_id: bytes) -> tuple[Document, list[str]]:
        # The cast lets bytes be looked up that are no valid text: they are found nowhere.
        where = "WHERE id = CAST(? AS TEXT)"
        row = self._connection.execute(select("documents", where, self.schema), (document_id,)).fetchone()
        if row is None:
            name = _shown(document_id)
            raise NotFound(f"no document {name} in '{self._path}'; list them with: quotewell documents list")
        return self._opened(row)

    def _documents(self) -> Iterator[tuple[Document, list[str]]]:
        found, previous = 0, ""
        for row in self._connection.execute(select("documents", "ORDER BY id", self.schema)):
            document, contexts = self._opened(row)
            if found and document.id <= previous:
                raise self._damaged(f"document '{document.id}' stands out of order")
            found, previous = found + 1, document.id
            yield document, contexts
        if found != self.document_count():
            raise self._damaged(f"{found} documents where {self.document_count()} were stored")

    def _opened(self, row: Row) -> tuple[Document, list[str]]:
        return document_from(opened("documents", row, f"document {_shown(row[0])} in '{self._path}'"))

    def _passages_of(self, document: Document, contexts: list[str]) -> Iterator[StoredPassage]:
        where = "WHERE document_id = ? ORDER BY ordinal"
        rows = self._connection.execute(select("passages", where), (document.id,)).fetchall()
        if [row[1] for row in rows] != list(range(len(contexts))):
            raise self._damaged(f"document '{document.id}' has {len(rows)} passages where {len(contexts)} were stored")
        for row in rows:
            name = f"passage {row[1]} of document '{document.id}' in '{self._path}'"
            yield passage_from(opened("passages", row, name), document, contexts)

    def _damaged(self, what: str) -> IndexDamaged:
        return IndexDamaged(f"'{self._path}' is damaged: {what}; see: quotewell verify")


def _shown(value: object) -> str:
    return repr(value.decode(errors="replace") if isinstance(value, bytes) else value)
