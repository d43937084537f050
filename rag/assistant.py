"""A question → an answer with citations, or an honest "the articles do not say": where everything is wired together."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache, partial
from itertools import chain, zip_longest
from pathlib import Path

from index.embed import Embedder
from index.records import Document, Hit
from index.scope import EVERYTHING, Filters
from index.search import Index, open_index
from index.settings import Settings, load_settings
from rag.answers import Answer, Citation, Frame, Quote, Reading, Reason, Segment, Workings
from rag.choose import choose
from rag.citations import cite
from rag.comparison import sides
from rag.compose import PLAIN, Times, abstention, compose, side, spelled, text_of
from rag.dialogue import Turn
from rag.hearing import Heard, hear, usable
from rag.judgement import wants_judgement
from rag.period import period_of
from rag.policy import InForce, in_force
from rag.question import Asked, analyse
from rag.reader import Reader, load_reader
from rag.refusal import outside, refusal
from rag.relative import Relative, relative_notes
from rag.spelling import Speller
from rag.suggest import Suggester
from rag.timeline import lead_in
from rag.tongue import other_language
from rag.weights import load_weights
from rag.widen import sentences_of, widen

READ_HITS = 20  # hits that are read, at most
_DAYS = 4  # views of the corpus on past days that are kept ready
CONFIDENCE_DIGITS = 4  # as it is shown and compared with the threshold
_NEAREST = 2


MakeReader = Callable[[Index], Reader]


@dataclass(frozen=True, slots=True)
class Rules:
    """When to answer, and with how many quotes."""

    threshold: float
    margin: float
    most: int
    policy: InForce | None


@dataclass(frozen=True, slots=True)
class Column:
    """The answer to one question, or to one side of a comparison: quotes, or a reason why there are none."""

    label: str
    asked: Asked
    reading: Reading
    quotes: tuple[Quote, ...]
    frame: Frame
    reason: Reason | None


class Assistant:
    """Immutable: one index, one reader. Share it between threads."""

    def __init__(
        self, index: Index, make_reader: MakeReader, settings: Settings, rules: Rules, known: Mapping[str, str] | None
    ) -> None:
        """With `known` (document id → a question written for it), answers come with what to ask next."""
        self.index = index
        self.rules = rules
        self.suggester = None if known is None else Suggester(self._said, index.document, index.document_ids, known)
        self._make_reader = make_reader
        self._reader = make_reader(index)
        self._settings = settings
        self._speller = Speller(index)
        self._on = lru_cache(maxsize=_DAYS)(self._at)

    def ask(
        self,
        question: str,
        *,
        limit: int | None = None,
        history: Sequence[Turn] = (),
        filters: Filters = EVERYTHING,
        as_of: date | None = None,
    ) -> Answer:
        """Raises BadQuestion for what is no question; never anything else for any text.

        `history` are the turns before it, oldest first; `as_of` answers as if later articles did not exist.
        """
        answer = self._said(question, limit=limit, history=history, filters=filters, as_of=as_of)
        if self.suggester and not (filters or as_of):
            answer = replace(answer, follow_ups=self.suggester.after(answer))
        return replace(answer, id=_digest(answer))

    def _said(
        self,
        question: str,
        *,
        limit: int | None = None,
        history: Sequence[Turn] = (),
        filters: Filters = EVERYTHING,
        as_of: date | None = None,
    ) -> Answer:
        """The answer without an id and without what to ask next."""
        there = self._on(as_of) if as_of else self
        heard = hear(usable(question, self._settings.max_question_chars), history, there._speller)
        columns = there._columns(heard, limit or self._settings.limit, filters)
        if (as_of or filters) and all(column.reason for column in columns):
            columns = tuple(map(_limited, columns)) if self._would_answer(heard) else columns
        return there._answer(question.strip(), heard, columns, limit or self._settings.limit)

    def search(
        self, question: str, *, limit: int | None = None, filters: Filters = EVERYTHING, as_of: date | None = None
    ) -> list[Hit]:
        """Passages only, in the same order as an answer's evidence. Raises BadQuestion."""
        there = self._on(as_of) if as_of else self
        heard = hear(usable(question, self._settings.max_question_chars), (), there._speller)
        return list(there._surest(heard.readings, limit or self._settings.limit, filters)[1].hits)

    def _at(self, day: date) -> "Assistant":
        return Assistant(self.index.as_of(day), self._make_reader, self._settings, self.rules, None)

    def _columns(self, heard: Heard, limit: int, filters: Filters) -> tuple[Column, ...]:
        """Two for a comparison that the articles answer on either side, else one."""
        compared = sides(heard.readings[0])
        if compared:
            columns = tuple(self._column((one.question,), limit, filters, one.label) for one in compared)
            said = [column.quotes for column in columns if not column.reason]
            if (said and said[0] != said[-1]) or len(said) == 1:
                return columns
        return (self._column(heard.readings, limit, filters),)

    def _column(self, readings: Sequence[str], limit: int, filters: Filters, label: str = "") -> Column:
        asked, reading = self._surest(readings, limit, filters)
        if not self._answers(asked, reading):
            period = period_of(asked.text)
            reason = refusal(asked, self.index, reading.hits, unfiltered=False, period=period)
            return Column(label, asked, reading, (), PLAIN, reason)
        choice = choose(
            asked,
            reading,
            self.index.document,
            lambda quote: self._widened(asked, quote),
            margin=self.rules.margin,
            most=self.rules.most,
        )
        return Column(label, asked, reading, choice.quotes, choice.frame, None)

    def _surest(self, readings: Sequence[str], limit: int, filters: Filters) -> tuple[Asked, Reading]:
        """Of several ways to read a question, the one that the articles answer best; of equals the first."""
        asked = [analyse(text, self.index.stem) for text in readings]
        return max(((one, self._read(one, limit, filters)) for one in asked), key=lambda pair: pair[1].confidence)

    def _read(self, asked: Asked, limit: int, filters: Filters) -> Reading:
        """`limit` hits: those that were read, in the reader's order, then the rest as they were found."""
        found = self.index.search(asked.text, limit=max(READ_HITS, limit), filters=filters)
        reading = self._reader.read(asked, found[:READ_HITS])
        return replace(reading, hits=(*reading.hits, *found[READ_HITS:])[:limit])

    def _answers(self, asked: Asked, reading: Reading) -> bool:
        sure = bool(reading.quotes) and round(reading.confidence, CONFIDENCE_DIGITS) >= self.rules.threshold
        return sure and not wants_judgement(asked.text) and not outside(asked.text, self.index, period_of(asked.text))

    def _would_answer(self, heard: Heard) -> bool:
        """Without filters and on today's articles."""
        return self._answers(*self._surest(heard.readings, READ_HITS, EVERYTHING))

    def _widened(self, asked: Asked, quote: Quote) -> Quote:
        name = quote.passage.document_id
        return widen(quote, self.index.document(name), sentences_of(self.index.passages(name)), asked.shape)

    def _answer(self, question: str, heard: Heard, columns: Sequence[Column], limit: int) -> Answer:
        quotes = [quote for column in columns for quote in column.quotes]
        citations = cite(quotes, self.index.document)
        segments = tuple(self._segments(heard, columns, citations))
        read = columns[0].asked.text if len(columns) == 1 else heard.readings[0]
        answered = [column for column in columns if not column.reason]
        deciding = min(answered or columns, key=lambda column: column.reading.confidence).reading
        return Answer(
            id="",
            question=question,
            status="answered" if answered else "abstained",
            text=text_of(segments, heard.language),
            segments=segments,
            citations=citations,
            evidence=_interleaved([column.reading.hits for column in columns])[:limit],
            confidence=round(deciding.confidence, CONFIDENCE_DIGITS),
            reason=None if answered else columns[0].reason,
            follow_ups=(),
            index_version=self.index.version,
            standalone=read if heard.follows and read != question else "",
            as_of=self.index.day,
            policy=self.rules.policy,
            workings=Workings(
                tuple(quote.contributions for quote in quotes), deciding.contributions, self.rules.threshold
            ),
        )

    def _segments(self, heard: Heard, columns: Sequence[Column], citations: Sequence[Citation]) -> list[Segment]:
        language = heard.language
        segments = [spelled(heard.respelled, language)] if heard.respelled else []
        begin = 0
        for column in columns:
            segments += [side(column.label, language)] if column.label else []
            if column.reason:
                nearest = [] if column.label else self._nearest(column.reading.hits)
                other = other_language(language, nearest)
                segments.append(abstention(column.reason, nearest, self.index.day, language, other))
            else:
                own = citations[begin : begin + len(column.quotes)]
                segments += compose(own, column.frame, self._times(own, language), language)
            begin += len(column.quotes)
        return segments

    def _times(self, citations: Sequence[Citation], language: str) -> Times:
        """What relative words in the quotes mean; an inferred date is good for a year, not for a day."""
        times: dict[int, list[Relative]] = {}
        for one in citations:
            before = lead_in(self.index.document(one.document_id).text, one.start)
            found = relative_notes(one.quote, one.published, before)
            sure = [each for each in found if "published" not in one.inferred or each.when.precision == "year"]
            times[one.marker] = [each for each in sure if language == "en" or each.meaning.isdigit()]
        return times

    def _nearest(self, hits: Sequence[Hit]) -> list[Document]:
        names = list(dict.fromkeys(hit.passage.document_id for hit in hits))[:_NEAREST]
        return [self.index.document(name) for name in names]


