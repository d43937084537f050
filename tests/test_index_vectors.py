"""Encodings: so few digits that sums are exact, half a step from what was given; nothing malformed gets in."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from index.embedding.vectors import Encoding, encoded, is_unit, settled, unit_rows

UNIT = np.array([0.6, 0.8], dtype=np.float32)
token_vectors = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1e6, 1e6, width=32)
)


def test_a_worked_example_quantises_by_the_largest_component() -> None:
    """max|x| = 0.5, so one step is 0.5 / 127, or 2064.13 / 4096 / 128: rounded up, and -0.25 is -63.47 of that."""
    encoding = Encoding.from_floats(UNIT, [[0.5, -0.25], [0.0, 0.0]], [[0, 3], [4, 9]])
    assert encoding.tokens.tolist() == [[127, -63], [0, 0]]
    assert encoding.scales.tolist() == [2065 / 4096 / 128, 0.0]
    assert encoding.offsets.tolist() == [[0, 3], [4, 9]]
    assert (4096 * encoding.vector).tolist() == [2458, 3277]


@settings(max_examples=100, deadline=None)
@given(token_vectors)
def test_no_component_moves_by_more_than_half_a_step(vectors: np.ndarray) -> None:
    encoding = Encoding.from_floats(UNIT, vectors, np.zeros((len(vectors), 2)))
    steps = np.abs(vectors).max(axis=1, keepdims=True) / 127
    moved = np.abs(encoding.token_vectors() - vectors)
    assert (moved <= steps * (1 + 1 / 2048) * (0.5 + 1e-4) + 1e-42).all()  # below 1e-42 float32 has no steps left


@settings(max_examples=50, deadline=None)
@given(token_vectors)
def test_quantising_twice_changes_nothing_more(vectors: np.ndarray) -> None:
    offsets = np.zeros((len(vectors), 2))
    once = Encoding.from_floats(UNIT, vectors, offsets).token_vectors()
    twice = Encoding.from_floats(UNIT, once, offsets).token_vectors()
    assert np.allclose(once, twice, rtol=1e-6, atol=1e-42)


def test_unit_token_vectors_keep_their_inner_products_within_two_percent() -> None:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(200, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = Encoding.from_floats(vectors[0], vectors, np.zeros((200, 2))).token_vectors()
    assert np.abs(kept @ vectors.T - vectors @ vectors.T).max() < 0.02


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 64, 128, 384, 1024]))
def test_what_is_summed_over_question_and_passage_is_exact_and_so_the_same_in_any_order(seed: int, width: int) -> None:
    """Python's whole numbers say what the sums are; a matrix product adds in whatever order it likes."""
    vectors = np.random.default_rng(seed).normal(size=(12, width))
    question = settled(encoded(unit_rows(vectors)[1], vectors[3:9].astype(np.float32), np.zeros((6, 2), np.int32)))
    passage = Encoding.from_floats(unit_rows(vectors)[0], unit_rows(vectors), np.zeros((12, 2)))
    for product, left, right in (
        (question.vector.astype(float) @ passage.vector, question.vector, passage.vector),
        *zip(
            (question.tokens.astype(float) @ passage.token_vectors().T.astype(float)).ravel(),
            np.repeat(question.tokens, 12, axis=0),
            np.tile(passage.token_vectors(), (6, 1)),
            strict=True,
        ),
    ):
        assert Fraction(float(product)) == sum(
            Fraction(a) * Fraction(b) for a, b in zip(left.tolist(), right.tolist(), strict=True)
        )


def test_a_passage_may_have_no_tokens() -> None:
    encoding = Encoding.from_floats(UNIT, np.zeros((0, 5)), np.zeros((0, 2)))
    assert encoding.token_vectors().shape == (0, 5)
    assert encoding.offsets.shape == (0, 2)


def test_what_was_given_is_copied_and_what_is_kept_cannot_change() -> None:
    given_vector = UNIT.copy()
    encoding = Encoding.from_floats(given_vector, [[1.0]], [[0, 1]])
    given_vector[0] = 9.0
    assert encoding.vector == pytest.approx(UNIT, abs=1 / 8192)
    with pytest.raises(ValueError, match="read-only"):
        encoding.vector[0] = 9.0


@pytest.mark.parametrize(
    ("vector", "vectors", "offsets", "message"),
    [
        ([np.nan, 1.0], [[1.0]], [[0, 1]], "must be finite"),
        ([0.6, 0.8], [[np.inf]], [[0, 1]], "must be finite"),
        ([0.0, 0.0], [[1.0]], [[0, 1]], "has 0"),
        ([3.0, 4.0], [[1.0]], [[0, 1]], "has 5"),
        ([0.6, 0.8], [[1.0], [1.0]], [[0, 1]], "2 tokens"),
        ([[0.6, 0.8]], [[1.0]], [[0, 1]], r"must be \(dim,\)"),
    ],
)
def test_an_encoding_that_cannot_be_true_is_refused(
    vector: list[float], vectors: list[list[float]], offsets: list[list[int]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Encoding.from_floats(vector, vectors, offsets)


def test_another_number_type_is_refused() -> None:
    empty = np.zeros((0, 2))
    with pytest.raises(ValueError, match="float64"):
        Encoding(UNIT.astype(np.float64), empty.astype(np.int8), np.zeros(0, np.float32), empty.astype(np.int32))


def test_encodings_are_equal_by_their_numbers() -> None:
    first, same = (Encoding.from_floats(UNIT, [[1.0, 0.5]], [[0, 1]]) for _ in range(2))
    assert first == same
    assert first != Encoding.from_floats(UNIT, [[1.0, 0.6]], [[0, 1]])
    assert first != "an encoding"


def test_unit_means_length_one_within_a_thousandth_and_never_nan() -> None:
    assert is_unit(np.array([0.6, 0.8005], dtype=np.float32))
    assert not is_unit(np.array([0.6, 0.81], dtype=np.float32))
    assert not is_unit(np.array([np.nan], dtype=np.float32))
