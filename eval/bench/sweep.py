"""Every cell of a grid is run like any other set; out come quality and cost, and which cells nobody beats."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path

import numpy as np

from eval.runs.tables import Table, below, cells_of, in_points, paragraphs
from eval.scoring.figures import chosen
from eval.scoring.intervals import Figure, mean
from eval.scoring.run import Run, measure
from eval.sets.sets import EvalSet, half, resolve_set
from index.errors import BadInput
from index.settings import Settings, load_settings
from index.shards import SHAPING
from index.terminal import Show

# A grid of settings in TOML: which sets, which measure is quality, which values of which settings are tried.
#
#     sets = ["gold/articles-dev.jsonl"]       # below the grid file's own folder, or from where the command runs
#     quality = "exact citation, of all"
#     [grid]
#     passage_tokens = [120, 160, 220]
#     fusion = ["convex", "rrf"]
#
# Only what may be tuned on is asked: development files and the tuning halves of public sets.

MOST_CELLS = 500

Value = str | int | float | bool
Cell = Mapping[str, Value]  # setting → value; an empty one is what ships


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells in the order of the file, the first setting changing slowest; the defaults come first."""

    sets: tuple[EvalSet, ...]
    quality: str
    cells: tuple[Cell, ...]


def read_grid(path: Path) -> Grid:
    """Raises BadInput with the file's name and what does not fit; NotFound or BadGold for a set that cannot be read."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no file '{path}'; a grid looks like eval/sweeps/defaults.toml") from error
    except (OSError, ValueError) as error:  # not TOML, or not UTF-8
        raise BadInput(f"{path}: not a TOML file that can be read ({error})") from error
    if unknown := found.keys() - {"sets", "quality", "grid"}:
        raise BadInput(f"{path}: {', '.join(sorted(unknown))} is no part of a grid; known are sets, quality and [grid]")
    quality = found.get("quality", "exact citation, of all")
    return Grid(_sets(path, found.get("sets")), chosen([str(quality)])[0], _cells(path, found.get("grid")))


def _sets(path: Path, names: object) -> tuple[EvalSet, ...]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadInput(f"{path}: sets must be a list of gold files or folders, with one at least")
    return tuple(_tunable(path, name) for name in names)


def _tunable(path: Path, name: str) -> EvalSet:
    beside = path.parent / name
    questions = half(resolve_set(beside if beside.exists() else Path(name)), tuning=True)
    if not questions.questions:
        raise BadInput(f"{path}: nothing in {name} may be tuned on; name a development file (*-dev.jsonl)")
    return questions


def _cells(path: Path, grid: object) -> tuple[Cell, ...]:
    if not isinstance(grid, dict) or not grid:
        raise BadInput(f"{path}: [grid] must name settings, each with a list of values")
    for name, values in grid.items():
        if name not in Settings.model_fields:
            raise BadInput(f"{path}: there is no setting {name!r}; the table in README.md names all")
        if not isinstance(values, list) or not values:
            raise BadInput(f"{path}: {name} must be a list of values to try")
    cells = _deviations(grid)
    if len(cells) > MOST_CELLS:
        raise BadInput(f"{path}: {len(cells):,} cells are more than {MOST_CELLS}; try fewer values at once")
    for cell in cells:
        load_settings(**cell)  # a value that cannot be is said before the first hour of work
    return cells


def _deviations(grid: Mapping[str, Sequence[Value]]) -> tuple[Cell, ...]:
    """Every combination, by what differs from the settings that ship; the shipped ones first."""
    shipped = {name: field.default for name, field in Settings.model_fields.items()}
    every = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    cells = [{name: value for name, value in one.items() if value != shipped[name]} for one in every]
    return ({}, *(cell for at, cell in enumerate(cells) if cell and cell not in cells[:at]))


COST = "all, median CPU ms"


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


def sweep(grid: Grid, work: Path, show: Show, keep: Callable[[int, Run], None]) -> tuple[Tried, ...]:
    """In the grid's order; `keep` is given each run with its cell's number. Raises what `measure` raises."""
    runs: list[list[Run]] = []
    for number, cell in enumerate(grid.cells):
        settings = load_settings(**cell)
        told = _told(show, f"cell {number + 1} of {len(grid.cells)}")
        reports = [measure(questions, settings, told, work / _folder(settings)) for questions in grid.sets]
        for report in reports:
            keep(number, report)
        runs.append(reports)
    scores = [_scores(reports, grid.quality) for reports in runs]
    costs = [float(np.mean([report.value(COST) or 0.0 for report in reports])) for reports in runs]
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


def _scores(reports: Sequence[Run], quality: str) -> dict[tuple[str, str], float]:
    """(set, question) → its own value. Raises BadInput for a figure that no single question has."""
    found = {
        (report.set_name, row.id): row.scores[quality]
        for report in reports
        for row in report.rows
        if quality in row.scores
    }
    if not found:
        raise BadInput(f"no question of these sets has a {quality!r} of its own; choose one of the means, as nDCG@10")
    return found


def _difference(first: dict[tuple[str, str], float], other: dict[tuple[str, str], float]) -> Figure:
    return mean("difference", [other[key] - first[key] for key in first if key in other])


def _folder(settings: Settings) -> str:
    """Cells whose indexes are alike share one."""
    shape = "|".join(f"{getattr(settings, name)}" for name in SHAPING)
    return f"sweep-{sha256(shape.encode()).hexdigest()[:12]}"


def _told(show: Show, where: str) -> Show:
    return lambda step, done, total: show(f"{where}: {step}", done, total)


# A sweep as text and as a Markdown table.

_NOTE = "Nobody beats a cell marked * in both quality and cost. Differences are paired by question, in points."


def text_of_sweep(tried: Sequence[Tried]) -> str:
    return paragraphs(_table(tried, 7), _NOTE)


def markdown_of_sweep(tried: Sequence[Tried], *, command: str) -> str:
    """Without the costs, which another run would change; the plot and the text show them."""
    said = "Differences are paired by question, with 95 % intervals."
    return paragraphs(_table(tried, 5).as_markdown(), below(command, said=said))


def _table(tried: Sequence[Tried], columns: int) -> Table:
    head = ("settings", tried[0].quality.name, "95 % interval", "n", "from shipped, in points", "CPU ms", "")
    return Table(head[:columns], [_row(one)[:columns] for one in tried])


def name_of(cell: Cell) -> str:
    return ", ".join(f"{name} {value}" for name, value in cell.items()) or "as shipped"


def _row(one: Tried) -> tuple[str, ...]:
    points = in_points(one.difference) if one.difference and one.difference.value is not None else ""
    return (name_of(one.cell), *cells_of(one.quality), points, f"{one.cost_ms:.1f}", "*" if one.best else "")
