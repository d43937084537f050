"""Measures against arithmetic done by hand, against ten-line oracles, and against scipy."""

from math import log2

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from eval.scoring.intervals import SEED, Figure, mean, stratified, together
from eval.scoring.judge import (
    auroc,
    coverage,
    first_rank,
    holds_answer,
    judged_shares,
    normalised,
    ranked,
    ranked_names,
    token_f1,
)

UNITS = [f"p{n}" for n in range(12)]
RANKINGS = st.permutations(UNITS)
RELEVANT = st.dictionaries(st.sampled_from([*UNITS, "elsewhere"]), st.integers(1, 3), min_size=1)
CONFIDENCES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=12)
GIVEN = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])),
    max_size=8,
)


def triples(rows: list[tuple[float, float, float]]) -> np.ndarray:
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def test_ranked_measures_by_hand() -> None:
    """Right passages b and e; b is found at rank 2, e never: RR 1/2, nDCG (1/log2 3) / (1/log2 2 + 1/log2 3)."""
    values = ranked({"q": ["a", "b", "c"]}, {"q": {"b": 1, "e": 1}}, "passage")["q"]
    assert values == pytest.approx(
        {
            "Success@1": 0,
            "Success@3": 1,
            "Success@5": 1,
            "RR@10": 1 / 2,
            "nDCG@10": (1 / log2(3)) / (1 / log2(2) + 1 / log2(3)),
        }
    )


def test_graded_documents_by_hand() -> None:
    """Gains 2 (found second) and 1 (found first): nDCG (1 + 2/log2 3) / (2 + 1/log2 3); both found, recall 1."""
    values = ranked({"q": ["y", "x"]}, {"q": {"x": 2, "y": 1}}, "document")["q"]
    assert values["nDCG@10"] == pytest.approx((1 + 2 / log2(3)) / (2 + 1 / log2(3)))
    assert (values["R@10"], values["RR@10"]) == (1, 1)


def test_recall_is_measured_for_documents_only() -> None:
    assert ranked_names("document") == (*ranked_names("passage"), "R@10", "R@20", "R@100")


def test_a_silent_question_and_one_that_nothing_can_answer_count_zero() -> None:
    values = ranked({"silent": []}, {"silent": {"a": 1}, "never ranked": {"a": 1}, "lost": {}}, "document")
    assert {id_: set(row.values()) for id_, row in values.items()} == {
        "silent": {0.0},
        "never ranked": {0.0},
        "lost": {0.0},
    }
    assert all(tuple(sorted(row)) == tuple(sorted(ranked_names("document"))) for row in values.values())


def test_nothing_to_judge_gives_nothing() -> None:
    assert ranked({}, {}, "passage") == {}


@given(RANKINGS, RELEVANT)
def test_ranked_measures_equal_their_definitions(ranking: list[str], relevant: dict[str, int]) -> None:
    gains = [relevant.get(unit, 0) for unit in ranking[:10]]
    ideal = sorted(relevant.values(), reverse=True)[:10]
    first = first_rank(ranking, relevant)
    values = ranked({"q": ranking}, {"q": relevant}, "document")["q"]
    assert values["RR@10"] == pytest.approx(1 / first if first and first <= 10 else 0)
    assert [values[f"Success@{k}"] for k in (1, 3, 5)] == [bool(first and first <= k) for k in (1, 3, 5)]
    assert values["nDCG@10"] == pytest.approx(dcg(gains) / dcg(ideal))
    assert values["R@10"] == pytest.approx(sum(gain > 0 for gain in gains) / len(relevant))


def dcg(gains: list[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))


@given(RANKINGS, RELEVANT, st.integers(1, len(UNITS) - 1))
def test_no_measure_falls_when_a_right_passage_moves_up(ranking: list[str], relevant: dict[str, int], at: int) -> None:
    if ranking[at] not in relevant or ranking[at - 1] in relevant:
        return
    better = [*ranking[: at - 1], ranking[at], ranking[at - 1], *ranking[at + 1 :]]
    values = ranked({"before": ranking, "after": better}, {"before": relevant, "after": relevant}, "document")
    assert all(values["after"][name] >= values["before"][name] - 1e-12 for name in values["before"])


