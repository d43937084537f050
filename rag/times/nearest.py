"""Which June, which 10 June, which Monday an article means: the nearest one on the side that the verb points to.

An explicit date just before ("In 2024 …, in March") must lead to the same day, or nothing is said.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from rag.times.dates import When, month_of, safe_day
from rag.times.partials import Partial
from rag.times.tense import Tense

_OLD_YEARS = 2  # a month or day said this long before the article is history, which carries its own year
_FAR_DAYS = 183  # "in November", in the past, in a September: too far back to be sure that it is not the coming one
_OLD_DAYS = 14  # a weekday beside a day or month this far from the article belongs to that


def month_meant(partial: Partial, published: date, tense: Tense, told: Sequence[When]) -> tuple[date, date] | None:
    """First and last day of the month or day meant; None where it cannot be told. `told`: explicit dates before it."""
    past = [when for when in told if when.first <= published]
    latest = past[-1] if past else None
    if latest and latest.first.year < published.year - _OLD_YEARS:
        return _following(partial, latest)
    meant = _nearest(partial, published, tense)
    return None if meant and latest and not _agrees(partial, latest, meant) else meant


def _nearest(partial: Partial, published: date, tense: Tense) -> tuple[date, date] | None:
    """A month that the article itself stands in is passed over: "in June" in a June may be last year's."""
    if not tense or (partial.month == published.month and not partial.day):
        return None
    this = _in_year(partial, published.year)
    if this and (this[1] <= published if tense == "past" else this[0] > published):
        return this
    other = _in_year(partial, published.year + (1 if tense == "future" else -1))
    far = other is None or (tense == "past" and (published - other[1]).days > _FAR_DAYS)
    return None if far else other


def weekday_meant(weekday: int, published: date, tense: Tense, told: Sequence[When]) -> date | None:
    """The day meant by "on Monday" (0); the day itself counts as past."""
    far = (when for when in told if when.precision in ("day", "month") and _apart(when, published) > _OLD_DAYS)
    if not tense or next(far, None):
        return None
    back = (published.weekday() - weekday) % 7
    return published - timedelta(days=back) if tense == "past" else published + timedelta(days=7 - back)


def _apart(when: When, published: date) -> int:
    """Days between the period and the day, 0 if it is inside."""
    return max((when.first - published).days, (published - when.last).days, 0)


def _in_year(partial: Partial, year: int) -> tuple[date, date] | None:
    if not partial.day:
        return month_of(year, partial.month)
    day = safe_day(year, partial.month, partial.day)
    return (day, day) if day else None


def _following(partial: Partial, told: When) -> tuple[date, date] | None:
    """The month within the same year as a month or day that was told before it ("in June 1846 … in August")."""
    if told.precision not in ("day", "month") or partial.month <= told.last.month:
        return None
    return _in_year(partial, told.last.year)


def _agrees(partial: Partial, told: When, meant: tuple[date, date]) -> bool:
    """Does the story go from `told` to `meant` within a year and without a second choice?"""
    if told.precision in ("day", "month"):
        year = told.last.year + (partial.month < told.last.month)
        return meant[0].year == year
    return told.last.year == meant[0].year
