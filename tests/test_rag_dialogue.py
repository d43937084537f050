"""Follow-up questions as readers type them, and the standalone questions that rules make of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import BadQuestion
from rag.follow_ups.resolve import resolve
from rag.follow_ups.turns import MOST_TURNS, Turn, turns_of

EXPORTS = "What share of Mexico's exports goes to the US?"
TRUMP = "When did Trump declare the border emergency?"
QUOTED = "“The second term of Donald Trump” (1 May 2024): “{}” [1]"

TABLE = [  # question before, follow-up, standalone
    (EXPORTS, "And its imports?", "What share of Mexico's imports goes to the US?"),
    (EXPORTS, "And of its imports?", "What share of Mexico's imports goes to the US?"),
    (EXPORTS, "What about Brazil?", "What share of Mexico's exports goes to Brazil?"),
    (EXPORTS, "And in 2024?", "What share of Mexico's exports goes to the US in 2024?"),
    ("How much did Mexico buy in 2023?", "and in 2024", "How much did Mexico buy in 2024?"),
    ("How much did Mexico buy from the US?", "how about canada?", "How much did Mexico buy from Canada?"),
    ("How many people live in Oslo?", "Who counted them?", "Who counted the people that live in Oslo?"),
    (TRUMP, "Why?", "Why did Trump declare the border emergency?"),
    (TRUMP, "Who did he put in charge of it?", "Who did Trump put in charge of the border emergency?"),
    ("Who wrote Hamlet?", "When?", "Who wrote Hamlet, and when?"),
    ("When was Claudia Sheinbaum elected?", "and when did she take office", "When did Claudia Sheinbaum take office?"),
    ("What is the Remain in Mexico policy?", "Who introduced it?", "Who introduced the Remain in Mexico policy?"),
    ("What is the Remain in Mexico policy?", "When did that policy end?", "When did the Remain in Mexico policy end?"),
    ("Who founded Apple and Microsoft?", "When was the latter founded?", "When was Microsoft founded?"),
    ("How do Mexico and Canada trade?", "What does the other country export?", "What does Canada export?"),
    ("How tall is Angela Merkel?", "I mean Emmanuel Macron", "How tall is Emmanuel Macron?"),
    ("What is the population of Norway?", "Sweden?", "What is the population of Sweden?"),
    ("¿Cuánto exportó México en 2023?", "¿Y en 2024?", "¿Cuánto exportó México en 2024?"),
    ("¿Cuánto exportó México en 2023?", "¿Y Brasil?", "¿Cuánto exportó Brasil en 2023?"),
    ("¿Cuántos puertos tiene Perú?", "¿Y cuándo abrió el canal?", "¿Cuándo abrió el canal?"),
    ("¿Quién vende los barcos?", "and is the ferry cheap too", "Is the ferry cheap too?"),
    ("What is the USMCA?", "When did it take effect?", "When did the USMCA take effect?"),
    (EXPORTS, "what was it in 2019", "What share of Mexico's exports goes to the US in 2019?"),
    (
        "What is the fare in Oslo?",
        "how much was it at the start of the year",
        "What is the fare in Oslo at the start of the year?",
    ),
    (
        "Why did Lind sell the ferry?",
        "What did Brandt say about it?",
        "Why did Lind sell the ferry, and what did Brandt say about it?",
    ),
    (
        "What is the Remain in Mexico policy?",
        "What did Lind say about it?",
        "What did Lind say about the Remain in Mexico policy?",
    ),
    (
        "Why did Norway close the ports?",
        "How did Sweden react?",
        "Why did Norway close the ports, and how did Sweden react?",
    ),
    ("What does Ada Lind want?", "What is her US policy?", "What is Ada Lind's US policy?"),
    ("What does Ada Flores want?", "Which of them won?", "What does Ada Flores want, and which of them won?"),
    ("When did Brazil join the U.N.?", "When did it leave the U.S.?", "When did Brazil leave the U.S.?"),
]
STANDALONE = [
    "Who is the president of France?",
    "What did Trump say when he met Sheinbaum?",
    "Is it true that the earth is flat?",
    "Has Mexico changed its policy on drugs?",
    "countries that border Mexico",
    "sheinbaum approval rating",
    "How long after it was signed did NAFTA come into effect?",
]


@pytest.mark.parametrize(("before", "asked", "standalone"), TABLE, ids=[asked for _, asked, _ in TABLE])
def test_a_follow_up_is_put_in_words_that_stand_alone(before: str, asked: str, standalone: str) -> None:
    resolved = resolve(asked, [Turn(before, "")])
    assert (resolved.readings[0], resolved.changed) == (standalone, True)


@pytest.mark.parametrize("question", STANDALONE)
@pytest.mark.parametrize("before", [EXPORTS, TRUMP, "Who mentored Sheinbaum?"])
def test_a_question_that_needs_no_history_comes_back_alone_and_unchanged(question: str, before: str) -> None:
    resolved = resolve(question, [Turn(before, "")])
    assert (resolved.readings, resolved.changed) == ((question,), False)


def test_he_is_whom_the_answer_names_when_the_question_asked_who() -> None:
    turn = Turn("Who mentored Claudia Sheinbaum?", QUOTED.format("Her mentor Andres Manuel Lopez Obrador led Mexico."))
    assert resolve("How old is he?", [turn]).readings[0] == "How old is Andres Manuel Lopez Obrador?"


@pytest.mark.parametrize(
    ("quoted", "asked", "standalone"),
    [
        ("The election of Ada Lind as President was close.", "when did she resign", "When did Ada Lind resign?"),
        ("Ada Lind met the Mexican President. However, Norway left.", "why did she go", "Why did Ada Lind go?"),
    ],
)
def test_a_name_typed_in_lower_case_is_known_from_the_answer(quoted: str, asked: str, standalone: str) -> None:
    assert resolve(asked, [Turn("who is ada lind", QUOTED.format(quoted))]).readings[0] == standalone


def test_whom_who_is_asks_about_is_nobody_else_in_the_answer() -> None:
    turn = Turn("Who is Mike Waltz?", QUOTED.format("Mike Waltz was named by Donald Trump."))
    assert resolve("Where was he born?", [turn]).readings == ("Where was Mike Waltz born?", "Where was Waltz born?")


def test_what_follows_a_clause_that_was_hung_on_goes_on_from_that_clause() -> None:
    turns = [Turn("Why did Norway close the ports?", ""), Turn("How did Sweden react?", "")]
    assert resolve("What about Denmark?", turns).readings[0] == (
        "Why did Norway close the ports, and how did Denmark react?"
    )


def test_the_treaty_that_was_asked_for_is_the_one_in_the_answer() -> None:
    turn = Turn("Which treaty ended the war?", QUOTED.format("It ended in the Treaty of Guadalupe Hidalgo."))
    assert resolve("When was that treaty signed?", [turn]).readings[0] == (
        "When was the Treaty of Guadalupe Hidalgo signed?"
    )


def test_a_chain_of_follow_ups_is_resolved_turn_by_turn() -> None:
    turns = [Turn(EXPORTS, ""), Turn("And its imports?", ""), Turn("and in 2024?", "")]
    assert resolve("what about china", turns).readings[0] == "What share of Mexico's imports goes to China in 2024?"


def test_two_readings_are_given_when_two_places_are_as_good() -> None:
    assert resolve("What about Brazil?", [Turn(EXPORTS, "")]).readings[1] == (
        "What share of Brazil's exports goes to the US?"
    )


def test_nothing_is_taken_from_an_answer_that_says_nothing() -> None:
    said = "The articles do not say. The nearest article is “Angela Merkel in Paris” (undated)."
    assert "Merkel" not in resolve("How old is she?", [Turn("Who won?", said)]).readings[0]


PIECES = st.sampled_from(
    [
        "and", "what", "about", "its", "their", "he", "she", "it", "that", "this", "there", "then", "the", "second",
        "one", "US", "Mexico", "Trump", "exports", "in", "2024", "why", "who", "when", "policy", "treaty", "of",
        "did", "was", "?", ",", ".", "\u2019s", "“", "¿", "y", "on", "going", "named", "United", "States", "I",
        "mean",
    ]
)  # fmt: skip
TYPED = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=12).map(" ".join))


@settings(max_examples=150, deadline=None)
@given(TYPED, st.lists(st.builds(Turn, TYPED, TYPED), max_size=3))
def test_any_text_is_resolved_and_the_result_stays_as_it_is(question: str, turns: list[Turn]) -> None:
    first = resolve(question, turns)
    again = resolve(first.readings[0], turns)
    assert 1 <= len(first.readings) <= 2
    assert again.readings[0] == first.readings[0] and not again.changed
    assert first.changed == (first.readings[0] != question)


@given(TYPED)
def test_without_turns_every_question_comes_back_as_it_is(question: str) -> None:
    assert resolve(question, []).readings == (question,)


def test_messages_become_turns_and_only_the_last_ones_count() -> None:
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": " Who? "},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": [{"type": "text", "text": "When?"}]},
    ]
    assert turns_of(messages) == (Turn("Who?", "One."), Turn("When?", ""))
    many = [{"role": "user", "content": f"question {n}"} for n in range(20)]
    assert [turn.question for turn in turns_of(many)] == [f"question {n}" for n in range(20 - MOST_TURNS, 20)]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (["hello"], "message 0 of the history is no object"),
        ([{"role": "user", "content": 7}], "needs a role and a content"),
        ([{"content": "x"}], "needs a role and a content"),
        ([{"role": "user", "content": "x" * 20_001}], "20,001 characters"),
        ([{"role": "user", "content": "x"}] * 201, "more than 200 messages"),
    ],
)
def test_what_is_no_history_is_refused_with_its_place(messages: list[object], said: str) -> None:
    with pytest.raises(BadQuestion, match=said):
        turns_of(messages)
