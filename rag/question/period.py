"""The time that a question asks about, and whether it asks how something went over time."""

import re
from datetime import date, timedelta

from rag.language.dates import When, dates_in

Period = tuple[date, date]

_NEAR = 40  # characters before a date that are looked at

_BEFORE = re.compile(r"\b(?:before|prior to|earlier than|ahead of|antes del?)\s+(?:the\s+)?(?:start of\s+)?$")
_AFTER = re.compile(r"\b(?:after|later than|beyond|despu[eé]s del?)\s+(?:the\s+)?(?:end of\s+)?$")
_SINCE = re.compile(r"\b(?:since|from|starting in|onwards? from|desde)\s+(?:the\s+)?(?:(?:early|late|mid)[ -])?$")
_UNTIL = re.compile(r"\b(?:until|till|up to|through|no later than|by|hasta)\s+(?:the\s+)?(?:(?:early|late|mid)[ -])?$")
_DEVELOPS = "(?:develop|evolve|change|progress|unfold|grow|grown|shift|vary|decline|rise|fall|fluctuate|come about)"
_DEVELOPED = "(?:developed|evolved|changed|progressed|unfolded|grown|shifted|varied|declined|risen|fallen|fluctuated)"
_TIMELINE = re.compile(
    rf"\bhow (?:did|does|do) .{{1,200}}?\b{_DEVELOPS}\b(?! (?:to|the|an?|its|their|his|her)\b)"
    rf"|\bhow (?:has|have|had) .{{1,200}}?\b{_DEVELOPED}\b(?! (?:the|an?|its|their|his|her)\b)"
    r"|\b(?:a |the |^)?(?:time ?line|chronology) (?:of|for|showing)\b|\b(?:a|the) time ?line\b(?=\W*$)"
    r"|\b(?:in chronological order|sequence of events|course of events|(?:main|key|important) milestones)\b"
    r"|(?<!\bin )\b(?:the |a |brief )histor(?:y|ia) (?:of|behind)\b|^histor(?:y|ia) (?:of|de)\b"
    r"|\bover (?:the (?:\w+ )?(?:years|decades|centuries|months|weeks)|time)\b"
    r"|\bthrough(?:out)? the (?:years|decades)\b|\b(?:year by year|from year to year|in (?:what|which) order)\b"
    r"|\bwhat (?:has |have |had )?(?:happened|changed|events took place|took place)\b.{0,200}\b(?:between|since)\b"
    r"|\b(?:evolution|development) of .{1,200}\b(?:since|over|from|between)\b"
    r"|\bc[oó]mo (?:han? (?:cambiado|evolucionado|crecido)|(?:cambi|evolucion|se desarroll)(?:ó|aron))(?!\w)"
    r"|\b(?:cronolog[ií]a|l[ií]nea del? tiempo|a lo largo de los años)\b",
    re.IGNORECASE,
)
_LAW = (
    r"(?:acts?|laws?|treaty|treaties|agreements?|conventions?|codes?|constitution|accords?|protocols?|statutes?|charter"
    r"|decree)"
)
_LAW_BEHIND = re.compile(rf"\s+(?:[\w'’.-]+\s+){{0,4}}?{_LAW}\b", re.IGNORECASE)
_LAW_BEFORE = re.compile(rf"\b{_LAW}(?:,| of)?\s+$", re.IGNORECASE)
_DETERMINED = re.compile(r"\b(?:the|its|his|her|their|an?|our|this)\s+$", re.IGNORECASE)


def wants_timeline(question: str) -> bool:
    """Does the question ask how something went over time, so that an answer is quotes in the order of their dates?"""
    return _TIMELINE.search(question) is not None


def period_of(question: str) -> Period | None:
    """First and last day that the question asks about, None where it names no time.

    "Before 1990" begins at `date.min` and "since 2001" ends at `date.max`; of several dates it is all from the first
    to the last. A day that the calendar ends with has nothing after it.
    """
    periods = [_asked(question, when) for when in dates_in(question) if not names_a_law(question, when)]
    if not periods:
        return None
    return min(first for first, _ in periods), max(last for _, last in periods)


def names_a_law(text: str, when: When) -> bool:
    """Is it a year that belongs to a law's name ("its 2020 security law", "the Act of 1984") and tells no time?"""
    before = text[max(0, when.start - 20) : when.start]
    if when.precision != "year" or when.first.year != when.last.year:
        return False
    if _LAW_BEFORE.search(before):
        return True
    return _DETERMINED.search(before) is not None and _LAW_BEHIND.match(text, when.end) is not None


def _asked(question: str, when: When) -> Period:
    lead, day = question[max(0, when.start - _NEAR) : when.start].lower(), timedelta(days=1)
    if _BEFORE.search(lead):
        return date.min, max(when.first, date.min + day) - day
    if _AFTER.search(lead):
        return min(when.last, date.max - day) + day, date.max
    if _SINCE.search(lead) and not _span(question, when):
        return when.first, date.max
    if _UNTIL.search(lead):
        return date.min, when.last
    return when.first, when.last


def _span(question: str, when: When) -> bool:
    """Is it a range of two ("from 2001 to 2006"), which ends where it says?"""
    return (
        re.search(r"\w\s*[-–—]\s*\w|\s(?:to|until|through|till|and|hasta|al?|y)\s", question[when.start : when.end])
        is not None
    )
