"""A run as text, as JSON and as the Markdown table that stands between markers in README and docs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.runs.tables import aligned, cells_of, json_figure, listed
from eval.scoring.figures import SHORT, TABLE
from eval.scoring.intervals import Figure
from eval.scoring.latency import NOTE as LATENCY
from eval.scoring.measures import Values
from eval.scoring.rows import PLACES, Detail, GoldMark, Row, scores_of
from eval.scoring.run import Report
from index.records import Hit
from rag.answer import Citation, Dropped
from rag.answer_json import dropped_fields
from rag.explain.show import shortened

FORMAT = "quotewell-run-1"
_DROPPED, _DROPPED_CHARACTERS = 5, 160  # quotes of a question that are not shown, and how much is kept of each


def only(report: Report, names: Collection[str]) -> Report:
    """The same run with these figures alone."""
    return replace(report, figures=tuple(figure for figure in report.figures if figure.name in names))


def text_of(report: Report) -> str:
    """The figures of a run as an aligned table with its notes."""
    head = ("measure", "value", "95 % interval", "n")
    table = [head, *((figure.name, *cells_of(figure)) for figure in report.figures)]
    return "\n".join([_title(report), "", *aligned(table), *listed(report.notes)])


def json_of(report: Report, *, rows: bool = True) -> dict[str, Any]:
    """The run as JSON-able values, which `eval.runs` reads; what was not measured is null."""
    found: dict[str, Any] = {
        "format": FORMAT,
        "set": report.set_name,
        "level": report.level,
        "index_version": report.index_version,
        "questions": {
            "answerable": sum(row.answerable for row in report.rows),
            "unanswerable": sum(not row.answerable for row in report.rows),
        },
        "figures": {figure.name: json_figure(figure) for figure in report.figures},
        "notes": list(report.notes),
        "made_with": dict(report.made_with) or None,
        "risk_coverage": [point._asdict() for point in report.curve],
    }
    if not rows:
        return found
    scored = zip(report.rows, scores_of(report.rows), strict=True)
    return {**found, "rows": [_json_row(row, scores) for row, scores in scored], "passages": _json_passages(report)}


def markdown_of(report: Report, *, command: str, short: bool = False) -> str:
    """The figures that were measured, as a Markdown table with the command that gives them.

    Left out is what another run on the same code would change, and in the short form what a newcomer need not know.
    """
    shown = SHORT if short else TABLE
    measured = [figure for figure in report.figures if figure.value is not None and figure.name in shown]
    lines = ["| measure | value | 95 % interval | n |", "|---|---:|---:|---:|"]
    lines += [f"| {' | '.join((figure.name, *cells_of(figure)))} |" for figure in measured]
    notes = [f"{note[0].upper()}{note[1:]}." for note in report.notes if note != LATENCY]
    return "\n".join([*lines, "", f"{_title(report)}: written by `{command}`.", *notes])


def _title(report: Report) -> str:
    answerable = sum(row.answerable for row in report.rows)
    counts = f"{answerable} answerable and {len(report.rows) - answerable} unanswerable questions"
    return f"{report.set_name} · {counts} · index {report.index_version}"


def _json_row(row: Row, scores: Values) -> dict[str, Any]:
    return {
        "id": row.question_id,
        "question": row.asked,
        "answerable": row.answerable,
        "tags": list(row.tags),
        "status": row.status,
        "confidence": row.confidence,
        "rank": row.rank,
        "found": list(row.found[:PLACES]),
        "relevant": {unit: gain for unit, gain in row.judged.items() if gain > 0},
        "evidence": list(row.evidence),
        "citations": [_json_citation(citation) for citation in row.citations],
        "first_right": row.first_right,
        "any_right": row.any_right,
        "latency": dict(row.latency),
        "measures": dict(row.values),
        "scores": scores,
        **_json_detail(row.detail),
    }


def _json_detail(detail: Detail) -> dict[str, Any]:
    reason = detail.reason
    return {
        "reason": reason.code if reason else None,
        "missing": list(reason.missing) if reason else [],
        "threshold": detail.threshold,
        "ranks": [dict(hit.ranks) for hit in detail.hits],
        "gold": [_json_mark(mark) for mark in detail.gold],
        "answers": list(detail.answers),
        "features": {"quote": dict(detail.of_quote), "confidence": dict(detail.of_confidence)},
        "ranker_scores": [{name: float(score) for name, score in hit.scores.items()} for hit in detail.hits],
        "dropped": [_json_dropped(one) for one in detail.dropped[:_DROPPED]],
    }


def _json_dropped(one: Dropped) -> dict[str, Any]:
    fields = dropped_fields(one)
    return {**fields, "quote": shortened(fields["quote"], _DROPPED_CHARACTERS)}


def _json_mark(mark: GoldMark) -> dict[str, Any]:
    start, end = mark.clean or (None, None)
    span = mark.span
    place = {"document_id": span.document_id, "start": span.start, "end": span.end, "quote": span.quote}
    return {**place, "clean_start": start, "clean_end": end}


def _json_citation(citation: Citation) -> dict[str, Any]:
    return {
        "document_id": citation.document_id,
        "passage_id": citation.passage_id,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "source_start": citation.source_start,
        "source_end": citation.source_end,
    }


def _json_passages(report: Report) -> dict[str, dict[str, Any]]:
    """Every passage of the rows' evidence, once."""
    hits = [hit for row in report.rows for hit in row.detail.hits]
    return {hit.passage.id: _json_passage(hit, report.titles) for hit in hits}


def _json_passage(hit: Hit, titles: Mapping[str, str]) -> dict[str, Any]:
    passage = hit.passage
    place = {"document_id": passage.document_id, "title": titles[passage.document_id]}
    return {**place, "text": passage.text, "start": passage.start, "end": passage.end}


# Runs of several sets as Markdown, a line a set: what is compared across sets stands below one another.

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
