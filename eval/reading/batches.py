"""Rows in an order to train on: those of a group together, in few shapes."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.reading.network import Item
from eval.reading.rows import MINED, TrainingRow

SAME_WORDS = 0.5  # how much rarer a question is read that says nothing in words of its own


@dataclass(frozen=True, slots=True)
class Lesson:
    """A row, its tokens, and its teacher's logits of the sentences and of *none* (None where it was not graded)."""

    row: TrainingRow
    item: Item
    grade: NDArray[np.float32] | None = None

    @property
    def question(self) -> tuple[str, str]:
        """The same for all passages of one question."""
        return self.row.group, self.row.question


@dataclass(frozen=True, slots=True)
class Group:
    """Lessons that are read in one batch, or not at all."""

    lessons: Sequence[Lesson]
    chance: float  # of being read in an epoch

    def drawn(self, found: int, rng: random.Random) -> list[Lesson]:
        """All but those beyond `found` passages that the search put first, in random choice."""
        kept = [one for one in self.lessons if one.row.made != MINED]
        mined = [one for one in self.lessons if one.row.made == MINED]
        return kept + rng.sample(mined, min(found, len(mined)))


def epoch(groups: Sequence[Group], tokens: int, found: int, rng: random.Random) -> Iterator[list[Lesson]]:
    """Batches of about `tokens` tokens, padding included, of one length each, in random order."""
    by_length: dict[int, list[list[Lesson]]] = defaultdict(list)
    for group in groups:
        if rng.random() < group.chance:
            drawn = group.drawn(found, rng)
            by_length[max(one.item.length for one in drawn)].append(drawn)
    made = [filled for length, drawn in by_length.items() for filled in _packed(drawn, max(1, tokens // length), rng)]
    rng.shuffle(made)
    yield from made


def groups_of(lessons: Sequence[Lesson]) -> list[Group]:
    together: dict[str, list[Lesson]] = defaultdict(list)
    for one in lessons:
        together[one.row.group].append(one)
    return [Group(group, _chance(group)) for group in together.values()]


def _chance(group: Sequence[Lesson]) -> float:
    """The weight, less up to a half where questions are in the words of their sentences."""
    own = max(1 - SAME_WORDS * _shared(one.row) if one.row.good else 0.0 for one in group)
    return max(one.row.weight for one in group) * (own or 1.0)


def _shared(row: TrainingRow) -> float:
    """The share of the question's words that stand in the sentences that answer it, 0 to 1."""
    said = _beginnings(" ".join(row.text[start:end] for start, end in row.good_spans))
    asked = _beginnings(row.question)
    return len(asked & said) / max(1, len(asked))


def _beginnings(text: str) -> set[str]:
    """Of its longer words: "founded" and "foundation" say the same."""
    return {word[:5] for word in re.findall(r"\w{4,}|\d+", text.lower())}


def _packed(groups: list[list[Lesson]], size: int, rng: random.Random) -> Iterator[list[Lesson]]:
    """`size` rows each; what a group leaves open is filled with rows that stand alone, so that shapes stay few."""
    rng.shuffle(groups)
    alone = [group for group in groups if len(group) == 1]
    several = [group for group in groups if len(group) > 1]
    while several:
        filled = list(several.pop())
        while several and len(filled) + len(several[-1]) <= size:
            filled += several.pop()
        while alone and len(filled) < size:
            filled += alone.pop()
        yield filled
    singles = [one for group in alone for one in group]
    for at in range(0, len(singles), size):
        yield singles[at : at + size]
