"""What passages are found by where a search engine holds them: it proposes, and what is here decides.

The engine is asked for a few more than are wanted. Of what it gives, what is not seen here is passed over, and the rest
is scored again as in memory: vectors in float64, BM25 from the passage's own terms, rank_bm25's idf of what is seen. So
scores are those of `index.ranking`, and only what the engine does not propose at all can be missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Floats
from index.engines.content import Collected, days_of, marks_of
from index.engines.engine import MOST_FOUND, Engine, Where, engine_of
from index.engines.vocabulary import NOTHING, Vocabulary
from index.errors import IndexDamaged, IndexMismatch
from index.ranking.fuse import best
from index.ranking.lexical import okapi_damper, okapi_part
from index.records import Scored
from index.settings import Settings
from index.storage.docstore import DocStore
from index.storage.pieces import Content, Pieces
from index.text.words import TermPlaces, term_number

Mask = NDArray[np.bool_]
T = TypeVar("T")
_SPARE = 16  # more than are wanted, for what is not seen here and for ties
_DEEPER = 4  # times as many, where too few of them are seen
_MOST_MARKS = 1_000  # documents that are named in a filter
_LEAST_WEIGHT = 1e-6  # of a term whose idf is not above 0: what holds it is proposed all the same
_KEPT_VECTORS = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What an engine's collection and the generation beside it hold, seen or not."""

    engine: Engine
    collected: Collected
    marks: Sequence[str]  # of documents, in their order
    places: Mapping[str, int]  # mark → place of the document among all
    days: NDArray[np.int64]  # (documents,); 0 for none
    bags: Pieces
    terms: Pieces


class SeenPassages:
    """Which of the passages are seen, by their keys in the engine."""

    def __init__(self, whole: Whole, shelf: DocStore) -> None:
        self.whole, self.shelf = whole, shelf
        self._firsts = np.full(len(whole.marks), -1, np.int64)
        self._firsts[shelf.records] = shelf.first_rows[:-1]
        self._sizes = np.zeros(len(whole.marks), np.int64)
        self._sizes[shelf.records] = np.diff(shelf.first_rows)

    def row(self, key: str) -> int:
        """−1 for a passage that is not seen."""
        mark, _, ordinal = key.partition("-")
        place = self.whole.places.get(mark, -1)
        return int(self._firsts[place]) + int(ordinal) if place >= 0 and int(ordinal) < self._sizes[place] else -1

    def key(self, row: int) -> str:
        at = int(np.searchsorted(self.shelf.first_rows, row, side="right")) - 1
        mark = self.whole.marks[int(self.shelf.records[at])]
        return f"{mark}-{row - int(self.shelf.first_rows[at])}"

    def term_numbers(self, row: int) -> NDArray[np.int64]:
        """In the passage's order, repetitions included."""
        return TermPlaces.from_bytes(self.whole.terms[int(self.shelf.rows[row])]).numbers

    def where(self, allowed: Mask | None) -> Where | None:
        """Where the engine should look, widely enough; None where nothing is to be found."""
        seen = np.zeros(len(self.whole.marks), np.bool_)
        firsts, filled = self.shelf.first_rows[:-1], np.diff(self.shelf.first_rows) > 0
        flags = np.ones(self.shelf.passage_count, np.bool_) if allowed is None else allowed
        seen[self.shelf.records[filled]] = np.logical_or.reduceat(flags, firsts[filled]) if filled.any() else False
        if not seen.any():
            return None
        days = self.whole.days
        first, last = int(days[seen].min()), int(days[seen].max())
        within = (days >= first) & (days <= last)
        shut = within & ~seen
        where = Where(first if first > days.min() else None, last if last < days.max() else None)
        if shut.any() and shut.sum() <= min(seen.sum(), _MOST_MARKS):
            return where._replace(never=self._named(shut))
        return where._replace(only=self._named(seen)) if shut.any() and seen.sum() <= _MOST_MARKS else where

    def _named(self, documents: Mask) -> tuple[str, ...]:
        return tuple(self.whole.marks[place] for place in np.flatnonzero(documents).tolist())

    def reached(
        self, search: Callable[[int, Where], Mapping[str, T]], depth: int, allowed: Mask | None
    ) -> dict[int, T]:
        """Row → what the engine says of it, ascending: at least `depth` that are seen and allowed, if there are."""
        where = self.where(allowed)
        count = min(depth + _SPARE, MOST_FOUND)
        while where is not None:
            found = self.asked(search, count, where)
            rows = {self.row(key): one for key, one in found.items()}
            kept = {row: rows[row] for row in sorted(rows) if row >= 0 and (allowed is None or allowed[row])}
            if len(kept) >= depth or len(found) < count or count == MOST_FOUND:
                return kept
            count = min(_DEEPER * count, MOST_FOUND)
        return {}

    def asked(self, ask: Callable[..., T], *given: object) -> T:
        """What the engine says; where it has lost the collection, this index is damaged and will be made anew."""
        try:
            return ask(*given)
        except IndexDamaged:
            for place in self.whole.bags.sources:
                place.damaged = True
            raise


