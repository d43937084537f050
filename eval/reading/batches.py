"""Rows in an order to train on: those of a group together, in few shapes."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.reading.network import Item
from eval.reading.rows import Row

SAME_WORDS = 0.5  # how much rarer a question is read that says nothing in words of its own


@dataclass(frozen=True, slots=True)
class Example:
    """A row, its tokens, and its teacher's logits of the sentences and of *none* (None where it was not graded)."""

    row: Row
    item: Item
    grade: Sequence[float] | None = None

    @property
    def question(self) -> tuple[str, str]:
        """The same for all passages of one question."""
        return self.row.group, self.row.question


def epoch(examples: Sequence[Example], tokens: int, rng: random.Random) -> Iterator[list[Example]]:
    """Batches of about `tokens` tokens, padding included, of one length each, in random order.

    All rows of a group stand in one batch, or in none.
    """
    by_length: dict[int, list[list[Example]]] = defaultdict(list)
    for group in groups(examples):
        if rng.random() < chance(group):
            by_length[max(one.item.length for one in group)].append(group)
    made = [filled for length, groups in by_length.items() for filled in _packed(groups, max(1, tokens // length), rng)]
    rng.shuffle(made)
    yield from made


def groups(examples: Sequence[Example]) -> list[list[Example]]:
    together: dict[str, list[Example]] = defaultdict(list)
    for one in examples:
        together[one.row.group].append(one)
    return list(together.values())


def chance(group: Sequence[Example]) -> float:
    """Of being read in an epoch: the weight, less up to a half where questions are in the words of their sentences."""
    own = max(1 - SAME_WORDS * _shared(one.row) if one.row.good else 0.0 for one in group)
    return max(one.row.weight for one in group) * (own or 1.0)


def _shared(row: Row) -> float:
    """The share of the question's words that stand in the sentences that answer it, 0 to 1."""
    said = _beginnings(" ".join(row.text[start:end] for start, end in row.good_spans))
    asked = _beginnings(row.question)
    return len(asked & said) / max(1, len(asked))


def _beginnings(text: str) -> set[str]:
    """Of its longer words: "founded" and "foundation" say the same."""
    return {word[:5] for word in re.findall(r"\w{4,}|\d+", text.lower())}


def _packed(groups: list[list[Example]], size: int, rng: random.Random) -> Iterator[list[Example]]:
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
