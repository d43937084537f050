"""Every cell of a grid is run like any other set; out come quality and cost, and which cells nobody beats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from eval.grid import Cell, Grid, settings_of
from eval.intervals import Figure, mean
from eval.measuring import measure
from eval.opening import Show
from eval.rows import scores_of
from eval.run import Report
from index.errors import BadInput
from index.settings import Settings

COST = "all, median CPU ms"
_SHAPING = ("embedder", "passage_tokens", "overlap_sentences", "stem", "token_vectors")  # an index of its own for each


@dataclass(frozen=True, slots=True)
class Tried:
    """One cell: its quality over the questions of all sets, what it differs by from the first cell, and its cost.

    `difference` is paired by question, in the same unit as quality; None for the first cell itself.
    """

    cell: Cell
    quality: Figure
    difference: Figure | None
    cost_ms: float  # CPU ms an answer: the median of each set, averaged over the sets
    best: bool  # no other cell is at least as good and at least as cheap, and better in one of the two


def sweep(grid: Grid, work: Path, show: Show, keep: Callable[[int, Report], None]) -> tuple[Tried, ...]:
    """In the grid's order; `keep` is given each run with its cell's number. Raises what `measure` raises."""
    runs: list[list[Report]] = []
    for number, cell in enumerate(grid.cells):
        settings = settings_of(cell)
        told = _told(show, f"cell {number + 1} of {len(grid.cells)}")
        reports = [measure(questions, settings, told, work / _folder(settings)) for questions in grid.sets]
        for report in reports:
            keep(number, report)
        runs.append(reports)
    scores = [_scores(reports, grid.quality) for reports in runs]
    costs = [float(np.mean([_cost(report) for report in reports])) for reports in runs]
    qualities = [mean(grid.quality, list(own.values())) for own in scores]
    values = [quality.value or 0.0 for quality in qualities]
    return tuple(
        Tried(cell, qualities[at], _difference(scores[0], scores[at]) if at else None, costs[at], best)
        for at, (cell, best) in enumerate(zip(grid.cells, front(values, costs), strict=True))
    )


def front(values: Sequence[float], costs: Sequence[float]) -> list[bool]:
    """Which ones are Pareto optimal: high values, low costs; equal ones stand beside each other."""
    pairs = list(zip(values, costs, strict=True))
    return [not any(v >= value and c <= cost and (v, c) != (value, cost) for v, c in pairs) for value, cost in pairs]


def _scores(reports: Sequence[Report], quality: str) -> dict[tuple[str, str], float]:
    """(set, question) → its own value. Raises BadInput for a figure that no single question has."""
    found = {
        (report.set_name, row.question_id): own[quality]
        for report in reports
        for row, own in zip(report.rows, scores_of(report.rows), strict=True)
        if quality in own
    }
    if not found:
        raise BadInput(f"no question of these sets has a {quality!r} of its own; choose one of the means, as nDCG@10")
    return found


def _difference(first: dict[tuple[str, str], float], other: dict[tuple[str, str], float]) -> Figure:
    return mean("difference", [other[key] - first[key] for key in first if key in other])


def _cost(report: Report) -> float:
    return next(figure.value or 0.0 for figure in report.figures if figure.name == COST)


def _folder(settings: Settings) -> str:
    """Cells whose indexes are alike share one."""
    shape = "|".join(f"{getattr(settings, name)}" for name in _SHAPING)
    return f"sweep-{sha256(shape.encode()).hexdigest()[:12]}"


def _told(show: Show, where: str) -> Show:
    return lambda step, done, total: show(f"{where}: {step}", done, total)