def test_auroc_by_hand() -> None:
    """Pairs (0.9, 0.5) 1, (0.9, 0.2) 1, (0.5, 0.5) ½, (0.5, 0.2) 1: 3.5 of 4."""
    assert auroc(np.array([0.9, 0.5]), np.array([0.5, 0.2])) == 3.5 / 4


def test_auroc_of_one_kind_only_is_not_measured() -> None:
    assert auroc(np.array([]), np.array([0.5])) is None
    assert auroc(np.array([0.5]), np.array([])) is None


@given(CONFIDENCES, CONFIDENCES)
def test_auroc_is_mann_and_whitneys_u(answerable: list[float], unanswerable: list[float]) -> None:
    expected = scipy.stats.mannwhitneyu(answerable, unanswerable, method="asymptotic").statistic
    assert auroc(np.array(answerable), np.array(unanswerable)) == pytest.approx(
        expected / (len(answerable) * len(unanswerable))
    )


def test_coverage_by_hand() -> None:
    """Right at 0.9 and 0.8, a wrong one at 0.7, silence at 0.1; 2 of 4 at precision 1, 3 of 4 at 2/3."""
    answerable = triples([(0.9, 1, 1), (0.8, 1, 1), (0.7, 1, 0), (0.1, 0, 0)])
    assert coverage(answerable, triples([])) == 2 / 4
    assert coverage(answerable, triples([]), precision=2 / 3) == 3 / 4


def test_nine_of_ten_are_enough_for_ninety_percent() -> None:
    answerable = triples([(0.5, 1, 1)] * 9)
    assert coverage(answerable, triples([(0.5, 1, 0)])) == 1
    assert coverage(answerable, triples([(0.5, 1, 0)] * 2)) == 0


def test_an_answer_to_an_unanswerable_question_is_given_and_never_right() -> None:
    """The two share a confidence, so no threshold parts them; below them nothing reaches 0.9."""
    assert coverage(triples([(0.6, 1, 1)]), triples([(0.6, 1, 1)])) == 0
    assert coverage(triples([(0.7, 1, 1)]), triples([(0.6, 1, 1)])) == 1


def test_coverage_without_answerable_questions_is_not_measured_and_without_answers_is_zero() -> None:
    assert coverage(triples([]), triples([(0.6, 1, 0)])) is None
    assert coverage(triples([(0.6, 0, 0)]), triples([])) == 0


@given(GIVEN.filter(bool), GIVEN)
def test_coverage_is_the_best_of_all_thresholds(
    answerable: list[tuple[float, float, float]], unanswerable: list[tuple[float, float, float]]
) -> None:
    best = 0.0
    for threshold in (0.1, 0.2, 0.3, 0.4):
        over = [row for row in answerable if row[1] and row[0] >= threshold]
        given_count = len(over) + sum(row[1] > 0 and row[0] >= threshold for row in unanswerable)
        if given_count and sum(row[2] for row in over) * 10 >= given_count * 9:
            best = max(best, len(over) / len(answerable))
    assert coverage(triples(answerable), triples(unanswerable)) == pytest.approx(best)


def test_an_answer_is_found_without_case_punctuation_and_articles() -> None:
    assert normalised("The  U.S. — “Treaty”, an_end!") == "us treaty anend"
    assert holds_answer("He joined the University of Arizona, Tucson, in 2004.", ["University of Arizona , Tucson"])
    assert holds_answer("Die STRASSE war leer.", ["straße"])
    assert holds_answer("钟楼建于1892年，高四十二米。", ["1892", "四十二米"])
    assert not holds_answer("钟楼建于1892年。", ["189", "桥"])


def test_an_answer_is_found_as_whole_words_only() -> None:
    assert not holds_answer("They gave up 1308 points.", ["308"])
    assert not holds_answer("Anything at all.", ["", "the", "?"])


