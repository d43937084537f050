"""Passages that the product's search puts first for a question and that do not answer it.

BM25 and vectors over the passages of all collections in one heap, fused as the product fuses them. Deterministic.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.reading.collect import WINDOW, Collection, Words, cut, says
from eval.reading.rows import MINED, Offsets, TrainingRow
from index.embedding.embedder import Embedder
from index.ranking.fuse import best, convex_shares, ordered

DEPTH = 100
WEIGHTS = {"words": 0.5, "vectors": 0.5}
_AT_ONCE = 256  # texts that are embedded: their token vectors are not kept
EACH = 6  # passages a question: the first half, and others at random
_FIRST = 10  # of the fused order, from which they come


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage of whole sentences, WINDOW characters at most; offsets count from its start."""

    title: str
    text: str
    sentences: tuple[Offsets, ...]


class Heap:
    """All passages of the collections, ready to search."""

    def __init__(self, passages: Sequence[Cut], embedder: Embedder) -> None:
        self.passages, self._embedder = passages, embedder
        texts = [f"{one.title}: {one.text}" for one in passages]
        self._words = Words(texts)
        parts = [texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE)]
        self._vectors = np.stack([one.vector for part in parts for one in embedder.encode_passages(part)])

    def search(self, question: str) -> list[Cut]:
        """Passages, best first."""
        lexical = self._words.ranker.rank(self._words.terms(question), DEPTH)
        vector = self._embedder.encode_question(question).vector
        dense = best(np.arange(len(self.passages)), self._vectors @ vector, DEPTH)
        fused = ordered(convex_shares({"words": lexical, "vectors": dense}, WEIGHTS))
        return [self.passages[one.row] for one in fused[:_FIRST]]


def mine(
    rows: Sequence[TrainingRow],
    collections: Sequence[Collection],
    embedder: Embedder,
    questions: int,
    rng: random.Random,
) -> list[TrainingRow]:
    """EACH passages for `questions` questions, half of them those that the search puts first.

    A question that stands in several rows is asked once. A passage that holds the words of an answer, or overlaps
    the row's own one, is left out.
    """
    if not questions or not collections:
        return []
    answers = {(one.name, q["_id"]): q.get("answers") or [] for one in collections for q in one.questions}
    heap = Heap([passage for one in collections for passage in _passages(one)], embedder)
    names = {one.name for one in collections}
    once: dict[str, TrainingRow] = {}
    for row in rows:
        if row.kind in ("gold", "near"):
            once.setdefault(row.question, row)
    asked = [row for row in once.values() if row.set in names]
    asked = rng.sample(asked, min(questions, len(asked)))
    found = []
    for row in asked:
        said = answers[row.set, row.id] or [row.text[start:end] for start, end in row.good_spans]
        hits = [one for one in heap.search(row.question) if not _overlap(row.text, one.text)]
        wrong = [one for one in hits if not says(one.text, said)]
        first, others = wrong[: EACH // 2], wrong[EACH // 2 :]
        for one in [*first, *rng.sample(others, min(EACH - len(first), len(others)))]:
            shown = replace(row, title=one.title, text=one.text, sentences=one.sentences)
            found.append(replace(shown, good=(), short=None, kind="found", made=MINED))
    return found


def _overlap(one: str, other: str) -> bool:
    return other[:80] in one or one[:80] in other or other[-80:] in one


def _passages(collection: Collection) -> Iterator[Cut]:
    for document in map(collection.documents.__getitem__, collection.shown):
        run: list[Offsets] = []
        for span in [*cut(document["text"]), None]:
            if run and (span is None or span[1] - run[0][0] > WINDOW):
                base = run[0][0]
                local = tuple((start - base, end - base) for start, end in run)
                yield Cut(document.get("title", ""), document["text"][base : run[-1][1]], local)
                run = []
            if span is not None:
                run.append(span)
