"""What a trained reader says of rows: how well it reads, and grades for a smaller one to learn from."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from eval.reading.batches import Lesson
from eval.reading.network import ReadingNetwork, batch, bfloat16, encode, open_backbone
from eval.reading.rows import MINED, Grades, TrainingRow, read_grades
from eval.scoring.judge import auroc
from index.embedding.weights import sha256

Say = Callable[[str], None]
NEAREST = ("squad2", "unansq", "nq-open", "selqa", "squad11", "timeqa")  # sets, as their names hold it
SEED = 5
_AT_ONCE = {"cpu": 960, "cuda": 30_000}  # rows between two writes
_LEAST = -30.0  # of a logit; what is below is as good as impossible
_ROWS = {"cpu": 24, "cuda": 512}  # read at once


@dataclass(frozen=True, slots=True)
class Figures:
    """`hit`: share of answerable rows whose best sentence answers. `auroc` of the best gap, None without misses."""

    rows: int
    hit: float
    auroc: float | None


@torch.no_grad()
def logits_of(model: ReadingNetwork, lessons: Sequence[Lesson], pad: int) -> list[list[float]]:
    """Of each lesson the logits of its sentences and of *none*; in batches of like length."""
    model.eval()
    out: list[list[float]] = [[] for _ in lessons]
    order = sorted(range(len(lessons)), key=lambda place: len(lessons[place].item.ids))
    kind = model.device.type
    for at in range(0, len(order), _ROWS[kind]):
        places = order[at : at + _ROWS[kind]]
        read = batch([lessons[place].item for place in places], pad)
        with bfloat16(model.device):
            score, none, _ = model(*(one.to(model.device) for one in read))
        for place, sentences, nothing in zip(places, score.tolist(), none.tolist(), strict=True):
            out[place] = [*sentences[: len(lessons[place].item.ranges)], nothing]
    model.train()
    return out


def figures(lessons: Sequence[Lesson], logits: Sequence[Sequence[float]]) -> Figures:
    hits: list[bool] = []
    right: list[float] = []
    wrong: list[float] = []
    for lesson, (*sentences, none) in zip(lessons, logits, strict=True):
        best = max(range(len(sentences)), key=sentences.__getitem__)
        (right if lesson.item.good else wrong).append(sentences[best] - none)
        if lesson.item.good:
            hits.append(best in lesson.item.good)
    return Figures(len(lessons), sum(hits) / max(1, len(hits)), auroc(np.array(right), np.array(wrong)))


def check(model: ReadingNetwork, sets: Mapping[str, Sequence[Lesson]], pad: int) -> dict[str, Figures]:
    return {name: figures(lessons, logits_of(model, lessons, pad)) for name, lessons in sets.items()}


def line(checked: Mapping[str, Figures]) -> str:
    """One line of a curve."""
    parts = []
    for name, found in checked.items():
        auroc = f" auroc {found.auroc:.3f}" if found.auroc is not None else ""
        parts.append(f"{name.split('/')[-1]} hit {found.hit:.3f}{auroc}")
    return " | ".join(parts)


def sample(lessons: Sequence[Lesson], most: int) -> dict[str, list[Lesson]]:
    """By set, the first `most` of each."""
    by: dict[str, list[Lesson]] = {}
    for one in lessons:
        by.setdefault(one.row.set, []).append(one)
    return {name: found[:most] for name, found in by.items()}


def grade(backbone: Path, weights: Path, rows: Sequence[TrainingRow], out: Path, say: Say) -> None:
    """The logits of all rows into `out`, the nearest kinds first, in case that it is stopped.

    Goes on behind what stands in `out`, and grades again what another teacher graded.
    """
    tokenizer, model = open_backbone(backbone)
    model.load(weights)
    teacher = sha256(weights)
    grades = read_grades(out) if out.exists() else Grades()
    left = in_order([row for row in {row.key: row for row in rows}.values() if not grades.has(row.key, teacher)])
    say(f"{len(rows)} rows, {len(left)} of them not graded by this teacher")
    step = _AT_ONCE[model.device.type]
    for at in range(0, len(left), step):
        part = left[at : at + step]
        lessons = [Lesson(row, item) for row, item in zip(part, encode(tokenizer, part), strict=True)]
        for row, logits in zip(part, logits_of(model, lessons, tokenizer.pad_token_id), strict=True):
            grades.put(row.key, np.maximum(np.array(logits, np.float32), _LEAST).astype(np.float16), teacher)
        grades.write(out)
        say(f"{at + len(part)} of {len(left)} graded")


def in_order(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """Twins, then the nearest sets, then what the search put first, then the other sets.

    Rows of like kind are shuffled, so that a part that was graded is a fair one.
    """

    def near(row: TrainingRow) -> tuple[int, int]:
        if row.made:
            return (2, 0) if row.made == MINED else (0, 0)
        place = next((place for place, name in enumerate(NEAREST) if name in row.set), len(NEAREST))
        return (1, place) if place < len(NEAREST) else (3, 0)

    return sorted(random.Random(SEED).sample(rows, len(rows)), key=near)
