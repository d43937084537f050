"""The records that flow from files to hits: frozen, every field always filled.

Offsets are Unicode code points, end exclusive. Two coordinate systems exist: *cleaned* (Document.text) and
*source* (Document.source); `index.cleaning.clean` makes the map between them. Rank is 1-based, row is 0-based.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date
from typing import Any, Literal, NamedTuple


class Span(NamedTuple):
    """A half-open range of code points."""

    start: int
    end: int


class OffsetRun(NamedTuple):
    """`length` characters that stand unchanged in both texts, at `clean` and at `source`."""

    clean: int
    source: int
    length: int


Kind = Literal["heading", "text", "item", "header", "row", "question", "turn", "code", "links", "aside"]


class Block(NamedTuple):
    """One thing that an article is made of: `Document.text[start:end]`, never over a line's end.

    heading: shown and searched, never quoted but as the name of what is told; leads back to the one that it is under.
    item: of a list. header, row: of a table. question: of an FAQ or interview; what answers it leads back to it.
    turn: what somebody says in a transcript or interview. code: a line of a code block or figure. links: a "see also"
    or list of links, never the answer. aside: furniture (sign-up lines, share buttons, disclaimers, front matter):
    kept, found and cited when it is what was asked for, never before body.
    """

    kind: Kind
    start: int
    end: int
    # What stands elsewhere in the text and is needed to understand this block, empty where nothing is: the line that
    # introduces the list or the code, the table's header, the question that this answers, the speaker's name and time.
    lead: Span = Span(0, 0)


class PageStart(NamedTuple):
    """From `start` of the text on it stands on this page of the file, 1-based, up to the next of these."""

    start: int
    page: int


@dataclass(frozen=True, slots=True)
class Document:
    """One article. `text` is what may be searched and quoted; `source` is the file as it was read."""

    id: str
    title: str
    text: str
    source: str
    runs: tuple[OffsetRun, ...]  # the map between the two texts, ascending in both
    blocks: tuple[Block, ...]  # ascending; they tile all of `text` but its white space
    author: str
    publisher: str
    published: date | None
    language: str  # ISO 639-1, "" when unknown
    url: str
    inferred: tuple[str, ...]  # names of the fields above that stand nowhere in the source
    sha256: str  # of the source text's UTF-8 bytes, how they are read, and all fields that somebody gave
    pages: tuple[PageStart, ...] = ()  # ascending; empty where the file has none

    def page_at(self, place: int) -> int | None:
        """The page on which the character at this place of the text stands; None where there are no pages."""
        row = bisect_right(self.pages, place, key=lambda start: start.start)
        return self.pages[row - 1].page if row else None

    @property
    def headings(self) -> tuple[Span, ...]:
        """What of the text is a heading."""
        return tuple(Span(block.start, block.end) for block in self.blocks if block.kind == "heading")


def to_source(document: Document, span: Span) -> Span:
    """Where the characters of a clean span stand in the source, with the escape before the first, as in "\\$552".

    Raises ValueError for an empty or foreign span.
    """
    if not 0 <= span.start < span.end <= len(document.text):
        raise ValueError(f"span {span} is outside of document {document.id!r}")
    inside = _overlapping(document.runs, span)
    start = min(run.source + max(span.start - run.clean, 0) for run in inside)
    end = max(run.source + min(span.end - run.clean, run.length) for run in inside)
    escaped = document.source[start - 1 : start] == "\\" and any(run.source == start for run in inside)
    return Span(start - escaped, end)


def to_clean(document: Document, span: Span) -> Span | None:
    """The clean span from the first to the last character that survives from a source span; None when none does.

    What stood inside a sentence that a page cut stands behind it now, and is left out where the sentence goes on.
    """
    inside = [run for run in document.runs if run.source < span.end and span.start < run.source + run.length]
    if not inside or span.start >= span.end:
        return None
    inside.sort(key=lambda run: run.source)
    first, last = inside[0], inside[-1]
    start = first.clean + max(span.start - first.source, 0)
    end = last.clean + min(span.end - last.source, last.length)
    if start < end:
        return Span(start, end)
    pieces = [
        (run.clean + max(span.start - run.source, 0), run.clean + min(span.end - run.source, run.length))
        for run in inside
    ]
    return Span(min(piece[0] for piece in pieces), max(piece[1] for piece in pieces))


def _overlapping(runs: Sequence[OffsetRun], span: Span) -> Sequence[OffsetRun]:
    first = bisect_right(runs, span.start, key=lambda run: run.clean + run.length)
    last = bisect_right(runs, span.end - 1, key=lambda run: run.clean)
    if first >= last:
        raise ValueError(f"span {span} holds nothing but inserted white space")
    return runs[first:last]


class Head(NamedTuple):
    """What is known of a document without opening it."""

    id: str
    author: str
    published: date | None
    title: str
    publisher: str
    held_by: tuple[str, ...] = ()  # ids of the documents that say all that it says: where one stands, that is searched

    @classmethod
    def of(cls, document: Document, held_by: Sequence[str] = ()) -> "Head":
        facts = (document.id, document.author, document.published, document.title, document.publisher)
        return cls(*facts, tuple(held_by))


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences: `document.text[start:end] == text`; `sentences` tile it, in document offsets.

    A sentence never spans two blocks.
    """

    id: str  # f"{document_id}#{ordinal}"
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    sentences: tuple[Span, ...]
    blocks: tuple[Block, ...]  # those of its document that its sentences stand in; a lead may lie outside of it
    context: str  # title, heading, and what the first block leads back to if that stands before: searched, never quoted

    def said(self, start: int, end: int) -> str:
        """What of it stands there in its document."""
        return self.text[start - self.start : end - self.start]

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
        "blocks": blocks_of(fields["blocks"]),
        "inferred": tuple(fields["inferred"]),
        "pages": tuple(PageStart(*start) for start in fields["pages"]),
        "published": date.fromisoformat(fields["published"]) if fields["published"] else None,
    }
    return Document(**{**fields, **made})


def passage_of(fields: Mapping[str, Any]) -> Passage:
    """The passage of which these are the plain fields."""
    made = {"sentences": spans_of(fields["sentences"]), "blocks": blocks_of(fields["blocks"])}
    return Passage(**{**fields, **made})


def spans_of(pairs: Iterable[Sequence[int]]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs)


def blocks_of(fields: Iterable[Sequence[Any]]) -> tuple[Block, ...]:
    return tuple(Block(kind, start, end, Span(*lead)) for kind, start, end, lead in fields)


def blocks_within(blocks: Sequence[Block], start: int, end: int) -> tuple[Block, ...]:
    """Those of a document's blocks that have text between the two places."""
    first = bisect_right(blocks, start, key=lambda block: block.end)
    return tuple(blocks[first : bisect_left(blocks, end, key=lambda block: block.start)])


def plain_blocks(text: str, headings: Iterable[Span] = ()) -> tuple[Block, ...]:
    """Of a text of which no more is known than its headings: they, and every other piece of a line as text."""
    found: list[Block] = []
    at = 0
    for heading in (*headings, Span(len(text), len(text))):
        for line in re.finditer(r"\S.*", text[at : heading.start]):
            found.append(Block("text", at + line.start(), at + line.start() + len(line.group().rstrip())))
        if heading.start < heading.end:
            found.append(Block("heading", *heading))
        at = heading.end
    return tuple(found)


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
