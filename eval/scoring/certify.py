"""A threshold on confidence at which a stated risk is certified: Learn then Test (Angelopoulos, Bates et al. 2021).

Test k asks whether at most k of the n_k surest answers are wrong; n_k is the least number of answers for which that
proves the risk: P(Binomial(n_k, risk) <= k) <= 1 - level. Tests go from few answers to many, each at the full level,
and end at the first that fails (fixed-sequence testing); the last one passed gives the threshold. Where they begin
depends on the number of questions alone.

Why that is valid although the number of answers at a threshold is random and thresholds are confidences that were
seen: a threshold t breaks the promise when the risk R(t), the chance that an answer with at least that confidence is
wrong, is above `risk`. Let t* be the highest such threshold, and M the number of answers with at least its confidence.
Given M these are independent and wrong with chance `risk` or more, and so is each less sure one, if surer answers are
not more often wrong. Hence, whatever M is, the first test that takes in more than the promise allows meets
Binomial(n_k, risk) or more wrong answers, and passes with a chance of at most 1 - level; a false certificate has to
pass it. For confidences that do not order errors, and for ties, the simulation in the tests shows the level kept.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betainc, betaincinv

from index.errors import BadInput

Floats = NDArray[np.float64]
Counts = NDArray[np.integer]

# The first test takes in the surest sixteenth of the questions, or the fewest that can prove anything if that is more.
# With fewer answers one unlucky error among many sound ones would end it all; with more, a reader that is sure of few
# questions would have none certified.
_FIRST = 16
_ENOUGH_FOR_A_RATE = 10  # answers; the error rate of fewer says nothing about how many more are needed
_TRIED = 32  # numbers of answers, from those up, for which it is worked out
_MOST = 1_000_000  # answers; a target that needs more is out of reach


@dataclass(frozen=True, slots=True)
class JudgedAnswers:
    """Answers that were given whatever their confidence; questions without any answer are only counted."""

    confidence: Floats  # (answers,), 0..1
    wrong: NDArray[np.bool_]  # (answers,)
    questions: int  # at least as many as answers


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the questions prove. Where they prove too little, the numbers are of the threshold nearest to a proof."""

    threshold: float  # least confidence to answer
    risk: float
    level: float
    bound: float  # upper bound of the share of wrong answers at this threshold, at `level`; 1 without an answer
    answered: int  # with at least that confidence
    wrong: int
    questions: int
    certified: bool
    needed: int | None  # further questions, about; 0 when certified; None: with these error rates no number would do


def certify(judged: JudgedAnswers, *, risk: float, level: float) -> Certificate:
    """The lowest threshold at which at most `risk` of the answers given are wrong, with confidence `level`.

    Raises BadInput unless both lie strictly between 0 and 1.
    """
    steps = _steps(judged.questions, risk, level)
    confidence, answered, wrong = _tally(judged)
    at = -1  # place among the answers, surest first
    for step in (*(n for n in steps if n < len(answered)), len(answered)):
        if step == 0 or bdtr(wrong[step - 1], answered[step - 1], risk) > 1 - level:
            break
        at = step - 1
    needed: float | None = 0.0
    if not (certified := at >= 0):
        at, needed = _nearest(answered, wrong, judged.questions, risk, level)
    given, bad = (int(answered[at]), int(wrong[at])) if len(answered) else (0, 0)
    return Certificate(
        threshold=float(confidence[at]) if len(answered) else 1.0,
        risk=risk,
        level=level,
        bound=upper_bound(bad, given, level),
        answered=given,
        wrong=bad,
        questions=judged.questions,
        certified=certified,
        needed=None if needed is None else int(needed),
    )


def least_answers(risk: float, level: float) -> int:
    """How many answers certify the risk when none of them is wrong: the least n with (1 - risk)^n <= 1 - level.

    Raises BadInput unless both lie strictly between 0 and 1.
    """
    if not (0 < risk < 1 and 0 < level < 1):
        raise BadInput(f"risk {risk:g} and level {level:g} must lie between 0 and 1, such as 0.05 and 0.95")
    # The logarithms of an exact power round to either side of a whole number.
    return math.ceil(math.log(1 - level) / math.log(1 - risk) - 1e-9)


def upper_bound(wrong: int, answered: int, level: float) -> float:
    """One-sided bound of a share that was seen as wrong / answered (Clopper and Pearson 1934)."""
    return float(betaincinv(wrong + 1, answered - wrong, level)) if wrong < answered else 1.0


@lru_cache(maxsize=8)
def _steps(questions: int, risk: float, level: float) -> tuple[int, ...]:
    """How many of the surest answers each test takes in, ascending; at least one test."""
    steps = [least_answers(risk, level)]
    while steps[-1] < questions:
        answers, wrong = steps[-1] + 1, len(steps)
        while bdtr(wrong, answers, risk) > 1 - level:
            answers += 1
        steps.append(answers)
    begin = max((n for n, step in enumerate(steps) if step <= questions / _FIRST), default=0)
    return tuple(steps[begin:])


def _tally(judged: JudgedAnswers) -> tuple[Floats, Counts, Counts]:
    """For every answer, surest first: its confidence, and how many answers and wrong ones have at least that."""
    order = np.argsort(-judged.confidence, kind="stable")
    confidence = judged.confidence[order]
    answered = np.searchsorted(-confidence, -confidence, side="right")
    return confidence, answered, np.cumsum(judged.wrong[order].astype(np.int64))[answered - 1]


def _nearest(answered: Counts, wrong: Counts, questions: int, risk: float, level: float) -> tuple[int, float | None]:
    """The place that needs the fewest further questions, and how many; if none can be told, that of all answers."""
    most = len(answered)
    if most < _ENOUGH_FOR_A_RATE:
        return most - 1, None
    places = np.unique(np.geomspace(_ENOUGH_FOR_A_RATE, most, _TRIED).round().astype(np.int64)) - 1
    needed = _needed(answered[places], wrong[places], questions, risk, level)
    best = int(needed.argmin())
    return (int(places[best]), float(needed[best])) if math.isfinite(needed[best]) else (most - 1, None)


def _needed(answered: Counts, wrong: Counts, questions: int, risk: float, level: float) -> Floats:
    """For each place the further questions that would certify it at its present error rate; inf: none would."""
    rate = wrong / answered
    low, high = np.zeros(len(answered)), np.full(len(answered), float(_MOST))
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = _tail(rate, middle, risk) <= 1 - level
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    # Through 1e-9: 59 of 59 of 118 questions are 118 questions, not 118.0000001.
    total = np.ceil(high * questions / answered - 1e-9)
    reached = total / _FIRST <= np.maximum(high, least_answers(risk, level))  # else the first test takes in others too
    told = (high < _MOST) & (total > questions) & reached
    needed: Floats = np.where(told, total - questions, np.inf)
    return needed


def _tail(rate: Floats, answered: Floats, risk: float) -> Floats:
    """P(Binomial(answered, risk) <= rate * answered), between whole numbers of wrong answers as well."""
    wrong = rate * answered
    tail: NDArray[np.float64] = np.asarray(betainc(np.maximum(answered - wrong, 1e-9), wrong + 1, 1 - risk), float)
    return tail
