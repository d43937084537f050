"""Two runs on the same questions, pair by pair: whether a difference is real, how large it may be, and its size.

Differences are second minus first. A question that one run could not be judged on is NaN there: it counts for the
other run's value alone, so an answer that only one run gives is never overlooked. scipy loads its `stats` when they are
first used, not at import: it takes a second.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from eval.scoring.figures import PRECISIONS, aurc, calibration_error
from eval.scoring.intervals import LEVEL, SEED, Sample
from eval.scoring.judge import auroc, coverage
from eval.scoring.rows import Row

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Statistic = Callable[[Places], float | None]  # of the questions at these places, with repetitions

RESAMPLES = 9_999
SLOW_RESAMPLES = 1_999  # of statistics that are no means, and of thousands of questions
FEWEST = 10  # questions; fewer can prove nothing after a correction for several figures
UNCHANGED = "no question differs"  # the note of such a difference
NOISE = 1e-6  # values closer than this are tied: last digits differ from one processor to the next
_CELLS = 2_000_000  # numbers of a batch of resamples
_MOST_CELLS = 10_000_000  # numbers of all resamples of one test


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Second run minus first; what could not be said is None, and `note` tells why."""

    value: float
    low: float | None  # 95 %
    high: float | None
    p: float | None  # two-sided
    note: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How the questions went. `wins` are those on which the second run has the larger value."""

    wins: int
    ties: int
    losses: int
    first_only: int  # judged in that run alone
    second_only: int


def difference_of_means(first: Floats, second: Floats) -> PairedDifference:
    """Of two (n,) arrays with NaN where a run was not judged; at least one value on either side.

    p is of a paired randomisation test (Fisher 1935; Smucker, Allan and Carterette 2007), the interval is BCa (Efron
    1987), both by scipy.
    """
    value = float(_means(first, second))
    changed = _changed(first, second)
    if not changed.any():
        return PairedDifference(0.0, None, None, 1.0, UNCHANGED)
    if min(_judged(first), _judged(second)) < FEWEST:
        return PairedDifference(value, None, None, None, f"not tested: fewer than {FEWEST} questions")
    p = _randomisation(first, second, changed)
    values, low, high = _bootstrap(_means, (first, second), paired=True, n_resamples=RESAMPLES, method="BCa")
    if np.ptp(values) < NOISE:
        return PairedDifference(value, None, None, p, "no interval: every question differs by the same amount")
    if np.isfinite((low, high)).all():
        return PairedDifference(value, low, high, p, "")
    return PairedDifference(value, *_between(values), p, "percentile interval: BCa is not defined for these values")


def p_of_means(first: Floats, second: Floats) -> float:
    """The randomisation test alone, for slices."""
    changed = _changed(first, second)
    return _randomisation(first, second, changed) if changed.any() else 1.0


def difference_of(statistic: Statistic, strata: Sequence[Places]) -> PairedDifference | None:
    """For a figure that is no mean: `statistic(places)` is its difference on those questions; None: not measured.

    The interval is a percentile one over questions, each drawn with what both runs made of it; p is the level at which
    it reaches zero (Efron and Tibshirani 1993, 15.4), so the two never disagree.
    """
    value = statistic(np.concatenate(strata))
    if value is None:
        return None
    if min(map(len, strata)) < FEWEST:
        return PairedDifference(value, None, None, None, f"not tested: fewer than {FEWEST} questions of a kind")

    def drawn(*places: Floats) -> float:
        return statistic(np.concatenate(places).astype(np.intp)) or 0.0

    values = _bootstrap(drawn, tuple(strata), vectorized=False, n_resamples=SLOW_RESAMPLES, method="percentile")[0]
    beyond = min(int((values <= NOISE).sum()), int((values >= -NOISE).sum())) + 1
    p = min(1.0, 2 * beyond / (len(values) + 1))
    return PairedDifference(value, *_between(values), p, "" if np.ptp(values) > NOISE else UNCHANGED)


def effect_size(first: Floats, second: Floats) -> float | None:
    """Mean over standard deviation of the differences (Cohen 1988, d_z), on questions judged in both runs."""
    gaps = (second - first)[~np.isnan(second - first)]
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
    return float(gaps.mean()) / spread if spread > NOISE else None


def tally(first: Floats, second: Floats) -> Tally:
    """How many questions each run does better on; the two counts at the end are of unpaired ones."""
    gaps = second - first
    both = ~np.isnan(gaps)
    wins, losses = int((gaps[both] > NOISE).sum()), int((gaps[both] < -NOISE).sum())
    alone = [int((~np.isnan(ours) & np.isnan(theirs)).sum()) for ours, theirs in ((first, second), (second, first))]
    return Tally(wins, int(both.sum()) - wins - losses, losses, *alone)


def holm(values: Sequence[float]) -> list[float]:
    """p values adjusted for all being looked at (Holm 1979): never smaller than given, in the order given."""
    adjusted, highest = [0.0] * len(values), 0.0
    for place, at in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, (len(values) - place) * values[at])
        adjusted[at] = min(1.0, highest)
    return adjusted


def _judged(values: Floats) -> int:
    return int((~np.isnan(values)).sum())


def _changed(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Pairs that are not tied; judged in neither run is tied as well."""
    one_only = np.isnan(first) != np.isnan(second)
    changed: NDArray[np.bool_] = one_only | (np.abs(np.nan_to_num(second) - np.nan_to_num(first)) > NOISE)
    return changed


