"""Runs of several sets as Markdown, a line a set: what is compared across sets stands below one another."""

from collections.abc import Sequence

from eval.intervals import Figure
from eval.run import Report

GROUPS = (
    ("Success@1", "RR@10", "nDCG@10", "R@10"),
    ("answer sentence hit@1", "answer in a quote", "token F1", "exact citation, of answered"),
    ("AUROC", "AURC", "coverage at 90 % precision", "calibration error"),
)


def markdown_of_sets(reports: Sequence[Report], *, command: str) -> str:
    """A table for each group of figures; an empty cell is a figure that the set cannot measure."""
    tables = [line for names in GROUPS for line in _table(names, reports)]
    return "\n".join([*tables, f"Intervals are 95 %. Written by `{command}`."])


def _table(names: Sequence[str], reports: Sequence[Report]) -> list[str]:
    lines = [f"| set | answerable / not | {' | '.join(names)} |", f"|---|---:|{'---:|' * len(names)}"]
    for report in reports:
        by_name = {figure.name: figure for figure in report.figures}
        cells = [_cell(by_name.get(name)) for name in names]
        if any(cells):
            answerable = sum(row.answerable for row in report.rows)
            counts = f"{answerable} / {len(report.rows) - answerable}"
            lines.append(f"| {report.set_name} | {counts} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return ""
    return f"{figure.value:.3f} [{figure.low:.2f}, {figure.high:.2f}]"
