"""What may be seen of a generation: all of it, or only what had been published by a day.

The restriction is made of the parts themselves, so nothing that is left out can be reached or counted: a search in it
gives what an index built without the other documents would give.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.embedding.embedder import Embedder
from index.embedding.vectors import Encoding
from index.ranking.dense import DenseRanker
from index.ranking.lexical import LexicalRanker
from index.records import Head
from index.storage.docstore import DocStore
from index.storage.generation import Generation
from index.storage.merkle import CorpusTree
from index.text.surface_forms import SurfaceForms


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Rows count what is seen; arrays and FAISS's memory are shared with the whole."""

    day: date | None  # None: everything is seen, whenever published
    corpus: CorpusTree  # of all documents, seen or not
    shelf: DocStore
    lexical: LexicalRanker
    dense: DenseRanker
    wording: SurfaceForms
    vectors: NDArray[np.float32]  # (all passages, dim)
    tokens: Mapping[str, NDArray[Any]]  # of all passages: starts, vectors, scales, offsets
    recomputes: Embedder | None  # where token vectors are not kept: what makes them

    @classmethod
    def of(cls, generation: Generation, recomputes: Embedder | None) -> "View":
        """All of it. Raises IndexDamaged."""
        shelf = DocStore(generation.arrays(""))
        lexical = LexicalRanker.from_arrays(generation.arrays("lexical_"))
        wording = SurfaceForms(generation.arrays("wording_"), lexical.numbers, np.ones(shelf.passage_count, np.bool_))
        vectors, tokens = generation.array("vectors"), generation.arrays("token_")
        digests, characters = generation.array("document_revisions"), generation.array("document_characters")
        corpus = CorpusTree(shelf.document_ids, digests, characters)
        return cls(None, corpus, shelf, lexical, DenseRanker(vectors), wording, vectors, tokens, recomputes)

    def until(self, day: date) -> "View":
        """As if documents published later, and those without a date, did not exist."""

        def seen(head: Head) -> bool:
            return head.published is not None and head.published <= day

        return replace(self.seeing(seen), day=day)

    def seeing(self, seen: Callable[[Head], bool]) -> "View":
        """As if the other documents did not exist."""
        rows = np.flatnonzero(self.shelf.passing(seen))
        shelf = self.shelf.restricted(seen)
        return replace(
            self,
            shelf=shelf,
            lexical=self.lexical.restricted(rows),
            dense=self.dense.restricted(rows),
            wording=self.wording.seeing(shelf.rows),
        )

    def encodings(self, rows: Sequence[int]) -> list[Encoding]:
        """What the embedder made of the passages, in the order of `rows`; made again where tokens are not kept."""
        if self.recomputes is None:
            return [self._kept(row) for row in rows]
        texts = [self.shelf.passage(row).search_text for row in rows]
        encoded = self.recomputes.encode_passages(texts)
        return [Encoding.from_floats(one.vector, one.tokens, one.offsets) for one in encoded]

    def _kept(self, row: int) -> Encoding:
        at = int(self.shelf.rows[row])
        begin, end = (int(place) for place in self.tokens["starts"][at : at + 2])
        parts = [np.asarray(self.tokens[name][begin:end]) for name in ("vectors", "scales", "offsets")]
        return Encoding(np.asarray(self.vectors[at]), *parts)
