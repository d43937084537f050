"""Which articles a phrase means, told from what is known of them, and what is said about them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from index.ranking.filters import Filters
from index.search import Index
from index.settings import load_settings
from rag.assistant import assistant_over
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
    {
        "_id": "sea",
        "title": "Harbours",
        "publisher": "The Tide Courier",
        "text": "The harbour of the old town was dug by hand.",
    },
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
        ("everything by Vale", ["town"]),
        ("den Artikel von Amsel", ["heat"]),
        ("l'article de Vale", ["town"]),
        ("the Courier", ["sea"]),
    ],
)
def test_a_phrase_means_the_articles_that_a_reader_would_mean(index: Index, phrase: str, ids: list[str]) -> None:
    assert [head.id for head in Catalogue(index).meant(phrase)] == ids


def test_it_is_the_article_that_the_last_answer_named(index: Index) -> None:
    turn = Turn("Who dug it?", "“Harbours” (undated): “The harbour of the old town was dug by hand.” [1]")
    assert [head.id for head in Catalogue(index).meant("it", [turn])] == ["sea"]
    assert "“Harbours” bears no date (The Tide Courier)." in said(index, "When was it published?", turn)


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
        ("Which articles are by the Courier?", "One article is by “the Courier”:"),
        ("Who is the author of the Tide Courier?", "No author is named for “Harbours”"),
        ("who wrote Harbours?", "No author is named for “Harbours”"),
        ("hi", "3 articles"),
        ("¿Cuántos artículos hay?", "Hay 3 artículos"),
    ],
)
def test_what_is_known_of_the_articles_is_told_exactly(index: Index, message: str, words: str) -> None:
    assert words in said(index, message)


GOING_ON = (
    (("list the articles", "the second one"), "“Heat pumps in the old town” (Jon Vale, 1 June 2021)"),
    (("list the articles", "who wrote the first one?", "and the second one?"), "Jon Vale wrote"),
    (("list the articles", "when was the first one published?", "by whom?"), "Ruth Amsel wrote"),
    (("Who wrote the article about oil?", "when?"), "was published on 1 June 2021"),
    (("Do you have anything on oil?", "and on the harbour?"), "1 of the 3 articles mentions “harbour”:"),
    (("articles by Amsel", "and by Vale?"), "One article is by “Vale”:"),
    (("articles by Amsel", "when?"), "was published on 10 March 2024"),
    (("Who dug it?", "when?"), ""),
)


@pytest.mark.parametrize(("messages", "words"), GOING_ON)
def test_what_goes_on_from_a_question_about_articles_is_asked_of_others(
    index: Index, messages: tuple[str, ...], words: str
) -> None:
    turns: tuple[Turn, ...] = ()
    for message in messages:
        turns = (*turns, Turn(message, said(index, message, *turns)))
    assert words in turns[-1].answer if words else not turns[-1].answer


def test_who_said_it_is_who_wrote_it_unless_the_quote_says_who_speaks(index: Index) -> None:
    quoted = "“Heat pumps in the old town” (1 June 2021): “Three shops {}burn oil.” [1]"
    assert "Jon Vale wrote" in said(index, "Who said that?", Turn("Who burns oil?", quoted.format("still ")))
    assert not said(index, "Who said that?", Turn("Who burns oil?", quoted.format("burn, said Ada Lind, "))).strip()


def test_who_or_what_only_writes_is_known_by_what_is_theirs(index: Index) -> None:
    found = Meant.of("Who is Jon Vale?", (), Catalogue(index)).works("Who is Jon Vale?")
    assert found and [citation.document_id for citation in found.citations] == ["town"]
    assert Meant.of("Who is Ada?", (), Catalogue(index)).works("Who is Ada?") is None


def test_every_article_that_is_told_about_is_cited_where_it_begins(index: Index) -> None:
    found = reply(index, "list the articles")
    assert found
    assert {citation.document_id: citation.start for citation in found.citations} == {"heat": 0, "town": 0, "sea": 0}
    assert [segment.citations for segment in found.segments] == [(), (1,), (2,), (3,)]


@pytest.mark.parametrize("message", ["Who wrote Hamlet?", "When does the shop open?", "What is the treaty about?"])
def test_what_means_no_article_is_a_question_of_fact(index: Index, message: str) -> None:
    assert reply(index, message) is None


def test_titles_are_not_all_cut_to_tell_whether_an_article_is_called_just_that(index: Index) -> None:
    """Of ten thousand articles that took the first answer of a process a tenth of a second."""
    catalogue = Catalogue(index)
    assert not catalogue.entitled("the price of zirconium")
    assert "title_words" not in vars(catalogue)
    assert all(catalogue.entitled(head.title) for head in index.heads)


def test_what_is_known_of_all_titles_is_worked_out_once_for_all_questions(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten thousand articles it took longer than to search them."""
    assistant, made = assistant_over(index, load_settings(embedder="hash")), []
    plain = Catalogue.__init__

    def counted(self: Catalogue, *given: Any) -> None:
        made.append(given)
        plain(self, *given)

    monkeypatch.setattr(Catalogue, "__init__", counted)
    for question in ("What is a heat pump?", "What is the old town?", "Summarise everything"):
        assistant.ask(question)
    assert not made
    assistant.ask("What is a heat pump?", filters=Filters(published_from=date(2024, 1, 1)))
    assert made
