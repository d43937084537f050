"""Trains a reader on rows, with hard labels or also on a teacher's grades.

The loss of a row is a softmax over the sentences of its passage and *none*. Where a batch holds several passages of
one question, half as much again is a softmax over the gaps of all their sentences and zero, which makes *none*
comparable across passages. A quarter is that of the answer's first and last word. A checkpoint every few minutes; the
same call goes on from it. The weights follow from rows, settings, seed and thread count.
"""

import hashlib
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from eval.reading.batches import Lesson, chance, epoch, groups
from eval.reading.grading import Say, check, line, sample
from eval.reading.network import Item, ReadingNetwork, Tensor, batch, encode, open_backbone, ship
from eval.reading.rows import Logits, TrainingRow, read_grades, read_rows
from index.embedding.weights import sha256
from index.errors import BadInput

WARM = 0.05  # share of the run in which the rate rises
ACROSS, WORDS = 0.5, 0.25  # weights of the losses across passages and of the answer's words
_DECAY = 0.01
_ENCODED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One training: what it reads, how, and how often it tells and keeps what it has."""

    backbone: Path
    rows: tuple[Path, ...]
    valid: Path
    epochs: float
    rate: float
    start: Path | None = None  # weights to go on from
    grades: Path | None = None
    tokens: int = 6000  # of a batch, padding included
    soft: float = 0.7  # share of the teacher's opinion
    seed: int = 1
    valid_most: int = 600  # rows of each validation set
    tell: int = 50  # steps between two lines
    keep: float = 4  # minutes between two checkpoints
    check: float = 8  # minutes between two validations

    def made_of(self) -> str:
        """A hash of all that decides the weights but the number of threads."""
        files = (*self.rows, self.backbone / "model.safetensors", self.start, self.grades)
        hashes = [sha256(path) if path else "" for path in files]
        settings = [self.epochs, self.rate, self.tokens, self.soft, self.seed]
        return hashlib.sha256(repr([hashes, settings]).encode()).hexdigest()


def train(plan: TrainingPlan, checkpoint: Path, weights: Path, say: Say) -> None:
    """From the plan to `weights`, a .safetensors file in half precision without the word embeddings."""
    torch.manual_seed(plan.seed)
    tokenizer, model = open_backbone(plan.backbone)
    pad: int = tokenizer.pad_token_id
    lessons = [one for path in plan.rows for one in read_examples(path, tokenizer, plan.grades)]
    valid = sample(read_examples(plan.valid, tokenizer, None), plan.valid_most)
    if plan.start:
        model.load(plan.start)
    trainer = Trainer(model, lessons, pad, plan)
    if checkpoint.exists():
        trainer.resume(checkpoint)
        say(f"goes on: {trainer.line()}")
    an_epoch = int(sum(chance(group) * sum(len(one.item.ids) for one in group) for group in groups(lessons)))
    say(f"{len(lessons)} rows, {sum(one.grade is not None for one in lessons)} graded, {an_epoch} tokens an epoch")
    total = plan.epochs * an_epoch
    told = kept = time.monotonic()
    while trainer.seen < total:
        trainer.step(trainer.seen / total)
        if time.monotonic() - kept >= plan.keep * 60:
            trainer.save(checkpoint)
            kept = time.monotonic()
        if trainer.steps % plan.tell == 0:
            say(trainer.line())
        if time.monotonic() - told >= plan.check * 60:
            say(line(check(model, valid, pad)))
            told = time.monotonic()
    trainer.save(checkpoint)
    ship(model, weights)
    say(f"done: {trainer.line()}")
    say(line(check(model, valid, pad)))


class Trainer:
    """A model, its optimiser, and how far it has read."""

    def __init__(self, model: ReadingNetwork, train: Sequence[Lesson], pad: int, plan: TrainingPlan) -> None:
        self._model, self._pad, self._plan, self._made_of = model, pad, plan, plan.made_of()
        trained = [p for p in model.parameters() if p.requires_grad]
        matrices = {"params": [p for p in trained if p.dim() > 1], "weight_decay": _DECAY}
        vectors = {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0}
        self._optimiser = torch.optim.AdamW([matrices, vectors], lr=plan.rate, betas=(0.9, 0.98))
        self._batches = _forever(train, plan.tokens, random.Random(plan.seed))
        self.steps = self.seen = 0
        self.loss = 0.0  # a running mean

    def step(self, share: float) -> None:
        """One batch, at the rate that belongs to this share of the run."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._plan.rate * min(1.0, (share + 1e-3) / WARM, (1 - share) / (1 - WARM))
        lessons = next(self._batches)
        loss = loss_of(self._model, lessons, self._pad, self._plan.soft)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimiser.step()
        self.steps += 1
        self.seen += sum(len(one.item.ids) for one in lessons)
        self.loss = loss.item() if self.steps == 1 else 0.98 * self.loss + 0.02 * loss.item()

    def line(self) -> str:
        """One line of a curve."""
        rate = self._optimiser.param_groups[0]["lr"]
        return f"step {self.steps} tokens {self.seen} rate {rate:.1e} loss {self.loss:.3f}"

    def save(self, path: Path) -> None:
        """As a whole or not at all."""
        new = path.with_suffix(".new")
        state = {"steps": self.steps, "seen": self.seen, "loss": self.loss, "made_of": self._made_of}
        torch.save({"model": self._model.state_dict(), "optimiser": self._optimiser.state_dict()} | state, new)
        new.replace(path)

    def resume(self, path: Path) -> None:
        """Behind the last batch of a checkpoint. Raises BadInput for one of other rows or settings."""
        held = torch.load(path, weights_only=True)
        if held["made_of"] != self._made_of:
            raise BadInput(
                f"'{path}' was trained on other rows or with other settings; remove it, or give another --out"
            )
        self._model.load_state_dict(held["model"])
        self._optimiser.load_state_dict(held["optimiser"])
        self.steps, self.seen, self.loss = held["steps"], held["seen"], held["loss"]
        for _ in range(self.steps):
            next(self._batches)


