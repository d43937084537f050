"""Dates and periods as a text writes them, from a day to a century, with their first and last day.

Only what is complete is a date; a day or month without its year is left to `partials_in`. A fiscal
year counts as the calendar year of its name. Digits that could be read as two days ("03/04/2025") are passed over.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, timedelta
from functools import cache
from typing import Literal

from rag.language.patterns import read_patterns
from rag.language.word_lists import A_MONTH, A_SPANISH_MONTH, MONTHS

# Whether four digits in prose are a year, or a count, a number of something or an amount of money.
# A year stands open: behind "in" or "since", before a name, in brackets. A count has a plural behind it, a number of
# something has its noun before it. In doubt four digits between 1500 and 2099 are a year, all others are not.

_NEAR = 40  # characters on either side that are looked at
_TEXT = read_patterns("rag.language", "dates.txt")
_GLUED_BEFORE, _NUMBERED, _MEASURED = map(_TEXT.compiled, ("GLUED_BEFORE", "NUMBERED", "MEASURED"))
_COUNTED, _CUE = map(_TEXT.compiled, ("COUNTED", "CUE"))
_GLUED_AFTER, _PLURAL, _DETERMINED = map(_TEXT.cased, ("GLUED_AFTER", "PLURAL", "DETERMINED"))


def is_year(text: str, start: int, end: int) -> bool:
    """Do the four digits at text[start:end] read as a year?"""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if not is_open(text, start, end):
        return False
    year = int(text[start:end])
    plural = _PLURAL.match(after) is not None
    if _CUE.search(before):
        return not (plural and year % 100 == 0)  # "in 2007 researchers found", but "in 1500 towns"
    if not 1500 <= year < 2100 or _MEASURED.search(before):
        return False
    return not plural or _DETERMINED.search(before) is not None


def is_open(text: str, start: int, end: int) -> bool:
    """Nothing at its edges makes text[start:end] part of a longer number, a count, an amount or a label."""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if _GLUED_BEFORE.search(before) or _GLUED_AFTER.match(after):
        return False
    return not (_NUMBERED.search(before) or _COUNTED.match(after))


Precision = Literal["day", "month", "quarter", "year", "decade", "century"]
Found = tuple[date, date, Precision]
Reader = tuple[re.Pattern[str], Callable[[re.Match[str]], Found | None]]


@dataclass(frozen=True, slots=True)
class When:
    """A date or period that stands at start:end of a text; first and last day are inside of it."""

    start: int
    end: int
    first: date
    last: date
    precision: Precision


_MONTH = rf"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|{A_MONTH.lower()}|{A_SPANISH_MONTH}|setiembre)\b\.?"
_NUMBER = {name[:3].lower(): n for n, name in enumerate(MONTHS, 1)}
_NUMBER |= {"ene": 1, "abr": 4, "ago": 8, "set": 9, "dic": 12}
_DAY = r"(?:3[01]|[12][0-9]|0?[1-9])"
_NTH = r"(?:st|nd|rd|th|º)?"
_YEAR = r"(?:1[0-9]{3}|2[01][0-9]{2})"
_OF = r"\s*,?\s*(?:\b(?:of|del?)\s+)?"
_TO = r"\s*(?:[-–—]|\b(?:to|and|through|until|till|al?|y)\b)\s*"
_ENTER, _LEAVE = r"(?<!\w)(?<![0-9][.,/:])", r"(?![0-9])(?![,.][0-9])(?!\w)"
_ORDER = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_NTH_WORD = r"(?P<n>first|second|third|fourth|[1-4](?=st|nd|rd|th))(?:st|nd|rd|th)?"
_CENTURIES = ("fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first")
_FIRST_NAMED_CENTURY = 15


# a text without any of these holds no date: they are what the patterns of `_patterns` cannot do without
_DATED = re.compile(rf"{_YEAR}|century|fy[0-4][0-9]|['’][2-9]0s", re.IGNORECASE)


def dates_in(text: str) -> list[When]:
    """The dates and periods of `text` in order; they never overlap. No text makes it fail."""
    dates: list[When] = []
    if not _DATED.search(text):
        return dates
    taken = bytearray(len(text))  # 1 where a date stands; a list of spans would take quadratic time
    for pattern, read in _readers():
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]) and (period := read(match)):
                taken[start:end] = b"\1" * (end - start)
                dates.append(When(start, end, *period))
    return _joined(text, sorted(dates, key=lambda when: when.start))


def written(when: When) -> str:
    """The period in English, as a note names it: 2024, June 2025, 10 August 2025, July to September 2025."""
    first, last = when.first, when.last
    if when.precision == "day":
        return f"{first.day} {MONTHS[first.month - 1]} {first.year}"
    if when.precision == "month":
        return f"{MONTHS[first.month - 1]} {first.year}"
    if when.precision == "quarter":
        return f"{MONTHS[first.month - 1]} to {MONTHS[last.month - 1]} {first.year}"
    return f"{first.year}" if first.year == last.year else f"{first.year} to {last.year}"


def month_of(year: int, month: int) -> tuple[date, date]:
    """First and last day of a month."""
    if (year, month) == (MAXYEAR, 12):
        return date(year, 12, 1), date.max
    after = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), after - timedelta(days=1)


def safe_day(year: int, month: int, day: int) -> date | None:
    """The day, or None where the calendar has none (30 February)."""
    return date(year, month, day) if 1 <= month <= 12 and 1 <= day <= month_of(year, month)[1].day else None


def month_number(name: str) -> int:
    """1 to 12 for an English or Spanish name of a month, whole or cut to three letters."""
    return _NUMBER[name[:3].lower()]


def _days(first: date | None, last: date | None) -> Found | None:
    return (first, last, "day") if first and last and first <= last else None


def _full(match: re.Match[str]) -> Found | None:
    """One day, or days from–to; what the first lacks (month, year) is taken from the last."""
    part = match.groupdict()
    month, year = month_number(part["m"]), int(part["y"])
    last = safe_day(year, month, int(part["d"]))
    if not part.get("d0"):
        return _days(last, last)
    before = month_number(part["m0"]) if part.get("m0") else month
    return _days(safe_day(year - (before > month), before, int(part["d0"])), last)


def _digits(match: re.Match[str]) -> Found | None:
    """Year first; or day and month where only one order is possible."""
    part = match.groupdict()
    if part.get("iso"):
        day = safe_day(int(part["iso"]), int(part["im"]), int(part["id"]))
        return _days(day, day)
    a, b, year = int(part["a"]), int(part["b"]), int(part["y"])
    orders = {found for found in (safe_day(year, b, a), safe_day(year, a, b)) if found}
    day = orders.pop() if len(orders) == 1 else None
    return _days(day, day)


def _months(match: re.Match[str]) -> Found | None:
    year, last = int(match["y"]), month_number(match["m"])
    first = month_number(match["m0"]) if match["m0"] else last
    return month_of(year - (first > last), first)[0], month_of(year, last)[1], "month"


def _quarter(match: re.Match[str]) -> Found | None:
    size = 6 if match["half"] or match["sign"] in ("h", "H") else 3
    n = _ORDER[(match["n"] or match["q"]).lower()]
    if n * size > 12:
        return None
    year = int(match["y"] or match["y0"])
    return date(year, n * size - size + 1, 1), month_of(year, n * size)[1], "quarter"


def _fiscal(match: re.Match[str]) -> Found | None:
    year = int(match["y"]) if match["y"] else 2000 + int(match["yy"])
    return date(year, 1, 1), date(year, 12, 31), "year"


def _century(match: re.Match[str]) -> Found | None:
    n = int(match["n"]) if match["n"] else _CENTURIES.index(match["word"].lower()) + _FIRST_NAMED_CENTURY
    return (date(n * 100 - 99, 1, 1), date(n * 100, 12, 31), "century") if 1 <= n <= 22 else None


def _decade(match: re.Match[str]) -> Found | None:
    year = int(match["y"]) if match["y"] else 1900 + int(match["yy"])
    if year % 100 == 0 and year < 2000:
        return date(year, 1, 1), date(year + 99, 12, 31), "century"
    return date(year, 1, 1), date(year + 9, 12, 31), "decade"


def _years(match: re.Match[str]) -> Found | None:
    """Years from–to; the last may be two digits ("1998–99"). "2025-06", which goes backwards, is a month."""
    text, year, other = match.string, int(match["y"]), int(match["z"])
    if not is_open(text, match.start("y"), match.end("z")):
        return None
    if len(match["z"]) == 2:
        if other <= year % 100 and 1 <= other <= 12 and match["dash"] == "-":
            return *month_of(year, other), "month"
        other += year - year % 100 + 100 * (other == 0)
    return (date(year, 1, 1), date(other, 12, 31), "year") if year < other <= year + 600 else None


def _year(match: re.Match[str]) -> Found | None:
    if not is_year(match.string, match.start(), match.end()):
        return None
    year = int(match.group())
    return date(year, 1, 1), date(year, 12, 31), "year"


@cache
def _readers() -> tuple[Reader, ...]:
    """Patterns with their readers, the most complete first: a later one may not touch what an earlier one took."""
    return tuple((re.compile(_ENTER + pattern, re.IGNORECASE), read) for pattern, read in _patterns())


def _patterns() -> Iterator[tuple[str, Callable[[re.Match[str]], Found | None]]]:
    day, day0 = rf"(?P<d>{_DAY}){_NTH}", rf"(?P<d0>{_DAY}){_NTH}"
    month, month0, year = rf"(?P<m>{_MONTH})", rf"(?P<m0>{_MONTH})", rf"(?P<y>{_YEAR})"
    yield from (
        (rf"(?P<iso>{_YEAR})([-/.])(?P<im>0?[1-9]|1[0-2])\2(?P<id>{_DAY})(?:(?=T[0-9])|{_LEAVE})", _digits),
        (rf"(?P<a>[0-9]{{1,2}})([-/.])(?P<b>[0-9]{{1,2}})\2{year}{_LEAVE}", _digits),
        (rf"{day0}{_OF}{month0}{_TO}{day}{_OF}{month}{_OF}{year}{_LEAVE}", _full),
        (rf"{month0}\s*{day0}{_TO}{month}\s*{day}{_OF}{year}{_LEAVE}", _full),
        (rf"{day0}{_TO}{day}{_OF}{month}{_OF}{year}{_LEAVE}", _full),
        (rf"{month}\s*{day0}{_TO}{day}(?:\s*,\s*|\s+){year}{_LEAVE}", _full),
        (rf"{day}{_OF}{month}{_OF}{year}{_LEAVE}", _full),
        (rf"{month}\s*{day}(?:\s*,\s*|\s+){year}{_LEAVE}", _full),
        (rf"(?:{month0}{_TO})?{month}{_OF}{year}{_LEAVE}", _months),
        (
            rf"(?:(?P<y0>{_YEAR})(?:['’]s)?\s+)?"
            rf"(?:{_NTH_WORD}[ -](?:quarter|(?P<half>half))|(?P<sign>[qh])(?P<q>[1-4]))"
            rf"(?(y0)\b|,?\s+(?:of\s+)?(?:the\s+)?(?:fiscal\s+)?(?:year\s+)?{year}{_LEAVE})",
            _quarter,
        ),
        (rf"(?:fiscal(?:\s+year)?|financial\s+year|fy)\s*(?:{year}|(?<=fy)(?P<yy>[0-4][0-9])){_LEAVE}", _fiscal),
        (rf"(?:(?P<n>[12]?[0-9])(?:st|nd|rd|th)|(?P<word>{'|'.join(_CENTURIES)}))[ -]century\b(?!\s*b\.?c)", _century),
        (r"(?:(?P<y>1[0-9]{2}0|20[0-9]0)['’]?|['’](?P<yy>[2-9]0))s\b", _decade),
        (
            rf"{year}(?:\s*(?P<dash>[-–—/])\s*|\s+(?:to|until|through|till|hasta|a)\s+)(?P<z>{_YEAR}|[0-9]{{2}}){_LEAVE}",
            _years,
        ),
        (rf"(?<=between ){year}\s+and\s+(?P<z>{_YEAR})(?P<dash>){_LEAVE}", _years),
        (rf"(?<=entre ){year}\s+y\s+(?P<z>{_YEAR})(?P<dash>){_LEAVE}", _years),
        (_YEAR + _LEAVE, _year),
    )


_JOIN = re.compile(r"\s*[-–—]\s*|,?\s+(?:to|until|through|till|hasta)\s+")
_JOIN_AND = re.compile(r",?\s+(?:and|y)\s+")


def _joined(text: str, dates: list[When]) -> list[When]:
    """Two dates with "to" or a dash between them, or "between … and", are one period."""
    joined: list[When] = []
    for when in dates:
        if joined and joined[-1].first <= when.first and joined[-1].last <= when.last:
            before, gap = joined[-1], text[joined[-1].end : when.start]
            between = text[max(0, before.start - 8) : before.start].lower().endswith(("between ", "entre "))
            if _JOIN.fullmatch(gap) or (between and _JOIN_AND.fullmatch(gap)):
                joined[-1] = replace(before, end=when.end, last=when.last)
                continue
        joined.append(when)
    return joined


# Days and months without a year, as a text writes them: "20 January", "in June", "a March summit".
# Only with a capital, and only where grammar makes a date of it: May, March, April and August are names and verbs too.


@dataclass(frozen=True, slots=True)
class Partial:
    """A month, or a day of a month, that stands at start:end without a year. `day` is 0 where only a month is named."""

    start: int
    end: int
    month: int
    day: int


_MONTH_ALONE = (
    r"(?:Jan(?:uary|\.)|Feb(?:ruary|\.)|Mar(?:ch|\.)|Apr(?:il|\.)|May|June?|July?|Aug(?:ust|\.)|Sept?(?:ember|\.)"
    r"|Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.))(?!\w)"
)
_DAY_NAMED = r"(?P<day>3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?"
_NO_COUNT = r"(?!\w|[.,:/-]?[0-9]|\s*,?\s*[0-9]{4}|\s*(?:%|per ?cent|million|billion|thousand|people|points|years))"
_NO_NAME = r"(?!\s+(?:[A-Z]|[0-9]))(?!['’-]\w{2})"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w.,:/-])(?P<date>{_DAY_NAMED}\s+(?:of\s+)?(?P<month>{_MONTH_ALONE}))",
        rf"(?<!\w)(?P<date>(?P<month>{_MONTH_ALONE})\s+{_DAY_NAMED}){_NO_COUNT}",
        rf"\b(?i:in|since|until|till|during|early|late|mid|(?:end|start|beginning|middle|month) of)[\s-]+"
        rf"(?P<date>(?P<month>{_MONTH_ALONE})){_NO_NAME}",
        rf"\b(?i:by|from|through|between|after|before)\s+(?P<date>(?P<month>(?!May){_MONTH_ALONE})){_NO_NAME}",
        rf"\b(?:[Aa]n?|[Tt]he|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)\s+(?P<date>(?P<month>(?!May){_MONTH_ALONE}))"
        r"(?=\s+(?!(?:of|on|for|to|against|and|or|through|in)\b)[a-z]{3})",
    )
)


def partials_in(text: str) -> list[Partial]:
    """In order, none of them part of a complete date."""
    taken = bytearray(len(text))
    partials: list[Partial] = []
    for when in dates_in(text):
        taken[when.start : when.end] = b"\1" * (when.end - when.start)
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("date")
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                day = int(match.groupdict().get("day") or 0)
                partials.append(Partial(start, end, month_number(match["month"]), day))
    return sorted(partials, key=lambda partial: partial.start)
