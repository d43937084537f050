"""Where sentences end; the home of yasbd and of nupunkt behind the same function.

yasbd is the more exact of the two on news prose ("Jul.15,2025", "Dr. Jorge"); nupunkt serves where yasbd knows no
rules for the language.
"""

import re
from functools import cache

import nupunkt
from yasbd import BoundaryDetector
from yasbd.rules import get_supported_langs

from index.records import Span

# After initials a capital begins a name more often than a sentence, unless it is a word that opens sentences.
_OPENERS = re.compile(
    r"[\s\"'“‘(]*(?:a|after|although|an?d?|as|at|because|before|but|by|during|for|from|he|her|his|however|if|in|it|its"
    r"|moreover|nevertheless|on|or|our|she|since|so|some|such|that|their|then|there|these|they|this|those|though|thus"
    r"|to|under|until|we|what|when|where|while|who|with|you)\b",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}$")


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
        ends = _checked(line, list(_detector(language).detect(line)))
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


def _checked(line: str, ends: list[int]) -> list[int]:
    """yasbd ends a sentence at "the U.S. Drug Enforcement Administration"; only a word that opens one may follow."""
    return [end for end in ends if not _INITIALS.search(line[:end].rstrip()[-40:]) or _opens_sentence(line[end:])]


def _opens_sentence(rest: str) -> bool:
    return not re.search(r"[^\W\d_]", rest) or bool(_OPENERS.match(rest))


@cache
def _languages() -> frozenset[str]:
    return frozenset(get_supported_langs()) - {"auto"}


@cache
def _detector(language: str) -> BoundaryDetector:
    return BoundaryDetector(language)
