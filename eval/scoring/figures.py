"""The figures of a run, and of its confidence: is it a probability?

Of answers said to be right with 80 %, about 80 % should be.

A calibration error is never zero, even for a perfect probability, because few answers fall into a bin; so it stands
beside what chance alone gives at these very confidences (Bröcker and Smith 2007). Ties are ordered by rightness: the
order of the questions does not matter.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray
from pydantic import FiniteFloat

from eval.scoring.certify import Floats, JudgedAnswers
from eval.scoring.intervals import LEVEL, SEED, Figure, Sample, mean, stratified, together
from eval.scoring.judge import JUDGED, Level, auroc, coverages, ranked_names
from eval.scoring.latency import FIGURES as LATENCY
from eval.scoring.latency import NOTE as LATENCY_NOTE
from eval.scoring.latency import latency_figures
from eval.scoring.rows import BRIER, FIRST_RIGHT, MEANS, PRECISION, RECALL, RIGHT_OF_ALL, RIGHT_OF_ANSWERED, Row
from eval.sets.gold import Question
from index.errors import BadInput

BINS = 15
_DRAWS = 500

Bins = NDArray[np.int64]  # (answers,): the bin of each, from 0


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of neighbouring confidences; at least one."""

    lowest: float
    highest: float
    n: int
    confidence: float  # mean
    right: float  # share
    low: float  # 95 % interval of the share (Clopper and Pearson 1934)
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The mean distance of confidence and share right over the bins, weighted by answers (Naeini et al. 2015)."""

    bins: str  # "equal width" or "equal mass"
    value: float
    by_chance: float  # a perfect probability stays below this in 95 of 100 sets with these confidences


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the confidences of one set's answers can be taken at their word."""

    brier: Figure  # mean squared distance of confidence and rightness (Brier 1950); 0 is best
    errors: tuple[CalibrationError, ...]
    confidence: Figure  # mean
    right: Figure  # share
    bins: tuple[Bin, ...]  # of equal mass, ascending


def measure_reliability(judged: JudgedAnswers) -> Reliability:
    """Of answers that were given whatever their confidence. Without any, the figures are None and there is no bin."""
    order = np.lexsort([judged.wrong, judged.confidence])
    confidence, right = judged.confidence[order], ~judged.wrong[order]
    mass = equal_mass(confidence)
    named: tuple[tuple[str, Bins], ...] = (("equal width", equal_width(confidence)), ("equal mass", mass))
    return Reliability(
        brier=mean("Brier score", ((confidence - right) ** 2).tolist()),
        errors=tuple(_error(name, confidence, right, bins) for name, bins in named if len(confidence)),
        confidence=mean("mean confidence", confidence.tolist()),
        right=mean("answers that are right", right.tolist()),
        bins=tuple(_bin(confidence[mass == at], right[mass == at]) for at in np.unique(mass)),
    )


def judged_rows(rows: Sequence[Row]) -> JudgedAnswers:
    """Confidences and errors of the answers; questions that nothing can judge are left out."""
    told = [row for row in rows if row.any_right is not None or not row.answerable]
    given = [row for row in told if row.answered]
    return JudgedAnswers(
        np.array([row.confidence for row in given], dtype=np.float64),
        np.array([not (row.answerable and row.any_right) for row in given], dtype=np.bool_),
        len(told),
    )


