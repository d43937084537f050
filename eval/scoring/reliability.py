"""Is `confidence` a probability? Of answers said to be right with 80 %, about 80 % should be.

A calibration error is never zero, even for a perfect probability, because few answers fall into a bin; so it stands
beside what chance alone gives at these very confidences (Bröcker and Smith 2007). Ties are ordered by rightness: the
order of the questions does not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from eval.scoring.certify import Floats, JudgedAnswers
from eval.scoring.intervals import LEVEL, SEED, Figure, mean

BINS = 15
_DRAWS = 500

Bins = NDArray[np.int64]  # (answers,): the bin of each, from 0


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of neighbouring confidences; at least one."""

    lowest: float
    highest: float
    n: int
    confidence: float  # mean
    right: float  # share
    low: float  # 95 % interval of the share (Clopper and Pearson 1934)
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The mean distance of confidence and share right over the bins, weighted by answers (Naeini et al. 2015)."""

    bins: str  # "equal width" or "equal mass"
    value: float
    by_chance: float  # a perfect probability stays below this in 95 of 100 sets with these confidences


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the confidences of one set's answers can be taken at their word."""

    brier: Figure  # mean squared distance of confidence and rightness (Brier 1950); 0 is best
    errors: tuple[CalibrationError, ...]
    confidence: Figure  # mean
    right: Figure  # share
    bins: tuple[Bin, ...]  # of equal mass, ascending


def measure_reliability(judged: JudgedAnswers) -> Reliability:
    """Of answers that were given whatever their confidence. Without any, the figures are None and there is no bin."""
    order = np.lexsort([judged.wrong, judged.confidence])
    confidence, right = judged.confidence[order], ~judged.wrong[order]
    mass = equal_mass(confidence)
    named: tuple[tuple[str, Bins], ...] = (("equal width", equal_width(confidence)), ("equal mass", mass))
    return Reliability(
        brier=mean("Brier score", ((confidence - right) ** 2).tolist()),
        errors=tuple(_error(name, confidence, right, bins) for name, bins in named if len(confidence)),
        confidence=mean("mean confidence", confidence.tolist()),
        right=mean("answers that are right", right.tolist()),
        bins=tuple(_bin(confidence[mass == at], right[mass == at]) for at in np.unique(mass)),
    )


def equal_width(confidence: Floats) -> Bins:
    """Bins (0, 1/15], (1/15, 2/15] … as Guo et al. (2017) have them; 0 is in the first."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def equal_mass(ascending: Floats) -> Bins:
    """Bins whose sizes differ by one at most, as Nixon et al. (2019) have them."""
    return np.arange(len(ascending)) * min(BINS, len(ascending)) // max(len(ascending), 1)


def expected_error(confidence: Floats, right: Floats, bins: Bins) -> Floats:
    """(answers,), (…, answers), (answers,) ascending → (…,): sum over bins of |sum(confidence) - sum(right)| / n."""
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    apart: Floats = np.abs(np.add.reduceat(confidence - right, starts, axis=-1)).sum(axis=-1) / len(confidence)
    return apart


def _error(name: str, confidence: Floats, right: NDArray[np.bool_], bins: Bins) -> CalibrationError:
    drawn = np.random.default_rng(SEED).random((_DRAWS, len(confidence))) < confidence
    chance = expected_error(confidence, drawn.astype(np.float64), bins)
    value = float(expected_error(confidence, right.astype(np.float64), bins))
    return CalibrationError(name, value, float(np.quantile(chance, LEVEL)))


def _bin(confidence: Floats, right: NDArray[np.bool_]) -> Bin:
    n, hits, tail = len(right), int(right.sum()), (1 - LEVEL) / 2
    return Bin(
        lowest=float(confidence[0]),
        highest=float(confidence[-1]),
        n=n,
        confidence=float(confidence.mean()),
        right=hits / n,
        low=float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0,
        high=float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0,
    )
