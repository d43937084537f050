"""Quotes in the order of the time they speak of, for "when" questions and for "how did it develop".

A sentence speaks of the first date in it, written out or resolved against its article; a law's year of birth ("the
1798 Alien Enemies Act") is a name and no such date. Where it names none it is as old as its article.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from index.records import Document
from rag.answer import Quote
from rag.language.dates import When, dates_in, written
from rag.language.relative_dates import lead_in, relative_notes, speaks_relatively
from rag.question.period import names_a_law


@dataclass(frozen=True, slots=True)
class Dated:
    """A quote and when it speaks of. `when` is None in an undated article without a date in the quote; its offsets
    are those of the words in the quote, and empty (0:0) for the article's own date. `shown` is "" if when is None."""

    quote: Quote
    when: When | None
    shown: str


def names_a_date(sentence: str) -> bool:
    """Could the sentence answer a "when" question: a date in it, a month without a year, or "last week"?"""
    return bool(dates_in(sentence)) or speaks_relatively(sentence)


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
