"""Fitting finds what was planted, keeps its signs, and looks only at the tuning half."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import approx_fprime
from scipy.special import expit

from eval.sets.beir import BeirSet
from eval.sets.gold import GoldSet, Question
from eval.sets.sets import half, tuning_questions
from eval.sets.sets import testing_questions as untuned_questions
from eval.training.fit import Sample, best_threshold, confidence_rows, fit_confidence, fit_sentence, shares
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES, NEVER_HELP
from rag.reading.reader import ALONE
from rag.reading.weights import load_weights

Floats = NDArray[np.float64]

AT = {name: n for n, name in enumerate(CONFIDENCE_FEATURES)}
L2 = 1e-4
CANDIDATES = 8


def sample(rng: np.random.Generator, planted: str, sign: int, set_name: str = "made") -> Sample:
    """One right sentence, which stands out in nothing but the planted feature."""
    features = rng.random((CANDIDATES, len(FEATURES)))
    right = np.zeros(CANDIDATES, np.bool_)
    right[rng.integers(CANDIDATES)] = True
    features[right, AT[planted]] += sign * 0.7
    relevant = right | (rng.random(CANDIDATES) < 0.3)
    return Sample(set_name, features, right, relevant, answerable=True)


def planted_samples(planted: str, sign: int, count: int = 120) -> list[Sample]:
    rng = np.random.default_rng(7)
    return [sample(rng, planted, sign, f"set{n % 2}") for n in range(count)]


def listwise_loss(found: list[Sample]) -> Callable[[Floats], float]:
    """The listwise softmax loss, question by question."""
    sizes = {one.set_name: sum(other.set_name == one.set_name for other in found) for one in found}

    def loss(weights: Floats) -> float:
        total = L2 * float(weights @ weights)
        for one in found:
            scores = np.exp(one.features @ weights)
            total -= math.log(scores[one.right].sum() / scores.sum()) / (len(sizes) * sizes[one.set_name])
        return total

    return loss


def assert_no_way_down(loss: Callable[[Floats], float], fitted: Floats, names: tuple[str, ...]) -> None:
    """Finite differences: flat where a weight is free, and uphill into the allowed side where it lies on its bound."""
    slopes = approx_fprime(fitted, loss, 1e-6)
    for name, weight, slope in zip(names, fitted, slopes, strict=True):
        if weight == 0 and name in NEVER_HELP:
            assert slope < 2e-3, name
        elif weight == 0 and name != "bias":
            assert slope > -2e-3, name
        else:
            assert abs(slope) < 2e-3, name


@pytest.mark.parametrize("planted", ["maxsim_terms", "cosine", "kind_found"])
def test_the_feature_by_which_the_right_sentence_stands_out_gets_the_largest_weight(planted: str) -> None:
    weights = fit_sentence(planted_samples(planted, +1))
    assert max(weights, key=lambda name: abs(weights[name])) == planted
    assert weights[planted] > 3
    assert all(abs(weight) < weights[planted] / 3 for name, weight in weights.items() if name != planted)


@pytest.mark.parametrize("planted", sorted(NEVER_HELP))
def test_what_the_right_sentence_has_less_of_gets_a_negative_weight(planted: str) -> None:
    weights = fit_sentence(planted_samples(planted, -1))
    assert min(weights, key=weights.__getitem__) == planted
    assert weights[planted] < -3


@pytest.mark.parametrize(("planted", "sign"), [("cosine", -1), ("bm25", -1), ("length", +1), ("number_other", +1)])
def test_an_odd_correlation_cannot_turn_a_weight_around(planted: str, sign: int) -> None:
    assert fit_sentence(planted_samples(planted, sign))[planted] == 0


def test_weights_are_named_signed_and_without_bias() -> None:
    weights = fit_sentence(planted_samples("cosine", +1))
    assert list(weights) == [*FEATURES, "bias"]
    assert weights["bias"] == 0
    assert all((weights[name] <= 0) == (name in NEVER_HELP) or weights[name] == 0 for name in FEATURES)


@pytest.mark.parametrize(("planted", "sign"), [("cosine", +1), ("length", -1), ("bm25", -1)])
def test_no_finite_difference_finds_better_sentence_weights(planted: str, sign: int) -> None:
    found = planted_samples(planted, sign)
    fitted = fit_sentence(found)
    assert_no_way_down(listwise_loss(found), np.array([fitted[name] for name in FEATURES]), FEATURES)


def test_questions_without_a_right_sentence_or_with_nothing_else_teach_nothing() -> None:
    found = planted_samples("cosine", +1)
    silent = [replace(one, right=one.right & False) for one in found[:20]]
    trivial = [replace(one, right=one.right | True) for one in found[:20]]
    assert fit_sentence([*found, *silent, *trivial]) == fit_sentence(found)


def test_every_set_counts_the_same_however_many_questions_it_has() -> None:
    found = planted_samples("cosine", +1)
    first = [one for one in found if one.set_name == "set0"]
    again = fit_sentence([*found, *first])
    assert again == pytest.approx(fit_sentence(found), abs=0.05)


def test_the_same_samples_give_the_same_weights() -> None:
    found = planted_samples("cosine", +1)
    assert fit_sentence(found) == fit_sentence(planted_samples("cosine", +1))


def confidence_questions(planted: str, sign: int) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(11)
    rows = rng.random((400, len(CONFIDENCE_FEATURES)))
    right = (rng.random(400) < expit(8 * sign * (rows[:, AT[planted]] - 0.5))).astype(float)
    return rows, right, np.full(400, 1 / 400)


def confidence_loss(rows: Floats, right: Floats, share: Floats) -> Callable[[Floats], float]:
    def loss(weights: Floats) -> float:
        chance = expit(rows @ weights[:-1] + weights[-1])
        likelihood = right * np.log(chance) + (1 - right) * np.log(1 - chance)
        return float(-(share @ likelihood) + L2 * weights[:-1] @ weights[:-1])

    return loss


@pytest.mark.parametrize(("planted", "sign"), [("gap", +1), ("maxsim_passage", +1), ("names_nowhere", -1)])
def test_confidence_finds_what_right_answers_have_in_common(planted: str, sign: int) -> None:
    weights = fit_confidence(*confidence_questions(planted, sign))
    assert list(weights) == [*CONFIDENCE_FEATURES, "bias"]
    slopes = {name: abs(weight) for name, weight in weights.items() if name != "bias"}
    assert max(slopes, key=slopes.__getitem__) == planted
    assert weights[planted] * sign > 3
    assert weights["bias"] * sign < 0


def test_confidence_cannot_be_turned_around_and_is_the_same_every_time() -> None:
    turned = fit_confidence(*confidence_questions("gap", -1))
    assert turned["gap"] == 0
    assert fit_confidence(*confidence_questions("gap", -1)) == turned


@pytest.mark.parametrize(("planted", "sign"), [("gap", +1), ("names_nowhere", -1), ("score", -1)])
def test_no_finite_difference_finds_better_confidence_weights(planted: str, sign: int) -> None:
    given_ = confidence_questions(planted, sign)
    fitted = fit_confidence(*given_)
    names = (*CONFIDENCE_FEATURES, "bias")
    assert_no_way_down(confidence_loss(*given_), np.array([fitted[name] for name in names]), names)


def small(scores: list[float], right: list[bool], relevant: list[bool], *, answerable: bool = True) -> Sample:
    """Candidates that differ in cosine alone."""
    features = np.zeros((len(scores), len(FEATURES)))
    features[:, AT["cosine"]] = scores
    return Sample("made", features, np.array(right), np.array(relevant), answerable)


COSINE = np.array([float(name == "cosine") for name in FEATURES])


def test_a_confidence_row_is_the_best_sentence_with_its_lead_and_score() -> None:
    rows, right = confidence_rows(
        [small([0.2, 0.9, 0.4], [False, True, False], [True] * 3), small([0.3], [False], [False])], COSINE
    )
    assert right.tolist() == [True, False]
    assert rows[:, AT["cosine"]].tolist() == [0.9, 0.3]
    assert rows[:, AT["gap"]] == pytest.approx([0.5, ALONE])
    assert rows[:, AT["score"]].tolist() == [0.9, 0.3]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_shares_sum_to_one_and_every_set_has_the_same(names: list[str]) -> None:
    found = shares(names)
    assert found.sum() == pytest.approx(1)
    for name in set(names):
        of_set = sum(share for share, other in zip(found, names, strict=True) if other == name)
        assert of_set == pytest.approx(1 / len(set(names)))


@pytest.mark.parametrize(
    ("confidence", "gain", "threshold"),
    [
        ([0.9, 0.8, 0.7, 0.6], [1, 1, -1, -1], 0.8),
        ([0.6, 0.9, 0.7, 0.8], [-1, 1, -1, 1], 0.8),
        ([0.9, 0.8, 0.7, 0.6], [1, -1, 1, 1], 0.6),
        ([0.9, 0.8, 0.7, 0.6], [1, -1, 1, -1], 0.9),
        ([0.9, 0.8, 0.7, 0.6], [-1, 3, -1, -1], 0.8),
        ([0.123449], [1], 0.1234),
    ],
)
def test_the_threshold_is_where_answering_gains_most(
    confidence: list[float], gain: list[float], threshold: float
) -> None:
    assert best_threshold(np.array(confidence), np.array(gain, float)) == threshold


@pytest.mark.parametrize("name", ["trained", "words"])
def test_the_packaged_weights_fit_the_features_and_their_signs(name: str) -> None:
    weights = load_weights(name)
    assert weights.sentence.weights.shape == (len(FEATURES),)
    assert weights.confidence.weights.shape == (len(CONFIDENCE_FEATURES),)
    assert 0 < weights.threshold < 1
    assert weights.margin >= 0
    for feature, weight in [
        *zip(FEATURES, weights.sentence.weights, strict=True),
        *zip(CONFIDENCE_FEATURES, weights.confidence.weights, strict=True),
    ]:
        assert weight <= 0 if feature in NEVER_HELP else weight >= 0, feature


def beir(name: str, *near: str) -> BeirSet:
    questions = tuple(Question(f"q{n}", "Why?", True, (), (), (), near=one) for n, one in enumerate(near))
    relevant = {question.id: {"d": 1} for question in questions}
    return BeirSet(name, Path("corpus.jsonl"), questions, relevant, ())


def ids(questions: list[Question]) -> list[str]:
    return [question.id for question in questions]


def test_squad_is_tuned_on_the_questions_of_its_first_eight_articles() -> None:
    made = beir("squad2-dev-half", "00-Normans", "07-Oil", "08-Rhine", "34-Force", "")
    assert ids(tuning_questions(made)) == ["q0", "q1"]
    assert ids(untuned_questions(made)) == ["q2", "q3", "q4"]


def test_timeqa_is_tuned_on_the_first_half_of_its_articles_by_name() -> None:
    made = beir("timeqa-human", "d", "a", "c", "b", "a")
    assert ids(tuning_questions(made)) == ["q1", "q3", "q4"]
    assert ids(untuned_questions(made)) == ["q0", "q2"]


def test_any_other_set_is_tuned_on_every_second_question() -> None:
    made = beir("nq", "", "", "", "", "")
    assert ids(tuning_questions(made)) == ["q0", "q2", "q4"]
    assert ids(untuned_questions(made)) == ["q1", "q3"]


@pytest.mark.parametrize(
    ("name", "tuned"), [("articles-dev", 3), ("articles-test", 0), ("dev-articles", 0), ("dev", 0)]
)
def test_a_gold_file_is_tuned_on_as_a_whole_only_if_its_name_ends_in_dev(name: str, tuned: int) -> None:
    gold = GoldSet(name, beir("nq", "", "", "").questions)
    assert (len(tuning_questions(gold)), len(untuned_questions(gold))) == (tuned, 3 - tuned)


def test_a_half_keeps_its_own_judgements_only() -> None:
    made = beir("nq", "", "", "")
    first, second = half(made, tuning=True), half(made, tuning=False)
    assert isinstance(first, BeirSet)
    assert isinstance(second, BeirSet)
    assert (set(first.relevant), set(second.relevant)) == ({"q0", "q2"}, {"q1"})
    assert not {q.id for q in first.questions} & {q.id for q in second.questions}
    gold = half(GoldSet("articles-test", made.questions), tuning=True)
    assert (gold.name, gold.questions) == ("articles-test", ())
