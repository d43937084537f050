"""Trains a reader on rows, with hard labels or also on a teacher's grades.

The loss of a row is a softmax over the sentences of its passage and *none*. Where a batch holds several passages of
one question, half as much again is a softmax over the gaps of all their sentences and zero, which makes *none*
comparable across passages. A quarter is that of the answer's first and last word. A checkpoint every few minutes; the
same call goes on from it. On processors the weights follow from rows, settings, seed and thread count; a GPU, which is
used where there is one, adds up in no fixed order.
"""

import hashlib
import random
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from eval.reading.batches import Group, Lesson, epoch, groups_of
from eval.reading.grading import Say, check, line, sample
from eval.reading.network import ReadingNetwork, Tensor, batch, bfloat16, encode, open_backbone, ship
from eval.reading.rows import Logits, TrainingRow, read_grades, read_rows
from index.embedding.weights import sha256
from index.errors import BadInput

WARM = 0.05  # share of the run in which the rate rises
ACROSS, WORDS = 0.5, 0.25  # weights of the losses across passages and of the answer's words
_DECAY = 0.01
_RECENT = 50  # steps whose mean loss is told


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
    found: int = 2  # mined passages of a group that are read in an epoch
    dropout: float = 0.0
    seed: int = 1
    valid_most: int = 600  # rows of each validation set
    tell: int = 50  # steps between two lines
    keep: float = 4  # minutes between two checkpoints
    check: float = 8  # minutes between two validations

    def made_of(self) -> str:
        """A hash of all that decides the weights but the number of threads."""
        files = (*self.rows, self.backbone / "model.safetensors", self.start, self.grades)
        hashes = [sha256(path) if path else "" for path in files]
        settings = [self.epochs, self.rate, self.tokens, self.soft, self.found, self.dropout, self.seed]
        return hashlib.sha256(repr([hashes, settings]).encode()).hexdigest()


def train(plan: TrainingPlan, checkpoint: Path, weights: Path, say: Say) -> None:
    """From the plan to `weights`, a .safetensors file in half precision without the word embeddings."""
    torch.manual_seed(plan.seed)
    tokenizer, model = open_backbone(plan.backbone, plan.dropout)
    pad: int = tokenizer.pad_token_id
    lessons = [one for path in plan.rows for one in read_examples(path, tokenizer, plan.grades)]
    valid = sample(read_examples(plan.valid, tokenizer, None), plan.valid_most)
    if plan.start:
        model.load(plan.start)
    trainer = Trainer(model, lessons, pad, plan)
    if checkpoint.exists():
        trainer.resume(checkpoint)
        say(f"goes on: {trainer.line()}")
    say(f"{len(lessons)} rows, {sum(one.grade is not None for one in lessons)} graded, {trainer.epoch} tokens an epoch")
    total = plan.epochs * trainer.epoch
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
        self._model, self._plan, self._made_of = model, plan, plan.made_of()
        trained = [p for p in model.parameters() if p.requires_grad]
        matrices = {"params": [p for p in trained if p.dim() > 1], "weight_decay": _DECAY}
        vectors = {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0}
        fused = model.device.type == "cuda"
        self._optimiser = torch.optim.AdamW([matrices, vectors], lr=plan.rate, betas=(0.9, 0.98), fused=fused)
        groups, rng = groups_of(train), random.Random(plan.seed)
        self.epoch = int(sum(one.chance * _tokens(one.drawn(plan.found, rng)) for one in groups))  # its tokens
        self._batches = _ahead(_prepared(groups, plan, rng, pad))
        self._recent: deque[Tensor] = deque(maxlen=_RECENT)
        self.steps = self.seen = 0

    def step(self, share: float) -> None:
        """One batch, at the rate that belongs to this share of the run."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._plan.rate * min(1.0, (share + 1e-3) / WARM, (1 - share) / (1 - WARM))
        lesson = next(self._batches)
        loss = loss_of(self._model, lesson)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimiser.step()
        self.steps += 1
        self.seen += lesson.tokens
        self._recent.append(loss.detach())

    def line(self) -> str:
        """One line of a curve."""
        rate = self._optimiser.param_groups[0]["lr"]
        return f"step {self.steps} tokens {self.seen} rate {rate:.1e} loss {torch.stack([*self._recent]).mean():.3f}"

    def save(self, path: Path) -> None:
        """As a whole or not at all."""
        new = path.with_suffix(".new")
        state = {"steps": self.steps, "seen": self.seen, "recent": [*self._recent], "made_of": self._made_of}
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
        self.steps, self.seen = held["steps"], held["seen"]
        self._recent.extend(held["recent"])
        for _ in range(self.steps):
            next(self._batches)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch as the network takes it, and what is to be learnt of it. r rows, s sentences at most, t tokens."""

    read: tuple[Tensor, Tensor, Tensor]  # of `batch`
    want: Tensor  # (r, s + 1): of each sentence and, last, of *none*; rows sum to 1
    ends: Tensor  # (r, 2): first and last token of the answer's words; the first token stands for none
    worded: Tensor  # (r,): 0 for a row that has an answer, but no short one
    question: Tensor  # (r,): the same number for all passages of one question
    tokens: int  # without padding


