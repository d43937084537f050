"""A learned projection of MiniLM's token vectors: a third of their size, and closer to what answers a question.

It is made for the official weights and means nothing for others.
"""

import hashlib
import io
import math
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from index.errors import ModelMissing
from index.vectors import Encoded, Floats, unit_rows

PROJECTION = "projection.npy"  # beside this file; written by `quotewell eval train-reader` and by nothing else
_STEPS = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """`matrix` (dim, d) takes token vectors to d numbers; `attention` (d,) says from those how much a token counts."""

    matrix: Floats
    attention: Floats
    sha256: str  # of the file

    def passage(self, one: Encoded) -> Encoded:
        """The same text with its tokens projected, rows of unit length; its vector stays as it is.

        Tokens are rounded to 20 binary digits and the matrix has 24 at most, so that float64 sums are exact, and the
        same whatever the BLAS, as long as no column of the matrix is longer than 256.
        """
        steps = np.rint(one.tokens.astype(np.float64) * _STEPS)
        return replace(one, tokens=unit_rows(steps @ self.matrix.astype(np.float64)))

    def question(self, one: Encoded) -> Encoded:
        """As `passage`, and the importance of each token: softmax of its product with `attention`."""
        projected = self.passage(one)
        drawn = (projected.tokens.astype(np.float64) * self.attention).sum(axis=1).tolist()
        shares = [math.exp(one - max(drawn)) for one in drawn]
        importance = np.array(shares, np.float32) / np.float32(max(math.fsum(shares), 1e-12))
        return replace(projected, importance=importance)


@cache
def load_projection() -> Projection:
    """From the package. Raises ModelMissing where its file is missing or no projection."""
    try:
        written = files("index").joinpath(PROJECTION).read_bytes()
        return projection_from(written)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"index/{PROJECTION} cannot be read: {error}; install quotewell again") from error


def projection_from(written: bytes) -> Projection:
    """From the bytes of a .npy of float16, (dim + 1, d), whose last row is the attention. Raises ValueError."""
    whole = np.load(io.BytesIO(written), allow_pickle=False)
    if whole.ndim != 2 or whole.dtype != np.float16 or not np.isfinite(whole).all():
        raise ValueError(f"it holds {whole.dtype} {whole.shape}, not finite float16 (dim + 1, d)")
    parts = whole.astype(np.float32)
    return Projection(np.ascontiguousarray(parts[:-1]), parts[-1], hashlib.sha256(written).hexdigest())


def projection_bytes(matrix: Floats, attention: Floats) -> bytes:
    """What `projection_from` reads; float16, so not every last bit is kept."""
    file = io.BytesIO()
    np.save(file, np.vstack([matrix, attention]).astype(np.float16), allow_pickle=False)
    return file.getvalue()
