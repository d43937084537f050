"""Quotes in the order of the time they speak of, for "when" questions and for "how did it develop".

A sentence speaks of the first date in it, written out or resolved against its article; a law's year of birth ("the
1798 Alien Enemies Act") is a name and no such date. Where it names none it is as old as its article.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from index.records import Document
from rag.answer import Quote
from rag.language.dates import When, dates_in, written
from rag.language.relative_dates import lead_in, relative_notes

_LAW = (
    r"(?:acts?|laws?|treaty|treaties|agreements?|conventions?|codes?|constitution|accords?|protocols?|statutes?|charter"
    r"|decree)"
)
_LAW_BEHIND = re.compile(rf"\s+(?:[\w'’.-]+\s+){{0,4}}?{_LAW}\b", re.IGNORECASE)
_LAW_BEFORE = re.compile(rf"\b{_LAW}(?:,| of)?\s+$", re.IGNORECASE)
_DETERMINED = re.compile(r"\b(?:the|its|his|her|their|an?|our|this)\s+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dated:
    """A quote and when it speaks of. `when` is None in an undated article without a date in the quote; its offsets
    are those of the words in the quote, and empty (0:0) for the article's own date. `shown` is "" if when is None."""

    quote: Quote
    when: When | None
    shown: str


def chronological(quotes: Sequence[Quote], document_of: Callable[[str], Document]) -> tuple[Dated, ...]:
    """Oldest first; quotes of the same time stay in their order, those without any time come last."""
    return tuple(sorted((_dated(quote, document_of(quote.passage.document_id)) for quote in quotes), key=_order))


def _order(dated: Dated) -> tuple[bool, date, date]:
    when = dated.when
    return (False, when.first, when.last) if when else (True, date.max, date.max)


def _dated(quote: Quote, document: Document) -> Dated:
    sentence = document.text[quote.start : quote.end]
    named = [(when, sentence[when.start : when.end]) for when in dates_in(sentence) if not names_a_law(sentence, when)]
    notes = relative_notes(sentence, document.published, lead_in(document.text, quote.start))
    named += [(note.when, note.meaning) for note in notes]
    if named:
        return Dated(quote, *min(named, key=lambda found: found[0].start))
    if document.published is None:
        return Dated(quote, None, "")
    when = When(0, 0, document.published, document.published, "day")
    return Dated(quote, when, written(when))


def names_a_law(text: str, when: When) -> bool:
    """Is it a year that belongs to a law's name ("its 2020 security law", "the Act of 1984") and tells no time?"""
    before = text[max(0, when.start - 20) : when.start]
    if when.precision != "year" or when.first.year != when.last.year:
        return False
    if _LAW_BEFORE.search(before):
        return True
    return _DETERMINED.search(before) is not None and _LAW_BEHIND.match(text, when.end) is not None
