"""Ask every question of a set through the front door and judge what comes back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from eval.gold import Question
from eval.intervals import Figure
from eval.judge import Judge, Searchable, judge_for
from eval.measures import Level, first_rank, ranked, ranked_names
from eval.rows import Row, figures
from eval.sets import EvalSet
from index.errors import BadGold, BadQuestion
from rag.answers import Answer

# Passages to fill ten places; a document may hold many of them, so ten documents need more than ten passages.
DEPTH: dict[Level, int] = {"passage": 10, "document": 100}
_PLACES = 10

Progress = Callable[[int, int], None]  # questions done, questions in all


class Asker(Protocol):
    """What eval needs of an assistant."""

    @property
    def index(self) -> Searchable: ...
    def ask(self, question: str, *, limit: int) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a set: the figures, and a row for each question in the set's order."""

    set_name: str
    index_version: str
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]  # what a reader of the figures must know


def run(assistant: Asker, questions: EvalSet, *, progress: Progress | None = None) -> Report:
    """Ask every question once; follow-ups in their standalone form.

    Ranks are those of the answer's evidence, of which DEPTH passages are asked for. Raises BadGold when the set does
    not fit the index, or holds a question that the assistant refuses to read.
    """
    judge = judge_for(questions, assistant.index)
    unvalued: list[Row] = []
    for done, question in enumerate(questions.questions, start=1):
        unvalued.append(_row(question, _answer(assistant, question, DEPTH[judge.level]), judge))
        if progress:
            progress(done, len(questions.questions))
    relevant = {question_id: key.relevant for question_id, key in judge.keys.items()}
    values = ranked({row.question_id: row.found for row in unvalued}, relevant, judge.level)
    rows = tuple(replace(row, values=values.get(row.question_id, {})) for row in unvalued)
    notes = (*judge.notes, *follow_up_note(questions.questions))
    return Report(questions.name, assistant.index.version, figures(rows, ranked_names(judge.level)), rows, notes)


def follow_up_note(questions: Sequence[Question]) -> tuple[str, ...]:
    """Says how many questions were not asked as their readers wrote them."""
    count = sum(bool(question.standalone) for question in questions)
    return (f"follow-up questions, asked in their standalone form: {count}",) if count else ()


def _answer(assistant: Asker, question: Question, depth: int) -> Answer:
    try:
        return assistant.ask(question.asked, limit=depth)
    except BadQuestion as error:
        raise BadGold(f"question {question.id!r} cannot be asked: {error}") from error


def _row(question: Question, answer: Answer, judge: Judge) -> Row:
    """Without the ranked measures, which are computed for all questions at once."""
    found = judge.ranking(answer.evidence)[:_PLACES]
    first_right, any_right = _rightness(question, answer, judge)
    return Row(
        question_id=question.id,
        asked=question.asked,
        answerable=question.answerable,
        tags=question.tags,
        status=answer.status,
        confidence=answer.confidence,
        rank=first_rank(found, judge.keys[question.id].relevant) if question.answerable else None,
        found=found,
        evidence=tuple(hit.passage.id for hit in answer.evidence[:_PLACES]),
        citations=answer.citations,
        first_right=first_right,
        any_right=any_right,
        values={},
    )


def _rightness(question: Question, answer: Answer, judge: Judge) -> tuple[bool | None, bool | None]:
    """Of the first quote and of any quote; no quote is wrong, and None stands where nothing can be judged."""
    if not question.answerable or not judge.keys[question.id].quotable:
        return None, None
    flags = [judge.right(question.id, citation) for citation in answer.citations]
    return bool(flags and flags[0]), any(flags)
