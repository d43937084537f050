"""Which sentences answer the question, and how sure that is. A reader only picks; it writes nothing."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from index.records import Hit
from rag.answer import Quote, Reading
from rag.question.analysis import Query
from rag.reading.candidates import Candidate, Evidence, ReadableIndex
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES
from rag.reading.weights import ReaderWeights, load_weights

_QUOTES = 10  # scored quotes in a reading; how many are shown is decided by the assistant


class Reader(Protocol):
    """Deterministic; ties by document and place."""

    @property
    def name(self) -> str: ...
    def read(self, asked: Query, hits: Sequence[Hit]) -> Reading: ...


class LinearReader:
    """Linear models over similarity, coverage and expected kind of answer; their contributions add up.

    `plain` and `trained` differ in their weights alone. The confidence is the chance that one of the quotes which the
    reader's own margin would show answers the question; `plain` was never calibrated to that.
    """

    def __init__(self, index: ReadableIndex, weights: ReaderWeights, name: str) -> None:
        self.name = name
        self._evidence = Evidence(index)
        self._weights = weights

    def read(self, asked: Query, hits: Sequence[Hit]) -> Reading:
        """The best sentences, the hits in the order of their best sentence, and how sure it is that they answer."""
        found = self._evidence.candidates(asked, hits)
        if not found:
            return Reading((), tuple(hits), 0.0)
        scores = self._weights.sentence.scores(np.stack([one.features for one in found]))
        order = sorted(range(len(found)), key=lambda n: (-scores[n], _place(found[n])))
        quotes = tuple(self._quote(found[n], scores[n]) for n in order[:_QUOTES])
        first: dict[int, int] = {}
        for n in order:
            for row in found[n].rows:
                first.setdefault(row, n)
        best = {row: self._quote(found[n], scores[n]) for row, n in first.items()}
        ranked = sorted(hits, key=lambda hit: (-best[hit.row].score if hit.row in best else math.inf, hit.passage.id))
        rescored = tuple(replace(hit, score=best[hit.row].score if hit.row in best else 0.0) for hit in ranked)
        of_first = np.append(found[order[0]].features, [gap([scores[n] for n in order]), scores[order[0]]])
        odds = self._weights.confidence.contributions(CONFIDENCE_FEATURES, of_first)
        return Reading(quotes, rescored, self._weights.chance(math.fsum(odds.values())), odds, best)

    def _quote(self, one: Candidate, score: float) -> Quote:
        parts = self._weights.sentence.contributions(FEATURES, one.features)
        return Quote(one.hit.passage, one.sentence.start, one.sentence.end, score, parts)


def load_reader(name: str, index: ReadableIndex) -> LinearReader:
    """`plain` or `trained`, with the weights of the package. Raises BadSetting for another name."""
    return LinearReader(index, load_weights(name), name)


def gap(scores: Sequence[float]) -> float:
    """How far the best is ahead of the second."""
    return scores[0] - scores[1] if len(scores) > 1 else 0.0


def _place(candidate: Candidate) -> tuple[str, int]:
    return candidate.hit.passage.document_id, candidate.sentence.start
