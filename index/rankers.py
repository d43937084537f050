"""The Ranker seam, and what fulfils it here: both rankers given a question in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.dense import DenseRanker
from index.embed import Encoded
from index.lexical import LexicalRanker
from index.records import Scored
from index.text import Stem, stems


class Ranker(Protocol):
    """Orders passages for a question: best first, ties by row, no padding, at most `depth`."""

    @property
    def name(self) -> str: ...
    def rank(self, question: str, depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        """`allowed` is a mask over rows; what it shuts out still counts in a ranker's statistics."""
        ...


@dataclass(frozen=True, slots=True)
class LexicalSide:
    """BM25 behind the Ranker seam: it cuts the question into the same terms as the passages."""

    ranker: LexicalRanker
    stem: Stem
    name: str = "lexical"

    def rank(self, question: str, depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        return self.ranker.rank(stems(question, self.stem), depth, allowed)


@dataclass(frozen=True, slots=True)
class DenseSide:
    """Vectors behind the Ranker seam."""

    ranker: DenseRanker
    encode: Callable[[str], Encoded]
    name: str = "dense"

    def rank(self, question: str, depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        return self.ranker.rank(self.encode(question).vector, depth, allowed)
