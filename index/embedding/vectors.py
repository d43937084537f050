"""What one forward pass gives: the passage's vector, its tokens' vectors, and their places in the text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from index.records import Passage

Floats = NDArray[np.float32]

_BATCH_TOKENS = 2048  # larger batches leave the cache of a core and get slower
_MOST_PADDING = 1.05  # computed tokens / real tokens in any one batch


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one forward pass says of one text."""

    vector: Floats  # (dim,) unit length
    tokens: Floats  # (t, d) rows of unit length, special tokens left out; d may be less than dim
    offsets: NDArray[np.int32]  # (t, 2) code points of each token in the text
    importance: Floats | None = None  # (t,) adds up to 1: what each token of a question counts; None: all the same


class Batch(NamedTuple):
    """Progress of a long embedding: texts done in this batch, their real tokens, the tokens computed for them."""

    texts: int
    tokens: int
    padded: int


OnBatch = Callable[[Batch], None]


def encoded(vector: Floats, states: Floats, offsets: NDArray[np.int32]) -> Encoded:
    """From a unit vector (dim,), token states (t, d) of any length and their offsets (t, 2)."""
    return Encoded(vector, unit_rows(states), offsets)


def unit(vector: Floats) -> Floats:
    """The vector at length 1; one of length 0 stays as it is."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)


def unit_rows(rows: Floats) -> Floats:
    """(n, d) with every row at length 1."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def batches(sizes: Sequence[int], most: int) -> Iterator[list[int]]:
    """Rows sorted by length; a batch ends before it is too large, or padded by more than _MOST_PADDING."""
    order = sorted(range(len(sizes)), key=lambda row: (sizes[row], row))
    batch: list[int] = []
    real = 0
    for row in order:
        size = min(sizes[row], most)
        computed = size * (len(batch) + 1)
        if batch and (computed > _BATCH_TOKENS or computed > _MOST_PADDING * (real + size)):
            yield batch
            batch, real = [], 0
        batch.append(row)
        real += size
    if batch:
        yield batch


# What an embedder makes of one passage, in the form in which it is kept: one vector, and one per token.
#
# Token vectors are kept as int8 with one scale each, a quarter of their float32 size; the vector itself stays exact.

KINDS = (np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.float32), np.dtype(np.int32))
LEVELS = 127  # int8 without -128, so that the scale is symmetric
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A passage as numbers; t is its count of tokens and may be 0."""

    vector: npt.NDArray[np.float32]  # (dim,), unit length
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

        Symmetric quantisation with scale max|x| / 127, so no component moves by more than half a scale.
        Raises ValueError for values that are not finite and for a vector that is not of unit length.
        """
        exact = np.array(vector, dtype=np.float32)
        floats = np.asarray(token_vectors, dtype=np.float32)
        if not (np.isfinite(exact).all() and np.isfinite(floats).all()):
            raise ValueError("an encoding must be finite; the embedder gave NaN or infinity")
        if not is_unit(exact):
            raise ValueError(f"a passage's vector must have length 1; this one has {np.linalg.norm(exact):.6g}")
        scales = np.max(np.abs(floats), axis=1, initial=0.0) / np.float32(LEVELS)
        steps = np.divide(floats, scales[:, None], out=np.zeros_like(floats), where=scales[:, None] > 0)
        tokens = np.clip(np.rint(steps), -LEVELS, LEVELS).astype(np.int8)
        spans = np.array(offsets, dtype=np.int32).reshape(-1, 2)
        for array in (exact, tokens, scales, spans):
            array.setflags(write=False)
        return cls(exact, tokens, scales, spans)

    def bare(self) -> Self:
        """The same without its tokens: what is kept where they are made again for each question."""
        return type(self)(self.vector, self.tokens[:0], self.scales[:0], self.offsets[:0])

    def token_vectors(self) -> npt.NDArray[np.float32]:
        """(t, d) float32: the token vectors, each component within half a scale of what it was."""
        return self.tokens.astype(np.float32) * self.scales[:, None]


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage and its encoding: what is kept together, and changes together."""

    passage: Passage
    encoding: Encoding


def is_unit(vector: npt.NDArray[np.float32]) -> bool:
    """Whether a vector has length 1, as inner product search takes for granted; false for NaN."""
    return bool(abs(np.linalg.norm(vector) - 1.0) <= UNIT_TOLERANCE)