def equal_width(confidence: Floats) -> Bins:
    """Bins (0, 1/15], (1/15, 2/15] … as Guo et al. (2017) have them; 0 is in the first."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def equal_mass(ascending: Floats) -> Bins:
    """Bins whose sizes differ by one at most, as Nixon et al. (2019) have them."""
    return np.arange(len(ascending)) * min(BINS, len(ascending)) // max(len(ascending), 1)


def expected_error(confidence: Floats, right: Floats, bins: Bins) -> Floats:
    """(answers,), (…, answers), (answers,) ascending → (…,): sum over bins of |sum(confidence) - sum(right)| / n."""
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    apart: Floats = np.abs(np.add.reduceat(confidence - right, starts, axis=-1)).sum(axis=-1) / len(confidence)
    return apart


def _error(name: str, confidence: Floats, right: NDArray[np.bool_], bins: Bins) -> CalibrationError:
    drawn = np.random.default_rng(SEED).random((_DRAWS, len(confidence))) < confidence
    chance = expected_error(confidence, drawn.astype(np.float64), bins)
    value = float(expected_error(confidence, right.astype(np.float64), bins))
    return CalibrationError(name, value, float(np.quantile(chance, LEVEL)))


def _bin(confidence: Floats, right: NDArray[np.bool_]) -> Bin:
    n, hits, tail = len(right), int(right.sum()), (1 - LEVEL) / 2
    return Bin(
        lowest=float(confidence[0]),
        highest=float(confidence[-1]),
        n=n,
        confidence=float(confidence.mean()),
        right=hits / n,
        low=float(scipy.special.betaincinv(hits, n - hits + 1, tail)) if hits else 0.0,
        high=float(scipy.special.betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0,
    )


# Answering only when sure enough: what a threshold on confidence costs in answers, and saves in wrong ones.
#
# Rows are (confidence, given 0/1, right 0/1), of judged answerable questions and of unanswerable ones, whose given
# answers are always wrong. Questions of one confidence pass a threshold together, so the order of ties means nothing.
# An answer that was not given cannot be judged: every curve ends at the assistant's own threshold.


@dataclass(frozen=True, slots=True)
class Point:
    """What the least confidence to answer gives."""

    confidence: FiniteFloat
    coverage: FiniteFloat  # share of all questions that are answered
    risk: FiniteFloat  # share of those answers that are wrong


def risk_coverage(answerable: Sample, unanswerable: Sample) -> tuple[Point, ...]:
    """The curve of El-Yaniv and Wiener (2010), one point a distinct confidence, the surest first.

    Empty where no answerable question can be judged.
    """
    if not len(answerable):
        return ()
    confidence, wrong = _given(answerable, unanswerable)
    ends = _ends(confidence)
    total = len(answerable) + len(unanswerable)
    return tuple(
        Point(float(confidence[end - 1]), float(end / total), float(risk))
        for end, risk in zip(ends, wrong.cumsum()[ends - 1] / ends, strict=True)
    )


def aurc(answerable: Sample, unanswerable: Sample) -> float | None:
    """Area under that curve, 0..1, 0 is best: the mean risk at the confidence of each given answer.

    As Geifman, Uziel and El-Yaniv (2019) define it, over the answers that were given instead of over all questions.
    None without one.
    """
    return _area(*_given(answerable, unanswerable))


def calibration_error(answerable: Sample, unanswerable: Sample) -> float | None:
    """How far confidence and share right are apart, over bins of equal mass; 0..1.

    Never 0 by chance, and resampling adds chance of its own: the interval lies rather high. None without an answer.
    """
    return _error_of(*_given(answerable, unanswerable))


def area_and_error(answerable: Sample, unanswerable: Sample) -> tuple[float | None, float | None]:
    """Both, ordered once."""
    given = _given(answerable, unanswerable)
    return _area(*given), _error_of(*given)


def _area(confidence: Sample, wrong: Sample) -> float | None:
    if not len(confidence):
        return None
    ends = _ends(confidence)
    sizes = np.diff(ends, prepend=0)
    return float((wrong.cumsum()[ends - 1] / ends * sizes).sum() / len(confidence))


def _error_of(confidence: Sample, wrong: Sample) -> float | None:
    if not len(confidence):
        return None
    ascending, right = confidence[::-1], 1 - wrong[::-1]
    return float(expected_error(ascending, right, equal_mass(ascending)))


def _given(answerable: Sample, unanswerable: Sample) -> tuple[Sample, Sample]:
    """Confidence, descending, and wrong 0/1 of the answers that were given; of ties the right ones first."""
    wrong = np.concatenate([1 - answerable[:, 2], np.ones(len(unanswerable))])
    rows = np.column_stack([np.concatenate([answerable, unanswerable])[:, :2], wrong])
    rows = rows[rows[:, 1] > 0]
    rows = rows[np.lexsort([rows[:, 2], -rows[:, 0]])]
    return rows[:, 0], rows[:, 2]


def _ends(descending: Sample) -> NDArray[np.int64]:
    """How many answers each distinct confidence, as a threshold, lets through."""
    if not len(descending):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.append(np.diff(descending) != 0, True)) + 1


# The figures of a run, by name and in the order in which they are shown.

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
    return tuple(dict.fromkeys(_known(name, known) for name in names))


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
