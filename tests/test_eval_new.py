"""Proposed questions: each rule on a sentence of its own, and what must hold of all of them together."""

import json
from datetime import date
from pathlib import Path
from random import Random

import pytest

from eval.authoring.duplicates import alike, form_of, kind_of, likeness
from eval.authoring.near_misses import Paragraphs, near_misses
from eval.authoring.propose import NEAR_MISS, propose
from eval.sets.gold import check_gold, line_of, read_gold, write_lines
from index.cleaning.clean import clean_plain
from index.errors import BadInput
from index.records import Document
from index.text.words import stems
from quotewell import run as quotewell
from tests import make


def document(text: str, id_: str = "a") -> Document:
    return make.cleaned(text, id_, clean_plain, published=date(2024, 1, 1), sha256="0")


CASES = [
    ("The Marten bakery was founded in 1987 by two friends.", "When was the Marten bakery founded?", "1987"),
    ("In March 2019, the Sollen bridge was closed.", "When was the Sollen bridge closed?", "March 2019"),
    ("Ilse Brandt discovered Comet Harrow in 1904.", "Who discovered Comet Harrow in 1904?", "Ilse Brandt"),
    ("Comet Harrow was discovered by Ilse Brandt in 1904.", "Who discovered Comet Harrow?", "Ilse Brandt"),
    ("The Linden theatre seats 312 people.", "How many people does the Linden theatre seat?", "312"),
    ("The Sollen bridge cost $12 million.", "How much did the Sollen bridge cost?", "$12 million"),
    ("Aldra has a population of 4,200 in summer.", "What is the population of Aldra?", "4,200"),
    ("Farmers joined the Free Trade Union (FTU) late.", "What does FTU stand for?", "Free Trade Union"),
    ("Port Aldra is located in the Tamm Valley.", "Where is Port Aldra located?", "in the Tamm Valley"),
    ("Aldra is the capital of Norland.", "What is the capital of Norland?", "Aldra"),
    (
        "Petra Novak argued that comedies were the only plays that filled the house.",
        "What did Petra Novak argue?",
        "that comedies were the only plays that filled the house",
    ),
    (
        "The Linden theatre was closed because the roof let in the rain.",
        "Why was the Linden theatre closed?",
        "the roof let in the rain",
    ),
    (
        "Petra Novak, the director of the Linden theatre, sings.",
        "Who is Petra Novak?",
        "the director of the Linden theatre",
    ),
    (
        "The Marten bakery promised to bake more rye bread.",
        "What did the Marten bakery promise to do?",
        "to bake more rye bread",
    ),
    ("Some 40% of Aldra farmers support the ferry.", "What percentage of Aldra farmers support the ferry?", "40%"),
]


@pytest.mark.parametrize(("sentence", "question", "answer"), CASES)
def test_a_rule_asks_what_its_sentence_answers(sentence: str, question: str, answer: str) -> None:
    """Two rules may read one sentence, and the seed says which of its questions is kept."""
    found = {one.text: one.answers for seed in range(4) for one in propose([document(sentence)], seed=seed)}
    assert found[question] == (answer,)


BAD = [
    "He was born in 1904.",  # who?
    "The fort was destroyed in 1560.",  # which fort?
    "The bakery made 1,000 loaves.",
    "Whereas Aldra won the war, the king fled.",
    "Aldra approved tariffs on over 1,000 types of goods in 2019.",
    "The input is an arbitrary graph of nodes.",
]


@pytest.mark.parametrize("sentence", BAD)
def test_nothing_is_asked_of_what_nobody_could_know_or_what_was_cut(sentence: str) -> None:
    assert [one.text for one in propose([document(sentence)])] == []


