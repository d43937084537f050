"""As of a day: the index answers as if what was published later had never been indexed, to the last bit."""

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import NotFound
from index.ranking.filters import Filters
from index.search import Index, open_index
from index.settings import Settings, load_settings
from rag.assistant import assistant_over

FIRST = date(2025, 3, 1)
Article = tuple[int | None, str]  # days after FIRST, None for undated; text

# few words, so that common terms, negative idfs, equal scores and passages without a known word are frequent
WORDS = "tariff Tariffs export exports rail ship ships the of peso 2025 Mexico's México U.S."
WORD = st.sampled_from(re.split(" ", WORDS))
SENTENCE = st.lists(WORD, min_size=1, max_size=9).map(lambda found: f"It {' '.join(found)}.")
TEXT = st.lists(SENTENCE, min_size=1, max_size=4).map(" ".join)
ARTICLES = st.lists(st.tuples(st.none() | st.integers(0, 4), TEXT), min_size=1, max_size=7)
QUESTION = st.lists(WORD | st.just("unheard"), max_size=6).map(" ".join)


def built(folder: Path, articles: Sequence[tuple[str, Article]], **changes: object) -> tuple[Index, Settings]:
    """An index of the articles under their names."""
    folder.mkdir()
    lines = []
    for name, (days, text) in articles:
        published = {} if days is None else {"published": (FIRST + timedelta(days)).isoformat()}
        lines.append(json.dumps({"_id": name, "title": name.upper(), "text": text, **published}))
    file = folder / "articles.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    settings = load_settings(data=folder / "data", embedder="hash", passage_tokens=16, **changes)
    Builder(settings.data, settings, HashEmbedder()).index([file])
    return open_index(settings.data, settings, HashEmbedder()), settings


def named(articles: Sequence[Article]) -> list[tuple[str, Article]]:
    return [(f"a{number}", article) for number, article in enumerate(articles)]


def by_then(articles: Sequence[tuple[str, Article]], days: int) -> list[tuple[str, Article]]:
    return [(name, article) for name, article in articles if article[0] is not None and article[0] <= days]


def state(index: Index) -> list[object]:
    """All that can be learnt of an index without a question."""
    ids, lexical, vocabulary = index.document_ids, index.lexical, [*index.lexical.numbers]
    passages = [index.passages(name) for name in ids]
    return [
        ids,
        [index.document(name) for name in ids],
        passages,
        index.passage_count,
        [index.passage(row) for row in range(index.passage_count)],
        index.encodings(range(index.passage_count)),
        vocabulary,
        [(index.written(stem), lexical.idf(stem), lexical.document_frequency(stem)) for stem in vocabulary],
    ]


@pytest.mark.slow
@trying(deadline=None, max_examples=25)
@given(ARTICLES, st.integers(0, 4), st.lists(QUESTION, min_size=1, max_size=6))
def test_a_view_is_the_index_that_was_built_without_the_later_articles(
    articles: list[Article], days: int, questions: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        everything, remaining = named(articles), by_then(named(articles), days)
        if not remaining:
            return
        view = built(Path(folder) / "all", everything)[0].as_of(FIRST + timedelta(days))
        alone, _ = built(Path(folder) / "part", remaining)
        assert state(view) == state(alone)
        some = Filters(documents=frozenset({"a0", "a1", "a5"}))
        for question in questions:
            assert view.search(question, limit=100) == alone.search(question, limit=100)
            assert view.search(question, limit=3, filters=some) == alone.search(question, limit=3, filters=some)


THREE = named(
    [
        (0, "The tariff on steel was ten percent. Exports went by rail."),
        (3, "The tariffs on steel were twenty percent, tariffs without end. Cherries went by ship."),
        (None, "The peso was worth little. Undated words stay out."),
    ]
)


@pytest.fixture
def three(tmp_path: Path) -> Index:
    return built(tmp_path / "three", THREE)[0]


def test_what_was_published_later_or_never_dated_cannot_be_reached(three: Index) -> None:
    view = three.as_of(FIRST)
    assert (view.document_ids, view.passage_count, view.day) == (("a0",), 1, FIRST)
    for name in ("a1", "a2"):
        for look in (view.document, view.passages):
            with pytest.raises(NotFound, match=f"no document '{name}'"):
                look(name)
    for stem in ("cherri", "twenti", "peso", "undat"):
        assert three.lexical.document_frequency(stem) == 1 and three.written(stem)
        assert (view.lexical.document_frequency(stem), view.lexical.idf(stem), view.written(stem)) == (0, 0.0, "")
        assert stem not in view.lexical.numbers
    assert {hit.passage.document_id for hit in view.search("peso cherries", limit=10)} == {"a0"}


def test_a_later_spelling_does_not_show(three: Index) -> None:
    assert three.written("tariff") == "tariff"
    later = three.as_of(FIRST + timedelta(3))
    assert [index.written("tariff") for index in (three.as_of(FIRST), later)] == ["tariff", "tariff"]
    assert [index.written("export") for index in (three, later)] == ["exports", "exports"]


def test_an_article_is_seen_from_the_day_on_which_it_was_published(three: Index) -> None:
    day = FIRST + timedelta(3)
    assert three.as_of(day - timedelta(1)).document_ids == ("a0",)
    assert three.as_of(day).document_ids == three.as_of(date.max).document_ids == ("a0", "a1")


def test_before_the_first_article_there_is_nothing(three: Index) -> None:
    view = three.as_of(date.min)
    assert (view.document_ids, view.passage_count, [*view.lexical.numbers]) == ((), 0, [])
    assert (
        view.search("tariff", limit=5) == view.search("tariff", limit=5, filters=Filters(authors=frozenset("x"))) == []
    )


def test_a_view_of_a_view_never_shows_more(three: Index) -> None:
    view = three.as_of(FIRST)
    assert view.as_of(date.max) is view
    assert view.as_of(FIRST) is view
    assert view.as_of(date.min).document_ids == ()
    assert three.as_of(FIRST + timedelta(3)).as_of(FIRST).search("steel", limit=5) == view.search("steel", limit=5)


def test_views_are_kept_and_the_whole_is_as_it_was(three: Index) -> None:
    before = three.search("steel tariff", limit=5)
    assert three.as_of(FIRST) is three.as_of(FIRST)
    assert (three.as_of(FIRST).version, three.day) == (three.version, None)
    assert three.as_of(FIRST).encode("steel") is three.encode("steel")
    assert three.search("steel tariff", limit=5) == before


@pytest.mark.parametrize("days", [0, 3, 9])
def test_an_answer_as_of_a_day_is_that_of_an_index_without_the_later_articles(tmp_path: Path, days: int) -> None:
    """Status, quotes, confidence and evidence are the same; only the version, the day and what is said of it differ."""
    whole, settings = built(tmp_path / "all", THREE)
    alone, _ = built(tmp_path / "part", by_then(THREE, days))
    for question in ("How high was the tariff on steel?", "What went by ship?", "Cherries?", "Was the peso undated?"):
        for threshold in (0.0, 1.0):
            chosen = settings.model_copy(update={"threshold": threshold})
            then = assistant_over(whole, chosen).ask(question, as_of=FIRST + timedelta(days))
            without = assistant_over(alone, chosen).ask(question)
            for name in ("status", "citations", "confidence", "evidence", "workings"):
                assert getattr(then, name) == getattr(without, name), name
            assert then.as_of == FIRST + timedelta(days)
