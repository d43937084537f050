"""Any text, sentence by sentence: which verbatim spans of the articles bear it out, and what in it none of them says.

"Supported" means that one span says it with every name, number and date, and says none of them otherwise. It never
means true: who did what to whom, irony and what follows from what are beyond comparing words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from index.errors import BadQuestion
from index.ranking.filters import EVERYTHING, Filters
from index.records import Span, plain
from index.search import Index
from index.text.sentences import sentences
from rag.answer import Citation, Quote
from rag.citations import cite
from rag.language.dependence import depends_on_previous
from rag.language.detect import language_of
from rag.question.analysis import Query, analyse, with_names
from rag.question.spelling import Casing
from rag.reading.candidates import Candidate, Evidence
from rag.reading.features import FEATURES
from rag.refusal import missing
from rag.selection.context import sentences_of, with_context
from rag.structure import ASIDE, BODY
from rag.text_check import agreement
from rag.text_check.agreement import Agreement, Mismatch, Particular, QuoteContext
from rag.text_check.assertions import clauses, is_claim, predicate_start, subject_of

# One sentence beside the articles: the spans that speak of it, and whether one of them says all that it says.

State = Literal["supported", "partly", "unsupported", "not_a_claim"]

MOST_SPANS = 3  # shown for one sentence
_HITS = 8  # passages that are read for one sentence
_COMPARED = 6  # of their sentences, those closest to it, that are compared with it name by name

# Closeness is the mean over the sentence's words, weighted by their rarity, of how well the span meets them: late
# interaction. Set on the tuning halves of eval/experiments/text_check.py and on thirty sentences written about the
# bundled articles.
SUPPORTED = 0.73  # closeness from which on a span may say what the sentence says
PARTLY = 0.55  # … from which on it speaks of it at all
_WEAKEST = 0.34  # how well the word that is met worst must be met by a span that says it all
_SAME_WORDS = 0.95  # share of the sentence's words from which on a span is a copy of it, whatever the vectors say
_BEHIND = 0.15  # a span so much less close than the best one is not shown
_OVERRULED = 0.05  # a span that contradicts, and is so much closer, counts for more than one that bears out


@dataclass(frozen=True, slots=True)
class Compared:
    """A span of the articles beside the sentence: how close it is in words, 0..1, and what it says of its details."""

    quote: Quote
    closeness: float
    complete: bool  # no word of the sentence is without its like
    agreement: Agreement

    @property
    def bears_out(self) -> bool:
        return self.complete and self.closeness >= SUPPORTED and self.agreement.whole


@dataclass(frozen=True, slots=True)
class SupportOfSentence:
    state: State
    spans: tuple[Compared, ...] = ()
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


class Checker:
    """Judges sentences against one index; what passages hold is worked out once."""

    def __init__(self, index: Index, filters: Filters = EVERYTHING) -> None:
        self._index = index
        self._filters = filters
        self._evidence = Evidence(index)
        self._casing = Casing(index)

    def judge(self, sentence: str) -> SupportOfSentence:
        """One that tells several things, each of which a span bears out by itself, is borne out as well."""
        if not is_claim(sentence):
            return SupportOfSentence("not_a_claim")
        whole = self._judge(sentence)
        parts = [] if whole.state == "supported" else self._parts(sentence)
        if parts and all(part.state == "supported" for part in parts):
            spans = {(span.quote.passage.document_id, span.quote.start): span for p in parts for span in p.spans[:1]}
            return SupportOfSentence("supported", tuple(spans.values()))
        return whole

    def _parts(self, sentence: str) -> list[SupportOfSentence]:
        """Only where each names somebody or something: "and came into effect later" may be said of anything."""
        parts = clauses(sentence)
        named = all(agreement.names_somebody(self._asked(part)) for part in parts)
        return [self._judge(part) for part in parts] if named and len(parts) <= MOST_SPANS else []

    def _judge(self, sentence: str) -> SupportOfSentence:
        query = self._asked(sentence)
        parts = agreement.particulars(query)
        close = self.compared(query, parts)
        whole = [span for span in close if span.bears_out]
        if whole and not (close[0].agreement.differs and close[0].closeness > whole[0].closeness + _OVERRULED):
            return SupportOfSentence("supported", tuple(whole[:MOST_SPANS]))
        spans = tuple(span for span in close[:MOST_SPANS] if span.closeness >= close[0].closeness - _BEHIND)
        return SupportOfSentence("partly" if spans else "unsupported", spans, *self._absent(query, parts, spans))

    def compared(self, query: Query, parts: Sequence[Particular]) -> list[Compared]:
        """The spans that speak of what the sentence says, closest first."""
        hits = self._index.search(query.text, limit=_HITS, filters=self._filters)
        candidates = self._evidence.candidates(query, hits, BODY | ASIDE)
        rated = [(*self._closeness(query.text, candidate), candidate) for candidate in candidates]
        kept = sorted(
            (candidate for candidate in rated if candidate[0] >= PARTLY),
            key=lambda candidate: (-candidate[0], candidate[2].hit.passage.document_id, candidate[2].sentence.start),
        )
        return [self._compare(query, parts, *candidate) for candidate in kept[:_COMPARED]]

    def _asked(self, sentence: str) -> Query:
        query = analyse(sentence, self._index.stem, self._index.asked)
        named = with_names(query, self._casing.is_name)
        return agreement.with_opening_name(named, self._casing.is_name, self._known)

    def _known(self, stem: str) -> bool:
        return bool(self._index.lexical.document_frequency(stem))

    def _closeness(self, sentence: str, candidate: Candidate) -> tuple[float, bool]:
        """How close a span is, and whether no word of the sentence is without its like in it."""
        features = dict(zip(FEATURES, candidate.features.tolist(), strict=True))
        close = min(max(features["maxsim_rare"], 0.0), 1.0)
        if features["cover_sentence"] >= _SAME_WORDS:
            same = agreement.copied(sentence, self._text(Quote(candidate.hit.passage, *candidate.sentence, close)))
            if same >= _SAME_WORDS:
                return max(close, same), True
        return close, features["weakest"] >= _WEAKEST

    def _compare(
        self, query: Query, parts: Sequence[Particular], closeness: float, complete: bool, candidate: Candidate
    ) -> Compared:
        """With the sentence itself, or where that leans on what stands before it, with both."""
        quote = Quote(candidate.hit.passage, *candidate.sentence, closeness)
        alone = agreement.compare(query.text, parts, QuoteContext(self._text(quote), candidate.hit.passage.context))
        sure = alone.whole and complete and closeness >= SUPPORTED
        if sure or not depends_on_previous(self._text(quote)):
            return Compared(quote, closeness, complete, alone)
        name = quote.passage.document_id
        wider = with_context(quote, self._index.document(name), sentences_of(self._index.passages(name)))
        about = f"{candidate.hit.passage.context}\n{subject_of(self._text(wider))}"
        together = agreement.compare(query.text, parts, QuoteContext(self._text(quote), about))
        same = _said(query, parts, self._text(quote), about)
        if together.whole and same >= SUPPORTED:
            return Compared(wider, max(closeness, same), True, together)
        return Compared(quote, closeness, complete, alone)

    def _text(self, quote: Quote) -> str:
        return self._index.document(quote.passage.document_id).text[quote.start : quote.end]

    def _absent(
        self, query: Query, parts: Sequence[Particular], spans: Sequence[Compared]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What stands nowhere, and what stands elsewhere."""
        there = agreement.told("\n".join(self._text(span.quote) for span in spans))
        lacking = [part for part in parts if not agreement.held(part, there)]
        nowhere = [part for part in lacking if self._nowhere(query, part)]
        return tuple(part.text for part in nowhere), tuple(part.text for part in lacking if part not in nowhere)

    def _nowhere(self, query: Query, part: Particular) -> bool:
        terms = tuple(term for term in query.terms if part.start <= term.start < part.end)
        return bool(terms) and bool(missing(replace(query, terms=terms), self._index, words_too=True))


