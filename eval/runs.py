"""Run files, read back: everything that `eval.report.json_of` writes, as records.

A file that is no run is an error with its name and the field that does not fit, never a run that measured nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from eval.measures import Level
from eval.selective import Point
from index.errors import BadInput, NotFound
from rag.answers import Status

Scalar = str | int | float | bool | None

AGAIN = "make it again with: quotewell eval run SET --out DIR"


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
class KeptDropped:
    """A quote that the reader offered and the rule by which it was not shown; start:end in the cleaned text."""

    document_id: str
    start: int
    end: int
    quote: str  # its beginning
    score: FiniteFloat
    rule: str


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
    ranker_scores: tuple[Mapping[str, FiniteFloat], ...] = ()  # as `ranks`; older files have neither of these
    dropped: tuple[KeptDropped, ...] = ()


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


class _Asked(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def evidence(self) -> tuple[str, ...] | None: ...


class _HasRows(Protocol):
    @property
    def rows(self) -> Sequence[_Asked]: ...


T = TypeVar("T", bound=_HasRows)


def read_run(path: Path) -> Run:
    """Raises NotFound, and BadInput with the file's name and the field for what is no run or holds no question."""
    return parsed(_RUN, bytes_of(path), str(path))


def bytes_of(path: Path) -> bytes:
    """Raises NotFound with what makes such a file."""
    if not path.is_file():
        raise NotFound(f"no run file at {path}; make one with: quotewell eval run SET --out DIR")
    return path.read_bytes()


def parsed(kind: TypeAdapter[T], text: bytes, name: str) -> T:
    """A run file as all of a run or as a part of it. Raises BadInput with its name and what does not fit.

    One that found nothing for any question is refused too: it did not run.
    """
    if not text.strip():
        raise BadInput(f"{name} is empty; {AGAIN}")
    try:
        found = kind.validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise BadInput(f"{name} is not a run file: {place}: {first['msg']}; {AGAIN}") from None
    if not found.rows:
        raise BadInput(f"{name} holds no question: that run asked nothing; {AGAIN}")
    if len({row.id for row in found.rows}) < len(found.rows):
        raise BadInput(f"{name} holds a question twice; {AGAIN}")
    if all(row.evidence == () for row in found.rows):
        raise BadInput(f"{name} found nothing for any question: that arm did not run; see that it searches this index")
    return found
