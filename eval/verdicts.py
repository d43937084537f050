"""In which group of a report a question falls, and what decided that it was answered or refused."""

from collections.abc import Mapping
from typing import Literal

from eval.runs import KeptRow
from eval.trials import Outcome

Group = Literal["wrong", "refused", "invented", "unjudged", "right"]
GROUPS: Mapping[Group, str] = {
    "wrong": "Wrong answer",
    "refused": "Refused, though answerable",
    "invented": "Answered, though unanswerable",
    "unjudged": "Not judged",
    "right": "Right",
}
RULES: Mapping[str, str] = {
    "off_corpus": "the question is about none of the articles' subjects",
    "near_miss": "the articles are about this, but do not say it",
    "date_outside": "the articles do not reach the time that is asked about",
    "filtered": "what answers it was shut out by a filter or a day",
    "needs_judgement": "it asks for an opinion, a forecast or a calculation",
}


def group_of(outcome: Outcome) -> Group:
    if outcome.right is None:
        return "unjudged"
    if outcome.right:
        return "right"
    if not outcome.answerable:
        return "invented"
    return "wrong" if outcome.answered or outcome.any_right is None else "refused"


def outcome_of(row: KeptRow) -> Outcome:
    """As `eval.trials` reads it from the same file."""
    fields = (row.id, row.question, row.answerable, row.tags, row.status, row.confidence, row.any_right, row.scores)
    return Outcome(*fields, evidence=row.evidence)


def why(row: KeptRow) -> str:
    """What decided whether it was answered."""
    reached = row.confidence >= row.threshold
    against = (
        f"confidence {row.confidence:.4f} {'reaches' if reached else 'is below'} the threshold {row.threshold:.4f}"
    )
    if row.status == "answered":
        return f"Answered: {against}."
    rule = f"; reason {row.reason}: {RULES.get(row.reason, 'not known')}" if row.reason else ""
    return f"Refused: {against}{', so a rule refused' if reached else ''}{rule}."
