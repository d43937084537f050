"""The projection keeps texts and vectors, makes unit rows, and belongs to the official weights alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding.embedder import load_embedder
from index.embedding.minilm import OnnxEmbedder, load_projection, projection_bytes, projection_from
from index.embedding.vectors import Encoded, unit_rows
from index.embedding.weights import MINILM_ONNX, fingerprint, packaged_onnx

X = np.array([1, 0, 0], np.float32)


def encoded(*tokens: list[float]) -> Encoded:
    rows = np.array(tokens, np.float32).reshape(len(tokens), 3)
    offsets = np.array([(n, n + 1) for n in range(len(tokens))], np.int32).reshape(len(tokens), 2)
    return Encoded(X, unit_rows(rows), offsets)


def projection(attention: tuple[float, float] = (0.0, 0.0)):  # type: ignore[no-untyped-def]
    matrix = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    return projection_from(projection_bytes(matrix, np.array(attention, np.float32)))


def test_tokens_are_projected_to_unit_rows_and_the_rest_stays() -> None:
    one = encoded([3, 4, 0], [0, 1, 1])
    made = projection().passage(one)
    assert made.tokens == pytest.approx(np.array([[0.6, 0.8], [0, 1]]), abs=1e-6)
    assert made.vector is one.vector
    assert made.offsets is one.offsets
    assert made.importance is None


def test_the_importance_of_a_question_is_the_softmax_of_its_tokens_with_the_attention() -> None:
    made = projection((np.log(3.0), 0.0)).question(encoded([1, 0, 0], [0, 1, 0]))
    assert made.importance == pytest.approx(np.array([0.75, 0.25]), abs=1e-3)  # float16


def test_a_question_without_tokens_has_no_importance_to_give() -> None:
    made = projection((1.0, 1.0)).question(encoded())
    assert made.tokens.shape == (0, 2)
    assert made.importance is not None
    assert made.importance.shape == (0,)


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3), max_size=5))
def test_importance_adds_up_to_one(tokens: list[list[float]]) -> None:
    made = projection((2.0, -1.0)).question(encoded(*tokens))
    assert made.importance is not None
    assert made.importance.sum() == pytest.approx(float(bool(tokens)), abs=1e-6)


@pytest.mark.parametrize(
    "array", [np.zeros((3, 2), np.float32), np.zeros(3, np.float16), np.full((3, 2), np.inf, np.float16)]
)
def test_what_is_no_projection_is_refused(array: np.ndarray, tmp_path) -> None:  # type: ignore[no-untyped-def]
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match="not finite float16"):
        projection_from((tmp_path / "a.npy").read_bytes())


def test_the_packaged_projection_makes_a_third_of_minilm(minilm: OnnxEmbedder) -> None:
    assert load_projection().matrix.shape == (384, 128)
    assert load_projection().attention.shape == (128,)
    assert minilm.encode_passages(["The ferry leaves at nine."])[0].tokens.shape[1] == 128


def test_the_fingerprint_names_the_weights_and_the_projection(minilm: OnnxEmbedder) -> None:
    files = [packaged_onnx() / name for name in MINILM_ONNX]
    assert minilm.fingerprint == fingerprint(files, load_projection().sha256)


@pytest.mark.slow
def test_without_projection_it_is_the_model_as_published(minilm: OnnxEmbedder) -> None:
    full = load_embedder("minilm-384")
    text = "When does the night ferry to Aldra leave?"
    whole, small = full.encode_question(text), minilm.encode_question(text)
    assert (full.name, minilm.name) == ("minilm-384", "minilm")
    assert full.fingerprint == fingerprint([packaged_onnx() / name for name in MINILM_ONNX]) != minilm.fingerprint
    assert whole.tokens.shape[1] == 384
    assert whole.importance is None
    assert np.array_equal(whole.vector, small.vector)
    assert load_projection().question(whole).tokens == pytest.approx(small.tokens, abs=1e-6)
