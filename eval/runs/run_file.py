"""Run files, read back: everything that `eval.report.json_of` writes, as records.

A file that is no run is an error with its name and the field that does not fit, never a run that measured nothing.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from eval.scoring.measures import Level
from eval.scoring.run import Report
from eval.scoring.selective import Point
from index.errors import BadInput, NotFound
from rag.answer import Status

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


# A run and its judgements in TREC's forms, so that trec_eval and whatever reads its files can re-check our figures.
#
# The score of a line is its place counted from the end, not a ranker's score: tools sort by score, break ties by id
# and
# keep few digits, and would order close scores anew. Averages over all judged questions are trec_eval's with `-c`,
# which
# counts a question without any line in the run as zero, as we do.

TAG = "quotewell"
NOWHERE = "no-passage-holds-a-gold-span"  # judged relevant and never found: every tool counts the question as zero


def write_trec(report: Report, folder: Path) -> tuple[Path, Path]:
    """SET.run and SET.qrels in a folder that exists. Ids are those of documents, of passages for gold files."""
    run, qrels = folder / f"{report.set_name}.run", folder / f"{report.set_name}.qrels"
    run.write_text("".join(f"{line}\n" for line in run_lines(report)), "utf-8")
    qrels.write_text("".join(f"{line}\n" for line in qrels_lines(report)), "utf-8")
    return run, qrels


def run_lines(report: Report) -> Iterator[str]:
    """`qid Q0 docid rank score tag`, also of questions that nothing answers."""
    for row in report.rows:
        for rank, unit in enumerate(row.found, start=1):
            yield f"{column(row.question_id)} Q0 {column(unit)} {rank} {len(row.found) + 1 - rank} {TAG}"


def qrels_lines(report: Report) -> Iterator[str]:
    """`qid 0 docid relevance` of every judgement on an answerable question."""
    for row in report.rows:
        gains = row.judged or ({NOWHERE: 1} if row.answerable else {})
        for unit, gain in sorted(gains.items()):
            yield f"{column(row.question_id)} 0 {column(unit)} {gain}"


def column(name: str) -> str:
    """An id without blanks, which part the columns: they, and the sign that marks them, are percent-encoded."""
    return "".join(_encoded(sign) if sign.isspace() or sign == "%" else sign for sign in name)


def _encoded(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode())


# What a comparison needs to know of a run: what it was made with, its figures, and how each question went.
#
# A run file and the committed baseline both hold these fields, so one reader takes both; pydantic checks them.
# Whatever
# does not fit is an error with the file's name: a run that says nothing must never look like one that scored zero.


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
