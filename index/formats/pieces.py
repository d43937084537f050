"""What a parser takes out of a file that is no plain text → one text, the blocks it is made of, and their pages.

The text that was taken out is the document's source: offsets point into it, and beside them stands the page.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from index.cleaning.clean import Cleaned
from index.formats.document import make_document
from index.formats.metadata import Facts, merged
from index.records import Block, Document, Kind, OffsetRun, PageStart, Span
from index.text.language import language

_BLANKS = re.compile(r"\s+")
_NEAR_TOP = 8  # pieces, among which title and date stand
_TOGETHER = {"item", "header", "row", "code", "links"}  # lines of one thing, which stand below each other
CELLS = " | "  # between the cells of a table's row


class Piece(NamedTuple):
    """One line of an article. `lead` is the place of another piece in the list, or None; `pages` are of its text."""

    kind: Kind
    text: str
    lead: int | None = None
    pages: tuple[PageStart, ...] = ()


def extracted(document_id: str, pieces: Sequence[Piece], given: Facts, found: Facts) -> Document:
    """The document of these pieces; what somebody gave for it wins over what its file says. Raises UnreadableFile."""
    laid = lay_out(pieces)
    facts = merged(given, found)
    if not facts.title:
        first = next((piece.text for piece in pieces[:_NEAR_TOP] if piece.kind == "heading"), "")
        facts = replace(facts, title=first)
    made = make_document(document_id, laid.cleaned.text, laid.cleaned, facts, language=language(laid.cleaned.text))
    return replace(made, pages=laid.pages)


def answered(pieces: Iterable[Piece]) -> list[Piece]:
    """What answers a question leads back to it. Headings that ask are questions where there are several."""
    made = list(pieces)
    asking = [piece.kind == "heading" and piece.text.endswith("?") for piece in made]
    question: int | None = None
    for number, piece in enumerate(made):
        if asking[number] and sum(asking) > 1:
            made[number] = piece = piece._replace(kind="question")
        if piece.kind in ("heading", "question"):
            question = number if piece.kind == "question" else None
        elif piece.kind in ("text", "item") and piece.lead is None:
            made[number] = piece._replace(lead=question)
    return made


def of_cleaned(cleaned: Cleaned) -> list[Piece]:
    """The pieces of a text that was cleaned."""
    numbers = {(block.start, block.end): number for number, block in enumerate(cleaned.blocks)}
    return [
        Piece(block.kind, cleaned.text[block.start : block.end], numbers.get(block.lead)) for block in cleaned.blocks
    ]


class Laid(NamedTuple):
    """The text of all pieces with its blocks, and where each page begins in it."""

    cleaned: Cleaned
    pages: tuple[PageStart, ...]


def lay_out(pieces: Sequence[Piece]) -> Laid:
    """All pieces that show something, in their order. The map to the source is the identity."""
    spans: list[Span] = []
    text: list[str] = []
    at = 0
    for number, piece in enumerate(pieces):
        gap = "" if not at or not piece.text else _gap(pieces[number - 1].kind, piece.kind)
        spans.append(Span(at + len(gap), at + len(gap) + len(piece.text)))
        text += [gap, piece.text]
        at = spans[-1].end
    whole = "".join(text)
    blocks = tuple(
        Block(piece.kind, *_shown(whole, span), spans[piece.lead] if piece.lead is not None else Span(0, 0))
        for piece, span in zip(pieces, spans, strict=True)
        if piece.text.strip()
    )
    pages = _pages((start + span.start, page) for piece, span in zip(pieces, spans, strict=True) for start, page in piece.pages)
    runs = (OffsetRun(0, 0, len(whole)),) if whole else ()
    front = tuple(piece.text for piece in pieces[:_NEAR_TOP] if piece.kind in ("text", "aside"))
    return Laid(Cleaned(whole, runs, blocks, front), pages)


def line(text: str) -> str:
    """The characters that a person sees, one blank where there is white space."""
    return _BLANKS.sub(" ", "".join(char for char in text if char.isprintable() or _visible(char))).strip()


def _visible(char: str) -> bool:
    """Controls, byte-order marks, soft hyphens and zero-width blanks are not; joiners are, scripts need them."""
    return char.isspace() or not (char in "\u00ad\u200b\ufeff" or unicodedata.category(char) in ("Cc", "Cs", "Cn"))


def _gap(before: Kind, after: Kind) -> str:
    return "\n" if before in _TOGETHER and after in _TOGETHER else "\n\n"


def _shown(text: str, span: Span) -> Span:
    """Without the blanks around it, as a line of code has them."""
    inside = text[span.start : span.end]
    return Span(span.start + len(inside) - len(inside.lstrip()), span.start + len(inside.rstrip()))


def _pages(starts: Iterable[tuple[int, int]]) -> tuple[PageStart, ...]:
    """Only where the page changes."""
    changes: list[PageStart] = []
    for start, page in starts:
        if not changes or changes[-1].page != page:
            changes.append(PageStart(start, page))
    return tuple(changes)
