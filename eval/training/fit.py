"""Fits the reader's weights on tuning questions: a listwise model that orders sentences, a logistic one for confidence.

Signs are bound to what a feature means (more similar is never worse), so that odd correlations of one set, such as
the traps of SQuAD 2.0, cannot turn a weight around. Deterministic: same questions, same weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from eval.scoring.judge import Judge, holds_answer, normalised
from eval.sets.gold import Question
from index.errors import BadInput
from index.records import Hit, Span, to_source
from index.search import Index
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES, NEVER_HELP
from rag.reading.reader import gap

Floats = NDArray[np.float64]

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
