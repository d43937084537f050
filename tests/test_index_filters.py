"""Filters: nothing passes that they shut out, nothing is lost that they let pass, and a wrong one is told so."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding.embedder import HashEmbedder
from index.errors import BadQuestion
from index.ranking.filters import EVERYTHING, Filters, parse_day
from index.records import Head, Hit
from index.search import Index, open_index
from index.settings import Settings
from tests import make

MARCH, APRIL, MAY = date(2025, 3, 31), date(2025, 4, 1), date(2025, 5, 2)

ARTICLES = [
    {
        "_id": "apples",
        "author": "Ada Berg",
        "published": "2025-03-31",
        "text": "Apples were exported by rail in March.",
    },
    {
        "_id": "barley",
        "author": "ada  BERG",
        "published": "2025-04-01",
        "text": "Barley was exported by ship in April.",
    },
    {"_id": "cocoa", "author": "José Rey", "published": "2025-05-02", "text": "Cocoa was exported by air in May."},
    {"_id": "dates", "author": "", "text": "Dates are exported by camel at all times."},
]
QUESTION = "What was exported by rail, ship, air or camel?"


@pytest.fixture
def dated(tmp_path: Path) -> Index:
    """Four articles of one passage each, the last without author and date."""
    return make.index(tmp_path, {"articles.jsonl": "\n".join(map(json.dumps, ARTICLES))})


def ids(hits: list[Hit]) -> set[str]:
    return {hit.passage.document_id for hit in hits}


FOUND: list[tuple[Mapping[str, object], set[str]]] = [
    ({}, {"apples", "barley", "cocoa", "dates"}),
    ({"documents": ["cocoa", "dates"]}, {"cocoa", "dates"}),
    ({"documents": ["cocoa", "nobody's"]}, {"cocoa"}),
    ({"documents": ["nobody's"]}, set()),
    ({"authors": ["Ada Berg"]}, {"apples", "barley"}),
    ({"authors": ["Berg"]}, {"apples", "barley"}),
    ({"authors": ["Ber"]}, set()),
    ({"authors": ["Berg Ada"]}, set()),
    ({"authors": ["JOSE REY"]}, {"cocoa"}),
    ({"authors": [""]}, {"dates"}),
    ({"published_from": "2025-04-01"}, {"barley", "cocoa"}),
    ({"published_to": "2025-04-01"}, {"apples", "barley"}),
    ({"published_from": "2025-04-01", "published_to": "2025-04-01"}, {"barley"}),
    ({"published_from": "0001-01-01"}, {"apples", "barley", "cocoa"}),
    ({"authors": ["ada berg", "José Rey"], "published_from": "2025-04-01"}, {"barley", "cocoa"}),
    ({"documents": ["apples"], "authors": ["José Rey"]}, set()),
    ({"documents": [], "authors": None, "published_to": None}, {"apples", "barley", "cocoa", "dates"}),
]


@pytest.mark.parametrize(("given_", "expected"), FOUND, ids=[json.dumps(given_) for given_, _ in FOUND])
def test_a_search_finds_what_passes_all_filters_and_nothing_else(
    dated: Index, given_: Mapping[str, object], expected: set[str]
) -> None:
    assert ids(dated.search(QUESTION, limit=10, filters=Filters.parse(given_))) == expected


def test_a_filter_changes_no_rankers_score(dated: Index) -> None:
    before = {hit.passage.id: hit.scores for hit in dated.search(QUESTION, limit=10)}
    found = dated.search(QUESTION, limit=10, filters=Filters(documents=frozenset({"barley", "dates"})))
    assert {hit.passage.id: hit.scores for hit in found} == {name: before[name] for name in ("barley#0", "dates#0")}
    assert sorted(rank for hit in found for rank in hit.ranks.values()) == [1, 1, 2, 2]


def test_filters_reach_below_the_depth_of_the_rankers(dated: Index, hash_settings: Settings) -> None:
    shallow = open_index(hash_settings.data, hash_settings.model_copy(update={"depth": 1}), HashEmbedder())
    for name in ("apples", "barley", "cocoa", "dates"):
        only = Filters(documents=frozenset({name}))
        assert ids(shallow.search("Apples", limit=5, filters=only)) == {name}


def test_filters_hold_in_a_view_too(dated: Index) -> None:
    view = dated.as_of(APRIL)
    assert ids(view.search(QUESTION, limit=10, filters=Filters(published_from=APRIL))) == {"barley"}
    assert ids(view.search(QUESTION, limit=10, filters=Filters(documents=frozenset({"cocoa", "dates"})))) == set()


def test_filters_are_true_when_there_is_any() -> None:
    assert not EVERYTHING and not Filters.parse({}) and not Filters.parse({"authors": [], "published_to": None})
    assert all(Filters.parse(given_) for given_, _ in FOUND[1:-1])


HEADS = st.builds(
    Head, st.sampled_from("abc"), st.sampled_from(["Ann", "Bo"]), st.sampled_from([None, MARCH, APRIL, MAY])
)
DAYS = st.sampled_from([None, MARCH, APRIL, MAY])


@given(HEADS, st.frozensets(st.sampled_from("abc")), st.frozensets(st.sampled_from(["ann", "bo"])), DAYS, DAYS)
def test_a_document_passes_when_each_given_filter_holds(
    head: Head, documents: frozenset[str], authors: frozenset[str], begin: date | None, end: date | None
) -> None:
    in_time = head.published is not None and (begin or date.min) <= head.published <= (end or date.max)
    expected = (
        (head.id in documents or not documents)
        and (head.author.lower() in authors or not authors)
        and (in_time or (begin is None and end is None))
    )
    assert Filters(documents, authors, begin, end).passes(head) == expected


WRONG: list[tuple[Mapping[str, object], str]] = [
    ({"document": ["a"]}, "unknown filter 'document'; known are authors, documents, published_from, published_to"),
    ({"documents": "a"}, "documents is 'a'; give a list of texts"),
    ({"authors": ["a", 3]}, r"authors is \['a', 3\]; give a list of texts"),
    ({"authors": {"a": 1}}, "authors is .*; give a list of texts"),
    ({"published_from": "2025-02-30"}, "published_from is '2025-02-30'; give a day of the calendar as YYYY-MM-DD"),
    ({"published_to": "20250301"}, "published_to is '20250301'; give a day"),
    ({"published_to": "2025-W09-6"}, "published_to is '2025-W09-6'; give a day"),
    ({"published_to": " 2025-03-01"}, "published_to is ' 2025-03-01'; give a day"),
    ({"published_to": "2025-03-01T10:00:00"}, "published_to is '2025-03-01T10:00:00'; give a day"),
    ({"published_to": ""}, "published_to is ''; give a day"),
    ({"published_to": 2025}, "published_to is 2025; give a day"),
    ({"published_to": datetime(2025, 3, 1)}, "published_to is datetime"),
    (
        {"published_from": "2025-03-02", "published_to": "2025-03-01"},
        "2025-03-02 is later than published_to 2025-03-01",
    ),
]


@pytest.mark.parametrize(("given_", "message"), WRONG, ids=[str(given_) for given_, _ in WRONG])
def test_a_wrong_filter_is_named_with_its_value(given_: Mapping[str, object], message: str) -> None:
    with pytest.raises(BadQuestion, match=message):
        Filters.parse(given_)


@given(st.dates())
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    assert parse_day(day.isoformat(), "as_of") == parse_day(day, "as_of") == day


def test_a_wrong_day_names_the_field_it_stands_in() -> None:
    with pytest.raises(BadQuestion, match="as_of is 'yesterday'; give a day of the calendar as YYYY-MM-DD"):
        parse_day("yesterday", "as_of")
