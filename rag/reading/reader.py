"""Which sentences answer the question, and how sure that is. A reader only picks; it writes nothing."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

from index.errors import BadSetting
from index.records import Hit, Kind, Passage, Span
from index.text.language import of_other_script, spoken
from index.text.words import words
from rag.answer import Quote, Reading
from rag.question.analysis import Query
from rag.reading.answer_model import AnswerModel
from rag.reading.candidates import Candidate, Evidence, ReadableIndex
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES, NAMED_SHORT
from rag.reading.model import ABOUT, GRAPH, Blend, Excerpt, Finding, ReadModel, excerpt_of, load_read_model
from rag.reading.weights import Linear, ReaderWeights, load_weights, logistic
from rag.structure import BODY

_QUOTES = 10  # scored quotes in a reading; how many are shown is decided by the assistant
_FINDINGS = 512  # kept: an answer and its explanation read the same passages
ALONE = 1.6  # mean lead of the best sentence in the development sets, where none is the only one
_FEW_WORDS = 10  # of a short answer, at most; more are half a sentence, and stand out from nothing
_EDGES = " \t\n\N{NO-BREAK SPACE}.,;:!?"  # not of the words that answer, where they begin or end with it
_READING = 0.05  # what a sentence's score counts beside that of search, in the order of passages (docs/decisions.md)
_FURTHER = 2  # passages that are read only to tell whether a further quote answers too, at most


class Reader(Protocol):
    """Deterministic; ties by document and place. Quotes are of blocks of these kinds."""

    @property
    def name(self) -> str: ...
    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading: ...
    def finding(self, question: str, excerpt: Excerpt) -> Finding | None:
        """What its model says of a text; None where it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Rated:
    """A candidate and its score by the linear reader and what a model adds to that; `gap` and `answer` as in the Quote
    that it makes. What each feature adds is told of the few that are quoted."""

    candidate: Candidate
    linear: Linear
    score: float
    added: Mapping[str, float] = field(default_factory=dict)
    gap: float | None = None
    answer: Span | None = None

    @property
    def place(self) -> tuple[str, int]:
        return self.candidate.hit.passage.document_id, self.candidate.sentence.start

    def quote(self) -> Quote:
        passage, sentence = self.candidate.hit.passage, self.candidate.sentence
        parts = {**self.linear.contributions(FEATURES, self.candidate.features), **self.added}
        return Quote(passage, sentence.start, sentence.end, self.score, parts, self.gap, self.answer)


