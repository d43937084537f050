"""The numbers and dates of a sentence with what each of them allows, and whether two of them can both be true.

Two figures contradict unless one allows the other: equal, rounded ("83 %" and "83.1 %"), inside a range or a longer
time ("April 2025" in "2025"), or beyond a bound up to the next round figure ("over 80 %" allows 83 % but not 95 %).
Two bounds on the same side are two statements as soon as they differ: "over 80 %" beside "over 83 %".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isfinite

from rag.language.patterns import read_patterns
from rag.language.quantities import Value, may_be_one, values
from rag.language.word_lists import A_MONTH, MONTHS

_MONTH = {name[:3].lower(): n for n, name in enumerate(MONTHS, start=1)}
_TEXT = read_patterns("rag.language", "facts.txt", A_MONTH=A_MONTH)
_DATE, _BETWEEN, _NUMBERING = map(_TEXT.cased, ("DATE", "BETWEEN", "NUMBERING"))
_QUALIFIER = _TEXT.compiled("QUALIFIER")
_QUALIFIER_CHARS = 32
_ABOUT_SHARE = 0.05  # "around 80" allows what lies at most so far from it, relatively
_OPENS = re.compile(r"\b(?:between|from) \S{0,3}$", re.IGNORECASE)
_CALENDAR = ("year", "decade", "day")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as far as it is said; None stands for what is not."""

    first: int | None  # year
    last: int | None  # another year than `first` for a decade, a century or a stretch of years
    month: int | None
    day: int | None
    span: bool = False  # printed with beginning and end: "1846–1848"


@dataclass(frozen=True, slots=True)
class Fact:
    """A number or date at start:end of a sentence, its qualifier ("over") included in the range and in the words."""

    start: int
    end: int
    printed: str
    unit: str  # "date", or the number's own
    figures: tuple[float, ...]  # one, or the ends of a range; none of a date
    low: float  # low..high: the figures that do not contradict it
    high: float
    bound: int  # 1: a least, -1: a most, else 0
    moment: Moment | None


def facts(text: str) -> tuple[Fact, ...]:
    """All numbers and dates of a sentence in order, none overlapping."""
    dates = [_date(text, match) for match in _DATE.finditer(text)]
    taken = [(fact.start, fact.end) for fact in dates]
    taken += [match.span() for match in _NUMBERING.finditer(text)]
    free = [v for v in values(text) if not any(v.start < end and start < v.end for start, end in taken)]
    calendar = [_year(text, value) for value in free if value.unit in ("year", "decade")]
    numbers = [_number(text, value) for value in free if value.unit not in _CALENDAR]
    return tuple(_ranges(text, sorted((*dates, *calendar, *numbers), key=lambda fact: fact.start)))


def differ(a: Fact, b: Fact) -> bool:
    """Can they not both be true of the same thing? Facts of different units never differ: nothing compares them."""
    if a.unit != b.unit:
        return False
    if a.moment and b.moment:
        return not (_within(a.moment, b.moment) or _within(b.moment, a.moment))
    if a.figures == b.figures:
        return False
    if a.bound and a.bound == b.bound:
        return True
    return not (_allows(a, b) or _allows(b, a))


def said_alike(a: Fact, b: Fact) -> bool:
    """The same figure or date, whatever stands before it."""
    return a.unit == b.unit and a.figures == b.figures and a.moment == b.moment


def states(said: Fact, claimed: Fact) -> bool:
    """Does what is said bear out what is claimed? Equal or more exact; a rounder claim is borne out, a bound only by
    its own figure or a figure within it."""
    if said.moment and claimed.moment:
        return _states_date(said.moment, claimed.moment)
    if said.moment or claimed.moment or not said.figures or not claimed.figures:
        return False
    if len(said.figures) != len(claimed.figures) and len(claimed.figures) > 1:
        return False
    if (claimed.bound and said.bound and claimed.bound != said.bound) or not may_be_one(said.unit, claimed.unit):
        return False
    within = all(claimed.low <= figure <= claimed.high for figure in said.figures)
    return said.figures == claimed.figures or (within and not said.bound)


def _states_date(said: Moment, claimed: Moment) -> bool:
    """Every part of the claimed date is said: of "in March" no year is borne out."""
    if claimed.month not in (None, said.month) or claimed.day not in (None, said.day):
        return False
    if claimed.first is None:
        return True
    if said.first is None or said.last is None or claimed.last is None:
        return False
    if claimed.span or said.span:
        return (said.first, said.last) == (claimed.first, claimed.last)
    return claimed.first <= said.first and said.last <= claimed.last


def _allows(a: Fact, b: Fact) -> bool:
    slack = 1e-9 * max(abs(a.low), abs(a.high), 1.0)
    return all(a.low - slack <= figure <= a.high + slack for figure in b.figures)


