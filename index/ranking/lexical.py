"""Ranks passages by BM25 exactly as rank_bm25.BM25Okapi defines it, from postings instead of whole-corpus scans.

The scores equal `BM25Okapi(corpus).get_scores(terms)` bit for bit: the idf is computed by rank_bm25 itself over terms
in the order they were first seen, and each sum runs in float64 in the question's order, repetitions included.
"""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache, partial, reduce
from itertools import chain, compress
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi  # type: ignore[import-untyped]

from index.errors import IndexDamaged
from index.ranking.fuse import best
from index.records import Scored
from index.storage.pieces import Lines, Rows, placed, taken
from index.text.words import Word, normalise

K1 = 1.5  # rank_bm25's defaults, named here because the finished scores depend on them
B = 0.75
EPSILON = 0.25
_ASKED = 4096  # words of questions whose numbers are kept
_TOGETHER = 16_384  # passages whose postings are made together
_SORTED, _FEW = 16, 64  # postings, and some more for its calls, are sorted sooner than 16 times as many marks looked at


class Postings(NamedTuple):
    """Which passage holds which term how often: compressed rows per term, terms in the order first seen.

    What there is of each posting takes no more bytes than its largest number needs, mostly four in all.
    """

    indptr: NDArray[np.int64]  # (terms + 1,): the postings of term t stand at indptr[t]:indptr[t + 1]
    rows: NDArray[np.integer[Any]]  # (postings,), ascending within a term
    counts: NDArray[np.integer[Any]]  # (postings,), at least 1
    places: NDArray[np.integer[Any]]  # (postings,): terms before the term's first occurrence in the passage
    lengths: NDArray[np.int32]  # (passages,), in terms


class Written:
    """The terms of passages, each with its written form as `spelled` gives them, as numbers in the order first seen."""

    def __init__(self, passages: Iterable[Iterable[tuple[str, str]]] = ()) -> None:
        self.known: dict[tuple[str, str], int] = {}
        self._found, self._lengths = array("i"), array("i")
        for passage in passages:
            self.add(passage)

    def __len__(self) -> int:
        """How many passages."""
        return len(self._lengths)

    def add(self, passage: Iterable[tuple[str, str]]) -> None:
        """The next one."""
        known, before = self.known, len(self._found)
        self._found.extend(known.setdefault(pair, len(known)) for pair in passage)
        self._lengths.append(len(self._found) - before)

    def postings(self, becomes: NDArray[np.int32], count: int) -> Postings:
        """Of what each number becomes, which are so many; some passages at a time, since here building holds most."""
        found, lengths, parts = np.asarray(self._found), np.array(self._lengths, np.int32), []
        ends = np.cumsum([0, *self._lengths])
        for first in range(0, max(len(self), 1), _TOGETHER):
            own = lengths[first : first + _TOGETHER]
            keys = becomes[found[ends[first] : ends[first + len(own)]]] * np.int64(len(own))
            keys += np.repeat(np.arange(len(own)), own)
            pairs, at, counts = np.unique(keys, return_index=True, return_counts=True)
            numbers, rows = np.divmod(pairs, len(own))
            places = at - (np.cumsum(own) - own)[rows]
            parts.append([narrowed(one) for one in (numbers, rows + first, counts, places)])
        terms, rows, counts, places = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(terms, kind="stable")  # quick where most of it is in order
        indptr = np.concatenate([[0], np.cumsum(np.bincount(terms, minlength=count))])
        return Postings(indptr, rows[order], counts[order], places[order], lengths)


