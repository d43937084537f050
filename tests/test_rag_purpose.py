"""What kind of message it is, and the question inside its courtesies."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search import open_index
from index.settings import load_settings
from rag.question.purpose import FACT, Purpose, alike, asked_inside, purpose_of, purposes, several
from rag.text_check.statement import verdict

KINDS = {
    "Fasse den Artikel von Ellis zusammen": Purpose("summary", "gist", "den Artikel von Ellis"),
    "Kannst du die Artikel bitte kurz zusammenfassen?": Purpose("summary", "gist", "die Artikel"),
    "Résume l'article de Znojek": Purpose("summary", "gist", "l'article de Znojek"),
    "resume el artículo de Ellis en tres frases": Purpose("summary", "gist", "el artículo de Ellis"),
    "Wer hat die Artikel geschrieben?": Purpose("about", "authors"),
    "Wer hat den Artikel über Trump geschrieben?": Purpose("about", "author", "den Artikel über Trump"),
    "Wer hat die Brücke gebaut?": FACT,
    "Worum geht es?": Purpose("about", "subjects"),
    "quels sont les auteurs ?": Purpose("about", "authors"),
    "De quoi parlent les articles ?": Purpose("about", "subjects"),
    "shorter please": Purpose("summary", "less"),
    "What is said about the choir?": Purpose("about", "topic", "the choir"),
    "What do you know about her?": Purpose("about", "topic", "her"),
    "which ones did Ada Lind write?": Purpose("about", "works", "", "Ada Lind"),
    "Which articles were published in 2023?": Purpose("about", "works", "", "in 2023"),
    "Which articles are in German?": FACT,
    "Which of your articles is by Ellis?": Purpose("about", "works", "", "Ellis"),
    "In which year was the article on trade written?": Purpose("about", "date", "the article on trade"),
    "In which year did the song of Garn appear?": FACT,
    "👍": Purpose("talk", "assent"),
    "never mind": Purpose("talk", "assent"),
    "thanks a million!": Purpose("talk", "thanks"),
    "Who am I talking to?": Purpose("talk", "self"),
    "Did Jon Vale write about heat pumps?": Purpose("about", "said", "heat pumps", "Jon Vale"),
    "Is the article about the mill recent?": Purpose("about", "date", "the article about the mill"),
    "List all titles.": Purpose("about", "list"),
    "what files did I upload?": Purpose("about", "list"),
    "你好": Purpose("talk", "greeting"),
    "ありがとうございます": Purpose("talk", "thanks"),
    "thank you very much, that helped": Purpose("talk", "thanks"),
    "I don't understand": Purpose("talk", "help"),
    "hi": Purpose("talk", "greeting"),
    "Hello there!": Purpose("talk", "greeting"),
    "Thank you so much!": Purpose("talk", "thanks"),
    "Thanks, that was helpful. Bye!": Purpose("talk", "thanks"),
    "ok great": Purpose("talk", "assent"),
    "Guten Tag!": Purpose("talk", "greeting"),
    "are you sure?": Purpose("talk", "proof"),
    "What are your sources?": Purpose("about", "publishers"),
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
    "Does anything here talk about cartels?": Purpose("about", "mention", "cartels"),
    "Does anyone mention cartels?": Purpose("about", "mention", "cartels"),
    "What does Żak say about cartels?": Purpose("about", "said", "cartels", "Żak"),
    "articles by Ellis": Purpose("about", "works", "", "Ellis"),
    "Summarise everything": Purpose("summary", "gist", "everything"),
    "Can you summarize the article by Ellis?": Purpose("summary", "gist", "the article by Ellis"),
    "Give me the key points": Purpose("summary", "points"),
    "give me 3 facts": Purpose("summary", "points"),
    "tell me more": Purpose("summary", "more"),
    "What does Ellis say?": Purpose("summary", "word", "Ellis"),
    "Tell me about tariffs": Purpose("about", "topic", "tariffs"),
    "Dame un resumen de todo": Purpose("summary", "gist", "todo"),
    "What is this article about?": Purpose("summary", "about", "this article"),
    "How many articles does the treaty have?": FACT,
    "What is the USMCA?": FACT,
    "¿Cuántos consulados hay?": FACT,
    "hi, when does the canteen open?": FACT,
    "What does the author recommend?": FACT,
    "What does she argue?": Purpose("summary", "word", "she"),
    "What did she say?": FACT,  # of whom the last question was about
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
    "Could you maybe tell me who Ellis is, if it isn't too much trouble?": "Who is Ellis?",
    "Who wrote it? Reply in English.": "Who wrote it?",
    "When does the canteen open? Please answer in one sentence.": "When does the canteen open?",
    "In one sentence, what is the treaty?": "What is the treaty?",
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


SEVERAL = {
    "How much does it cost and how long does the visit take?": (
        "How much does it cost?",
        "How long does the visit take?",
    ),
    "What are tariffs, who pays them, and how high are they?": (
        "What are tariffs?",
        "Who pays them?",
        "How high are they?",
    ),
    "Who are Ada Lind, Brandt and Moe?": ("Who is Ada Lind?", "Who is Brandt?", "Who is Moe?"),
    "Who are the people of Oslo and Bergen?": ("Who are the people of Oslo and Bergen?",),
    "Who designed the pier and when?": ("Who designed the pier?", "When?"),
    "Who is Ellis? What did he write?": ("Who is Ellis?", "What did he write?"),
    "When was the canal dug and by whom?": ("When was the canal dug?", "By whom?"),
    "¿Cuánto cuesta y cuándo abre la cantina?": ("¿Cuánto cuesta?", "Cuándo abre la cantina?"),
    "When and where was the treaty signed?": ("When and where was the treaty signed?",),
    "Who is the man who wrote and who fell?": ("Who is the man who wrote and who fell?",),
    "What did she say about tariffs and fentanyl?": ("What did she say about tariffs and fentanyl?",),
    "1. When was it opened? 2) Who runs it?": ("When was it opened?", "Who runs it?"),
    "- When was it opened?\n- Who runs it?": ("When was it opened?", "Who runs it?"),
    "[1] When was it opened? 2.) Who runs it?": ("When was it opened?", "Who runs it?"),
    "Q1: When was it opened? ii) Who runs it?": ("When was it opened?", "Who runs it?"),
    "Was it 1848? 1,200 men dug it?": ("Was it 1848? 1,200 men dug it?",),
    "What is it? I need it.": ("What is it? I need it.",),
}


@pytest.mark.parametrize(("message", "questions"), SEVERAL.items())
def test_several_questions_are_taken_apart_and_one_stays_whole(message: str, questions: tuple[str, ...]) -> None:
    assert several(message) == questions


@given(st.text(max_size=400))
def test_taking_apart_never_fails(message: str) -> None:
    assert several(message)


VERDICTS = (
    ("Should employees wear a helmet in hall B?", "Employees should wear a helmet in hall B.", "yes"),
    ("Does the canteen open on Sunday?", "The canteen opens on Sunday.", "yes"),
    ("Does the canteen open on Sunday?", "The canteen does not open on Sunday.", "no"),
    ("Is the canteen open on Sunday?", "The canteen is not open on Sunday.", "no"),
    ("Is the canteen open on Sunday?", "The canteen is open on Monday.", ""),
    ("Must employees use the phone?", "Employees should wear a helmet and must not use the phone while driving.", ""),
    ("Was Ada Berg born in 1901?", "Ada Berg was born in 1911.", ""),
    ("Was Ada Berg born in 1911?", "It is claimed that Ada Berg was born in 1911.", ""),
    ("Will the pier open in May 2026?", "The pier may open in May 2026.", ""),
    ("Is the dog larger than the cat?", "The cat is larger than the dog.", ""),
    ("Did Mexico invade the United States?", "The United States invaded Mexico in 1846.", ""),
    ("Is it open or closed?", "It is open.", ""),
    ("When is it open?", "It is open on Monday.", ""),
)


@pytest.mark.parametrize(("question", "quote", "said"), VERDICTS)
def test_yes_and_no_are_said_only_where_the_quote_says_them_literally(question: str, quote: str, said: str) -> None:
    assert verdict(question, quote) == said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("message", "purpose"),
    [
        ("yo, what is this place?", Purpose("talk", "self")),
        ("Who are the people who wrote these?", Purpose("about", "authors")),
        ("Wie viele Artikel gibt es hier?", Purpose("about", "count")),
        ("What language is spoken in Brazil?", None),
        ("Who wrote the book?", None),
    ],
)
def test_a_message_in_other_words_is_told_by_the_example_that_is_close(
    seeds_data: Path, message: str, purpose: Purpose | None
) -> None:
    assert alike(message, open_index(seeds_data, load_settings(data=seeds_data))) == purpose
