"""The numbers in a text and what they are worth, whichever way they are printed.

"1.2m", "1.2 million" and "1,200,000" are worth the same. Ordinals, clock times, versions, vague words ("dozens") and
numbers that are part of a name ("G7", "COVID-19") are no values.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from rag.language.patterns import read_patterns
from rag.language.word_lists import A_SPANISH_MONTH, SMALL_NUMBERS, TENS

# Numbers written in English words: "two hundred and five thousand", "half a dozen", "two-thirds", "one in five".
# A lone "one" is left to whoever sees what stands behind it, as it is a pronoun more often than a number.

_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9}
_PARTS |= {"tenth": 10} | {f"{word}s": n for word, n in _PARTS.items()} | {"tenths": 10}
_WORTH = {word: n for n, word in enumerate(SMALL_NUMBERS)} | {word: 10 * n for n, word in enumerate(TENS) if word}
SCALES: Mapping[str, int] = {  # and the Spanish ones, which nobody writes for anything else
    **{"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"lakh": 10**5, "crore": 10**7, "mil": 10**3, "millón": 10**6, "millones": 10**6, "billones": 10**12},
}

_TEXT = read_patterns(
    "rag.language", "quantities.txt", MANY="|".join(SCALES), WORD="|".join(sorted(_WORTH, key=len, reverse=True)),
    PARTS="|".join(sorted(_PARTS, key=len, reverse=True)), SPANISH_MONTH=A_SPANISH_MONTH,
)  # fmt: skip
_OPENING, _RUN, _HALF, _OTHER_HALF, _FRACTION, _OUT_OF, _TIMES, _FIGURE, _CURRENCY, _SHORT_FORM = map(
    _TEXT.cased, "OPENING RUN HALF OTHER_HALF FRACTION OUT_OF TIMES FIGURE CURRENCY SHORT_FORM".split()
)
_UP_TO, _FROM, _OR_MORE = map(_TEXT.cased, "UPPER LOWER ABOVE".split())
_MONTH_BEFORE, _MONTH_BEHIND, _NOT_COUNTED, _NAMING, _COUNTED, _DATED, _BETWEEN = map(
    _TEXT.cased, "MONTH_BEFORE MONTH_BEHIND NOT_COUNTED NAMING COUNTED DATED BETWEEN".split()
)
_LETTERS = re.compile(r"[^\W\d_]+")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)  # keeps every place, as str.lower does not


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


_SUFFIXES = {"k": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6, "b": 10**9, "bn": 10**9, "tn": 10**12, "trn": 10**12}
_GLYPHS = {"½": 1 / 2, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 1 / 4, "¾": 3 / 4}
_UNITS = tuple(line.split(" ", 1) for line in _TEXT.families["units"])  # the unit, and how it is written
_APART = {"%", "pp", "day", "decade"}  # units that a bare number never stands for
_CURRENCIES = {"USD": "$", "US$": "$", "EUR": "€", "GBP": "£", "MXN": "peso", "JPY": "¥"}

_UNIT = re.compile(r"[ \u00a0-]?(?:" + "|".join(f"({pattern})" for _, pattern in _UNITS) + ")", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FIRST_YEAR, _LAST_YEAR = 1100, 2100
_WORDS = {"k": "thousand", "m": "million", "mn": "million", "mln": "million", "b": "billion", "bn": "billion"}
_WORDS |= {"tn": "trillion", "trn": "trillion"}


@dataclass(frozen=True, slots=True)
class Value:
    """A number that stands at start:end of a text, with its sign of currency and its unit.

    `unit` is "" or a currency ("$", "€", "C$", "peso" …), "%", "pp" (percentage points), "year" (of the calendar),
    "decade", "day" (of a month), or a measure ("years", "km" …). Shares ("half of", "one in five") are in "%".
    """

    start: int
    end: int
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class _Found:
    value: Value
    times: float  # by which a word or letter behind the figures multiplied them


def values(text: str) -> list[Value]:
    """All values in order, none overlapping, read as English ("1.200" is 1.2). Never raises; what is beyond any float
    is no value."""
    kept: list[_Found] = []
    for read in sorted((*_figures(text), *_words(text)), key=lambda read: (read.value.start, -read.value.end)):
        if math.isfinite(read.value.value) and (not kept or read.value.start >= kept[-1].value.end):
            kept.append(read)
    return _ranges(text, kept)


def same(a: Value, b: Value) -> bool:
    """Do both say the same?"""
    return may_be_one(a.unit, b.unit) and math.isclose(a.value, b.value, rel_tol=1e-9, abs_tol=1e-12)


def may_be_one(a: str, b: str) -> bool:
    """Of two units; a bare number goes with any unit that may be left out, but not with "%"."""
    bare = "" in (a, b) and not {a, b} & _APART
    dollars = "$" in (a, b) and a.endswith("$") and b.endswith("$")
    return a == b or bare or dollars


class Limit(NamedTuple):
    """Of numbers, at start:end of a text: "up to 10 kg", "6 to 15", "65 and over"."""

    start: int
    end: int
    least: float
    most: float
    unit: str


def limits(text: str) -> Iterator[Limit]:
    """Ranges first, else in order."""
    found = values(text)
    ranges = [(a, b) for a, b in pairwise(found) if _BETWEEN.fullmatch(text, a.end, b.start) and a.value < b.value]
    ranges = [(a, b) for a, b in ranges if "-" not in (text[a.start - 1 : a.start], text[b.end : b.end + 1])]  # an ISBN
    yield from (Limit(a.start, b.end, a.value, b.value, b.unit) for a, b in ranges)
    for one in (one for one in found if not any(one in both for both in ranges)):
        start, end, begin = one.start, one.end, max(one.start - 20, 0)
        if upper := _UP_TO.search(text, begin, start):
            yield Limit(upper.start(), end, -math.inf, one.value, one.unit)
        elif lower := _FROM.search(text, begin, start) or _OR_MORE.match(text, end):
            yield Limit(min(lower.start(), start), max(lower.end(), end), one.value, math.inf, one.unit)


def _figures(text: str) -> Iterator[_Found]:
    for match in _FIGURE.finditer(text):
        start, end = match.span()
        worth = _worth(match.group())
        before = text[max(start - 20, 0) : start]
        if worth is None or before[-1:].isalnum() or before[-1:] in ("_", "/") or _NOT_COUNTED.match(text, end):
            continue
        if _NAMING.search(before):
            continue
        if share := share_at(text, start):
            yield _Found(Value(start, share.end, 100 * share.value, "%"), 1)
            continue
        times, unit, stop = _tail(text, end)
        if currency := _CURRENCY.search(before):
            start -= len(currency.group())
            unit = _CURRENCIES.get(currency.group().strip(), currency.group().strip())
        elif stop == end:
            unit, stop = _calendar(text, start, end)
        if not text[stop : stop + 1].isalnum():
            yield _signed(text, Value(start, stop, worth * times, unit), times)


def _signed(text: str, value: Value, times: float) -> _Found:
    before = text[max(value.start - 2, 0) : value.start]
    if before[-1:] not in ("-", "−") or before[:-1].strip(" (\n"):
        return _Found(value, times)
    return _Found(replace(value, start=value.start - 1, value=-value.value), times)


def _worth(figures: str) -> float | None:
    """What figures as printed are worth; None for times, fractions with a slash, versions and dates with dots."""
    digits, more = figures.rstrip("½⅓⅔¼¾"), _GLYPHS.get(figures[-1], 0.0)
    parts = digits.split(".")
    if len(parts) > 2 and all(len(part) == 3 for part in parts[1:]):
        return float("".join(parts))
    if len(parts) > 2 or ":" in digits or "/" in digits:
        return None
    if _ISO_DATE.fullmatch(digits):
        return float(digits[:4])
    if "," in digits and len(digits) - digits.rindex(",") < 4:
        return float(digits.replace(",", "."))
    return float(re.sub(r"[^0-9.]", "", digits) or 0) + more


def _tail(text: str, at: int) -> tuple[float, str, int]:
    """Behind a number: by what it is multiplied, its unit, and where all that ends."""
    times = 1.0
    if many := _TIMES.match(text, at):
        at = many.end()
        for word in re.findall(r"[^\W\d_]+", many.group().lower()):
            times *= SCALES.get(word) or _SUFFIXES[word]
    if unit := _UNIT.match(text, at):
        return times, _UNITS[(unit.lastindex or 1) - 1][0], unit.end()
    return times, "", at


def _calendar(text: str, start: int, end: int) -> tuple[str, int]:
    """Is a plain number a year, a decade or the day of a month? Its unit, and where it ends."""
    digits = text[start:end]
    if _ISO_DATE.fullmatch(digits):
        return "year", end
    if len(digits) == 4 and digits.isdecimal() and _FIRST_YEAR <= int(digits) <= _LAST_YEAR:
        if text[end : end + 1] == "s" and not text[end + 1 : end + 2].isalnum():
            return "decade", end + 1
        counts = digits.endswith("00") and _COUNTED.match(text, end)
        return ("" if counts and not _DATED.search(text[max(start - 8, 0) : start]) else "year"), end
    if len(digits) < 3 and (_MONTH_BEHIND.match(text, end) or _MONTH_BEFORE.search(text[max(start - 12, 0) : start])):
        return "day", end
    return "", end


def _words(text: str) -> Iterator[_Found]:
    for number in spoken(text):
        if number.share:
            yield _Found(Value(number.start, number.end, 100 * number.value, "%"), 1)
            continue
        times, unit, end = _tail(text, number.end)
        if number.value != 1 or times > 1 or unit:  # a lone "one" is a pronoun
            yield _Found(Value(number.start, end, number.value * times, unit), times)


def _ranges(text: str, found: list[_Found]) -> list[Value]:
    """What stands once in a range goes for both ends: "20–25%", "$20 to 25 million", "1846–48"."""
    for n, (a, b) in enumerate(pairwise(found)):
        first, second = found[n].value, b.value
        between = text[a.value.end : b.value.start]
        if not _BETWEEN.fullmatch(between):
            continue
        if between.strip() in "-–—" and first.unit == "year" and second.unit == "" and second.end - second.start == 2:
            second = replace(second, value=first.value // 100 * 100 + second.value, unit="year")
        if first.unit == "" and second.unit not in ("year", "decade", "day"):
            first = replace(first, unit=second.unit)
        elif second.unit == "" and first.unit.endswith(("$", "€", "£", "¥", "₹")):
            second = replace(second, unit=first.unit)
        if found[n].times == 1 < b.times and first.unit == second.unit and first.value < second.value / b.times:
            first = replace(first, value=first.value * b.times)
        found[n], found[n + 1] = replace(found[n], value=first), replace(b, value=second)
    return [kept.value for kept in found]


def spelled_out(text: str) -> str:
    """ "475bn" as "475 billion", the form that articles print; a bare "5m" may be metres and stays."""

    def words_for(match: re.Match[str]) -> str:
        number, suffix = (match["number"], match["suffix"]) if match["number"] else (match["money"], match["short"])
        return f"{number} {_WORDS[suffix.lower()]}" if suffix.lower() in _WORDS else match.group()

    return _SHORT_FORM.sub(words_for, text)
