"""Numbers written in English words: "two hundred and five thousand", "half a dozen", "two-thirds", "one in five".

A lone "one" is left to whoever sees what stands behind it, as it is a pronoun more often than a number.
"""

import re
from collections.abc import Iterator, Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORTH = {word: n for n, word in enumerate(_SMALL)} | {word: 10 * n for n, word in enumerate(_TENS, start=2)}
SCALES: Mapping[str, int] = {  # and the Spanish ones, which nobody writes for anything else
    **{"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"lakh": 10**5, "crore": 10**7, "mil": 10**3, "millón": 10**6, "millones": 10**6, "billones": 10**12},
}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9}
_PARTS |= {"tenth": 10} | {f"{word}s": n for word, n in _PARTS.items()} | {"tenths": 10}

_MANY = "|".join(SCALES)
_WORD = "|".join(sorted(_WORTH, key=len, reverse=True))
_ANY_CASE = re.IGNORECASE | re.ASCII  # or "ſ" would match "s"
_LETTERS = re.compile(r"[^\W\d_]+")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)  # keeps every place, as str.lower does not
_OPENING = re.compile(rf"\b(?<!-)(?:half|{_WORD}|an?(?= (?:{_MANY}|{'|'.join(_PARTS)})))\b")
_RUN = re.compile(
    rf"(?:an? (?=(?:{_MANY})\b))?(?P<words>(?:{_WORD}|(?<=\s)(?:{_MANY}))\b(?:(?:[ -]| and )(?:{_WORD}|{_MANY})\b)*)"
    r"(?P<more> and a half\b)?(?!-(?:first|second|third|[a-z]+th)\b)",
    _ANY_CASE,
)
_HALF = re.compile(
    rf"half an? (?P<scale>{_MANY})\b|half(?=\s(?:of|the|all|its|their|his|her|our|this|these|those|that|them)\b"
    r"|\s?[.,;:)]|$)",
    _ANY_CASE,
)
_OTHER_HALF = re.compile(r"\b(?:first|second|other|latter|better) \Z", _ANY_CASE)
_FRACTION = re.compile(
    rf"(?P<top>an?|{_WORD})(?P<tie>[- ])(?P<bottom>{'|'.join(sorted(_PARTS, key=len, reverse=True))})\b"
    r"(?P<loose>(?=\s(?:of|or|to|more|less|higher|lower)\b|\s?[.,;:)]|$))?",
    _ANY_CASE,
)
_OUT_OF = re.compile(
    rf"(?:(?P<few>one|nine|[19]) in|(?P<some>{_WORD}|[0-9]{{1,3}}) (?:out of|in every)) "
    rf"(?P<base>{_WORD}|[0-9]{{1,3}})\b"
    r"(?!\s(?:year|month|week|day|hour))",
    _ANY_CASE,
)


class Spoken(NamedTuple):
    """A number at start:end; `share` says that it is a part of a whole, 0..1."""

    start: int
    end: int
    value: float
    share: bool


def spoken(text: str) -> Iterator[Spoken]:
    """Numbers in words, in order; where one holds another, the longer comes first."""
    for opening in _OPENING.finditer(text.translate(_LOWER)):
        start = opening.start()
        if share := share_at(text, start):
            yield share
        else:
            yield from _numbers(text, start)


def share_at(text: str, start: int) -> Spoken | None:
    """A part of a whole that begins here, its first number in words or in figures."""
    if match := _OUT_OF.match(text, start):
        few, base = _count(match["few"] or match["some"]), _count(match["base"])
        return Spoken(start, match.end(), few / base, True) if 0 < few < base else None
    if match := _FRACTION.match(text, start):
        plain = match["bottom"].lower().endswith("s") or match["tie"] == "-" or match["loose"] is not None
        share = _WORTH.get(match["top"].lower(), 1) / _PARTS[match["bottom"].lower()]
        return Spoken(start, match.end(), share, True) if plain and share < 1 else None  # not "a third term"
    match = _HALF.match(text, start)
    if match and not match["scale"] and not _OTHER_HALF.search(text, max(start - 8, 0), start):
        return Spoken(start, match.end(), 0.5, True)
    return None


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _WORTH[word.lower()]


def _numbers(text: str, start: int) -> Iterator[Spoken]:
    if (half := _HALF.match(text, start)) and half["scale"]:
        yield Spoken(start, half.end(), SCALES[half["scale"].lower()] / 2, False)
    elif match := _RUN.match(text, start):
        *others, last = _runs(match)
        yield from others
        more = (last.value if last.value >= 1000 else 1) / 2 if match["more"] else 0
        yield last._replace(end=match.end(), value=last.value + more)


def _runs(match: re.Match[str]) -> list[Spoken]:
    """One run of number words may hold several numbers: "two and three hundred and five" holds two."""
    runs: list[Spoken] = []
    begin = match.start("words")
    total, group, start, end, tied = 0.0, 0.0, match.start(), begin, False
    for word in _LETTERS.finditer(match["words"].lower()):
        name, place = word.group(), begin + word.start()
        if name == "and":
            tied = True
            continue
        if name in _WORTH:
            if end > begin and not _joins(total, group, _WORTH[name], tied):
                runs.append(Spoken(start, end, total + group, False))
                total, group, start = 0.0, 0.0, place
            group += _WORTH[name]
        elif SCALES[name] < 1000:
            group = max(group, 1) * SCALES[name]
        else:
            total, group = (total + (group or 1) * SCALES[name] if group or not total else total * SCALES[name]), 0.0
        end, tied = begin + word.end(), False
    return [*runs, Spoken(start, end, total + group, False)]


def _joins(total: float, group: float, worth: int, tied: bool) -> bool:
    """May a word worth so much go on with the number begun? Behind "and" only after a hundred or a thousand."""
    if tied:
        return (group >= 100 and group % 100 == 0) or (group == 0 and total > 0)
    if group % 100 == 0:
        return group > 0 or total > 0
    return group % 10 == 0 and group % 100 >= 20 and 0 < worth < 10
