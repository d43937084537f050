"""What one forward pass gives: the passage's vector, its tokens' vectors, and their places in the text."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from index.records import Passage

Floats = NDArray[np.float32]
OnText = Callable[[int], None]  # called for each text that is encoded, in order, with its tokens, special ones included


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one forward pass says of one text."""

    vector: Floats  # (dim,) unit length
    tokens: Floats  # (t, d) rows of unit length, special tokens left out; d may be less than dim
    offsets: NDArray[np.int32]  # (t, 2) code points of each token in the text
    importance: Floats | None = None  # (t,) adds up to 1: what each token of a question counts; None: all the same


def encoded(vector: Floats, states: Floats, offsets: NDArray[np.int32]) -> Encoded:
    """From a unit vector (dim,), token states (t, d) of any length and their offsets (t, 2)."""
    return Encoded(vector, unit_rows(states), offsets)


def unit(vector: Floats) -> Floats:
    """The vector at length 1; one of length 0 stays as it is."""
    (row,) = unit_rows(vector[np.newaxis])
    return np.asarray(row)


def unit_rows(rows: NDArray[np.floating[Any]]) -> Floats:
    """(n, d) with every row at length 1; what a row becomes depends on no other, and on no BLAS."""
    norms = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def times(rows: NDArray[Any], matrix: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """(n, d) by (d, m), in pieces so small that no BLAS calls a second thread, which would spin more than it helps."""
    made = np.empty((len(rows), matrix.shape[1]), matrix.dtype)
    step = max(_AT_ONCE // max(matrix.size, 1), 1)
    for at in range(0, len(rows), step):
        made[at : at + step] = rows[at : at + step].astype(matrix.dtype, copy=False) @ matrix
    return made


# What an embedder makes of a passage, as it is kept, and of a question, as it is compared with that.
#
# All numbers have so few digits that whatever is summed over products of them in float64 is exact: no kernel, no
# thread
# and no order of summing can show in a score. The digits that are lost here are also those in which processors differ.

KINDS = (np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.float32), np.dtype(np.int32))
_AT_ONCE = 2**18  # multiplications
LEVELS = 127  # int8 without -128, so that the scale is symmetric
_SCALE_STEPS = 4096  # from one power of two to twice that: of scales
_VECTOR_STEPS = 4096  # to a length of 1: of vectors, and of the importance of a question's tokens
_TOKEN_STEPS = 512  # … of a question's token vectors
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A passage as numbers; t is its count of tokens and may be 0.

    Token vectors are int8 with one scale each, a quarter of their float32 size.
    """

    vector: npt.NDArray[np.float32]  # (dim,), unit length, whole numbers of 1/4096
    tokens: npt.NDArray[np.int8]  # (t, d), -127..127
    scales: npt.NDArray[np.float32]  # (t,): tokens[i] * scales[i] is about the i-th token vector
    offsets: npt.NDArray[np.int32]  # (t, 2): start and end of each token in the embedded text, code points

    def __post_init__(self) -> None:
        count = len(self.tokens)
        kinds = (self.vector.dtype, self.tokens.dtype, self.scales.dtype, self.offsets.dtype)
        if kinds != KINDS:
            raise ValueError(f"an encoding is {', '.join(map(str, KINDS))}; this one {', '.join(map(str, kinds))}")
        if self.vector.ndim != 1 or self.tokens.ndim != 2:
            raise ValueError(f"vector {self.vector.shape} must be (dim,) and tokens {self.tokens.shape} (t, d)")
        if self.scales.shape != (count,) or self.offsets.shape != (count, 2):
            raise ValueError(f"{count} tokens, but scales {self.scales.shape} and offsets {self.offsets.shape}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Encoding):
            return NotImplemented
        return (
            np.array_equal(self.vector, other.vector)
            and np.array_equal(self.tokens, other.tokens)
            and np.array_equal(self.scales, other.scales)
            and np.array_equal(self.offsets, other.offsets)
        )

    @classmethod
    def from_floats(cls, vector: npt.ArrayLike, token_vectors: npt.ArrayLike, offsets: npt.ArrayLike) -> Self:
        """From vector (dim,) of unit length, token vectors (t, d) and offsets (t, 2); copies, and freezes the copies.

        Symmetric quantisation by a scale of max|x| / 127, rounded up to 12 binary digits: no component moves by more
        than half a scale.
        Raises ValueError for values that are not finite and for a vector that is not of unit length.
        """
        exact = np.array(vector, dtype=np.float32)
        floats = np.asarray(token_vectors, dtype=np.float32)
        if not (np.isfinite(exact).all() and np.isfinite(floats).all()):
            raise ValueError("an encoding must be finite; the embedder gave NaN or infinity")
        if not is_unit(exact):
            raise ValueError(f"a passage's vector must have length 1; this one has {np.linalg.norm(exact):.6g}")
        digits, powers = np.frexp(np.max(np.abs(floats), axis=1, initial=0.0).astype(np.float64) / LEVELS)
        scales = np.ldexp(np.ceil(digits * _SCALE_STEPS) / _SCALE_STEPS, powers).astype(np.float32)
        steps = np.divide(floats, scales[:, None], out=np.zeros_like(floats), where=scales[:, None] > 0)
        tokens = np.clip(np.rint(steps), -LEVELS, LEVELS).astype(np.int8)
        spans = np.array(offsets, dtype=np.int32).reshape(-1, 2)
        whole = _whole(exact, _VECTOR_STEPS)
        for array in (whole, tokens, scales, spans):
            array.setflags(write=False)
        return cls(whole, tokens, scales, spans)

    def bare(self) -> Self:
        """The same without its tokens: what is kept where they are made again for each question."""
        return type(self)(self.vector, self.tokens[:0], self.scales[:0], self.offsets[:0])

    def token_bytes(self) -> bytes:
        """All but the vector: scales, offsets and tokens, one behind the other."""
        return self.scales.tobytes() + self.offsets.tobytes() + self.tokens.tobytes()

    @classmethod
    def from_bytes(cls, vector: npt.NDArray[np.float32], tokens: bytes, token_dim: int) -> Self:
        """From the vector and what `token_bytes` gave; `token_dim` is d."""
        count = len(tokens) // (token_dim + 12)
        return cls(
            vector,
            np.frombuffer(tokens, np.int8, count * token_dim, 12 * count).reshape(count, token_dim),
            np.frombuffer(tokens, np.float32, count),
            np.frombuffer(tokens, np.int32, 2 * count, 4 * count).reshape(count, 2),
        )

    def token_vectors(self) -> npt.NDArray[np.float32]:
        """(t, d) float32: the token vectors, each component within half a scale of what it was."""
        return self.tokens.astype(np.float32) * self.scales[:, None]


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage and its encoding: what is kept together, and changes together."""

    passage: Passage
    encoding: Encoding


def settled(question: Encoded) -> Encoded:
    """The question in as few digits as it is compared with: its numbers are whole multiples of a power of two."""
    importance = question.importance
    return replace(
        question,
        vector=_whole(question.vector, _VECTOR_STEPS),
        tokens=_whole(question.tokens, _TOKEN_STEPS),
        importance=None if importance is None else _whole(importance, _VECTOR_STEPS),
    )


def _whole(numbers: Floats, steps: int) -> Floats:
    """The nearest multiples of 1 / `steps`."""
    return np.asarray(np.rint(numbers * np.float32(steps)) / np.float32(steps), np.float32)


def is_unit(vector: npt.NDArray[np.float32]) -> bool:
    """Whether a vector has length 1, as inner product search takes for granted; false for NaN."""
    return bool(abs(np.linalg.norm(vector) - 1.0) <= UNIT_TOLERANCE)
