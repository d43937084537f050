"""In which group of a report a question falls, and what decided that it was answered or refused."""

from collections.abc import Mapping
from typing import Literal

from eval.runs import KeptRow
from eval.trials import Outcome
from rag.explain import REASONS, RULES

Group = Literal["wrong", "refused", "invented", "unjudged", "right"]
GROUPS: Mapping[Group, str] = {
    "wrong": "Wrong answer",
    "refused": "Refused, though answerable",
    "invented": "Answered, though unanswerable",
    "unjudged": "Not judged",
    "right": "Right",
}


def group_of(outcome: Outcome) -> Group:
    if outcome.right is None:
        return "unjudged"
    if outcome.right:
        return "right"
    if not outcome.answerable:
        return "invented"
    return "wrong" if outcome.answered or outcome.any_right is None else "refused"


def why(row: KeptRow) -> str:
    """What decided whether it was answered."""
    reached = row.confidence >= row.threshold
    against = (
        f"confidence {row.confidence:.4f} {'reaches' if reached else 'is below'} the threshold {row.threshold:.4f}"
    )
    if row.status == "answered":
        return f"Answered: {against}."
    rule = f"; reason {row.reason}: {REASONS.get(row.reason, 'not known')}" if row.reason else ""
    return f"Refused: {against}{', so a rule refused' if reached else ''}{rule}."


def why_not_shown(rule: str) -> str:
    """Code and sentence of what took a quote away."""
    return next((f"{code}: {sentence}" for code, sentence in RULES.items() if code == rule), rule)
