"""Days and months without a year, as a text writes them: "20 January", "in June", "a March summit".

Only with a capital, and only where grammar makes a date of it: May, March, April and August are names and verbs too.
"""

import re
from dataclasses import dataclass

from rag.times.dates import dates_in, month_number


@dataclass(frozen=True, slots=True)
class Partial:
    """A month, or a day of a month, that stands at start:end without a year. `day` is 0 where only a month is named."""

    start: int
    end: int
    month: int
    day: int


_MONTH = (
    r"(?:Jan(?:uary|\.)|Feb(?:ruary|\.)|Mar(?:ch|\.)|Apr(?:il|\.)|May|June?|July?|Aug(?:ust|\.)|Sept?(?:ember|\.)"
    r"|Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.))(?!\w)"
)
_DAY = r"(?P<day>3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?"
_NO_COUNT = r"(?!\w|[.,:/-]?[0-9]|\s*,?\s*[0-9]{4}|\s*(?:%|per ?cent|million|billion|thousand|people|points|years))"
_NO_NAME = r"(?!\s+(?:[A-Z]|[0-9]))(?!['’-]\w{2})"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w.,:/-])(?P<date>{_DAY}\s+(?:of\s+)?(?P<month>{_MONTH}))",
        rf"(?<!\w)(?P<date>(?P<month>{_MONTH})\s+{_DAY}){_NO_COUNT}",
        rf"\b(?i:in|since|until|till|during|early|late|mid|(?:end|start|beginning|middle|month) of)[\s-]+"
        rf"(?P<date>(?P<month>{_MONTH})){_NO_NAME}",
        rf"\b(?i:by|from|through|between|after|before)\s+(?P<date>(?P<month>(?!May){_MONTH})){_NO_NAME}",
        rf"\b(?:[Aa]n?|[Tt]he|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)\s+(?P<date>(?P<month>(?!May){_MONTH}))"
        r"(?=\s+(?!(?:of|on|for|to|against|and|or|through|in)\b)[a-z]{3})",
    )
)


def partials_in(text: str) -> list[Partial]:
    """In order, none of them part of a complete date."""
    taken = bytearray(len(text))
    found: list[Partial] = []
    for when in dates_in(text):
        taken[when.start : when.end] = b"\1" * (when.end - when.start)
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("date")
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Partial(start, end, month_number(match["month"]), int(match.groupdict().get("day") or 0)))
    return sorted(found, key=lambda partial: partial.start)
