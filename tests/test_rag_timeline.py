"""Questions about time and quotes in the order of the time they speak of."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Document
from rag.answer import Quote
from rag.language.dates import dates_in
from rag.language.relative_dates import lead_in
from rag.question.period import names_a_law, period_of, wants_timeline
from rag.selection.timeline import chronological, names_a_date
from tests import make


@pytest.mark.parametrize(
    "question",
    [
        "How did trade between Mexico and the US develop?",
        "How have remittances changed since 2007?",
        "Give me a timeline of the tariffs",
        "history of the USMCA",
        "What is the history of the treaty?",
        "What happened between 2018 and 2024?",
        "What has changed since 2001?",
        "How did approval shift over the years?",
        "¿Cómo ha cambiado el comercio?",
    ],
)
def test_a_question_about_how_things_went_wants_a_timeline(question: str) -> None:
    assert wants_timeline(question)


@pytest.mark.parametrize(
    "question",
    [
        "When was the war?",
        "Who won the largest majority in the history of Mexico?",
        "How did he change the law?",
        "How many consulates are there?",
        "What happened to the crew?",
        "How do companies develop to meet demand?",
        "",
    ],
)
def test_other_questions_want_none(question: str) -> None:
    assert not wants_timeline(question)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What will exports be in 2031?", date(2031, 1, 1), date(2031, 12, 31)),
        ("What share was it as of March 2025?", date(2025, 3, 1), date(2025, 3, 31)),
        ("Who led it between 2001 and 2006?", date(2001, 1, 1), date(2006, 12, 31)),
        ("Who led it from Aug 2002 to May 2004?", date(2002, 8, 1), date(2004, 5, 31)),
        ("What was it before the 1990s?", date.min, date(1989, 12, 31)),
        ("What came after 20 January 2025?", date(2025, 1, 21), date.max),
        ("What has changed since 2001?", date(2001, 1, 1), date.max),
        ("How many were there until 2007?", date.min, date(2007, 12, 31)),
        ("Was 2023 better than 2019?", date(2019, 1, 1), date(2023, 12, 31)),
        ("¿Qué pasó entre 2001 y 2006?", date(2001, 1, 1), date(2006, 12, 31)),
    ],
)
def test_a_question_names_its_time(question: str, first: date, last: date) -> None:
    assert period_of(question) == (first, last)


@pytest.mark.parametrize(
    "question",
    ["Who is the president?", "What does the 1798 Alien Enemies Act allow?", "what is the reform act of 1984"],
)
def test_a_question_without_a_time_or_with_the_name_of_a_law_asks_for_none(question: str) -> None:
    assert period_of(question) is None


def test_the_year_of_a_law_is_told_from_the_year_of_an_event() -> None:
    law, event = "its 2020 national security law", "the 2024 elections"
    assert names_a_law(law, dates_in(law)[0]) and not names_a_law(event, dates_in(event)[0])


@pytest.mark.parametrize("sentence", ["It fell in 1992.", "On 10 June, he spoke.", "It fell last week."])
def test_a_sentence_with_any_date_names_one(sentence: str) -> None:
    assert names_a_date(sentence)
    assert not names_a_date("It fell.")


def quotes_of(articles: Sequence[tuple[str, date | None]]) -> tuple[list[Quote], dict[str, Document]]:
    """One article and one quote for each sentence."""
    documents, quotes = {}, []
    for n, (text, published) in enumerate(articles):
        name = f"d{n}"
        documents[name] = make.document(text, name, published=published)
        quotes.append(make.quote(make.passage(text, name), score=1.0 - n / 10))
    return quotes, documents


def test_quotes_stand_in_the_order_of_what_they_speak_of() -> None:
    quotes, documents = quotes_of(
        [
            ("Nobody knows.", None),
            ("It is so.", date(2024, 12, 1)),
            ("The treaty was signed in 1992.", date(2025, 8, 11)),
            ("Trade reached a peak last year.", date(2025, 1, 28)),
            ("Through the 1798 Alien Enemies Act, he ordered deportations.", date(2025, 8, 11)),
        ]
    )
    found = chronological(quotes, documents.__getitem__)
    assert [dated.shown for dated in found] == ["1992", "2024", "1 December 2024", "11 August 2025", ""]
    assert found[-1].when is None and found[0].quote is quotes[2]


def test_what_leads_to_a_quote_is_its_paragraph_or_the_one_before() -> None:
    text = "First of all. And more.\n\nThen came June. It rained."
    assert lead_in(text, text.index("And")) == "First of all. "
    assert lead_in(text, text.index("It")) == "Then came June. "
    assert lead_in(text, text.index("Then")).strip() == "First of all. And more."
    assert lead_in(text, 0) == ""
    chronicle = "Life\n2018\nShe sang.\n\nThen came more.\n\nIn May, she left."
    assert lead_in(chronicle, chronicle.index("In May")) == "2018\nThen came more.\n\n"


@given(
    st.lists(st.tuples(st.sampled_from(["In 1992.", "It was.", "In June 2020."]), st.none() | st.dates()), max_size=6)
)
def test_no_quote_is_lost_and_ties_keep_their_order(articles: list[tuple[str, date | None]]) -> None:
    quotes, documents = quotes_of(articles)
    found = chronological(quotes, documents.__getitem__)
    assert sorted(dated.quote.passage.id for dated in found) == sorted(quote.passage.id for quote in quotes)
    keys = [(dated.when.first, dated.when.last) if dated.when else (date.max, date.max) for dated in found]
    assert keys == sorted(keys)
    for one, two in pairwise(found):
        if one.when and two.when and (one.when.first, one.when.last) == (two.when.first, two.when.last):
            assert quotes.index(one.quote) < quotes.index(two.quote)


@given(st.text())
def test_any_question_may_be_asked(question: str) -> None:
    period = period_of(question)
    assert period is None or period[0] <= period[1]
    assert wants_timeline(question) in (True, False)
