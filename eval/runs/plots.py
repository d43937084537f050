"""Plots as inline SVG: the same numbers give the same bytes, and text stays text, so that it can be read and searched.

matplotlib is imported when something is drawn: no other command should pay the second that this takes.
"""

import io
import os
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from tempfile import TemporaryDirectory
from typing import Any

from eval.scoring.figures import Reliability, curve, judged_rows, measure_reliability
from eval.scoring.rows import Row
from eval.scoring.run import Run

_STYLE: Any = {  # ids inside the file are random without a salt
    "svg.fonttype": "none", "svg.hashsalt": "quotewell", "font.size": 10, "font.family": "sans-serif",
    "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip
_INK, _FAINT, _STRONG = "#1f2430", "#9aa3b2", "#0b57d0"
_INCHES = (6.0, 3.4)
_OF_THE_PAGE = {"#000000": "currentColor", _INK: "currentColor", _STRONG: "var(--accent)", _FAINT: "var(--muted)"}
_ID = re.compile(r' id="([^"]*)"')

Point = tuple[float, float]


def pareto(points: Sequence[tuple[str, float, float, bool]], *, quality: str) -> str:
    """(name, CPU ms, quality, is on the front) of every cell; the front is joined by a line and named."""

    def draw(axes: Any) -> None:
        rest = [(cost, value) for _, cost, value, best in points if not best]
        best = sorted((cost, value, name) for name, cost, value, best in points if best)
        axes.scatter(*_columns(rest), color=_FAINT, s=22, label="beaten by another")
        axes.plot(*_columns([one[:2] for one in best]), color=_STRONG, marker="o", label="beaten by none")
        for cost, value, name in best:
            axes.annotate(name, (cost, value), textcoords="offset points", xytext=(6, -12), fontsize=8, color=_INK)
        axes.set(xlabel="CPU ms an answer, median", ylabel=quality)

    return _svg(draw)


def growing(sizes: Sequence[int], costs: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Of each named cost how many times that of the smallest size it is, beside a line that grows as the sizes do."""

    def draw(axes: Any) -> None:
        for name, values in (*costs, ("passages", sizes)):
            look = {"color": _FAINT, "linestyle": "--"} if values is sizes else {"marker": "o", "markersize": 3}
            axes.plot(sizes, [value / max(values[0], 1e-9) for value in values], label=name, **look)
        axes.set(xscale="log", yscale="log", xlabel="passages", ylabel=f"times that of {sizes[0]:,}")

    return _svg(draw)


def risk_coverage(curves: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """For each named run its (coverage, risk) points, both 0..1."""

    def draw(axes: Any) -> None:
        for (name, points), (colour, line) in zip(curves, ((_STRONG, "-"), (_FAINT, "--")), strict=False):
            axes.step(*_columns(points), where="post", color=colour, linestyle=line, label=name)
        axes.set(xlabel="share of questions answered", ylabel="share of answers wrong", xlim=(0, 1), ylim=(0, None))

    return _svg(draw)


def reliability(bins: Sequence[tuple[float, float, int]]) -> str:
    """(mean confidence, share right, questions) of each bin, beside the line where both are equal."""

    def draw(axes: Any) -> None:
        axes.plot((0, 1), (0, 1), color=_FAINT, linestyle="--", label="said = right")
        said, right, counts = zip(*bins, strict=True) if bins else ((), (), ())
        axes.scatter(said, right, s=[12 + 3 * count for count in counts], color=_STRONG, label="questions")
        axes.set(xlabel="confidence that was said", ylabel="share right", xlim=(0, 1), ylim=(0, 1.02))

    return _svg(draw)


def in_page(svg: str, name: str, label: str) -> str:
    """One of these plots for the page of many: in the page's colours and type, with ids that begin with its name.

    `label` is what a screen reader says of it. The page defines --accent and --muted.
    """
    body = re.sub(r"\s*<metadata>.*?</metadata>|\s*<style.*?</style>", "", svg, flags=re.DOTALL)
    used = {found for found in _ID.findall(body) if f"#{found}" in body}
    body = _ID.sub(lambda at: f' id="{name}-{at[1]}"' if at[1] in used else "", body)
    body = re.sub(r'(href="|url\()#', rf"\1#{name}-", body)
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    for colour, own in _OF_THE_PAGE.items():
        body = body.replace(colour, own)
    return body.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _svg(draw: Any) -> str:
    """The <svg> element alone, as it can stand in a page or a file."""
    matplotlib = _matplotlib()
    with matplotlib.rc_context(_STYLE):
        figure = matplotlib.figure.Figure(figsize=_INCHES, layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.legend(frameon=False, fontsize=8)
        page = io.StringIO()
        figure.savefig(page, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = page.getvalue()
    return text[text.index("<svg") :]


@cache
def _matplotlib() -> Any:
    """With a home of its own while it is loaded: in the user's it would leave a list of fonts, and obey a style."""
    with TemporaryDirectory(prefix="quotewell-plots-") as folder:
        os.environ["MPLCONFIGDIR"] = folder
        import matplotlib.figure
    return matplotlib


# The curves of a run as <svg> for a page, and how far its confidence can be believed.


def curve_plot(run: Run, other: Sequence[Row]) -> str:
    """Risk against coverage as <svg>; empty where the set cannot say which answers are right."""
    if not run.risk_coverage:
        return ""
    both = (("this run", run.risk_coverage), ("the other run", curve(other)))
    curves = [(name, [(point.coverage, point.risk) for point in points]) for name, points in both if points]
    return in_page(risk_coverage(curves), "risk", "Share of answers wrong against share of questions answered")


def reliability_of(run: Run) -> Reliability:
    """Of the answers that were given; without a bin where none can be judged."""
    judged = any(row.any_right is not None for row in run.rows)
    return measure_reliability(judged_rows(run.rows if judged else ()))


def reliability_plot(found: Reliability) -> str:
    """As <svg>; empty without an answer."""
    bins = [(one.confidence, one.right, one.n) for one in found.bins]
    return in_page(reliability(bins), "said", "Share of answers right against the confidence said") if bins else ""