class EngineDense:
    """Nearest vectors, scored as `DenseRanker` does."""

    def __init__(self, seen: SeenPassages) -> None:
        self._seen = seen
        self._vectors: dict[int, Floats] = {}  # those that were found lately: a reader asks for them next

    def rank(self, vector: Floats, depth: int, allowed: Mask | None = None) -> list[Scored]:
        whole = self._seen.whole
        if vector.shape != (whole.collected.dim,) or not np.isfinite(vector).all():
            raise ValueError(f"a vector of shape {vector.shape}: expected {whole.collected.dim} finite numbers")

        def search(count: int, where: Where) -> Mapping[str, Floats]:
            return whole.engine.nearest(whole.collected.collection, vector, count, where)

        found = self._seen.reached(search, depth, allowed)
        if not found:
            return []
        self._keep(found)
        exact = np.stack(list(found.values())).astype(np.float64) * vector[np.newaxis]
        return best(np.array(list(found)), exact.sum(axis=1), depth)

    def vectors(self, rows: Sequence[int]) -> Floats:
        """(len(rows), dim). Raises IndexDamaged for one that the engine does not hold."""
        kept = self._vectors
        if missing := [row for row in dict.fromkeys(rows) if row not in kept]:
            got = self._seen.asked(self._got, [self._seen.key(row) for row in missing])
            kept = kept | {self._seen.row(key): vector for key, vector in got.items()}
            self._keep(kept)
        return np.stack([kept[row] for row in rows])

    def _got(self, keys: Sequence[str]) -> dict[str, Floats]:
        whole = self._seen.whole
        got = whole.engine.vectors(whole.collected.collection, keys)
        if len(got) < len(keys):
            raise IndexDamaged("the search engine lacks passages of this index; mend it with: quotewell verify")
        return got

    def _keep(self, vectors: dict[int, Floats]) -> None:
        kept = self._vectors if len(self._vectors) < _KEPT_VECTORS else {}
        self._vectors = kept | vectors  # another dict: threads read the one that they have


