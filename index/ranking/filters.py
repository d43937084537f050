"""Which documents a question is asked of: filters that somebody gives, checked before anything is searched.

An empty filter lets everything pass. A document without a date never passes a filter on dates: nothing shows that it
lies within them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from index.errors import BadQuestion
from index.records import Head
from index.text.words import spellings

KEYS = ("authors", "documents", "published_from", "published_to")


@dataclass(frozen=True, slots=True)
class Filters:
    """All that are given must hold; true when there is any."""

    documents: frozenset[str] = frozenset()  # ids, any of them
    authors: frozenset[str] = frozenset()  # names or whole words of names, any of them; case and accents do not count
    published_from: date | None = None  # inclusive
    published_to: date | None = None  # inclusive

    def __bool__(self) -> bool:
        return self != Filters()

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Filters":
        """From JSON-like values: two lists of texts and two days as YYYY-MM-DD; null and [] count as not given.

        Raises BadQuestion naming the key and the value.
        """
        for key in given:
            if key not in KEYS:
                raise BadQuestion(f"unknown filter {key!r}; known are {', '.join(KEYS)}")
        days = {key: given[key] for key in ("published_from", "published_to") if given.get(key) is not None}
        begin, end = (parse_day(days[key], key) if key in days else None for key in ("published_from", "published_to"))
        if begin and end and begin > end:
            raise BadQuestion(f"published_from {begin} is later than published_to {end}; exchange them")
        return cls(_texts(given.get("documents"), "documents"), _texts(given.get("authors"), "authors"), begin, end)

    def passes(self, head: Head) -> bool:
        """Whether the document may be searched."""
        dated = self.published_from is not None or self.published_to is not None
        return (
            (not self.documents or head.id in self.documents)
            and (not self.authors or any(means(author, head.author) for author in self.authors))
            and (not dated or self._within(head.published))
        )

    def _within(self, day: date | None) -> bool:
        if day is None:
            return False
        return (self.published_from or day) <= day <= (self.published_to or day)


EVERYTHING = Filters()


def means(given: str, name: str) -> bool:
    """Is somebody of that name meant, whose first names may be left out ("Ellis" for "R. Evan Ellis")? "" is nobody."""
    asked, named = map(_words_of, (given, name))
    runs = (named[at : at + len(asked)] for at in range(len(named)))
    return any(run == asked for run in runs) if asked and named else asked == named


@lru_cache(maxsize=8192)
def _words_of(name: str) -> tuple[str, ...]:
    """Asked for every document of the index; most authors wrote several."""
    return tuple(spellings(name))


def parse_day(given: object, name: str) -> date:
    """From YYYY-MM-DD or a date. Raises BadQuestion that names the field and the value."""
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        day = date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != given:  # fromisoformat also takes 20250301 and 2025-W09-6
        raise BadQuestion(f"{name} is {given!r}; give a day of the calendar as YYYY-MM-DD, such as 2025-03-01")
    return day


def _texts(given: object, name: str) -> frozenset[str]:
    if given is None:
        return frozenset()
    if not isinstance(given, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in given):
        raise BadQuestion(f'{name} is {given!r}; give a list of texts, such as ["…"]')
    return frozenset(given)
