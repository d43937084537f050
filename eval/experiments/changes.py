"""How often it is said rightly what became of a citation after an edit, with the former text at hand and without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.experiments.article_edits import ArticleEdit, edit_cases
from eval.runs.tables import Table, below, cells_of, paragraphs, value_of
from eval.scoring.intervals import Figure, by_name, mean
from eval.scoring.run import OnQuestion, followed
from eval.sets.beir import BeirSet
from eval.sets.sets import EvalSet
from index.errors import BadInput
from index.formats import read
from index.records import Document, Span
from index.seeding import SEEDS
from rag.receipts.changes import Change, change_of
from rag.receipts.untrusted import StatedCitation

CONTEXT = 32  # code points on either side, as in a receipt
WAYS = ("former text kept", "receipt alone")


@dataclass(frozen=True, slots=True)
class SaidAfterEdit:
    """One case and what was said of it, in the order of WAYS."""

    case: ArticleEdit
    changes: tuple[Change, Change]

    def state_right(self, way: int) -> bool:
        return self.changes[way].state == self.case.after.state

    def place_right(self, way: int) -> bool:
        """State and both offsets."""
        found, span = self.changes[way], self.case.after.span
        return self.state_right(way) and (span is None or span == Span(found.start or 0, found.end or 0))

    def falsely_unchanged(self, way: int) -> bool:
        return self.changes[way].state == "unchanged" != self.case.after.state


@dataclass(frozen=True, slots=True)
class ChangesReport:
    """Figures over all cases, the shares by kind of edit in the order of WAYS, and every case."""

    set_name: str
    articles: int
    figures: tuple[Figure, ...]
    kinds: Mapping[str, tuple[Figure, ...]]
    said: tuple[SaidAfterEdit, ...]
    notes: tuple[str, ...]


def judged_documents(questions: EvalSet) -> list[Document]:
    """The documents that a set, or a half of it, is judged by, in order of their ids; all articles for a gold file."""
    judged = questions if isinstance(questions, BeirSet) else None
    wanted = {name for gains in judged.relevant.values() for name in gains} if judged else set()
    found = [one for one in read([judged.corpus if judged else SEEDS]) if isinstance(one, Document)]
    return sorted((one for one in found if not judged or one.id in wanted), key=lambda document: document.id)


def measure_changes(
    documents: Sequence[Document], *, set_name: str, most_sentences: int = 3, progress: OnQuestion | None = None
) -> ChangesReport:
    """Cite sentences, edit their articles by rule, and compare what is said with what was done.

    Raises BadInput where nothing can be edited: there must be two articles at least.
    """
    cases = list(edit_cases(documents, most_sentences=most_sentences))
    if not cases:
        raise BadInput(f"{set_name} gives no case; give at least two articles with sentences")
    said = [
        SaidAfterEdit(case, (_said(case, keep=True), _said(case, keep=False))) for case in followed(cases, progress)
    ]
    kinds = {
        kind: tuple(
            mean(way, [one.state_right(at) for one in said if one.case.kind == kind]) for at, way in enumerate(WAYS)
        )
        for kind in dict.fromkeys(one.case.kind for one in said)
    }
    notes = ("edited by rule: the figures say nothing of sentences told in other words",)
    articles = len({case.document.id for case in cases})
    return ChangesReport(set_name, articles, _figures(said), kinds, tuple(said), notes)


def text_of_changes(report: ChangesReport) -> str:
    """The figures, then every kind of edit, as aligned tables with the notes."""
    figures = [(figure.name, *cells_of(figure, digits=4)) for figure in report.figures]
    title = f"{report.set_name} · {report.articles} articles · {len(report.said)} edits"
    return paragraphs(
        title,
        Table(("figure", "value", "95 % interval", "n"), figures, left=range(4)),
        Table(("kind of edit", *WAYS, "n"), _rows(report), left=range(4)),
        report.notes,
    )


def markdown_of_changes(reports: Sequence[ChangesReport], *, command: str) -> str:
    """The figures of each set, then its kinds of edit, with the command that gives them."""
    cells = [(report, figure, cells_of(figure, digits=4)) for report in reports for figure in report.figures]
    figures = [(report.set_name, str(figure.n), figure.name, *shown[:2]) for report, figure, shown in cells]
    kinds = [(report.set_name, *row) for report in reports for row in _rows(report)]
    notes = [note for report in reports for note in report.notes]
    return paragraphs(
        Table(("set", "edits", "figure", "value", "95 % interval"), figures, left=(0, 2)).as_markdown(),
        Table(("set", "kind of edit", *WAYS, "n"), kinds, left=(0, 1)).as_markdown(),
        below(command, said="Share of edits whose state is right.", notes=notes),
    )


def json_of_changes(report: ChangesReport) -> dict[str, Any]:
    """As JSON-able values, with the cases that were judged wrongly."""
    return {
        "set": report.set_name,
        "articles": report.articles,
        "edits": len(report.said),
        "figures": by_name(report.figures),
        "kinds": {kind: by_name(both) for kind, both in report.kinds.items()},
        "notes": list(report.notes),
        "wrong": [_json_wrong(one, way) for one in report.said for way in range(2) if not one.place_right(way)],
    }


def cited_in(document: Document, span: Span) -> StatedCitation:
    """The citation of a sentence with its receipt, but for the hash, which no edit looks at."""
    before = document.text[max(0, span.start - CONTEXT) : span.start]
    after = document.text[span.end : span.end + CONTEXT]
    return StatedCitation(document.id, "", span.start, span.end, document.text[span.start : span.end], before, after)


def _said(case: ArticleEdit, *, keep: bool) -> Change:
    source, text = case.document, case.after.text
    current = None if text is None else replace(source, text=text)
    return change_of(cited_in(source, case.span), current, source.text if keep else None)


def _figures(said: Sequence[SaidAfterEdit]) -> tuple[Figure, ...]:
    ways = list(enumerate(WAYS))
    return (
        *(mean(f"state right, {name}", [one.state_right(way) for one in said]) for way, name in ways),
        *(mean(f"state and place right, {name}", [one.place_right(way) for one in said]) for way, name in ways),
        *(mean(f"falsely unchanged, {name}", [one.falsely_unchanged(way) for one in said]) for way, name in ways),
    )


def _rows(report: ChangesReport) -> list[tuple[str, ...]]:
    return [(kind, *(value_of(share, 4) for share in both), str(both[0].n)) for kind, both in report.kinds.items()]


def _json_wrong(one: SaidAfterEdit, way: int) -> dict[str, Any]:
    found, case = one.changes[way], one.case
    span = case.after.span
    now = case.after.text[span.start : span.end] if span and case.after.text else ""
    return {
        "kind": case.kind,
        "way": WAYS[way],
        "document_id": case.document.id,
        "quote": case.document.text[case.span.start : case.span.end],
        "expected": {"state": case.after.state, "start": span.start if span else None, "quote": now},
        "said": {"state": found.state, "start": found.start, "quote": found.quote},
    }
