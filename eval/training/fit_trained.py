"""Fits the trained reader on questions as a projection sees them: order, margin, confidence, calibration, threshold.

The calibration is fitted on log odds that come from weights fitted on the other half of the questions.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from eval.training.fit import Floats, Sample, confidence_rows, fit_confidence, fit_sentence, shares
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES, SENTENCE_FEATURES

TWIN_COUNTS = 2.0  # as much as two questions that people wrote: near misses are what is hard
REMOVED_COUNTS = 0.5
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
MAX_QUOTES = 3
EXTRA_QUOTE = 0.15  # what a reader's time for one more quote costs, in right answers
ANSWERABLE = 0.75  # assumed share of questions that the corpus answers: people mostly ask what articles are about
RIGHT = 1.0  # what answering gains over abstaining
_WRONG = -0.8  # a wrong quote costs nearly what a right one gains; at −½ hardly anything is refused (docs/decisions.md)
_RIGHT_COUNTS = 0.25  # of the target; the rest is that the corpus answers at all
_BINS = 12
_SLOPE = 1e-3  # least rise of the chance over one bin, so that no two confidences become equal


@dataclass(frozen=True, slots=True)
class Seen:
    """A question's candidates, and what it is."""

    sample: Sample
    twin: bool  # made unanswerable by a swap
    removed: bool  # made unanswerable by taking its documents away
    first: bool  # of the half that the first projection has learned from
    judged: bool = True  # False: answerable, but no quote could be called right ("yes" stands in no article)


def fit_trained(seen: Sequence[Seen]) -> dict[str, Any]:
    """The fields of rag/reading/trained.json but for where they come from."""
    real = [one.sample for one in seen if not one.removed]
    sentence = fit_sentence(real, SENTENCE_FEATURES)
    weights = np.array([sentence.get(name, 0.0) for name in FEATURES])
    margin = best_margin(real, weights)
    found = [one.sample for one in seen]
    rows, first_right = confidence_rows(found, weights)
    shown = np.array([shown_right(sample, weights, margin).any() for sample in found])
    answerable = np.array([sample.answerable for sample in found])
    judged = np.array([one.judged for one in seen])
    target = _RIGHT_COUNTS * np.where(judged, first_right, answerable) + (1 - _RIGHT_COUNTS) * answerable
    share = shares_of(seen)
    confidence = fit_confidence(rows, target, share)
    crossed = np.empty(len(seen))
    of_first = np.array([one.first for one in seen])
    for half in (of_first, ~of_first):
        crossed[half] = odds_of(fit_confidence(rows[~half], target[~half], share[~half]), rows[half])
    telling = shares_of([one for one in seen if one.judged])
    knots = calibrate(crossed[judged], shown[judged], telling)
    chances = np.interp(crossed[judged], *np.array(knots).T)
    return {
        "sentence": rounded(sentence),
        "confidence": rounded(confidence),
        "calibration": knots,
        "threshold": best_threshold(chances, telling * np.where(shown[judged], RIGHT, _WRONG)),
        "margin": margin,
    }


def best_margin(found: Sequence[Sample], weights: Floats) -> float:
    """A further quote must pay: a right answer shown counts 1, every quote beyond the first costs EXTRA_QUOTE."""
    usable = [sample for sample in found if sample.right.any()]
    share = shares([sample.set_name for sample in usable])

    def worth(margin: float) -> float:
        shown = [shown_right(sample, weights, margin) for sample in usable]
        return float(share @ [right.any() - EXTRA_QUOTE * (len(right) - 1) for right in shown])

    return max(MARGINS, key=worth)


def shown_right(sample: Sample, weights: Floats, margin: float) -> NDArray[np.bool_]:
    """Which of the quotes that would be shown are right."""
    scores = sample.features @ weights
    order = np.argsort(-scores, kind="stable")[:MAX_QUOTES]
    kept: NDArray[np.bool_] = sample.right[order][scores[order] >= scores[order[0]] - margin]
    return kept


def best_threshold(confidence: Floats, gain: Floats) -> float:
    """The confidence from which on answering gains most, where abstaining gains 0; 1 where nothing is gained.

    Rounded down to four digits, so that the question which sets it passes it.
    """
    order = np.argsort(-confidence, kind="stable")
    gained = np.cumsum(gain[order])
    best = int(np.argmax(gained))
    return math.floor(float(confidence[order[best]]) * 1e4) / 1e4 if gained[best] > 0 else 1.0


def rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(weight, 4) + 0.0 for name, weight in weights.items()}


def odds_of(confidence: dict[str, float], rows: Floats) -> Floats:
    """(questions,) log odds."""
    odds: Floats = rows @ np.array([confidence[name] for name in CONFIDENCE_FEATURES]) + confidence["bias"]
    return odds


def shares_of(seen: Sequence[Seen]) -> Floats:
    """As `kind_shares`; a twin counts more, and one whose documents are taken away less."""
    counts = [TWIN_COUNTS if one.twin else REMOVED_COUNTS if one.removed else 1.0 for one in seen]
    return kind_shares([(one.sample.set_name, one.sample.answerable) for one in seen], counts)


def kind_shares(kinds: Sequence[tuple[str, bool]], counts: Sequence[float]) -> Floats:
    """Every set counts the same, in each ANSWERABLE of it on questions that have an answer; together 1.

    `kinds`: of each question its set and whether it is answerable; `counts`: how much it counts among its like.
    """
    sums: dict[tuple[str, bool], float] = defaultdict(float)
    for kind, count in zip(kinds, counts, strict=True):
        sums[kind] += count
    parts = {True: ANSWERABLE, False: 1 - ANSWERABLE}
    share = np.array([count * parts[kind[1]] / sums[kind] for kind, count in zip(kinds, counts, strict=True)])
    normal: Floats = share / share.sum()
    return normal


def calibrate(odds: Floats, right: NDArray[np.bool_], share: Floats) -> list[list[float]]:
    """Knots (log odds, chance): isotonic over bins of equal share (Zadrozny and Elkan 2002), straight lines between."""
    order = np.argsort(odds, kind="stable")
    edges = np.searchsorted(np.cumsum(share[order]), np.arange(1, _BINS) / _BINS * share.sum())
    bins = [part for part in np.split(order, edges) if len(part)]
    at = np.array([np.average(odds[part], weights=share[part]) for part in bins])
    correct = np.array([np.average(right[part], weights=share[part]) for part in bins])
    rising = isotonic_regression(correct, weights=np.array([share[part].sum() for part in bins])).x
    chance = np.clip(rising, 0.01, 0.97) + _SLOPE * np.arange(len(rising))
    low, high = float(odds.min()) - 3, float(odds.max()) + 3
    knots = [(low, 0.0), *zip(at.tolist(), chance.tolist(), strict=True), (high, 1.0)]
    return [[round(float(x), 4), round(float(y), 4)] for x, y in knots]
