"""Parts as they are read: their text with its map, and how sentences that a page cut are joined again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from index.cleaning.markup import Elsewhere, Markup, readable, verbatim
from index.cleaning.parts import CUT_WORD, SENTENCE_END, TIME, MarkupPart
from index.records import Kind, OffsetRun
from index.text.words import words

_PROSE_WORDS = 8
_PROSE_CHARS = 200
_SPEAKS = re.compile(rf".{{1,60}}\s{TIME}")  # a name and a time in a line of their own
_LINE_END = re.compile(r"\r\n?|\n")
_PAGE_NUMBER = re.compile(r"[-–\s]*(?:page|seite|p\.)?\s*\d{1,4}(?:\s*(?:/|of|von)\s*\d{1,4})?[-–\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part and its clean text."""

    kind: Kind
    text: str
    runs: tuple[OffsetRun, ...]  # relative to the text
    at: int  # where its first line begins in the source, which names it
    lead: int = -1  # `at` of the piece that introduces it, or -1
    bold: int = 0  # length of what is in bold at its beginning
    speaker: int = 0  # length of the time and name at its beginning, of a turn
    linked: bool = False  # nothing but links
    level: int = 0  # of a heading that has a sign
    tight: bool = False  # right below the line before

    @property
    def closed(self) -> bool:
        """Does it end as a sentence does?"""
        return bool(SENTENCE_END.search(self.text))

    @property
    def prose(self) -> bool:
        """Long enough and closed like a sentence; titles, bylines and dates are not."""
        return len(self.text) >= _PROSE_CHARS or (self.closed and len(words(self.text)) >= _PROSE_WORDS)


def pieces(source: str, shown: str, parts: Sequence[MarkupPart], markup: Markup) -> list[Piece]:
    """The parts that show something; `shown` is the source with blanks for what is hidden, but in code."""
    elsewhere = Elsewhere.of(source)
    found: list[Piece] = []
    end = -1  # of the part before
    for part in parts:
        if part.kind == "code":
            read = verbatim(source, part.lines[0])
        else:
            read = readable(shown, part.lines, elsewhere, markup, cells=part.kind in ("header", "row"))
        if read.text.strip():
            at = part.lines[0].start
            tight = len(_LINE_END.findall(source, max(end, 0), at)) < 2
            one = Piece(part.kind, read.text, read.runs, at, part.lead, read.bold, 0, read.linked, part.level, tight)
            found.append(one)
            end = part.lines[-1].end
    return found


def mended(found: Sequence[Piece]) -> list[Piece]:
    """Sentences that a page break cut are one again; a running head or furniture inside the cut follows them."""
    groups: list[list[Piece]] = []
    for piece in found:
        latest = list(islice(reversed(groups), 3))
        apart = [group[0].kind in ("heading", "aside") or _PAGE_NUMBER.fullmatch(group[0].text) for group in latest]
        between = next((n for n, interrupts in enumerate(apart) if not interrupts), None)
        if between is not None and _continues(latest[between], piece):
            latest[between].append(piece)
            for group in latest[:between]:
                group[0] = replace(group[0], kind="aside")
        else:
            groups.append([piece])
    return [_joined(group) for group in groups]


def _continues(before: Sequence[Piece], piece: Piece) -> bool:
    """Does the piece go on with the unfinished sentence of those before it?"""
    if piece.kind != "text" or before[0].kind not in ("text", "item") or not piece.text[0].islower():
        return False
    latest = [word for one in before[-_PROSE_WORDS:] for word in one.text[-_PROSE_CHARS:].split()]
    return len(latest) >= _PROSE_WORDS and not before[-1].closed and not _SPEAKS.fullmatch(piece.text)


def _joined(group: Sequence[Piece]) -> Piece:
    runs: list[OffsetRun] = []
    text = ""
    for number, piece in enumerate(group):
        if number and CUT_WORD.search(group[number - 1].text):
            text, runs[-1] = text[:-1], runs[-1]._replace(length=runs[-1].length - 1)
        elif text:
            text += " "
        runs += [run._replace(clean=len(text) + run.clean) for run in piece.runs]
        text += piece.text
    return replace(group[0], text=text, runs=tuple(run for run in runs if run.length))
