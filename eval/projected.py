"""An index of full token vectors, seen through a projection: what reading would find if it were built with that one."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from index.encoding import Encoding, settled
from index.lexical import LexicalRanker
from index.projection import Projection
from index.records import Document, Hit
from index.search import Index
from index.text import Stem
from index.vectors import Encoded

_KEPT = 4096  # projected passages, of about 20 kB each


class ProjectedIndex:
    """Searches as the index does, for the passages' own vectors are not projected."""

    def __init__(self, index: Index, projection: Projection, encoded: Mapping[str, Encoded]) -> None:
        """`encoded`: questions that were encoded before, as the index gives them."""
        self._index = index
        self._encoded = encoded
        self._projection = projection
        self.encode = lru_cache(maxsize=256)(self._encode)
        self.encoding = lru_cache(maxsize=_KEPT)(self._encoding)

    @property
    def stem(self) -> Stem:
        return self._index.stem

    @property
    def lexical(self) -> LexicalRanker:
        return self._index.lexical

    @property
    def passage_count(self) -> int:
        return self._index.passage_count

    def search(self, question: str, *, limit: int) -> Sequence[Hit]:
        return self._index.search(question, limit=limit)

    def document(self, document_id: str) -> Document:
        return self._index.document(document_id)

    def _encode(self, question: str) -> Encoded:
        known = self._encoded.get(question)
        return settled(self._projection.question(self._index.encode(question) if known is None else known))

    def _encoding(self, row: int) -> Encoding:
        full = self._index.encoding(row)
        made = self._projection.passage(Encoded(full.vector, full.token_vectors(), full.offsets))
        return Encoding.from_floats(made.vector, made.tokens, made.offsets)
