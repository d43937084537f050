"""The reading model: a question beside a passage in; how well each sentence answers, and the words that answer, out.

Six layers of MiniLM trained as a cross-encoder, with 8-bit weights. A passage is one run of the model, so its figures
depend on nothing that is read before, after or beside it, nor on the number of threads.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from index.embedding.minilm import PairGraph, PairTokens
from index.embedding.vectors import Floats
from index.errors import ModelMissing
from index.records import Kind, Passage, Span
from rag.structure import BODY, blocks_of, told_in

GRAPH, ABOUT = "reader.onnx", "reader.json"  # beside this file; the graph is written by `quotewell eval export-reader`
WINDOW = 320  # word pieces of question, title and text with the three marks between them: the longest that it has seen
ABSENT = -20.0  # the gap of a sentence without word pieces; those of real ones are within ±12
_QUESTION = 100  # word pieces of a question that are read; the rest of the window is the passage's
_TITLE = 60
_ANSWER = 40  # word pieces of an answer, at most
_START, _END = 101, 102  # [CLS] and [SEP] in MiniLM's vocabulary


class Excerpt(NamedTuple):
    """What is read: a text with its title, cut into sentences. Offsets are code points of `text`."""

    title: str
    text: str
    sentences: tuple[Span, ...]
    silent: frozenset[int] = frozenset()  # numbers of those that are read and never answer


@dataclass(frozen=True, slots=True)
class Finding:
    """What the model says of one excerpt."""

    gaps: tuple[float, ...]  # of each sentence: its logit less that of *none*; above 0: it answers
    answer: Span | None  # the words of the best sentence that answer, never empty; None where there is no sentence
    answer_gap: float  # how far those words are ahead of no words at all

    @property
    def gap(self) -> float:
        """Of the best sentence."""
        return max(self.gaps, default=ABSENT)


@dataclass(frozen=True, slots=True)
class Blend:
    """How the reading model counts beside the linear reader; fitted for this model, on questions it has not seen."""

    passages: int  # that are read at most, those of the best sentences by the linear reader first
    enough: float  # no other passage is read once the first of the sentences that were read has a higher gap
    behind: float  # … nor one whose best sentence scores so far below the best by the linear reader
    gap: float  # what a point of a sentence's gap adds to its score
    unread: float  # the gap that a sentence counts as which was not read
    linear_odds: float  # what a point of the linear reader's log odds adds to those of the confidence
    short_odds: float  # … a point of those that names and numbers take away which the quote only comes near
    gap_odds: float  # … a point of the first quote's gap
    bias: float
    threshold: float  # least confidence to answer


class ReadModel:
    """Immutable; share it between threads."""

    def __init__(self, graph: PairGraph, blend: Blend, sha256: str) -> None:
        self.blend = blend
        self.sha256 = sha256  # of the graph's file
        self._graph = graph

    def read(self, question: str, excerpt: Excerpt) -> Finding:
        """What is beyond the window is read in parts, each of whole sentences."""
        title = f"{excerpt.title}: " if excerpt.title else ""
        asked, named, text = map(self._graph.tokens, (question, title, excerpt.text))
        head = (_START, *asked.ids[:_QUESTION], _END, *named.ids[:_TITLE])
        gaps = [ABSENT] * len(excerpt.sentences)
        best = Finding((), None, ABSENT)
        for part in _parts(_ranges(text, excerpt.sentences), WINDOW - len(head) - 1):
            first, last = part[0].start if part[0].number else 0, part[-1].end  # with what stands before the first
            ids = (*head, *text.ids[first:last], _END)
            pool = np.zeros((len(part), len(ids)), np.float32)
            at = len(head) - first  # where the text's word pieces stand in the sequence
            for row, (_, start, end) in enumerate(part):
                pool[row, at + start : at + end] = 1 / (end - start)
            answers, none, span = self._graph.run(ids, pool)
            for (n, start, end), logit in zip(part, answers.tolist(), strict=True):
                if n in excerpt.silent:
                    continue
                gaps[n] = logit - none
                if best.answer is None or gaps[n] > best.gap:
                    begin, stop, words = likeliest_words(span[at + start : at + end])
                    place = Span(text.offsets[start + begin][0], text.offsets[start + stop][1])
                    best = Finding((gaps[n],), place, words - float(span[0].sum()))
        return replace(best, gaps=tuple(gaps))


def excerpt_of(passage: Passage, kinds: frozenset[Kind] = BODY) -> Excerpt:
    """A passage as it is read: a heading follows the title, and each row its table's header; these kinds may answer."""
    blocks = blocks_of(passage)
    silent = frozenset(n for n, block in enumerate(blocks) if block.kind not in kinds)
    text, sentences, end = "", [], passage.start
    for block, sentence in zip(blocks, told_in(passage), strict=True):
        lead = block.lead
        headed = block.kind == "row" and passage.start <= lead.start and lead.end < end
        text += passage.said(end, sentence.start) + (f"{passage.said(*lead)}\n" if headed else "")
        sentences.append(Span(len(text), len(text) + sentence.end - sentence.start))
        text += passage.said(*sentence)
        end = sentence.end
    return Excerpt(passage.context.replace("\n", ". "), text, tuple(sentences), silent)


