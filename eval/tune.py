"""Tuning on the tuning halves of sets: compare ways of searching, and fit the reader's weights."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eval.arms import Comparison, Retrieve, compare_arms
from eval.beir import BeirSet
from eval.corpora import indexed
from eval.fit import Floats, Sample, confidence_rows, fit_confidence, fit_sentence, samples, shares, without_answer
from eval.halves import testing_questions, tuning_questions
from eval.judge import judge_for
from eval.sets import EvalSet
from eval.twins import twins
from index.embed import Embedder
from index.progress import Progress
from index.search import Index, open_index
from index.settings import Settings
from rag.assistant import open_assistant
from rag.desk import READ_HITS
from rag.features import CONFIDENCE_FEATURES, FEATURES, PLAIN_FEATURES

WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
MAX_QUOTES = 3
RIGHT, WRONG = 1.0, -0.5  # what answering gains over abstaining: the reader of a wrong quote sees that it is one
ANSWERABLE = 0.75  # assumed share of questions that the corpus answers: people mostly ask what articles are about
EXTRA_QUOTE = 0.15  # what a reader's time for one more quote costs, in right answers

Show = Callable[[str, int, int], None]


def half(questions: EvalSet, *, tuning: bool) -> EvalSet:
    """The same set with only the questions that may be tuned on, or only the others."""
    kept = tuple(tuning_questions(questions) if tuning else testing_questions(questions))
    if not isinstance(questions, BeirSet):
        return replace(questions, questions=kept)
    ids = {question.id for question in kept}
    relevant = {id_: gains for id_, gains in questions.relevant.items() if id_ in ids}
    return replace(questions, questions=kept, relevant=relevant)


def open_set(
    questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: Show
) -> tuple[Index, Settings]:
    """The set's own index, made or brought up to date."""

    def on_progress(at: Progress) -> None:
        show(f"{questions.name}: {at.step}", at.done, at.total)

    own = indexed(questions, settings, embedder, work, on_progress)
    return open_index(own.data, own, embedder), own


def compare_fusions(questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: Show) -> Comparison:
    """BM25 alone, dense alone, the convex combination by weight, RRF, and the order that the reader gives."""
    index, own = open_set(questions, settings, embedder, work, show)

    def arm(**fusion: Any) -> Retrieve:
        tried = Index(index.generation, embedder, own.model_copy(update=fusion))
        return lambda question, limit: tried.search(question, limit=limit)

    arms: dict[str, Retrieve] = {
        "bm25": arm(fusion="convex", dense_weight=0.0),
        "dense": arm(fusion="convex", dense_weight=1.0),
    }
    assistant = open_assistant(settings=own, embedder=embedder)
    arms |= {"reader": lambda question, limit: assistant.search(question, limit=limit)}
    arms |= {f"convex {weight}": arm(fusion="convex", dense_weight=weight) for weight in WEIGHTS}
    arms |= {"rrf": arm(fusion="rrf")}
    return compare_arms(arms, questions, index, progress=lambda done, total: show(questions.name, done, total))


def gather(questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: Show) -> list[Sample]:
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
