"""What a comparison needs to know of a run: what it was made with, its figures, and how each question went.

A run file and the committed baseline both hold these fields, so one reader takes both; pydantic checks them. Whatever
does not fit is an error with the file's name: a run that says nothing must never look like one that scored zero.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat, TypeAdapter

from eval.runs import AGAIN, KeptFigure, KeptRow, Makings, Run, bytes_of, parsed
from index.errors import BadInput
from rag.answers import Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went."""

    id: str
    question: str
    answerable: bool
    tags: tuple[str, ...]
    status: Status
    confidence: FiniteFloat
    any_right: bool | None  # some quote; None where the set cannot say, and for unanswerable questions
    scores: Mapping[str, FiniteFloat]  # the question's own value of every figure that is a mean over questions
    evidence: tuple[str, ...] | None = None  # ids of the passages found; a baseline does not keep them

    @property
    def answered(self) -> bool:
        return self.status == "answered"

    @property
    def right(self) -> bool | None:
        """A right quote, or rightly none; where quotes cannot be judged, a right first passage; None: nothing can."""
        if not self.answerable:
            return not self.answered
        if self.any_right is not None:
            return self.any_right
        first = self.scores.get("Success@1")
        return None if first is None else first > 0

    @property
    def state(self) -> str:
        """What happened, in words."""
        if self.answerable and self.any_right is None:
            return "right passage first" if self.right else "right passage not first"
        if not self.answered:
            return "abstained"
        return "right quote" if self.right else "wrong quote" if self.answerable else "answered, though unanswerable"


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a set, as far as it can be compared. At least one question, each once."""

    format: Literal["quotewell-run-1", "quotewell-baseline-1"]
    set_name: Annotated[str, Field(alias="set")]
    made_with: Makings
    figures: Mapping[str, KeptFigure]
    rows: tuple[Outcome, ...]


_TRIAL = TypeAdapter(Trial)


def read_trial(path: Path) -> Trial:
    """From a run file or a baseline. Raises NotFound, and BadInput with the file's name for what is neither."""
    return parsed(_TRIAL, bytes_of(path), str(path))


def trial_of(fields: Mapping[str, Any], name: str) -> Trial:
    """From a run's JSON values, as `eval.report.json_of` gives them. Raises BadInput like `read_trial`."""
    return parsed(_TRIAL, json.dumps(fields).encode(), name)


def trial_in(run: Run) -> Trial:
    """The same from a whole run. Raises BadInput for one that does not say what it was made with."""
    if run.made_with is None:
        raise BadInput(f"the run of {run.set_name} does not say what it was made with; {AGAIN}")
    return Trial(run.format, run.set_name, run.made_with, run.figures, tuple(map(outcome_of, run.rows)))


def outcome_of(row: KeptRow) -> Outcome:
    """How the question of a whole run's row went."""
    fields = (row.id, row.question, row.answerable, row.tags, row.status, row.confidence, row.any_right, row.scores)
    return Outcome(*fields, evidence=row.evidence)


def json_of_baseline(trial: Trial, leave_out: Collection[str]) -> dict[str, Any]:
    """All fields but the passages found and the figures to leave out; `read_trial` takes it back."""
    figures = {name: figure for name, figure in trial.figures.items() if name not in leave_out}
    kept = replace(trial, format="quotewell-baseline-1", figures=figures)
    fields: dict[str, Any] = _TRIAL.dump_python(
        kept, mode="json", by_alias=True, exclude={"rows": {"__all__": {"evidence"}}}
    )
    return fields
