"""Answering only when sure enough: what a threshold on confidence costs in answers, and saves in wrong ones.

Rows are (confidence, given 0/1, right 0/1), of judged answerable questions and of unanswerable ones, whose given
answers are always wrong. Questions of one confidence pass a threshold together, so the order of ties means nothing.
An answer that was not given cannot be judged: every curve ends at the assistant's own threshold.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import FiniteFloat

from eval.scoring.intervals import Sample
from eval.scoring.reliability import equal_mass, expected_error


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
    """How far confidence and share right are apart, over bins of equal mass (`eval.reliability`); 0..1.

    Never 0 by chance, and resampling adds chance of its own: the interval lies rather high. None without an answer.
    """
    return _error(*_given(answerable, unanswerable))


def area_and_error(answerable: Sample, unanswerable: Sample) -> tuple[float | None, float | None]:
    """Both, ordered once."""
    given = _given(answerable, unanswerable)
    return _area(*given), _error(*given)


def _area(confidence: Sample, wrong: Sample) -> float | None:
    if not len(confidence):
        return None
    ends = _ends(confidence)
    sizes = np.diff(ends, prepend=0)
    return float((wrong.cumsum()[ends - 1] / ends * sizes).sum() / len(confidence))


def _error(confidence: Sample, wrong: Sample) -> float | None:
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
