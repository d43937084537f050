"""One index, or one past day of it, and what reads it: a question's readings → columns of quotes or reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from index.ranking.filters import EVERYTHING, Filters
from index.records import Hit
from index.search import Index
from rag.answer import CONFIDENCE_DIGITS, PLAIN, AnswerPart, Dropped, Quote, Reading
from rag.language.casing import Casing
from rag.language.quantities import spelled_out
from rag.policy import InForce
from rag.question.analysis import Asked, analyse, with_names
from rag.question.comparison import sides
from rag.question.out_of_scope import is_out_of_scope
from rag.question.period import period_of
from rag.question.spelling import Speller
from rag.reading.reader import Reader
from rag.refusal import outside, refusal
from rag.selection.choose import choose, holds
from rag.selection.context import sentences_of, with_context

READ_HITS = 20  # hits that are read, at most

MakeReader = Callable[[Index], Reader]


@dataclass(frozen=True, slots=True)
class Rules:
    """When to answer, and with how many quotes."""

    threshold: float
    margin: float
    most: int
    policy: InForce | None


class Pipeline:
    """Immutable; what it keeps are only things worked out before."""

    def __init__(self, index: Index, make_reader: MakeReader, rules: Rules) -> None:
        self.index = index
        self.speller = Speller(index)
        self._casing = Casing(index)
        self._reader = make_reader(index)
        self._rules = rules

    def columns(self, readings: Sequence[str], limit: int, filters: Filters) -> tuple[AnswerPart, ...]:
        """Two for a comparison that the articles answer on either side, else one."""
        compared = sides(readings[0])
        if compared:
            columns = tuple(self._column((one.question,), limit, filters, one.label) for one in compared)
            said = [_places(column.quotes) for column in columns if not column.reason]
            if (said and said[0] != said[-1]) or len(said) == 1:
                return columns
        return (self._column(readings, limit, filters),)

    def answers(self, readings: Sequence[str]) -> bool:
        """Would it, without any filter?"""
        return self._sure(*self.surest(readings, READ_HITS, EVERYTHING))

    def surest(self, readings: Sequence[str], limit: int, filters: Filters) -> tuple[Asked, Reading]:
        """Of several ways to read a question, the one that the articles answer best; of equals the first."""
        asked = [with_names(analyse(spelled_out(text), self.index.stem), self._casing.is_name) for text in readings]
        return max(((one, self._read(one, limit, filters)) for one in asked), key=lambda pair: pair[1].confidence)

    def _column(self, readings: Sequence[str], limit: int, filters: Filters, label: str = "") -> AnswerPart:
        asked, reading = self.surest(readings, limit, filters)
        if not self._sure(asked, reading):
            reason = refusal(asked, self.index, reading.hits, unfiltered=False, period=period_of(asked.text))
            refused = tuple(Dropped(quote, "refused") for quote in reading.quotes)
            return AnswerPart(label, asked, reading, (), PLAIN, reason, refused)
        choice = choose(
            asked,
            reading,
            self.index.document,
            lambda quote: self.widened(asked, quote),
            margin=self._rules.margin,
            most=self._rules.most,
        )
        return AnswerPart(label, asked, reading, choice.quotes, choice.frame, None, choice.dropped)

    def _read(self, asked: Asked, limit: int, filters: Filters) -> Reading:
        """`limit` hits: those that were read, in the reader's order, then the rest as they were found."""
        found = self.index.search(asked.text, limit=max(READ_HITS, limit), filters=filters)
        reading = self._reader.read(asked, found[:READ_HITS])
        return replace(reading, hits=(*reading.hits, *found[READ_HITS:])[:limit])

    def _sure(self, asked: Asked, reading: Reading) -> bool:
        sure = bool(reading.quotes) and round(reading.confidence, CONFIDENCE_DIGITS) >= self._rules.threshold
        return sure and not is_out_of_scope(asked.text) and not outside(asked.text, self.index, period_of(asked.text))

    def widened(self, asked: Asked, quote: Quote) -> Quote:
        """With what it leans on."""
        name = quote.passage.document_id
        return with_context(quote, self.index.document(name), sentences_of(self.index.passages(name)), asked.shape)


def _places(quotes: Sequence[Quote]) -> list[tuple[str, int, int]]:
    return [(quote.passage.document_id, quote.start, quote.end) for quote in quotes]


def evidence_of(columns: Sequence[AnswerPart], limit: int) -> tuple[Hit, ...]:
    """The best hit of each column, then the second of each …; a passage once."""
    kept: dict[int, Hit] = {}
    for place in range(max(len(column.reading.hits) for column in columns)):
        for column in columns:
            for hit in column.reading.hits[place : place + 1]:
                kept.setdefault(hit.row, hit)
    return tuple(kept.values())[:limit]


def said_by(columns: Sequence[AnswerPart]) -> tuple[list[Quote], list[Dropped]]:
    """The quotes of all columns, and what none of them says; one column may well drop what another one says."""
    quotes = [quote for column in columns for quote in column.quotes]
    dropped: list[Dropped] = []
    for column in columns:
        others = [quote for other in columns if other is not column for quote in other.quotes]
        others += [one.quote for one in dropped]
        dropped += [one for one in column.dropped if not any(holds(other, one.quote) for other in others)]
    return quotes, dropped


# Evidence without an answer: the reader's best quotes, numbered, for people who bring a model of their own.


def spans(columns: Sequence[AnswerPart], desk: Pipeline, limit: int) -> tuple[list[Quote], list[Dropped]]:
    """At most `limit` quotes that share no word, best first, the columns in turn, sure or not; and what is left over.

    Each comes with what it leans on, unless that is quoted already. A reader gives about ten.
    """
    kept: list[Quote] = []
    dropped: list[Dropped] = []
    offered: set[tuple[str, int, int]] = set()
    for row in zip_longest(*(column.reading.quotes for column in columns)):
        for column, quote in zip(columns, row, strict=True):
            if quote is None or (place := (quote.passage.document_id, quote.start, quote.end)) in offered:
                continue
            offered.add(place)
            forms = (desk.widened(column.asked, quote), quote)
            fitting = [form for form in forms if not any(_overlap(form, other) for other in kept)]
            if fitting and len(kept) < limit:
                kept.append(fitting[0])
            else:
                dropped.append(Dropped(quote, "max_quotes" if fitting else "within"))
    return kept, dropped


def _overlap(one: Quote, other: Quote) -> bool:
    same = one.passage.document_id == other.passage.document_id
    return same and one.start < other.end and other.start < one.end
