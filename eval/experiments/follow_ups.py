"""Measure follow-up questions: as typed, as resolved by rule, and in the gold standalone form, pair by pair.

The gold history holds earlier questions only; their answers are those of the assistant itself, turn by turn. A question
without history is asked once more behind a random other one, which must change nothing.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.runs.tables import Table, bracketed, figure_table, paragraphs
from eval.scoring.intervals import SEED, Figure, Figures, mean
from eval.scoring.judge import Judge, judge_for
from eval.scoring.run import OnQuestion, SetName, followed
from eval.sets.gold import Question
from eval.sets.sets import EvalSet
from index.errors import BadInput
from rag.assistant import Assistant
from rag.follow_ups.resolve import resolve
from rag.follow_ups.turns import Turn

DEPTH = 5
FORMS = ("as typed", "resolved", "standalone")


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """One follow-up question: what its readings were, and whether each of FORMS found its passage."""

    id: str
    readings: tuple[str, ...]
    standalone: str
    hits: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """Hit@5 of the three forms, their paired differences, and what a history does to questions that need none: the
    share that comes back in other words, and Hit@5 without and behind another one, and the difference."""

    set_name: SetName
    index_version: str
    figures: Figures
    rows: tuple[FollowUpRow, ...]


def measure_followups(
    assistant: Assistant, questions: EvalSet, *, progress: OnQuestion | None = None
) -> FollowUpFigures:
    """Ask every answerable follow-up of a set in three forms, and every other answerable question in two.

    Right is a passage that holds a gold span, or a judged document, among the first five. Of two readings the one
    counts whose answer the assistant is surer of. Raises BadGold when the set does not fit the index, BadInput when
    it holds no follow-up question.
    """
    judge = judge_for(questions, assistant.index)
    follow_ups = [question for question in questions.questions if question.answerable and question.history]
    others = [question for question in questions.questions if question.answerable and not question.history]
    if not follow_ups:
        raise BadInput(f"{questions.name} has no answerable question with a history; give a set that has")
    rows = [_row(assistant, question, judge) for question in followed(follow_ups, progress)]
    alone = _alone(assistant, others, judge, progress)
    typed, resolved, standalone = ([row.hits[form] for row in rows] for form in FORMS)
    changed, without, behind = ([each[at] for each in alone] for at in range(3))
    figures = (
        *(mean(form, hits) for form, hits in zip(FORMS, (typed, resolved, standalone), strict=True)),
        _difference("resolved - standalone", resolved, standalone),
        _difference("resolved - as typed", resolved, typed),
        mean("changed behind another question", changed),
        mean("alone", without),
        mean("behind another question", behind),
        _difference("behind - alone", behind, without),
    )
    return FollowUpFigures(questions.name, assistant.index.version, figures, tuple(rows))


def turns_before(assistant: Assistant, history: Sequence[str]) -> tuple[Turn, ...]:
    """The earlier questions with what the assistant says to each in its standalone form."""
    turns: tuple[Turn, ...] = ()
    for question in history:
        answer = assistant.ask(resolve(question, turns).readings[0])
        turns = (*turns, Turn(question, answer.text))
    return turns


def _row(assistant: Assistant, question: Question, judge: Judge) -> FollowUpRow:
    resolved = resolve(question.text, turns_before(assistant, question.history))
    forms = ((question.text,), resolved.readings, (question.asked,))
    hits = {name: _found(assistant, form, question, judge) for name, form in zip(FORMS, forms, strict=True)}
    return FollowUpRow(question.id, resolved.readings, question.asked, hits)


def _alone(
    assistant: Assistant, others: Sequence[Question], judge: Judge, progress: OnQuestion | None
) -> list[tuple[bool, bool, bool]]:
    """Changed, found alone, found behind another question: one triple a question; the choice is seeded."""
    choose = random.Random(SEED)
    found: list[tuple[bool, bool, bool]] = []
    for question in followed(others, progress) if len(others) > 1 else ():
        earlier = choose.choice([other for other in others if other.id != question.id])
        resolved = resolve(question.asked, turns_before(assistant, [earlier.asked]))
        without = _found(assistant, (question.asked,), question, judge)
        same = resolved.readings == (question.asked,)
        behind = without if same else _found(assistant, resolved.readings, question, judge)
        found.append((resolved.changed, without, behind))
    return found


def _found(assistant: Assistant, readings: Sequence[str], question: Question, judge: Judge) -> bool:
    """Is something right among the first five of the reading that the assistant is surest of, the first of equals?"""
    answers = [assistant.ask(reading, limit=DEPTH * (1 if judge.level == "passage" else 10)) for reading in readings]
    best = max(answers, key=lambda answer: answer.confidence)
    return any(name in judge.keys[question.id].relevant for name in judge.ranking(best.evidence)[:DEPTH])


def _difference(name: str, values: Sequence[bool], others: Sequence[bool]) -> Figure:
    return mean(name, [float(a) - float(b) for a, b in zip(values, others, strict=True)])


def text_of_followups(found: FollowUpFigures) -> str:
    """Every figure with its interval, one a line."""
    title = f"{found.set_name} · Hit@{DEPTH} of follow-ups · index {found.index_version}"
    return paragraphs(title, figure_table(found.figures))


def markdown_of_followups(found: FollowUpFigures, *, command: str) -> str:
    """The figures as a Markdown table with the command that gives them."""
    rows = [(figure.name, bracketed(figure), str(figure.n)) for figure in found.figures]
    table = Table(("Hit@5", "value and 95 % interval", "n"), rows)
    return paragraphs(table.as_markdown(), f"{found.set_name} · index {found.index_version}: written by `{command}`.")