def test_proposals_are_valid_gold_no_two_alike_and_the_same_every_time(seeds: list[Document], tmp_path: Path) -> None:
    found = propose(seeds, count=30)
    assert len(found) >= 8
    assert found == propose(list(seeds), count=30)
    write_lines(tmp_path / "new.jsonl", [line_of(one) for one in found])
    assert read_gold(tmp_path / "new.jsonl") == found
    assert check_gold(found, {one.id: one.source for one in seeds}) == []
    assert [how for *_, how in alike([form_of(one.text) for one in found]) if how != "twin"] == []
    assert len({span.document_id for one in found for span in one.spans}) == len(seeds)
    with pytest.raises(BadInput, match="exists already"):
        write_lines(tmp_path / "new.jsonl", [])


def test_a_question_with_two_answers_is_not_asked_and_one_with_two_places_has_both() -> None:
    one, two = "Comet Harrow was discovered in 1904.", "Comet Harrow was discovered in 1905."
    assert propose([document(one, "a"), document(two, "b")]) == []
    (both,) = [q for q in propose([document(one, "a"), document(f"Yes. {one}", "b")]) if q.answerable]
    assert [span.document_id for span in both.spans] == ["a", "b"]


def test_a_near_miss_is_marked_and_its_words_stand_nowhere_together() -> None:
    text = "The Marten bakery was founded in 1987. The Linden theatre was opened in 1990. The Tamm valley is wide."
    found = propose([document(text)], count=10)
    misses = [one for one in found if NEAR_MISS in one.tags]
    assert misses
    assert all(not one.answerable and not one.spans and not one.answers for one in misses)
    for miss in misses:
        assert not set(stems(miss.text, "snowball")) <= set(stems(text, "snowball"))


def test_a_year_is_swapped_for_a_near_one_that_the_paragraph_does_not_hold() -> None:
    asked = [("Who won the Aldra Cup in 1904?", "Aldra Cup"), ("Who won the Tamm Cup in 1910?", "Tamm Cup")]
    held = document("Ilse won the Aldra Cup in 1904.\nOskar won the Tamm Cup in 1910.")
    found = {miss.text for miss in near_misses(asked, [held], Random(1)) if miss.swapped == "year"}
    assert found == {"Who won the Aldra Cup in 1910?", "Who won the Tamm Cup in 1904?"}
    other = document("In 1910 there was an Aldra Cup.", "b")
    assert "Who won the Aldra Cup in 1910?" not in {m.text for m in near_misses(asked, [held, other], Random(1))}
    assert Paragraphs([held]).hold(frozenset(stems("Ilse Aldra", "snowball")))
    assert not Paragraphs([held]).hold(frozenset(stems("Ilse Tamm", "snowball")))


@pytest.mark.parametrize(
    ("a", "b", "how"),
    [
        ("When was the bakery founded?", "when was the bakery  founded", "same"),
        ("Who founded the Marten bakery?", "Who founded the Linden bakery?", None),
        ("When did Oskar Lind open it?", "When did Petra Lind open it?", "twin"),
        ("Who won the long Aldra race up the hill?", "Who won the Aldra race up the hill?", "near"),
        ("Who won the Aldra Cup?", "When was the Aldra Cup won?", None),
    ],
)
def test_two_questions_are_the_same_near_twins_or_neither(a: str, b: str, how: str | None) -> None:
    assert likeness(form_of(a), form_of(b)) == how
    assert [kind for *_, kind in alike([form_of(a), form_of(b)])] == ([how] if how else [])


def test_the_kind_of_a_question_is_read_off_its_words() -> None:
    asked = ["Who is he?", "When was it?", "How many?", "Where is it?", "Why?", "Is it so?", "What is it?", "How so?"]
    assert list(map(kind_of, asked)) == ["who", "when", "number", "where", "why", "yesno", "what", "how"]


def test_the_command_writes_gold_to_stdout_and_refuses_two_corpora(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("The Marten bakery was founded in 1987 by two friends who liked rye bread a lot.")
    assert quotewell(["eval", "new", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    first = json.loads(out.splitlines()[0])
    assert (first["text"], first["answers"]) == ("When was the Marten bakery founded?", ["1987"])
    assert "from 1 articles" in err
    assert quotewell(["eval", "new", str(tmp_path), "--data", str(tmp_path)]) == 2
