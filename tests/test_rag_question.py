"""What a question asks for is read off its words, whatever the words are."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.words import Stem
from rag.question.analysis import Kind, Query, analyse, holds_kind, with_names

SENSIBLE = st.text(st.characters(exclude_categories=["Cs"]))


def written(asked: Query) -> list[str]:
    return [asked.text[term.start : term.end] for term in asked.terms]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who runs the bakery?", "who"),
        ("Whose idea was it?", "who"),
        ("Which minister resigned?", "who"),
        ("WHO RUNS IT", "who"),
        ("When did the theatre open?", "when"),
        ("In which year did it open?", "when"),
        ("What month is it closed?", "when"),
        ("How long ago did it close?", "when"),
        ("How many people does it seat?", "number"),
        ("How long is the bridge?", "number"),
        ("What number of trams is that?", "number"),
        ("What percentage of the harvest was lost?", "percent"),
        ("How much did the repairs cost?", "money"),
        ("How many dollars was it?", "money"),
        ("How many percent of the harvest was lost?", "percent"),
        ("What was her approval rating?", "percent"),
        ("What is the 50 % tariff on?", ""),
        ("What did the parliament put a 12.5% tariff on?", ""),
        ("Which goods bear the tariff of 10 percent?", ""),
        ("Where is the card for $100 handed out?", ""),
        ("What % of the harvest was lost?", "percent"),
        ("What is the harvest worth in $?", "money"),
        ("Which towns share a border?", ""),
        ("How many towns share the river?", "number"),
        ("How long did they spend there?", "number"),
        ("¿Quién dirige la panadería?", "who"),
        ("¿Cuándo abrió el teatro?", "when"),
        ("¿En qué año abrió?", "when"),
        ("¿Qué porcentaje se perdió?", "percent"),
        ("¿Cuánto costó?", "money"),
        ("¿Cuántos trenes hay?", "number"),
        ("Why did it close?", ""),
        ("How do I pay for the tram?", "how to"),
        ("How to bake bread", "how to"),
        ("¿Cómo puedo pagar?", "how to"),
        ("How do banks set their prices?", ""),
        ("How did it close?", ""),
        ("Whose letter told him how to write?", "who"),
        ("Do somewhat showy, anyhow many people whenever agree?", ""),
        ("Кто открыл комету?", ""),
    ],
)
def test_the_kind_of_answer_is_read_off_the_question_word(question: str, kind: Kind) -> None:
    assert analyse(question, "snowball").kind == kind


def test_a_person_is_asked_for_before_a_time_and_a_time_before_a_number() -> None:
    assert analyse("When it rained, who came?", "snowball").kind == "who"
    assert analyse("In what year and how often did it rain?", "snowball").kind == "when"


def test_when_behind_another_question_word_asks_for_no_time() -> None:
    assert analyse("How many came when it rained?", "snowball").kind == "number"
    assert analyse("What did she say when it rained?", "snowball").kind == ""
    assert analyse("And when did it rain?", "snowball").kind == "when"


def test_terms_are_the_words_that_carry_meaning_in_order_with_their_places() -> None:
    asked = analyse("When did the repairs of the Sollen bridge begin?", "snowball")
    assert written(asked) == ["repairs", "Sollen", "bridge", "begin"]
    assert [term.stem for term in asked.terms] == ["repair", "sollen", "bridg", "begin"]
    assert asked.stems == {"repair", "sollen", "bridg", "begin"}
    assert [(term.start, term.end) for term in asked.terms] == [(13, 20), (28, 34), (35, 41), (42, 47)]


@pytest.mark.parametrize(
    ("stem", "expected"), [("none", "repairs"), ("light", "repair"), ("snowball", "repair")], ids=get_args(Stem)
)
def test_terms_are_cut_as_the_index_cuts_its_words(stem: Stem, expected: str) -> None:
    assert analyse("Repairs?", stem).terms[0].stem == expected


def test_names_are_written_large_inside_the_question_or_wholly_at_its_start() -> None:
    asked = analyse("NATO praised Petra Novak, trams", "snowball")
    assert [(word, term.name) for word, term in zip(written(asked), asked.terms, strict=True)] == [
        ("NATO", True),
        ("praised", False),
        ("Petra", True),
        ("Novak", True),
        ("trams", False),
    ]
    assert not analyse("Trams stopped", "snowball").terms[0].name


def test_numbers_are_terms_that_hold_a_digit() -> None:
    asked = analyse("Was the tariff of 2019 $312,000 or 3.5 percent in Q3?", "snowball")
    assert [term.stem for term in asked.terms if term.number] == ["2019", "312000", "3.5", "q3"]
    assert not any(term.number for term in asked.terms if term.stem in ("tariff", "percent"))


def test_in_a_question_of_stop_words_alone_every_word_counts() -> None:
    assert written(analyse("Who is it?", "snowball")) == ["Who", "is", "it"]


@pytest.mark.parametrize("question", ["", "?!", " \n", "—"])
def test_without_a_word_there_are_no_terms(question: str) -> None:
    assert analyse(question, "snowball") == Query(question, (), "", frozenset(), None, "", "", "")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Кто открыл комету Харроу?", ["открыл", "комету", "Харроу"]),
        ("Ποιος οδηγεί;", ["Ποιος", "οδηγεί"]),
        ("他去了", ["去了"]),
        ("Où est la forêt ?", ["forêt"]),
    ],
)
def test_other_alphabets_are_words_too_and_grammar_of_their_language_is_none(question: str, words: list[str]) -> None:
    assert written(analyse(question, "snowball")) == words


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Can I pay?", []),
        ("Do I need a stamp if I'm away?", []),
        ("Am I late, and why am I?", []),
        ("When may I come?", []),
        ("Did Charles I die?", ["Charles", "I"]),
        ("How old was William I?", ["William", "I"]),
    ],
)
def test_who_asks_is_no_king(question: str, names: list[str]) -> None:
    asked = analyse(question, "snowball")
    assert [word for word, term in zip(written(asked), asked.terms, strict=True) if term.name] == names


def test_a_name_is_known_in_other_alphabets() -> None:
    asked = analyse("Кто открыл комету Харроу?", "snowball")
    assert [word for word, term in zip(written(asked), asked.terms, strict=True) if term.name] == ["Харроу"]


@pytest.mark.parametrize(
    ("question", "sentence", "holds"),
    [
        ("When was it closed?", "It was closed in March.", 1),
        ("When was it opened?", "It opened in 1987.", 1),
        ("When was it opened?", "It opened on the 3rd.", 1),
        ("When in 1987 was it opened?", "It opened in 1987.", 0),
        ("When was it opened?", "It opened early.", 0),
        ("What percentage was lost?", "Frost took 12.5% of it.", 1),
        ("What percentage was lost?", "Frost took half of it.", 1),
        ("What percentage was lost?", "Frost took 12 trees.", 0),
        ("What did it cost?", "It took $12 million.", 1),
        ("What did it cost?", "It took 12 million pesos.", 1),
        ("What did it cost?", "It took 12 years.", 0),
        ("What did it cost?", "It took ninety francs.", 1),
        ("What did it cost?", "The ferry is free.", 1),
        ("What share is lost?", "Thirteen percent are lost.", 1),
        ("How large is it?", "Sixty-one fit in.", 1),
        ("How heavy is it?", "It weighs 12 kg.", 1),
        ("How heavy is it?", "It is light.", 0),
        ("When was it built?", "It was built in the 1820s.", 1),
        ("When does it leave?", "It leaves at nine o'clock.", 1),
        ("When is it due?", "It is due within six weeks.", 1),
        ("When is it due?", "It took six weeks.", 0),
        ("Who freed them?", "They were freed by the king.", 1),
        ("Who may join?", "Everybody may.", 1),
        ("How large is it?", "It seats 312.", 1),
        ("How large is it?", "It has forty rows.", 1),
        ("How large is it?", "It is small.", 0),
        ("How large are forty rows?", "Forty rows are there.", 0),
        ("What does it cost?", "It is 22,00 for adults.", 1),
        ("What does it cost?", "It is 4.50.", 1),
        ("What does it cost?", "It is 3 €.", 1),
        ("What does it cost?", "It is 2,10 m deep, 2.50 metres wide and opens at 10.30 a.m.", 0),
        ("Who found it?", "It was found by Ilse Brandt.", 1),
        ("Who runs it?", "Oskar Lind has run it.", 1),
        ("Who is Ilse Brandt?", "It was found by Ilse Brandt.", 0),
        ("Who found it?", "It was found by chance.", 0),
        ("Why?", "Ilse Brandt paid $12 in 1904.", 0),
        ("How do I shut it?", "Turn the key to the left.", 1),
        ("How do I shut it?", "2. Then press the lid down.", 1),
        ("How do I shut it?", "To shut it for good, use the upper bolt.", 1),
        ("How do I shut it?", "You can lock it from within.", 1),
        ("How do I shut it?", "It is shut at noon.", 0),
        ("How do I use --quiet?", "It is printed with --quiet.", 0),
        ("How do I print less?", "Less is printed with --quiet.", 1),
    ],
)
def test_a_sentence_holds_the_kind_if_it_says_one_that_the_question_does_not(
    question: str, sentence: str, holds: float
) -> None:
    assert holds_kind(analyse(question, "snowball"), sentence, "snowball") == holds


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("It seats 312 people.", 1.0),
        ("It seats 312 very patient old people.", 1.0),
        ("Its 40 actors play for 312 people.", 1.0),
        ("It has 312 seats.", 0.5),
        ("People sit in 312 seats.", 0.5),
        ("It seats many people.", 0.0),
    ],
)
def test_a_number_of_something_else_than_what_is_counted_is_worth_half(sentence: str, holds: float) -> None:
    asked = analyse("How many people?", "snowball")
    assert "peopl" in asked.counted
    assert holds_kind(asked, sentence, "snowball") == holds


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("How many people does it seat?", "peopl"),
        ("How many troops were sent?", "troop"),
        ("How many of the troops left?", "troop"),
        ("How many undocumented Mexicans live in Brin?", "mexican"),
    ],
)
def test_what_is_counted_stands_behind_how_many(question: str, counted: str) -> None:
    assert counted in analyse(question, "snowball").counted


@given(SENSIBLE, st.sampled_from(get_args(Stem)))
def test_any_text_can_be_analysed_and_its_terms_stand_in_it_in_order(text: str, stem: Stem) -> None:
    asked = analyse(text, stem)
    assert asked.text == text
    places = [(term.start, term.end) for term in asked.terms]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    assert all(term.stem for term in asked.terms)
    assert analyse(text, stem) == asked


QUESTIONS = ["Who?", "When?", "What share?", "What price?", "How large?", "How many trams?", "How do I?", "Why?"]


@given(st.sampled_from(QUESTIONS) | SENSIBLE, SENSIBLE)
def test_any_sentence_can_be_looked_at_for_any_question(question: str, sentence: str) -> None:
    assert holds_kind(analyse(question, "snowball"), sentence, "snowball") in (0.0, 0.5, 1.0)


def test_every_kind_is_asked_for_by_some_question() -> None:
    assert {analyse(question, "snowball").kind for question in QUESTIONS} == set(get_args(Kind))


@pytest.mark.parametrize(
    ("question", "shape", "subject"),
    [
        ("Who is Petra Novak?", "definition", "Petra Novak"),
        ("who was petra novak", "definition", "petra novak"),
        ("Who is Juan de la Vega?", "definition", "Juan de la Vega"),
        ("What is the USMCA?", "definition", "USMCA"),
        ("What is a tariff?", "definition", "tariff"),
        ("What was the Treaty of Sollen?", "definition", "Treaty of Sollen"),
        ("What is the Remain in Sollen policy?", "definition", "Remain in Sollen policy"),
        ("what does non-refoulement mean", "definition", "non-refoulement"),
        ("What does ICE stand for?", "definition", "ICE"),
        ("meaning of photosynthesis", "definition", "photosynthesis"),
        ("¿Quién es Petra Novak?", "definition", "Petra Novak"),
        ("¿Qué es el aluminio?", "definition", "aluminio"),
        ("Who is the mayor of Sollen?", "", ""),
        ("Who is Sollen's mayor?", "", ""),
        ("Who is going to win?", "", ""),
        ("What is the capital of France?", "", ""),
        ("What is the main reason?", "", ""),
        ("What is 17 times 23?", "", ""),
        ("What is Petra's approval rating?", "", ""),
    ],
)
def test_a_definition_is_wanted_of_a_name_or_a_plain_noun(question: str, shape: str, subject: str) -> None:
    asked = analyse(question, "snowball")
    assert (asked.shape, asked.subject) == (shape, subject)


@pytest.mark.parametrize(
    "question",
    [
        "Which countries did it overtake?",
        "Which three problems are named?",
        "What sectors were boosted?",
        "What are the main steps?",
        "In what kinds of places were raids carried out?",
        "List the members",
        "Name all the tram lines",
        "What did he do on his first day?",
        "What were the names of the agents?",
        "¿Cuáles son los países?",
    ],
)
def test_a_list_is_wanted_of_things_in_the_plural(question: str) -> None:
    assert analyse(question, "snowball").shape == "list"


@pytest.mark.parametrize(
    "question",
    [
        "What drives the market?",
        "What causes the public to worry?",
        "What is trade worth?",
        "Which treaty ended the war?",
        "What are white blood cells called?",
        "name of the mayor",
        "When does it open?",
    ],
)
def test_one_thing_is_no_list(question: str) -> None:
    assert analyse(question, "snowball").shape == ""


@pytest.mark.parametrize(
    ("question", "shape"),
    [
        ("exports versus imports", "comparison"),
        ("How did relations develop?", "timeline"),
        ("history of the tram", "timeline"),
        ("What happened after the strike?", "timeline"),
        ("How has it changed?", "timeline"),
        ("How do I change the tyre?", ""),
    ],
)
def test_two_sides_and_developments_are_seen(question: str, shape: str) -> None:
    assert analyse(question, "snowball").shape == shape


@pytest.mark.parametrize(
    ("question", "sought"),
    [
        ("Where is it?", "place"),
        ("In which city is it?", "place"),
        ("¿Dónde está?", "place"),
        ("Why did it close?", "reason"),
        ("What caused the fire?", "reason"),
        ("¿Por qué cerró?", "reason"),
        ("How long did it last?", "duration"),
        ("How many more years will it run?", "duration"),
        ("¿Cuánto tiempo dura?", "duration"),
        ("How long ago was it?", ""),
        ("How did they cross?", "manner"),
        ("How heavy is it?", ""),
        ("How heavily did it rain?", "manner"),
        ("How many trams?", ""),
        ("Who runs it?", ""),
        ("How do I change where it is kept?", "manner"),
        ("Where does it say how it is kept?", "place"),
    ],
)
def test_the_question_word_says_what_is_sought(question: str, sought: str) -> None:
    assert analyse(question, "snowball").sought == sought


def test_a_question_in_lower_case_takes_its_names_from_how_the_articles_write_them() -> None:
    def is_name(word: str) -> bool:
        return word in ("petra", "novak")

    asked = with_names(analyse("trams praised by petra novak", "snowball"), is_name)
    assert [asked.named(term) for term in asked.terms] == [False, False, True, True]
    written_large = analyse("Trams praised by petra Novak", "snowball")
    assert with_names(written_large, is_name) == written_large
