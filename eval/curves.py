"""The curves of a run as <svg> for a page, and how far its confidence can be believed."""

from collections.abc import Iterator, Sequence

import numpy as np

from eval.certify import Judged
from eval.plots import Point, in_page, reliability, risk_coverage
from eval.refusing import said_in
from eval.reliability import Reliability, measure_reliability
from eval.runs import Run
from eval.selective import risk_coverage as curve_of
from eval.trials import Outcome


def curve_plot(run: Run, other: Sequence[Outcome]) -> str:
    """Risk against coverage as <svg>; empty where the set cannot say which answers are right."""
    if not run.risk_coverage:
        return ""
    curves = [("this run", [(point.coverage, point.risk) for point in run.risk_coverage])]
    if before := list(_curve_of(other)):
        curves.append(("the other run", before))
    return in_page(risk_coverage(curves), "risk", "Share of answers wrong against share of questions answered")


def reliability_of(run: Run) -> Reliability:
    """Of the answers that were given; without a bin where none can be judged."""
    judged = [row for row in run.rows if row.status == "answered" and (row.any_right is not None or not row.answerable)]
    if all(row.any_right is None for row in run.rows):
        judged = []
    return measure_reliability(
        Judged(
            np.array([row.confidence for row in judged], np.float64),
            np.array([not row.any_right for row in judged], np.bool_),
            len(run.rows),
        )
    )


def reliability_plot(found: Reliability) -> str:
    """As <svg>; empty without an answer."""
    bins = [(one.confidence, one.right, one.n) for one in found.bins]
    return in_page(reliability(bins), "said", "Share of answers right against the confidence said") if bins else ""


def _curve_of(outcomes: Sequence[Outcome]) -> Iterator[Point]:
    if outcomes and (said := said_in(outcomes)).judged.any():
        for point in curve_of(said.rows[said.judged], said.rows[~said.answerable]):
            yield point.coverage, point.risk
