"""Rankings as pure functions: the best of many scores, and several rankings made into one.

Every ranking here is best first, ties by row, so the same scores always give the same order; neither the order of the
rankings nor that of equal rows can change a result.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.records import Scored

_FEW = 512  # scores that are sorted as fast as the best of them are told from the others
_new = tuple.__new__  # of a Scored, without the call of a function in Python
RANK_CONSTANT = 60  # Cormack, Clarke and Büttcher 2009


def best(rows: NDArray[np.integer[Any]], scores: NDArray[np.floating[Any]], depth: int) -> list[Scored]:
    """The `depth` highest-scored of the ascending rows; rows that tie at the cut are taken in order. depth ≥ 1."""
    if depth < 1:
        raise ValueError(f"depth is {depth}; a ranking holds at least one row")
    if len(rows) > max(depth, _FEW):
        keep = scores >= np.partition(scores, len(rows) - depth)[len(rows) - depth]
        rows, scores = rows[keep], scores[keep]
    order = (-scores).argsort(kind="stable")[:depth]
    return [*map(_new, repeat(Scored), zip(rows[order].tolist(), scores[order].tolist(), strict=True))]


Shares = Mapping[int, Mapping[str, float]]  # row → what each ranking that holds it adds to its fused score


def convex_shares(rankings: Mapping[str, Sequence[Scored]], weights: Mapping[str, float]) -> Shares:
    """Min-max normalised scores times weights (Bruch, Gai and Ingber 2023, section 3).

    Each ranking's scores are stretched to 0..1; where all are equal they say only "found", and count as 1. A row that
    a ranking lacks gets 0 from it, as does the last of that ranking. Every ranking needs a weight ≥ 0.
    """
    shares: dict[int, dict[str, float]] = {}
    for name, ranking in rankings.items():
        weight = weights.get(name, math.nan)
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of ranking '{name}' is {weight}; give a finite number ≥ 0 for each ranking")
        for row, score in zip((scored.row for scored in ranking), _stretched(ranking), strict=True):
            shares.setdefault(row, {})[name] = weight * score
    return shares


def reciprocal_shares(rankings: Mapping[str, Sequence[Scored]], k: int = RANK_CONSTANT) -> Shares:
    """1 / (k + rank) from each ranking that holds a row, rank 1-based (Cormack, Clarke and Büttcher 2009)."""
    shares: dict[int, dict[str, float]] = {}
    for name, ranking in rankings.items():
        for rank, scored in enumerate(ranking, start=1):
            shares.setdefault(scored.row, {})[name] = 1 / (k + rank)
    return shares


def ordered(shares: Shares) -> list[Scored]:
    """Best first. fsum rounds once, so the order of the rankings cannot show in the last bit."""
    fused = [_new(Scored, (row, math.fsum(parts.values()))) for row, parts in shares.items()]
    return sorted(fused, key=lambda scored: (-scored.score, scored.row))


MOST_ALIKE = 3  # two sides of a conflict and one more; whoever repeats a thing a thousand times gets no more room
ALIKE = 0.8  # least share of words in common


def spread(found: Sequence[Scored], words: Callable[[int], frozenset[str]], limit: int) -> tuple[list[Scored], bool]:
    """At most `limit`, best first: of rows that say nearly the same, those after the third come behind all others.

    `words` are those of a row. Also whether such a row is among them, so that looking further might find others.
    """
    kept, behind = list[Scored](), list[Scored]()
    said: list[frozenset[str]] = []  # by those that are kept
    for scored in found:
        own = words(scored.row)
        alike = (one for one in said if ALIKE * len(own) <= len(one) <= len(own) / ALIKE and _alike(own, one))
        enough = len([*islice(alike, MOST_ALIKE)]) == MOST_ALIKE  # more are not looked for
        (behind if enough else kept).append(scored)
        said += [] if enough else [own]
        if len(kept) == limit:
            return kept, False
    return [*kept, *behind][:limit], bool(behind)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return shared > 0 and shared >= ALIKE * (len(one) + len(other) - shared)


def _stretched(ranking: Sequence[Scored]) -> list[float]:
    scores = [scored.score for scored in ranking]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]