def _forever(train: Sequence[Lesson], tokens: int, rng: random.Random) -> Iterator[list[Lesson]]:
    while True:
        yield from epoch(train, tokens, rng)


def loss_of(model: ReadingNetwork, lessons: Sequence[Lesson], pad: int, soft: float) -> Tensor:
    """The mean over the rows; `soft` is the share of the teacher's opinion where it has one."""
    items = [one.item for one in lessons]
    ids, mask, pool = batch(items, pad)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        score, none, span = model(ids, mask, pool)
    logits = torch.cat([score, none[:, None]], 1)
    want = wanted(lessons, logits.shape[1], soft)
    within = -(want * F.log_softmax(logits, 1)).sum(1).mean()
    return within + ACROSS * across(lessons, score - none[:, None], want[:, :-1]) + WORDS * _words(items, span, mask)


def wanted(lessons: Sequence[Lesson], wide: int, soft: float) -> Tensor:
    """(rows, wide): what is to be learnt of each sentence and, last, of *none*; rows sum to 1."""
    want = torch.zeros(len(lessons), wide)
    for place, one in enumerate(lessons):
        for good in one.item.good or [wide - 1]:
            want[place, good] = 1 / max(1, len(one.item.good))
        if one.grade is not None:
            share = 1.0 if one.row.kind == "open" else soft
            graded = torch.softmax(torch.tensor(one.grade, dtype=torch.float32), 0)
            want[place] *= 1 - share
            want[place, : len(graded) - 1] += share * graded[:-1]
            want[place, -1] += share * graded[-1]
    return want


def across(lessons: Sequence[Lesson], gaps: Tensor, want: Tensor) -> Tensor:
    """The loss of the questions that have several passages here: softmax over the gaps of all sentences, and zero.

    gaps, want: (rows, sentences). Summed, by the number of all rows, so that it weighs like the rows' own losses.
    """
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(lessons):
        places[one.question].append(place)
    losses = [gaps.new_zeros(())]
    for rows in places.values():
        if len(rows) > 1:
            shares = want[rows].flatten()
            shares = torch.cat([shares, (1 - shares.sum()).clamp(min=0.0)[None]])
            shares = shares / shares.sum()  # two passages may both answer
            losses.append(-(shares * F.log_softmax(torch.cat([gaps[rows].flatten(), gaps.new_zeros(1)]), 0)).sum())
    return torch.stack(losses).sum() / len(lessons)


def _words(items: Sequence[Item], span: Tensor, mask: Tensor) -> Tensor:
    """The first token stands for none. A row that has an answer, but no short one, is left out."""
    known = torch.tensor([item.span is not None or not item.good for item in items], dtype=torch.float32)
    ends = torch.tensor([item.span or (0, 0) for item in items])
    span = span.masked_fill((mask == 0)[..., None], -1e4)
    each = [F.cross_entropy(span[..., side], ends[:, side], reduction="none") for side in (0, 1)]
    return ((each[0] + each[1]) * known).mean()


def read_examples(path: Path, tokenizer: Any, grades: Path | None) -> list[Lesson]:
    rows = read_rows(path)
    parts = [rows[at : at + _ENCODED_AT_ONCE] for at in range(0, len(rows), _ENCODED_AT_ONCE)]
    items = [item for part in parts for item in encode(tokenizer, part)]
    held = read_grades(grades).logits if grades else {}
    return [Lesson(row, item, _known(held, row)) for row, item in zip(rows, items, strict=True)]


def _known(held: Mapping[str, Logits], row: TrainingRow) -> list[float] | None:
    """None too where the sentences were cut differently when it was graded."""
    logits = held.get(row.key)
    return logits.tolist() if logits is not None and len(logits) == len(row.sentences) + 1 else None
