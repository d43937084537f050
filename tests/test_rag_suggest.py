"""The promise of a suggestion: it reads like a question, and the sentence it was made from answers it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from index.build import Builder
from index.records import Document
from index.search import Index
from index.settings import Settings
from rag.suggestions.suggest import MOST, TRIED, Suggester, wonder
from tests import make

MADE = (
    ("On Monday, President Claudia Sheinbaum announced a new plan.", "What did Claudia Sheinbaum announce?"),
    ("In fact, the Bank of Ald estimated that trade fell in 2024.", "What did the Bank of Ald estimate in 2024?"),
    ("Trump has pledged to secure the border.", "What has Trump pledged to do?"),
    ("Mexico refused to pay.", "What did Mexico refuse to do?"),
    ("Mexico seeks to expand its trade.", "What does Mexico seek to do?"),
    ("The U.S.-Mexico-Canada Trade Agreement (USMCA) is under review.", "What does USMCA stand for?"),
    ("The Migration Protection Protocols (MPP) are back.", "What does MPP stand for?"),
    ("Juan Ramon de la Fuente, the new foreign minister, spoke.", "Who is Juan Ramon de la Fuente?"),
    ("Comet Harrow was discovered by Ilse Brandt in 1904.", "When was Comet Harrow discovered?"),
    ("To this end, Mexico operates a network with 53 consulates.", "How many consulates does Mexico operate?"),
    (
        "Mexico is closely watched in Washington because elections are near.",
        "Why is Mexico closely watched in Washington?",
    ),
    ("It starts the “Mexico Embraces You” initiative.", "What is the “Mexico Embraces You” initiative?"),
    ("He spoke to the Bank of Mexico.", ""),
    ("Officials spoke to the Bank of Mexico.", "What is said about the Bank of Mexico?"),
)
TRAPS = (
    "It surpassed both China and Canada.",
    "Trump’s aide announced a plan.",
    "The Secretary of State announced a plan.",
    "The Trump administration hired lawyers.",
    "In March they imposed tariffs.",
    "According to the plan, nobody won.",
    "He works for the Senate (XYZ).",
    "Sheinbaum announced.",
)


def document(text: str, name: str = "a") -> Document:
    return make.document(text, name, title=name)


@pytest.mark.parametrize(("sentence", "question"), MADE)
def test_a_sentence_gives_the_question_that_a_person_would_ask(sentence: str, question: str) -> None:
    assert [one.text for one in wonder(document(sentence))][:1] == ([question] if question else [])


@pytest.mark.parametrize("sentence", TRAPS)
def test_what_would_read_badly_is_not_asked(sentence: str) -> None:
    assert wonder(document(sentence)) == []


def test_only_people_are_asked_for_with_who() -> None:
    made = wonder(document("Shops sell more on Black Friday, a day of sales."))
    assert [one.text for one in made] == ["What is said about Black Friday?"]


@dataclass(frozen=True)
class Cited:
    document_id: str
    quote: str


@dataclass(frozen=True)
class Said:
    """As much of an answer as a suggestion looks at."""

    question: str
    citations: tuple[Cited, ...]
    evidence: tuple[object, ...] = ()
    standalone: str = ""
    confidence: float = 0.9

    @property
    def status(self) -> str:
        return "answered" if self.citations else "abstained"


TEXT = (
    "Mexico seeks to expand its trade. Mexico operates 53 consulates. Trump has pledged to secure the border. "
    "The Migration Protection Protocols (MPP) are back. Comet Harrow was discovered in 1904. Ilse Brandt refused to "
    "pay. Peru plans to vote. Chile wants to vote. Cuba hopes to vote. Spain aims to vote. Brazil seeks to vote."
)


class Oracle:
    """Answers every question of `answers` with its sentence, and counts."""

    def __init__(self, answers: Mapping[str, tuple[str, str]]) -> None:
        self.answers, self.asked = answers, list[str]()

    def __call__(self, question: str) -> Said:
        self.asked.append(question)
        found = self.answers.get(question)
        return Said(question, (Cited(*found),) if found else ())


def suggester(oracle: Oracle, known: Mapping[str, str] | None = None) -> Suggester:
    articles = {"a": document(TEXT), "b": document("Peru plans to vote.", "b")}
    return Suggester(oracle, articles.__getitem__, sorted(articles), known or {})  # type: ignore[arg-type]


ANSWERS = {one.text: ("a", one.sentence) for one in wonder(document(TEXT))}


def test_at_most_three_are_kept_of_at_most_eight_that_are_asked_and_only_once() -> None:
    oracle = Oracle({})
    asking = suggester(oracle)
    assert asking.of_document("a") == () and len(oracle.asked) == TRIED
    asking.of_document("a")
    assert len(oracle.asked) == TRIED
    assert len(suggester(Oracle(ANSWERS)).of_document("a")) == MOST


def test_an_answer_from_another_article_or_another_sentence_does_not_count() -> None:
    elsewhere = {text: ("b", sentence) for text, (_, sentence) in ANSWERS.items()}
    otherwise = {text: ("a", "Something else was said.") for text in ANSWERS}
    assert suggester(Oracle(elsewhere)).of_document("a") == suggester(Oracle(otherwise)).of_document("a") == ()


def test_the_surest_answered_come_first() -> None:
    class Unsure(Oracle):
        def __call__(self, question: str) -> Said:
            return replace(super().__call__(question), confidence=0.4 if "Mexico" in question else 0.8)

    kept = suggester(Unsure(ANSWERS)).of_document("a")
    assert len(kept) == MOST and not any("Mexico" in text for text in kept)


def test_a_question_that_somebody_wrote_comes_first_but_must_be_answered() -> None:
    known = {"a": "Why does it rain?"}
    assert suggester(Oracle(ANSWERS), known).of_document("a")[0] != known["a"]
    assert suggester(Oracle({**ANSWERS, known["a"]: ("a", "Rain.")}), known).of_document("a")[0] == known["a"]


def test_what_was_asked_is_never_suggested_again() -> None:
    asking = suggester(Oracle(ANSWERS))
    first = asking.of_document("a")[0]
    said = Said(first.lower(), (Cited("a", TEXT[:33]),))
    assert first in asking.of_document("a") and first not in asking.after(said)  # type: ignore[arg-type]
    follows = Said("And then?", (Cited("a", TEXT[:33]),), standalone=first)
    assert first not in asking.after(follows)  # type: ignore[arg-type]


def test_an_answer_that_quotes_nothing_suggests_nothing() -> None:
    assert suggester(Oracle(ANSWERS)).after(Said("What?", ())) == ()  # type: ignore[arg-type]


def test_the_first_suggestions_are_one_from_each_article() -> None:
    answers = {**ANSWERS, "What does Peru plan to do?": ("b", "Peru plans to vote.")}
    assert len(suggester(Oracle(answers)).first()) == 2


def test_the_same_articles_give_the_same_questions(
    hash_index: Index, hash_builder: Builder, hash_settings: Settings
) -> None:
    made = [[one.text for one in wonder(hash_index.document(name))] for name in hash_index.document_ids]
    assert made == [[one.text for one in wonder(hash_index.document(name))] for name in hash_index.document_ids]
    assert "When was Comet Harrow discovered?" in made[2]
