"""Learns the projection of token vectors: 384 → 128, so that the right sentence meets the question best.

The score is the late interaction that reading uses (ColBERT's MaxSim, Khattab and Zaharia 2020) with an importance for
each token of the question; the loss is listwise, with "none of them" as one more candidate, which is never right, so
that scores become comparable across questions. Deterministic: one thread, fixed seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eval.training.cases import TrainingCase, shuffled
from index.embedding.minilm import Projection
from index.embedding.vectors import Encoded, Encoding, Floats, settled
from index.search import Index

WIDTH = 128
RATE = 7e-4
BATCH = 8
SEED = 20_251_122
_SCALE = 24.0  # of a cosine in the softmax; learned from there
_NONE = 0.5  # the score of "none of them"; learned from there
_PCA_TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class Example:
    """A question and the tokens of what was found, as 384-d unit rows."""

    question: Floats  # (t, dim)
    tokens: Floats  # (n, dim)
    sentences: NDArray[np.int64]  # (s, longest): rows of `tokens`, the last one repeated to fill up
    right: NDArray[np.bool_]  # (s,)


@dataclass(frozen=True, slots=True)
class Learned:
    """What ships, and the loss by step for whoever wants to look."""

    matrix: Floats
    attention: Floats
    losses: tuple[float, ...]


def example_of(case: TrainingCase, question: Encoded, encodings: Sequence[Encoding]) -> Example:
    """Sentences without tokens are left out."""
    rows: list[range] = []
    right: list[bool] = []
    base = 0
    for hit, flags, encoding in zip(case.hits, case.right, encodings, strict=True):
        passage = hit.passage
        shift = len(passage.search_text) - len(passage.text) - passage.start
        edges = np.searchsorted(encoding.offsets[:, 0] - shift, [*(s.start for s in passage.sentences), passage.end])
        for (first, last), flag in zip(pairwise(edges.tolist()), flags.tolist(), strict=True):
            if first < last:
                rows.append(range(base + first, base + last))
                right.append(flag)
        base += len(encoding.tokens)
    longest = max((len(one) for one in rows), default=0)
    filled = [[*one, *[one[-1]] * (longest - len(one))] for one in rows]
    tokens = np.concatenate([encoding.token_vectors() for encoding in encodings])
    return Example(
        question.tokens, tokens, np.array(filled, np.int64).reshape(len(rows), longest), np.array(right, bool)
    )


def learn_projection(
    cases: Sequence[TrainingCase],
    example: Callable[[TrainingCase], Example],
    on: Callable[[int, int], None] = lambda done, total: None,
) -> Learned:
    """One pass over cases with a right sentence, each set counting as often as it has questions."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    usable = shuffled(cases, SEED)
    matrix = torch.tensor(principal(usable, example), requires_grad=True)
    attention = torch.zeros(matrix.shape[1], requires_grad=True)
    extra = torch.tensor([np.log(_SCALE), _NONE], dtype=torch.float32, requires_grad=True)
    rates = (RATE, 20 * RATE, 10 * RATE)
    learnt = zip((matrix, attention, extra), rates, strict=True)
    optimiser = torch.optim.Adam([{"params": [one], "lr": rate} for one, rate in learnt])
    steps = max(len(usable) // BATCH, 1)
    losses = []
    for step in range(steps):
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            slope = min((step + 1) / (0.05 * steps + 1), 1.0) * (1 - 0.9 * step / steps)
            group["lr"] = rate * slope  # a short warm-up, then straight down to a tenth
        batch = [example(case) for case in usable[step * BATCH : (step + 1) * BATCH]]
        loss = torch.stack([_loss(one, matrix, attention, extra) for one in batch if len(one.sentences)]).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
        on(step + 1, steps)
    return Learned(matrix.detach().numpy(), attention.detach().numpy(), tuple(losses))


def principal(cases: Sequence[TrainingCase], example: Callable[[TrainingCase], Example]) -> Floats:
    """(dim, WIDTH): the directions in which the tokens of the first cases vary most, uncentred."""
    gram = np.zeros((0, 0))
    seen = 0
    for case in cases:
        tokens = example(case).tokens.astype(np.float64)
        gram = tokens.T @ tokens if not seen else gram + tokens.T @ tokens
        seen += len(tokens)
        if seen >= _PCA_TOKENS:
            break
    _, vectors = np.linalg.eigh(gram)
    leading = vectors[:, ::-1][:, :WIDTH]
    signs = np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    return np.ascontiguousarray(leading * signs, dtype=np.float32)  # eigenvectors have no sign of their own


def _loss(one: Example, matrix: Tensor, attention: Tensor, extra: Tensor) -> Tensor:
    question = torch.nn.functional.normalize(torch.from_numpy(one.question) @ matrix, dim=1)
    tokens = torch.nn.functional.normalize(torch.from_numpy(one.tokens) @ matrix, dim=1)
    importance = torch.softmax(question @ attention, dim=0)
    best = (question @ tokens.T)[:, torch.from_numpy(one.sentences)].amax(dim=2)
    scores = torch.cat([importance @ best, extra[1:]]) * extra[0].exp()
    right = torch.from_numpy(np.append(one.right, False))
    return torch.logsumexp(scores, 0) - torch.logsumexp(scores[right], 0)


_KEPT = 4096  # projected passages, of about 20 kB each


def projected(index: Index, projection: Projection, encoded: Mapping[str, Encoded]) -> Index:
    """An index of full token vectors, seen through a projection: what reading would find if it were built with that
    one. `encoded`: questions that were encoded before, as the index gives them."""
    return cast(Index, _Projected(index, projection, encoded))


class _Projected:
    """Encodes through the projection; all else is the index itself, whose passages' own vectors are not projected."""

    def __init__(self, index: Index, projection: Projection, encoded: Mapping[str, Encoded]) -> None:
        self._index = index
        self._encoded = encoded
        self._projection = projection
        self.encode = lru_cache(maxsize=256)(self._encode)
        self._encoding = lru_cache(maxsize=_KEPT)(self._projected)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def _encode(self, question: str) -> Encoded:
        known = self._encoded.get(question)
        return settled(self._projection.question(self._index.encode(question) if known is None else known))

    def encodings(self, rows: Sequence[int]) -> list[Encoding]:
        return [self._encoding(row) for row in rows]

    def _projected(self, row: int) -> Encoding:
        full = self._index.encodings([row])[0]
        made = self._projection.passage(Encoded(full.vector, full.token_vectors(), full.offsets))
        return Encoding.from_floats(made.vector, made.tokens, made.offsets)
