"""A text cut where marks begin and end, so that marks which overlap can be shown without nesting one in another."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise


@dataclass(frozen=True, slots=True)
class Labelled:
    """start:end of a text, 0-based and half open; what lies outside the text marks nothing."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that share their labels; never empty."""

    text: str
    labels: tuple[str, ...]  # sorted, each once
    opens: tuple[str, ...]  # those that the piece before does not have


def pieces(text: str, marks: Sequence[Labelled]) -> tuple[Piece, ...]:
    """Joined, they are the text; neighbours differ in their labels. Nothing for an empty text."""
    cuts = sorted({0, len(text), *(min(max(at, 0), len(text)) for mark in marks for at in (mark.start, mark.end))})
    labelled = [(start, end, _labels(marks, start, end)) for start, end in pairwise(cuts)]
    return tuple(_opened(_merged(text, labelled)))


def _labels(marks: Iterable[Labelled], start: int, end: int) -> tuple[str, ...]:
    return tuple(sorted({mark.label for mark in marks if mark.start <= start and end <= mark.end}))


def _merged(text: str, parts: Sequence[tuple[int, int, tuple[str, ...]]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Two marks of one label that touch are one."""
    for labels, group in groupby(parts, key=lambda part: part[2]):
        run = list(group)
        yield text[run[0][0] : run[-1][1]], labels


def _opened(runs: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Piece]:
    before: tuple[str, ...] = ()
    for text, labels in runs:
        yield Piece(text, labels, tuple(label for label in labels if label not in before))
        before = labels
