"""What happened to each question, and the figures of them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.intervals import Figure, Sample, mean, stratified
from eval.measures import auroc, coverage
from rag.answers import Citation, Status


@dataclass(frozen=True, slots=True)
class Row:
    """One question: what was asked, found, said, and how right that was."""

    question_id: str
    asked: str
    answerable: bool
    tags: tuple[str, ...]
    status: Status
    confidence: float
    rank: int | None  # 1-based, of the first right entry of `found`; None: there is none
    found: tuple[str, ...]  # ids of the first ten passages (gold) or documents (BEIR), best first
    evidence: tuple[str, ...]  # ids of the first ten passages, as in the answer
    citations: tuple[Citation, ...]
    first_right: bool | None  # the first quote; None where the set cannot say, and for unanswerable questions
    any_right: bool | None  # some quote
    values: Mapping[str, float]  # ranked measure → value; empty for unanswerable questions

    @property
    def answered(self) -> bool:
        return self.status == "answered"


def figures(rows: Sequence[Row], ranked: Sequence[str]) -> tuple[Figure, ...]:
    """All figures of a run; `ranked` names the ranked measures in the order in which they are shown."""
    answerable = [row for row in rows if row.answerable]
    retrieval = [mean(name, [row.values[name] for row in answerable]) for name in ranked]
    return (*retrieval, *_quotes(answerable), *_abstention(rows), _auroc(rows), _coverage(rows))


def _quotes(answerable: Sequence[Row]) -> tuple[Figure, ...]:
    """An abstention on an answerable question counts as wrong, except in the rate over answered ones."""
    judged = [row for row in answerable if row.any_right is not None]
    return (
        mean("answer sentence hit@1", [bool(row.first_right) for row in judged]),
        mean("exact citation, of answered", [bool(row.any_right) for row in judged if row.answered]),
        mean("exact citation, of all", [bool(row.any_right) for row in judged]),
    )


def _abstention(rows: Sequence[Row]) -> tuple[Figure, ...]:
    """Abstained against unanswerable; neither says anything where only one kind of question was asked."""
    both = len({row.answerable for row in rows}) == 2
    right = [not row.answerable for row in rows if both and not row.answered]
    found = [not row.answered for row in rows if both and not row.answerable]
    return mean("abstention precision", right), mean("abstention recall", found)


def _auroc(rows: Sequence[Row]) -> Figure:
    groups = [np.array([row.confidence for row in rows if row.answerable is kind]) for kind in (True, False)]
    return stratified("AUROC", groups, auroc, n=len(rows))


def _coverage(rows: Sequence[Row]) -> Figure:
    """A right answer is one with a right quote among those it shows: its reader sees them all."""
    judged = [row for row in rows if row.answerable and row.any_right is not None]
    others = [row for row in rows if not row.answerable]
    return stratified("coverage at 90 % precision", [_given(judged), _given(others)], coverage, n=len(judged))


def _given(rows: Sequence[Row]) -> Sample:
    triples = [(row.confidence, row.answered, bool(row.any_right)) for row in rows]
    return np.array(triples, dtype=np.float64).reshape(-1, 3)
