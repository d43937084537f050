"""The readers' weights: small JSON files, written by `quotewell eval fit` and `eval train-reader` and nothing else."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import BadSetting
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES

Floats = NDArray[np.float64]
Knots = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model by feature name; its score is the sum of contributions."""

    bias: float
    weights: Floats

    def score(self, features: Floats, more: Iterable[float] = ()) -> float:
        """Of (features,), with more summands; rounded once, so that equal ones score equally."""
        return math.fsum((*(features * self.weights).tolist(), self.bias, *more))

    def contributions(self, names: Sequence[str], features: Floats) -> dict[str, float]:
        """What each feature adds to the score of (features,); those that add nothing are left out."""
        parts = zip((*names, "bias"), (*(features * self.weights).tolist(), self.bias), strict=True)
        return {name: part for name, part in parts if part}


@dataclass(frozen=True, slots=True)
class ReaderWeights:
    """`sentence` orders; `confidence` gives log odds, which `calibration` turns into a chance."""

    sentence: Linear
    confidence: Linear
    threshold: float  # least confidence to answer, fitted with the weights
    margin: float  # further quotes are at most this much less like the question than the likest
    calibration: Knots = ()  # ascending (log odds, chance), straight lines between; none: the logistic function

    def chance(self, odds: float) -> float:
        """0..1, never falling with the odds."""
        if not self.calibration:
            return logistic(odds)
        at, chances = zip(*self.calibration, strict=True)
        return float(np.interp(odds, at, chances))


def logistic(odds: float) -> float:
    """Log odds → 0..1, whatever their size."""
    return (1 + math.tanh(odds / 2)) / 2


def load_weights(name: str) -> ReaderWeights:
    """From rag/NAME.json. Raises BadSetting where there is none, ValueError where it does not fit this code."""
    try:
        fields = json.loads(files("rag.reading").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadSetting(f"there is no reader '{name}'; the setting reader is model or trained") from None
    return weights_from(fields)


def weights_from(fields: Mapping[str, Any]) -> ReaderWeights:
    """From the fields of such a file. Raises ValueError."""
    knots = tuple((float(at), float(chance)) for at, chance in fields.get("calibration", ()))
    return ReaderWeights(
        sentence=_linear(fields["sentence"], FEATURES),
        confidence=_linear(fields["confidence"], CONFIDENCE_FEATURES),
        threshold=float(fields["threshold"]),
        margin=float(fields["margin"]),
        calibration=knots,
    )


def _linear(fields: Mapping[str, float], features: tuple[str, ...]) -> Linear:
    """Features that are not named have no weight."""
    if "bias" not in fields or not fields.keys() <= {*features, "bias"}:
        raise ValueError(f"weights for {sorted(fields)}, expected bias and some of {sorted(features)}")
    return Linear(fields["bias"], np.array([fields.get(name, 0.0) for name in features]))