def _said(query: Query, parts: Sequence[Particular], quote: str, about: str) -> float:
    """Share of what the sentence says of its subject that the quote has in the same words; 0 where the subject is not
    that of the sentence before it. A pronoun is alike to no name, so late interaction cannot tell."""
    own, around, verb = agreement.told(quote).stems, agreement.told(about).stems, predicate_start(query.text)
    others = [term for term in query.terms if not any(part.start <= term.start < part.end for part in parts)]
    said = [term.stem in own for term in others if term.start >= verb]
    if not said or any(term.stem not in around for term in others if term.start < verb):
        return 0.0
    return sum(said) / len(said)


MOST_CHARACTERS = 20_000
MOST_SENTENCES = 200


@dataclass(frozen=True, slots=True)
class SentenceSupport:
    """One sentence, at start:end of the text that was given (code points), and what the articles say of it."""

    text: str
    start: int
    end: int
    state: State
    citations: tuple[int, ...]  # markers of the spans that bear it out or speak of it, best first
    missing: tuple[str, ...]  # its names, numbers and dates that stand nowhere in the articles
    elsewhere: tuple[str, ...]  # … that stand in the articles, but in none of these spans
    differs: tuple[Mismatch, ...]  # what the best of these spans says in another way


@dataclass(frozen=True, slots=True)
class TextCheck:
    """The sentences of a text in order; markers count from 1, and a span that two of them rest on is cited once."""

    sentences: tuple[SentenceSupport, ...]
    citations: tuple[Citation, ...]
    index_version: str


