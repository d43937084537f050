"""The records that flow from files to hits: frozen, every field always filled.

Offsets are Unicode code points, end exclusive. Two coordinate systems exist: *cleaned* (Document.text) and
*source* (Document.source); only `index.cleaning.clean` converts between them. Rank is 1-based, row is 0-based.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date
from typing import Any, NamedTuple


class Span(NamedTuple):
    """A half-open range of code points."""

    start: int
    end: int


class OffsetRun(NamedTuple):
    """`length` characters that stand unchanged in both texts, at `clean` and at `source`."""

    clean: int
    source: int
    length: int


@dataclass(frozen=True, slots=True)
class Document:
    """One article. `text` is what may be searched and quoted; `source` is the file as it was read."""

    id: str
    title: str
    text: str
    source: str
    runs: tuple[OffsetRun, ...]  # the map between the two texts, ascending in both
    headings: tuple[Span, ...]  # lines of `text` that are headings: shown and searched, never quoted
    author: str
    publisher: str
    published: date | None
    language: str  # ISO 639-1, "" when unknown
    url: str
    inferred: tuple[str, ...]  # names of the fields above that stand nowhere in the source
    sha256: str  # of the source text's UTF-8 bytes and of all fields that somebody gave


class Head(NamedTuple):
    """What is known of a document without opening it."""

    id: str
    author: str
    published: date | None
    title: str
    publisher: str

    @classmethod
    def of(cls, document: Document) -> "Head":
        return cls(document.id, document.author, document.published, document.title, document.publisher)


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences: `document.text[start:end] == text`; `sentences` tile it, in document offsets."""

    id: str  # f"{document_id}#{ordinal}"
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    sentences: tuple[Span, ...]
    context: str  # title and heading: searched, never quoted

    @property
    def search_text(self) -> str:
        """What the rankers see."""
        return f"{self.context}\n{self.text}" if self.context else self.text


class Scored(NamedTuple):
    """A ranker's word on one passage; the score orders within this ranker and means nothing across rankers."""

    row: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; hits are ordered best first, ties by passage id."""

    row: int
    passage: Passage
    score: float
    ranks: Mapping[str, int]  # ranker name → 1-based rank
    scores: Mapping[str, float]  # ranker name → that ranker's own score


# Records as other programs see them, and as they are kept: under the names of their fields.


def plain(value: Any) -> Any:
    """JSON-able: records as objects, named tuples and tuples as lists, days as YYYY-MM-DD, bytes in hex."""
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def document_of(fields: Mapping[str, Any]) -> Document:
    """The document of which these are the plain fields."""
    made = {
        "runs": tuple(OffsetRun(*run) for run in fields["runs"]),
        "headings": spans_of(fields["headings"]),
        "inferred": tuple(fields["inferred"]),
        "published": date.fromisoformat(fields["published"]) if fields["published"] else None,
    }
    return Document(**{**fields, **made})


def passage_of(fields: Mapping[str, Any]) -> Passage:
    """The passage of which these are the plain fields."""
    return Passage(**{**fields, "sentences": spans_of(fields["sentences"])})


def spans_of(pairs: Iterable[Sequence[int]]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs)


_TOLD = ("id", "title", "author", "publisher", "published", "language", "url", "inferred")


def document_fields(document: Document) -> dict[str, Any]:
    """JSON-able, without its text; `characters` counts the clean text's code points."""
    fields = {name: plain(getattr(document, name)) for name in _TOLD}
    return {**fields, "characters": len(document.text), "sha256": document.sha256}


def dated(document: Document) -> str:
    """The date for people, honest about how it is known."""
    if document.published is None:
        return "undated"
    return f"{document.published.isoformat()}{', date inferred' if 'published' in document.inferred else ''}"


_LONG_TITLE = 70  # characters
_SUBTITLE = re.compile(r"(?:: | [–—|] |[?!] (?=\w)).*", re.DOTALL)


def short_title(title: str) -> str:
    """For people: a long title without its subtitle, and cut after a word where it is long even so."""
    if len(title) <= _LONG_TITLE:
        return title
    main = _SUBTITLE.sub("", title)
    if len(main) > _LONG_TITLE:
        return f"{main[:_LONG_TITLE].rpartition(' ')[0] or main[:_LONG_TITLE]} …"
    return main if " " in main else title[:_LONG_TITLE].rpartition(" ")[0] + " …"
