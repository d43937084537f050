"""A sweep as text, as JSON and as a Markdown table."""

from collections.abc import Sequence
from typing import Any

from eval.grid import Cell
from eval.sweep import Tried
from eval.tables import aligned, cells_of, json_figure

_SHIPPED = "as shipped"
_NOTE = "Nobody beats a cell marked * in both quality and cost. Differences are paired by question, in points."


def text_of_sweep(tried: Sequence[Tried]) -> str:
    head = ("settings", tried[0].quality.name, "95 % interval", "n", "from shipped, in points", "CPU ms", "")
    return "\n".join([*aligned([head, *map(_row, tried)]), "", _NOTE])


def json_of_sweep(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    return [
        {
            "cell": dict(one.cell),
            "quality": json_figure(one.quality),
            "difference": json_figure(one.difference) if one.difference else None,
            "cost_ms": one.cost_ms,
            "best": one.best,
        }
        for one in tried
    ]


def markdown_of_sweep(tried: Sequence[Tried], *, command: str) -> str:
    """Without the costs, which another run would change; the plot and the text show them."""
    lines = [f"| settings | {tried[0].quality.name} | 95 % interval | n | from shipped, in points |"]
    lines += ["|---|---:|---:|---:|---:|"]
    lines += [f"| {' | '.join(_row(one)[:5])} |" for one in tried]
    return "\n".join([*lines, "", f"Differences are paired by question, with 95 % intervals. Written by `{command}`."])


def name_of(cell: Cell) -> str:
    return ", ".join(f"{name} {value}" for name, value in cell.items()) or _SHIPPED


def _row(one: Tried) -> tuple[str, ...]:
    points = ""
    if one.difference and one.difference.value is not None:
        low, high = one.difference.low or 0.0, one.difference.high or 0.0
        points = f"{100 * one.difference.value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    return (name_of(one.cell), *cells_of(one.quality), points, f"{one.cost_ms:.1f}", "*" if one.best else "")
