"""Conflict, comparison and timeline are shown where each side answers its own question, and as plain quotes else."""

import pytest

from index.records import Span
from rag.assistant import Assistant
from rag.question.analysis import analyse
from rag.reading.model import Excerpt, Finding
from rag.selection.conflicts import find_conflict
from rag.selection.frames import Read, comparable, happened_then, of_one_relation, unread
from tests import make

TARIFFS = (
    "The United States put a 25% tariff on Mexico in March.",
    "Mexico approved a 50% tariff on China and others in September.",
)
SHARES = (
    "In 2025 the United States accounted for over 83% of the exports of Mexico.",
    "In 2025 the United States accounted for over 80% of the exports of Mexico.",
)


def finds(*answering: str) -> Read:
    """A model by which only texts with one of these words answer, and by their first word."""

    def read(_: str, excerpt: Excerpt) -> Finding:
        told = [word for word in answering if word in excerpt.text]
        at = excerpt.text.find(told[0]) if told else 0
        return Finding((1.0 if told else -1.0,), Span(at, at + len(told[0])) if told else None, 1.0)

    return read


def kinds(assistant: Assistant, question: str) -> set[str]:
    return {segment.kind for segment in assistant.ask(question).segments}


@pytest.mark.parametrize(
    ("question", "sentence", "same"),
    [
        ("What percent tariffs on Mexico?", TARIFFS[0], True),
        ("What percent tariffs on Mexico?", TARIFFS[1], False),
        ("What are exports to Canada?", "Exports to the United States rose by 3%.", False),
        ("What are exports to Canada?", "Exports to the north and to Canada rose.", True),
        ("What are exports to Canada?", "Exports rose by 3%.", True),  # it says no other
    ],
)
def test_a_sentence_is_of_the_relation_that_is_asked_for_or_of_another(
    question: str, sentence: str, same: bool
) -> None:
    assert of_one_relation(question, sentence) is same


def test_figures_differ_only_where_the_model_finds_both_to_answer() -> None:
    quotes = [make.quote(make.passage(text, name), score=5.0) for name, text in zip("ab", SHARES, strict=True)]
    asked = analyse("What share of the exports of Mexico goes to the United States?", "snowball")

    def shown(read: Read) -> bool:
        return find_conflict(asked, quotes, lambda name: make.document(name=name), read) is not None

    assert shown(unread) and shown(finds("83%", "80%")) and not shown(finds("83%"))


def test_tariffs_of_two_countries_are_no_different_figures() -> None:
    quotes = [make.quote(make.passage(text, name), score=5.0) for name, text in zip("ab", TARIFFS, strict=True)]
    asked = analyse("What percent tariffs on Mexico?", "snowball")
    assert find_conflict(asked, quotes, lambda name: make.document(name=name)) is None


def test_a_year_that_is_only_mentioned_is_no_moment() -> None:
    told = "The treaty of 1992 was torn up by the senate in 2024."
    first, second = (Span(told.index(year), told.index(year) + 4) for year in ("1992", "2024"))
    alone = Excerpt("", told, (Span(0, len(told)),))
    assert happened_then(finds("2024"), "the treaty", alone, second)
    assert not happened_then(finds("2024"), "the treaty", alone, first)
    assert not happened_then(finds("never"), "the treaty", alone, second)
    assert happened_then(unread, "the treaty", alone, first)  # the rules alone decide


def test_two_sides_are_compared_where_each_answers_its_own_question_with_a_figure_of_one_unit() -> None:
    def compared(ours: str, theirs: str) -> bool:
        sides = [
            (analyse(asked, "snowball"), [make.quote(make.passage(text, name))])
            for name, asked, text in (("a", "exports", ours), ("b", "imports", theirs))
        ]
        return comparable(unread, sides) is not None

    assert compared("Exports were $5 billion.", "Imports were $7 billion.")
    assert not compared("Exports were $5 billion.", "Imports were 7%.")
    assert not compared("Exports rose.", "Imports fell.")
    assert not compared("In 2023 exports were $5 billion.", "In 2024 imports were $7 billion.")


@pytest.mark.slow
def test_of_the_bundled_articles_only_what_differs_is_shown_as_different(seeded: Assistant) -> None:
    assert "conflict" in kinds(seeded, "What share of Mexico's exports goes to the United States?")
    for question in ("What percent tariffs on Mexico?", "Mexican exports versus imports"):
        assert not {"conflict", "comparison"} & kinds(seeded, question), question


def test_a_course_that_is_not_told_in_moments_is_read_like_every_question(seeded: Assistant) -> None:
    answer = seeded.ask("How did US tariffs on Mexico develop?")
    assert answer.status == "answered" and not answer.standalone
    assert any("tariffs" in citation.quote for citation in answer.citations[:1])
