"""The reader's weights: a small JSON in the package, written by `quotewell eval fit` and by nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from rag.evidence import FEATURES

CONFIDENCE_FEATURES = (*FEATURES, "gap", "score")


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model by feature name; contributions add up to the score."""

    bias: float
    weights: NDArray[np.float64]

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, features) or (features,) → (n,) or ()."""
        scores: NDArray[np.float64] = features @ self.weights + self.bias
        return scores


@dataclass(frozen=True, slots=True)
class ReaderWeights:
    """`sentence` orders; `confidence` gives log odds of an answer and, in part, of the first quote being it."""

    sentence: Linear
    confidence: Linear
    threshold: float  # least confidence to answer, fitted with the weights
    margin: float  # further quotes score at most this much less than the first


def load_weights(name: str) -> ReaderWeights:
    """From rag/NAME.json. Raises ValueError where the file does not fit this code's features."""
    fields = json.loads(files("rag").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return ReaderWeights(
        sentence=_linear(fields["sentence"], FEATURES),
        confidence=_linear(fields["confidence"], CONFIDENCE_FEATURES),
        threshold=float(fields["threshold"]),
        margin=float(fields["margin"]),
    )


def _linear(fields: Mapping[str, float], features: tuple[str, ...]) -> Linear:
    if set(fields) != {*features, "bias"}:
        raise ValueError(f"weights for {sorted(fields)}, expected {sorted(features)} and bias; run: quotewell eval fit")
    return Linear(fields["bias"], np.array([fields[name] for name in features]))
