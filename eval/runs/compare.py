"""Two runs of a set beside each other: what changed, whether that is real, and on which questions.

Only questions that stand in both runs are compared, and the others are named. A figure that a run lacks is not
measured, never zero.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from eval.runs import paired
from eval.runs.paired import Floats, PairedDifference, Places, Tally
from eval.scoring.intervals import LEVEL
from eval.scoring.latency import FIGURES as LATENCY
from eval.scoring.rows import Row
from eval.scoring.run import Makings, Run
from index.errors import BadInput

RIGHT = "right in the end"  # of all questions: a right quote, or rightly none
SLICED = (RIGHT, "Success@1", "nDCG@10", "answer sentence hit@1")  # figures that are looked at tag by tag
FEWEST_OF_A_TAG = 20  # questions; smaller slices are shown and not tested
LOWER_IS_BETTER = frozenset({"AURC", "calibration error", "Brier score, of answered"})
NEITHER_IS_BETTER = frozenset({"quotes, of answered", "words, of answered", "Judged@10"})

Pair = tuple[Row, Row]


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of both runs on the common questions; `note` says why there is no difference or no test."""

    name: str
    first: float | None  # None: not measured
    second: float | None
    n: int  # common questions that at least one run was judged on
    difference: PairedDifference | None  # second minus first
    adjusted: float | None  # p after Holm, over all figures of the comparison
    effect: float | None  # of means: Cohen's d_z
    tally: Tally | None  # of means; wins are questions on which the second run has the larger value
    note: str

    @property
    def direction(self) -> int:
        """1 where more is better, -1 where less is, 0 where neither is."""
        return 0 if self.name in NEITHER_IS_BETTER else -1 if self.name in LOWER_IS_BETTER else 1

    @property
    def p(self) -> float | None:
        return self.difference.p if self.difference else None

    @property
    def sure(self) -> bool:
        """Whether there is a difference, though all figures were looked at."""
        return self.adjusted is not None and self.adjusted <= 1 - LEVEL

    @property
    def gain(self) -> float:
        """How much better the second run is; below zero, how much worse; 0 where nothing was compared."""
        return self.direction * self.difference.value if self.difference else 0.0


@dataclass(frozen=True, slots=True)
class SliceChange:
    """A figure on the common questions with a tag."""

    tag: str
    figure: str
    n: int
    first: float
    second: float
    tally: Tally
    p: float | None  # None: too few to test
    adjusted: float | None  # after Holm, over the tested tags of the figure

    @property
    def moved(self) -> bool:
        """Whether anything differs beyond last digits."""
        return bool(self.tally.wins or self.tally.losses) or abs(self.second - self.first) > paired.NOISE


Change = TypeVar("Change", FigureChange, SliceChange)


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that the runs were made with, and not alike."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class RunComparison:
    """The second run against the first."""

    set_name: str
    common: int  # questions
    figures: tuple[FigureChange, ...]
    slices: tuple[SliceChange, ...]
    failing: tuple[Pair, ...]  # right in the first run only
    mended: tuple[Pair, ...]  # right in the second run only
    dropped: tuple[Row, ...]  # only in the first run
    added: tuple[Row, ...]  # only in the second run
    settings: tuple[Setting, ...]
    notes: tuple[str, ...] = ()  # what a reader of the comparison must know


_SHOWN_HEX = 12
_OTHER_SETS = (
    "the sets are not the same: only questions that both ask in the same words are compared, and what counts as right "
    "for one of them may have changed"
)


def compare(first: Run, second: Run, *, figures: Sequence[str] | None = None, common: bool = False) -> RunComparison:
    """What the second run does better and worse than the first; `figures` names those to look at, else all.

    Raises BadInput when the runs are not of the same questions, or have none in common; with `common` sets may differ,
    and what counts is the questions of one id that both ask in the same words.
    """
    same = first.makings.questions_sha256 == second.makings.questions_sha256
    if not same and not common:
        raise BadInput(
            f"the runs are not of the same questions: {_set_of(first)} and {_set_of(second)}; "
            "run both on the same set, or compare what they share: eval compare A B --common"
        )
    pairs = _pairs(first, second, common=common)
    names = figures or [name for name in _names(first, second) if same or name not in LATENCY]  # of whole runs
    shared = {one.id for one, _ in pairs}
    turned = [(one, other) for one, other in pairs if one.right is not None and one.right != other.right]
    return RunComparison(
        set_name=first.set_name,
        common=len(pairs),
        figures=_adjusted([_change(name, pairs, first, second) for name in names]),
        slices=tuple(_slices(pairs)),
        failing=tuple(pair for pair in turned if pair[0].right),
        mended=tuple(pair for pair in turned if pair[1].right),
        dropped=tuple(row for row in first.rows if row.id not in shared),
        added=tuple(row for row in second.rows if row.id not in shared),
        settings=tuple(differing(first.makings, second.makings)),
        notes=() if same else (_OTHER_SETS,),
    )


def differing(first: Makings, second: Makings) -> list[Setting]:
    """Settings, weights and index that the runs do not share."""
    ours, theirs = _flat(first), _flat(second)
    names = [*ours, *(name for name in theirs if name not in ours)]
    both = [Setting(name, ours.get(name, "not given"), theirs.get(name, "not given")) for name in names]
    return [each for each in both if each.first != each.second]


