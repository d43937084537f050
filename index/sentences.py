"""Where sentences end; the home of yasbd and of nupunkt behind the same function.

yasbd is the more exact of the two on news prose ("U.S.", "Jul.15,2025", "Dr. Jorge"); nupunkt serves where yasbd
knows no rules for the language.
"""

from functools import cache

import nupunkt
from yasbd import BoundaryDetector
from yasbd.rules import get_supported_langs

from index.records import Span


def sentences(text: str, language: str = "en", splitter: str = "yasbd") -> list[Span]:
    """Spans of the sentences of `text`, ascending, without the white space between them; no sentence spans a line."""
    spans: list[Span] = []
    at = 0
    for line in text.split("\n"):
        if line.strip():
            spans += [Span(at + span.start, at + span.end) for span in _in_line(line, language or "en", splitter)]
        at += len(line) + 1
    return spans


def _in_line(line: str, language: str, splitter: str) -> list[Span]:
    if splitter == "yasbd" and language in _languages():
        ends = list(_detector(language).detect(line))
    else:
        ends = [end for _, end in nupunkt.sent_spans(line)]
    spans: list[Span] = []
    begin = 0
    for end in [*ends, len(line)]:
        piece = line[begin:end]
        if piece.strip():
            start = begin + len(piece) - len(piece.lstrip())
            spans.append(Span(start, begin + len(piece.rstrip())))
        begin = max(begin, end)
    return spans


@cache
def _languages() -> frozenset[str]:
    return frozenset(get_supported_langs()) - {"auto"}


@cache
def _detector(language: str) -> BoundaryDetector:
    return BoundaryDetector(language)
