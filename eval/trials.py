"""What a comparison needs to know of a run: what it was made with, its figures, and how each question went.

A run file and the committed baseline both hold these fields, so one reader takes both; pydantic checks them. Whatever
does not fit is an error with the file's name: a run that says nothing must never look like one that scored zero.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from eval.runs import KeptFigure, Makings
from index.errors import BadInput, NotFound
from rag.answers import Status

_AGAIN = "make it again with: quotewell eval run SET --out DIR"


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
    if not path.is_file():
        raise NotFound(f"no run file at {path}; make one with: quotewell eval run SET --out DIR")
    return trial_from(path.read_bytes(), str(path))


def trial_of(fields: Mapping[str, Any], name: str) -> Trial:
    """From a run's JSON values, as `eval.report.json_of` gives them. Raises BadInput like `trial_from`."""
    return trial_from(json.dumps(fields).encode(), name)


def trial_from(text: bytes, name: str) -> Trial:
    """From the bytes of a run file. Raises BadInput with its name, also for one that found nothing: it did not run."""
    if not text.strip():
        raise BadInput(f"{name} is empty; {_AGAIN}")
    try:
        trial = _TRIAL.validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise BadInput(f"{name} is not a run file: {place}: {first['msg']}; {_AGAIN}") from None
    if not trial.rows:
        raise BadInput(f"{name} holds no question: that run asked nothing; {_AGAIN}")
    if len({row.id for row in trial.rows}) < len(trial.rows):
        raise BadInput(f"{name} holds a question twice; {_AGAIN}")
    if all(row.evidence == () for row in trial.rows):
        raise BadInput(f"{name} found nothing for any question: that arm did not run; see that it searches this index")
    return trial


def json_of_baseline(trial: Trial, leave_out: Collection[str]) -> dict[str, Any]:
    """All fields but the passages found and the figures to leave out; `read_trial` takes it back."""
    figures = {name: figure for name, figure in trial.figures.items() if name not in leave_out}
    kept = replace(trial, format="quotewell-baseline-1", figures=figures)
    fields: dict[str, Any] = _TRIAL.dump_python(
        kept, mode="json", by_alias=True, exclude={"rows": {"__all__": {"evidence"}}}
    )
    return fields
