"""The development questions of the kinds that a reader fails at: quotes that stand there, halves that share nothing."""

import json
from pathlib import Path
from typing import Any

from eval.sets.sets import half, resolve_set

FOLDER = Path(__file__).parent.parent / "eval" / "gold" / "reading"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


TEXTS = {document["_id"]: document["text"] for document in lines("corpus.jsonl")}
QUESTIONS = lines("queries.jsonl")


def test_every_quote_stands_in_the_paragraph_its_question_was_written_on() -> None:
    marked = [(one, span) for one in QUESTIONS for span in [*one["spans"], *filter(None, [one.get("tempting")])]]
    assert len(marked) >= len(QUESTIONS)
    wrong = [
        one["_id"]
        for one, span in marked
        if span["doc"] != one["near_doc"] or TEXTS[span["doc"]][span["start"] : span["end"]] != span["quote"]
    ]
    assert wrong == []


def test_what_is_answered_has_a_quote_and_its_words_and_what_is_not_has_neither() -> None:
    wrong = [
        one["_id"]
        for one in QUESTIONS
        if [span["quote"] for span in one["spans"]] != one["answers"] or bool(one["answers"]) != one["answerable"]
    ]
    assert wrong == []


def test_the_halves_are_those_that_every_command_takes_and_share_no_paragraph() -> None:
    found = resolve_set(FOLDER)
    halves = {name: half(found, tuning=name == "dev").questions for name in ("dev", "test")}
    for name, questions in halves.items():
        assert [question.id for question in questions] == [one["_id"] for one in QUESTIONS if one["half"] == name]
        assert len(questions) == 106
    assert not {question.near for question in halves["dev"]} & {question.near for question in halves["test"]}
