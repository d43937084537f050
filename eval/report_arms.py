"""Arms side by side, as text, as JSON and as the Markdown tables of the docs."""

from collections.abc import Sequence
from typing import Any

from eval.arms import Comparison, Difference
from eval.intervals import Figure
from eval.tables import NOT_MEASURED, aligned, cells_of, json_figure, listed, value_of


def text_of_comparison(comparison: Comparison) -> str:
    """The figures of the arms side by side, then every paired difference; `*` where the interval leaves out zero."""
    names = [figure.name for figure in next(iter(comparison.arms.values()))]
    arms = [("arm", *names), *((arm, *map(value_of, figures)) for arm, figures in comparison.arms.items())]
    head = ("difference", "measure", "value", "95 % interval", "n")
    differences = [head, *(_difference(difference) for difference in comparison.differences)]
    title = f"{comparison.set_name} · index {comparison.index_version}"
    pairs = ["", *aligned(differences)] if comparison.differences else []
    return "\n".join([title, "", *aligned(arms), *pairs, *listed(comparison.notes)])


def json_of_comparison(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values."""
    return {
        "set": comparison.set_name,
        "index_version": comparison.index_version,
        "arms": {arm: {each.name: json_figure(each) for each in each_of} for arm, each_of in comparison.arms.items()},
        "differences": [
            {"arm": each.arm, "other": each.other, "measure": each.figure.name, **json_figure(each.figure)}
            for each in comparison.differences
        ],
        "notes": list(comparison.notes),
    }


def markdown_of_arms(
    comparisons: Sequence[Comparison], arms: Sequence[str], pairs: Sequence[tuple[str, str]], *, command: str
) -> str:
    """For each set the arms' Success@1 / nDCG@10, then the paired differences of nDCG@10 that matter, in points."""
    lines = [f"| set | n | {' | '.join(arms)} |", f"|---|---:|{'---:|' * len(arms)}"]
    for each in comparisons:
        figures = {arm: {figure.name: figure for figure in each.arms[arm]} for arm in arms}
        cells = [f"{_short(of['Success@1'])} / {_short(of['nDCG@10'])}" for of in figures.values()]
        lines.append(f"| {each.set_name} | {figures[arms[0]]['nDCG@10'].n} | {' | '.join(cells)} |")
    lines += ["", "| nDCG@10, paired, in points | " + " | ".join(f"{a} − {b}" for a, b in pairs) + " |"]
    lines += [f"|---|{'---:|' * len(pairs)}"]
    for each in comparisons:
        lines.append(f"| {each.set_name} | {' | '.join(_points(each, a, b) for a, b in pairs)} |")
    return "\n".join([*lines, "", f"Cells are Success@1 / nDCG@10; intervals are 95 %. Written by `{command}`."])


def _short(figure: Figure) -> str:
    """Without the nought before the point."""
    return value_of(figure).removeprefix("0")


def _points(comparison: Comparison, arm: str, other: str) -> str:
    """The difference as a person reads it: in points, with its interval."""
    for each in comparison.differences:
        if each.figure.name == "nDCG@10" and {each.arm, each.other} == {arm, other}:
            sign = 100 if each.arm == arm else -100
            value, low, high = (sign * (x or 0.0) for x in (each.figure.value, each.figure.low, each.figure.high))
            return f"{value:+.1f} [{min(low, high):+.1f}, {max(low, high):+.1f}]"
    return NOT_MEASURED


def _difference(difference: Difference) -> tuple[str, ...]:
    figure = difference.figure
    sure = figure.low is not None and figure.high is not None and not figure.low <= 0 <= figure.high
    value, interval, n = cells_of(figure)
    return f"{difference.arm} - {difference.other}", figure.name, value, interval + (" *" if sure else "  "), n
