"""One line of a text or Markdown file → the characters a person reads, and where they stand.

Markdown signs, escapes, invisible characters and repeated blanks go; nothing is added but a blank for odd white space.
Every pattern is bounded, so that a hostile line costs linear time.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from index.records import OffsetRun

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_HEADING = re.compile(r"[ \f\ufeff]{0,3}(#{1,6})[ \t]+(?=\S)")  # a page break or a byte-order mark may precede
_PREFIX = re.compile(r"\s*(?:>\s?|[-*+•][ \t]+(?=\S))")
_RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}")
_IMAGE_SIGN = r"!\[[^\[\]\n]{0,500}\]\([^()\n]{0,1000}\)"
_IMAGE = re.compile(rf"\[\s?{_IMAGE_SIGN}\s?\]\([^()\n]{{0,1000}}\)|{_IMAGE_SIGN}")  # linked or not
_TARGET = r"(?:[^()\s\\]|\\.|\([^()\s]{0,200}\)){0,1000}"
_LINK = re.compile(rf"(?<!\\)\[((?:[^\[\]\\\n]|\\.){{1,500}})\]\({_TARGET}(?:\s+\"[^\"\n]{{0,200}}\")?\)")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_STRONG = re.compile(r"(?<!\\)(\*\*|__)(?=\S)((?:(?!\1).){1,400})(?<=[^\s\\])\1")
_LEAD = re.compile(r"\s*(\*\*|__)(?=\S)(.{1,120}?[.:!?])\1\s+(?=\S)")
_EMPHASIS = re.compile(r"(?<![\w\\*])([*_])(?=[^\s*_])([^*_\n]{1,400}?)(?<=[^\s\\])\1(?![\w*])")


class Line(NamedTuple):
    """What is left of one source line; `runs` are relative to the line's own clean text."""

    text: str
    runs: tuple[OffsetRun, ...]
    heading: bool
    lead: int  # length of a run-in heading, "**Conclusions.** The …", else 0


def lines(source: str, start: int = 0) -> Iterator[Line]:
    """All lines from `start` on; a line that shows nothing has the text ''."""
    for match in _LINE.finditer(source, start):
        raw = match.group().rstrip("\r\n")
        yield _line(raw, match.start())


def _line(raw: str, offset: int) -> Line:
    gone = _markup(raw)
    found = _LEAD.match(raw)
    text: list[str] = []
    places: list[int] = []
    lead = 0
    for at, char in enumerate(raw):
        if found and at == found.end(2):
            lead = len(text)
        if gone[at] or (not char.isprintable() and _invisible(char)):
            continue
        blank = char.isspace()
        if not blank or (text and text[-1] != " "):
            text.append(" " if blank else char)
            places.append(at)
    if text and text[-1] == " ":
        text.pop()
    return Line("".join(text), tuple(_runs(raw, text, places, offset)), bool(_HEADING.match(raw)), lead)


def _runs(raw: str, text: list[str], places: list[int], offset: int) -> Iterator[OffsetRun]:
    """The longest runs of unchanged characters, where `places[n]` is the place of the n-th clean one in the line."""
    begin = length = 0
    for clean, (char, at) in enumerate(zip(text, places, strict=False)):
        same = char == raw[at]
        if same and length and at == places[begin] + length:
            length += 1
            continue
        if length:
            yield OffsetRun(begin, offset + places[begin], length)
        begin, length = clean, int(same)
    if length:
        yield OffsetRun(begin, offset + places[begin], length)


def _markup(raw: str) -> bytearray:
    """1 for every character of the line that is a sign and not text."""
    gone = bytearray(len(raw))

    def drop(start: int, end: int) -> None:
        gone[start:end] = b"\x01" * (end - start)

    if _RULE.fullmatch(raw):
        drop(0, len(raw))
        return gone
    for prefix in filter(None, (_HEADING.match(raw) or _PREFIX.match(raw),)):
        drop(0, prefix.end())
    for image in _IMAGE.finditer(raw):
        drop(*image.span())
    for link in _LINK.finditer(raw):
        drop(link.start(), link.start(1))
        drop(link.end(1), link.end())
    for escape in _ESCAPE.finditer(raw):
        drop(*escape.span())
    for pattern in (_STRONG, _EMPHASIS):
        for marked in pattern.finditer(raw):
            drop(marked.start(), marked.start(2))
            drop(marked.end(2), marked.end())
    return gone


def _invisible(char: str) -> bool:
    """Controls, byte-order marks, soft hyphens and zero-width blanks; joiners stay, scripts and emoji need them."""
    return char in "\u00ad\u200b\ufeff" or (unicodedata.category(char) == "Cc" and not char.isspace())
