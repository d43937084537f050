"""Ranks passages by the inner product of their vectors with the question's, through FAISS: exactly up to `EXACT` rows.

FAISS finds the candidates in float32; the few that matter are scored again in float64, row by row, so that equal
vectors have equal scores and the order does not depend on how FAISS sums, breaks ties or pads. Of more rows those are
candidates whose signs are the question's in the most places, bits that FAISS counts: a 32nd of the bytes to read, and
the same candidates on every processor. Scores are exact at every size.
"""

from copy import copy
from typing import Any, cast

import faiss
import numpy as np
from numpy.typing import NDArray

from index.ranking.fuse import best
from index.records import Scored

EXACT = 50_000  # rows up to which all are scored: some milliseconds
_AGAIN, _LEAST = 16, 1200  # candidates by signs, for each row wanted and in all: docs/benchmarks.md has what they miss
_SPARE = 16  # candidates beyond the depth, so that a second scan is rare
_BLOCK = 4096  # rows that are compared at once, so that this takes no memory
_TINY = 2 * float(np.finfo(np.float32).tiny)  # sums below it may be rounded to 0


class DenseRanker:
    """Search over (n, dim) float32 rows, one per passage; n may be 0. Not to be shared with a forked child."""

    name = "dense"

    def __init__(self, vectors: NDArray[np.float32], exact: int = EXACT) -> None:
        """Rows are meant to be of unit length, so that scores are cosines in -1..1; FAISS reads them where they are."""
        lengths = np.einsum("nd,nd->n", vectors, vectors) if vectors.ndim == 2 else np.full(1, np.nan)
        if not np.isfinite(lengths).all():
            raise ValueError(f"vectors of shape {vectors.shape}: expected finite (n, dim) rows; embed them again")
        self.vectors = np.ascontiguousarray(vectors, np.float32)  # (n, dim), whatever is seen
        self._rows: NDArray[np.int64] | None = None  # those that are seen; None: all
        self._exact = exact
        self._signs = _signs(vectors) if len(vectors) > exact else None  # of those that are seen
        # n-term float32 sums err by at most n * 2**-24 of the lengths' product, whatever their order
        self._error = vectors.shape[1] * 2.0**-24 * float(np.sqrt(lengths.max(initial=_TINY)))

    @property
    def nbytes(self) -> int:
        """Memory that its vectors take, and their signs."""
        return self.vectors.nbytes + (self._signs.ntotal * self._signs.code_size if self._signs else 0)

    def restricted(self, rows: NDArray[np.int64]) -> "DenseRanker":
        """Sees these rows alone, and shares their memory with this one; its row i is rows[i]. They ascend, each once.

        Scores are the same: the inner product of a row does not depend on the others.
        """
        seen = copy(self)
        seen._rows = whole = rows if self._rows is None else self._rows[rows]
        seen._signs = _signs(self.vectors, whole) if len(whole) > self._exact else None
        return seen

    def rank(self, vector: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_] | None = None) -> list[Scored]:
        """At most `depth` rows, best inner product first, ties by row; `allowed` is a mask over rows.

        Raises ValueError for a vector of another size or with a number that is not finite.
        """
        if vector.shape != self.vectors.shape[1:] or not np.isfinite(vector).all():
            raise ValueError(f"a vector of shape {vector.shape}: expected {self.vectors.shape[1]} finite numbers")
        count = len(self.vectors if self._rows is None else self._rows)
        if allowed is not None and allowed.shape != (count,):
            raise ValueError(f"a mask of shape {allowed.shape}: expected a flag for each of {count} rows")
        question = np.asarray(vector, np.float32)[np.newaxis]
        faiss.omp_set_num_threads(1)  # of who calls: one question is no work for several, and they wait at full speed
        rows = self._of_like_signs(question, depth, allowed)
        if rows is None:
            rows = self._candidates(question, depth, self._seen(allowed))
        exact = self.vectors[rows].astype(np.float64) * question
        return best(rows if self._rows is None else np.searchsorted(self._rows, rows), exact.sum(axis=1), depth)

    def _seen(self, allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """A mask over all rows."""
        if self._rows is None:
            return allowed
        mask = np.zeros(len(self.vectors), np.bool_)
        mask[self._rows if allowed is None else self._rows[allowed]] = True
        return mask

    def _of_like_signs(
        self, question: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.int64] | None:
        """As `_candidates`, among those with like signs. None where all are to be scored: of few, for a great depth,
        and where too many tie.

        Of those that tie with the last one none is kept, so that no order of FAISS's decides.
        """
        count = max(_AGAIN * depth, _LEAST)
        if self._signs is None or 4 * count > (self._signs.ntotal if allowed is None else allowed.sum()):
            return None
        params = None if allowed is None else faiss.SearchParameters(sel=_selector(allowed))  # type: ignore[call-arg]
        apart, rows = self._signs.search(np.packbits(question > 0, axis=1), count + 1, params=params)
        near: NDArray[np.int64] = np.sort(rows[0][apart[0] < apart[0, -1]])
        if len(near) < depth:
            return None
        near = near if self._rows is None else self._rows[near]
        scores: NDArray[np.float32] = self.vectors[near] @ question[0]
        return near[scores >= self._floor(float(np.partition(scores, -depth)[-depth]), question)]

    def _candidates(
        self, question: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """Ascending rows among which the best `depth` are, with all that tie with the last of them."""
        whole, count = self.vectors, min(depth + _SPARE, len(self.vectors))
        if not count:
            return np.zeros(0, np.int64)
        scores, rows = np.empty(count, np.float32), np.empty(count, np.int64)
        at, scan = faiss.swig_ptr, cast(Any, faiss.knn_inner_product)  # the stubs know one of its forms
        scan(at(question), at(whole), whole.shape[1], 1, len(whole), count, at(scores), at(rows), _selector(allowed))
        found = rows >= 0  # FAISS fills up with -1
        floor = self._floor(float(scores[min(depth, count) - 1]), question)
        if found.all() and count < len(whole) and scores[-1] >= floor:
            within = whole @ question[0] >= floor
            return np.flatnonzero(within if allowed is None else within & allowed)
        return np.sort(rows[found])

    def _floor(self, last: float, question: NDArray[np.float32]) -> float:
        """No float32 score below it is one of the best, of which FAISS or BLAS gave the last this one."""
        return float(last - 3 * self._error * np.linalg.norm(question)) - _TINY


def _signs(vectors: NDArray[np.float32], rows: Any = slice(None)) -> Any:
    """Of rows as bits, for FAISS to count in how many of them a question differs."""
    bits = np.concatenate([np.packbits(vectors[at : at + _BLOCK] > 0, axis=1) for at in range(0, len(vectors), _BLOCK)])
    index: Any = faiss.IndexBinaryFlat(8 * bits.shape[1])
    index.use_heap = False  # counting is quicker where many are wanted
    index.add(bits[rows])
    return index


def _selector(allowed: NDArray[np.bool_] | None) -> Any:
    """FAISS's for a mask over rows. The wheel's type stubs know the C++ signatures only."""
    packed = None if allowed is None else np.packbits(allowed, bitorder="little")
    return packed if packed is None else faiss.IDSelectorBitmap(packed)  # type: ignore[call-arg, arg-type]
