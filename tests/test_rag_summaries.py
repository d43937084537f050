"""Summaries: 3 to 6 of the article's own sentences in reading order, of the articles that are meant."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.search import Index, open_index
from index.settings import Settings
from rag.answer import Answer
from rag.assistant import Assistant
from rag.follow_ups.turns import Turn
from rag.selection.key_sentences import LEAST, MOST, key_sentences, stands_alone

LONG = " ".join(
    f"In the year {1900 + n}, the council of Ald built a {thing} beside the river for its citizens."
    for n, thing in enumerate("bridge school theatre market harbour library station mill park tower".split() * 6)
)


@pytest.fixture
def indexed(hash_builder: Builder, hash_settings: Settings, tmp_path: Path) -> Index:
    texts = {"long": LONG, "two": "The ferry to Aldra leaves at nine in the evening. It is late.", "one": "It rained."}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    hash_builder.index([tmp_path / f"{name}.txt" for name in texts])
    return open_index(hash_settings.data, hash_settings, HashEmbedder())


def said(index: Index, name: str, most: int = MOST) -> list[str]:
    text = index.document(name).text
    return [text[quote.start : quote.end] for quote in key_sentences(index, name, most)]


def test_key_sentences_are_whole_sentences_of_the_article_in_its_order(indexed: Index) -> None:
    chosen = key_sentences(indexed, "long")
    whole = {sentence for passage in indexed.passages("long") for sentence in passage.sentences}
    assert len(chosen) == MOST and {(one.start, one.end) for one in chosen} <= whole
    assert [one.start for one in chosen] == sorted({one.start for one in chosen})
    assert all(one.score == sum(one.contributions.values()) for one in chosen)


def test_as_many_are_given_as_are_wanted_and_never_fewer_than_the_least(indexed: Index) -> None:
    assert len(said(indexed, "long", LEAST)) == LEAST
    assert len(said(indexed, "two")) == 2  # it has no more
    assert said(indexed, "one") == ["It rained."]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("Summarise the article by Ellis in three sentences", 3),
        ("Give me 5 key points of the article by Ellis", 5),
        ("Summarise the article by Ellis in one sentence", 1),
        ("Give me 10 key points of the article by Ellis", MOST),
    ],
)
def test_as_many_sentences_are_told_as_are_asked_for(seeded: Assistant, asked: str, count: int) -> None:
    assert len(seeded.ask(asked).citations) == count


def test_equal_articles_have_equal_key_sentences(indexed: Index, hash_settings: Settings) -> None:
    again = open_index(hash_settings.data, hash_settings, HashEmbedder())
    assert key_sentences(indexed, "long") == key_sentences(again, "long")


def test_no_two_key_sentences_say_the_same(hash_builder: Builder, hash_settings: Settings, tmp_path: Path) -> None:
    same = "The council of Ald built a bridge over the river for its citizens."
    others = " ".join(LONG.split(". ")[n] + "." for n in (1, 2, 3))
    (tmp_path / "same.txt").write_text(f"{same} {same} {same} {others}", encoding="utf-8")
    hash_builder.index([tmp_path / "same.txt"])
    told = said(open_index(hash_settings.data, hash_settings, HashEmbedder()), "same")
    assert len(told) == len(set(told)) == LEAST


@pytest.mark.parametrize(
    "text",
    [
        "However, the council of Ald built a bridge over the river.",
        "It was the council of Ald that built a bridge over the river.",
        "Bridge | 1904 | the river Vey and all that is beside it.",
        "The views expressed here are those of the author alone, not ours.",
        "A short one.",
        "A heading that never ends although it goes on and on",
    ],
)
def test_what_leans_on_its_neighbours_is_not_chosen_where_there_is_else(text: str) -> None:
    assert stands_alone("The council of Ald built a bridge over the river for its citizens.")
    assert not stands_alone(text)


def cited(answer: Answer) -> list[str]:
    return list(dict.fromkeys(citation.document_id for citation in answer.citations))


def checked(seeded: Assistant, question: str, turns: Sequence[Turn] = ()) -> Answer:
    """Answered, each article by 3 to 6 of its own sentences in reading order."""
    answer = seeded.ask(question, history=turns)
    assert answer.status == "answered", question
    for name in cited(answer):
        quoted = [one for one in answer.citations if one.document_id == name]
        assert LEAST <= len(quoted) <= MOST
        assert [one.start for one in quoted] == sorted(one.start for one in quoted)
        assert all(seeded.index.document(name).text[one.start : one.end] == one.quote for one in quoted)
    return answer


def test_the_article_of_the_turn_before_is_summed_up(seeded: Assistant) -> None:
    first = seeded.ask("What share of Mexico's exports goes to the United States?")
    turns = [Turn(first.question, first.text)]
    for question in ("summarise this article", "tl;dr", "Summarize it please", "What are the key points?"):
        assert cited(checked(seeded, question, turns))[0] == first.citations[0].document_id


def test_an_article_is_meant_by_its_author_or_its_title(seeded: Assistant) -> None:
    for head in seeded.index.heads:
        if head.author:
            assert cited(checked(seeded, f"Summarise the article by {head.author}")) == [head.id]
        assert cited(checked(seeded, f"Give me a summary of “{head.title}”")) == [head.id]


def test_everything_is_a_block_for_each_article(seeded: Assistant) -> None:
    for question in ("summarise everything", "tl;dr"):
        answer = checked(seeded, question)
        assert sorted(cited(answer)) == sorted(head.id for head in seeded.index.heads)
        order = [citation.document_id for citation in answer.citations]
        assert order == sorted(order, key=cited(answer).index)  # one block each


def test_a_spanish_request_is_headed_in_spanish(seeded: Assistant) -> None:
    answer = checked(seeded, "Resume el artículo de Ellis")
    assert answer.segments[0].kind == "note" and answer.segments[0].text.startswith("En palabras de ")
    assert [head.author for head in seeded.index.heads if head.id in cited(answer)] == ["R. Evan Ellis"]


def test_what_no_article_is_meant_by_is_no_summary(seeded: Assistant) -> None:
    assert seeded.ask("Summarise the article by Znojek about cooking").status != "answered"


def test_a_summary_can_be_explained(seeded: Assistant) -> None:
    answer = seeded.ask("Summarise the article by Ellis", explain=True)
    assert answer.explanation is not None and len(answer.explanation.found) == len(answer.evidence) > 0
