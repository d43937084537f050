"""Which articles a phrase means, told from what is known of them, and what is said about them."""

import json
from datetime import date
from pathlib import Path

import pytest

from index.ranking.filters import Filters
from index.search import Index
from rag.catalogue import Catalogue, span_of
from rag.follow_ups.turns import Turn
from rag.writing.guided import Guidance, Meant
from tests import make

ARTICLES = [
    {
        "_id": "heat",
        "title": "Caring for the heat pump",
        "author": "Ruth Amsel",
        "published": "2024-03-10",
        "text": "The filter of the heat pump must be changed every six months.",
    },
    {
        "_id": "town",
        "title": "Heat pumps in the old town",
        "author": "Jon Vale",
        "published": "2021-06-01",
        "text": "Three shops in the old town still burn oil.",
    },
    {"_id": "sea", "title": "Harbours", "text": "The harbour of the old town was dug by hand."},
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return make.index(tmp_path, {"articles.jsonl": "\n".join(map(json.dumps, ARTICLES))})


def reply(index: Index, message: str, *turns: Turn) -> Guidance | None:
    return Meant.of(message, turns, Catalogue(index)).reply(turns)


def said(index: Index, message: str, *turns: Turn) -> str:
    found = reply(index, message, *turns)
    return "\n".join(segment.text for segment in found.segments) if found else ""


@pytest.mark.parametrize(
    ("phrase", "ids"),
    [
        ("the article about the old town", ["town"]),
        ("the article by Ruth Amsel", ["heat"]),
        ("Vale's article", ["town"]),
        ("the article by Vale about heat pumps", ["town"]),
        ("caring for the heat pump", ["heat"]),
        ("the latest article", ["heat"]),
        ("the oldest article", ["town"]),
        ("the article from 2021", ["town"]),
        ("the article about oil", ["town"]),
        ("Hamlet", []),
        ("the article about penguins", []),
        ("the article by Amsel about the harbour", []),
        ("everything", ["heat", "sea", "town"]),
    ],
)
def test_a_phrase_means_the_articles_that_a_reader_would_mean(index: Index, phrase: str, ids: list[str]) -> None:
    assert [head.id for head in Catalogue(index).meant(phrase)] == ids


def test_it_is_the_article_that_the_last_answer_named(index: Index) -> None:
    turn = Turn("Who dug it?", "“Harbours” (undated): “The harbour of the old town was dug by hand.” [1]")
    assert [head.id for head in Catalogue(index).meant("it", [turn])] == ["sea"]
    assert "“Harbours” bears no date." in said(index, "When was it published?", turn)


def test_days_are_those_of_the_dated_articles(index: Index) -> None:
    assert span_of(Catalogue(index).heads) == (date(2021, 6, 1), date(2024, 3, 10))
    assert span_of(()) is None


def test_filters_hold_for_what_is_told(index: Index) -> None:
    narrow = Catalogue(index, Filters(authors=frozenset({"Vale"})))
    assert [head.id for head in narrow.mentioning("old town")] == ["town"]
    assert [head.id for head in Catalogue(index).mentioning("old town")] == ["sea", "town"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("How many articles are there?", "There are 3 articles here"),
        ("Who wrote the article about the old town?", "Jon Vale wrote “Heat pumps in the old town”"),
        ("When was the article by Amsel published?", "was published on 10 March 2024"),
        ("Do you have anything on oil?", "1 of the 3 articles mentions “oil”:"),
        ("Do you have anything on penguins?", "No article mentions “penguins”."),
        ("articles by Hemingway", "No article here is by “Hemingway”."),
        ("What has Jon Vale written?", "One article is by “Jon Vale”:"),
        ("who wrote Harbours?", "No author is named for “Harbours”"),
        ("hi", "3 articles"),
        ("¿Cuántos artículos hay?", "Hay 3 artículos"),
    ],
)
def test_what_is_known_of_the_articles_is_told_exactly(index: Index, message: str, words: str) -> None:
    assert words in said(index, message)


def test_every_article_that_is_told_about_is_cited_where_it_begins(index: Index) -> None:
    found = reply(index, "list the articles")
    assert found
    assert {citation.document_id: citation.start for citation in found.citations} == {"heat": 0, "town": 0, "sea": 0}
    assert [segment.citations for segment in found.segments] == [(), (1,), (2,), (3,)]


@pytest.mark.parametrize("message", ["Who wrote Hamlet?", "When does the shop open?", "What is the treaty about?"])
def test_what_means_no_article_is_a_question_of_fact(index: Index, message: str) -> None:
    assert reply(index, message) is None
