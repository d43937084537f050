"""Which sentences answer the question, and how sure that is. A reader only picks; it writes nothing."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from index.records import Hit
from rag.answers import Quote, Reading
from rag.evidence import Candidate, Evidence, Searched
from rag.question import Asked
from rag.weights import ReaderWeights

_QUOTES = 10  # scored quotes in a reading; how many are shown is decided by the assistant


class Reader(Protocol):
    """Deterministic; ties by document and place."""

    @property
    def name(self) -> str: ...
    def read(self, asked: Asked, hits: Sequence[Hit]) -> Reading: ...


class PlainReader:
    """A linear model over similarity, coverage and expected kind of answer; its contributions add up."""

    name = "plain"

    def __init__(self, index: Searched, weights: ReaderWeights) -> None:
        self._evidence = Evidence(index)
        self._weights = weights

    def read(self, asked: Asked, hits: Sequence[Hit]) -> Reading:
        """The best sentences, the hits in the order of their best sentence, and how sure it is that they answer."""
        found = self._evidence.candidates(asked, hits)
        if not found:
            return Reading((), tuple(hits), 0.0)
        scores = self._weights.sentence.score(np.stack([one.features for one in found])).tolist()
        order = sorted(range(len(found)), key=lambda n: (-scores[n], _place(found[n])))
        quotes = tuple(
            Quote(found[n].hit.passage, found[n].sentence.start, found[n].sentence.end, scores[n])
            for n in order[:_QUOTES]
        )
        best: dict[int, float] = {}
        for n in order:
            for row in found[n].rows:
                best.setdefault(row, scores[n])
        ranked = sorted(hits, key=lambda hit: (-best.get(hit.row, -math.inf), hit.passage.id))
        rescored = tuple(replace(hit, score=best.get(hit.row, 0.0)) for hit in ranked)
        return Reading(quotes, rescored, self._confidence([found[n] for n in order], [scores[n] for n in order]))

    def _confidence(self, found: Sequence[Candidate], scores: Sequence[float]) -> float:
        features = np.append(found[0].features, [gap(scores), scores[0]])
        return 1 / (1 + math.exp(-float(self._weights.confidence.score(features))))


def gap(scores: Sequence[float]) -> float:
    """How far the best is ahead of the second."""
    return scores[0] - scores[1] if len(scores) > 1 else 0.0


def _place(candidate: Candidate) -> tuple[str, int]:
    return candidate.hit.passage.document_id, candidate.sentence.start
