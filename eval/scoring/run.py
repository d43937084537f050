"""Ask every question of a set through the front door and judge what comes back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from eval.scoring.figures import curve, figures, follow_up_note, notes_on
from eval.scoring.intervals import Figure
from eval.scoring.judge import Judge, Searchable, judge_for
from eval.scoring.latency import Timed
from eval.scoring.measures import JUDGED, Level, Values, judged_shares, ranked
from eval.scoring.rows import Row, row_of
from eval.scoring.selective import Point
from eval.sets.gold import Question
from eval.sets.indexes import WORK, ShowProgress, opened
from eval.sets.sets import EvalSet, set_sha256
from index.errors import BadGold, BadInput, BadQuestion
from index.search import Index
from index.settings import Settings
from rag.answer import Answer
from rag.reading.reader import reader_files

# Passages to fill ten places; a document may hold many of them, so many documents need more passages.
DEPTH: dict[Level, int] = {"passage": 10, "document": 100}

OnQuestion = Callable[[int, int], None]  # questions done, questions in all
Stages = Callable[[], Mapping[str, float]]  # what the last answer cost, by stage


class Asker(Protocol):
    """What eval needs of an assistant."""

    @property
    def index(self) -> Searchable: ...
    def ask(self, question: str, *, limit: int) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a set: the figures, and a row for each question in the set's order."""

    set_name: str
    level: Level
    index_version: str
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]  # what a reader of the figures must know
    curve: tuple[Point, ...]  # risk against coverage; empty where nothing can be judged
    titles: Mapping[str, str]  # document id → title, of all passages among the evidence of the rows
    made_with: Mapping[str, Any] = field(default_factory=dict)  # see `eval.measuring`; empty where nobody said


def run(
    assistant: Asker, questions: EvalSet, *, progress: OnQuestion | None = None, stages: Stages | None = None
) -> Report:
    """Ask every question once; follow-ups in their standalone form.

    Ranks are those of the answer's evidence, of which DEPTH passages are asked for. Raises BadGold when the set does
    not fit the index, or holds a question that the assistant refuses to read, and BadInput when nothing at all is
    found for any question: search did not run, and zeros would look like a result.
    """
    judge = judge_for(questions, assistant.index)
    unvalued: list[Row] = []
    for done, question in enumerate(questions.questions, start=1):
        answer = _answer(assistant, question, DEPTH[judge.level])
        unvalued.append(replace(row_of(question, answer, judge, assistant.index), latency=stages() if stages else {}))
        if progress:
            progress(done, len(questions.questions))
    if not any(row.found for row in unvalued):
        raise BadInput(f"nothing was found for any question of {questions.name}; see that its articles are indexed")
    values = _values(unvalued, judge)
    rows = tuple(replace(row, values=values.get(row.question_id, {})) for row in unvalued)
    return Report(
        questions.name,
        judge.level,
        assistant.index.version,
        figures(rows, judge.level),
        rows,
        (*judge.notes, *follow_up_note(questions.questions), *notes_on(rows)),
        curve(rows),
        _titles(rows, assistant.index),
    )


def _answer(assistant: Asker, question: Question, depth: int) -> Answer:
    try:
        return assistant.ask(question.asked, limit=depth)
    except BadQuestion as error:
        raise BadGold(f"question {question.id!r} cannot be asked: {error}") from error


def _values(rows: Sequence[Row], judge: Judge) -> dict[str, Values]:
    """Question id → ranked measures, which are worked out for all questions at once."""
    found = {row.question_id: row.found for row in rows}
    values = ranked(found, {id_: key.relevant for id_, key in judge.keys.items()}, judge.level)
    if judge.level == "document":
        for id_, share in judged_shares(found, {row.question_id: row.judged for row in rows if row.judged}).items():
            values[id_][JUDGED] = share
    return values


def _titles(rows: Sequence[Row], index: Searchable) -> dict[str, str]:
    ids = {hit.passage.document_id for row in rows for hit in row.detail.hits}
    return {id_: index.document(id_).title for id_ in sorted(ids)}


# From a set and the settings to a report: the set's index is opened, every answer timed, and the makings named.

_ASKING = ("fusion", "dense_weight", "depth", "reader", "max_quotes", "chat_model")  # that shape answers of one index


def measure(questions: EvalSet, settings: Settings, show: ShowProgress, work: Path = WORK) -> Report:
    """Every figure, latency too. Raises what opening an index raises, and what `run` raises."""
    assistant, own = opened(questions, settings, show, work)
    timed = Timed(assistant.index, own)
    report = run(timed, questions, progress=partial(show, f"{questions.name}: asking"), stages=timed.last)
    return replace(report, made_with=made_with(questions, own, assistant.index, timed.threshold))


def made_with(questions: EvalSet, settings: Settings, index: Index, threshold: float) -> dict[str, Any]:
    """What must be equal for two runs to differ only by chance; JSON-able.

    How passages were made comes from the index itself, which may have been built with other settings than these.
    """
    recipe = {name: value for name, value in index.recipe.items() if name not in ("embedder", "fingerprint")}
    asking = {name: getattr(settings, name) for name in _ASKING}
    reader = reader_files(settings.reader)
    model = {"reading model": reader.model.sha256} if reader.model else {}
    return {
        "settings": {**recipe, **asking, "threshold": threshold},
        "weights_sha256": {
            "embedder": index.recipe["fingerprint"],
            "reader": sha256(reader.written).hexdigest(),
            **model,
        },
        "questions_sha256": set_sha256(questions),
        "embedder": index.recipe["embedder"],
        "index_version": index.version,
    }
