"""A grid of settings in TOML: which sets, which measure is quality, which values of which settings are tried.

    sets = ["gold/articles-dev.jsonl"]       # below the grid file's own folder, or from where the command runs
    quality = "exact citation, of all"
    [grid]
    passage_tokens = [120, 160, 220]
    fusion = ["convex", "rrf"]

Only what may be tuned on is asked: development files and the tuning halves of public sets.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from eval.figures import chosen
from eval.sets import EvalSet, resolve_set
from eval.tune import half
from index.errors import BadInput
from index.settings import Settings, load_settings

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


def settings_of(cell: Cell) -> Settings:
    """The settings that ship with the cell's values in their place."""
    return load_settings(**cell)


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
        settings_of(cell)  # a value that cannot be is said before the first hour of work
    return cells


def _deviations(grid: Mapping[str, Sequence[Value]]) -> tuple[Cell, ...]:
    """Every combination, by what differs from the settings that ship; the shipped ones first."""
    shipped = {name: field.default for name, field in Settings.model_fields.items()}
    every = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    cells = [{name: value for name, value in one.items() if value != shipped[name]} for one in every]
    return ({}, *(cell for at, cell in enumerate(cells) if cell and cell not in cells[:at]))
