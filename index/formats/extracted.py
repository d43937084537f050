"""What a parser takes out of a file that is no plain text → its document.

The text that was taken out is the document's source: offsets point into it, and beside them stands the page.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.cleaning.clean import clean, clean_pieces
from index.cleaning.markup import Markup
from index.cleaning.pieces import Piece
from index.errors import UnreadableFile
from index.formats.document import make_document
from index.formats.metadata import Facts, merged
from index.records import Document, Kind, OffsetRun, PageStart
from index.text.language import language

CELLS = " | "  # between the cells of a table's row

_BLANKS, _UNSEEN = re.compile(r"\s+"), "\u00ad\u200b\ufeff"


def piece(kind: Kind, text: str, at: int, lead: int = -1, **more: Any) -> Piece:
    """One line of an article; `at` is its number among all, by which others lead back to it."""
    return Piece(kind, text, (OffsetRun(0, at, len(text)),), at, lead, **more)


def pieces_in(text: str, markup: Markup = "") -> list[Piece]:
    """Of text within such a file, numbered from 0."""
    cleaned = clean(text, markup=markup)
    numbers = {(block.start, block.end): number for number, block in enumerate(cleaned.blocks)}
    return [
        piece(block.kind, cleaned.text[block.start : block.end], number, numbers.get(block.lead, -1))
        for number, block in enumerate(cleaned.blocks)
    ]


def moved(pieces: Iterable[Piece], by: int) -> list[Piece]:
    """The same pieces behind `by` others."""
    return [piece(one.kind, one.text, one.at + by, one.lead + by if one.lead >= 0 else -1, bold=one.bold,
                  linked=one.linked, level=one.level) for one in pieces]  # fmt: skip


def extracted(
    document_id: str,
    pieces: Sequence[Piece],
    given: Facts,
    found: Facts,
    pages: Mapping[int, Sequence[PageStart]] | None = None,
) -> Document:
    """The document of these pieces; what somebody gave for it wins over what its file says.

    `pages` says, by a piece's number, where in its text pages begin. Raises UnreadableFile.
    """
    if not pieces:
        raise UnreadableFile("holds no text to search")
    cleaned = clean_pieces(pieces)
    begins = {run.source: run.clean for run in cleaned.runs}
    starts = ((begins[at] + start, page) for at, inside in sorted((pages or {}).items()) for start, page in inside)
    whole = replace(cleaned, runs=(OffsetRun(0, 0, len(cleaned.text)),) if cleaned.text else ())
    made = make_document(document_id, whole.text, whole, merged(given, found), language=language(whole.text))
    return replace(made, pages=_changes(starts))


def line(text: str) -> str:
    """The characters that a person sees, one blank where there is white space."""
    shown = _BLANKS.sub(" ", text).strip()
    if shown.isprintable():
        return shown
    # Controls, byte-order marks, soft hyphens and zero-width blanks are not seen; joiners stay, scripts need them
    seen = (c for c in shown if c.isspace() or (c not in _UNSEEN and unicodedata.category(c) not in ("Cc", "Cs", "Cn")))
    return _BLANKS.sub(" ", "".join(seen)).strip()


def _changes(starts: Iterable[tuple[int, int]]) -> tuple[PageStart, ...]:
    """Only where the page changes."""
    changes: list[PageStart] = []
    for start, page in starts:
        if not changes or changes[-1].page != page:
            changes.append(PageStart(start, page))
    return tuple(changes)
