"""Figures as text, as JSON and as the Markdown tables that stand between markers in README and docs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from eval.arms import Comparison, Difference
from eval.intervals import Figure
from eval.rows import Row
from eval.run import Report
from index.errors import BadInput, NotFound
from rag.answers import Citation

_NOT_MEASURED = "not measured"


def text_of(report: Report) -> str:
    """The figures of a run as an aligned table with its notes."""
    head = ("measure", "value", "95 % interval", "n")
    table = [head, *((figure.name, *_cells(figure)) for figure in report.figures)]
    return "\n".join([_title(report), "", *_aligned(table), *_notes(report.notes)])


def text_of_comparison(comparison: Comparison) -> str:
    """The figures of the arms side by side, then every paired difference; `*` where the interval leaves out zero."""
    names = [figure.name for figure in next(iter(comparison.arms.values()))]
    arms = [("arm", *names), *((arm, *map(_value, figures)) for arm, figures in comparison.arms.items())]
    head = ("difference", "measure", "value", "95 % interval", "n")
    differences = [head, *(_difference(difference) for difference in comparison.differences)]
    title = f"{comparison.set_name} · index {comparison.index_version}"
    pairs = ["", *_aligned(differences)] if comparison.differences else []
    return "\n".join([title, "", *_aligned(arms), *pairs, *_notes(comparison.notes)])


def json_of(report: Report, *, rows: bool = True) -> dict[str, Any]:
    """The run as JSON-able values; what was not measured is null."""
    found: dict[str, Any] = {
        "set": report.set_name,
        "index_version": report.index_version,
        "questions": {
            "answerable": sum(row.answerable for row in report.rows),
            "unanswerable": sum(not row.answerable for row in report.rows),
        },
        "figures": {figure.name: _json_figure(figure) for figure in report.figures},
        "notes": list(report.notes),
    }
    return {**found, "rows": [_json_row(row) for row in report.rows]} if rows else found


def json_of_comparison(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values."""
    return {
        "set": comparison.set_name,
        "index_version": comparison.index_version,
        "arms": {arm: {each.name: _json_figure(each) for each in each_of} for arm, each_of in comparison.arms.items()},
        "differences": [
            {"arm": each.arm, "other": each.other, "measure": each.figure.name, **_json_figure(each.figure)}
            for each in comparison.differences
        ],
        "notes": list(comparison.notes),
    }


def markdown_of(report: Report, *, command: str) -> str:
    """The figures that were measured, as a Markdown table with the command that gives them."""
    measured = [figure for figure in report.figures if figure.value is not None]
    lines = ["| measure | value | 95 % interval | n |", "|---|---:|---:|---:|"]
    lines += [f"| {' | '.join((figure.name, *_cells(figure)))} |" for figure in measured]
    notes = [f"{note[0].upper()}{note[1:]}." for note in report.notes]
    return "\n".join([*lines, "", f"{_title(report)}: written by `{command}`.", *notes])


def markdown_of_arms(
    comparisons: Sequence[Comparison], arms: Sequence[str], pairs: Sequence[tuple[str, str]], *, command: str
) -> str:
    """For each set the arms' Success@1 / nDCG@10, then the paired differences of nDCG@10 that matter, in points."""
    lines = [f"| set | n | {' | '.join(arms)} |", f"|---|---:|{'---:|' * len(arms)}"]
    for each in comparisons:
        figures = {arm: {figure.name: figure for figure in each.arms[arm]} for arm in arms}
        cells = [f"{_value(of['Success@1'])[1:]} / {_value(of['nDCG@10'])[1:]}" for of in figures.values()]
        lines.append(f"| {each.set_name} | {figures[arms[0]]['nDCG@10'].n} | {' | '.join(cells)} |")
    lines += ["", "| nDCG@10, paired, in points | " + " | ".join(f"{a} − {b}" for a, b in pairs) + " |"]
    lines += [f"|---|{'---:|' * len(pairs)}"]
    for each in comparisons:
        lines.append(f"| {each.set_name} | {' | '.join(_points(each, a, b) for a, b in pairs)} |")
    return "\n".join([*lines, "", f"Cells are Success@1 / nDCG@10; intervals are 95 %. Written by `{command}`."])


