"""One index, or one past day of it, and what reads it: a question's readings → quotes, or why there are none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

from index.ranking.cross_encoder import RERANKED, CrossEncoderRanker
from index.ranking.filters import EVERYTHING, Filters
from index.records import Hit
from index.search import Index
from index.text.words import cut, of_asking, stop_words, words
from rag.answer import CONFIDENCE_DIGITS, PLAIN, AnswerPart, Dropped, Quote, Reading, Reason, Rule
from rag.catalogue import Catalogue
from rag.language.quantities import spelled_out
from rag.policy import InForce
from rag.question.analysis import Query, analyse, holds_kind, with_names
from rag.question.spelling import Casing, Speller, holds_code, is_code, with_codes, with_short_forms, within_limits
from rag.reading.candidates import NOT_WHETHER
from rag.reading.reader import Reader
from rag.refusal import refusal
from rag.selection.choose import choose, holds
from rag.selection.context import apart, sentences_of, with_context
from rag.selection.frames import asked, comparable, measured
from rag.selection.key_sentences import SMALL_PRINT
from rag.structure import ASIDE, of_a_version

READ_HITS = 20  # hits that are read, at most
_DOUBT = -1.0  # log odds; at less the best sentence hardly answers

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

    def __init__(
        self, index: Index, make_reader: MakeReader, rules: Rules, reranker: CrossEncoderRanker | None = None
    ) -> None:
        self.index = index
        self.catalogue = Catalogue(index)
        self._reranker = reranker
        self.speller = Speller(index)
        self._casing = Casing(index)
        self._reader = make_reader(index)
        self._rules = rules

    def parts(self, readings: Sequence[str], limit: int, filters: Filters) -> tuple[AnswerPart, ...]:
        """Two with labels for a comparison that the articles answer on either side, else plain ones: one, or those of
        the sides that are answered where the whole is not."""
        queries = self._queries(readings)
        if not queries[0].sides:
            return (self._part(queries, limit, filters),)
        sides = [self._side(one.question, limit, filters, one.label) for one in queries[0].sides]
        if compared := self._compared(sides):
            return compared
        whole = self._part(queries, limit, filters)
        return (_untold(sides) if whole.reason else ()) or (whole,)

    def _side(self, question: str, limit: int, filters: Filters, label: str) -> AnswerPart:
        """A thing that is only named is asked for; figures may be told of what is measured in other words."""
        queries = self._queries([question])
        return self._part(
            queries if measured(queries[0]) else self._queries([asked(queries[0])]), limit, filters, label
        )

    def _compared(self, sides: Sequence[AnswerPart]) -> tuple[AnswerPart, ...]:
        """Both sides, each with the quotes that answer its own question; a side that names what no article holds may
        lack them. Nothing where they do not compare."""
        answered = [part for part in sides if not part.reason]
        if len(answered) == 1:
            lacking = [part for part in sides if part.reason and part.reason.missing]
            return tuple(sides) if lacking else ()
        kept = comparable(self._reader.finding, [(part.query, part.quotes) for part in sides]) if answered else None
        if not kept or [one.place for one in kept[0]] == [one.place for one in kept[1]]:
            return ()
        return tuple(_only(part, quotes) for part, quotes in zip(sides, kept, strict=True))

    def answers(self, readings: Sequence[str]) -> bool:
        """Would it, without any filter?"""
        return self._refused(*self._best_reading(self._queries(readings), READ_HITS, EVERYTHING)) is None

    def best_reading(self, readings: Sequence[str], limit: int, filters: Filters) -> Reading:
        """Of several ways to read a question, the one that the articles answer best; of equals the first."""
        return self._best_reading(self._queries(readings), limit, filters)[1]

    def read(self, readings: Sequence[str], limit: int, filters: Filters) -> list[Hit]:
        """The hits in the order of an answer's evidence."""
        return list(self.best_reading(readings, limit, filters).hits)

    def found(self, readings: Sequence[str], limit: int, filters: Filters) -> list[Hit]:
        """The hits of the first way to read a question, in fused order; none of them is read."""
        return self._search(self._queries(readings[:1])[0], limit, filters)

    def _search(self, query: Query, limit: int, filters: Filters) -> list[Hit]:
        if self._reranker is None:
            return self.index.search(query.text, limit=limit, filters=filters)
        hits = self.index.search(query.text, limit=max(RERANKED, limit), filters=filters)
        return self._reranker.ordered(query.text, hits)[:limit]

    def _queries(self, readings: Sequence[str]) -> list[Query]:
        texts = (with_codes(with_short_forms(spelled_out(text), self.index), self.index) for text in readings)
        queries = (analyse(text, self.index.stem, self.index.asked) for text in texts)
        return [with_names(query, self._casing.is_name) for query in queries]

    def _best_reading(self, queries: Sequence[Query], limit: int, filters: Filters) -> tuple[Query, Reading]:
        read = (self._read(query, limit, filters) for query in queries)
        return max(read, key=lambda pair: pair[1].confidence)

    def _part(self, queries: Sequence[Query], limit: int, filters: Filters, label: str = "") -> AnswerPart:
        query, reading = self._best_reading(queries, limit, filters)
        reason = self._refused(query, reading)
        told, rules = (query, reading, self.index.document, partial(self.widened, query)), self._rules
        choice = None if reason else choose(*told, margin=rules.margin, most=rules.most, read=self._reader.finding)
        if query.shape == "timeline" and (choice is None or choice.frame.kind != "timeline"):
            return self._happened(query, limit, filters, label)
        if choice is None:
            refused = tuple(Dropped(quote, "refused") for quote in reading.quotes)
            small = {row for row, quote in reading.best.items() if SMALL_PRINT.search(quote.words)}
            last = sorted(reading.hits, key=lambda hit: hit.row in small)
            return AnswerPart(label, query, replace(reading, hits=tuple(last)), (), PLAIN, reason, refused)
        return AnswerPart(label, query, reading, choice.quotes, choice.frame, None, choice.dropped)

    def _happened(self, query: Query, limit: int, filters: Filters, label: str) -> AnswerPart:
        """Where no course of events is told: read like every question, as it stands or as one for what happened."""
        what = self._queries([f"What happened to {query.subject}?"])
        return self._part([replace(query, shape=""), *what], limit, filters, label)

    def _refused(self, query: Query, reading: Reading) -> Reason | None:
        looked_up = bool(reading.quotes) and is_code(query.text) and holds_code(reading.quotes[0].words, query.text)
        sure = looked_up or (self._sure(reading) and not self._echoes(query, reading.quotes[0]))
        if sure and query.scope and (judged := query.scope.judged):
            said = {cut(word.text, self.index.stem) for word in words(reading.quotes[0].words)}
            sure = any(cut(word.text, self.index.stem) in said for each in judged for word in words(each))
        # Of steps the model knows little: it was trained on no question how something is done; nor on other languages.
        asks = query.asks and query.sought != "manner" and query.spoken == "en"
        doubted = sure and asks and self._rules.threshold > 0 and (reading.quotes[0].gap or 0.0) < _DOUBT
        wanted = doubted and query.kind not in ("", "when")  # when something is many a clause tells
        if wanted and not holds_kind(query, reading.quotes[0].words, self.index.stem):
            sure = doubted = False
        return refusal(query, self.index, reading.hits, sure=sure, doubted=doubted)

    def _echoes(self, query: Query, quote: Quote) -> bool:
        """Does it only repeat what is asked about, as "PISM BULLETIN" does "What is the PISM bulletin"? Yes or no can
        be told in the same words, and so can what comes with what introduces it, as a version does what it brought."""
        own = {word.text for word in words(query.text)}
        if NOT_WHETHER.search(query.text) is None or not own.issuperset(word.text for word in words(quote.words)):
            return False
        told, document = self.widened(query, quote), self.index.document(quote.passage.document_id)
        shown = (told, apart(told, document) or told)
        return own.issuperset(word.text for one in shown for word in words(document.text[one.start : one.end]))

    def _sure(self, reading: Reading) -> bool:
        return bool(reading.quotes) and round(reading.confidence, CONFIDENCE_DIGITS) >= self._rules.threshold

    def _told(self, reading: Reading) -> bool:
        """Is it sure, and does the reading model, where there is one, say so too?"""
        return self._sure(reading) and (reading.quotes[0].gap is None or reading.quotes[0].gap > 0)

    def _read(self, query: Query, limit: int, filters: Filters) -> tuple[Query, Reading]:
        """The question, with its number as the answer limits it; and `limit` hits: those that were read, in the
        reader's order, then the rest as they were found.

        What only surrounds the articles answers where nothing in them does: where the reader is not sure of it, or a
        reading model says that its best sentence answers less than none. So does what a changelog says, where it is
        asked how something is done.
        """
        hits = self._search(query, max(READ_HITS, limit), filters)
        best = hits[:READ_HITS]
        for text, limit_told in (*within_limits(query.text, [hit.passage.text for hit in best]), (query.text, "")):
            asked = self._queries([text])[0] if limit_told else query
            lasting = [hit for hit in best if not of_a_version(hit.passage)] if asked.sought == "manner" else best
            reading = self._reader.read(asked, lasting or best)
            if len(lasting) < len(best) and not self._told(reading):
                reading = self._reader.read(asked, best)
            if any(block.kind in ASIDE for hit in best for block in hit.passage.blocks) and not self._told(reading):
                around = self._reader.read(asked, best, ASIDE)
                reading = around if self._told(around) or not reading.quotes else reading
            if any(limit_told in quote.words for quote in reading.quotes[:1]):
                break
        rest = [hit for hit in hits if hit.row not in {one.row for one in reading.hits}]
        return asked, replace(reading, hits=(*reading.hits, *rest)[:limit])

    def widened(self, query: Query, quote: Quote) -> Quote:
        """With what it leans on."""
        name = quote.passage.document_id
        document, sentences = self.index.document(name), sentences_of(self.index.passages(name))
        asked = frozenset(word.text for word in words(query.text) if not of_asking(query.text, word)) - stop_words()
        return with_context(quote, document, sentences, query.shape, asked, steps=query.sought == "manner")


