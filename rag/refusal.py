"""Why the articles do not answer a question: asked only after it was found that they do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from index.ranking.filters import Filters
from index.ranking.lexical import LexicalRanker
from index.records import Hit
from index.text.words import Stem, stop_words, words
from rag.answer import Reason
from rag.language.dates import dates_in
from rag.language.detect import grammar_of, language_of
from rag.language.quantities import values
from rag.question.analysis import Asked, Term
from rag.question.out_of_scope import is_out_of_scope
from rag.question.period import Period
from rag.reading.candidates import Counted, rarity

# Which names, numbers and dates of a question stand nowhere in the articles, and which never stand together.
#
# Words are compared as BM25 compares them, so every claim is about what the index holds: a thing is there when some
# passage holds all its words.

SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
# words of asking that say nothing about what is asked for; index.text passes over grammar only
_ASKING = frozenset(
    (
        *("i", "me", "my", "you", "your", "we", "us", "our", "many", "much", "name", "names", "named", "long", "far"),
        *("old", "say", "says", "said", "tell", "told", "know", "get", "got", "give", "make", "made", "go", "going"),
        *("kind", "type", "sort", "thing", "things", "way", "year", "years", "time", "times", "one", "ones", "also"),
        *("k", "m", "mn", "bn", "dollar", "dollars", "euro", "euros", "percent"),  # printed as signs
        *("first", "really", "exactly", "now", "please", "so", "about", "happen", "happened", "happens"),
    )
)
_MOST = 6  # things of one question that are put together in twos and threes


class WordIndex(Protocol):
    """What looking up words needs of an index."""

    @property
    def lexical(self) -> LexicalRanker: ...
    @property
    def passage_count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Thing:
    """A name, number, date or run of other words of the question, at start:end of its text."""

    text: str
    terms: tuple[Term, ...]
    named: bool  # a name, number or date: nothing that may be said in other words

    @property
    def start(self) -> int:
        return self.terms[0].start


def things(asked: Asked) -> list[Thing]:
    """Dates, numbers, names and the words between them in order; neighbouring words of one sort are one thing."""
    grammar = grammar_of(language_of(asked.text))
    dates = [(when.start, when.end) for when in dates_in(asked.text)]
    runs: list[tuple[object, list[Term]]] = []
    for term in asked.terms:
        sort = _sort(term, dates)
        if _empty(asked.text[term.start : term.end], sort, grammar):
            continue
        if runs and runs[-1][0] == sort and not _parted(asked.text, runs[-1][1][-1].end, term.start, sort):
            runs[-1][1].append(term)
        else:
            runs.append((sort, [term]))
    return [_thing(asked.text, run, named=sort != "word") for sort, run in runs]


def telling(asked: Asked) -> list[Term]:
    """The terms that say what is asked about; all of them where none does."""
    return [term for thing in things(asked) for term in thing.terms] or list(asked.terms)


def missing(asked: Asked, corpus: WordIndex, *, words_too: bool) -> tuple[str, ...]:
    """The names, numbers and dates of the question that no passage holds, as typed; `words_too`: or else other words.

    Of a name whose last word is known ("Donald Lind" where Lind is) only the unknown words are given.
    """
    found = things(asked)
    named = [part for thing in found if thing.named for part in _absent(thing, asked, corpus)]
    others = [part for thing in found if not thing.named for part in _absent(thing, asked, corpus)]
    return tuple(dict.fromkeys(named or (others if words_too else ())))


def apart(asked: Asked, corpus: WordIndex) -> tuple[str, ...]:
    """Two names, numbers or dates, or else three, that the articles hold but never in one passage; else empty.

    The rarest are looked at first. Other words are passed over: what they say may be said in other words.
    """
    rows = {thing: _holding(thing, asked, corpus) for thing in things(asked) if thing.named}
    known = sorted((thing for thing in rows if len(rows[thing])), key=lambda thing: (len(rows[thing]), thing.start))
    for group in (*combinations(known[:_MOST], 2), *combinations(known[:_MOST], 3)):
        if not len(_common([rows[thing] for thing in group])):
            return tuple(thing.text for thing in sorted(group, key=lambda thing: thing.start))
    return ()


def held(terms: Sequence[Term], corpus: WordIndex) -> int:
    """How many passages hold all of the terms."""
    return len(corpus.lexical.holding([term.stem for term in terms]))


def _absent(thing: Thing, asked: Asked, corpus: WordIndex) -> list[str]:
    unknown = [term for term in thing.terms if not corpus.lexical.document_frequency(term.stem)]
    if unknown and len(_holding(thing, asked, corpus)):
        return []
    if not thing.named or any(term.number for term in thing.terms):
        whole = bool(unknown) and thing.named
    else:
        whole = thing.terms[-1] in unknown or (not unknown and not held(thing.terms, corpus))
    return [thing.text] if whole else [asked.text[term.start : term.end] for term in unknown]


def _holding(thing: Thing, asked: Asked, corpus: WordIndex) -> NDArray[np.int64]:
    """Rows of the passages with all its words; with a number in whichever way it is printed."""
    rows = corpus.lexical.holding([term.stem for term in thing.terms])
    if len(thing.terms) > 1 or not thing.terms[0].number:
        return rows
    found = next((v.value for v in values(asked.text) if v.start <= thing.start < v.end), 0.0)
    return np.union1d(rows, np.concatenate([corpus.lexical.holding(written) for written in _printed(found)] or [rows]))


def _printed(value: float) -> list[list[str]]:
    """ "475000000000" and "475 billion", as words of the index."""
    ways = [[f"{value:.0f}"]] if value >= min(SCALES.values()) and value == int(value) else []
    scaled = [(value / times, word) for word, times in SCALES.items()]
    return ways + [[f"{figure:g}", word] for figure, word in scaled if 1 <= figure < 1000]


def _common(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    common = rows[0]
    for others in rows[1:]:
        common = np.intersect1d(common, others, assume_unique=True)
    return common


def _sort(term: Term, dates: Sequence[tuple[int, int]]) -> object:
    """Terms of the same sort may be one thing; each date is a sort of its own."""
    date = next((span for span in dates if span[0] <= term.start < span[1]), None)
    return date or ("number" if term.number else "name" if term.name else "word")


def _parted(text: str, end: int, start: int, sort: object) -> bool:
    """Does what stands between two terms part them? Inside a date nothing does."""
    return sort == "number" or (isinstance(sort, str) and text[end:start] not in (" ", ". ", "-"))


def _thing(text: str, run: Sequence[Term], *, named: bool) -> Thing:
    return Thing(text[run[0].start : run[-1].end], tuple(run), named)


def _empty(written: str, sort: object, grammar: frozenset[str]) -> bool:
    """BM25 passes over stop words, so it cannot say that one occurs nowhere; and words of asking tell nothing."""
    passed = stop_words() | _ASKING if sort == "word" or len(written) == 1 else stop_words()
    return written.lower() in grammar or all(word.text in passed for word in words(written))


# Log odds that a question is about none of the articles' subjects: logistic regression on the tuning halves of
# squad2-dev-half, multihoprag-facts and qed-nq and on articles-dev. Near misses are unanswerable questions, swapped
# names and removed articles whose names are left; the others are questions of the other sets, and removed articles
# whose names are gone. Every set and way of making counts the same.
BIAS = 1.46
COSINE = -6.17  # highest cosine of question and passage
KNOWN = -4.03  # share of the question's terms, weighted by rarity, that stand anywhere
SIZE = 1.46  # log10 of the number of passages: among many, one is alike by chance
_LARGEST = 5_000  # passages; nothing larger was fitted on

_YEARS = range(1500, 2100)  # numbers that are read as years wherever they stand; for an earlier one also those from
_EARLIEST = 1000
_STRAY = 0.01  # share of all years mentioned that may lie beyond a year that is "outside": a model number, a far goal
_PERIODS = 200  # years of one period that are looked up


class RefusalIndex(Counted, Protocol):
    """What telling the reason needs of an index."""

    @property
    def stem(self) -> Stem: ...
    def search(self, question: str, *, limit: int, filters: Filters = ...) -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Unreached:
    """A time that the articles do not reach, first to last day."""

    first: date
    last: date
    side: Literal["later", "earlier", "published"]  # where they have next to nothing; published: no article of then
    beyond: int  # passages with years on that side, each year counting by itself
    years: int  # the same of all years; 0 where only days of publication were looked at


def refusal(
    asked: Asked, index: RefusalIndex, hits: Sequence[Hit], *, unfiltered: bool, period: Period | None = None
) -> Reason:
    """The reason for which nothing is answered, with what the articles lack.

    `hits` are those that were read; `unfiltered`: without its filters, or without its day, it would have been answered;
    `period`: first and last day that is asked about, where the question says so in words without a year.
    """
    if unfiltered:
        return Reason("filtered", (), ())
    if is_out_of_scope(asked.text):
        return Reason("needs_judgement", (), ())
    off = off_corpus_odds(asked, index, hits) > 0
    lacking, separate = missing(asked, index, words_too=off), apart(asked, index)
    if outside(asked.text, index, period):
        return Reason("date_outside", lacking, separate)
    return Reason("off_corpus", lacking, ()) if off else Reason("near_miss", lacking, separate)


def off_corpus_odds(asked: Asked, index: RefusalIndex, hits: Sequence[Hit]) -> float:
    """Log odds that the articles are not about what is asked; above 0 they are not. Infinite without hits."""
    return sum(off_corpus_parts(asked, index, hits).values()) if hits else math.inf


def off_corpus_parts(asked: Asked, index: RefusalIndex, hits: Sequence[Hit]) -> dict[str, float]:
    """The summands of these log odds, by name."""
    weights = {term.stem: rarity(index, term.stem) for term in telling(asked)}
    known = sum(weight for stem, weight in weights.items() if index.lexical.document_frequency(stem))
    share = known / max(sum(weights.values()), 1e-9)
    cosine = max((float(hit.scores.get("dense", 0.0)) for hit in hits), default=0.0)  # none where only BM25 found it
    size = math.log10(min(max(index.passage_count, 1), _LARGEST))
    return {"bias": BIAS, "cosine": COSINE * cosine, "known": KNOWN * share, "size": SIZE * size}


def outside(question: str, index: RefusalIndex, period: Period | None) -> bool:
    """Does the question ask about a time that the articles do not reach?"""
    return unreached(question, index, period) is not None


def unreached(question: str, index: RefusalIndex, period: Period | None) -> Unreached | None:
    """A time that the question asks about and the articles do not reach; None where there is none.

    With a year: it is mentioned nowhere, nearly all years that are lie to one side of it, and nothing was published in
    it or beyond. Without one, but with a period: there are dated articles, and none was published in it.
    """
    written = dates_in(question)
    if written:
        begin = _YEARS.start if all(when.first.year >= _YEARS.start for when in written) else _EARLIEST
        counts = {year: index.lexical.document_frequency(str(year)) for year in range(begin, _YEARS.stop)}
        found = (_beyond(question, (when.first, when.last), counts, index) for when in written)
        return next((one for one in found if one), None)
    if period is None or not _published(question, index, date.min, date.max) or _published(question, index, *period):
        return None
    return Unreached(*period, "published", 0, 0)


def _beyond(question: str, period: Period, counts: dict[int, int], index: RefusalIndex) -> Unreached | None:
    """Is there nothing of the period, and next to nothing on one side of it?"""
    first, last = period
    if any(index.lexical.document_frequency(str(year)) for year in range(first.year, last.year + 1)[:_PERIODS]):
        return None
    total = sum(counts.values())
    stray = _STRAY * total
    if not stray:
        return None
    later = sum(count for year, count in counts.items() if year > last.year)
    earlier = sum(count for year, count in counts.items() if year < first.year)
    if later <= stray and not _published(question, index, date(first.year, 1, 1), date.max):
        return Unreached(first, last, "later", later, total)
    if earlier <= stray and not _published(question, index, date.min, date(last.year, 12, 31)):
        return Unreached(first, last, "earlier", earlier, total)
    return None


def _published(question: str, index: RefusalIndex, first: date, last: date) -> bool:
    """Is there an article with a date in first to last?"""
    return bool(index.search(question, limit=1, filters=Filters(published_from=first, published_to=last)))
