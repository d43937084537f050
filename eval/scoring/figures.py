"""The figures of a run, by name and in the order in which they are shown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial

import numpy as np

from eval.scoring.intervals import Figure, Sample, mean, stratified, together
from eval.scoring.latency import FIGURES as LATENCY
from eval.scoring.latency import NOTE as LATENCY_NOTE
from eval.scoring.latency import latency_figures
from eval.scoring.measures import JUDGED, Level, auroc, coverages, ranked_names
from eval.scoring.reliability import Point, area_and_error, risk_coverage
from eval.scoring.rows import (
    BRIER,
    FIRST_RIGHT,
    MEANS,
    PRECISION,
    RECALL,
    RIGHT_OF_ALL,
    RIGHT_OF_ANSWERED,
    Row,
)
from eval.sets.gold import Question
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
    judged = (JUDGED,) if level == "document" else ()
    names = (*ranked_names(level), *judged, *MEANS)
    means = [mean(name, [row.scores[name] for row in rows if name in row.scores]) for name in names]
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


# What a reader of the figures must know: which questions were asked otherwise, left out, or ordered by a rule.

LOW_JUDGED = 0.5  # below it, most of the first ten documents count as not relevant only because nobody looked


def follow_up_note(questions: Sequence[Question]) -> tuple[str, ...]:
    """Says how many questions were not asked as their readers wrote them."""
    count = sum(bool(question.standalone) for question in questions)
    return (f"follow-up questions, asked in their standalone form: {count}",) if count else ()


def notes_on(rows: Sequence[Row], level: int) -> tuple[str, ...]:
    """Exclusions, ties, unjudged documents and how time was taken; nothing where there is nothing to say.

    `level` counts the questions with equal scores among the first ten passages.
    """
    timed = (LATENCY_NOTE,) if any(row.latency for row in rows) else ()
    return (*_unjudged(rows), *_ties(rows, level), *_hardly_judged(rows), *timed)


def _unjudged(rows: Sequence[Row]) -> tuple[str, ...]:
    answerable = [row for row in rows if row.answerable]
    left_out = sum(row.any_right is None for row in answerable)
    if not left_out:
        return ()
    return (f"questions for which the set cannot say whether a quote is right; no such figure counts them: {left_out}",)


def _ties(rows: Sequence[Row], level: int) -> tuple[str, ...]:
    """Of scores and of confidences, each with the rule that decides."""
    shared = Counter(row.confidence for row in rows)
    alike = sum(count for count in shared.values() if count > 1)
    notes = []
    if level:
        notes.append(f"questions with equal scores among the first ten passages, ordered by passage id: {level}")
    if alike:
        notes.append(
            f"questions that share their confidence; AUROC counts ties ½, thresholds take all or none: {alike}"
        )
    return tuple(notes)


def _hardly_judged(rows: Sequence[Row]) -> tuple[str, ...]:
    shares = [row.measures[JUDGED] for row in rows if JUDGED in row.measures]
    if not shares or sum(shares) / len(shares) >= LOW_JUDGED:
        return ()
    found = f"{JUDGED} is {sum(shares) / len(shares):.2f}"
    return (f"most of the first ten documents were never judged, and those count as not relevant: {found}",)
