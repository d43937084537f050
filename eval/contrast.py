"""The records of a comparison of two runs. Every difference is second minus first."""

from dataclasses import dataclass

from eval.paired import NOISE, Difference, Tally
from eval.trials import Outcome

RIGHT = "right in the end"  # of all questions: a right quote, or rightly none
SLICED = (RIGHT, "Success@1", "nDCG@10", "answer sentence hit@1")  # figures that are looked at tag by tag
FEWEST_OF_A_TAG = 20  # questions; smaller slices are shown and not tested
LOWER_IS_BETTER = frozenset({"AURC", "calibration error", "Brier score, of answered"})
NEITHER_IS_BETTER = frozenset({"quotes, of answered", "words, of answered", "Judged@10"})

Pair = tuple[Outcome, Outcome]


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of both runs on the common questions; `note` says why there is no difference or no test."""

    name: str
    first: float | None  # None: not measured
    second: float | None
    n: int  # common questions that at least one run was judged on
    difference: Difference | None  # second minus first
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
        return bool(self.tally.wins or self.tally.losses) or abs(self.second - self.first) > NOISE


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
    dropped: tuple[Outcome, ...]  # only in the first run
    added: tuple[Outcome, ...]  # only in the second run
    settings: tuple[Setting, ...]
    notes: tuple[str, ...] = ()  # what a reader of the comparison must know