def test_a_mean_states_its_n_and_an_interval_around_it() -> None:
    figure = mean("rate", [1, 1, 1, 0])
    assert (figure.name, figure.value, figure.n) == ("rate", 0.75, 4)
    assert figure.low is not None and figure.high is not None
    assert 0 <= figure.low < 0.75 < figure.high <= 1


def test_equal_values_leave_no_interval_and_no_values_are_not_measured() -> None:
    assert mean("all", [1.0, 1.0]) == Figure("all", 1, 2, 1, 1)
    assert mean("one", [0.5]) == Figure("one", 0.5, 1, 0.5, 0.5)
    assert mean("none", []) == Figure("none", None, 0, None, None)


def test_the_same_values_give_the_same_interval() -> None:
    assert mean("x", [0.1, 0.5, 0.7]) == mean("x", [0.1, 0.5, 0.7])


def test_the_interval_is_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(1).random(80)
    ours = mean("x", values.tolist())
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=2_000, method="percentile", rng=np.random.default_rng(SEED)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_groups_keep_their_sizes_when_resampled() -> None:
    sizes: set[tuple[int, int]] = set()

    def statistic(first: np.ndarray, second: np.ndarray) -> float:
        sizes.add((len(first), len(second)))
        return float(first.mean())

    stratified("x", [np.array([0.0, 1.0, 1.0]), np.array([])], statistic, n=3)
    assert sizes == {(3, 0)}


def test_an_auroc_interval_holds_its_value() -> None:
    rng = np.random.default_rng(2)
    figure = stratified("AUROC", [rng.normal(1, 1, 60), rng.normal(0, 1, 40)], auroc, n=100)
    assert figure.value is not None and figure.low is not None and figure.high is not None
    assert figure.low < figure.value < figure.high
    assert figure.high - figure.low < 0.25


def test_token_f1_by_hand() -> None:
    """Shared words 2 of 3 and 2, articles and signs left out; the best of several wanted texts counts."""
    assert token_f1("The red house!", ["a house", "red house, old"]) == pytest.approx(4 / 5)
    assert token_f1("red red", ["red"]) == pytest.approx(2 / 3)
    assert [token_f1("the", ["!"]), token_f1("the", ["red"]), token_f1("red", [])] == [1, 0, 0]


@given(st.text("ab ", max_size=12), st.text("ab ", max_size=12))
def test_token_f1_equals_its_definition(text: str, wanted: str) -> None:
    words, others = normalised(text).split(), normalised(wanted).split()
    shared = sum(min(words.count(word), others.count(word)) for word in set(words))
    if not shared:
        assert token_f1(text, [wanted]) == float(words == others)
    else:
        precision, recall = shared / len(words), shared / len(others)
        assert token_f1(text, [wanted]) == pytest.approx(2 * precision * recall / (precision + recall))


def test_the_judged_share_counts_refused_documents_and_leaves_out_silent_questions() -> None:
    shares = judged_shares({"q": ["a", "b", "c"], "silent": []}, {"q": {"a": 1, "c": 0}, "silent": {"a": 1}})
    assert shares == {"q": pytest.approx(2 / 3)}
    assert judged_shares({}, {}) == {}


def test_a_mean_has_the_interval_of_one_draw_at_a_time() -> None:
    sample = np.random.default_rng(1).random(37)
    assert mean("m", sample.tolist()) == stratified("m", (sample,), lambda drawn: float(drawn.mean()), n=37)


def test_figures_from_the_same_draws_are_those_that_each_would_have_alone() -> None:
    groups = [np.random.default_rng(2).random(9), np.random.default_rng(3).random(4)]
    found = together(("a", "none", "b"), groups, lambda a, b: (float(a.max()), None, float(b.min())), n=13)
    assert found == (
        stratified("a", groups, lambda a, _: float(a.max()), n=13),
        Figure("none", None, 0, None, None),
        stratified("b", groups, lambda _, b: float(b.min()), n=13),
    )