def check_text(text: str, index: Index, *, filters: Filters = EVERYTHING) -> TextCheck:
    """What the articles of an index, or of its view at a day, say of every sentence; spans come from those that pass.

    Raises BadQuestion for a text without words, of more than MOST_CHARACTERS or MOST_SENTENCES, or with characters
    that are no text; never anything else. The time it takes grows with the number of sentences.
    """
    checker = Checker(index, filters)
    judged = [(sentence, checker.judge(text[sentence.start : sentence.end])) for sentence in split(text)]
    quotes = {span.quote.place: span.quote for _, judgement in judged for span in judgement.spans}
    markers = {place: marker for marker, place in enumerate(quotes, start=1)}
    checked = (
        SentenceSupport(
            text=text[sentence.start : sentence.end],
            start=sentence.start,
            end=sentence.end,
            state=judgement.state,
            citations=tuple(markers[span.quote.place] for span in judgement.spans),
            missing=judgement.missing,
            elsewhere=judgement.elsewhere,
            differs=judgement.spans[0].agreement.differs if judgement.spans else (),
        )
        for sentence, judgement in judged
    )
    return TextCheck(tuple(checked), cite([*quotes.values()], index.document, index.twins), index.version)


def split(text: str) -> list[Span]:
    """The sentences of a usable text. Raises BadQuestion."""
    if not any(c.isalnum() for c in text):
        raise BadQuestion("the text is empty; give sentences to check")
    if len(text) > MOST_CHARACTERS:
        raise BadQuestion(f"the text has {len(text):,} characters; at most {MOST_CHARACTERS:,} are checked at once")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadQuestion("the text holds a character that is no text (NUL or half a surrogate pair); remove it")
    spans = sentences(text, language_of(text))
    if len(spans) > MOST_SENTENCES:
        raise BadQuestion(f"the text has {len(spans)} sentences; at most {MOST_SENTENCES} are checked at once")
    return spans


# A checked text as other programs see it; its citations have the form of an answer's, so what checks those checks
# these.


def text_check_fields(
    check: TextCheck, citation_fields: Callable[[Citation], Mapping[str, Any]] = plain
) -> dict[str, Any]:
    """JSON-able. A sentence names its spans by the markers of `citations`; `start:end` are code points of the text.

    Without `citation_fields`, a citation has its own fields and no receipt.
    """
    return {**plain(check), "citations": [dict(citation_fields(citation)) for citation in check.citations]}
