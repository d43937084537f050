"""Late interaction, worked by hand: each token of a question is met by the best token of each sentence."""

from dataclasses import replace

import numpy as np
import pytest

from index.embedding.embedder import Encoded
from index.embedding.vectors import Encoding
from index.records import Span
from index.search import Index
from rag.question.analysis import Query, Term, analyse
from rag.reading.similarity import similarities
from tests import make

X, Y, Z = np.eye(3, dtype=np.float32)

# The passage stands at 10 of its document; tokens of its search_text: T aa bb cc dd
PASSAGE = make.passage("aa bb. cc dd.", start=10, sentences=(Span(10, 16), Span(17, 23)), context="T")
HIT = make.hit(PASSAGE)
PLACES = [(0, 1), (2, 4), (5, 7), (9, 11), (12, 14)]


def encoding(*tokens: np.ndarray, offsets: list[tuple[int, int]] = PLACES) -> Encoding:
    return Encoding.from_floats(X, np.array(tokens, np.float32).reshape(len(tokens), 3), offsets[: len(tokens)])


def encoded(*tokens: np.ndarray, offsets: list[tuple[int, int]]) -> Encoded:
    places = np.array(offsets, np.int32).reshape(len(tokens), 2)
    return Encoded(X, np.array(tokens, np.float32).reshape(len(tokens), 3), places)


def asked(text: str, *places: tuple[int, int]) -> Query:
    return replace(analyse(text, "none"), terms=tuple(Term(text[a:b], a, b, False, False) for a, b in places))


NEAR = 1e-3  # what is left of a number in few digits
TWO = asked("x y", (0, 1), (2, 3))


def test_a_token_is_met_by_the_best_token_of_each_sentence() -> None:
    leaning = np.array([0, 0.6, 0.8], np.float32)
    question = encoded(X, leaning, offsets=[(0, 1), (2, 3)])
    found = similarities(TWO, question, [HIT], [encoding(-Y, X, Y, Z, -X)])[0]
    # x meets aa (1) in the first sentence and cc (0) in the second; y meets bb (0.6) and cc (0.8)
    assert found.terms == pytest.approx(np.array([[1, 0], [0.6, 0.8]]), abs=NEAR)
    assert found.tokens == pytest.approx(np.array([0.8, 0.4]), abs=NEAR)
    assert found.passage == pytest.approx(0.9, abs=NEAR)


def test_the_tokens_of_title_and_heading_belong_to_no_sentence_but_to_the_passage() -> None:
    question = encoded(X, Z, offsets=[(0, 1), (2, 3)])
    found = similarities(TWO, question, [HIT], [encoding(Z, X, Y, Y, Y)])[0]
    assert found.terms == pytest.approx(np.array([[1, 0], [0, 0]]), abs=NEAR)
    assert found.passage == pytest.approx(1.0, abs=NEAR)


def test_a_sentence_that_points_the_other_way_has_a_negative_cosine() -> None:
    question = encoded(X, offsets=[(0, 1)])
    found = similarities(asked("x", (0, 1)), question, [HIT], [encoding(Y, Y, Y, -X, -X)])[0]
    assert found.tokens == pytest.approx(np.array([0, -1]), abs=NEAR)


def test_a_term_of_several_tokens_is_met_as_well_as_they_are_on_average() -> None:
    question = encoded(X, Y, Z, offsets=[(0, 2), (2, 4), (5, 6)])
    found = similarities(asked("xxyy z", (0, 4), (5, 6)), question, [HIT], [encoding(Z, X, X, X, Y)])[0]
    assert found.terms == pytest.approx(np.array([[0.5, 0.5 * (1 + 1)], [0, 0]]), abs=NEAR)
    assert found.tokens == pytest.approx(np.array([1 / 3, 2 / 3]), abs=NEAR)


def test_a_term_that_the_embedder_cut_off_is_met_nowhere() -> None:
    found = similarities(TWO, encoded(X, offsets=[(0, 1)]), [HIT], [encoding(X, X, X, X, X)])[0]
    assert found.terms == pytest.approx(np.array([[1, 1], [0, 0]]), abs=NEAR)


def test_a_sentence_that_the_embedder_cut_off_is_met_by_nothing() -> None:
    found = similarities(TWO, encoded(X, Y, offsets=[(0, 1), (2, 3)]), [HIT], [encoding(Z, X, Y)])[0]
    assert found.terms == pytest.approx(np.array([[1, 0], [1, 0]]), abs=NEAR)


def test_without_tokens_every_similarity_is_zero() -> None:
    passage_without = similarities(TWO, encoded(X, Y, offsets=[(0, 1), (2, 3)]), [HIT], [encoding()])[0]
    question_without = similarities(TWO, encoded(offsets=[]), [HIT], [encoding(Z, X, Y, Z, X)])[0]
    for found in (passage_without, question_without):
        assert found.tokens.tolist() == [0, 0]
        assert found.terms.tolist() == [[0, 0], [0, 0]]
        assert found.passage == 0.0


def test_each_hit_has_the_similarity_that_it_has_alone() -> None:
    question = encoded(X, Y, offsets=[(0, 1), (2, 3)])
    encodings = [encoding(Z, X, Y, Y, X), encoding(), encoding(Y, Y, Z, X, X)]
    together = similarities(TWO, question, [HIT, HIT, HIT], encodings)
    for one, made in zip(together, encodings, strict=True):
        alone = similarities(TWO, question, [HIT], [made])[0]
        assert one.tokens.tolist() == alone.tokens.tolist()
        assert one.terms.tolist() == alone.terms.tolist()
        assert one.passage == alone.passage


def test_on_an_index_it_is_what_loops_over_tokens_and_places_give(hash_index: Index) -> None:
    question = analyse("Who discovered the comet Harrow when frost destroyed the theatre?", hash_index.stem)
    made = hash_index.encode(question.text)
    hits = hash_index.search(question.text, limit=6)
    found = similarities(question, made, hits, [hash_index.encoding(hit.row) for hit in hits])
    assert len(found) == 6
    for hit, similar in zip(hits, found, strict=True):
        stored = hash_index.encoding(hit.row)
        begin = hit.passage.start - len(hit.passage.context) - 1  # search_text is context, line break, text
        cosines = made.tokens.astype(float) @ stored.token_vectors().astype(float).T
        for n, sentence in enumerate(hit.passage.sentences):
            inside = [sentence.start <= begin + at < sentence.end for at in stored.offsets[:, 0]]
            best = cosines[:, inside].max(axis=1)
            assert similar.tokens[n] == pytest.approx(best.mean(), abs=1e-5)
            for t, term in enumerate(question.terms):
                own = [term.start <= start < term.end for start in made.offsets[:, 0]]
                assert similar.terms[t, n] == pytest.approx(best[own].mean(), abs=1e-5)
        assert similar.passage == pytest.approx(cosines.max(axis=1).clip(0).mean(), abs=1e-5)
