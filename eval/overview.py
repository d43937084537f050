"""What a page says of a whole run: its figures, its slices and its times, as the cells of tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.contrast import RIGHT, SLICED
from eval.drill import QuestionView
from eval.intervals import Figure, mean
from eval.latency import FIGURES as TIMES
from eval.latency import NOTE, STAGES
from eval.meanings import MEANINGS
from eval.runs import KeptFigure, Run
from eval.tables import cells_of


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of the summary; `bar` are low, value and high, 0..100, for shares that were measured."""

    name: str
    meaning: str
    value: str
    interval: str
    n: str
    bar: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class TagRow:
    """A slice: each figure of SLICED as (value, interval), and the questions that are not right."""

    tag: str
    n: int
    cells: tuple[tuple[str, str], ...]
    failed: tuple[QuestionView, ...]


@dataclass(frozen=True, slots=True)
class TimeRow:
    """A stage: median and 95th percentile in CPU ms, each as (value, interval, value of the other run)."""

    stage: str
    cells: tuple[tuple[str, str, str], ...]


def figure_rows(run: Run, asked: Sequence[QuestionView]) -> list[FigureRow]:
    """All but the times, and first what counts in the end."""
    kept = [_figure(name, figure) for name, figure in run.figures.items() if name not in TIMES]
    return [_row(figure) for figure in (_mean_of(RIGHT, asked), *kept)]


def notes_of(run: Run, *, times: bool) -> list[str]:
    return [note for note in run.notes if times or note != NOTE]


def tag_rows(asked: Sequence[QuestionView]) -> list[TagRow]:
    """The most frequent tags first."""
    tags = {tag: [one for one in asked if tag in one.row.tags] for one in asked for tag in one.row.tags}
    return [
        TagRow(
            tag,
            len(own),
            tuple(cells_of(_mean_of(name, own))[:2] for name in SLICED),
            tuple(one for one in own if one.group not in ("right", "unjudged")),
        )
        for tag, own in sorted(tags.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def time_rows(run: Run, before: Mapping[str, KeptFigure]) -> list[TimeRow]:
    """Empty where no time was measured."""
    missing = KeptFigure(None, 0, None, None)
    rows = []
    for stage in STAGES:
        names = [name for name in TIMES if name.startswith(f"{stage},")]
        here, there = ([cells_of(_figure(n, of.get(n, missing))) for n in names] for of in (run.figures, before))
        cells = ((own[0], own[1], other[0]) for own, other in zip(here, there, strict=True))
        rows.append(TimeRow(stage, tuple(cells)))
    return rows if any(name in run.figures and run.figures[name].n for name in TIMES) else []


def _mean_of(name: str, asked: Sequence[QuestionView]) -> Figure:
    if name == RIGHT:
        return mean(RIGHT, [float(one.outcome.right) for one in asked if one.outcome.right is not None])
    return mean(name, [one.row.scores[name] for one in asked if name in one.row.scores])


def _figure(name: str, kept: KeptFigure) -> Figure:
    return Figure(name, kept.value, kept.n, kept.low, kept.high)


def _row(figure: Figure) -> FigureRow:
    low, value, high = figure.low, figure.value, figure.high
    drawn = None
    if low is not None and value is not None and high is not None and low >= 0 and high <= 1:
        drawn = (100 * low, 100 * value, 100 * high)
    return FigureRow(figure.name, MEANINGS.get(figure.name, ""), *cells_of(figure), drawn)