def _prepared(groups: Sequence[Group], plan: TrainingPlan, rng: random.Random, pad: int) -> Iterator[Prepared]:
    while True:
        for lessons in epoch(groups, plan.tokens, plan.found, rng):
            yield prepared(lessons, pad, plan.soft)


def prepared(lessons: Sequence[Lesson], pad: int, soft: float) -> Prepared:
    items = [one.item for one in lessons]
    read = batch(items, pad)
    numbers: dict[tuple[str, str], int] = {}
    return Prepared(
        read,
        torch.from_numpy(wanted(lessons, read[2].shape[1] + 1, soft)),
        torch.tensor([item.span or (0, 0) for item in items]),
        torch.tensor([float(item.span is not None or not item.good) for item in items]),
        torch.tensor([numbers.setdefault(one.question, len(numbers)) for one in lessons]),
        _tokens(lessons),
    )


def wanted(lessons: Sequence[Lesson], wide: int, soft: float) -> NDArray[np.float32]:
    """(rows, wide): `soft` is the share of the teacher's opinion where it has one."""
    want = np.zeros((len(lessons), wide), np.float32)
    for row, one in zip(want, lessons, strict=True):
        good = one.item.good or [wide - 1]
        row[good] = 1 / len(good)
        if one.grade is not None:
            share = 1.0 if one.row.kind == "open" else soft
            graded = np.exp(one.grade - one.grade.max())
            graded *= share / graded.sum()
            row *= 1 - share
            row[: len(graded) - 1] += graded[:-1]
            row[-1] += graded[-1]
    return want


def loss_of(model: ReadingNetwork, given: Prepared) -> Tensor:
    """The mean over the rows."""
    ids, mask, pool = (one.to(model.device, non_blocking=True) for one in given.read)
    want, ends, worded, question = (
        one.to(model.device, non_blocking=True) for one in (given.want, given.ends, given.worded, given.question)
    )
    with bfloat16(model.device):
        score, none, span = model(ids, mask, pool)
    within = -(want * F.log_softmax(torch.cat([score, none[:, None]], 1), 1)).sum(1).mean()
    span = span.masked_fill((mask == 0)[..., None], -1e4)
    each = [F.cross_entropy(span[..., side], ends[:, side], reduction="none") for side in (0, 1)]
    words = ((each[0] + each[1]) * worded).mean()
    return within + ACROSS * across(question, score - none[:, None], want[:, :-1]) + WORDS * words


def across(question: Tensor, gaps: Tensor, want: Tensor) -> Tensor:
    """The loss of the questions that have several passages here: softmax over the gaps of all sentences, and zero.

    question (rows,): its number, from 0; gaps, want: (rows, sentences). Summed, by the number of all rows, so that it
    weighs like the rows' own losses.
    """
    count = gaps.new_zeros(len(question)).index_add(0, question, gaps.new_ones(len(question)))
    top = gaps.new_zeros(len(question)).scatter_reduce(0, question, gaps.detach().amax(1), "amax")  # of zero too
    sums = torch.exp(-top).index_add(0, question, torch.exp(gaps - top[question][:, None]).sum(1))
    whole = top + torch.log(sums)
    shares = gaps.new_zeros(len(question)).index_add(0, question, want.sum(1))
    nothing = (1 - shares).clamp(min=0.0)
    all_shares = shares + nothing  # two passages may both answer
    of_sentences = (want * (whole[question][:, None] - gaps)).sum(1)
    losses = (nothing * whole).index_add(0, question, of_sentences) / all_shares
    return losses[count > 1].sum() / len(question)


def _tokens(lessons: Sequence[Lesson]) -> int:
    return sum(len(one.item.ids) for one in lessons)


def _ahead(batches: Iterator[Prepared]) -> Iterator[Prepared]:
    """The next one is prepared by another thread while the model reads this one; in the same order."""
    with ThreadPoolExecutor(1) as other:
        coming = other.submit(next, batches)
        while True:
            ready = coming.result()
            coming = other.submit(next, batches)
            yield ready


def read_examples(path: Path, tokenizer: Any, grades: Path | None) -> list[Lesson]:
    rows = read_rows(path)
    items = encode(tokenizer, rows)
    held = read_grades(grades).logits if grades else {}
    return [Lesson(row, item, _known(held, row)) for row, item in zip(rows, items, strict=True)]


def _known(held: Mapping[str, Logits], row: TrainingRow) -> NDArray[np.float32] | None:
    """None too where the sentences were cut differently when it was graded."""
    logits = held.get(row.key)
    return logits.astype(np.float32) if logits is not None and len(logits) == len(row.sentences) + 1 else None