def _untold(sides: Sequence[AnswerPart]) -> tuple[AnswerPart, ...]:
    """Those that are answered, without what one before says."""
    told: list[AnswerPart] = []
    for part in sides:
        before = [quote for one in told for quote in one.quotes]
        new = [quote for quote in part.quotes if not any(_overlap(quote, other) for other in before)]
        told += [replace(_only(part, new, "within") if before else part, label="")] if new else []
    return tuple(told)


def _only(part: AnswerPart, quotes: Sequence[Quote], rule: Rule = "not_comparable") -> AnswerPart:
    """With these of its quotes alone; the rule says why the others are gone."""
    gone = tuple(Dropped(quote, rule) for quote in part.quotes if quote not in quotes)
    return replace(part, quotes=tuple(quotes), frame=PLAIN, dropped=(*part.dropped, *gone))


def deciding_of(parts: Sequence[AnswerPart]) -> AnswerPart:
    """The one whose confidence is the answer's: an answer is as sure as the least sure of what it says."""
    answered = [part for part in parts if not part.reason]
    return min(answered or parts, key=lambda part: part.reading.confidence)


def evidence_of(parts: Sequence[AnswerPart], limit: int) -> tuple[Hit, ...]:
    """The best hit of each part, then the second of each …; a passage once."""
    kept: dict[int, Hit] = {}
    for rank in range(max(len(part.reading.hits) for part in parts)):
        for part in parts:
            for hit in part.reading.hits[rank : rank + 1]:
                kept.setdefault(hit.row, hit)
    return tuple(kept.values())[:limit]


