"""A certificate holds what it promises, and says what is missing where it promises nothing."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from eval.scoring.certify import JudgedAnswers, certify, least_answers, upper_bound
from index.errors import BadInput

SPLITS = 1_000
RISK, LEVEL = 0.05, 0.95

Curve = Callable[[np.ndarray], np.ndarray]  # confidence → chance that the answer is wrong

# In the last two, surer answers are more often wrong somewhere: what the proof does not cover.
CURVES: dict[str, Curve] = {
    "calibrated": lambda c: 1 - c,
    "steep": lambda c: 0.6 * (1 - c) ** 3,
    "just too risky everywhere": lambda c: np.full_like(c, 0.0501),
    "a step": lambda c: np.where(c > 0.6, 0.03, 0.5),
    "worst where surest": lambda c: np.where(c > 0.97, 0.2, np.where(c > 0.7, 0.01, 0.3)),
    "waves": lambda c: 0.055 + 0.05 * np.sin(40 * c),
}
RARE = 20_001  # points at which the true risk is worked out


def judged(confidence: list[float], wrong: list[int], questions: int | None = None) -> JudgedAnswers:
    return JudgedAnswers(np.array(confidence, float), np.array(wrong, bool), questions or len(confidence))


def surest(right: int, then: list[int], questions: int) -> JudgedAnswers:
    """`right` right answers, then others, ever less sure."""
    flags = [0] * right + then
    return judged([1 - n / 1_000 for n in range(len(flags))], flags, questions)


@pytest.mark.parametrize("name", CURVES)
def test_the_certified_risk_holds_in_95_of_100_draws(name: str) -> None:
    """The true risk at the threshold is known, so a breach is a breach; nothing certified is nothing promised."""
    rng = np.random.default_rng(3)
    grid = np.linspace(0, 1, RARE)
    chance = CURVES[name](grid)
    risk_from = chance[::-1].cumsum()[::-1] / np.arange(RARE, 0, -1)  # mean over all confidences from here on
    broken = 0
    for _ in range(SPLITS):
        confidence = np.round(rng.random(400), 4)
        wrong = rng.random(400) < CURVES[name](confidence)
        found = certify(JudgedAnswers(confidence, wrong, 500), risk=RISK, level=LEVEL)
        broken += found.certified and risk_from[np.searchsorted(grid, found.threshold - 1e-9)] > RISK
    assert broken <= (1 - LEVEL) * SPLITS


@pytest.mark.parametrize("ties", [1, 20])
def test_in_95_of_100_splits_of_one_pool_the_certified_risk_is_that_of_the_pool(ties: int) -> None:
    """What a real set allows: half of it certifies, and all of it says what the risk is."""
    rng = np.random.default_rng(4)
    confidence = np.round(rng.random(800) * 200 / ties) * ties / 200
    wrong = rng.random(800) < 0.5 * (1 - confidence) ** 2
    broken = certified = 0
    for _ in range(SPLITS):
        half = rng.permutation(800)[:400]
        found = certify(JudgedAnswers(confidence[half], wrong[half], 400), risk=RISK, level=LEVEL)
        certified += found.certified
        broken += found.certified and wrong[confidence >= found.threshold].mean() > RISK
    assert certified > SPLITS / 2
    assert broken <= (1 - LEVEL) * SPLITS


def test_zero_errors_certify_from_59_answers_on() -> None:
    """0.95^59 = 0.0485, 0.95^58 = 0.0510."""
    assert least_answers(0.05, 0.95) == 59
    assert least_answers(0.01, 0.95) == 299
    assert least_answers(0.5, 0.75) == 2
    assert certify(surest(59, [], 59), risk=0.05, level=0.95).certified
    found = certify(surest(58, [], 58), risk=0.05, level=0.95)
    assert (found.certified, found.needed, found.answered, found.wrong) == (False, 1, 58, 0)
    assert found.bound > 0.05


def test_a_threshold_is_the_least_confidence_that_still_holds_the_promise() -> None:
    """93 answers with one error certify 5 %, and then 20 wrong ones do not."""
    flags = surest(60, [1, *[0] * 32, *[1] * 20], 150)
    found = certify(flags, risk=0.05, level=0.95)
    assert (found.certified, found.answered, found.wrong, found.questions) == (True, 93, 1, 150)
    assert found.threshold == flags.confidence[92]
    assert found.bound == pytest.approx(binomtest(1, 93).proportion_ci(0.90, "exact").high)
    assert found.needed == 0


def test_an_error_among_the_surest_answers_ends_it_though_fewer_are_wrong_later() -> None:
    found = certify(surest(0, [1, *[0] * 70], 80), risk=0.05, level=0.95)
    assert not found.certified


def test_answers_with_the_same_confidence_pass_together() -> None:
    found = certify(judged([0.9] * 59 + [0.9] * 5, [0] * 59 + [1] * 5), risk=0.05, level=0.95)
    assert (found.certified, found.answered, found.wrong) == (False, 64, 5)


def test_everything_is_certified_when_everything_is_right() -> None:
    found = certify(surest(200, [], 260), risk=0.05, level=0.95)
    assert (found.certified, found.answered, found.wrong) == (True, 200, 0)
    assert found.threshold == pytest.approx(0.801)


def test_what_is_missing_is_counted_in_questions_and_not_in_answers() -> None:
    """20 of 40 questions are answered, so 59 answers take 118 questions."""
    found = certify(judged([0.9] * 20, [0] * 20, 40), risk=0.05, level=0.95)
    assert (found.certified, found.needed) == (False, 78)


def test_more_questions_do_not_help_where_every_threshold_has_too_many_errors() -> None:
    found = certify(judged([0.9, 0.8] * 40, [1, 0] * 40), risk=0.05, level=0.95)
    assert (found.certified, found.needed) == (False, None)


def test_without_any_answer_nothing_is_promised() -> None:
    found = certify(judged([], [], 12), risk=0.05, level=0.95)
    assert (found.certified, found.threshold, found.bound, found.answered, found.needed) == (False, 1.0, 1.0, 0, None)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=150), st.sampled_from([0.05, 0.2, 0.5]))
def test_a_certificate_can_be_checked_with_a_table_of_the_binomial(rows: list[tuple[int, bool]], risk: float) -> None:
    data = judged([level / 20 for level, _ in rows], [wrong for _, wrong in rows], len(rows) + 3)
    found = certify(data, risk=risk, level=0.9)
    passed = data.confidence >= found.threshold
    assert (found.answered, found.wrong) == (int(passed.sum()), int(data.wrong[passed].sum()))
    assert certify(data, risk=risk, level=0.9) == found
    if found.certified:
        assert binom.cdf(found.wrong, found.answered, risk) <= 0.1 + 1e-12
        assert found.bound <= risk + 1e-9
        assert found.needed == 0
    else:
        assert found.needed is None or found.needed > 0


@pytest.mark.parametrize(("wrong", "answered"), [(0, 1), (0, 60), (3, 60), (59, 60), (60, 60)])
def test_the_bound_is_clopper_and_pearsons(wrong: int, answered: int) -> None:
    exact = binomtest(wrong, answered).proportion_ci(0.90, "exact").high
    assert upper_bound(wrong, answered, 0.95) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("risk", "level"), [(0, 0.95), (1, 0.95), (0.05, 0), (0.05, 1), (float("nan"), 0.95)])
def test_what_is_no_share_is_refused(risk: float, level: float) -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        certify(judged([0.5], [0]), risk=risk, level=level)
