"""Follow-ups are measured pair by pair, and their gold fits the bundled articles."""

from pathlib import Path

import pytest

from eval.experiments.follow_ups import FORMS, markdown_of_followups, measure_followups, text_of_followups
from eval.runs.tables import json_of
from eval.sets.gold import GoldSet, GoldSpan, Question, check_gold, read_gold
from index.embedding.embedder import HashEmbedder
from index.errors import BadInput
from index.search import Index
from index.settings import Settings
from rag.assistant import open_assistant

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["follow-ups-dev", "follow-ups-test"])
def test_every_span_of_the_follow_up_gold_stands_in_its_article(name: str) -> None:
    questions = read_gold(ROOT / "eval" / "gold" / f"{name}.jsonl")
    sources = {path.stem: path.read_bytes().decode("utf-8") for path in (ROOT / "seeds").glob("*.txt")}
    assert check_gold(questions, sources) == []
    assert all(question.history and question.standalone for question in questions)


def test_a_follow_up_is_asked_in_three_forms_and_the_others_behind_a_question(
    hash_index: Index, hash_settings: Settings, six_articles: dict[str, str]
) -> None:
    """The ferry is named by the standalone and the resolved form alike, so the two differ by nothing."""
    text = six_articles["ferry"]
    span = GoldSpan("ferry", 0, 42, text[:42])
    first = Question("a", "When does the night ferry leave?", True, (), (span,), ())
    bridge = six_articles["bridge"]
    second = Question(
        "b", "When was the Sollen bridge closed?", True, (), (GoldSpan("bridge", 0, 30, bridge[:30]),), ()
    )
    later = Question("c", "Where does it go?", True, (), (span,), (), (first.text,), "Where does the night ferry go?")
    assistant = open_assistant(settings=hash_settings, embedder=HashEmbedder())
    found = measure_followups(assistant, GoldSet("six", (first, second, later)))
    assert [row.readings[0] for row in found.rows] == ["Where does the night ferry go?"]
    told = json_of(found)
    assert told["figures"]["resolved - standalone"]["value"] == 0.0
    assert told["figures"]["changed behind another question"]["value"] == 0.0
    assert set(told["rows"][0]["hits"]) == set(FORMS)
    assert "resolved - standalone" in text_of_followups(found)
    assert "`quotewell x`" in markdown_of_followups(found, command="quotewell x")
    with pytest.raises(BadInput, match="history"):
        measure_followups(assistant, GoldSet("none", (first,)))
