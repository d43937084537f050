"""A text that a language model wrote → its sentences without their markers, and the markers that each of them carries.

Of Markdown only the signs around words are taken away; what it says otherwise stays, and is checked like all the rest.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from index.sentences import sentences

_MARKER = re.compile(r"[ \t]*\[\^?([0-9]{1,4}(?:[ \t]*[,;][ \t]*[0-9]{1,4})*)\]")
_NUMBER = re.compile(r"[0-9]+")
_LINE_SIGNS = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•]|#{1,6}|[0-9]{1,2}[.)])\s+)?")
_EMPHASIS = re.compile(r"\*+|`+|__+")


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence on one line, and the numbers in its [n], in their order."""

    text: str
    markers: tuple[int, ...]


def marked(text: str, language: str = "en") -> list[Marked]:
    """In order; a marker belongs to the sentence that it stands in or behind, one that opens a line to the first."""
    usable = text.encode(errors="replace").decode()  # half a surrogate pair has no place in any text
    return [one for line in usable.splitlines() for one in _in_line(line, language)]


def _in_line(line: str, language: str) -> Iterator[Marked]:
    text, places = _without_markers(_EMPHASIS.sub("", line[_LINE_SIGNS.match(line).end() :]))  # type: ignore[union-attr]
    spans = sentences(text, language)
    starts = [span.start for span in spans]
    for n, span in enumerate(spans):
        own = [number for at, numbers in places if max(bisect_left(starts, at) - 1, 0) == n for number in numbers]
        yield Marked(" ".join(text[span.start : span.end].split()), tuple(own))


def _without_markers(line: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """What is left, and where in it each marker stood."""
    text, places, at = "", [], 0
    for match in _MARKER.finditer(line):
        text += line[at : match.start()]
        places.append((len(text), [int(number) for number in _NUMBER.findall(match.group())]))
        at = match.end()
    return text + line[at:], places
