"""Which sentences answer the question, and how sure that is. A reader only picks; it writes nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

import numpy as np

from index.records import Hit, Passage, Span
from rag.answer import Quote, Reading
from rag.question.analysis import Query
from rag.reading.candidates import Candidate, Evidence, ReadableIndex
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES
from rag.reading.model import ABOUT, Excerpt, Finding, ReadModel, excerpt_of, load_read_model
from rag.reading.weights import ReaderWeights, load_weights, logistic

_QUOTES = 10  # scored quotes in a reading; how many are shown is decided by the assistant
_FINDINGS = 512  # kept: an answer and its explanation read the same passages


class Reader(Protocol):
    """Deterministic; ties by document and place."""

    @property
    def name(self) -> str: ...
    def read(self, asked: Query, hits: Sequence[Hit]) -> Reading: ...
    def finding(self, question: str, excerpt: Excerpt) -> Finding | None:
        """What its model says of a text; None where it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Rated:
    """A candidate and what each feature adds to its score; `gap` and `answer` as in the Quote that it makes."""

    candidate: Candidate
    parts: Mapping[str, float]
    score: float
    gap: float | None = None
    answer: Span | None = None

    @property
    def place(self) -> tuple[str, int]:
        return self.candidate.hit.passage.document_id, self.candidate.sentence.start

    def quote(self) -> Quote:
        passage, sentence = self.candidate.hit.passage, self.candidate.sentence
        return Quote(passage, sentence.start, sentence.end, self.score, self.parts, self.gap, self.answer)


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
        scored = self.scored(asked, hits)
        if not scored:
            return Reading((), tuple(hits), 0.0)
        odds = self.odds(scored)
        return _reading(scored, hits, self._weights.chance(math.fsum(odds.values())), odds)

    def finding(self, question: str, excerpt: Excerpt) -> None:
        """It has no model."""

    def scored(self, asked: Query, hits: Sequence[Hit]) -> list[Rated]:
        """Every sentence of the hits, best first."""
        found = self._evidence.candidates(asked, hits)
        if not found:
            return []
        scores = self._weights.sentence.scores(np.stack([one.features for one in found]))
        parts = (self._weights.sentence.contributions(FEATURES, one.features) for one in found)
        return _best_first(map(Rated, found, parts, scores))

    def odds(self, scored: Sequence[Rated]) -> dict[str, float]:
        """Summands of the log odds that the first of `scored`, which are best first, answers the question."""
        of_first = np.append(scored[0].candidate.features, [gap([one.score for one in scored]), scored[0].score])
        return self._weights.confidence.contributions(CONFIDENCE_FEATURES, of_first)


class ModelReader:
    """The linear reader finds the passage, the reading model finds the sentence in it.

    The model reads the passage of the linear reader's best sentence, and the next one where the first hardly answers
    and the second comes close. Its word is one more summand of their scores, and of the confidence. What it says of
    one passage cannot be compared with what it says of another, so that reading more of them does not help
    (docs/decisions.md).
    """

    name = "model"

    def __init__(self, linear: LinearReader, model: ReadModel) -> None:
        self._linear = linear
        self._blend = model.blend
        self._read = lru_cache(maxsize=_FINDINGS)(model.read)

    def read(self, asked: Query, hits: Sequence[Hit]) -> Reading:
        """As the linear reader, with the words that answer where the model is sure of any.

        A course of events is left to the linear reader: many sentences tell it, and none of them answers alone.
        """
        if asked.shape == "timeline":
            return self._linear.read(asked, hits)
        by_linear = self._linear.scored(asked, hits)
        if not by_linear:
            return Reading((), tuple(hits), 0.0)
        told = self._told(asked.text, by_linear, hits)
        scored = _best_first(self._with(one, told.get(one.place)) for one in by_linear)
        odds = {name: part * self._blend.linear_odds for name, part in self._linear.odds(by_linear).items()}
        odds["reading"] = self._blend.gap_odds * (scored[0].gap or 0.0)
        odds["bias"] = odds.get("bias", 0.0) + self._blend.bias
        return _reading(scored, hits, logistic(math.fsum(odds.values())), odds)

    def finding(self, question: str, excerpt: Excerpt) -> Finding:
        """The model's word on any text."""
        return self._read(question, excerpt)

    def _told(
        self, question: str, by_linear: Sequence[Rated], hits: Sequence[Hit]
    ) -> dict[tuple[str, int], tuple[float, Span | None]]:
        """Document and start of each sentence that was read → its gap, and the words of it that answer, if any.

        Of two passages that share a sentence the better word counts. Twins of what was read count as read.
        """
        found = self._findings(question, by_linear, hits)
        told: dict[tuple[str, int], tuple[float, Span | None]] = {}
        for hit in hits:
            one = found.get(excerpt_of(hit.passage))
            if one is None:
                continue
            for sentence, said in zip(hit.passage.sentences, one.gaps, strict=True):
                place = (hit.passage.document_id, sentence.start)
                if place not in told or said > told[place][0]:
                    told[place] = (said, _answer(hit.passage, sentence, one))
        return told

    def _findings(self, question: str, by_linear: Sequence[Rated], hits: Sequence[Hit]) -> dict[Excerpt, Finding]:
        passages = {hit.row: hit.passage for hit in hits}
        found: dict[Excerpt, Finding] = {}
        for one in by_linear:
            if one.score < by_linear[0].score - self._blend.behind:
                break
            for row in one.candidate.rows:
                excerpt = excerpt_of(passages[row])
                if excerpt in found:
                    continue
                if len(found) == self._blend.passages or any(of.gap > self._blend.enough for of in found.values()):
                    return found
                found[excerpt] = self._read(question, excerpt)
        return found

    def _with(self, one: Rated, told: tuple[float, Span | None] | None) -> Rated:
        found, answer = told or (self._blend.unread, None)
        parts = {**one.parts, "reading": self._blend.gap * found}
        return Rated(one.candidate, parts, math.fsum(parts.values()), found, answer)


