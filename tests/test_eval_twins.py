"""Twins are real questions with one value swapped for another that their article does not hold."""

from datetime import date

from eval.scoring.judge import AnswerKey
from eval.sets.gold import Question
from eval.training.cases import MOST, twins
from index.records import Document
from index.text.words import Stem
from tests import make

TEXTS = {"brin": "Mayor Ada Lind opened the harbour of Brin in 1998.", "orm": "The bridge of Orm has stood since 1764."}
QUESTIONS = [
    Question("1", "What did Ada Lind open in 1998?", True, ("the harbour",), (), ()),
    Question("2", "Which town has had a bridge since 1764, is it Orm?", True, ("Orm",), (), ()),
    Question("3", "Is there a theatre in Brin?", False, (), (), ()),
]
KEYS = {"1": AnswerKey({"brin": 1}), "2": AnswerKey({"orm": 1})}


class Library:
    """Two articles."""

    stem: Stem = "snowball"

    def document(self, document_id: str) -> Document:
        return make.document(TEXTS[document_id], document_id, published=date(2026, 1, 1))


def test_a_twin_asks_for_what_its_article_does_not_hold() -> None:
    made = {twin.text for twin in twins(QUESTIONS, KEYS, Library())}
    assert made <= {
        "What did Orm open in 1998?",
        "What did Ada Lind open in 1764?",
        "Which town has had a bridge since 1998, is it Orm?",
        "Which town has had a bridge since 1764, is it Ada Lind?",
    }
    assert made


def test_twins_are_unanswerable_few_and_the_same_every_time() -> None:
    made = twins(QUESTIONS * 400, KEYS, Library())
    assert len(made) == MOST
    assert all(not twin.answerable and not twin.spans and not twin.answers for twin in made)
    assert made == twins(QUESTIONS * 400, KEYS, Library())


def test_unanswerable_questions_have_no_twins() -> None:
    assert twins(QUESTIONS[2:], KEYS, Library()) == []
