"""Exact inner-product search equals brute force in float64, ties and filters included."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.ranking.dense import DenseRanker
from index.records import Scored

# few values, so that equal rows, zero rows and equal scores are common
NUMBER = st.sampled_from([-1.0, -0.5, 0.0, 0.1, 0.5, 1.0])
VECTOR = st.tuples(NUMBER, NUMBER, NUMBER).map(lambda row: floats(list(row)))
ROWS = st.lists(
    st.sampled_from([(1, 0, 0), (0.6, 0.8, 0), (0.1, 0.1, 0.1), (0, 0, 0), (-1, 0.5, 0.1)]), max_size=60
).map(lambda rows: floats(rows).reshape(-1, 3))
MASK = st.integers(0, 2**60 - 1).map(lambda bits: np.array([bool(bits >> row & 1) for row in range(60)]))


def floats(values: Sequence[float] | Sequence[Sequence[float]]) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def brute_force(
    vectors: NDArray[np.float32], vector: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_] | None = None
) -> list[Scored]:
    scores = (vectors.astype(np.float64) * vector.astype(np.float64)).sum(axis=1).tolist()
    rows = [row for row in range(len(vectors)) if allowed is None or allowed[row]]
    return [Scored(row, scores[row]) for row in sorted(rows, key=lambda row: (-scores[row], row))][:depth]


def unit_rows(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


@given(ROWS, VECTOR, st.integers(1, 70))
def test_ranking_is_that_of_brute_force(vectors: NDArray[np.float32], vector: NDArray[np.float32], depth: int) -> None:
    assert DenseRanker(vectors).rank(vector, depth) == brute_force(vectors, vector, depth)


@given(ROWS, VECTOR, st.integers(1, 70), MASK)
def test_a_filter_leaves_only_allowed_rows(
    vectors: NDArray[np.float32], vector: NDArray[np.float32], depth: int, mask: NDArray[np.bool_]
) -> None:
    allowed = mask[: len(vectors)]
    assert DenseRanker(vectors).rank(vector, depth, allowed) == brute_force(vectors, vector, depth, allowed)


@pytest.mark.parametrize("depth", [1, 10, 100, 5000])
def test_many_unit_rows_with_copies_are_ranked_as_by_brute_force(depth: int) -> None:
    """Rows 7, 17, 27, … are copies of one, more than any depth but the last, and tie at the cut."""
    vectors = unit_rows(4000, 384, seed=1)
    vectors[7::10] = vectors[7]
    ranker = DenseRanker(vectors)
    allowed = np.random.default_rng(2).random(4000) < 0.5
    for question in (vectors[7], vectors[8], unit_rows(1, 384, seed=3)[0]):
        assert ranker.rank(question, depth) == brute_force(vectors, question, depth)
        assert ranker.rank(question, depth, allowed) == brute_force(vectors, question, depth, allowed)


def test_ties_at_the_cut_go_to_the_first_rows() -> None:
    """FAISS alone keeps the last of equal rows."""
    ranker = DenseRanker(np.tile(floats([0.6, 0.8]), (50, 1)))
    assert [scored.row for scored in ranker.rank(floats([1, 0]), 3)] == [0, 1, 2]


def by_signs(
    vectors: NDArray[np.float32], vector: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_]
) -> list[Scored]:
    """Brute force over the rows whose signs are alike in the most places, without those that tie with the next."""
    apart = ((vectors > 0) != (vector > 0)).sum(axis=1)
    return brute_force(vectors, vector, depth, allowed & (apart < np.sort(apart[allowed])[1200]))


def test_of_many_rows_those_with_the_most_signs_alike_are_scored() -> None:
    vectors = unit_rows(9000, 20, seed=4)  # few signs, so that many tie
    ranker, allowed = DenseRanker(vectors, exact=1000), np.random.default_rng(5).random(9000) < 0.7
    seen, whole = np.flatnonzero(allowed), np.ones(9000, np.bool_)
    for question in unit_rows(30, 20, seed=6):
        assert ranker.rank(question, 10) == by_signs(vectors, question, 10, whole)
        assert ranker.rank(question, 10, allowed) == by_signs(vectors, question, 10, allowed)
        alone = DenseRanker(vectors[seen], exact=1000).rank(question, 10)
        assert ranker.restricted(seen).rank(question, 10) == alone
        assert [seen[one.row] for one in alone] == [one.row for one in by_signs(vectors, question, 10, allowed)]


def test_of_many_rows_the_ten_best_are_hardly_ever_missed() -> None:
    """Of rows that lie near each other as texts do: all in the space of a few of the numbers."""
    vectors = unit_rows(20_200, 30, seed=7) @ unit_rows(30, 384, seed=8)
    ranker, all_scored = DenseRanker(vectors[200:], exact=1000), DenseRanker(vectors[200:])
    found = [
        len({one.row for one in ranker.rank(asked, 10)} & {one.row for one in all_scored.rank(asked, 10)})
        for asked in vectors[:200]
    ]
    assert np.mean(found) >= 9.5


def test_where_too_many_signs_tie_and_for_a_great_depth_all_rows_are_scored() -> None:
    vectors = np.abs(unit_rows(5000, 8, seed=9))
    ranker, allowed = DenseRanker(vectors, exact=1000), np.arange(5000) < 300
    assert ranker.rank(vectors[5], 10) == brute_force(vectors, vectors[5], 10)
    signed = unit_rows(5000, 8, seed=9)
    ranker = DenseRanker(signed, exact=1000)
    assert ranker.rank(signed[5], 100) == brute_force(signed, signed[5], 100)
    assert ranker.rank(signed[5], 10, allowed) == brute_force(signed, signed[5], 10, allowed)


def test_scores_are_cosines_for_unit_rows() -> None:
    vectors = floats([[1, 0], [0, 1], [-1, 0]])
    ranker = DenseRanker(vectors)
    assert ranker.vectors is vectors  # in memory only once
    assert ranker.rank(floats([1, 0]), 5) == [Scored(0, 1.0), Scored(1, 0.0), Scored(2, -1.0)]


@pytest.mark.parametrize("dim", [0, 3])
def test_an_empty_corpus_finds_nothing(dim: int) -> None:
    ranker = DenseRanker(np.zeros((0, dim), np.float32))
    assert ranker.rank(np.zeros(dim, np.float32), 5) == []


def test_a_filter_that_allows_nothing_finds_nothing() -> None:
    ranker = DenseRanker(unit_rows(20, 4, seed=0))
    assert ranker.rank(floats([1, 0, 0, 0]), 5, np.zeros(20, np.bool_)) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        DenseRanker(floats([[1.0, 0.0], [0.0, bad]]))
    with pytest.raises(ValueError, match="finite"):
        DenseRanker(floats([[1, 0]])).rank(floats([bad, 0.0]), 1)


def test_a_vector_or_mask_of_another_size_is_refused() -> None:
    ranker = DenseRanker(floats([[1, 0], [0, 1]]))
    with pytest.raises(ValueError, match="expected 2 finite numbers"):
        ranker.rank(floats([1, 0, 0]), 1)
    with pytest.raises(ValueError, match="mask"):
        ranker.rank(floats([1, 0]), 1, np.ones(3, np.bool_))
    with pytest.raises(ValueError, match="rows"):
        DenseRanker(floats([1, 0]))
