"""Late interaction, worked by hand: each token of a question is met by the best token of each sentence."""

from dataclasses import replace

import numpy as np
import pytest

from index.embedding.embedder import Encoded
from index.embedding.vectors import Encoding
from index.records import Span
from index.search import Index
from rag.question.analysis import Query, Term, analyse
from rag.reading.similarity import Similarity, runs_in, similarities
from tests import make

X, Y, Z = np.eye(3, dtype=np.float32)

# The passage stands at 10 of its document; tokens of its search_text: T aa bb cc dd
PASSAGE = make.passage("aa bb. cc dd.", start=10, sentences=(Span(10, 16), Span(17, 23)), context="T")
PLACES = [(0, 1), (2, 4), (5, 7), (9, 11), (12, 14)]


def encoding(*tokens: np.ndarray, offsets: list[tuple[int, int]] = PLACES) -> Encoding:
    return Encoding.from_floats(X, np.array(tokens, np.float32).reshape(len(tokens), 3), offsets[: len(tokens)])


def encoded(*tokens: np.ndarray, offsets: list[tuple[int, int]]) -> Encoded:
    places = np.array(offsets, np.int32).reshape(len(tokens), 2)
    return Encoded(X, np.array(tokens, np.float32).reshape(len(tokens), 3), places)


def asked(text: str, *places: tuple[int, int]) -> Query:
    return replace(analyse(text, "none"), terms=tuple(Term(text[a:b], a, b, False, False) for a, b in places))


def alone(question: Query, made: Encoded, encoding: Encoding) -> Similarity:
    """Of the one hit."""
    return similarities(question, made, [encoding], [runs_in(PASSAGE, encoding.offsets[:, 0])])


NEAR = 1e-3  # what is left of a number in few digits
TWO = asked("x y", (0, 1), (2, 3))


def test_a_token_is_met_by_the_best_token_of_each_sentence() -> None:
    leaning = np.array([0, 0.6, 0.8], np.float32)
    question = encoded(X, leaning, offsets=[(0, 1), (2, 3)])
    found = alone(TWO, question, encoding(-Y, X, Y, Z, -X))
    # x meets aa (1) in the first sentence and cc (0) in the second; y meets bb (0.6) and cc (0.8)
    assert found.terms == pytest.approx(np.array([[1, 0], [0.6, 0.8]]), abs=NEAR)
    assert found.tokens == pytest.approx(np.array([0.8, 0.4]), abs=NEAR)
    assert found.passage == pytest.approx([0.9], abs=NEAR)


def test_the_tokens_of_title_and_heading_belong_to_no_sentence_but_to_the_passage() -> None:
    question = encoded(X, Z, offsets=[(0, 1), (2, 3)])
    found = alone(TWO, question, encoding(Z, X, Y, Y, Y))
    assert found.terms == pytest.approx(np.array([[1, 0], [0, 0]]), abs=NEAR)
    assert found.passage == pytest.approx([1.0], abs=NEAR)


def test_a_sentence_that_points_the_other_way_has_a_negative_cosine() -> None:
    question = encoded(X, offsets=[(0, 1)])
    found = alone(asked("x", (0, 1)), question, encoding(Y, Y, Y, -X, -X))
    assert found.tokens == pytest.approx(np.array([0, -1]), abs=NEAR)


def test_a_term_of_several_tokens_is_met_as_well_as_they_are_on_average() -> None:
    question = encoded(X, Y, Z, offsets=[(0, 2), (2, 4), (5, 6)])
    found = alone(asked("xxyy z", (0, 4), (5, 6)), question, encoding(Z, X, X, X, Y))
    assert found.terms == pytest.approx(np.array([[0.5, 0.5 * (1 + 1)], [0, 0]]), abs=NEAR)
    assert found.tokens == pytest.approx(np.array([1 / 3, 2 / 3]), abs=NEAR)


def test_a_term_that_the_embedder_cut_off_is_met_nowhere() -> None:
    found = alone(TWO, encoded(X, offsets=[(0, 1)]), encoding(X, X, X, X, X))
    assert found.terms == pytest.approx(np.array([[1, 1], [0, 0]]), abs=NEAR)


def test_a_sentence_that_the_embedder_cut_off_is_met_by_nothing() -> None:
    found = alone(TWO, encoded(X, Y, offsets=[(0, 1), (2, 3)]), encoding(Z, X, Y))
    assert found.terms == pytest.approx(np.array([[1, 0], [1, 0]]), abs=NEAR)


def test_without_tokens_every_similarity_is_zero() -> None:
    passage_without = alone(TWO, encoded(X, Y, offsets=[(0, 1), (2, 3)]), encoding())
    question_without = alone(TWO, encoded(offsets=[]), encoding(Z, X, Y, Z, X))
    for found in (passage_without, question_without):
        assert found.tokens.tolist() == [0, 0]
        assert found.terms.tolist() == [[0, 0], [0, 0]]
        assert found.passage.tolist() == [0]


def test_each_hit_has_the_similarity_that_it_has_alone() -> None:
    question = encoded(X, Y, offsets=[(0, 1), (2, 3)])
    encodings = [encoding(Z, X, Y, Y, X), encoding(), encoding(Y, Y, Z, X, X)]
    together = similarities(TWO, question, encodings, [runs_in(PASSAGE, one.offsets[:, 0]) for one in encodings])
    for n, made in enumerate(encodings):
        one = alone(TWO, question, made)
        assert together.tokens[2 * n : 2 * n + 2].tolist() == one.tokens.tolist()
        assert together.terms[:, 2 * n : 2 * n + 2].tolist() == one.terms.tolist()
        assert together.title[:, n : n + 1].tolist() == one.title.tolist()
        assert together.passage[n : n + 1].tolist() == one.passage.tolist()


def test_on_an_index_it_is_what_loops_over_tokens_and_places_give(hash_index: Index) -> None:
    question = analyse("Who discovered the comet Harrow when frost destroyed the theatre?", hash_index.stem)
    made = hash_index.encode(question.text)
    hits = hash_index.search(question.text, limit=6)
    encodings = hash_index.encodings([hit.row for hit in hits])
    runs = [runs_in(hit.passage, one.offsets[:, 0]) for hit, one in zip(hits, encodings, strict=True)]
    similar = similarities(question, made, encodings, runs)
    assert len(similar.passage) == 6
    places = iter(range(len(similar.tokens)))
    for h, (hit, stored) in enumerate(zip(hits, encodings, strict=True)):
        begin = hit.passage.start - len(hit.passage.context) - 1  # search_text is context, line break, text
        cosines = made.tokens.astype(float) @ stored.token_vectors().astype(float).T
        for sentence, n in zip(hit.passage.sentences, places, strict=False):
            inside = [sentence.start <= begin + at < sentence.end for at in stored.offsets[:, 0]]
            best = cosines[:, inside].max(axis=1)
            assert similar.tokens[n] == pytest.approx(best.mean(), abs=1e-5)
            for t, term in enumerate(question.terms):
                own = [term.start <= start < term.end for start in made.offsets[:, 0]]
                assert similar.terms[t, n] == pytest.approx(best[own].mean(), abs=1e-5)
        assert similar.passage[h] == pytest.approx(cosines.max(axis=1).clip(0).mean(), abs=1e-5)
    assert next(places, None) is None