class LinearReader:
    """Linear models over similarity, coverage and expected kind of answer; their contributions add up.

    The confidence is the chance that one of the quotes which the reader's own margin would show answers the question.
    """

    def __init__(self, index: ReadableIndex, weights: ReaderWeights, name: str) -> None:
        self.name = name
        self._evidence = Evidence(index)
        self._weights = weights

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        """The best sentences, the hits by those and as found, and how sure it is that they answer."""
        scored = self.scored(asked, hits, kinds)
        if not scored:
            return Reading((), tuple(hits), 0.0)
        odds = self.odds(scored)
        return _reading(scored, hits, self._weights.chance(math.fsum(odds.values())), odds)

    def finding(self, question: str, excerpt: Excerpt) -> None:
        """It has no model."""

    def scored(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> list[Rated]:
        """Every sentence of the hits that stands in a block of these kinds, best first."""
        found, linear = self._evidence.candidates(asked, hits, kinds), self._weights.sentence
        return _best_first(Rated(one, linear, linear.score(one.features, one.how.values()), one.how) for one in found)

    def odds(self, scored: Sequence[Rated]) -> dict[str, float]:
        """Summands of the log odds that the first of `scored`, which are best first, answers the question."""
        of_first = np.append(scored[0].candidate.features, [gap([one.score for one in scored]), scored[0].score])
        return self._weights.confidence.contributions(CONFIDENCE_FEATURES, of_first)


class ModelReader:
    """The linear reader finds the passage, the reading model finds the sentence in it.

    The model reads the passage of the linear reader's best sentence, and those of the next ones that come close as long
    as what comes first hardly answers. Its word is one more summand of their scores, and of the confidence.
    """

    name = "model"

    def __init__(self, linear: LinearReader, model: ReadModel | AnswerModel, margin: float | None = None) -> None:
        """`margin`: what is as like the question as the likest but for that may be shown, so it is read as well."""
        self._linear = linear
        self._margin = margin
        self._blend = model.blend
        self._read = _remembering(model)

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        """As the linear reader, with the words that answer where the model is sure of any.

        A course of events is left to the linear reader: many sentences tell it, and none of them answers alone.
        """
        if asked.shape == "timeline":
            return self._linear.read(asked, hits, kinds)
        by_linear = self._linear.scored(asked, hits, kinds)
        if not by_linear:
            return Reading((), tuple(hits), 0.0)
        told = self._told(asked.text, by_linear, hits, kinds)
        scored = _best_first(self._with(one, told.get(one.place)) for one in by_linear)
        scored[:_QUOTES] = self._looked_at(asked, scored[:_QUOTES], told.keys(), kinds)
        scored = [one if one.answer is None or _stands_out(asked, one) else replace(one, answer=None) for one in scored]
        linear, short = self._blend.linear_odds, self._blend.short_odds
        parts = self._linear.odds(by_linear).items()
        odds = {name: part * (short if name in NAMED_SHORT else linear) for name, part in parts}
        odds["reading"] = self._blend.gap_odds * (scored[0].gap or 0.0)
        odds["bias"] = odds.get("bias", 0.0) + self._blend.bias
        return _reading(scored, hits, logistic(math.fsum(odds.values())), odds)

    def finding(self, question: str, excerpt: Excerpt) -> Finding:
        """The model's word on any text."""
        return self._read(question, excerpt)

    def _told(
        self, question: str, by_linear: Sequence[Rated], hits: Sequence[Hit], kinds: frozenset[Kind]
    ) -> dict[tuple[str, int], tuple[float, Span | None]]:
        """Document and start of each sentence that was read → its gap, and the words of it that answer, if any.

        No passage is read for a sentence that another one showed; where two show one, the better word counts. Twins of
        what was read count as read.
        """
        excerpts = [(hit.passage, excerpt_of(hit.passage, kinds)) for hit in hits]
        scores = {one.place: one.score for one in by_linear}
        told: dict[tuple[str, int], tuple[float, Span | None]] = {}
        read = 0
        for one in by_linear:
            if read == self._blend.passages or one.score < by_linear[0].score - self._blend.behind:
                break
            if one.place in told:
                continue
            first = max(told, key=lambda at: scores.get(at, -math.inf) + self._blend.gap * told[at][0], default=None)
            if first and told[first][0] > self._blend.enough:
                break
            excerpt = excerpt_of(one.candidate.hit.passage, kinds)
            found, read = self._read(question, excerpt), read + 1
            for passage in (passage for passage, text in excerpts if text == excerpt):
                for sentence, said in zip(passage.sentences, found.gaps, strict=True):
                    place = (passage.document_id, sentence.start)
                    if place not in told or said > told[place][0]:
                        told[place] = (said, _answer(passage, sentence, found))
        return told

    def _looked_at(
        self, asked: Query, scored: Sequence[Rated], told: Set[tuple[str, int]], kinds: frozenset[Kind]
    ) -> list[Rated]:
        """The same in the same order, with the gaps of further quotes that come close and were not read yet.

        Their scores stay: what the model says of one passage does not order those of another.
        """
        likeness = [one.quote().likeness for one in scored]
        least = math.inf if self._margin is None or not asked.asks else max(likeness) - self._margin
        seen: dict[Excerpt, Finding] = {}
        looked = list(scored)
        for n, one in enumerate(scored):
            passage, excerpt = one.candidate.hit.passage, excerpt_of(one.candidate.hit.passage, kinds)
            if n == 0 or one.place in told or likeness[n] < least or (excerpt not in seen and len(seen) == _FURTHER):
                continue
            found = seen[excerpt] = self._read(asked.text, excerpt)
            said = found.gaps[passage.sentences.index(one.candidate.sentence)]
            looked[n] = replace(one, gap=said, answer=_answer(passage, one.candidate.sentence, found))
        return looked

    def _with(self, one: Rated, told: tuple[float, Span | None] | None) -> Rated:
        found, answer = told or (self._blend.unread, None)
        added = {**one.added, "reading": self._blend.gap * found}
        score = one.linear.score(one.candidate.features, added.values())
        return Rated(one.candidate, one.linear, score, added, found, answer)


class LanguageReader:
    """Reads by words alone what is in a language that the embedder does not know, and all else by the given reader.

    To an English embedder sentences of another script are nearly alike, so that it would be sure of a wrong one. The
    words are read by a linear reader over their features only. A question in Latin letters is left to the given reader
    where the first hit is in a language that the embedder knows: its vectors bridge the two somewhat.
    """

    def __init__(self, index: ReadableIndex, reader: Reader, words: Reader) -> None:
        self.name = reader.name
        self._index = index
        self._reader = reader
        self._words = words

    def finding(self, question: str, excerpt: Excerpt) -> Finding | None:
        """As the reader of meaning has it."""
        return self._reader.finding(question, excerpt)

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        """As either reader does."""
        language = asked.spoken
        if self._index.knows(language) or not (of_other_script(language) or self._foreign(hits)):
            return self._reader.read(asked, hits, kinds)
        return replace(self._words.read(asked, hits, kinds), by_words=language)

    def _foreign(self, hits: Sequence[Hit]) -> bool:
        text = hits[0].passage.search_text if hits else ""
        return not self._index.knows(spoken([word.text for word in words(text)]))


@dataclass(frozen=True, slots=True)
class ReaderFiles:
    """What a value of the setting `reader` stands for: weights, and the reading model if it has one."""

    name: str
    weights: ReaderWeights  # of the linear reader
    words: ReaderWeights  # of the reader of words alone
    model: ReadModel | AnswerModel | None
    written: bytes  # of all files but the model's graph, whose hash is in them: equal bytes, equal confidences

    @property
    def threshold(self) -> float:
        """Least confidence to answer."""
        return self.model.blend.threshold if self.model else self.weights.threshold

    def reader(self, index: ReadableIndex) -> Reader:
        """Over one index."""
        linear = LinearReader(index, self.weights, self.name)
        own = ModelReader(linear, self.model, self.weights.margin) if self.model else linear
        return LanguageReader(index, own, LinearReader(index, self.words, _WORDS))


def reader_files(name: str, answer_model: str = "") -> ReaderFiles:
    """From the package; `answer_model` reads in the place of the packaged model, if one is named.

    Raises BadSetting for a name that no reader has, ModelMissing where a file of it is missing or damaged.
    """
    if answer_model and name != ModelReader.name:
        raise BadSetting(
            f'answer_model is "{answer_model}", and reader "{name}" reads with no model; set reader = "model"'
        )
    packaged = load_read_model() if name == ModelReader.name else None
    linear = _LINEAR if packaged else name
    names = [f"{linear}.json", f"{_WORDS}.json", *([ABOUT] if packaged else [])]
    weights, of_words = load_weights(linear), load_weights(_WORDS)
    written = b"".join(files("rag.reading").joinpath(one).read_bytes() for one in names)
    if packaged and answer_model:
        other = _other_model(answer_model, packaged.blend)
        own = (Path(answer_model) / ABOUT).read_bytes() if isinstance(other, ReadModel) else other.sha256.encode()
        return ReaderFiles(name, weights, of_words, other, written + own)
    return ReaderFiles(name, weights, of_words, packaged, written)


@lru_cache(maxsize=1)
def _remembering(model: ReadModel | AnswerModel) -> Callable[[str, Excerpt], Finding]:
    """It reads, in whatever index: beside an ingest most passages are as they were in the one before."""
    return lru_cache(maxsize=_FINDINGS)(model.read)


@cache
def _other_model(name: str, blend: Blend) -> ReadModel | AnswerModel:
    folder = Path(name)
    return load_read_model(folder) if (folder / GRAPH).is_file() else AnswerModel(name, blend)


_LINEAR = "trained"  # finds the passages that the model reads
_WORDS = "words"  # set by hand on eval/gold/languages


def load_reader(name: str, index: ReadableIndex, answer_model: str = "") -> Reader:
    """Raises as `reader_files` does."""
    return reader_files(name, answer_model).reader(index)


def gap(scores: Sequence[float]) -> float:
    """How far the best is ahead of the second; an only one has no rival, and so is ahead as a best one mostly is."""
    return scores[0] - scores[1] if len(scores) > 1 else ALONE


def _reading(scored: Sequence[Rated], hits: Sequence[Hit], confidence: float, odds: Mapping[str, float]) -> Reading:
    """The best of `scored`, which are best first, and the hits by what search and their best sentences say."""
    quotes, best = tuple(one.quote() for one in scored[:_QUOTES]), dict[int, Quote]()
    for n, one in enumerate(scored):
        if any(row not in best for row in one.candidate.rows):
            quote = quotes[n] if n < _QUOTES else one.quote()
            for row in one.candidate.rows:
                best.setdefault(row, quote)
    moved = [replace(hit, score=hit.score + _READING * best[hit.row].score) if hit.row in best else hit for hit in hits]
    ranked = sorted(moved, key=lambda hit: (hit.row not in best, -hit.score, hit.passage.id))
    return Reading(quotes, tuple(ranked), confidence, odds, best)


def _best_first(scored: Iterable[Rated]) -> list[Rated]:
    """By score, ties by document and place."""
    return sorted(scored, key=lambda one: (-one.score, one.place))


def _stands_out(asked: Query, one: Rated) -> bool:
    """Does the question want few words, and are those that answer not all its own?"""
    if one.answer is None or not asked.brief:
        return False
    passage, own = one.candidate.hit.passage, {word.text for word in words(asked.text)}
    return any(word.text not in own for word in words(passage.said(*one.answer)))


def _answer(passage: Passage, sentence: Span, found: Finding) -> Span | None:
    """The few words that answer, in document offsets, where they stand in this sentence and the model is sure of it."""
    if found.answer is None or min(found.gap, found.answer_gap) <= 0:
        return None
    read = excerpt_of(passage)
    own = read.sentences[passage.sentences.index(sentence)]
    text = read.text[slice(*found.answer)]
    bare = text.lstrip(_EDGES)
    start = found.answer.start + len(text) - len(bare)
    end = start + len(bare.rstrip(_EDGES))
    few = 0 < len(bare.split()) <= _FEW_WORDS
    shift = sentence.start - own.start
    return Span(start + shift, end + shift) if few and own.start <= start < end <= own.end else None
