"""What is measured of each candidate sentence: every feature by name on examples that can be worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.records import Span
from index.search import Index, open_index
from index.settings import load_settings
from rag.question.analysis import analyse
from rag.reading.candidates import Candidate, Evidence, rarity
from rag.reading.features import FEATURES, SENTENCE_FEATURES

ONE_OF_SIX = math.log(1 + 5.5 / 1.5)  # rarity of a word that one of the six passages holds
IN_NONE = math.log(1 + 6.5 / 0.5)
NOT_BOUND = {"length", "cosine_behind"}


def candidates(index: Index, question: str, limit: int = 6) -> list[Candidate]:
    return Evidence(index).candidates(analyse(question, index.stem), index.search(question, limit=limit))


def named(candidate: Candidate) -> dict[str, float]:
    return dict(zip(FEATURES, candidate.features.tolist(), strict=True))


def sentences_of(index: Index, document_id: str, question: str) -> list[dict[str, float]]:
    found = [c for c in candidates(index, question) if c.hit.passage.document_id == document_id]
    return [named(candidate) for candidate in sorted(found, key=lambda c: c.sentence)]


def column(rows: list[dict[str, float]], name: str) -> list[float]:
    return [round(row[name], 6) for row in rows]


def test_every_sentence_of_every_hit_is_a_candidate_in_the_order_of_the_hits(hash_index: Index) -> None:
    question = "Who discovered comet Harrow?"
    hits = hash_index.search(question, limit=6)
    found = Evidence(hash_index).candidates(analyse(question, hash_index.stem), hits)
    assert [(c.hit, c.sentence) for c in found] == [(hit, span) for hit in hits for span in hit.passage.sentences]
    assert len(found) == 18
    assert all(c.features.shape == (len(FEATURES),) for c in found)


def test_coverage_counts_the_sentence_its_neighbours_and_the_title(hash_index: Index) -> None:
    # terms linden (a name), theatre and seat, equally rare: all in sentence 1; theatre also in the title
    rows = sentences_of(hash_index, "theatre", "Does the Linden theatre seat?")
    assert column(rows, "cover_near") == pytest.approx([1, 1, 1 / 3])
    assert column(rows, "cover_passage") == [1, 1, 1]


def test_coverage_is_weighted_by_rarity(hash_index: Index) -> None:
    rows = sentences_of(hash_index, "bakery", "Atlantis rye?")
    assert column(rows, "cover_near") == pytest.approx([ONE_OF_SIX / (ONE_OF_SIX + IN_NONE)] * 3, abs=1e-6)


def test_the_rarest_term_counts_where_it_is_near(hash_index: Index) -> None:
    # "years" stands in two articles, "Brandt" in one
    rows = sentences_of(hash_index, "comet", "Brandt years?")
    assert column(rows, "rarest_near") == [1, 1, 0]


def test_a_sentence_holds_the_kind_of_answer_or_lacks_it(hash_index: Index) -> None:
    rows = sentences_of(hash_index, "bakery", "When did the Marten bakery open?")
    assert column(rows, "kind_found") == [1, 0, 1]
    assert column(rows, "kind_missing") == [0, 1, 0]
    rows = sentences_of(hash_index, "bakery", "Did the Marten bakery open?")
    assert column(rows, "kind_found") == column(rows, "kind_missing") == [0, 0, 0]


def test_numbers_may_stand_anywhere_in_the_passage(hash_index: Index) -> None:
    rows = sentences_of(hash_index, "comet", "Did Harrow come in 1904, 2026 and 1850?")
    assert column(rows, "numbers_missing") == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_length_is_the_log_of_the_different_words_that_are_no_stop_words(hash_index: Index) -> None:
    rows = sentences_of(hash_index, "theatre", "Does the Linden theatre seat?")
    # linden theatre seats 312 people / director petra novak stages only comedies / critics praised borrowed umbrella
    assert column(rows, "length") == pytest.approx([math.log1p(5), math.log1p(6), math.log1p(4)], abs=1e-6)


def test_words_that_stand_in_a_sentence_meet_themselves(hash_index: Index) -> None:
    rows = sentences_of(hash_index, "theatre", "Linden theatre people")
    assert rows[0]["maxsim_sentence"] == pytest.approx(1, abs=0.01)
    assert rows[0]["maxsim_terms"] == pytest.approx(1, abs=0.01)
    assert rows[0]["maxsim_rare"] == pytest.approx(1, abs=0.01)
    assert rows[1]["maxsim_sentence"] < 0.7
    assert column(rows, "maxsim_passage") == pytest.approx([1, 1, 1], abs=0.01)


def test_maxsim_over_terms_leaves_stop_words_out_and_may_weigh_by_rarity(hash_index: Index) -> None:
    question = "of the Linden Atlantis"
    row = sentences_of(hash_index, "theatre", question)[0]
    tokens = hash_index.encode(question).tokens.astype(float)
    stored = hash_index.encodings([hash_index.search(question, limit=1)[0].row])[0]
    inside = stored.offsets[:, 0] < len("theatre\nThe Linden theatre seats 312 people.")
    own = inside & (stored.offsets[:, 0] > len("theatre"))
    best = (tokens @ stored.token_vectors()[own].T.astype(float)).max(axis=1)
    assert row["maxsim_sentence"] == pytest.approx(best.mean(), abs=1e-5)
    assert row["maxsim_terms"] == pytest.approx(best[2:].mean(), abs=1e-5)
    weighted = (ONE_OF_SIX * best[2] + IN_NONE * best[3]) / (ONE_OF_SIX + IN_NONE)
    assert row["maxsim_rare"] == pytest.approx(weighted, abs=1e-5)


def test_cosine_and_bm25_are_those_of_the_two_rankers(hash_index: Index) -> None:
    question = "When does the night ferry leave?"
    for candidate in candidates(hash_index, question):
        row = named(candidate)
        assert row["cosine"] == pytest.approx(candidate.hit.scores["dense"], abs=1e-6)
        highest = 2.5 * sum(rarity(hash_index, stem) for stem in analyse(question, hash_index.stem).stems)
        assert row["bm25"] == pytest.approx(candidate.hit.scores.get("lexical", 0.0) / highest)
    assert named(candidates(hash_index, question)[0])["bm25"] > 0


def test_the_worst_met_term_counts_in_the_sentence_near_it_and_in_the_passage(hash_index: Index) -> None:
    # sentence 1 holds Linden and theatre, sentence 2 Novak; near is the sentence, the one before and the title
    rows = sentences_of(hash_index, "theatre", "Linden Novak")
    assert rows[0]["weakest"] < 0.5
    assert rows[1]["weakest"] < 0.5
    assert rows[0]["weakest_near"] < 0.5
    assert rows[1]["weakest_near"] == pytest.approx(1, abs=0.01)
    assert column(rows, "weakest_passage") == pytest.approx([1, 1, 1], abs=0.01)


def test_what_falls_short_is_told_by_name_number_and_other_word(hash_index: Index) -> None:
    row = sentences_of(hash_index, "comet", "Did Harrow return in 1850?")[0]
    assert row["short_name_80"] == pytest.approx(0, abs=0.01)
    assert 0 < row["short_number_50"] <= row["short_number_65"] <= row["short_number_80"]
    assert row["numbers_near_missing"] == row["number_other"] == 1


def test_another_number_instead_is_one_of_the_same_unit(hash_index: Index) -> None:
    # discovered in 1904 / every 61 years / seen in 2026
    rows = sentences_of(hash_index, "comet", "Who saw comet Harrow in 2026?")
    assert column(rows, "number_other") == [1, 0, 0]


def test_names_typed_in_lower_case_are_known_from_the_articles(hash_index: Index) -> None:
    rows = sentences_of(hash_index, "comet", "brandt comet")
    assert column(rows, "names_nowhere") == [0, 0, 0]
    elsewhere = sentences_of(hash_index, "ferry", "brandt comet")
    assert column(elsewhere, "names_nowhere") == [1, 1, 1]


def test_the_first_by_vectors_and_by_bm25_are_behind_nobody(hash_index: Index) -> None:
    found = [named(c) | dict(c.hit.ranks) for c in candidates(hash_index, "When does the night ferry leave?")]
    for row in found:
        assert (row["dense"] == 1) == (row["cosine_behind"] < 1e-6) == (row["dense_first"] == 1)
    best = next(row for row in found if row.get("lexical") == 1)
    assert (best["bm25_behind"], best["lexical_first"]) == (0, 1)


def test_repeating_a_word_of_the_question_does_not_lift_bm25_above_its_highest_share(hash_index: Index) -> None:
    assert named(candidates(hash_index, "ferry ferry ferry ferry")[0])["bm25"] == 1.0


def test_rarity_falls_with_the_passages_that_hold_the_word_and_is_never_negative(hash_index: Index) -> None:
    assert rarity(hash_index, "atlantis") == pytest.approx(IN_NONE)
    assert rarity(hash_index, "brandt") == pytest.approx(ONE_OF_SIX)
    assert hash_index.lexical.document_frequency("year") == 2
    assert rarity(hash_index, "year") == pytest.approx(math.log(1 + 4.5 / 2.5))


@pytest.mark.parametrize("question", ["?!", "", "ʼ"])
def test_a_question_without_terms_has_no_candidates(hash_index: Index, question: str) -> None:
    assert Evidence(hash_index).candidates(analyse(question, "snowball"), hash_index.search("ferry", limit=3)) == []


def test_no_hits_no_candidates(hash_index: Index) -> None:
    assert Evidence(hash_index).candidates(analyse("Who bakes?", "snowball"), []) == []


@pytest.fixture
def overlapping(tmp_path: Path, six_files: Path) -> Index:
    """The six articles in passages of about two sentences, so that neighbours share one."""
    chosen = load_settings(data=tmp_path / "small", embedder="hash", passage_tokens=18)
    Builder(chosen.data, chosen, HashEmbedder()).index([six_files])
    return open_index(chosen.data, chosen, HashEmbedder())


def test_a_sentence_that_two_passages_share_comes_once_as_judged_best(overlapping: Index) -> None:
    question = "When was the Sollen bridge closed for repairs?"
    hits = overlapping.search(question, limit=20)
    shared = Span(52, 92)  # It was closed for repairs in March 2019.
    holding = [hit for hit in hits if hit.passage.document_id == "bridge" and shared in hit.passage.sentences]
    assert len(holding) == 2
    found = Evidence(overlapping).candidates(analyse(question, overlapping.stem), hits)
    places = [(c.hit.passage.document_id, c.sentence) for c in found]
    assert len(places) == len(set(places)) == 18
    alone = [
        candidate
        for hit in holding
        for candidate in Evidence(overlapping).candidates(analyse(question, overlapping.stem), [hit])
        if candidate.sentence == shared
    ]
    best = max(alone, key=lambda candidate: candidate.features[0])
    kept = found[places.index(("bridge", shared))]
    assert kept.hit == best.hit
    own = [FEATURES.index(name) for name in SENTENCE_FEATURES]  # the others compare with the other hits
    assert kept.features[own] == pytest.approx(best.features[own], abs=1e-6)


def test_asking_again_gives_the_same_features(hash_index: Index) -> None:
    evidence = Evidence(hash_index)
    hits = hash_index.search("Who runs the bakery?", limit=6)
    asked = analyse("Who runs the bakery?", hash_index.stem)
    first, second = evidence.candidates(asked, hits), evidence.candidates(asked, hits)
    assert all(np.array_equal(a.features, b.features) for a, b in zip(first, second, strict=True))


WORDS = [
    "ferry", "ferry", "Linden", "theatre", "1904", "$12", "who", "when", "how many", "it", "Atlantis", "他", "?",
    "U.S.",
]  # fmt: skip


@trying(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(st.characters(exclude_categories=["Cs"])))
def test_features_of_any_question_are_finite_and_in_their_range(hash_index: Index, question: str) -> None:
    asked = analyse(question, hash_index.stem)
    for candidate in Evidence(hash_index).candidates(asked, hash_index.search(question, limit=6)):
        row = named(candidate)
        assert all(math.isfinite(value) for value in row.values())
        cosines = {name for name in FEATURES if name.startswith(("maxsim", "weakest")) or name == "cosine"}
        assert all(-1.01 <= row[name] <= 1.01 for name in cosines)
        assert all(-1e-9 <= row[name] <= 1 + 1e-9 for name in set(FEATURES) - cosines - NOT_BOUND), row
        assert row["length"] >= 0
