"""A figure never stands alone: value, number of observations and a 95 % percentile bootstrap interval (Efron 1979).

Written with numpy because importing scipy.stats costs more than a second, which every command would pay; a test holds
it to scipy. The seed is fixed: the same rows give the same interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, FiniteFloat, PlainSerializer

RESAMPLES = 2_000
SEED = 20_251_122
LEVEL = 0.95
_AT_ONCE = 1_000_000  # values held in memory

Sample = NDArray[np.float64]  # (n,) or (n, columns): one row an observation


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its interval; value, low and high are None when there was nothing to measure it on."""

    name: Annotated[str, Field(exclude=True)]  # JSON has it as the key
    value: FiniteFloat | None
    n: int  # observations behind the value
    low: FiniteFloat | None
    high: FiniteFloat | None


def by_name(figures: Sequence[Figure]) -> dict[str, dict[str, Any]]:
    """Name → value, n, low and high: figures as JSON has them."""
    return {each.name: {"value": each.value, "n": each.n, "low": each.low, "high": each.high} for each in figures}


def _from_json(figures: Any) -> Any:
    """Back again; pydantic says what does not fit."""
    if not isinstance(figures, dict):
        return figures
    return tuple({"name": name, **fields} if isinstance(fields, dict) else fields for name, fields in figures.items())


Figures: TypeAlias = Annotated[tuple[Figure, ...], BeforeValidator(_from_json), PlainSerializer(by_name)]


def mean(name: str, values: Sequence[float]) -> Figure:
    """The mean of one value a question; not measured when there is none."""
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        return Figure(name, None, 0, None, None)
    value = float(sample.mean())
    low, high = (value, value) if _constant(sample) else _ends(_drawn_means(sample))[0]
    return Figure(name, value, len(sample), low, high)


def stratified(name: str, groups: Sequence[Sample], statistic: Callable[..., float | None], *, n: int) -> Figure:
    """statistic(*groups) with its interval; each group is resampled by itself, so its size stays what it is.

    Rows are drawn whole: what was observed together stays together. None from the statistic means not measured.
    """
    return together((name,), groups, lambda *drawn: (statistic(*drawn),), n=n)[0]


def together(
    names: Sequence[str], groups: Sequence[Sample], statistics: Callable[..., Sequence[float | None]], *, n: int
) -> tuple[Figure, ...]:
    """Several statistics of the same groups, each as `stratified` would give it, from one set of draws."""
    values = statistics(*groups) if n else [None] * len(names)
    measured = [at for at, value in enumerate(values) if value is not None]
    found = {name: Figure(name, None, 0, None, None) for name in names}
    if measured:
        pairs = _intervals(groups, statistics, values, measured)
        for at, (low, high) in zip(measured, pairs, strict=True):
            found[names[at]] = Figure(names[at], values[at], n, low, high)
    return tuple(found.values())


def _intervals(
    groups: Sequence[Sample],
    statistics: Callable[..., Sequence[float | None]],
    values: Sequence[float | None],
    measured: Sequence[int],
) -> list[tuple[float, float]]:
    if all(_constant(group) for group in groups):
        return [(float(value), float(value)) for at in measured if (value := values[at]) is not None]
    rng = np.random.default_rng(SEED)
    drawn: list[Any] = [statistics(*(_drawn(group, rng) for group in groups)) for _ in range(RESAMPLES)]
    return _ends(np.array([[row[at] for at in measured] for row in drawn], dtype=np.float64))


def _ends(drawn: Sample) -> list[tuple[float, float]]:
    """(resamples,) or (resamples, figures) → low and high of each figure."""
    low, high = np.quantile(drawn.reshape(len(drawn), -1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _constant(group: Sample) -> bool:
    return len(group) == 0 or bool((group == group[0]).all())


def _drawn_means(sample: Sample) -> Sample:
    """The means of all resamples: the draws of `_drawn`, many at a time."""
    rng, n = np.random.default_rng(SEED), len(sample)
    size = max(_AT_ONCE // n, 1)
    parts = [min(size, RESAMPLES - start) for start in range(0, RESAMPLES, size)]
    return np.concatenate([sample[rng.integers(0, n, (part, n))].mean(axis=1) for part in parts])


def _drawn(group: Sample, rng: np.random.Generator) -> Sample:
    drawn: Sample = group[rng.integers(0, len(group), len(group))] if len(group) else group
    return drawn
