"""Ask every question of a set through the front door and judge what comes back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeAlias, TypeVar

from pydantic import Field

from eval.scoring.figures import Point, curve, figures, follow_up_note, notes_on
from eval.scoring.intervals import Figure, Figures
from eval.scoring.judge import JUDGED, Judge, Level, Searchable, Values, judge_for, judged_shares, ranked
from eval.scoring.latency import Timed
from eval.scoring.rows import PLACES, Row, row_of, scored
from eval.sets.gold import Question
from eval.sets.sets import WORK, EvalSet, opened, set_sha256
from index.errors import BadGold, BadInput, BadQuestion
from index.records import Passage
from index.search import Index
from index.settings import Settings
from index.terminal import Show
from rag.answer import Answer
from rag.reading.reader import reader_files

# Passages to fill ten places; a document may hold many of them, so many documents need more passages.
DEPTH: dict[Level, int] = {"passage": 10, "document": 100}

OnQuestion = Callable[[int, int], None]  # questions done, questions in all
Each = TypeVar("Each")
Stages = Callable[[], Mapping[str, float]]  # what the last answer cost, by stage


def followed(asked: Sequence[Each], progress: OnQuestion | None) -> Iterator[Each]:
    """One after the other; once one is done with, `progress` is told."""
    for done, each in enumerate(asked, start=1):
        yield each
        if progress:
            progress(done, len(asked))


class Asker(Protocol):
    """What eval needs of an assistant."""

    @property
    def index(self) -> Searchable: ...
    def ask(self, question: str, *, limit: int) -> Answer: ...


SetName: TypeAlias = Annotated[str, Field(alias="set")]  # as JSON has it
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Makings:
    """What shaped the answers, and the hash of the questions; runs of equal makings differ only by chance."""

    settings: Mapping[str, Scalar]
    weights_sha256: Mapping[str, str]
    questions_sha256: str
    embedder: str
    index_version: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one set, as it is kept in a file: the figures, and a row for each question in the set's order.

    A baseline keeps the fields that have no default, and what the run was made with.
    """

    format: Literal["quotewell-run-1", "quotewell-baseline-1"]
    set_name: SetName
    level: Level = "passage"
    index_version: str = ""
    questions: Counts = Counts(0, 0)
    figures: Figures
    notes: tuple[str, ...] = ()  # what a reader of the figures must know
    made_with: Makings | None = None  # None where nobody said
    risk_coverage: tuple[Point, ...] = ()  # empty where nothing can be judged
    rows: tuple[Row, ...]
    passages: Mapping[str, KeptPassage] = field(default_factory=dict)  # all that the rows' evidence names
    rankings: Annotated[Mapping[str, tuple[str, ...]], Field(exclude=True)] = field(default_factory=dict)
    judged: Annotated[Mapping[str, Mapping[str, int]], Field(exclude=True)] = field(default_factory=dict)
    # Question id → all that was found, best first, and passage or document id → gain: for TREC's files, not kept here.

    def figure(self, name: str) -> Figure | None:
        """None where the run does not have it."""
        return next((figure for figure in self.figures if figure.name == name), None)

    def value(self, name: str) -> float | None:
        """None too where that figure was not measured."""
        figure = self.figure(name)
        return figure.value if figure else None

    @property
    def makings(self) -> Makings:
        """Raises BadInput for a run that does not say what it was made with."""
        if self.made_with is None:
            raise BadInput(f"the run of {self.set_name} does not say what it was made with (made_with)")
        return self.made_with


