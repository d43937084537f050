"""A question → hits: every ranker's best, fused. An `Index` is one immutable snapshot; share it between threads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index.dense import DenseRanker
from index.embed import Embedder, Encoded, load_embedder
from index.encoding import Encoding
from index.errors import IndexDamaged, IndexMismatch
from index.fuse import convex, reciprocal_rank
from index.generation import Generation, Manifest, current, load
from index.lexical import LexicalRanker
from index.records import Document, Hit, Passage, Scored
from index.settings import Settings
from index.shelf import Shelf
from index.text import Stem, stems


class Ranker(Protocol):
    """Orders passages for a question: best first, ties by row, no padding, at most `depth`."""

    @property
    def name(self) -> str: ...
    def rank(self, question: str, depth: int) -> list[Scored]: ...


@dataclass(frozen=True, slots=True)
class LexicalSide:
    """BM25 behind the Ranker seam: it cuts the question into the same terms as the passages."""

    ranker: LexicalRanker
    stem: Stem
    name: str = "lexical"

    def rank(self, question: str, depth: int) -> list[Scored]:
        return self.ranker.rank(stems(question, self.stem), depth)


class DenseSide:
    """Vectors behind the Ranker seam; a question is encoded once however many parts ask for it."""

    name = "dense"

    def __init__(self, ranker: DenseRanker, embedder: Embedder) -> None:
        self._ranker = ranker
        self.encode = lru_cache(maxsize=256)(embedder.encode_question)

    def rank(self, question: str, depth: int) -> list[Scored]:
        return self._ranker.rank(self.encode(question).vector, depth)


class Index:
    """Everything that was built, ready to search."""

    def __init__(self, generation: Generation, embedder: Embedder, settings: Settings) -> None:
        self.generation = generation
        self.manifest: Manifest = generation.manifest
        self.recipe: Mapping[str, Any] = json.loads(generation.manifest.recipe)
        self._shelf = Shelf(generation.arrays(""))
        self._tokens = generation.arrays("token_")
        self.stem: Stem = self.recipe["stem"]
        self.lexical = LexicalRanker.from_arrays(generation.arrays("lexical_"))
        self._vectors = generation.array("vectors")
        self._dense = DenseSide(DenseRanker(self._vectors), embedder)
        self.rankers: tuple[Ranker, ...] = (LexicalSide(self.lexical, self.stem), self._dense)
        self._settings = settings

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def document_ids(self) -> tuple[str, ...]:
        """Ascending."""
        return self._shelf.document_ids

    @property
    def passage_count(self) -> int:
        return self._shelf.passage_count

    def document(self, document_id: str) -> Document:
        """Raises NotFound."""
        return self._shelf.document(document_id)

    def passage(self, row: int) -> Passage:
        return self._shelf.passage(row)

    def passages(self, document_id: str) -> list[Passage]:
        """Of one document, in reading order. Raises NotFound."""
        return [self.passage(row) for row in self._shelf.rows_of(document_id)]

    def encode(self, question: str) -> Encoded:
        return self._dense.encode(question)

    def encoding(self, row: int) -> Encoding:
        """What the embedder made of the passage; offsets count from the start of its `search_text`."""
        begin, end = (int(at) for at in self._tokens["starts"][row : row + 2])
        parts = {name: np.asarray(self._tokens[name][begin:end]) for name in ("vectors", "scales", "offsets")}
        return Encoding(np.asarray(self._vectors[row]), parts["vectors"], parts["scales"], parts["offsets"])

    def search(self, question: str, *, limit: int) -> list[Hit]:
        """At most `limit` hits, best first; deterministic."""
        rankings = {ranker.name: ranker.rank(question, self._settings.depth) for ranker in self.rankers}
        return self._hits(fuse(rankings, self._settings)[:limit], rankings)

    def _hits(self, fused: Sequence[Scored], rankings: Mapping[str, Sequence[Scored]]) -> list[Hit]:
        places = {name: {s.row: (n, s.score) for n, s in enumerate(r, start=1)} for name, r in rankings.items()}
        return [
            Hit(
                row=found.row,
                passage=self.passage(found.row),
                score=found.score,
                ranks={name: place[found.row][0] for name, place in places.items() if found.row in place},
                scores={name: place[found.row][1] for name, place in places.items() if found.row in place},
            )
            for found in fused
        ]


def fuse(rankings: Mapping[str, Sequence[Scored]], settings: Settings) -> list[Scored]:
    """The two rankings made one, as the settings say; rows are in document order, so ties are by passage id."""
    if settings.fusion == "rrf":
        return reciprocal_rank(rankings)
    weights = {"dense": settings.dense_weight, "lexical": 1 - settings.dense_weight}
    return convex(rankings, weights)


def open_index(data: Path, settings: Settings, embedder: Embedder | None = None) -> Index:
    """The current generation. Raises IndexMissing, IndexDamaged, IndexMismatch or ModelMissing."""
    while True:
        version = current(data)
        try:
            return _open(data, load(data, version), settings, embedder)
        except IndexDamaged:
            if current(data) == version:  # else newer ones were published meanwhile, and this one was dropped
                raise


def _open(data: Path, generation: Generation, settings: Settings, embedder: Embedder | None) -> Index:
    recipe = json.loads(generation.manifest.recipe)
    embedder = embedder or load_embedder(str(recipe["embedder"]), settings.model_path)
    if (embedder.name, embedder.fingerprint) != (recipe["embedder"], recipe["fingerprint"]):
        raise IndexMismatch(
            f"'{data}' was built with {recipe['embedder']} ({recipe['fingerprint']}), here is {embedder.name} "
            f"({embedder.fingerprint}); build it again with: quotewell index PATH --data {data} --rebuild"
        )
    return Index(generation, embedder, settings)