def said_by(parts: Sequence[AnswerPart]) -> tuple[list[Quote], list[Dropped]]:
    """The quotes of all parts, and what none of them says; one part may well drop what another one says."""
    quotes = [quote for part in parts for quote in part.quotes]
    dropped: list[Dropped] = []
    for part in parts:
        others = [quote for other in parts if other is not part for quote in other.quotes]
        others += [drop.quote for drop in dropped]
        dropped += [drop for drop in part.dropped if not any(holds(other, drop.quote) for other in others)]
    return quotes, dropped


# Evidence without an answer: the reader's best quotes, numbered, for people who bring a model of their own.


def spans(parts: Sequence[AnswerPart], pipeline: Pipeline, limit: int) -> tuple[list[Quote], list[Dropped]]:
    """At most `limit` quotes that share no word, best first, the parts in turn, sure or not; and what is left over.

    Each comes with what it leans on, unless that is quoted already. A reader gives about ten.
    """
    kept: list[Quote] = []
    dropped: list[Dropped] = []
    offered: set[tuple[str, int, int]] = set()
    for row in zip_longest(*(part.reading.quotes for part in parts)):
        for part, quote in zip(parts, row, strict=True):
            if quote is None or quote.place in offered:
                continue
            offered.add(quote.place)
            forms = (pipeline.widened(part.query, quote), quote)
            fitting = [form for form in forms if not any(_overlap(form, other) for other in kept)]
            lead = apart(fitting[0], pipeline.index.document(quote.passage.document_id)) if fitting else None
            told = [lead] if lead and not any(holds(other, lead) for other in kept) else []
            if fitting and len(kept) + len(told) < limit:
                kept += [*told, fitting[0]]
            else:
                dropped.append(Dropped(quote, "max_quotes" if fitting else "within"))
    return kept, dropped


def _overlap(quote: Quote, other: Quote) -> bool:
    same = quote.passage.document_id == other.passage.document_id
    return same and quote.start < other.end and other.start < quote.end
