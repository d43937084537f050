"""Ask every question of a set through the front door and judge what comes back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.gold import Question
from eval.intervals import Figure
from eval.judge import Judge, Searchable, judge_for
from eval.measures import Level, Values, first_rank, ranked, ranked_names
from eval.rows import Row, figures
from eval.sets import EvalSet
from index.errors import BadGold, BadQuestion
from index.records import Hit
from rag.answers import Answer

# Passages searched for ten places. A document may hold many of them, so ten documents need more than ten passages.
DEPTH: dict[Level, int] = {"passage": 10, "document": 100}
_PLACES = 10

Progress = Callable[[int, int], None]  # questions done, questions in all


class Asker(Protocol):
    """What eval needs of an assistant."""

    @property
    def index(self) -> Searchable: ...
    def ask(self, question: str) -> Answer: ...
    def search(self, question: str, *, limit: int) -> Sequence[Hit]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a set: the figures, and a row for each question in the set's order."""

    set_name: str
    index_version: str
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]  # what a reader of the figures must know


@dataclass(frozen=True, slots=True)
class _Outcome:
    found: tuple[str, ...]
    answer: Answer


def run(assistant: Asker, questions: EvalSet, *, progress: Progress | None = None) -> Report:
    """Search and ask every question; follow-ups in their standalone form.

    Ranks come from assistant.search: the order of an answer's evidence, however much of it an answer shows. Raises
    BadGold when the set does not fit the index, or holds a question that the assistant refuses to read.
    """
    judge = judge_for(questions, assistant.index)
    outcomes = []
    for done, question in enumerate(questions.questions, start=1):
        outcomes.append(_outcome(assistant, judge, question))
        if progress:
            progress(done, len(questions.questions))
    rankings = {question.id: out.found for question, out in zip(questions.questions, outcomes, strict=True)}
    values = ranked(rankings, {id_: key.relevant for id_, key in judge.keys.items()}, judge.level)
    rows = tuple(
        _row(question, out, judge, values.get(question.id, {}))
        for question, out in zip(questions.questions, outcomes, strict=True)
    )
    notes = (*judge.notes, *follow_up_note(questions.questions))
    return Report(questions.name, assistant.index.version, figures(rows, ranked_names(judge.level)), rows, notes)


def follow_up_note(questions: Sequence[Question]) -> tuple[str, ...]:
    """Says how many questions were not asked as their readers wrote them."""
    count = sum(bool(question.standalone) for question in questions)
    return (f"follow-up questions, asked in their standalone form: {count}",) if count else ()


def _outcome(assistant: Asker, judge: Judge, question: Question) -> _Outcome:
    try:
        hits = assistant.search(question.asked, limit=DEPTH[judge.level])
        return _Outcome(judge.ranking(hits), assistant.ask(question.asked))
    except BadQuestion as error:
        raise BadGold(f"question {question.id!r} cannot be asked: {error}") from error


def _row(question: Question, outcome: _Outcome, judge: Judge, values: Values) -> Row:
    answer = outcome.answer
    first_right, any_right = _rightness(question, answer, judge)
    return Row(
        question_id=question.id,
        asked=question.asked,
        answerable=question.answerable,
        tags=question.tags,
        status=answer.status,
        confidence=answer.confidence,
        rank=first_rank(outcome.found, judge.keys[question.id].relevant) if question.answerable else None,
        found=outcome.found[:_PLACES],
        evidence=tuple(hit.passage.id for hit in answer.evidence),
        citations=answer.citations,
        first_right=first_right,
        any_right=any_right,
        values=values,
    )


def _rightness(question: Question, answer: Answer, judge: Judge) -> tuple[bool | None, bool | None]:
    """Of the first quote and of any quote; no quote is wrong, and None stands where nothing can be judged."""
    if not question.answerable or not judge.keys[question.id].quotable:
        return None, None
    flags = [judge.right(question.id, citation) for citation in answer.citations]
    return bool(flags and flags[0]), any(flags)
