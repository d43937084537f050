"""Fits the reader's weights on tuning questions: a listwise model that orders sentences, a logistic one for confidence.

Signs are bound to what a feature means (more similar is never worse), so that odd correlations of one set, such as
the traps of SQuAD 2.0, cannot turn a weight around. Deterministic: same questions, same weights.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit

from eval.scoring.judge import Judge, holds_answer, normalised
from eval.sets.gold import Question
from index.errors import BadInput
from index.records import Hit, Span, to_source
from index.search import Index
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES, NEVER_HELP, SENTENCE_FEATURES, Floats
from rag.reading.reader import gap

_L2 = 1e-4  # the weakest of 1e-2, 1e-3, 1e-4 did best on sets left out
_TINY = 1e-300
_LEAST_SHARED = 30  # characters; a shorter sentence inside a long answer proves nothing


@dataclass(frozen=True, slots=True)
class Sample:
    """One question's candidate sentences."""

    set_name: str
    features: Floats  # (candidates, len(FEATURES))
    right: NDArray[np.bool_]  # (candidates,); all False for an unanswerable question
    relevant: NDArray[np.bool_]  # (candidates,): the sentence stands in a document that answers the question
    answerable: bool


def fit_sentence(found: Sequence[Sample], names: Sequence[str] = FEATURES) -> dict[str, float]:
    """Weights under which the right sentences of a question outweigh the others (listwise softmax, Cao et al. 2007).

    Every set counts the same, however many questions it has. The bias has no meaning here and is 0.
    """
    usable = [s for s in found if s.right.any() and not s.right.all()]
    if not usable:
        raise BadInput("no question has a right sentence beside wrong ones; give sets with answers or gold spans")
    share_of = shares([s.set_name for s in usable])
    features = np.concatenate([s.features for s in usable])[:, [FEATURES.index(name) for name in names]]
    right = np.concatenate([s.right for s in usable])
    starts = np.cumsum([0, *(len(s.right) for s in usable[:-1])])
    of_question = np.repeat(np.arange(len(usable)), [len(s.right) for s in usable])

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = features @ weights
        scores = np.exp(scores - np.maximum.reduceat(scores, starts)[of_question])
        every = np.add.reduceat(scores, starts)
        best = np.add.reduceat(np.where(right, scores, 0.0), starts)
        total = float(share_of @ (np.log(every) - np.log(np.maximum(best, _TINY)))) + _L2 * float(weights @ weights)
        pull = scores / every[of_question] - np.where(right, scores, 0.0) / np.maximum(best, _TINY)[of_question]
        return total, (share_of[of_question] * pull) @ features + 2 * _L2 * weights

    start = np.array([float(name not in NEVER_HELP) for name in names])
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=_bounds(names)).x
    return {name: float(w) for name, w in zip(names, fitted, strict=True)} | {"bias": 0.0}


def fit_confidence(
    rows: Floats, right: Floats, share_of: Floats, names: Sequence[str] = CONFIDENCE_FEATURES
) -> dict[str, float]:
    """Log odds of an answer, from (questions, names) and how right it was (0..1) in questions that count
    `share_of` each."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        slopes, bias = weights[:-1], weights[-1]
        odds = rows @ slopes + bias
        error = expit(odds) - right
        total = float(share_of @ (np.logaddexp(0, odds) - right * odds)) + _L2 * float(slopes @ slopes)
        return total, np.append((share_of * error) @ rows + 2 * _L2 * slopes, share_of @ error)

    bounds = [*_bounds(names), (None, None)]
    weights = minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x
    return {name: float(w) for name, w in zip((*names, "bias"), weights, strict=True)}


def confidence_rows(found: Sequence[Sample], weights: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Features of each question's best sentence with its lead and score, and whether it is right."""
    rows, right = [], []
    for sample in found:
        scores = sample.features @ weights
        order = np.argsort(-scores, kind="stable")
        rows.append(np.append(sample.features[order[0]], [gap(scores[order].tolist()), scores[order[0]]]))
        right.append(bool(sample.right[order[0]]))
    return np.stack(rows), np.array(right)


def shares(names: Sequence[str]) -> Floats:
    """One weight a question: all sets together 1, each the same."""
    sizes = {name: names.count(name) for name in set(names)}
    return np.array([1 / (len(sizes) * sizes[name]) for name in names])


def _bounds(features: Sequence[str]) -> list[tuple[float | None, float | None]]:
    return [(None, 0.0) if name in NEVER_HELP else (0.0, None) for name in features]


def is_right(question: Question, judge: Judge, index: Index, hit: Hit, start: int, end: int) -> bool:
    """The sentence covers a gold span or, in a relevant document, holds an answer or is part of a long one."""
    key = judge.keys.get(question.id)
    document_id = hit.passage.document_id
    if key is None:
        return False
    if key.spans:
        place = to_source(index.document(document_id), Span(start, end))
        return any(name == document_id and place.start <= s.start and s.end <= place.end for name, s in key.spans)
    sentence = hit.passage.said(start, end)
    within = len(sentence) >= _LEAST_SHARED and any(normalised(sentence) in normalised(a) for a in key.answers)
    return document_id in key.relevant and (within or holds_answer(sentence, key.answers))


# The trained reader, of questions as a projection sees them: order, margin, confidence, calibration, threshold.
#
# The calibration is fitted on log odds that come from weights fitted on the other half of the questions.


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
