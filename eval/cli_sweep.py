"""The command `eval sweep`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from eval.blocks import Write, write_block
from eval.cli_run import keep
from eval.grid import read_grid
from eval.opening import WORK
from eval.plots import pareto
from eval.run import Report
from eval.sweep import sweep as run_sweep
from eval.sweep_report import json_of_sweep, markdown_of_sweep, name_of, text_of_sweep
from index.console import emit, emit_json, progress, tell
from index.options import Json


def sweep(
    grid: Annotated[Path, typer.Argument(metavar="GRID.toml", help="As eval/sweeps/defaults.toml.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the run of every cell.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Quality against CPU time.")] = None,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Try settings on what may be tuned on, and show quality against cost; the settings that ship come first."""
    wanted = read_grid(grid)
    with progress() as show:
        tried = run_sweep(wanted, WORK, show, partial(_keep, out))
    emit_json(json_of_sweep(tried)) if as_json else emit(text_of_sweep(tried))
    if plot:
        points = [(name_of(one.cell), one.cost_ms, one.quality.value or 0.0, one.best) for one in tried]
        plot.write_text(pareto(points, quality=wanted.quality), encoding="utf-8")
        tell(f"drawn as {plot}")
    write_block(write, f"sweep-{grid.stem}", markdown_of_sweep(tried, command=f"quotewell eval sweep {grid}"))


def _keep(out: Path | None, number: int, report: Report) -> None:
    if out:
        keep(report, out / f"cell-{number:03d}")