def run(
    assistant: Asker, questions: EvalSet, *, progress: OnQuestion | None = None, stages: Stages | None = None
) -> Run:
    """Ask every question once; follow-ups in their standalone form.

    Ranks are those of the answer's evidence, of which DEPTH passages are asked for. Raises BadGold when the set does
    not fit the index, or holds a question that the assistant refuses to read, and BadInput when nothing at all is
    found for any question: search did not run, and zeros would look like a result.
    """
    index = assistant.index
    judge = judge_for(questions, index)
    rows: list[Row] = []
    rankings: dict[str, tuple[str, ...]] = {}
    passages: dict[str, KeptPassage] = {}
    level = 0  # questions with equal scores
    for question in followed(questions.questions, progress):
        answer = _answer(assistant, question, DEPTH[judge.level])
        rankings[question.id] = judge.ranking(answer.evidence)
        rows.append(row_of(question, answer, judge, index, stages() if stages else None))
        for hit in answer.evidence[:PLACES]:
            if hit.passage.id not in passages:
                passages[hit.passage.id] = _kept(hit.passage, index)
        level += any(one.score == other.score for one, other in pairwise(answer.evidence[:PLACES]))
    if not any(rankings.values()):
        raise BadInput(f"nothing was found for any question of {questions.name}; see that its articles are indexed")
    judged = {id_: {**key.rejected, **key.relevant} for id_, key in judge.keys.items()}
    kept = scored(rows, _measures(rankings, judged, judge))
    answerable = sum(row.answerable for row in rows)
    return Run(
        format="quotewell-run-1",
        set_name=questions.name,
        level=judge.level,
        index_version=index.version,
        questions=Counts(answerable, len(rows) - answerable),
        figures=figures(kept, judge.level),
        notes=(*judge.notes, *follow_up_note(questions.questions), *notes_on(kept, level)),
        risk_coverage=curve(kept),
        rows=kept,
        passages=passages,
        rankings=rankings,
        judged=judged,
    )


def _answer(assistant: Asker, question: Question, depth: int) -> Answer:
    try:
        return assistant.ask(question.asked, limit=depth)
    except BadQuestion as error:
        raise BadGold(f"question {question.id!r} cannot be asked: {error}") from error


def _measures(
    rankings: Mapping[str, Sequence[str]], judged: Mapping[str, Mapping[str, int]], judge: Judge
) -> dict[str, Values]:
    """Question id → ranked measures, which are worked out for all questions at once."""
    measures = ranked(rankings, {id_: key.relevant for id_, key in judge.keys.items()}, judge.level)
    if judge.level == "document":
        for id_, share in judged_shares(rankings, {id_: gains for id_, gains in judged.items() if gains}).items():
            measures[id_][JUDGED] = share
    return measures


def _kept(passage: Passage, index: Searchable) -> KeptPassage:
    title = index.document(passage.document_id).title
    return KeptPassage(passage.document_id, title, passage.text, passage.start, passage.end)


# From a set and the settings to a run: the set's index is opened, every answer timed, and the makings named.

_EXTRA = ("reranker", "answer_model")  # named only where they are set
_ASKING = ("fusion", "dense_weight", "depth", "reader", "max_quotes", "chat_model")  # that shape answers of one index


def measure(questions: EvalSet, settings: Settings, show: Show, work: Path = WORK) -> Run:
    """Every figure, latency too. Raises what opening an index raises, and what `run` raises."""
    assistant, own = opened(questions, settings, show, work)
    timed = Timed(assistant.index, own)
    measured = run(timed, questions, progress=partial(show, f"{questions.name}: asking"), stages=timed.last)
    return replace(measured, made_with=made_with(questions, own, assistant.index, timed.threshold))


def made_with(questions: EvalSet, settings: Settings, index: Index, threshold: float) -> Makings:
    """How passages were made comes from the index itself, which may have been built with other settings than these."""
    recipe = {name: value for name, value in index.recipe.items() if name not in ("embedder", "fingerprint")}
    asking = {name: getattr(settings, name) for name in (*_ASKING, *(one for one in _EXTRA if getattr(settings, one)))}
    reader = reader_files(settings.reader, settings.answer_model)
    model = {"reading model": reader.model.sha256} if reader.model else {}
    weights = {"embedder": index.recipe["fingerprint"], "reader": sha256(reader.written).hexdigest(), **model}
    return Makings(
        settings={**recipe, **asking, "threshold": threshold},
        weights_sha256=weights,
        questions_sha256=set_sha256(questions),
        embedder=index.recipe["embedder"],
        index_version=index.version,
    )
