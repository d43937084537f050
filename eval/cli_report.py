"""The command `eval report`."""

from pathlib import Path
from typing import Annotated

import typer

from eval.compare import compare
from eval.page import Against, page_of
from eval.runs import Run, read_run
from eval.trials import read_trial, trial_in
from index.console import tell


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run file of `eval run --out`.")],
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page to write.")],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[OTHER]", help="An earlier run of the same questions, or a baseline, to compare with."),
    ] = None,
    times: Annotated[
        bool, typer.Option("--times/--no-times", help="With CPU times, which differ on every machine.")
    ] = True,
) -> None:
    """Show a run as one HTML page: figures, curves, slices, and every question with what was found and quoted."""
    shown = read_run(run)
    against = _against(shown, other) if other else None
    page = page_of(shown, against, times=times)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8", newline="\n")
    tell(f"wrote {out} ({len(page.encode()) / 1000:,.0f} kB)")


def _against(run: Run, other: Path) -> Against:
    before = read_trial(other)
    return Against(str(other), before, compare(before, trial_in(run)))
