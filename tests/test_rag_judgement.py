"""What asks for an opinion, a forecast, a sum or a poem is told from what an article can say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.experiments.refusal_reasons import SEEN
from rag.question.purpose import out_of_scope

FACTS = (
    "Why should Mexico diversify its trade, according to Velázquez Flores?",
    "What does Sheinbaum think of the tariffs?",
    "Is Mexico the largest trading partner of the US?",
    "What should be done before flying?",
    "Which country was right behind Mexico in exports?",
    "What is the average temperature in July?",
    "What will happen to the treaty in July 2026?",
    "When will the treaty be reviewed?",
    "How many times was the treaty amended?",
    "How many articles does the treaty have?",
    "Who won the best actor award in 1999?",
    "Who was the greatest influence on Kant?",
    "What share of energy will be renewable by 2030?",
    "What does the author recommend?",
    "What do you call a baby goat?",
    "Do you need a visa to visit Mexico?",
    "What does the report say will happen in 2050?",
    "What was the predicted population of the city in 2040?",
    "What happened in 1973-1974?",
    "who sang the song should have been a cowboy",
    "Give me the recipe for carrot cake",
    "Tell me the story of the firm",
)


@pytest.mark.parametrize("question", SEEN)
def test_what_no_article_can_answer_wants_judgement(question: str) -> None:
    assert out_of_scope(question)


@pytest.mark.parametrize("question", ["Give me the best slogan for the offsite", "Sing me the song of the choir"])
def test_what_would_have_to_be_made_up_wants_judgement(question: str) -> None:
    assert out_of_scope(question)


@pytest.mark.parametrize("question", FACTS)
def test_what_an_article_can_say_does_not(question: str) -> None:
    assert not out_of_scope(question)


def test_case_blanks_and_curly_apostrophes_do_not_count() -> None:
    assert out_of_scope("  WHAT\u2019S   your\nopinion?") and out_of_scope("what's your opinion?")


def test_whose_word_is_named_turns_advice_into_a_fact() -> None:
    assert out_of_scope("Should Mexico retaliate?")
    assert not out_of_scope("Should Mexico retaliate, according to the minister?")


@given(st.text(max_size=400))
def test_no_text_makes_it_fail(question: str) -> None:
    assert out_of_scope(question) == out_of_scope(question)
