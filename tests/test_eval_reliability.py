"""Calibration errors by hand, by chance and against what chance alone gives."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.runs.run_file import markdown_of_reliability, text_of_reliability
from eval.scoring.certify import JudgedAnswers
from eval.scoring.figures import BINS, equal_mass, equal_width, expected_error, measure_reliability


def judged(*answers: tuple[float, bool]) -> JudgedAnswers:
    """(confidence, right) each."""
    return JudgedAnswers(
        np.array([c for c, _ in answers], float), np.array([not r for _, r in answers], bool), len(answers)
    )


def drawn(count: int, seed: int = 5) -> JudgedAnswers:
    """Answers whose confidence is exactly the chance that they are right."""
    rng = np.random.default_rng(seed)
    confidence = rng.random(count)
    return JudgedAnswers(confidence, rng.random(count) >= confidence, count)


def test_the_brier_score_and_both_calibration_errors_by_hand() -> None:
    """Brier: (0.1² + 0.9² + 0.2² + 0.2²) / 4 = 0.225.

    Equal width: 0.9 right and 0.9 wrong share the 14th bin, |1.8 - 1| / 4 = 0.2; 0.8 is alone with |0.8 - 1| / 4 and
    0.2 with |0.2 - 0| / 4, together 0.3. Equal mass, four answers in four bins: (0.1 + 0.9 + 0.2 + 0.2) / 4 = 0.35.
    """
    found = measure_reliability(judged((0.9, True), (0.9, False), (0.8, True), (0.2, False)))
    assert found.brier.value == pytest.approx(0.225)
    assert [one.bins for one in found.errors] == ["equal width", "equal mass"]
    assert [one.value for one in found.errors] == pytest.approx([0.3, 0.35])
    assert (found.confidence.value, found.right.value) == pytest.approx((0.7, 0.5))
    assert [(one.lowest, one.n, one.right) for one in found.bins] == [
        (0.2, 1, 0),
        (0.8, 1, 1),
        (0.9, 1, 1),
        (0.9, 1, 0),
    ]


def test_bins_of_equal_width_end_with_their_upper_edge_and_hold_zero_and_one() -> None:
    assert equal_width(np.array([0, 1e-9, 1 / 15, 1 / 15 + 1e-9, 0.5, 1])).tolist() == [0, 0, 0, 1, 7, 14]


@given(st.integers(0, 100))
def test_bins_of_equal_mass_differ_by_one_answer_at_most(count: int) -> None:
    bins = equal_mass(np.zeros(count))
    sizes = np.bincount(bins) if count else np.zeros(0, int)
    assert len(sizes) == min(BINS, count)
    assert bins.tolist() == sorted(bins)
    assert sizes.size == 0 or sizes.max() - sizes.min() <= 1


def test_the_error_is_that_of_a_loop_over_the_bins() -> None:
    data = drawn(200)
    order = np.argsort(data.confidence)
    confidence, right = data.confidence[order], (~data.wrong[order]).astype(float)
    bins = equal_width(confidence)
    by_hand = sum(
        (bins == at).mean() * abs(confidence[bins == at].mean() - right[bins == at].mean()) for at in np.unique(bins)
    )
    assert expected_error(confidence, right, bins) == pytest.approx(by_hand)


def test_a_true_probability_stays_below_what_chance_gives_and_an_overconfident_one_does_not() -> None:
    below = [one.value <= one.by_chance for seed in range(8) for one in measure_reliability(drawn(150, seed)).errors]
    assert sum(below) >= 14
    true = drawn(300)
    bold = JudgedAnswers(np.sqrt(true.confidence), true.wrong, 300)
    assert all(one.value > one.by_chance for one in measure_reliability(bold).errors)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.booleans()), max_size=40), st.randoms())
def test_the_order_of_the_questions_does_not_matter(answers: list[tuple[float, bool]], random: object) -> None:
    found = measure_reliability(judged(*answers))
    shuffled = list(answers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = measure_reliability(judged(*shuffled))
    assert again.bins == found.bins
    assert again.errors == found.errors
    assert all(0 <= one.value <= 1 and 0 <= one.by_chance <= 1 for one in found.errors)
    assert sum(one.n for one in found.bins) == len(answers)
    assert all(one.low <= one.right <= one.high for one in found.bins)


def test_without_an_answer_nothing_is_measured_and_nothing_fails() -> None:
    found = measure_reliability(judged())
    assert (found.brier.value, found.errors, found.bins) == (None, (), ())
    assert text_of_reliability(found).startswith("no answer to judge")
    assert markdown_of_reliability(found)


def test_what_is_shown_says_each_bin_with_a_bar_and_a_mark() -> None:
    found = measure_reliability(judged(*[(0.5, at % 2 == 0) for at in range(30)]))
    text = text_of_reliability(found)
    assert "30 answers: mean confidence 0.500, 0.500 of them right" in text
    assert "Brier score 0.250" in text
    assert text.count("0.50 to 0.50") == BINS
    assert "0.50 to 0.50  2  0.50   0.00   0.00 to 0.84  ···············|···············" in text
    assert "| 0.50 to 0.50 | 2 | 0.50 | 0.00 | 0.00 to 0.84 |" in markdown_of_reliability(found)
    assert json.loads(json.dumps(asdict(found)))["bins"][0]["n"] == 2
