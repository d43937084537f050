"""What kind of message it is, and the question inside its courtesies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question.purpose import FACT, Purpose, asked_inside, purpose_of, purposes

KINDS = {
    "hi": Purpose("talk", "greeting"),
    "Hello there!": Purpose("talk", "greeting"),
    "Thank you so much!": Purpose("talk", "thanks"),
    "Thanks, that was helpful. Bye!": Purpose("talk", "thanks"),
    "ok great": Purpose("talk", "assent"),
    "¿Quién eres?": Purpose("talk", "self"),
    "quien eres": Purpose("talk", "self"),
    "What can you do?": Purpose("talk", "help"),
    "adiós": Purpose("talk", "goodbye"),
    "How many articles are there?": Purpose("about", "count"),
    "¿Cuántos artículos hay?": Purpose("about", "count"),
    "What documents do you have?": Purpose("about", "list"),
    "Could you list the articles, please?": Purpose("about", "list"),
    "What is the latest article?": Purpose("about", "newest"),
    "Who wrote the article about the old town?": Purpose("about", "author", "the article about the old town"),
    "When was “The Harbour” published?": Purpose("about", "date", "The Harbour"),
    "Do you have anything on cartels?": Purpose("about", "mention", "cartels"),
    "What does Żak say about cartels?": Purpose("about", "said", "cartels", "Żak"),
    "articles by Ellis": Purpose("about", "works", "", "Ellis"),
    "Summarise everything": Purpose("summary", "gist", "everything"),
    "Can you summarize the article by Ellis?": Purpose("summary", "gist", "the article by Ellis"),
    "Give me the key points": Purpose("summary", "points"),
    "Dame un resumen de todo": Purpose("summary", "gist", "todo"),
    "What is this article about?": Purpose("summary", "about", "this article"),
    "How many articles does the treaty have?": FACT,
    "What is the USMCA?": FACT,
    "¿Cuántos consulados hay?": FACT,
    "hi, when does the canteen open?": FACT,
    "What does the author recommend?": FACT,
}

INSIDE = {
    "Could you tell me when the canteen opens?": "When the canteen opens?",
    "Can you explain how to become a team leader?": "How to become a team leader?",
    "I was wondering what the tariffs are": "What are the tariffs",
    "Do you know whether Mexico retaliated?": "Mexico retaliated?",
    "hi, when does the canteen open?": "When does the canteen open?",
    "¿Podrías decirme cuándo abre la cantina?": "¿Cuándo abre la cantina?",
    "Would you mind telling me who wrote it?": "Who wrote it?",
    "May I ask who Sheinbaum is?": "Who is Sheinbaum?",
    "Quick question: who is Ellis?": "Who is Ellis?",
    "And its imports?": "And its imports?",
    "Tell me about tariffs": "Tell me about tariffs",
    "could you?": "could you?",
    "thanks": "thanks",
}


@pytest.mark.parametrize(("message", "purpose"), KINDS.items())
def test_the_words_tell_what_a_message_is_for(message: str, purpose: Purpose) -> None:
    assert purpose_of(message) == purpose


@pytest.mark.parametrize(("message", "inside"), INSIDE.items())
def test_courtesies_are_no_part_of_the_question(message: str, inside: str) -> None:
    assert asked_inside(message) == inside


@given(st.text(max_size=400))
def test_any_text_may_be_a_question_of_fact(message: str) -> None:
    assert [*purposes(message)][-1] == FACT
    assert asked_inside(message) or not message
