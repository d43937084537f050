"""In which group of a report a question falls, and what decided that it was answered or refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from eval.scoring.rows import Row, Unshown
from eval.scoring.run import KeptPassage, Run
from rag.answer import REASONS, RULES

Group = Literal["wrong", "refused", "invented", "unjudged", "right"]
GROUPS: Mapping[Group, str] = {
    "wrong": "Wrong answer", "refused": "Refused, though answerable", "invented": "Answered, though unanswerable",
    "unjudged": "Not judged", "right": "Right",
}  # fmt: skip


def group_of(row: Row) -> Group:
    if row.right is None:
        return "unjudged"
    if row.right:
        return "right"
    if not row.answerable:
        return "invented"
    return "wrong" if row.answered or row.any_right is None else "refused"


def why(row: Row) -> str:
    """What decided whether it was answered."""
    reached = row.confidence >= row.threshold
    how = "reaches" if reached else "is below"
    against = f"confidence {row.confidence:.4f} {how} the threshold {row.threshold:.4f}"
    if row.status == "answered":
        return f"Answered: {against}."
    rule = f"; reason {row.reason}: {REASONS.get(row.reason, 'not known')}" if row.reason else ""
    return f"Refused: {against}{', so a rule refused' if reached else ''}{rule}."


# A text cut where marks begin and end, so that marks which overlap can be shown without nesting one in another.


@dataclass(frozen=True, slots=True)
class Labelled:
    """start:end of a text, 0-based and half open; what lies outside the text marks nothing."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class MarkedPiece:
    """Characters that share their labels; never empty."""

    text: str
    labels: tuple[str, ...]  # sorted, each once
    opens: tuple[str, ...]  # those that the piece before does not have


def pieces(text: str, marks: Sequence[Labelled]) -> tuple[MarkedPiece, ...]:
    """Joined, they are the text; neighbours differ in their labels. Nothing for an empty text."""
    cuts = sorted({0, len(text), *(min(max(at, 0), len(text)) for mark in marks for at in (mark.start, mark.end))})

    def labels_of(cut: tuple[int, int]) -> tuple[str, ...]:
        return tuple(sorted({mark.label for mark in marks if mark.start <= cut[0] and cut[1] <= mark.end}))

    found: list[MarkedPiece] = []
    for labels, parts in groupby(pairwise(cuts), labels_of):  # two marks of one label that touch are one
        run, before = list(parts), found[-1].labels if found else ()
        found.append(
            MarkedPiece(text[run[0][0] : run[-1][1]], labels, tuple(label for label in labels if label not in before))
        )
    return tuple(found)


# What a maintainer wants to see of one question: how it went, where its passages stood, and where the answer is.
#
# Offsets of quotes and gold are of the cleaned text, like those of passages, so a mark is a mere difference.

GOLD = "gold"  # the label of a gold span; quotes have their number


@dataclass(frozen=True, slots=True)
class RankedPlace:
    """A passage of the answer's evidence, and where each ranker had it."""

    number: int  # 1-based, in the order of the answer
    passage_id: str
    ranks: tuple[int | None, ...]  # parallel to `rankers_of`; None: the ranker did not bring it
    scores: tuple[float | None, ...]  # the rankers' own; None also where an older run did not keep it
    right: bool  # judged relevant
    quotes: tuple[str, ...]  # numbers of the quotes that touch it
    before: int | None  # its place in the other run


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage that a quote or a gold span touches."""

    passage_id: str
    title: str
    pieces: tuple[MarkedPiece, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question; `anchor` counts in the order of the set, so that it stays what it is when others change."""

    anchor: str
    row: Row
    group: Group
    why: str  # answered or refused, against the threshold and by which rule
    places: tuple[RankedPlace, ...]
    shown: tuple[Shown, ...]
    found_gold: bool  # some gold span touches a passage of the evidence
    of_quote: tuple[tuple[str, float], ...]  # feature → added, the largest first
    of_confidence: tuple[tuple[str, float], ...]
    dropped: tuple[tuple[str, tuple[Unshown, ...]], ...]  # why the reader's other quotes are not shown, with them
    other: Row | None  # the same question in the other run


def views(run: Run, others: Mapping[str, Row]) -> list[QuestionView]:
    """By group, mistakes before the rest and the surest of them first; else in the order of the set."""
    found = [_view(f"q{at}", row, run, others.get(row.id)) for at, row in enumerate(run.rows, start=1)]
    order = list(GROUPS)
    return sorted(found, key=lambda one: (order.index(one.group), 0.0 if one.group == "right" else -one.row.confidence))


def rankers_of(run: Run) -> tuple[str, ...]:
    """By name."""
    return tuple(sorted({name for row in run.rows for ranks in row.ranks for name in ranks}))


def _view(anchor: str, row: Row, run: Run, other: Row | None) -> QuestionView:
    passages = [(passage_id, run.passages[passage_id]) for passage_id in row.evidence]
    marked = [_marks(row, passage) for _, passage in passages]
    return QuestionView(
        anchor=anchor,
        row=row,
        group=group_of(row),
        why=why(row),
        places=tuple(_places(run, row, marked, other)),
        shown=tuple(
            Shown(passage_id, passage.title, pieces(passage.text, marks))
            for (passage_id, passage), marks in zip(passages, marked, strict=True)
            if marks
        ),
        found_gold=any(mark.label == GOLD for marks in marked for mark in marks),
        of_quote=_by_size(row.features.quote),
        of_confidence=_by_size(row.features.confidence),
        dropped=tuple(
            (
                next((f"{code}: {sentence}" for code, sentence in RULES.items() if code == rule), rule),
                tuple(one for one in row.dropped if one.rule == rule),
            )
            for rule in dict.fromkeys(one.rule for one in row.dropped)
        ),
        other=other,
    )


def _places(run: Run, row: Row, marked: Sequence[Sequence[Labelled]], other: Row | None) -> Iterator[RankedPlace]:
    rankers, before = rankers_of(run), other.evidence if other else ()
    scores = row.ranker_scores or ({},) * len(row.evidence)
    for at, (passage_id, ranks, marks) in enumerate(zip(row.evidence, row.ranks, marked, strict=True)):
        passage = run.passages[passage_id]
        yield RankedPlace(
            number=at + 1,
            passage_id=passage_id,
            ranks=tuple(ranks.get(name) for name in rankers),
            scores=tuple(scores[at].get(name) for name in rankers),
            right=(passage_id if run.level == "passage" else passage.document_id) in row.relevant,
            quotes=tuple(mark.label for mark in marks if mark.label != GOLD),
            before=before.index(passage_id) + 1 if passage_id in before else None,
        )


def _marks(row: Row, passage: KeptPassage) -> list[Labelled]:
    """Those that touch the passage, from its start; a quote or a span may begin before it or end behind it."""
    spans = [(one.document_id, one.start, one.end, str(n)) for n, one in enumerate(row.citations, start=1)]
    for gold in row.gold:
        if gold.clean_start is not None and gold.clean_end is not None:
            spans.append((gold.document_id, gold.clean_start, gold.clean_end, GOLD))
    return [
        Labelled(start - passage.start, end - passage.start, label)
        for document_id, start, end, label in spans
        if document_id == passage.document_id and start < passage.end and end > passage.start
    ]


def _by_size(added: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(added.items(), key=lambda one: (-abs(one[1]), one[0])))
