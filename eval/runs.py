"""Run files, read back: everything that `eval.report.json_of` writes, as records.

A file that is no run is an error with its name and the field that does not fit, never a run that measured nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from eval.measures import Level
from eval.report import FORMAT
from eval.selective import Point
from index.errors import BadInput, NotFound
from rag.answers import Status

Scalar = str | int | float | bool | None

_AGAIN = "make it again with: quotewell eval run SET --out DIR"


@dataclass(frozen=True, slots=True)
class KeptFigure:
    """value, low and high are None where nothing was measured."""

    value: FiniteFloat | None
    n: int
    low: FiniteFloat | None
    high: FiniteFloat | None


@dataclass(frozen=True, slots=True)
class Makings:
    """What shaped the answers, and the hash of the questions."""

    settings: Mapping[str, Scalar]
    weights_sha256: Mapping[str, str]
    questions_sha256: str
    embedder: str
    index_version: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """A citation; start:end in the cleaned text, source_start:source_end in the source."""

    document_id: str
    passage_id: str
    quote: str
    start: int
    end: int
    source_start: int
    source_end: int


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands; start:end in the source, the other two in the cleaned text, or None."""

    document_id: str
    start: int
    end: int
    quote: str
    clean_start: int | None
    clean_end: int | None


@dataclass(frozen=True, slots=True)
class Features:
    """What each feature added to the first quote's score, and to the log odds of the confidence."""

    quote: Mapping[str, FiniteFloat]
    confidence: Mapping[str, FiniteFloat]


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One question: asked, found, said, and how right that was."""

    id: str
    question: str
    answerable: bool
    tags: tuple[str, ...]
    status: Status
    reason: str | None  # code; None where it was answered
    missing: tuple[str, ...]
    confidence: FiniteFloat
    threshold: FiniteFloat
    rank: int | None  # of the first right one of `found`, 1-based
    found: tuple[str, ...]  # the first ten passages or documents
    relevant: Mapping[str, int]
    evidence: tuple[str, ...]  # ids of the first ten passages
    ranks: tuple[Mapping[str, int], ...]  # of each of them: ranker → 1-based rank
    citations: tuple[Quoted, ...]
    gold: tuple[Gold, ...]
    answers: tuple[str, ...]
    first_right: bool | None
    any_right: bool | None
    features: Features
    latency: Mapping[str, FiniteFloat]  # stage → CPU ms
    measures: Mapping[str, FiniteFloat]
    scores: Mapping[str, FiniteFloat]


@dataclass(frozen=True, slots=True)
class KeptPassage:
    """start:end in the document's cleaned text."""

    document_id: str
    title: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many questions were asked."""

    answerable: int
    unanswerable: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one set."""

    format: Literal["quotewell-run-1"]
    set_name: Annotated[str, Field(alias="set")]
    level: Level
    index_version: str
    questions: Counts
    figures: Mapping[str, KeptFigure]
    notes: tuple[str, ...]
    made_with: Makings | None
    risk_coverage: tuple[Point, ...]
    rows: tuple[KeptRow, ...]
    passages: Mapping[str, KeptPassage]  # all that the rows' evidence names


_RUN = TypeAdapter(Run)


def read_run(path: Path) -> Run:
    """Raises NotFound, and BadInput with the file's name and the field for what is no run or holds no question."""
    if not path.is_file():
        raise NotFound(f"no run file at {path}; make one with: quotewell eval run SET --out DIR")
    try:
        found = _RUN.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise BadInput(f"{path} is not a run file ({FORMAT}): {place}: {first['msg']}; {_AGAIN}") from None
    if not found.rows:
        raise BadInput(f"{path} holds no question: that run asked nothing; {_AGAIN}")
    return found