class LexicalRanker:
    """BM25 over the rows of a corpus; immutable, so it may serve several threads at once."""

    name = "lexical"

    def __init__(self, vocabulary: Iterable[str], postings: Postings) -> None:
        """`vocabulary[t]` is the term of the postings' row t, in the order first seen; `build` makes both."""
        self.numbers = vocabulary if isinstance(vocabulary, Lines) else Lines.of(vocabulary)
        self._postings = postings
        self._idfs = okapi_idf(np.diff(postings.indptr), len(postings.lengths))
        self._of = lru_cache(maxsize=_ASKED)(partial(_of_term, self.numbers, postings, self._idfs))
        average = max(int(postings.lengths.sum()), 1) / max(len(postings.lengths), 1)
        self._dampers = okapi_damper(postings.lengths, average)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, but for the texts of the terms."""
        return sum(values.nbytes for values in (*self._postings, self._idfs, self._dampers)) + 12 * len(self.numbers)

    @classmethod
    def build(cls, token_lists: Iterable[Sequence[str]]) -> "LexicalRanker":
        """Row i is token_lists[i]. An empty corpus and rows without terms are fine; a line break in a term is not."""
        return cls.of(Written([(term, term) for term in tokens] for tokens in token_lists))

    @classmethod
    def of(cls, written: "Written") -> "LexicalRanker":
        """As `build`, of the terms of all that is written."""
        ids: dict[str, int] = {}
        terms = [ids.setdefault(term, len(ids)) for term, _ in written.known]
        if any("\n" in term for term in ids):
            raise ValueError("a term holds a line break, which separates terms when they are saved; split it there")
        return cls(ids, written.postings(np.array(terms, np.int32), len(ids)))

    def restricted(self, rows: NDArray[np.int64]) -> "LexicalRanker":
        """What `build` makes of these rows alone, bit for bit; its row i is rows[i]. They ascend, each once.

        Nothing of the other passages remains: neither their terms nor their share in any idf or average.
        """
        renumbered = np.full(len(self._postings.lengths), -1, np.int32)
        renumbered[rows] = np.arange(len(rows))
        vocabulary, postings, *_ = joined((self.numbers, self._postings, renumbered), _NO_PART, len(rows))
        return LexicalRanker(vocabulary, postings)

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """(passages,) float64, bitwise `BM25Okapi(corpus).get_scores(terms)`."""
        rows, parts = self._parts(terms)
        return np.asarray(np.bincount(rows, parts, len(self._dampers)), np.float64)  # of no rows it gives int64

    def rank(self, terms: Sequence[str], depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        """At most `depth` passages that share a term with the question, best first, ties by row.

        `allowed` is a mask over rows; what it shuts out is not returned, but still counts in the idf. Scores can
        be 0 or negative for a true match (terms in half of the passages or more), so no score is a threshold.
        """
        rows, parts = self._parts(terms)
        scores = np.asarray(np.bincount(rows, parts), np.float64)  # adds one by one, so in the question's order
        rows = _distinct(rows, len(scores)) if allowed is None else _distinct(rows[allowed[rows]], len(scores))
        return best(rows, scores[rows], depth)

    def contributions(self, terms: Sequence[str], row: int) -> dict[str, float]:
        """What each of the terms that the passage holds adds to its score; a repeated one as often as it stands."""
        parts: dict[str, float] = {}
        for term in terms:
            rows, counts, idf = self._of(term)
            at = int(np.searchsorted(rows, row))
            if at < len(rows) and rows[at] == row:
                part = okapi_part(idf, int(counts[at]), float(self._dampers[row]))
                parts[term] = parts.get(term, 0.0) + part
        return parts

    def idf(self, term: str) -> float:
        """rank_bm25's weight of a term (it has a floor, so common terms may outweigh middling ones); absent: 0.0."""
        return self._of(term).idf

    def document_frequency(self, term: str) -> int:
        """How many passages hold the term."""
        return len(self._of(term).rows)

    def holding(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """Ascending rows of the passages that hold every one of the terms; none for no term or an unknown one."""
        found = sorted((self._of(term).rows for term in terms), key=len) or [_NOWHERE.rows]
        return reduce(lambda few, rows: few[rows.take(rows.searchsorted(few), mode="clip") == few], found).astype(int)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All that is needed to make this ranker again, as arrays that save without pickle."""
        return saved(self.numbers, self._postings)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LexicalRanker":
        """The ranker that `to_arrays` was called on, bit for bit. Raises IndexDamaged where the arrays disagree."""
        vocabulary, postings = restored(arrays)
        if not _agree(len(vocabulary), postings):
            raise IndexDamaged("the lexical arrays contradict each other; rebuild with: quotewell index PATH")
        return cls(vocabulary, postings)

    def _parts(self, terms: Iterable[str]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The row of every posting of the terms, in the question's order, and what it adds to its score.

        In the types that numpy counts and adds in, so that nothing after it is converted once more.
        """
        rows, counts, idfs = zip(*([*map(self._of, terms)] or [_NOWHERE]), strict=True)
        in_rows = np.concatenate(rows, dtype=np.intp)
        times = np.concatenate(counts, dtype=np.float64)
        return in_rows, okapi_part(np.array(idfs).repeat([*map(len, rows)]), times, self._dampers[in_rows])


class _OfTerm(NamedTuple):
    """As `Postings`, of one term; its weight is rank_bm25's."""

    rows: NDArray[np.integer[Any]]
    counts: NDArray[np.integer[Any]]
    idf: float


_NOWHERE = _OfTerm(np.zeros(0, np.uint8), np.zeros(0, np.uint8), 0.0)


def _of_term(numbers: Mapping[str, int], postings: Postings, idfs: NDArray[np.float64], term: str) -> _OfTerm:
    number = numbers.get(term)
    if number is None:
        return _NOWHERE
    own = slice(postings.indptr[number], postings.indptr[number + 1])
    return _OfTerm(postings.rows[own], postings.counts[own], float(idfs[number]))


def _distinct(rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Ascending, each once, of rows below the count: sorted where they are few, else marked."""
    if _SORTED * (len(rows) + _FEW) > count:
        held = np.zeros(count, np.bool_)
        held[rows] = True
        return held.nonzero()[0]
    rows.sort()
    last = np.empty(len(rows), np.bool_)
    last[-1:] = True
    np.not_equal(rows[1:], rows[:-1], last[:-1])
    return rows[last]


def okapi_idf(frequencies: NDArray[np.int64], passages: int) -> NDArray[np.float64]:
    """(terms,) weights of terms by how many of the passages hold each: rank_bm25's own, without a corpus to count in.
    The order of the terms matters: its floor is a share of the sum of all, which are added one by one.
    """
    held = np.flatnonzero(np.bincount(frequencies))  # far fewer than there are terms
    asked = np.concatenate([held, passages - held])  # the weight of all but these passages is theirs, turned
    okapi = BM25Okapi.__new__(BM25Okapi)
    okapi.corpus_size, okapi.epsilon, okapi.idf = passages, 0.0, np.zeros(len(asked))  # 0 for what is below
    if len(asked):  # it divides by the number of terms
        okapi._calc_idf(SimpleNamespace(items=partial(enumerate, asked.tolist())))
    weights = np.zeros(int(frequencies.max(initial=0)) + 1)
    weights[held] = okapi.idf[: len(held)] - okapi.idf[len(held) :]
    idfs: NDArray[np.float64] = weights[frequencies]
    idfs[idfs < 0] = EPSILON * (float(np.cumsum(idfs)[-1]) / len(idfs)) if len(idfs) else 0.0
    return idfs


def okapi_part(idf: Any, count: Any, damper: Any) -> Any:
    """What a term adds to the score of a passage that holds it `count` times; numbers, or arrays of them.

    As BM25Okapi.get_scores, operation by operation, or bits would differ. So is the passage's damper.
    """
    return idf * (count * (K1 + 1) / (count + damper))


def okapi_damper(length: Any, average: float) -> Any:
    """Of passages of a length, in terms, among those of an average one."""
    return K1 * (1 - B + B * length / average)


def narrowed(values: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """The same numbers, none of them negative, in no more bytes than the largest needs."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))), copy=False)


def saved(vocabulary: Lines, postings: Postings) -> dict[str, NDArray[Any]]:
    """As arrays that save without pickle."""
    return {"vocabulary": vocabulary.text, **postings._asdict()}


def restored(arrays: Mapping[str, NDArray[Any]]) -> tuple[Lines, Postings]:
    """What `saved` was called on. Raises IndexDamaged where there is not a line for each term."""
    postings = Postings(**{name: np.asarray(arrays[name]) for name in Postings._fields})
    return Lines.over(arrays["vocabulary"], len(postings.indptr) - 1), postings


Part = tuple[Lines, Postings, NDArray[np.int32]]
_NONE = np.zeros(0, np.int32)
_NO_PART: Part = (Lines.of(()), Postings(np.zeros(1, np.int64), _NONE, _NONE, _NONE, _NONE), _NONE)


def joined(older: Part, newer: Part, passages: int) -> tuple[Lines, Postings, Rows, Rows]:
    """Vocabulary and postings of so many passages, as `build` would make them, bit for bit, from those of two parts.

    With each part goes for each of its rows the row that it becomes, or -1 where it is left out; no two become one.
    What the newer does not touch is copied as it stands, so that few new passages cost little more than that. Counted
    are the older's terms, then those that only the newer has: also given are, of each that the newer has, its number
    among these, and of each of these its number in the whole, or -1.
    """
    vocabulary, postings, becomes = older
    words, more, more_become = newer
    numbers = np.array([vocabulary.get(term, -1) for term in words], np.int64)
    fresh = np.flatnonzero(numbers < 0)
    numbers[fresh] = len(vocabulary) + np.arange(len(fresh))
    new = more_become[more.rows], more.counts, more.places
    indptr, columns = placed(postings.indptr, postings[1:4], becomes, np.repeat(numbers, np.diff(more.indptr)), new)
    held = np.flatnonzero(np.diff(indptr))
    first_rows, _, first_places = (column[indptr[held]] for column in columns)
    seen = held[np.lexsort((first_places, first_rows))]  # in the order in which they are first seen
    now = np.full(len(indptr) - 1, -1)
    now[seen] = np.arange(len(seen))
    lengths = np.zeros(passages, np.int32)
    for of, rows in ((postings, becomes), (more, more_become)):
        lengths[rows[rows >= 0]] = of.lengths[rows >= 0]
    in_row, counts, places = map(narrowed, taken(columns, indptr, seen))
    made = Postings(np.cumsum([0, *np.diff(indptr)[seen]]), in_row, counts, places, lengths)
    text = vocabulary.beside(Lines.of(map(words.line, fresh.tolist())), seen)
    return Lines(text, len(seen)), made, numbers, now


def _agree(terms: int, postings: Postings) -> bool:
    indptr, rows, counts, places, lengths = postings
    ends_fit = len(indptr) == terms + 1 and indptr[0] == 0 and indptr[-1] == len(rows) == len(counts) == len(places)
    rows_fit = rows.min(initial=0) >= 0 and rows.max(initial=0) < max(len(lengths), 1)
    return bool(ends_fit and rows_fit and np.all(np.diff(indptr) > 0))


# How the words behind each term are written: "tariff" may stand in the articles as "tariffs" more than as "tariff".
#
# Kept by passage, so that a view of some passages never shows a form that stands only in the others.


class SurfaceForms:
    """Written forms of terms, as far as they stand in the passages that are seen; immutable."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], numbers: Lines, seen: NDArray[np.bool_]) -> None:
        """`arrays` as `wording` makes them, numbers: term → t, `seen` a mask over passages. Raises IndexDamaged."""
        self._first_forms, self._indptr, self._rows = arrays["first_forms"], arrays["indptr"], arrays["rows"]
        self._forms = Lines(arrays["text"], len(self._indptr) - 1, normalise)
        self._numbers, self._seen = numbers, seen
        lengths = (len(self._first_forms), self._first_forms[-1], self._indptr[-1])
        if lengths != (len(numbers) + 1, len(self._indptr) - 1, len(self._rows)):
            raise IndexDamaged("the arrays of written words contradict each other; rebuild with: quotewell index PATH")

    def seeing(self, rows: NDArray[np.int64]) -> "SurfaceForms":
        """The same, of these passages alone."""
        narrower = copy(self)
        narrower._seen = np.zeros(len(self._seen), np.bool_)
        narrower._seen[rows] = True
        return narrower

    def written(self, term: str) -> str:
        """The lower-case form in most of the passages seen, the first by alphabet among equals; "" if none holds it."""
        number = self._numbers.get(term)
        if number is None:
            return ""
        forms = range(int(self._first_forms[number]), int(self._first_forms[number + 1]))
        counts = [int(self._seen[self._rows[self._indptr[form] : self._indptr[form + 1]]].sum()) for form in forms]
        most = max(counts)
        return self._forms.line(forms[counts.index(most)]) if most else ""

    def forms(self) -> list[str]:
        """Every written form in some passage that is seen, lower case; by term and alphabet."""
        seen = np.logical_or.reduceat(self._seen[self._rows], self._indptr[:-1])
        return [*compress(chain.from_iterable(self._forms.blocks()), seen.tolist())]

    def term_of(self, word: str) -> str:
        """The term of a normalised word that stands in some passage that is seen, whatever its language; else ""."""
        for form in reversed(self._forms.named(word)):
            if self._seen[self._rows[self._indptr[form] : self._indptr[form + 1]]].any():
                return self._numbers.line(int(np.searchsorted(self._first_forms, form, side="right")) - 1)
        return ""


def spelled(text: str, terms: Iterable[Word]) -> list[tuple[str, str]]:
    """The terms of a text, each with its written form in lower case."""
    return [(term.text, text[term.start : term.end].lower().replace("\u00ad", "")) for term in terms]


def wording(vocabulary: Collection[str], written: Written) -> dict[str, NDArray[Any]]:
    """Arrays that save without pickle; vocabulary[t] is the term of number t.

    `text`: uint8, all forms, one a line, by term and alphabet; those of term t are first_forms[t]:first_forms[t + 1].
    `rows`: the passages with form f are rows[indptr[f]:indptr[f + 1]], ascending, in as few bytes as they need.
    """
    numbers, pairs = {term: number for number, term in enumerate(vocabulary)}, list(written.known)
    forms = sorted((numbers[term], form, n) for n, (term, form) in enumerate(pairs))
    places = np.zeros(len(pairs), np.int32)
    places[[number for _, _, number in forms]] = np.arange(len(forms))
    indptr, rows, *_ = written.postings(places, len(forms))
    return {
        "text": Lines.of(form for _, form, _ in forms).text,
        "first_forms": np.searchsorted([term for term, _, _ in forms], np.arange(len(numbers) + 1)),
        "indptr": indptr,
        "rows": rows,
    }
