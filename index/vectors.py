"""What one forward pass gives: the passage's vector, its tokens' vectors, and their places in the text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