@dataclass(frozen=True, slots=True)
class ReaderFiles:
    """What a value of the setting `reader` stands for: weights, and the reading model if it has one."""

    name: str
    weights: ReaderWeights  # of the linear reader
    model: ReadModel | None
    written: bytes  # of all files but the model's graph, whose hash is in them: equal bytes, equal confidences

    @property
    def threshold(self) -> float:
        """Least confidence to answer."""
        return self.model.blend.threshold if self.model else self.weights.threshold

    def reader(self, index: ReadableIndex) -> Reader:
        """Over one index."""
        linear = LinearReader(index, self.weights, self.name)
        return ModelReader(linear, self.model) if self.model else linear


def reader_files(name: str) -> ReaderFiles:
    """From the package. Raises BadSetting for a name that no reader has, ModelMissing where a file of it is damaged."""
    model = load_read_model() if name == ModelReader.name else None
    linear = _LINEAR if model else name
    names = [f"{linear}.json", *([ABOUT] if model else [])]
    weights = load_weights(linear)
    written = b"".join(files("rag.reading").joinpath(one).read_bytes() for one in names)
    return ReaderFiles(name, weights, model, written)


_LINEAR = "trained"  # finds the passages that the model reads


def load_reader(name: str, index: ReadableIndex) -> Reader:
    """Raises as `reader_files` does."""
    return reader_files(name).reader(index)


def gap(scores: Sequence[float]) -> float:
    """How far the best is ahead of the second."""
    return scores[0] - scores[1] if len(scores) > 1 else 0.0


def _reading(scored: Sequence[Rated], hits: Sequence[Hit], confidence: float, odds: Mapping[str, float]) -> Reading:
    """The best of `scored`, which are best first, and the hits in the order of their best sentences."""
    best: dict[int, Quote] = {}
    for one in scored:
        quote = one.quote()
        for row in one.candidate.rows:
            best.setdefault(row, quote)
    ranked = sorted(hits, key=lambda hit: (-best[hit.row].score if hit.row in best else math.inf, hit.passage.id))
    rescored = tuple(replace(hit, score=best[hit.row].score if hit.row in best else 0.0) for hit in ranked)
    return Reading(tuple(one.quote() for one in scored[:_QUOTES]), rescored, confidence, odds, best)


def _best_first(scored: Iterable[Rated]) -> list[Rated]:
    """By score, ties by document and place."""
    return sorted(scored, key=lambda one: (-one.score, one.place))


def _answer(passage: Passage, sentence: Span, found: Finding) -> Span | None:
    """The words that answer, in document offsets, where they stand in this sentence and the model is sure of them."""
    if found.answer is None or found.answer_gap <= 0:
        return None
    words = Span(passage.start + found.answer.start, passage.start + found.answer.end)
    return words if sentence.start <= words.start and words.end <= sentence.end else None
