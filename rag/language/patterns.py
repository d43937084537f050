"""Patterns as text files beside the rules that use them, so that a rule is not lost among its words.

`NAME = pattern` makes a piece, which later lines put in as {NAME}; `[family]` begins a family, one pattern a line; a
line that begins with two blanks goes on with the line above; `#` begins a comment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

_PIECE = re.compile(r"([A-Z][A-Z_]*) = (.+)")
_FAMILY = re.compile(r"\[([\w ,.]+)\]")
_PUT_IN = re.compile(r"\{([A-Z][A-Z_]*)\}")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Of one file, in its order, every piece put in."""

    pieces: Mapping[str, str]
    families: Mapping[str, tuple[str, ...]]

    def compiled(self, piece: str) -> re.Pattern[str]:
        """In any case."""
        return when_used(self.pieces[piece], re.IGNORECASE)

    def cased(self, piece: str) -> re.Pattern[str]:
        """With capitals as they are written."""
        return when_used(self.pieces[piece])

    def family(self, name: str) -> tuple[re.Pattern[str], ...]:
        """In any case."""
        return tuple(when_used(pattern, re.IGNORECASE) for pattern in self.families[name])


class WhenUsed:
    """A pattern that is compiled when it is first used: a question needs half of ours, and all take longer than it."""

    def __init__(self, text: str, flags: re.RegexFlag) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)  # asked for only once
        return found


def when_used(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return cast(re.Pattern[str], WhenUsed(text, flags))


def read_patterns(package: str, name: str, **given: str) -> Patterns:
    """From the file `name` of a package; `given` are pieces that code makes. Raises KeyError for an unknown piece."""
    pieces = dict(given)
    families: dict[str, tuple[str, ...]] = {}
    family = ""
    for line in (files(package) / name).read_text("utf-8").replace("\n  ", "").splitlines():
        whole = _PUT_IN.sub(lambda put: pieces[put[1]], line) if line[:1] != "#" else ""
        if piece := _PIECE.fullmatch(whole):
            pieces[piece[1]] = piece[2]
        elif header := _FAMILY.fullmatch(whole):
            family = header[1]
            families[family] = ()
        elif whole:
            families[family] += (whole,)
    return Patterns(pieces, families)
