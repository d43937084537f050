"""Is `confidence` a probability? Of answers said to be right with 80 %, about 80 % should be.

A calibration error is never zero, even for a perfect probability, because few answers fall into a bin; so it stands
beside what chance alone gives at these very confidences (Bröcker and Smith 2007). Ties are ordered by rightness: the
order of the questions does not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import FiniteFloat
from scipy.special import betaincinv

from eval.scoring.certify import Floats, JudgedAnswers
from eval.scoring.intervals import LEVEL, SEED, Figure, Sample, mean

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


# Answering only when sure enough: what a threshold on confidence costs in answers, and saves in wrong ones.
#
# Rows are (confidence, given 0/1, right 0/1), of judged answerable questions and of unanswerable ones, whose given
# answers are always wrong. Questions of one confidence pass a threshold together, so the order of ties means nothing.
# An answer that was not given cannot be judged: every curve ends at the assistant's own threshold.


@dataclass(frozen=True, slots=True)
class Point:
    """What the least confidence to answer gives."""

    confidence: FiniteFloat
    coverage: FiniteFloat  # share of all questions that are answered
    risk: FiniteFloat  # share of those answers that are wrong


def risk_coverage(answerable: Sample, unanswerable: Sample) -> tuple[Point, ...]:
    """The curve of El-Yaniv and Wiener (2010), one point a distinct confidence, the surest first.

    Empty where no answerable question can be judged.
    """
    if not len(answerable):
        return ()
    confidence, wrong = _given(answerable, unanswerable)
    ends = _ends(confidence)
    total = len(answerable) + len(unanswerable)
    return tuple(
        Point(float(confidence[end - 1]), float(end / total), float(risk))
        for end, risk in zip(ends, wrong.cumsum()[ends - 1] / ends, strict=True)
    )


def aurc(answerable: Sample, unanswerable: Sample) -> float | None:
    """Area under that curve, 0..1, 0 is best: the mean risk at the confidence of each given answer.

    As Geifman, Uziel and El-Yaniv (2019) define it, over the answers that were given instead of over all questions.
    None without one.
    """
    return _area(*_given(answerable, unanswerable))


def calibration_error(answerable: Sample, unanswerable: Sample) -> float | None:
    """How far confidence and share right are apart, over bins of equal mass; 0..1.

    Never 0 by chance, and resampling adds chance of its own: the interval lies rather high. None without an answer.
    """
    return _error_of(*_given(answerable, unanswerable))


def area_and_error(answerable: Sample, unanswerable: Sample) -> tuple[float | None, float | None]:
    """Both, ordered once."""
    given = _given(answerable, unanswerable)
    return _area(*given), _error_of(*given)


def _area(confidence: Sample, wrong: Sample) -> float | None:
    if not len(confidence):
        return None
    ends = _ends(confidence)
    sizes = np.diff(ends, prepend=0)
    return float((wrong.cumsum()[ends - 1] / ends * sizes).sum() / len(confidence))


def _error_of(confidence: Sample, wrong: Sample) -> float | None:
    if not len(confidence):
        return None
    ascending, right = confidence[::-1], 1 - wrong[::-1]
    return float(expected_error(ascending, right, equal_mass(ascending)))


def _given(answerable: Sample, unanswerable: Sample) -> tuple[Sample, Sample]:
    """Confidence, descending, and wrong 0/1 of the answers that were given; of ties the right ones first."""
    wrong = np.concatenate([1 - answerable[:, 2], np.ones(len(unanswerable))])
    rows = np.column_stack([np.concatenate([answerable, unanswerable])[:, :2], wrong])
    rows = rows[rows[:, 1] > 0]
    rows = rows[np.lexsort([rows[:, 2], -rows[:, 0]])]
    return rows[:, 0], rows[:, 2]


def _ends(descending: Sample) -> NDArray[np.int64]:
    """How many answers each distinct confidence, as a threshold, lets through."""
    if not len(descending):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.append(np.diff(descending) != 0, True)) + 1
