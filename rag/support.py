"""Any text, sentence by sentence: which verbatim spans of the articles bear it out, and what in it none of them says.

"Supported" means that one span says it with every name, number and date, and says none of them otherwise. It never
means true: who did what to whom, irony and what follows from what are beyond comparing words.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from index.errors import BadQuestion
from index.lexical import LexicalRanker
from index.records import Document, Hit, Passage, Span
from index.sentences import sentences
from rag.agreement import Agreement, Difference, Source, compare, copied
from rag.answers import Citation, Quote
from rag.assertions import is_claim
from rag.casing import Casing
from rag.citations import cite
from rag.evidence import Candidate, Evidence, Searched
from rag.features import FEATURES
from rag.missing import missing
from rag.opening import leans_back
from rag.particulars import Particular, held, particulars, told, with_opening_name
from rag.question import Asked, analyse, with_names
from rag.tongue import language_of
from rag.widen import sentences_of, widen

State = Literal["supported", "partly", "unsupported", "not_a_claim"]

MOST_CHARACTERS = 20_000
MOST_SENTENCES = 200
MOST_SPANS = 3  # shown for one sentence
_HITS = 8  # passages that are read for one sentence
_COMPARED = 6  # of their sentences, those closest to it, that are compared with it name by name

# Closeness: a linear model on the tuning halves, see `eval/support.py`
SUPPORTED = 0.80
PARTLY = 0.55
_BEHIND = 0.15  # a span so much less close than the best one is not shown


class Articles(Searched, Protocol):
    """What checking needs of an index."""

    @property
    def version(self) -> str: ...
    def passage(self, row: int) -> Passage: ...
    def passages(self, document_id: str) -> Sequence[Passage]: ...
    def document(self, document_id: str) -> Document: ...
    def search(self, question: str, *, limit: int) -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, at start:end of the text that was given (code points), and what the articles say of it."""

    text: str
    start: int
    end: int
    state: State
    citations: tuple[int, ...]  # markers of the spans that bear it out or speak of it, best first
    missing: tuple[str, ...]  # its names, numbers and dates that stand nowhere in the articles
    elsewhere: tuple[str, ...]  # … that stand in the articles, but in none of these spans
    differs: tuple[Difference, ...]  # what the best of these spans says in another way


@dataclass(frozen=True, slots=True)
class TextCheck:
    """The sentences of a text in order; markers count from 1, and a span that two of them rest on is cited once."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    index_version: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A span of the articles beside the sentence: how close it is in words, 0..1, and what it says of its details."""

    quote: Quote
    closeness: float
    agreement: Agreement

    @property
    def bears_out(self) -> bool:
        return self.closeness >= SUPPORTED and self.agreement.whole


@dataclass(frozen=True, slots=True)
class _Judged:
    state: State
    spans: tuple[Compared, ...] = ()
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def check_text(text: str, index: Articles) -> TextCheck:
    """What the articles of an index, or of its view at a day, say of every sentence.

    Raises BadQuestion for a text without words, of more than MOST_CHARACTERS or MOST_SENTENCES, or with characters
    that are no text; never anything else. The time it takes grows with the number of sentences.
    """
    places = split(text)
    checker = Checker(index)
    judged = [checker.judge(text[place.start : place.end]) for place in places]
    markers: dict[tuple[str, int, int], int] = {}
    quotes = []
    for one in judged:
        for span in one.spans:
            if _place(span.quote) not in markers:
                markers[_place(span.quote)] = len(markers) + 1
                quotes.append(span.quote)
    checked = (
        Sentence(
            text=text[place.start : place.end],
            start=place.start,
            end=place.end,
            state=one.state,
            citations=tuple(markers[_place(span.quote)] for span in one.spans),
            missing=one.missing,
            elsewhere=one.elsewhere,
            differs=one.spans[0].agreement.differs if one.spans else (),
        )
        for place, one in zip(places, judged, strict=True)
    )
    return TextCheck(tuple(checked), cite(quotes, index.document), index.version)


def split(text: str) -> list[Span]:
    """The sentences of a usable text. Raises BadQuestion."""
    if not any(c.isalnum() for c in text):
        raise BadQuestion("the text is empty; give sentences to check")
    if len(text) > MOST_CHARACTERS:
        raise BadQuestion(f"the text has {len(text):,} characters; at most {MOST_CHARACTERS:,} are checked at once")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadQuestion("the text holds a character that is no text (NUL or half a surrogate pair); remove it")
    found = sentences(text, language_of(text))
    if len(found) > MOST_SENTENCES:
        raise BadQuestion(f"the text has {len(found)} sentences; at most {MOST_SENTENCES} are checked at once")
    return found


class Checker:
    """Judges sentences against one index; what passages hold is worked out once."""

    def __init__(self, index: Articles) -> None:
        self._index = index
        self._evidence = Evidence(index)
        self._casing = Casing(index)

    def judge(self, sentence: str) -> _Judged:
        if not is_claim(sentence):
            return _Judged("not_a_claim")
        asked = self._asked(sentence)
        parts = particulars(asked)
        compared = self.compared(asked, parts)
        whole = [one for one in compared if one.bears_out]
        close = [one for one in compared if one.closeness >= PARTLY]
        if whole:
            return _Judged("supported", tuple(whole[:MOST_SPANS]))
        if close:
            spans = tuple(one for one in close[:MOST_SPANS] if one.closeness >= close[0].closeness - _BEHIND)
            return _Judged("partly", spans, *self._absent(asked, parts, spans))
        return _Judged("unsupported", (), *self._absent(asked, parts, ()))

    def compared(self, asked: Asked, parts: Sequence[Particular]) -> list[Compared]:
        """The closest spans, best first: those that lack and contradict least, of equals the closest."""
        hits = self._index.search(asked.text, limit=_HITS)
        found = [(self._closeness(asked.text, one), one) for one in self._evidence.candidates(asked, hits)]
        found.sort(key=lambda pair: (-pair[0], pair[1].hit.passage.document_id, pair[1].sentence.start))
        compared = [self._compare(asked, parts, one, closeness) for closeness, one in found[:_COMPARED]]
        return sorted(compared, key=lambda one: (not one.bears_out, -one.closeness))
