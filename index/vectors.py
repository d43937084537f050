"""What one forward pass gives: the passage's vector, its tokens' vectors, and their places in the text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
