"""What is trained on: questions with a passage each, which of its sentences answer; and what a teacher says of them."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MINED = "mined"  # a rule of `TrainingRow.made`: by the product's search
Offsets = tuple[int, int]
Logits = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """Offsets are code points into `text`, end exclusive; `good` are places in `sentences`, none where none answers."""

    question: str
    title: str
    text: str
    sentences: tuple[Offsets, ...]
    good: tuple[int, ...]
    short: Offsets | None  # the words of the answer, where the collection marks them
    weight: float  # at most 1: the chance to be read in an epoch
    id: str  # of the collection's question
    set: str
    kind: str  # gold, near (a near miss on its own passage), found (by search), twin, same, open (nobody labelled it)
    group: str  # rows of one group are read in one batch
    made: str = ""  # by which rule

    @property
    def key(self) -> str:
        """What a grade is kept under: it does not change with the order of the rows."""
        return hashlib.blake2b(f"{self.question}\0{self.title}\0{self.text}".encode(), digest_size=8).hexdigest()

    @property
    def good_spans(self) -> tuple[Offsets, ...]:
        return tuple(self.sentences[i] for i in self.good)

    @property
    def answer(self) -> str:
        return self.text[slice(*self.short)] if self.short else ""


def read_rows(path: Path) -> list[TrainingRow]:
    with path.open(encoding="utf-8") as file:
        return [_row(json.loads(line)) for line in file]


def write_rows(path: Path, rows: Iterable[TrainingRow]) -> None:
    """As a whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(asdict(row), ensure_ascii=False)}\n" for row in rows)
    new.replace(path)


def _row(fields: dict[str, Any]) -> TrainingRow:
    """JSON has lists for tuples."""
    sentences, short = tuple(map(tuple, fields["sentences"])), tuple(fields["short"] or ()) or None
    return TrainingRow(**fields | {"sentences": sentences, "good": tuple(fields["good"]), "short": short})


@dataclass
class Grades:
    """A teacher's logits of rows, under the rows' keys: they survive another order of the rows.

    Arrays of the .npz: keys (rows,) uint64; sizes (rows,) uint8; logits (sum of sizes,) float16, a row's sentences in
    order and *none* last; by (rows,) uint8, places in teachers; teachers, the SHA-256 of each teacher's weights.
    """

    teachers: list[str] = field(default_factory=list)
    logits: dict[str, Logits] = field(default_factory=dict)  # by key
    by: dict[str, int] = field(default_factory=dict)  # the teacher of each, a place in `teachers`

    def put(self, key: str, logits: Logits, teacher: str) -> None:
        """A grade that stands already gives way."""
        if teacher not in self.teachers:
            self.teachers.append(teacher)
        self.logits[key], self.by[key] = logits, self.teachers.index(teacher)

    def has(self, key: str, teacher: str) -> bool:
        return key in self.by and self.teachers[self.by[key]] == teacher

    def write(self, path: Path) -> None:
        """As a whole or not at all; the same grades are the same bytes."""
        keys = sorted(self.logits)
        new = path.with_name(f"{path.stem}.new.npz")
        np.savez_compressed(
            new,
            keys=np.array([int(key, 16) for key in keys], np.uint64),
            sizes=np.array([len(self.logits[key]) for key in keys], np.uint8),
            logits=np.concatenate([self.logits[key] for key in keys]) if keys else np.zeros(0, np.float16),
            by=np.array([self.by[key] for key in keys], np.uint8),
            teachers=np.array(self.teachers),
        )
        new.replace(path)


def read_grades(path: Path) -> Grades:
    held = np.load(path, allow_pickle=False)
    keys = [f"{int(key):016x}" for key in held["keys"].tolist()]
    parts = np.split(held["logits"], np.cumsum(held["sizes"])[:-1]) if keys else []
    by = dict(zip(keys, held["by"].tolist(), strict=True))
    return Grades(held["teachers"].tolist(), dict(zip(keys, parts, strict=True)), by)