def _within(a: Moment, b: Moment) -> bool:
    """Is what `a` says of its date part of `b`, as far as both say something? Two spans are told by both their ends."""
    if a.span and b.span:
        return a == b
    if a.first is not None and b.first is not None and not (b.first <= a.first and (a.last or 0) <= (b.last or 0)):
        return False
    pairs = ((a.month, b.month), (a.day, b.day))
    return all(mine is None or other is None or mine == other for mine, other in pairs)


def _date(text: str, match: re.Match[str]) -> Fact:
    groups = {name: value for name, value in match.groupdict().items() if value}
    start, end = match.span()
    if century := groups.get("century"):
        first = int(century) * 100 - 100
        return _dated(text, start, end, Moment(first, first + 99, None, None))
    parts = {name.split("_")[0]: value for name, value in groups.items()}
    year = int(parts["year"]) if "year" in parts else None
    month = int(parts["month"]) if parts["month"].isdigit() else _MONTH[parts["month"][:3].lower()]
    return _dated(text, start, end, Moment(year, year, month, int(parts["day"]) if "day" in parts else None))


def _year(text: str, value: Value) -> Fact:
    first = int(value.value)
    return _dated(text, value.start, value.end, Moment(first, first + 9 * (value.unit == "decade"), None, None))


def _dated(text: str, start: int, end: int, moment: Moment) -> Fact:
    return Fact(start, end, text[start:end], "date", (), 0.0, 0.0, 0, moment)


def _number(text: str, value: Value) -> Fact:
    """What the figure allows: half of its last printed place; with a qualifier, up to the next round figure."""
    printed = text[value.start : value.end]
    qualifier = _QUALIFIER.search(text, max(value.start - _QUALIFIER_CHARS, 0), value.start)
    figure, place, round_ = value.value, _last_place(printed, value.value), _round_place(value.value)
    low, high, bound = figure - place / 2, figure + place / 2, 0
    if qualifier and qualifier["over"]:
        low, high, bound = figure, figure + round_, 1
    elif qualifier and qualifier["under"]:
        low, high, bound = figure - round_, figure, -1
    elif qualifier:
        slack = max(place / 2, abs(figure) * _ABOUT_SHARE)
        low, high = figure - slack, figure + slack
    start = qualifier.start() if qualifier else value.start
    unit = "$" if value.unit in ("US$", "USD") else value.unit
    return Fact(start, value.end, text[start : value.end], unit, (figure,), low, high, bound, None)


def _last_place(printed: str, figure: float) -> float:
    """The worth of the last printed digit: 0.1 of "1.2", 100,000 of "1.2 million"; 0 of whole numbers without scale.

    A whole number may be a count: 53 consulates are not 53.4, and only a more precise decimal may round to it.
    """
    digits = re.search(r"\d[\d,]*(?:\.(?P<decimals>\d+))?", printed)
    if not digits or not figure:
        return 0.0
    bare = float(digits.group().replace(",", "").rstrip("."))
    scale = abs(figure) / bare if bare else 1.0
    return float(scale * 10.0 ** -len(digits["decimals"] or ""))


def _round_place(figure: float) -> float:
    """The worth of the last digit that is not 0: 10 of 80, 100,000 of 100,000."""
    if not figure or not isfinite(figure):  # four hundred digits are more than a float holds
        return 0.0
    digits = Decimal(repr(abs(figure))).normalize()
    return float(Decimal(1).scaleb(int(digits.as_tuple().exponent)))


def _ranges(text: str, ordered: list[Fact]) -> Iterator[Fact]:
    """Two facts that are the ends of a range become one."""
    at = 0
    while at < len(ordered):
        ends = at + 1 < len(ordered) and _is_range(text, ordered[at], ordered[at + 1])
        yield _joined(text, ordered[at], ordered[at + 1]) if ends else ordered[at]
        at += 2 if ends else 1


def _is_range(text: str, a: Fact, b: Fact) -> bool:
    between = _BETWEEN.fullmatch(text, a.end, b.start)
    if a.unit != b.unit or not between:
        return False
    return between.group().strip() != "and" or _OPENS.search(text, 0, a.start + 1) is not None


def _joined(text: str, a: Fact, b: Fact) -> Fact:
    whole = replace(a, end=b.end, printed=text[a.start : b.end], bound=0)
    if a.moment and b.moment:
        years = [year for m in (a.moment, b.moment) for year in (m.first, m.last) if year is not None]
        return replace(whole, moment=Moment(min(years), max(years), None, None, span=True)) if years else whole
    figures = tuple(sorted((*a.figures, *b.figures)))
    return replace(whole, figures=figures, low=figures[0], high=figures[-1])
