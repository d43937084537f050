"""Risk against coverage: by hand, against ten-line oracles, and whatever the order of the questions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.scoring.figures import area_and_error, aurc, calibration_error, risk_coverage
from eval.scoring.intervals import Sample
from eval.scoring.judge import coverage, coverages
from eval.scoring.latency import STAGES, latency_figures, nearest_rank

BIT = st.sampled_from([0.0, 1.0])
ROWS = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), BIT, BIT), max_size=8)


def rows(*triples: tuple[float, float, float]) -> Sample:
    return np.array(triples, dtype=np.float64).reshape(-1, 3)


def test_a_curve_by_hand() -> None:
    """Answers at .9 right, .8 wrong and right together, .5 to an unanswerable question; one of five was silent."""
    answerable = rows((0.9, 1, 1), (0.8, 1, 0), (0.8, 1, 1), (0.7, 0, 0))
    unanswerable = rows((0.5, 1, 0))
    curve = risk_coverage(answerable, unanswerable)
    assert [point.confidence for point in curve] == [0.9, 0.8, 0.5]
    assert [point.coverage for point in curve] == pytest.approx([1 / 5, 3 / 5, 4 / 5])
    assert [point.risk for point in curve] == pytest.approx([0, 1 / 3, 2 / 4])
    assert aurc(answerable, unanswerable) == pytest.approx((0 + 1 / 3 + 1 / 3 + 2 / 4) / 4)


def test_calibration_error_by_hand() -> None:
    """Four answers in four bins: |0.9 - 1|, |0.8 - 1|, |0.8 - 0| and |0.5 - 0|, each a quarter."""
    found = calibration_error(rows((0.9, 1, 1), (0.8, 1, 0), (0.8, 1, 1), (0.7, 0, 0)), rows((0.5, 1, 0)))
    assert found == pytest.approx((0.1 + 0.2 + 0.8 + 0.5) / 4)


def test_without_an_answer_nothing_is_measured() -> None:
    silent = rows((0.9, 0, 0))
    assert area_and_error(silent, rows()) == (None, None)
    assert risk_coverage(rows(), rows((0.5, 1, 0))) == ()


@given(ROWS, ROWS)
def test_the_area_is_the_mean_risk_over_the_answers(
    answerable: list[tuple[float, float, float]], unanswerable: list[tuple[float, float, float]]
) -> None:
    given_ = [(c, right) for c, given, right in answerable if given] + [
        (c, 0.0) for c, given, _ in unanswerable if given
    ]
    risks = []
    for confidence, _ in given_:
        above = [right for c, right in given_ if c >= confidence]
        risks.append(1 - sum(above) / len(above))
    expected = pytest.approx(sum(risks) / len(risks)) if risks else None
    assert aurc(rows(*answerable), rows(*unanswerable)) == expected


@given(ROWS, ROWS, st.randoms())
def test_the_order_of_the_questions_means_nothing(
    answerable: list[tuple[float, float, float]], unanswerable: list[tuple[float, float, float]], chance: object
) -> None:
    assert hasattr(chance, "sample")
    shuffled = rows(*chance.sample(answerable, len(answerable)))
    assert risk_coverage(shuffled, rows(*unanswerable)) == risk_coverage(rows(*answerable), rows(*unanswerable))
    both = area_and_error(rows(*answerable), rows(*unanswerable))
    assert area_and_error(shuffled, rows(*unanswerable)) == pytest.approx(both)
    assert both == (aurc(rows(*answerable), rows(*unanswerable)), calibration_error(shuffled, rows(*unanswerable)))


@given(ROWS, ROWS)
def test_coverage_never_rises_with_the_precision_asked_for(
    answerable: list[tuple[float, float, float]], unanswerable: list[tuple[float, float, float]]
) -> None:
    found = coverages(rows(*answerable), rows(*unanswerable), precisions=(0.8, 0.9, 0.95))
    assert found[1] == coverage(rows(*answerable), rows(*unanswerable), precision=0.9)
    assert list(found) == sorted(found, reverse=True, key=lambda value: value or 0)


def test_percentiles_are_observations_themselves() -> None:
    """Of twenty the tenth and the nineteenth; of three the second; of one itself."""
    twenty = np.arange(20.0)[::-1]
    assert [float(nearest_rank(twenty, share)) for share in (0.5, 0.95)] == [9, 18]
    assert float(nearest_rank(np.array([3.0, 1.0, 2.0]), 0.5)) == 2
    assert float(nearest_rank(np.array([4.0]), 0.95)) == 4


def test_latencies_are_measured_only_where_they_were_taken() -> None:
    taken = [dict.fromkeys(STAGES, float(at)) for at in range(20)]
    figures = {figure.name: figure for figure in latency_figures([{}, *taken])}
    assert (figures["read, median CPU ms"].value, figures["read, p95 CPU ms"].value) == (9, 18)
    assert {figure.n for figure in figures.values()} == {20}
    assert {figure.value for figure in latency_figures([{}])} == {None}
