"""Documents and passages of a generation as byte arrays, one JSON record each, parsed only when somebody asks.

Opening a million passages costs nothing but the map; the offsets say where each record begins.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import NotFound
from index.records import Document, Passage, Run, Span

Arrays = dict[str, NDArray[Any]]


def pack(name: str, records: Iterable[Mapping[str, Any]]) -> Arrays:
    """`name`_json: uint8, all records; `name`_starts: int64, where each begins, and the end."""
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in records]
    starts = np.cumsum([0, *map(len, lines)], dtype=np.int64)
    return {f"{name}_json": np.frombuffer(b"".join(lines), dtype=np.uint8), f"{name}_starts": starts}


def pack_documents(documents: Iterable[Document]) -> Arrays:
    """In the order given, which is by id."""
    rows = list(documents)
    ids = pack("document_id", ({"id": d.id} for d in rows))
    return ids | pack("document", (_document_fields(d) for d in rows))


def pack_passages(passages: Sequence[Passage], document_ids: Sequence[str]) -> Arrays:
    """In document order; `document_first_rows` says at which row each document begins."""
    counts = Counter(passage.document_id for passage in passages)
    first_rows = np.cumsum([0, *(counts[document_id] for document_id in document_ids)], dtype=np.int64)
    return pack("passage", (_fields(p) for p in passages)) | {"document_first_rows": first_rows}


class Shelf:
    """Read access by row and by id; safe for many threads."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        self.document_ids: tuple[str, ...] = tuple(
            self._record("document_id", row)["id"] for row in range(_count(arrays, "document_id"))
        )
        self._document_rows = {name: row for row, name in enumerate(self.document_ids)}
        self.passage_count = _count(arrays, "passage")
        self._first_rows = arrays["document_first_rows"]
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

    def _document(self, row: int) -> Document:
        fields = self._record("document", row)
        published = fields.pop("published")
        return Document(
            **fields
            | {
                "runs": tuple(Run(*run) for run in fields["runs"]),
                "headings": _spans(fields["headings"]),
                "inferred": tuple(fields["inferred"]),
            },
            published=date.fromisoformat(published) if published else None,
        )

    def _passage(self, row: int) -> Passage:
        fields = self._record("passage", row)
        return Passage(**fields | {"sentences": _spans(fields["sentences"])})

    def _record(self, name: str, row: int) -> dict[str, Any]:
        starts = self._arrays[f"{name}_starts"]
        raw = self._arrays[f"{name}_json"][int(starts[row]) : int(starts[row + 1])]
        fields: dict[str, Any] = json.loads(raw.tobytes())
        return fields


def _count(arrays: Mapping[str, NDArray[Any]], name: str) -> int:
    return len(arrays[f"{name}_starts"]) - 1


def _spans(pairs: Sequence[Sequence[int]]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs)


def _document_fields(document: Document) -> dict[str, Any]:
    fields = _fields(document)
    return fields | {"published": document.published.isoformat() if document.published else None}


def _fields(record: Document | Passage) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
