"""The figures of a run, by name and in the order in which they are shown."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial

import numpy as np

from eval.intervals import Figure, Sample, mean, stratified, together
from eval.latency import FIGURES as LATENCY
from eval.latency import latency_figures
from eval.measures import JUDGED, Level, auroc, coverages, ranked_names
from eval.rows import BRIER, FIRST_RIGHT, MEANS, PRECISION, RECALL, RIGHT_OF_ALL, RIGHT_OF_ANSWERED, Row, scores_of
from eval.selective import Point, area_and_error, risk_coverage
from index.errors import BadInput

PRECISIONS = (80, 90, 95)  # per cent
_COVERAGES = tuple(f"coverage at {percent} % precision" for percent in PRECISIONS)
_CALIBRATION = "calibration error"
SHORT = (*ranked_names("passage"), "R@10", FIRST_RIGHT, RIGHT_OF_ANSWERED, RIGHT_OF_ALL, PRECISION, RECALL, "AUROC")
SHORT += ("coverage at 90 % precision",)  # for a README: what a reader meets
ALL = (*ranked_names("document"), JUDGED, *MEANS[:-1], "AUROC", "AURC", *_COVERAGES, _CALIBRATION, BRIER, *LATENCY)
TABLE = tuple(name for name in ALL if name not in (BRIER, *LATENCY))  # for docs: nothing that another run would change


def figures(rows: Sequence[Row], level: Level) -> tuple[Figure, ...]:
    """All figures of a run; what nothing can measure says so."""
    scores = scores_of(rows)
    judged = (JUDGED,) if level == "document" else ()
    means = [
        mean(name, [own[name] for own in scores if name in own]) for name in (*ranked_names(level), *judged, *MEANS)
    ]
    return (*means[:-1], _auroc(rows), *_selective(rows), means[-1], *latency_figures([row.latency for row in rows]))


def curve(rows: Sequence[Row]) -> tuple[Point, ...]:
    """The risk-coverage curve of a run; empty where the set cannot say which answers are right."""
    return risk_coverage(*_groups(rows))


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """The figures of these names, in whatever case, once each; raises BadInput for one that there is not."""
    known = {name.casefold(): name for name in ALL}
    found = dict.fromkeys(_known(name, known) for name in names)
    return tuple(found)


def _known(name: str, known: dict[str, str]) -> str:
    if name.casefold() in known:
        return known[name.casefold()]
    near = [f"the nearest is {known[one]!r}, " for one in get_close_matches(name.casefold(), known, n=1, cutoff=0.5)]
    raise BadInput(f"there is no measure {name!r}; {''.join(near)}all are: {' · '.join(ALL)}")


def _auroc(rows: Sequence[Row]) -> Figure:
    groups = [np.array([row.confidence for row in rows if row.answerable is kind]) for kind in (True, False)]
    return stratified("AUROC", groups, auroc, n=len(rows))


def _selective(rows: Sequence[Row]) -> tuple[Figure, ...]:
    """What a threshold on confidence would do; n are the answers given, or the questions that could be covered."""
    groups = _groups(rows)
    given = [group[group[:, 1] > 0] for group in groups]  # resampled by themselves: as many in every draw
    answers = sum(map(len, given)) if len(groups[0]) else 0
    area, error = together(("AURC", _CALIBRATION), given, area_and_error, n=answers)
    at = partial(coverages, precisions=[percent / 100 for percent in PRECISIONS])
    return (area, *together(_COVERAGES, groups, at, n=len(groups[0])), error)


def _groups(rows: Sequence[Row]) -> tuple[Sample, Sample]:
    """(confidence, given, right) of answerable questions that can be judged, and of unanswerable ones.

    A right answer is one with a right quote among those it shows: its reader sees them all.
    """
    judged = [row for row in rows if row.answerable and row.any_right is not None]
    return _triples(judged), _triples([row for row in rows if not row.answerable])


def _triples(rows: Sequence[Row]) -> Sample:
    triples = [(row.confidence, row.answered, bool(row.any_right)) for row in rows]
    return np.array(triples, dtype=np.float64).reshape(-1, 3)
