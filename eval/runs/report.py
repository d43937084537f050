"""A run as text and as the Markdown tables that stand between markers in README and docs."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from eval.runs.tables import Table, bracketed, figure_table, paragraphs, sentence
from eval.scoring.figures import SHORT, TABLE
from eval.scoring.latency import NOTE as LATENCY
from eval.scoring.reliability import BINS, Bin, Reliability
from eval.scoring.run import Run


def only(run: Run, names: Collection[str]) -> Run:
    """The same run with these figures alone."""
    return replace(run, figures=tuple(figure for figure in run.figures if figure.name in names))


def text_of(run: Run) -> str:
    """The figures of a run as an aligned table with its notes."""
    return paragraphs(_title(run), figure_table(run.figures), run.notes)


def markdown_of(run: Run, *, command: str, short: bool = False) -> str:
    """The figures that were measured, as a Markdown table with the command that gives them.

    Left out is what another run on the same code would change, and in the short form what a newcomer need not know.
    """
    shown = SHORT if short else TABLE
    measured = [figure for figure in run.figures if figure.value is not None and figure.name in shown]
    notes = [f"{sentence(note)}." for note in run.notes if note != LATENCY]
    return paragraphs(figure_table(measured).as_markdown(), [f"{_title(run)}: written by `{command}`.", *notes])


def _title(run: Run) -> str:
    asked = run.questions
    counts = f"{asked.answerable} answerable and {asked.unanswerable} unanswerable questions"
    return f"{run.set_name} · {counts} · index {run.index_version}"


# Runs of several sets as Markdown, a line a set: what is compared across sets stands below one another.

GROUPS = (
    ("Success@1", "RR@10", "nDCG@10", "R@10"),
    ("answer sentence hit@1", "answer in a quote", "token F1", "exact citation, of answered"),
    ("AUROC", "AURC", "coverage at 90 % precision", "calibration error"),
)


def markdown_of_sets(runs: Sequence[Run], *, command: str) -> str:
    """A table for each group of figures; an empty cell is a figure that the set cannot measure."""
    tables = (_of_group(names, runs).as_markdown() for names in GROUPS)
    return paragraphs(*tables, f"Intervals are 95 %. Written by `{command}`.")


def _of_group(names: Sequence[str], runs: Sequence[Run]) -> Table:
    rows = []
    for run in runs:
        cells = [bracketed(run.figure(name), digits=2, unmeasured="") for name in names]
        if any(cells):
            rows.append((run.set_name, f"{run.questions.answerable} / {run.questions.unanswerable}", *cells))
    return Table(("set", "answerable / not", *names), rows)


# How far the confidences of a run can be believed, bin by bin.

_BAR = 30  # characters of a whole bar


def text_of_reliability(found: Reliability) -> str:
    """The figures, then a line a bin with a bar for the share right and a mark where the confidence lies."""
    head = f"{'confidence':<16}{'n':>5}{'said':>7}{'right':>7}  95 % interval"
    lines = [
        f"{one.lowest:.2f} to {one.highest:.2f}{one.n:>9}{one.confidence:>7.2f}{one.right:>7.2f}  "
        f"{one.low:.2f} to {one.high:.2f}   {_bar(one)}"
        for one in found.bins
    ]
    return paragraphs(_said(found), [head, *lines], "bar: share right; |: where the confidence says it ends")


def markdown_of_reliability(found: Reliability) -> str:
    """The bins as a table and the figures below it."""
    rows = [
        (
            f"{one.lowest:.2f} to {one.highest:.2f}",
            str(one.n),
            f"{one.confidence:.2f}",
            f"{one.right:.2f}",
            f"{one.low:.2f} to {one.high:.2f}",
        )
        for one in found.bins
    ]
    table = Table(("confidence", "n", "said", "right", "95 % interval"), rows)
    return paragraphs(table.as_markdown(), [f"* {line}" for line in _said(found)])


def _said(found: Reliability) -> list[str]:
    if not found.bins:
        return ["no answer to judge"]
    brier = found.brier
    interval = f", 95 % interval {brier.low:.3f} to {brier.high:.3f}" if brier.low is not None else ""
    return [
        f"{brier.n} answers: mean confidence {found.confidence.value:.3f}, {found.right.value:.3f} of them right",
        f"Brier score {brier.value:.3f}{interval}",
        *(
            f"expected calibration error, {BINS} bins of {one.bins}: {one.value:.3f} "
            f"(a perfect probability: up to {one.by_chance:.3f} by chance)"
            for one in found.errors
        ),
    ]


def _bar(one: Bin) -> str:
    filled = round(one.right * _BAR)
    cells = ["█" if at < filled else "·" for at in range(_BAR + 1)]
    cells[round(one.confidence * _BAR)] = "|"
    return "".join(cells)
