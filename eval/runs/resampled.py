"""The figures of confidence and refusing that are no means over questions, for questions drawn anew.

They are the very functions behind the figures of a run (`eval.scoring.figures`), on how questions went.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from eval.runs.paired import Places
from eval.scoring.figures import aurc, calibration_error
from eval.scoring.intervals import Sample
from eval.scoring.judge import auroc, coverage
from eval.scoring.rows import Row

_OfGroups = Callable[[Sample, Sample], float | None]
_PERCENTS = (80, 90, 95)


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
    **{f"coverage at {p} % precision": partial(_of_groups, partial(coverage, precision=p / 100)) for p in _PERCENTS},
    "calibration error": partial(_of_groups, calibration_error),
}
