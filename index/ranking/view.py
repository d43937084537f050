"""What may be seen of an index: all of it, or only some documents, as if the others did not exist.

What passages are found by is in this process's memory (`InMemory`) or in a search engine (`index.engines.found`);
everything else, the articles first of all, is the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedding.embedder import Embedder
from index.embedding.vectors import Encoding, Floats
from index.ranking.dense import DenseRanker
from index.ranking.lexical import LexicalRanker, SurfaceForms
from index.records import Head, Scored
from index.storage.docstore import DocStore
from index.storage.generation import Generation
from index.storage.merkle import CorpusTree
from index.storage.pieces import Content, Pieces
from index.text.words import TermPlaces

Mask = NDArray[np.bool_]


class Lexical(Protocol):
    """BM25, and what is known of the terms; `LexicalRanker` says of each what it promises."""

    @property
    def numbers(self) -> Mapping[str, object]: ...
    def rank(self, terms: Sequence[str], depth: int, allowed: Mask | None = None) -> list[Scored]: ...
    def contributions(self, terms: Sequence[str], row: int) -> dict[str, float]: ...
    def idf(self, term: str) -> float: ...
    def document_frequency(self, term: str) -> int: ...
    def holding(self, terms: Sequence[str]) -> NDArray[np.int64]: ...


class Dense(Protocol):
    """Nearest vectors, as `DenseRanker` finds them."""

    def rank(self, vector: Floats, depth: int, allowed: Mask | None = None) -> list[Scored]: ...


class Wording(Protocol):
    """How the words behind each term are written, as `SurfaceForms` tells it."""

    def written(self, term: str) -> str: ...
    def forms(self) -> list[str]: ...
    def term_of(self, word: str) -> str: ...


class Found(Protocol):
    """What passages are found by; `row` counts the passages that are seen."""

    @property
    def lexical(self) -> Lexical: ...
    @property
    def dense(self) -> Dense: ...
    @property
    def wording(self) -> Wording: ...
    def seeing(self, shelf: DocStore, rows: NDArray[np.int64]) -> "Found":
        """Of these rows alone, which are what stands on the shelf."""
        ...

    def vectors(self, rows: Sequence[int]) -> Floats:
        """(len(rows), dim), as the embedder made them of the passages."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class InMemory:
    """FAISS and postings; arrays and FAISS's memory are shared with the whole."""

    lexical: LexicalRanker
    dense: DenseRanker
    wording: SurfaceForms
    rows: NDArray[np.int64]  # where those that are seen stand among all

    @classmethod
    def of(cls, content: Content, passages: int) -> "InMemory":
        """Raises IndexDamaged."""
        lexical = LexicalRanker.from_arrays(content.part("lexical_"))
        wording = SurfaceForms(content.part("wording_"), lexical.numbers, np.ones(passages, np.bool_))
        return cls(lexical, DenseRanker(content.arrays["vectors"]), wording, np.arange(passages))

    def seeing(self, shelf: DocStore, rows: NDArray[np.int64]) -> "InMemory":
        wording = self.wording.seeing(shelf.rows)
        return InMemory(self.lexical.restricted(rows), self.dense.restricted(rows), wording, shelf.rows)

    def vectors(self, rows: Sequence[int]) -> Floats:
        return self.dense.vectors[self.rows[list(rows)]]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What may be seen of a generation: all of it, or only what had been published by a day.

    The restriction is made of the parts themselves, so nothing that is left out can be reached or counted: a search in
    it gives what an index built without the other documents would give. Rows count what is seen.
    """

    day: date | None  # None: everything is seen, whenever published
    corpus: CorpusTree  # of all documents, seen or not
    shelf: DocStore
    found: Found
    tokens: Pieces  # of all passages
    token_dim: int
    terms: Pieces  # of all passages: TermPlaces
    recomputes: Embedder | None  # where token vectors are not kept: what makes them

    @classmethod
    def of(cls, generation: Generation, shelf: DocStore, found: Found, recomputes: Embedder | None) -> "View":
        """All of it that the store still holds."""
        content = generation.content
        digests, characters = generation.array("document_revisions"), generation.array("document_characters")
        corpus, token_dim = CorpusTree(shelf.places, digests, characters), int(generation.array("token_dim")[0])
        tokens, terms = content.pieces["tokens"], content.pieces["terms"]
        whole = cls(None, corpus, shelf, found, tokens, token_dim, terms, recomputes)
        return whole.seeing(lambda head: head.id not in generation.gone) if generation.gone else whole

    def until(self, day: date) -> "View":
        """As if documents published later, and those without a date, did not exist."""

        def seen(head: Head) -> bool:
            return head.published is not None and head.published <= day

        return replace(self.seeing(seen), day=day)

    def seeing(self, seen: Callable[[Head], bool]) -> "View":
        """As if the other documents did not exist."""
        rows = np.flatnonzero(self.shelf.passing(seen))
        shelf = self.shelf.restricted(seen)
        return replace(self, shelf=shelf, found=self.found.seeing(shelf, rows))

    def encodings(self, rows: Sequence[int]) -> list[Encoding]:
        """What the embedder made of the passages, in the order of `rows`; offsets count from a `search_text`'s start.

        Ask for all that are read at once: where token vectors are not kept, the embedder runs here.
        """
        if self.recomputes is None:
            places = self.shelf.rows[list(rows)].tolist()
            vectors = self.found.vectors(rows)
            kept = zip(vectors, places, strict=True)
            return [Encoding.from_bytes(vector, self.tokens[at], self.token_dim) for vector, at in kept]
        texts = [self.shelf.passage(row).search_text for row in rows]
        encoded = self.recomputes.encode_passages(texts)
        return [Encoding.from_floats(one.vector, one.tokens, one.offsets) for one in encoded]

    def term_places(self, row: int) -> TermPlaces:
        """Which terms stand where in a passage; nothing of its text is cut anew. Raises IndexDamaged."""
        return TermPlaces.from_bytes(self.terms[int(self.shelf.rows[row])])
