"""BM25 from postings equals rank_bm25 to the last bit, on real articles and on any corpus."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi  # type: ignore[import-untyped]

from eval.bench.growth import zipf_texts
from eval.scoring.costs import okapi
from index.errors import IndexDamaged
from index.ranking import lexical
from index.ranking.lexical import LexicalRanker
from index.records import Scored
from index.text.words import Stem, stems

SEEDS = sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))
QUESTIONS = (
    "Which sectors gained from preferential access under the USMCA?",
    "tariffs tariffs Mexico",
    "What did the U.S. say about Mexico's 3,000 kilometers?",
    "the the Trump administration unheard-of-word",
    "",
)
# five letters make common terms, negative idfs and ties likely
TOKENS = st.lists(st.sampled_from("abcde") | st.text(st.characters(exclude_characters="\n"), max_size=2), max_size=12)
CORPORA = st.lists(TOKENS, max_size=12)
WIDER = ("rows", "counts", "places")


def paragraphs(stem: Stem) -> list[list[str]]:
    return [stems(line, stem) for path in SEEDS for line in path.read_text("utf-8").splitlines() if line.strip()]


def saved_and_loaded(ranker: LexicalRanker) -> LexicalRanker:
    files = {}
    for name, array in ranker.to_arrays().items():
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        file.seek(0)
        files[name] = np.load(file, allow_pickle=False)
    return LexicalRanker.from_arrays(files)


def okapi_scores(corpus: Sequence[Sequence[str]], terms: Sequence[str]) -> NDArray[np.float64]:
    if not any(corpus):  # rank_bm25 divides by zero here
        return np.zeros(len(corpus))
    scores: NDArray[np.float64] = BM25Okapi(corpus).get_scores(terms)
    return scores


def ranked_by_definition(corpus: Sequence[Sequence[str]], terms: Sequence[str], depth: int) -> list[Scored]:
    scores = okapi_scores(corpus, terms).tolist()
    sharing = [row for row, tokens in enumerate(corpus) if set(tokens) & set(terms)]
    return [Scored(row, scores[row]) for row in sorted(sharing, key=lambda row: (-scores[row], row))][:depth]


@pytest.mark.parametrize("stem", ["none", "light", "snowball"])
def test_scores_on_the_articles_are_those_of_rank_bm25_bit_for_bit(stem: Stem) -> None:
    corpus = paragraphs(stem)
    ranker = LexicalRanker.build(corpus)
    loaded = saved_and_loaded(ranker)
    assert len(corpus) == 86
    for question in (*QUESTIONS, *(" ".join(tokens) for tokens in corpus)):
        terms = stems(question, stem)
        expected = okapi_scores(corpus, terms).tobytes()
        assert ranker.scores(terms).tobytes() == expected
        assert loaded.scores(terms).tobytes() == expected


@given(CORPORA, TOKENS)
def test_scores_on_any_corpus_are_those_of_rank_bm25_bit_for_bit(corpus: list[list[str]], terms: list[str]) -> None:
    ranker = LexicalRanker.build(corpus)
    assert ranker.scores(terms).tobytes() == okapi_scores(corpus, terms).tobytes()


@given(CORPORA, TOKENS, st.integers(1, 14))
def test_ranking_is_every_passage_that_shares_a_term_best_first_ties_by_row(
    corpus: list[list[str]], terms: list[str], depth: int
) -> None:
    assert LexicalRanker.build(corpus).rank(terms, depth) == ranked_by_definition(corpus, terms, depth)


@given(CORPORA, TOKENS, st.integers(1, 14), st.integers(0, 2**12 - 1))
def test_a_filter_removes_rows_and_changes_no_score(
    corpus: list[list[str]], terms: list[str], depth: int, bits: int
) -> None:
    allowed = np.array([bool(bits >> row & 1) for row in range(len(corpus))], np.bool_)
    everything = ranked_by_definition(corpus, terms, len(corpus) + 1)
    expected = [scored for scored in everything if allowed[scored.row]][:depth]
    assert LexicalRanker.build(corpus).rank(terms, depth, allowed) == expected


@given(CORPORA, TOKENS)
def test_saving_and_loading_keeps_every_bit(corpus: list[list[str]], terms: list[str]) -> None:
    ranker = LexicalRanker.build(corpus)
    loaded = saved_and_loaded(ranker)
    assert loaded.scores(terms).tobytes() == ranker.scores(terms).tobytes()
    assert loaded.rank(terms, 5) == ranker.rank(terms, 5)
    assert [loaded.idf(term) for term in terms] == [ranker.idf(term) for term in terms]
    again = loaded.to_arrays()
    assert {name: array.tobytes() for name, array in again.items()} == {
        name: array.tobytes() for name, array in ranker.to_arrays().items()
    }


@given(CORPORA)
def test_idf_and_document_frequency_are_those_of_rank_bm25(corpus: list[list[str]]) -> None:
    ranker = LexicalRanker.build(corpus)
    okapi_idf = BM25Okapi(corpus).idf if any(corpus) else {}
    for term in {term for tokens in corpus for term in tokens}:
        assert ranker.idf(term) == okapi_idf[term]
        assert ranker.document_frequency(term) == sum(term in tokens for tokens in corpus)
    assert (ranker.idf("never seen"), ranker.document_frequency("never seen")) == (0.0, 0)


def test_a_match_with_score_zero_or_below_is_still_a_candidate() -> None:
    """A term in one of two passages has idf 0; terms in all passages push rank_bm25's floor below 0."""
    half = LexicalRanker.build([["tariff"], ["border"]])
    assert half.rank(["tariff"], 5) == [Scored(0, 0.0)]
    common = LexicalRanker.build([["tariff"], ["tariff"]])
    assert [scored.row for scored in common.rank(["tariff"], 5)] == [0, 1]
    assert common.rank(["tariff"], 5)[0].score < 0


