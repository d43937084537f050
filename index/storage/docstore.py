"""Documents and passages of a generation as byte arrays, one JSON record each, parsed only when somebody asks.

Opening a million passages costs nothing but the map; the offsets say where each record begins.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import compress
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import NotFound
from index.records import Document, Head, Passage, document_of, passage_of, plain
from index.storage.merkle import digest_rows, revision

Arrays = dict[str, NDArray[Any]]
Mask = NDArray[np.bool_]


def pack(name: str, records: Iterable[Any]) -> Arrays:
    """`name`_json: uint8, all records; `name`_starts: int64, where each begins, and the end."""
    lines = [json.dumps(plain(record), ensure_ascii=False).encode() for record in records]
    starts = np.cumsum([0, *map(len, lines)], dtype=np.int64)
    return {f"{name}_json": np.frombuffer(b"".join(lines), dtype=np.uint8), f"{name}_starts": starts}


def pack_documents(
    documents: Iterable[Document], held_by: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Arrays:
    """In the order given, which is by id; with what `Corpus` says of each without opening it."""
    rows = list(documents)
    heads = pack("document_head", (Head.of(document, held_by.get(document.id, ())) for document in rows))
    facts: Arrays = {
        "document_revisions": digest_rows(revision(d.text) for d in rows),
        "document_characters": np.array([len(d.text) for d in rows], np.int64),
    }
    return heads | facts | pack("document", rows)


def pack_passages(passages: Sequence[Passage], document_ids: Sequence[str]) -> Arrays:
    """In document order; `document_first_rows` says at which row each document begins."""
    counts = Counter(passage.document_id for passage in passages)
    first_rows = np.cumsum([0, *(counts[document_id] for document_id in document_ids)], dtype=np.int64)
    return pack("passage", passages) | {"document_first_rows": first_rows}


class DocStore:
    """Read access by row and by id, to all or to some of what was packed; safe for many threads.

    Rows count only what stands here; `rows` says where each passage stands among all that were packed.
    """

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], whole: "DocStore | None" = None, stand: Mask | None = None
    ) -> None:
        """All that was packed, or of the `whole` what has a flag in `stand`, one a packed document."""
        self._arrays = arrays
        self._heads: tuple[Head, ...] = whole._heads if whole else _heads(arrays)
        kept = np.ones(len(self._heads), np.bool_) if stand is None else stand
        sizes = np.diff(arrays["document_first_rows"])
        self.heads: tuple[Head, ...] = tuple(compress(self._heads, kept))
        self.document_ids: tuple[str, ...] = tuple(head.id for head in self.heads)
        self.rows: NDArray[np.int64] = np.flatnonzero(np.repeat(kept, sizes))
        self._records = np.flatnonzero(kept)
        self._document_rows = {name: row for row, name in enumerate(self.document_ids)}
        self._first_rows = np.cumsum([0, *sizes[kept]], dtype=np.int64)
        self.passage_count = len(self.rows)
        self.passage: Callable[[int], Passage] = lru_cache(maxsize=4096)(self._passage)
        self._document_at: Callable[[int], Document] = lru_cache(maxsize=256)(self._document)

    def document(self, document_id: str) -> Document:
        """Raises NotFound."""
        row = self._document_rows.get(document_id)
        if row is None:
            raise NotFound(f"no document '{document_id}' in the index; list them with: quotewell documents")
        return self._document_at(row)

    def rows_of(self, document_id: str) -> range:
        """Rows of the document's passages, in reading order. Raises NotFound."""
        self.document(document_id)
        row = self._document_rows[document_id]
        return range(int(self._first_rows[row]), int(self._first_rows[row + 1]))

    def heads_of(self, rows: NDArray[np.int64]) -> tuple[Head, ...]:
        """Of the documents that these passages stand in, each once, in the documents' order."""
        records = np.unique(np.searchsorted(self._first_rows, rows, side="right") - 1)
        return tuple(self.heads[record] for record in records.tolist())

    def restricted(self, keeps: Callable[[Head], bool]) -> "DocStore":
        """The shelf on which only these documents stand."""
        stand = np.zeros(len(self._heads), np.bool_)
        stand[[record for record in self._records.tolist() if keeps(self._heads[record])]] = True
        return DocStore(self._arrays, self, stand)

    def passing(self, passes: Callable[[Head], bool]) -> Mask:
        """(passages,) mask: those whose document passes."""
        flags = np.fromiter(map(passes, self.heads), np.bool_, len(self.heads))
        return np.repeat(flags, np.diff(self._first_rows))

    def _document(self, row: int) -> Document:
        return document_of(_record(self._arrays, "document", int(self._records[row])))

    def _passage(self, row: int) -> Passage:
        return passage_of(_record(self._arrays, "passage", int(self.rows[row])))


def _record(arrays: Mapping[str, NDArray[Any]], name: str, record: int) -> Any:
    starts = arrays[f"{name}_starts"]
    return json.loads(arrays[f"{name}_json"][int(starts[record]) : int(starts[record + 1])].tobytes())


def _heads(arrays: Mapping[str, NDArray[Any]]) -> tuple[Head, ...]:
    count = len(arrays["document_head_starts"]) - 1
    records = (_record(arrays, "document_head", record) for record in range(count))
    return tuple(
        Head(name, author, published and date.fromisoformat(published), title, publisher, tuple(held_by))
        for name, author, published, title, publisher, held_by in records
    )
