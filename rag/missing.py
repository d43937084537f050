"""Which names, numbers and dates of a question stand nowhere in the articles, and which never stand together.

Words are compared as BM25 compares them, so every claim is about what the index holds: a thing is there when some
passage holds all its words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.lexical import LexicalRanker
from index.text import stop_words, words
from rag.question import Asked, Term
from rag.times.dates import dates_in
from rag.words.tongue import grammar_of, language_of
from rag.words.values import values

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


class Corpus(Protocol):
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


def missing(asked: Asked, corpus: Corpus, *, words_too: bool) -> tuple[str, ...]:
    """The names, numbers and dates of the question that no passage holds, as typed; `words_too`: or else other words.

    Of a name whose last word is known ("Donald Lind" where Lind is) only the unknown words are given.
    """
    found = things(asked)
    named = [part for thing in found if thing.named for part in _absent(thing, asked, corpus)]
    others = [part for thing in found if not thing.named for part in _absent(thing, asked, corpus)]
    return tuple(dict.fromkeys(named or (others if words_too else ())))


def apart(asked: Asked, corpus: Corpus) -> tuple[str, ...]:
    """Two names, numbers or dates, or else three, that the articles hold but never in one passage; else empty.

    The rarest are looked at first. Other words are passed over: what they say may be said in other words.
    """
    rows = {thing: _holding(thing, asked, corpus) for thing in things(asked) if thing.named}
    known = sorted((thing for thing in rows if len(rows[thing])), key=lambda thing: (len(rows[thing]), thing.start))
    for group in (*combinations(known[:_MOST], 2), *combinations(known[:_MOST], 3)):
        if not len(_common([rows[thing] for thing in group])):
            return tuple(thing.text for thing in sorted(group, key=lambda thing: thing.start))
    return ()


def held(terms: Sequence[Term], corpus: Corpus) -> int:
    """How many passages hold all of the terms."""
    return len(corpus.lexical.holding([term.stem for term in terms]))


def _absent(thing: Thing, asked: Asked, corpus: Corpus) -> list[str]:
    unknown = [term for term in thing.terms if not corpus.lexical.document_frequency(term.stem)]
    if unknown and len(_holding(thing, asked, corpus)):
        return []
    if not thing.named or any(term.number for term in thing.terms):
        whole = bool(unknown) and thing.named
    else:
        whole = thing.terms[-1] in unknown or (not unknown and not held(thing.terms, corpus))
    return [thing.text] if whole else [asked.text[term.start : term.end] for term in unknown]


def _holding(thing: Thing, asked: Asked, corpus: Corpus) -> NDArray[np.int64]:
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
