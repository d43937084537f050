"""A question → hits: every ranker's best, fused. An `Index` is one immutable snapshot; share it between threads."""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.bootstrap import newest
from index.embedding.embedder import Embedder, Encoded, load_embedder
from index.embedding.vectors import settled
from index.engines.found import InEngine
from index.errors import IndexMismatch
from index.ranking.filters import EVERYTHING, Filters, means
from index.ranking.fuse import Shares, convex_shares, ordered, reciprocal_shares, spread
from index.ranking.view import Found, InMemory, Lexical, View
from index.records import Head, Hit, Passage, Scored
from index.settings import Settings
from index.storage.docstore import DocStore
from index.storage.generation import Generation, GenerationManifest
from index.storage.merkle import CorpusTree
from index.text.language import of_other_script, spoken
from index.text.words import Stem, asked_terms, spellings, words

_log = logging.getLogger(__name__)


# The Ranker seam, and what fulfils it here: both rankers given a question in words.


class Ranker(Protocol):
    """Orders passages for a question: best first, ties by row, no padding, at most `depth`."""

    @property
    def name(self) -> str: ...
    def rank(self, question: str, depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        """`allowed` is a mask over rows; what it shuts out still counts in a ranker's statistics."""
        ...


@dataclass(frozen=True, slots=True)
class InWords:
    """A ranker behind that seam, given of a question what it ranks by: its terms or its vector."""

    name: str
    ranker: Any  # Lexical or Dense
    given: Callable[[str], Any]

    def rank(self, question: str, depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        return list(self.ranker.rank(self.given(question), depth, allowed))


_DAYS = 4  # views kept; one costs about as much as its share of the postings
_FILTERS = 16  # masks kept, a byte a passage each
_SAID = 4096  # passages whose words are kept
_DEEPER, _REACH = 4, 16  # times the setting `depth`, where passages that say the same crowd out all others


class Index:
    """Everything that was built, ready to search; or, from `as_of`, what of it had been published by a day."""

    def __init__(
        self, generation: Generation, embedder: Embedder, settings: Settings, view: "_View | None" = None
    ) -> None:
        self.manifest: GenerationManifest = generation.manifest
        self.recipe: Mapping[str, Any] = json.loads(generation.manifest.recipe)
        self.stem: Stem = self.recipe["stem"]
        recomputes = embedder if self.recipe.get("token_vectors") == "recomputed" else None
        encode = lru_cache(maxsize=256)(lambda question: settled(embedder.encode_question(question)))
        view = view or _View(_whole(generation, settings, recomputes), encode)
        self._holdings = held = view.holdings
        self._settings, self.embedder = settings, embedder
        self.generation = generation
        self.version = generation.manifest.version  # its views bear the same
        self.day = held.day  # what was published later does not exist here; None where everything does
        self._shelf = shelf = held.shelf
        self.document_count, self.passage_count = shelf.document_count, shelf.passage_count
        # Of a document by its id: whether it stands here, its head, itself, and the rows of its passages in order.
        self.holds, self.head, self.document, self.rows_of = shelf.holds, shelf.head, shelf.document, shelf.rows_of
        # Of passages by their rows: one as it stands, which terms stand where in it, and what the embedder made of all.
        self.passage, self.term_places, self.encodings = shelf.passage, held.term_places, held.encodings
        # How most passages write the words of a stem, and every word as they write it; in lower case.
        self.written, self.written_forms = held.found.wording.written, held.found.wording.forms
        self.lexical: Lexical = held.found.lexical
        self.encode = view.encode  # a question is encoded once, however many parts and views ask for it
        # The terms of a question as the passages write them, with their places: in order, stop words left out.
        holds, term_of = self.lexical.document_frequency, held.found.wording.term_of
        self.asked = asked = lru_cache(maxsize=256)(partial(asked_terms, stem=self.stem, holds=holds, term_of=term_of))
        lexical = InWords("lexical", self.lexical, lambda question: [term.text for term in asked(question)])
        dense = InWords("dense", held.found.dense, lambda question: view.encode(question).vector)
        self.rankers: tuple[Ranker, ...] = (lexical, dense)
        self._said = lambda row: _words_said(held.shelf.passage(row).text)
        # neither closure holds this index itself: a snapshot that is replaced is freed at once
        self._views = lru_cache(maxsize=_DAYS)(
            lambda day: Index(generation, embedder, settings, _View(held.until(day), view.encode))
        )
        self._searched = searched = lru_cache(maxsize=_FILTERS)(
            lambda filters: _searched(held.shelf.each_head(), filters)
        )
        self._allowed = lru_cache(maxsize=_FILTERS)(lambda filters: held.shelf.passing(searched(filters).__contains__))
        self._twins = _twins(held.shelf.held_by)

    @property
    def corpus(self) -> CorpusTree:
        """All documents under one hash, also those that a view does not show; the tree is built at its first use."""
        return self._holdings.corpus

    @property
    def document_ids(self) -> Sequence[str]:
        """Ascending."""
        return self._shelf.document_ids

    @property
    def searched_ids(self) -> Sequence[str]:
        """But for those of documents that another says all of."""
        return [head.id for head in self._searched(EVERYTHING)] if self._twins else self.document_ids

    @property
    def heads(self) -> tuple[Head, ...]:
        """Of all documents, by ascending id; nothing is opened for them."""
        return self._shelf.heads

    def heads_within(self, filters: Filters) -> tuple[Head, ...]:
        """Of the documents that are searched under the filters: not of one that another says all of."""
        return tuple(self._searched(filters)) if filters or self._twins else self.heads

    def writers(self, name: str) -> frozenset[str]:
        """The names of authors and publishers that are meant by this one."""
        first = next((word.text for word in words(name)), "")
        return frozenset(writer for writer in self._writers.get(first, ()) if means(name, writer))

    @cached_property
    def _writers(self) -> Mapping[str, set[str]]:
        """Word → the names in which it stands."""
        found = defaultdict[str, set[str]](set)
        for name in {name for head in self._shelf.each_head() for name in (head.author, head.publisher)}:
            for word in words(name):
                found[word.text].add(name)
        return found

    def heads_holding(self, terms: Sequence[str]) -> tuple[Head, ...]:
        """Of the documents that have a passage with every one of the terms (stems), by ascending id."""
        return self._shelf.heads_of(self.lexical.holding(terms))

    def twins(self, document_id: str) -> tuple[str, ...]:
        """Ids, ascending, of the documents that say all that it says, or of whose words it holds all."""
        return self._twins.get(document_id, ())

    def passages(self, document_id: str) -> list[Passage]:
        """Of one document, in reading order. Raises NotFound."""
        return [self.passage(row) for row in self.rows_of(document_id)]

    def knows(self, language: str) -> bool:
        """Do the embedder's vectors tell the meaning of a language, by its ISO 639-1 code?"""
        return not self.embedder.languages or language in self.embedder.languages

    def as_of(self, day: date) -> "Index":
        """The index as if documents published after the day, and undated ones, did not exist; views are kept for reuse.

        Not even in statistics: it finds what an index built without those documents finds, with the same scores.
        """
        return self if self.day is not None and self.day <= day else self._views(day)

    def without(self, document_ids: Collection[str]) -> "Index":
        """The index as if these documents did not exist; a view like those of `as_of`, and not kept."""
        gone = frozenset(document_ids)
        view = _View(self._holdings.seeing(lambda head: head.id not in gone), self.encode)
        return Index(self.generation, self.embedder, self._settings, view)

    def search(self, question: str, *, limit: int, filters: Filters = EVERYTHING) -> list[Hit]:
        """At most `limit` hits that pass the filters, best first; deterministic."""
        rankings, fused = self._rankings(question, filters)
        found, _ = spread(fused, self._said, limit)
        return self._hits(found, rankings)

    def shares(self, question: str, *, filters: Filters = EVERYTHING) -> Shares:
        """Row → what each ranker that found it adds to its fused score.

        `search` orders by it all but what says nearly the same as three before it.
        """
        return shares(self._rankings(question, filters)[0], self._settings)

    def _rankings(self, question: str, filters: Filters) -> tuple[dict[str, list[Scored]], list[Scored]]:
        """And what they make together. Deep enough that passages which say the same leave room for others in reach."""
        depth, limit = self._settings.depth, self._settings.limit
        found = self._ranked(question, filters, depth)
        fused = fuse(found, self._settings)
        while depth < min(self.passage_count, _REACH * self._settings.depth) and spread(fused, self._said, limit)[1]:
            depth *= _DEEPER
            found = self._ranked(question, filters, depth)
            fused = fuse(found, self._settings)
        return found, fused

    def _ranked(self, question: str, filters: Filters, depth: int) -> dict[str, list[Scored]]:
        """Of a question in a script that the embedder cannot read, words alone find what they can find."""
        allowed = self._allowed(filters) if filters or self._twins else None
        found = {ranker.name: ranker.rank(question, depth, allowed) for ranker in self.rankers}
        language = spoken(spellings(question))
        if found["lexical"] and of_other_script(language) and not self.knows(language):
            found["dense"] = []
        return found

    def _hits(self, fused: Sequence[Scored], rankings: Mapping[str, Sequence[Scored]]) -> list[Hit]:
        places = {name: {s.row: (n, s.score) for n, s in enumerate(r, start=1)} for name, r in rankings.items()}
        hits = []
        for found in fused:
            at = {name: place[found.row] for name, place in places.items() if found.row in place}
            ranks = {name: rank for name, (rank, _) in at.items()}
            scores = {name: score for name, (_, score) in at.items()}
            hits.append(Hit(found.row, self.passage(found.row), found.score, ranks, scores))
        return hits


@lru_cache(maxsize=_SAID)
def _words_said(text: str) -> frozenset[str]:
    """Without what has a number in it, which makes one sentence look like many."""
    return frozenset(filter(str.isalpha, spellings(text)))


class _View(NamedTuple):
    """What an index looks at, and the encoder that it shares with the whole."""

    holdings: View
    encode: Callable[[str], Encoded]


def _whole(generation: Generation, settings: Settings, recomputes: Embedder | None) -> View:
    """Raises IndexDamaged and, of an engine, EngineUnavailable."""
    content, shelf = generation.content, DocStore(generation.content)
    engine = InEngine.of(content, shelf, settings)
    found: Found = engine or InMemory.of(content, shelf.passage_count)
    return View.of(generation, shelf, found, recomputes)


def _searched(heads: Iterable[Head], filters: Filters) -> dict[Head, None]:
    """In the order of `heads`: what passes, but for what is said by another that passes, too."""
    passing = {head.id: head for head in heads if filters.passes(head)}
    return dict.fromkeys(head for head in passing.values() if passing.keys().isdisjoint(head.held_by))


def _twins(held_by: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Document id → ids of those that hold it, or that it holds."""
    twins: dict[str, set[str]] = defaultdict(set)
    for one, other in ((name, other) for name, holders in held_by.items() for other in holders):
        twins[one].add(other)
        twins[other].add(one)
    return {name: tuple(sorted(others)) for name, others in twins.items()}


def fuse(rankings: Mapping[str, Sequence[Scored]], settings: Settings) -> list[Scored]:
    """The two rankings made one, as the settings say; rows are in document order, so ties are by passage id."""
    return ordered(shares(rankings, settings))


def shares(rankings: Mapping[str, Sequence[Scored]], settings: Settings) -> Shares:
    """What each ranking adds to the fused score of a row."""
    if settings.fusion == "rrf":
        return reciprocal_shares(rankings)
    weights = {"dense": settings.dense_weight, "lexical": 1 - settings.dense_weight}
    return convex_shares(rankings, weights)


def open_index(data: Path, settings: Settings, embedder: Embedder | None = None) -> Index:
    """The index of what the store holds now (`index.bootstrap`); why it is of anything less is logged as a warning.

    Raises IndexMissing, IndexDamaged, IndexMismatch or ModelMissing.
    """
    settings = settings.model_copy(update={"data": data})
    index = index_of(newest(settings, embedder), settings, embedder)
    if index.generation.problem:
        _log.warning("%s", index.generation.problem)
    return index


def index_of(generation: Generation, settings: Settings, embedder: Embedder | None = None) -> Index:
    """Ready to search. Raises IndexDamaged, IndexMismatch for another embedder than it was built with, ModelMissing."""
    recipe = json.loads(generation.manifest.recipe)
    embedder = embedder or load_embedder(str(recipe["embedder"]), settings.model_path)
    if (embedder.name, embedder.fingerprint) != (recipe["embedder"], recipe["fingerprint"]):
        data = settings.data
        raise IndexMismatch(
            f"'{data}' was built with {recipe['embedder']} ({recipe['fingerprint']}), here is {embedder.name} "
            f"({embedder.fingerprint}); build it again with: quotewell index PATH --data {data} --rebuild"
        )
    return Index(generation, embedder, settings)