def _means(first: Floats, second: Floats, axis: int = -1) -> Floats:
    """The second's mean minus the first's along the axis, over what was judged."""
    return _mean(second, axis) - _mean(first, axis)


def _mean(values: Floats, axis: int, total: float = 0.0, count: int = 0) -> Floats:
    """With `count` further values that add up to `total`; nothing judged is 0, which a resample rarely meets."""
    judged = ~np.isnan(values)
    found: Floats = (np.where(judged, values, 0.0).sum(axis) + total) / np.maximum(judged.sum(axis) + count, 1)
    return found


def _randomisation(first: Floats, second: Floats, changed: NDArray[np.bool_]) -> float:
    """Tied pairs stay in the means, and are not swapped: that changes nothing and makes small tests exact."""
    tied = first[~changed & ~np.isnan(first)]
    kept = float(tied.sum()), len(tied)

    def statistic(a: Floats, b: Floats, axis: int) -> Floats:
        return _mean(b, axis, *kept) - _mean(a, axis, *kept)

    if changed.sum() == 1:  # scipy wants two pairs; either order of one is as extreme
        return 1.0
    found = scipy.stats.permutation_test(
        (first[changed], second[changed]),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=max(SLOW_RESAMPLES, min(RESAMPLES, _MOST_CELLS // int(changed.sum()))),
        batch=max(1, _CELLS // int(changed.sum())),
        rng=np.random.default_rng(SEED),
    )
    return float(found.pvalue)


def _bootstrap(
    statistic: Callable[..., Any], data: Sequence[Floats | Places], **how: Any
) -> tuple[Floats, float, float]:
    """All resampled values, then the interval, which is NaN where it is not defined."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)
        found = scipy.stats.bootstrap(
            data,
            statistic,
            batch=max(1, _CELLS // max(map(len, data))),
            confidence_level=LEVEL,
            rng=np.random.default_rng(SEED),
            **how,
        )
    low, high = found.confidence_interval
    return np.asarray(found.bootstrap_distribution, np.float64), float(low), float(high)


def _between(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


# The figures of confidence and refusing that are no means over questions, for questions drawn anew: the very functions
# behind the figures of a run, on how questions went.

_OfGroups = Callable[[Sample, Sample], float | None]


@dataclass(frozen=True, slots=True)
class SaidArrays:
    """What was said to (n,) questions: rows of (confidence, given 0/1, right 0/1)."""

    rows: Sample  # (n, 3)
    answerable: NDArray[np.bool_]
    judged: NDArray[np.bool_]  # the set can say whether an answer is right; of answerable questions

    def at(self, places: Places) -> "SaidArrays":
        return SaidArrays(self.rows[places], self.answerable[places], self.judged[places])

    @property
    def strata(self) -> list[Places]:
        """Answerable and unanswerable questions, so that a resample has as many of each; those that there are."""
        return [places for kind in (True, False) if len(places := np.flatnonzero(self.answerable == kind))]


def said_in(rows: Sequence[Row]) -> SaidArrays:
    """Of at least one question."""
    return SaidArrays(
        np.array([(row.confidence, row.answered, bool(row.any_right)) for row in rows], np.float64),
        np.array([row.answerable for row in rows], np.bool_),
        np.array([row.answerable and row.any_right is not None for row in rows], np.bool_),
    )


def _of_groups(measure: _OfGroups, said: SaidArrays) -> float | None:
    return measure(said.rows[said.judged], said.rows[~said.answerable]) if said.judged.any() else None


STATISTICS: Mapping[str, Callable[[SaidArrays], float | None]] = {
    "AUROC": lambda said: auroc(said.rows[said.answerable, 0], said.rows[~said.answerable, 0]),
    "AURC": partial(_of_groups, aurc),
    **{f"coverage at {p} % precision": partial(_of_groups, partial(coverage, precision=p / 100)) for p in PRECISIONS},
    "calibration error": partial(_of_groups, calibration_error),
}
