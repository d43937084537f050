"""The trained reader's linear models: counted as said, calibrated on what the weights have not seen, the same twice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.training.fit import ANSWERABLE, REMOVED_COUNTS, TWIN_COUNTS, Sample, Seen, calibrate, fit_trained, shares_of
from rag.reading.features import FEATURES, NEVER_HELP, SENTENCE_FEATURES
from rag.reading.weights import weights_from

COSINE = FEATURES.index("cosine")


def seen(rng: np.random.Generator, kind: str, set_name: str, *, first: bool) -> Seen:
    """A right sentence has the higher cosine; where nothing is right, all cosines are low."""
    features = rng.random((6, len(FEATURES))) * 0.3
    right = np.zeros(6, np.bool_)
    if kind == "real":
        right[rng.integers(6)] = True
        features[right, COSINE] += 0.6
    sample = Sample(set_name, features, right, right.copy(), kind == "real")
    return Seen(sample, twin=kind == "twin", removed=kind == "removed", first=first)


def many(count: int = 60) -> list[Seen]:
    rng = np.random.default_rng(3)
    kinds = ("real", "twin", "removed")
    return [seen(rng, kind, f"set{n % 2}", first=n % 4 < 2) for n in range(count) for kind in kinds]


def test_what_is_fitted_loads_keeps_its_signs_and_ranks_answerable_questions_higher() -> None:
    fields = fit_trained(many())
    weights = weights_from(fields)
    assert set(fields["sentence"]) == {*SENTENCE_FEATURES, "bias"}
    for name, weight in fields["confidence"].items():
        assert name == "bias" or (weight <= 0 if name in NEVER_HELP else weight >= 0), name
    assert fields["sentence"]["cosine"] == max(fields["sentence"].values())
    assert 0 < weights.threshold < 1
    low, high = weights.chance(-9), weights.chance(9)
    assert low < 0.2
    assert high > 0.8


def test_what_cannot_be_judged_is_answerable_and_calibrates_nothing() -> None:
    found = many()
    silent = replace(found[0].sample, right=found[0].sample.right & False)
    fields = fit_trained([*found, *(Seen(silent, False, False, n < 20, judged=False) for n in range(40))])
    odds, chance = fields["calibration"][-2]
    assert chance > 0.9
    assert odds > 0


def test_fitting_twice_gives_the_same_to_the_last_digit() -> None:
    assert fit_trained(many()) == fit_trained(many())


def test_twins_count_more_and_removed_articles_less_and_every_set_the_same() -> None:
    found = many(8)
    share = shares_of(found)
    assert share.sum() == pytest.approx(1)
    answerable = np.array([one.sample.answerable for one in found])
    assert share[answerable].sum() == pytest.approx(ANSWERABLE)
    twins, removed = (share[[getattr(one, name) for one in found]].sum() for name in ("twin", "removed"))
    assert twins / removed == pytest.approx(TWIN_COUNTS / REMOVED_COUNTS)
    assert share[[one.sample.set_name == "set0" for one in found]].sum() == pytest.approx(0.5)


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=1, max_size=80))
def test_a_calibration_rises_with_the_odds_and_stays_within_0_and_1(pairs: list[tuple[float, bool]]) -> None:
    odds = np.array([at for at, _ in pairs])
    knots = calibrate(odds, np.array([right for _, right in pairs]), np.full(len(pairs), 1 / len(pairs)))
    at, chance = zip(*knots, strict=True)
    assert list(at) == sorted(at)
    assert list(chance) == sorted(chance)
    assert chance[0] == 0
    assert chance[-1] == 1


def test_a_calibration_says_how_often_it_was_right() -> None:
    rng = np.random.default_rng(5)
    odds = rng.uniform(-3, 3, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-2 * odds))
    at, chance = zip(*calibrate(odds, right, np.full(4000, 1 / 4000)), strict=True)
    for one in (-2.0, -1.0, 0.0, 1.0, 2.0):
        assert np.interp(one, at, chance) == pytest.approx(1 / (1 + np.exp(-2 * one)), abs=0.08)
