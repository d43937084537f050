"""Documents and passages of a generation, one JSON record each, read and parsed only when somebody asks."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache, partial
from itertools import compress
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import NotFound
from index.records import Document, Head, Passage, document_of, passage_of, plain
from index.storage.merkle import digest_rows
from index.storage.pieces import Arrays, Ascending, Chosen, Content, Lines, Pieces

HELD_BY = -2  # place in the record of a head
_HELD = re.compile(rb'"\], "')  # stands in the line of whatever others hold, and in hardly any other
_FEW = 1000  # heads that are made one by one sooner than all
Mask = NDArray[np.bool_]


Told = tuple[Head, str, bytes, int, int]  # and the sha256 as stored, the revision, how many characters and passages


def pack_told(documents: Sequence[Told], held_by: Mapping[str, Sequence[str]]) -> Arrays:
    """Of documents by id. `document_heads` is uint8, a line of JSON a document: its head, and the sha256 under which it
    is stored; `document_first_rows` says at which row each begins.
    """
    heads = ((head._replace(held_by=tuple(held_by.get(head.id, ()))), digest) for head, digest, *_ in documents)
    return {
        "document_heads": Lines.of(line_of([*plain(head), digest]) for head, digest in heads).text,
        "document_revisions": digest_rows(one[2] for one in documents),
        "document_characters": np.array([one[3] for one in documents], np.int64),
        "document_first_rows": np.cumsum([0, *(one[4] for one in documents)], dtype=np.int64),
    }


def head_records(content: Content) -> Iterator[Any]:
    """One a document, by id: the fields of its head, and the sha256 under which it is stored."""
    for lines in head_lines(content).blocks():
        yield from json.loads(f"[{','.join(lines)}]")  # many at once take half as long


def head_lines(content: Content) -> Ascending:
    """By the ids of documents."""
    count = len(content.pieces["documents"])
    return Ascending.over(content.arrays["document_heads"], count, lambda line: str(scanstring(line, 2)[0]))


def holders(content: Content) -> dict[int, list[str]]:
    """Place of each document that others hold → the ids of those; only what may be one of them is parsed."""
    lines = head_lines(content)
    places = dict.fromkeys(lines.at(one.start()) for one in _HELD.finditer(lines.text.data))
    found = {at: json.loads(lines.line(at))[HELD_BY] for at in places}
    return {at: names for at, names in found.items() if names}


def stored_as(content: Content) -> dict[str, str]:
    """Document id → sha256 as in the store."""
    return {head[0]: head[-1] for head in head_records(content)}


def hash_of(content: Content, document_id: str) -> str | None:
    """As `stored_as`, of one document; None where it is not there."""
    heads = head_lines(content)
    at = heads.get(document_id)
    return None if at is None else str(json.loads(heads.line(at))[-1])


class DocStore:
    """Read access by row and by id, to all or to some of what was packed; safe for many threads. Rows count only what
    stands here; `rows` says where each passage stands among all that were packed, `records` the same of documents, and
    `places` of the id of each that was packed. The rows of document d are first_rows[d]:first_rows[d + 1].
    """

    def __init__(self, content: Content, whole: "DocStore | None" = None, stand: Mask | None = None) -> None:
        """All that was packed, or of the `whole` what has a flag in `stand`, one a packed document."""
        self._content = content
        self.places: Ascending = whole.places if whole else head_lines(content)
        self._kept: Mask = np.ones(len(self.places), np.bool_) if stand is None else stand
        sizes = np.diff(content.arrays["document_first_rows"])
        self.rows: NDArray[np.int64] = np.flatnonzero(np.repeat(self._kept, sizes))
        self.records = np.flatnonzero(self._kept)
        self.first_rows = np.cumsum([0, *sizes[self._kept]], dtype=np.int64)
        self.document_count, self.passage_count = len(self.records), len(self.rows)
        # neither holds this shelf itself: what is replaced is freed at once
        packed = partial(_unpacked, passage_of, content.pieces["passages"], self.rows)
        self.passage: Callable[[int], Passage] = lru_cache(maxsize=4096)(packed)
        packed = partial(_unpacked, document_of, content.pieces["documents"], self.records)
        self._document_at: Callable[[int], Document] = lru_cache(maxsize=256)(packed)

    def each_head(self) -> Iterator[Head]:
        """By ascending id, and none is held."""
        return map(_head_of, compress(head_records(self._content), self._kept))

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """Made when somebody first looks at all of them."""
        return tuple(self.each_head())

    @property
    def document_ids(self) -> Sequence[str]:
        """Ascending; each is made when it is asked for."""
        return Chosen(self.places, self.records)

    @property
    def held_by(self) -> Mapping[str, Sequence[str]]:
        """Id of each document that others hold → the ids of those."""
        held = holders(self._content).items()
        return {self.places.name(at): [*filter(self.holds, names)] for at, names in held if self._kept[at]}

    def holds(self, document_id: str) -> bool:
        """Whether it stands here."""
        place = self.places.get(document_id)
        return place is not None and bool(self._kept[place])

    def head(self, document_id: str) -> Head:
        """Raises NotFound."""
        return self._head(self._row_of(document_id))

    def document(self, document_id: str) -> Document:
        """Raises NotFound."""
        return self._document_at(self._row_of(document_id))

    def rows_of(self, document_id: str) -> range:
        """Rows of the document's passages, in reading order. Raises NotFound."""
        row = self._row_of(document_id)
        return range(int(self.first_rows[row]), int(self.first_rows[row + 1]))

    def _row_of(self, document_id: str) -> int:
        place = self.places.get(document_id)
        if place is None or not self._kept[place]:
            raise NotFound(f"no document '{document_id}' in the index; list them with: quotewell documents")
        return int(np.searchsorted(self.records, place))

    def _head(self, row: int) -> Head:
        return _head_of(json.loads(self.places.line(int(self.records[row]))))

    def heads_of(self, rows: NDArray[np.int64]) -> tuple[Head, ...]:
        """Of the documents that these passages stand in, each once, in the documents' order."""
        records = np.unique(np.searchsorted(self.first_rows, rows, side="right") - 1)
        return tuple(map(self._head if len(records) < _FEW else self.heads.__getitem__, records.tolist()))

    def restricted(self, keeps: Callable[[Head], bool]) -> "DocStore":
        """The shelf on which only these documents stand."""
        stand = np.zeros(len(self.places), np.bool_)
        stand[self.records] = list(map(keeps, self.each_head()))
        return DocStore(self._content, self, stand)

    def passing(self, passes: Callable[[Head], bool]) -> Mask:
        """(passages,) mask: those whose document passes."""
        flags = np.fromiter(map(passes, self.each_head()), np.bool_, self.document_count)
        return np.repeat(flags, np.diff(self.first_rows))


def _unpacked(make: Callable[[Any], Any], pieces: Pieces, rows: NDArray[np.int64], row: int) -> Any:
    return make(json.loads(pieces[int(rows[row])]))


def line_of(record: Any) -> str:
    """As JSON."""
    return json.dumps(record, ensure_ascii=False)


def record(one: Document | Passage) -> bytes:
    """As it is kept."""
    return line_of(plain(one)).encode()


def _head_of(record: Any) -> Head:
    name, author, published, title, publisher, held_by, _ = record
    return Head(name, author, published and date.fromisoformat(published), title, publisher, tuple(held_by))