def _flat(made: Makings) -> dict[str, str]:
    settings = {name: str(value) for name, value in made.settings.items()}
    weights = {f"weights of the {name}": digest[:_SHOWN_HEX] for name, digest in made.weights_sha256.items()}
    return {**settings, **weights, "embedder": made.embedder, "index version": made.index_version}


def _pairs(first: Run, second: Run, *, common: bool) -> list[Pair]:
    """Questions of one id; what one run asks in other words stands in that run alone."""
    later = {row.id: row for row in second.rows}
    pairs = [(row, later[row.id]) for row in first.rows if row.id in later]
    alike = [(one, other) for one, other in pairs if _asked(one) == _asked(other)]
    if len(alike) < len(pairs) and not common:
        other_words = next(one.id for one, other in pairs if _asked(one) != _asked(other))
        raise BadInput(f"question {other_words!r} is not the same in both runs; run both on the same set")
    if not alike:
        raise BadInput(f"the runs of {first.set_name} have no question in common; run both on the same set")
    return alike


def _asked(row: Row) -> tuple[str, bool]:
    return row.question, row.answerable


def _set_of(run: Run) -> str:
    return f"{run.set_name} ({run.makings.questions_sha256[:_SHOWN_HEX]})"


def _names(first: Run, second: Run) -> list[str]:
    """In the order in which the runs show them."""
    shown = (figure.name for run in (first, second) for figure in run.figures)
    scored = (name for run in (first, second) for row in run.rows for name in row.scores)
    return list(dict.fromkeys((RIGHT, *shown, *scored)))


def _change(name: str, pairs: Sequence[Pair], first: Run, second: Run) -> FigureChange:
    if name in paired.STATISTICS:
        return _change_of_statistic(name, pairs)
    ours, theirs = _columns(name, pairs)
    values = _mean(ours), _mean(theirs)
    if values == (None, None) and not any(name in row.scores for row in (*first.rows, *second.rows)):
        values = first.value(name), second.value(name)
    n = _judged(ours, theirs)
    if np.isnan(ours).all() or np.isnan(theirs).all():
        return FigureChange(name, *values, n, None, None, None, None, _why_not(values))
    change = paired.difference_of_means(ours, theirs)
    return FigureChange(
        name, *values, n, change, None, paired.effect_size(ours, theirs), paired.tally(ours, theirs), change.note
    )


def _change_of_statistic(name: str, pairs: Sequence[Pair]) -> FigureChange:
    """Worked out again from how the common questions went."""
    statistic = paired.STATISTICS[name]
    ours, theirs = (paired.said_in(rows) for rows in zip(*pairs, strict=True))

    def minus(places: Places) -> float | None:
        before, after = statistic(ours.at(places)), statistic(theirs.at(places))
        return None if before is None or after is None else after - before

    values, change = (statistic(ours), statistic(theirs)), paired.difference_of(minus, ours.strata)
    note = change.note if change else _why_not(values)
    return FigureChange(name, *values, len(pairs), change, None, None, None, note)


def _why_not(values: tuple[float | None, float | None]) -> str:
    """Why a figure has no difference."""
    if None not in values:
        return "not compared, no figure of single questions"
    if values == (None, None):
        return "not measured"
    return f"not measured in the {'first' if values[0] is None else 'second'} run"


def _columns(name: str, pairs: Sequence[Pair]) -> tuple[Floats, Floats]:
    """(pairs,) values of each run, NaN where there is none."""
    values = np.array([[_value(name, row) for row in pair] for pair in pairs], np.float64)
    return values[:, 0], values[:, 1]


def _value(name: str, row: Row) -> float:
    found = row.right if name == RIGHT else row.scores.get(name)
    return math.nan if found is None else float(found)


def _judged(ours: Floats, theirs: Floats) -> int:
    """In at least one of the runs."""
    return int((~(np.isnan(ours) & np.isnan(theirs))).sum())


def _mean(values: Floats) -> float | None:
    judged = values[~np.isnan(values)]
    return float(judged.mean()) if len(judged) else None


def _adjusted(changes: Sequence[Change]) -> tuple[Change, ...]:
    """With Holm's p, over all that were tested."""
    values = iter(paired.holm([each.p for each in changes if each.p is not None]))
    return tuple(each if each.p is None else replace(each, adjusted=next(values)) for each in changes)


def _slices(pairs: Sequence[Pair]) -> Iterator[SliceChange]:
    """Every tag of a figure that both runs have there; the most frequent tags first."""
    counts = Counter(tag for one, _ in pairs for tag in one.tags)
    tags = sorted(counts, key=lambda tag: (-counts[tag], tag))
    for name in SLICED:
        found = (_slice(tag, name, [pair for pair in pairs if tag in pair[0].tags]) for tag in tags)
        yield from _adjusted([each for each in found if each])


def _slice(tag: str, name: str, pairs: Sequence[Pair]) -> SliceChange | None:
    ours, theirs = _columns(name, pairs)
    first, second = _mean(ours), _mean(theirs)
    if first is None or second is None:
        return None
    n = _judged(ours, theirs)
    p = paired.p_of_means(ours, theirs) if n >= FEWEST_OF_A_TAG else None
    return SliceChange(tag, name, n, first, second, paired.tally(ours, theirs), p, None)