def _points(comparison: Comparison, arm: str, other: str) -> str:
    """The difference as a person reads it: in points, with its interval."""
    for each in comparison.differences:
        if each.figure.name == "nDCG@10" and {each.arm, each.other} == {arm, other}:
            sign = 100 if each.arm == arm else -100
            value, low, high = (sign * (x or 0.0) for x in (each.figure.value, each.figure.low, each.figure.high))
            return f"{value:+.1f} [{min(low, high):+.1f}, {max(low, high):+.1f}]"
    return _NOT_MEASURED


def replace_block(path: Path, name: str, body: str) -> bool:
    """Put `body` between `<!-- eval:NAME -->` and `<!-- /eval:NAME -->`; False when it stood there already.

    Raises NotFound for a missing file and BadInput unless both markers stand there once, in that order.
    """
    if not path.is_file():
        raise NotFound(f"no file {path} to write the table into; give a file that holds the markers")
    opening, closing = f"<!-- eval:{name} -->", f"<!-- /eval:{name} -->"
    before = path.read_bytes().decode("utf-8")
    start, end = before.find(opening), before.find(closing)
    if before.count(opening) != 1 or before.count(closing) != 1 or end < start:
        raise BadInput(f"{path} needs {opening} and after it {closing}, once each; add them where the table belongs")
    newline = "\r\n" if "\r\n" in before else "\n"
    block = newline.join([opening, *body.splitlines(), closing])
    after = before[:start] + block + before[end + len(closing) :]
    if after != before:
        path.write_bytes(after.encode("utf-8"))
    return after != before


def _title(report: Report) -> str:
    answerable = sum(row.answerable for row in report.rows)
    counts = f"{answerable} answerable and {len(report.rows) - answerable} unanswerable questions"
    return f"{report.set_name} · {counts} · index {report.index_version}"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(_padded(row, widths)).rstrip() for row in table]


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    return (
        cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )


def _cells(figure: Figure) -> tuple[str, str, str]:
    if figure.low is None or figure.high is None:
        return _NOT_MEASURED, "", ""
    return _value(figure), f"{figure.low:.3f} to {figure.high:.3f}", str(figure.n)


def _value(figure: Figure) -> str:
    return _NOT_MEASURED if figure.value is None else f"{figure.value:.3f}"


def _difference(difference: Difference) -> tuple[str, ...]:
    figure = difference.figure
    sure = figure.low is not None and figure.high is not None and not figure.low <= 0 <= figure.high
    value, interval, n = _cells(figure)
    return f"{difference.arm} - {difference.other}", figure.name, value, interval + (" *" if sure else "  "), n


def _notes(notes: Sequence[str]) -> list[str]:
    return ["", *notes] if notes else []


def _json_figure(figure: Figure) -> dict[str, float | int | None]:
    return {"value": figure.value, "n": figure.n, "low": figure.low, "high": figure.high}


def _json_row(row: Row) -> dict[str, Any]:
    return {
        "id": row.question_id,
        "question": row.asked,
        "answerable": row.answerable,
        "tags": list(row.tags),
        "status": row.status,
        "confidence": row.confidence,
        "rank": row.rank,
        "found": list(row.found),
        "evidence": list(row.evidence),
        "citations": [_json_citation(citation) for citation in row.citations],
        "first_right": row.first_right,
        "any_right": row.any_right,
        "measures": dict(row.values),
    }


def _json_citation(citation: Citation) -> dict[str, Any]:
    return {
        "document_id": citation.document_id,
        "passage_id": citation.passage_id,
        "quote": citation.quote,
        "source_start": citation.source_start,
        "source_end": citation.source_end,
    }
