"""Questions of the kinds that a reader fails at, and those that it learns from: quotes that stand there, halves and
folders that share nothing.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from eval.reading.collect import Collection, collect
from eval.sets.sets import half, resolve_set

EVAL = Path(__file__).parent.parent / "eval"
LEARNT = EVAL / "reading" / "everyday-train"
GOLD = {"reading": 106, "everyday": 721}  # questions of a half


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    zipped = folder / f"{name}.jsonl.gz"
    text = gzip.decompress(zipped.read_bytes()) if zipped.exists() else (folder / f"{name}.jsonl").read_bytes()
    return [json.loads(line) for line in text.splitlines()]


FOLDERS = [*(EVAL / "gold" / name for name in GOLD), LEARNT]
TEXTS = {folder: {one["_id"]: one["text"] for one in lines(folder, "corpus")} for folder in FOLDERS}
QUESTIONS = {folder: lines(folder, "queries") for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_quote_stands_in_the_passage_its_question_was_written_on(folder: Path) -> None:
    marked = [
        (one, span, said)
        for one in QUESTIONS[folder]
        for span, said in [*zip(one["spans"], one["answers"], strict=True), *tempting(one)]
    ]
    assert len(marked) > len(QUESTIONS[folder]) / 2
    wrong = [
        one["_id"]
        for one, span, said in marked
        if span["doc"] != one["near_doc"] or TEXTS[folder][span["doc"]][span["start"] : span["end"]] != said
    ]
    assert wrong == []


def tempting(question: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    return [(question["tempting"], question["tempting"]["quote"])] if "tempting" in question else []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_is_answered_has_words_that_answer_and_what_is_not_has_none(folder: Path) -> None:
    assert [one["_id"] for one in QUESTIONS[folder] if bool(one["answers"]) != one["answerable"]] == []


@pytest.mark.parametrize("folder", FOLDERS[:-1], ids=lambda folder: folder.name)
def test_the_halves_are_those_that_every_command_takes_and_share_no_passage(folder: Path) -> None:
    found = resolve_set(folder)
    halves = {name: half(found, tuning=name == "dev").questions for name in ("dev", "test")}
    for name, questions in halves.items():
        assert [question.id for question in questions] == [
            one["_id"] for one in QUESTIONS[folder] if one["half"] == name
        ]
        assert len(questions) == GOLD[folder.name]
    assert not {question.near for question in halves["dev"]} & {question.near for question in halves["test"]}


def test_no_passage_that_is_learnt_from_is_asked_about() -> None:
    learnt = {text[:120] for text in TEXTS[LEARNT].values()}
    asked = {TEXTS[folder][one["near_doc"]][:120] for folder in FOLDERS[:-1] for one in QUESTIONS[folder]}
    assert not learnt & asked


def test_every_question_becomes_a_row_with_the_sentences_that_answer() -> None:
    rows, _ = collect([Collection(LEARNT)])
    assert {row.id for row in rows} == {one["_id"] for one in QUESTIONS[LEARNT]}
    assert all(row.good if row.kind == "gold" else not row.good for row in rows)
    assert all(row.text[slice(*sentence)].strip() for row in rows for sentence in row.sentences)