@cache
def load_read_model(folder: Path | None = None) -> ReadModel:
    """From the package, or a folder that `quotewell eval export-reader` wrote; its hash checked once a process.

    Raises ModelMissing.
    """
    held, mend = folder or files("rag.reading"), _MEND_FOLDER if folder else _MEND
    try:
        graph = held.joinpath(GRAPH).read_bytes()
        about = json.loads(held.joinpath(ABOUT).read_text("utf-8"))
        wanted, blend = about["sha256"], Blend(**about["blend"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelMissing(f"the reading model cannot be read: {error}; {mend}") from error
    found = hashlib.sha256(graph).hexdigest()
    if found != wanted:
        raise ModelMissing(
            f"{folder or 'rag/reading'}/{GRAPH} is damaged: its SHA-256 is {found}, not {wanted}; {mend}"
        )
    return ReadModel(PairGraph(graph), blend, found)


_MEND = 'install quotewell again, or set reader = "trained" to read without it'
_MEND_FOLDER = "write it again with `quotewell eval export-reader`, or leave answer_model out"


class _Range(NamedTuple):
    """A sentence, by its number, in word pieces."""

    number: int
    start: int
    end: int


def _ranges(text: PairTokens, sentences: Sequence[Span]) -> list[_Range]:
    """Of each sentence that has any word piece; ascending."""
    found = []
    for n, sentence in enumerate(sentences):
        held = [k for k, (start, end) in enumerate(text.offsets) if start < sentence.end and sentence.start < end]
        if held:
            found.append(_Range(n, held[0], held[-1] + 1))
    return found


def _parts(ranges: Sequence[_Range], most: int) -> Iterator[list[_Range]]:
    """Runs of sentences that fit into `most` word pieces; a sentence that alone is longer is read as far as it fits."""
    part: list[_Range] = []
    for n, start, end in ranges:
        if part and end - part[0].start > most:
            yield part
            part = []
        part.append(_Range(n, start, min(end, start + most)))
    if part:
        yield part


def likeliest_words(span: Floats) -> tuple[int, int, float]:
    """First and last word piece of the likeliest answer and its logits' sum; span (t, 2): of start and of end."""
    sums = span[:, 0][:, None] + span[:, 1][None, :]
    allowed = np.triu(np.ones_like(sums, dtype=bool)) & ~np.triu(np.ones_like(sums, dtype=bool), _ANSWER)
    first, last = np.unravel_index(int(np.where(allowed, sums, -np.inf).argmax()), sums.shape)
    return int(first), int(last), float(sums[first, last])
