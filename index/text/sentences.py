"""Where sentences end; the home of yasbd and of nupunkt behind the same function.

yasbd is the more exact of the two on news prose ("Jul.15,2025", "Dr. Jorge"); nupunkt serves where yasbd knows no
rules for the language.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from index.records import Span

# After initials a capital begins a name more often than a sentence, unless it is a word that opens sentences.
_OPENERS = re.compile(
    r"[\s\"'“‘(]*(?:a|after|although|an?d?|as|at|because|before|but|by|during|for|from|he|her|his|however|if|in|it|its"
    r"|moreover|nevertheless|on|or|our|she|since|so|some|such|that|the|their|then|there|these|they|this|those|though"
    r"|thus|to|under|until|we|what|when|where|while|who|with|you)\b",
    re.IGNORECASE,
)
FIELD = re.compile(r"(?:\*\*|__)?[^\W\d_][\w'’.&()/ –-]{0,40}(?:\*\*|__)?:(?:\*\*|__)?[ \t]+\S")  # a line "Name: value"
_STRETCH = 4000  # characters given to a library at once: both take quadratic time on "((((" or "?!?!?!"
_SENTENCE_END = re.compile(r".*\w{4}[.!?…][\"'”’»)\]]*\s", re.DOTALL)
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.\s?){2,}$")
_OF_DAY = re.compile(  # and not all that is said: "At 5 p.m."
    r"(?!.*\b(?:A(?:fter|round|t)|B(?:efore|y)|From|On|Since|Until)\b[^.!?]*\d[\d.:]*\s?[ap]\.\s?m\.$).*\d\s?[ap]\.\s?m\.$"
)
_VISITORS = re.compile(  # a word that opens a sentence behind a time: no dash, weekday, zone, date or two capitals
    r"[\"“'(]*(?!\w+days?\b|Week|(?:Atlantic|Central|Eastern|Local|Mountain|Pacific)\b)[A-Z][a-z]+,? (?![A-Z\d])"
)
_FIRM = re.compile(r"(?:Bros|Co|Corp|Inc|Jr|Ltd|Sr)\.|(?:AG|GmbH|KG|LLC|PLC)\b")  # opens no sentence
_NAMED = re.compile(r"[A-Z]\.\s")
_APOSTROPHE = re.compile(r"(?<=\w)’(?=\w)")
_SHORT = re.compile(r"\b[A-Z][a-z]{1,2}\.$")  # before a number: what is counted
_UNSPOKEN = re.compile(r"(?:^|^\w+ |\b[a-z]+ )[BCDFGHJ-NP-TV-XZ][bcdfghj-np-tv-xz]{1,4}\.$")  # as "in Ft."


def sentences(text: str, language: str = "en", splitter: str = "yasbd") -> list[Span]:
    """Spans of the sentences of `text`, ascending, without the white space between them; no sentence spans a line."""
    spans: list[Span] = []
    at = 0
    for line in text.split("\n"):
        if line.strip():
            spans += [Span(at + span.start, at + span.end) for span in _in_line(line, language or "en", splitter)]
        at += len(line) + 1
    return spans


_RAISED = r"[⁰¹²³⁴-⁹]{1,3}(?:[⁻,–-]{1,2}[⁰¹²³⁴-⁹]{1,3}){0,9}"
_NOTE_MARKS = re.compile(
    r"(?<![.!?…])([.!?…]+[\"'”’»)]*)"  # from the first of them on: "………" takes linear time
    rf"((?:\[[^\[\]\n]{{1,20}}\](?::\d{{1,4}}(?:[–-]\d{{1,4}})?)?|[({{](?:[\w. ]{{1,9}} )?\d{{1,3}}[}})]|\^\d{{1,3}}"
    rf"|{_RAISED}|[*†‡①-⑳])+)(?=\s|$)"
    r"|(?:(?<=[^\W\d_]{3})|(?<=\b[Ii]n [12]\d{3})|(?<=(?:ince|ntil|from|fter|fore) [12]\d{3})"
    r"|(?<=(?:ary|rch|ril|May|une|uly|ust|ber) [12]\d{3}))"
    r"([.!?]+[\"'”’»)]*)(\d{1,2}(?:[,–-]\d{1,2}){0,9})(?=\s+[^\W\d_a-z](?![^\Wa-z])|$)"
)


def _without_notes(line: str) -> str:
    """The line, as long as it was, with the marks of notes as letters before the full stop: they end no sentence. To
    yasbd "didn’t" closes what was said in quotes, so apostrophes are straight."""
    line = _APOSTROPHE.sub("'", line) if "‘" in line else line.replace("’", "'")
    return _NOTE_MARKS.sub(lambda m: "x" * len(m[2] or m[4]) + (m[1] or m[3]), line)


def _in_line(line: str, language: str, splitter: str) -> list[Span]:
    spans: list[Span] = []
    begin = 0
    for at, stretch in _stretches(_without_notes(line)):
        for end in (*_ends(stretch, language, splitter), len(stretch)):
            piece = line[begin : at + end]
            if piece.strip():
                start = begin + len(piece) - len(piece.lstrip())
                spans.append(Span(start, begin + len(piece.rstrip())))
            begin = max(begin, at + end)
    return spans


def _stretches(line: str) -> Iterator[tuple[int, str]]:
    """The line in pieces that are not too long, each with its place, cut behind a sentence or else behind a word."""
    at = 0
    while len(line) - at > _STRETCH:
        piece = line[at : at + _STRETCH]
        end = _SENTENCE_END.match(piece)
        size = end.end() if end else piece.rfind(" ") + 1 or _STRETCH
        yield at, piece[:size]
        at += size
    yield at, line[at:]


def _ends(stretch: str, language: str, splitter: str) -> list[int]:
    if splitter == "yasbd" and language in _languages():
        ends = list(_detector(language).detect(stretch))
        return [end for end in ends if not _goes_on(stretch[:end].rstrip()[-40:], stretch[end:].lstrip())]
    import nupunkt  # here as below: only whoever cuts a text pays for it, not every question

    return [end for _, end in nupunkt.sent_spans(stretch)]


def _goes_on(before: str, rest: str) -> bool:
    """yasbd ends one at "the U.S. Drug Enforcement Administration", "Orr Bros. Inc.", "Rs. 5" and "with A. Holt"."""
    counted = _SHORT.search(before) and re.match(r"[+(]*\d", rest)
    named = _NAMED.match(rest) and before[-1:] not in "\"'”’»)].!?…"
    ends = (_OF_DAY.match(before) and _VISITORS.match(rest)) or not re.search(r"[^\W\d_]", rest)
    short = _INITIALS.search(before) or _UNSPOKEN.search(before)
    return bool(_FIRM.match(rest) or counted or named or (short and not (ends or _OPENERS.match(rest))))


@cache
def _languages() -> frozenset[str]:
    from yasbd.rules import get_supported_langs

    return frozenset(get_supported_langs()) - {"auto"}


@cache
def _detector(language: str) -> Any:
    from yasbd import BoundaryDetector

    return BoundaryDetector(language)
