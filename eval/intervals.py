"""A figure never stands alone: value, number of observations and a 95 % percentile bootstrap interval (Efron 1979).

Written with numpy because importing scipy.stats costs more than a second, which every command would pay; a test holds
it to scipy. The seed is fixed: the same rows give the same interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
SEED = 20_251_122
LEVEL = 0.95

Sample = NDArray[np.float64]  # (n,) or (n, columns): one row an observation


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its interval; value, low and high are None when there was nothing to measure it on."""

    name: str
    value: float | None
    n: int  # observations behind the value
    low: float | None
    high: float | None


def mean(name: str, values: Sequence[float]) -> Figure:
    """The mean of one value a question; not measured when there is none."""
    sample = np.asarray(values, dtype=np.float64)
    return stratified(name, (sample,), lambda drawn: float(drawn.mean()), n=len(sample))


def stratified(name: str, groups: Sequence[Sample], statistic: Callable[..., float | None], *, n: int) -> Figure:
    """statistic(*groups) with its interval; each group is resampled by itself, so its size stays what it is.

    Rows are drawn whole: what was observed together stays together. None from the statistic means not measured.
    """
    value = statistic(*groups) if n else None
    if value is None:
        return Figure(name, None, 0, None, None)
    low, high = _interval(groups, statistic, value)
    return Figure(name, value, n, low, high)


def _interval(groups: Sequence[Sample], statistic: Callable[..., float | None], value: float) -> tuple[float, float]:
    if all(len(group) == 0 or (group == group[0]).all() for group in groups):
        return value, value
    rng = np.random.default_rng(SEED)
    drawn: list[Any] = [statistic(*(_drawn(group, rng) for group in groups)) for _ in range(RESAMPLES)]
    low, high = np.quantile(np.array(drawn, dtype=np.float64), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _drawn(group: Sample, rng: np.random.Generator) -> Sample:
    drawn: Sample = group[rng.integers(0, len(group), len(group))] if len(group) else group
    return drawn