def open_assistant(
    data: str | Path | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    known: Mapping[str, str] | None = None,
) -> Assistant:
    """From a built index. Raises IndexMissing, IndexDamaged, IndexMismatch, ModelMissing or BadSetting."""
    settings = settings or load_settings(data=data)
    return assistant_over(open_index(settings.data, settings, embedder), settings, known=known)


def assistant_over(
    index: Index, settings: Settings, make_reader: MakeReader | None = None, known: Mapping[str, str] | None = None
) -> Assistant:
    """With the settings' reader, or another one. Raises IndexMismatch for a policy certified with other settings.

    The least confidence to answer comes from the settings, else from the policy that was certified for this index,
    else from the reader.
    """
    weights = load_weights(settings.reader)
    threshold, policy = in_force(settings, index.manifest, weights.threshold)
    rules = Rules(threshold, weights.margin, settings.max_quotes, policy)
    return Assistant(index, make_reader or partial(load_reader, settings.reader), settings, rules, known)


def _limited(column: Column) -> Column:
    assert column.reason
    return replace(column, reason=Reason("filtered", column.reason.missing, column.reason.apart))


def _interleaved(found: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """The best of each, then the second of each; a passage once."""
    kept: dict[int, Hit] = {}
    for hit in chain.from_iterable(zip_longest(*found)):
        if hit is not None:
            kept.setdefault(hit.row, hit)
    return tuple(kept.values())


def _digest(answer: Answer) -> str:
    """The same question on the same index gives the same id."""
    fields = json.dumps(asdict(answer), sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(fields.encode()).hexdigest()[:32]
