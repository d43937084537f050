"""Tuning on the tuning halves of sets: compare ways of searching, and fit the reader's weights."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eval.scoring.judge import judge_for
from eval.sets.sets import EvalSet, ShowProgress, open_set
from eval.training.fit import (
    Floats,
    Sample,
    confidence_rows,
    fit_confidence,
    fit_sentence,
    samples,
    shares,
    without_answer,
)
from eval.training.twins import twins
from index.embedding.embedder import Embedder
from index.settings import Settings
from rag.pipeline import READ_HITS
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES, PLAIN_FEATURES

WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
MAX_QUOTES = 3
RIGHT, WRONG = 1.0, -0.5  # what answering gains over abstaining: the reader of a wrong quote sees that it is one
ANSWERABLE = 0.75  # assumed share of questions that the corpus answers: people mostly ask what articles are about
EXTRA_QUOTE = 0.15  # what a reader's time for one more quote costs, in right answers


def gather(questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: ShowProgress) -> list[Sample]:
    """The candidate sentences of every question of a set, and of its unanswerable twins, judged."""
    index, _ = open_set(questions, settings, embedder, work, show)
    judge = judge_for(questions, index)
    found: list[Sample] = []
    asked = [*questions.questions, *twins(questions.questions, dict(judge.keys), index)]
    for done, question in enumerate(asked, start=1):
        found += samples(questions.name, [question], judge, index, READ_HITS)
        show(f"{questions.name}: reading", done, len(asked))
    return found


def fit_reader(found: Sequence[Sample]) -> dict[str, Any]:
    """The plain reader's JSON: weights, then the margin for further quotes, then the threshold for answering.

    Every answerable question is seen a second time as if its article were not in the corpus. The confidence learns
    1 for a right first quote, ¾ for a wrong one to a question that the corpus answers, and 0 for the others.
    """
    sentence = fit_sentence(found, PLAIN_FEATURES)
    weights = np.array([sentence.get(name, 0.0) for name in FEATURES])
    everything = [*found, *filter(None, map(without_answer, found))]
    share = expected_shares(everything)
    rows, right = confidence_rows(everything, weights)
    answerable = np.array([sample.answerable for sample in everything])
    names = (*PLAIN_FEATURES, "gap", "score")
    kept = rows[:, [CONFIDENCE_FEATURES.index(name) for name in names]]
    confidence = fit_confidence(kept, right / 4 + answerable * 3 / 4, share, names)
    odds = kept @ np.array([confidence[name] for name in names]) + confidence["bias"]
    margin = best_margin(found, weights)
    shown = np.array([shown_right(sample, weights, margin).any() for sample in everything])
    return {
        "sentence": rounded(sentence),
        "confidence": rounded(confidence),
        "threshold": best_threshold(expit(odds), share * np.where(shown, RIGHT, WRONG)),
        "margin": margin,
        "fitted_on": {name: sum(s.set_name == name for s in found) for name in sorted({s.set_name for s in found})},
    }


def expected_shares(found: Sequence[Sample]) -> Floats:
    """Every set counts the same, and in each of them ANSWERABLE of the weight is on questions that have an answer."""
    kinds = [(sample.set_name, sample.answerable) for sample in found]
    counts = Counter(kinds)
    sets = len({name for name, _ in kinds})
    kind_shares = {True: ANSWERABLE, False: 1 - ANSWERABLE}
    return np.array([kind_shares[kind[1]] / (sets * counts[kind]) for kind in kinds])


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
