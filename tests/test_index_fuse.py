"""Fusion by hand and by properties: what the formulas give, and what must not matter."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.ranking.fuse import RANK_CONSTANT, best, convex_shares, ordered, reciprocal_shares
from index.records import Scored

LEXICAL = [Scored(0, 9.0), Scored(1, 5.0), Scored(2, 1.0)]
DENSE = [Scored(1, 0.75), Scored(3, 0.5), Scored(0, 0.25)]

SCORES = st.sampled_from([-2.0, 0.0, 1.0]) | st.floats(-1e6, 1e6).filter(
    lambda score: score == 0 or abs(score) > 1e-300
)
RANKING = st.dictionaries(st.integers(0, 9), SCORES, max_size=8).map(
    lambda scores: sorted((Scored(*item) for item in scores.items()), key=lambda s: (-s.score, s.row))
)
RANKINGS = st.dictionaries(st.sampled_from(["lexical", "dense", "titles", "dates"]), RANKING, max_size=4)
WEIGHTS = st.fixed_dictionaries({name: st.floats(0, 1) for name in ["lexical", "dense", "titles", "dates"]})


def convex(rankings: Mapping[str, Sequence[Scored]], weights: Mapping[str, float]) -> list[Scored]:
    return ordered(convex_shares(rankings, weights))


def reciprocal_rank(rankings: Mapping[str, Sequence[Scored]], k: int = RANK_CONSTANT) -> list[Scored]:
    return ordered(reciprocal_shares(rankings, k))


def test_convex_by_hand() -> None:
    """Lexical becomes 1, 1/2, 0 for rows 0, 1, 2; dense 1, 1/2, 0 for rows 1, 3, 0; weights 1/4 and 3/4.

    Row 0: 1/4 · 1 + 3/4 · 0 = 1/4. Row 1: 1/4 · 1/2 + 3/4 · 1 = 7/8.
    Row 2: 1/4 · 0 + 0 = 0. Row 3: 0 + 3/4 · 1/2 = 3/8.
    """
    fused = convex({"lexical": LEXICAL, "dense": DENSE}, {"lexical": 0.25, "dense": 0.75})
    assert fused == [Scored(1, 7 / 8), Scored(3, 3 / 8), Scored(0, 1 / 4), Scored(2, 0.0)]


def test_reciprocal_rank_by_hand() -> None:
    """Row 0 is 1st and 3rd, row 1 is 2nd and 1st, row 2 is 3rd, row 3 is 2nd; k = 60."""
    expected = {
        1: Fraction(1, 62) + Fraction(1, 61),  # 123/3782 = 0.03252…
        0: Fraction(1, 61) + Fraction(1, 63),  # 124/3843 = 0.03226…
        3: Fraction(1, 62),
        2: Fraction(1, 63),
    }
    fused = reciprocal_rank({"lexical": LEXICAL, "dense": DENSE})
    assert [scored.row for scored in fused] == list(expected)
    assert all(math.isclose(scored.score, expected[scored.row], rel_tol=1e-15) for scored in fused)
    assert reciprocal_rank({"dense": DENSE}, k=1) == [Scored(1, 1 / 2), Scored(3, 1 / 3), Scored(0, 1 / 4)]


def test_a_ranking_whose_scores_are_all_equal_counts_as_one() -> None:
    assert convex({"dense": [Scored(4, -3.0)]}, {"dense": 0.5}) == [Scored(4, 0.5)]
    assert convex({"dense": [Scored(2, 7.0), Scored(4, 7.0)]}, {"dense": 1.0}) == [Scored(2, 1.0), Scored(4, 1.0)]


def test_nothing_fused_is_nothing() -> None:
    assert convex({}, {}) == reciprocal_rank({}) == []
    assert convex({"dense": []}, {"dense": 1.0}) == reciprocal_rank({"dense": []}) == []


def test_ties_are_ordered_by_row() -> None:
    rankings = {"lexical": [Scored(5, 1.0), Scored(2, 0.0)], "dense": [Scored(3, 1.0), Scored(1, 0.0)]}
    expected = [3, 5, 1, 2]
    assert [scored.row for scored in convex(rankings, {"lexical": 1, "dense": 1})] == expected
    assert [scored.row for scored in reciprocal_rank(rankings)] == expected


@pytest.mark.parametrize("weights", [{}, {"lexical": 1.0}, {"dense": -0.1}, {"dense": math.nan}, {"dense": math.inf}])
def test_a_ranking_without_a_usable_weight_is_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="weight of ranking 'dense'"):
        convex({"dense": DENSE}, weights)


@given(RANKINGS, WEIGHTS)
def test_the_order_of_the_rankings_does_not_matter(
    rankings: dict[str, list[Scored]], weights: dict[str, float]
) -> None:
    turned = dict(reversed(rankings.items()))
    assert convex(turned, weights) == convex(rankings, weights)
    assert reciprocal_rank(turned) == reciprocal_rank(rankings)


@given(RANKINGS, WEIGHTS)
def test_fusion_holds_each_found_row_once_best_first_within_bounds(
    rankings: dict[str, list[Scored]], weights: dict[str, float]
) -> None:
    found = {scored.row for ranking in rankings.values() for scored in ranking}
    for fused, bound in (
        (convex(rankings, weights), math.fsum(weights[name] for name in rankings)),
        (reciprocal_rank(rankings), len(rankings) / 61),
    ):
        assert sorted(scored.row for scored in fused) == sorted(found)
        assert fused == sorted(fused, key=lambda scored: (-scored.score, scored.row))
        assert all(0 <= scored.score <= bound * (1 + 1e-12) for scored in fused)


@given(RANKINGS, WEIGHTS)
def test_a_row_that_leads_every_ranking_leads_the_fusion(
    rankings: dict[str, list[Scored]], weights: dict[str, float]
) -> None:
    led = {name: [Scored(99, 2e6), *ranking] for name, ranking in rankings.items()}
    for fused in (convex(led, weights), reciprocal_rank(led)):
        assert not fused or next(scored.score for scored in fused if scored.row == 99) == fused[0].score


@given(RANKING.filter(bool), st.sampled_from([0.25, 2.0, 8.0]))
def test_convex_does_not_see_a_rankers_unit(ranking: list[Scored], factor: float) -> None:
    """Powers of two scale without rounding, so equality is exact."""
    scaled = [Scored(scored.row, scored.score * factor) for scored in ranking]
    assert convex({"dense": scaled}, {"dense": 1.0}) == convex({"dense": ranking}, {"dense": 1.0})


@given(RANKING, st.integers(1, 9))
def test_the_best_are_the_first_of_all_sorted(ranking: list[Scored], depth: int) -> None:
    by_row = sorted(ranking)
    rows = np.array([scored.row for scored in by_row], np.int64)
    scores = np.array([scored.score for scored in by_row], np.float64)
    assert best(rows, scores, depth) == ranking[:depth]


def test_a_depth_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="depth is 0"):
        best(np.array([1]), np.array([0.5]), 0)