class EngineLexical:
    """BM25 as `LexicalRanker` has it, of passages that the engine proposes."""

    def __init__(self, seen: SeenPassages, counts: Vocabulary) -> None:
        self._seen, self._counts = seen, counts

    @property
    def numbers(self) -> Mapping[str, int]:
        """Term → passages that hold it."""
        return self._counts.terms

    def rank(self, terms: Sequence[str], depth: int, allowed: Mask | None = None) -> list[Scored]:
        known = [term for term in terms if term in self._counts.terms]
        whole, weights = self._seen.whole, dict.fromkeys(map(term_number, known), 0.0)
        for term in known:
            weights[term_number(term)] += max(self._counts.idf[term], _LEAST_WEIGHT)

        def search(count: int, where: Where) -> Mapping[str, float]:
            return whole.engine.matching(whole.collected.collection, weights, count, where)

        parts = {row: self._parts(known, row) for row in self._seen.reached(search, depth, allowed)}
        scores = {row: sum((part for _, part in of), 0.0) for row, of in parts.items() if of}
        return best(np.array(list(scores), np.int64), np.array(list(scores.values())), depth)

    def contributions(self, terms: Sequence[str], row: int) -> dict[str, float]:
        parts: dict[str, float] = {}
        for term, part in self._parts([term for term in terms if term in self._counts.terms], row):
            parts[term] = parts.get(term, 0.0) + part
        return parts

    def idf(self, term: str) -> float:
        return self._counts.idf.get(term, 0.0)

    def document_frequency(self, term: str) -> int:
        return self._counts.terms.get(term, 0)

    def holding(self, terms: Sequence[str]) -> NDArray[np.int64]:
        where = self._seen.where(None)
        if not terms or where is None or not all(map(self.document_frequency, terms)):
            return np.zeros(0, np.int64)
        whole, numbers = self._seen.whole, [term_number(term) for term in dict.fromkeys(terms)]
        keys = self._seen.asked(whole.engine.holding, whole.collected.collection, numbers, where)
        rows = np.array(sorted(map(self._seen.row, keys)), np.int64)
        return rows[rows >= 0]

    def _parts(self, terms: Iterable[str], row: int) -> list[tuple[str, float]]:
        """What each of the known terms that the passage holds adds to its score, in their order."""
        numbers = self._seen.term_numbers(row)
        held = dict(zip(*(column.tolist() for column in np.unique(numbers, return_counts=True)), strict=True))
        average, idf = self._counts.average, self._counts.idf
        return [
            (term, okapi_part(idf[term], held[number], okapi_damper(len(numbers), average)))
            for term, number in ((term, term_number(term)) for term in terms)
            if number in held
        ]


class InEngine:
    """The Found of `index.ranking.view`: both rankers and the words, of the passages that are seen."""

    def __init__(self, seen: SeenPassages, counts: Vocabulary) -> None:
        self._seen = seen
        self.lexical, self.dense, self.wording = EngineLexical(seen, counts), EngineDense(seen), counts

    @classmethod
    def of(cls, content: Content, shelf: DocStore, settings: Settings) -> "InEngine | None":
        """None where the content is searched in memory. Raises EngineUnavailable and IndexMismatch.

        What stands in the engine was counted when the content was loaded (`checked`) or made; one that is down by now
        keeps nobody from hiding what was deleted.
        """
        collected, engine = Collected.of(content), engine_of(settings)
        if collected is None:
            return None
        if engine is None:
            raise IndexMismatch("what this index is searched by is in a search engine; name it in the setting 'store'")
        marks = marks_of(content)
        places = {mark: place for place, mark in enumerate(marks)}
        bags, terms = content.pieces["bags"], content.pieces["terms"]
        whole = Whole(engine, collected, marks, places, days_of(content), bags, terms)
        return cls(SeenPassages(whole, shelf), Vocabulary.of(content))

    def seeing(self, shelf: DocStore, rows: NDArray[np.int64]) -> "InEngine":
        """The counts of what is seen, from the bags of what is seen or of what is not, whichever are fewer."""
        before, bags = self._seen.shelf.records, self._seen.whole.bags
        left = np.setdiff1d(before, shelf.records)
        if len(left) < len(shelf.records):
            counts = self.wording.changed((bags[at] for at in left.tolist()), -1)
        else:
            counts = NOTHING.changed((bags[at] for at in shelf.records.tolist()), 1)
        return InEngine(SeenPassages(self._seen.whole, shelf), counts)

    def vectors(self, rows: Sequence[int]) -> Floats:
        return self.dense.vectors(rows)
