"""Two readers on the same questions, each as it ships: every figure side by side, with its paired difference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.runs.paired import said_in
from eval.runs.tables import Table, bracketed, in_points, json_of, paragraphs, sure
from eval.scoring.intervals import Figure, Sample, mean, stratified
from eval.scoring.judge import auroc, coverage
from eval.scoring.rows import Row
from eval.scoring.run import Run
from index.errors import BadInput

MEASURES = (
    *("Success@1", "RR@10", "answer sentence hit@1", "exact citation, of all"),
    *("AUROC", "coverage at 90 % precision"),
)


@dataclass(frozen=True, slots=True)
class Match:
    """The figures of both readers on one set, and reader minus other for each of MEASURES."""

    set_name: str
    reader: Mapping[str, Figure]
    other: Mapping[str, Figure]
    differences: Mapping[str, Figure]


def match(reader: Run, other: Run) -> Match:
    """From two runs over the same questions in the same order. Raises BadInput for others."""
    pairs = list(zip(reader.rows, other.rows, strict=False))
    if len(reader.rows) != len(other.rows) or any(a.id != b.id for a, b in pairs):
        raise BadInput(f"the runs of {reader.set_name} and {other.set_name} are not about the same questions")
    return Match(reader.set_name, _shown(reader), _shown(other), {name: _difference(name, pairs) for name in MEASURES})


def _shown(report: Run) -> dict[str, Figure]:
    return {figure.name: figure for figure in report.figures if figure.name in MEASURES}


def _difference(name: str, pairs: Sequence[tuple[Row, Row]]) -> Figure:
    if name not in ("AUROC", "coverage at 90 % precision"):
        return mean(name, [a.scores[name] - b.scores[name] for a, b in pairs if name in a.scores])
    ours, theirs = (said_in(rows) for rows in zip(*pairs, strict=True))
    both = np.hstack([ours.rows, theirs.rows])  # (pairs, 2 * 3)
    unanswerable = both[~ours.answerable]
    if name == "AUROC":
        groups = both[ours.answerable], unanswerable
        return stratified(name, groups, _minus(lambda a, b: auroc(a[:, 0], b[:, 0])), n=len(pairs))
    return stratified(name, (both[ours.judged], unanswerable), _minus(coverage), n=int(ours.judged.sum()))


def _minus(statistic: Callable[[Sample, Sample], float | None]) -> Callable[[Sample, Sample], float | None]:
    """The statistic of the left halves minus that of the right halves."""

    def difference(a: Sample, b: Sample) -> float | None:
        half = a.shape[1] // 2
        ours, theirs = statistic(a[:, :half], b[:, :half]), statistic(a[:, half:], b[:, half:])
        return None if ours is None or theirs is None else ours - theirs

    return difference


def text_of_matches(matches: Sequence[Match], reader: str, other: str) -> str:
    """One line a set and measure; `*` where the interval of the difference leaves out zero."""
    lines = []
    for each in matches:
        for name in MEASURES:
            ours, theirs, gain = each.reader[name], each.other[name], each.differences[name]
            if ours.value is not None and theirs.value is not None:
                values = f"{reader} {ours.value:.3f}  {other} {theirs.value:.3f}"
                lines.append(f"{each.set_name:22} {name:28} {values}  {in_points(gain)}{'*' if sure(gain) else ''}")
    return "\n".join(lines)


def json_of_matches(matches: Sequence[Match], reader: str, other: str) -> list[dict[str, Any]]:
    """As JSON-able values; what was not measured is null."""
    return [
        {
            "set": each.set_name,
            "measure": name,
            reader: json_of(each.reader[name]),
            other: json_of(each.other[name]),
            "difference": json_of(each.differences[name]),
        }
        for each in matches
        for name in MEASURES
    ]


def markdown_of_matches(matches: Sequence[Match], reader: str, other: str, *, command: str) -> str:
    """A table for each measure: both readers with intervals and the paired difference in points."""
    tables = []
    for name in MEASURES:
        rows = []
        for each in matches:
            if each.reader[name].value is not None:
                both = (bracketed(figures[name], digits=2) for figures in (each.reader, each.other))
                rows.append((each.set_name, str(each.reader[name].n), *both, in_points(each.differences[name])))
        if rows:
            tables.append(Table((name, "n", reader, other, f"{reader} − {other}, in points"), rows).as_markdown())
    return paragraphs(*tables, f"Intervals are 95 %. Written by `{command}`.")