def test_ties_at_the_cut_go_to_the_first_rows() -> None:
    ranker = LexicalRanker.build([["x"], ["b"], ["a"], ["a"], ["c"], ["a"], ["d"], ["e"]])
    assert [scored.row for scored in ranker.rank(["a", "x"], 3)] == [0, 2, 3]


@pytest.mark.parametrize("corpus", [[], [[]], [[], []]])
def test_a_corpus_without_words_finds_nothing(corpus: list[list[str]]) -> None:
    for ranker in (LexicalRanker.build(corpus), saved_and_loaded(LexicalRanker.build(corpus))):
        assert ranker.rank(["tariff"], 5) == []
        assert ranker.scores(["tariff"]).tolist() == [0.0] * len(corpus)


def test_a_term_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        LexicalRanker.build([["a\nb"]])


def test_arrays_that_contradict_each_other_are_damage() -> None:
    arrays = LexicalRanker.build([["a", "b"], ["b"]]).to_arrays()
    for name, wrong in {
        "rows": arrays["rows"] + 5,
        "counts": arrays["counts"][:-1],
        "places": arrays["places"][:-1],
        "lengths": arrays["lengths"][:1],
        "indptr": arrays["indptr"][::-1],
        "vocabulary": np.frombuffer(b"a", np.uint8),
    }.items():
        with pytest.raises(IndexDamaged, match="rebuild with"):
            LexicalRanker.from_arrays({**arrays, name: wrong})


def test_postings_take_less_than_half_the_memory_of_rank_bm25() -> None:
    """Beside them its own tables, whose numbers and texts are not counted: fewer bytes than it really takes."""
    corpus = [text.split() for text in zipf_texts(1_000)]
    _, _, memory = okapi(corpus, LexicalRanker.build(corpus), ())
    assert memory < 0.5


def test_postings_of_wider_numbers_which_an_older_index_holds_give_the_same() -> None:
    """A count above a byte's, in a passage beyond the first 256."""
    corpus = [*([f"t{n}", "and"] for n in range(299)), ["and", *["long"] * 300]]
    narrow = LexicalRanker.build(corpus)
    arrays = narrow.to_arrays()
    assert {name: arrays[name].dtype.itemsize for name in WIDER} == {"rows": 2, "counts": 2, "places": 1}
    wide = LexicalRanker.from_arrays({**arrays, **{name: arrays[name].astype(np.int32) for name in WIDER}})
    every = np.arange(len(corpus))
    for terms in (["long"], ["and", "t7", "long", "t7"]):
        assert narrow.scores(terms).tobytes() == wide.scores(terms).tobytes() == okapi_scores(corpus, terms).tobytes()
        assert narrow.contributions(terms, 299) == wide.contributions(terms, 299)
    made = wide.restricted(every).to_arrays()
    assert {name: (values.dtype, values.tobytes()) for name, values in made.items()} == {
        name: (values.dtype, values.tobytes()) for name, values in arrays.items()
    }


def test_postings_of_some_passages_at_a_time_are_those_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(2)
    corpus = [[f"t{n}" for n in dice.geometric(0.02, size)] for size in dice.integers(0, 300, 600).tolist()]
    at_once = LexicalRanker.build(corpus).to_arrays()
    monkeypatch.setattr(lexical, "_TOGETHER", 7)
    made = LexicalRanker.build(corpus).to_arrays()
    assert {name: (values.dtype, values.tobytes()) for name, values in made.items()} == {
        name: (values.dtype, values.tobytes()) for name, values in at_once.items()
    }


def test_twenty_thousand_passages_are_ranked_as_rank_bm25_ranks_them() -> None:
    """Large enough for partial sorting, with a skewed vocabulary, so that ties and common terms occur."""
    rng = np.random.default_rng(7)
    corpus = [[f"t{number}" for number in rng.zipf(1.3, 40) % 5000] for _ in range(20_000)]
    ranker = LexicalRanker.build(corpus)
    okapi = BM25Okapi(corpus)
    for _ in range(5):
        terms = [f"t{number}" for number in rng.zipf(1.3, 6) % 5000]
        expected = okapi.get_scores(terms)
        assert ranker.scores(terms).tobytes() == expected.tobytes()
        best = sorted(range(len(corpus)), key=lambda row: (-expected[row], row))[:100]
        assert [scored.row for scored in ranker.rank(terms, 100)] == best


@pytest.mark.parametrize("depth", [1, 5, 40])
def test_of_many_passages_the_best_are_those_of_a_full_sort(depth: int) -> None:
    """Of common terms, whose passages are marked, and of a rare one asked for twice, whose passages are sorted."""
    dice = np.random.default_rng(4)
    corpus = [[f"t{n}" for n in dice.geometric(0.15, size)] for size in dice.integers(0, 30, 6_000).tolist()]
    ranker = LexicalRanker.build(corpus)
    for terms in (["t1", "t9", "t30"], ["t2"], ["t25", "t25", "never"]):
        for allowed in (None, dice.random(len(corpus)) < 0.5):
            scores = ranker.scores(terms)
            rows = np.flatnonzero(scores > 0 if allowed is None else (scores > 0) & allowed)
            best = rows[np.argsort(-scores[rows], kind="stable")][:depth]
            assert [found.row for found in ranker.rank(terms, depth, allowed)] == best.tolist()
