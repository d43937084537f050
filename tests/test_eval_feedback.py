"""Feedback becomes candidates and gaps: what is kept, what is grouped, what it is called."""

import json
from pathlib import Path

import numpy as np
import pytest

from eval.authoring.from_feedback import gaps, learn
from eval.authoring.propose import read_candidates
from index.embedding.embedder import HashEmbedder
from index.embedding.vectors import Floats
from index.errors import NotFound
from index.records import Document, Span
from index.search import Index
from index.settings import Settings
from index.storage.feedback import Feedback, FeedbackStore, QuotedPlace
from quotewell import run as quotewell


def feedback(question: str, **other: object) -> Feedback:
    fields: dict[str, object] = {
        "answer_id": f"id-{question}",
        "question": question,
        "standalone": "",
        "status": "abstained",
        "reason": "off_corpus",
        "missing": (),
        "quotes": (),
        "index_version": "v1",
        "verdict": "",
        "reasons": (),
        "comment": "my phone number is 12345",
        "when": "2025-01-01T00:00:00Z",
    }
    return Feedback(**(fields | other))  # type: ignore[arg-type]


def vector(text: str) -> Floats:
    return HashEmbedder().encode_question(text).vector


def common(stem: str) -> int:
    return {"tariff": 3, "bread": 50}.get(stem, 0)


def nowhere(document_id: str) -> Document:
    raise NotFound(document_id)


def test_questions_that_miss_the_same_thing_are_one_gap_and_the_largest_comes_first() -> None:
    found = gaps(
        [
            feedback("How high are tariffs on Brazil?", missing=("Brazil",)),
            feedback("What is rye bread?"),
            feedback("Did Brazil retaliate?", missing=("brazil",)),
            feedback("Is Brazil in the pact?", missing=("Brazil", "pact")),
        ],
        vector,
        common,
    )
    assert [(gap.count, len(gap.questions)) for gap in found] == [(3, 3), (1, 1)]
    assert found[0].name.startswith("Brazil")
    assert found[0].missing[0] == "Brazil"


def test_questions_that_are_asked_alike_are_one_gap_by_the_cosine_of_their_vectors() -> None:
    rows = {"a": [1.0, 0.0], "b": [0.8, 0.6], "c": [0.0, 1.0], "d": [0.1, 0.99]}

    def row(text: str) -> Floats:
        return np.array(rows[text], dtype=np.float32)

    found = gaps([feedback(text) for text in rows], row, common)
    assert {gap.questions for gap in found} == {("a", "b"), ("c", "d")}


def test_a_gap_is_named_by_its_rarest_common_terms() -> None:
    asked = ["Are bread tariffs high?", "Which tariffs hit bread?"]
    (gap,) = gaps([feedback(text, missing=("x",)) for text in asked], vector, common)
    assert gap.name.split(", ")[:2] == ["tariffs", "bread"]


def test_each_question_is_one_candidate_and_what_was_judged_wins() -> None:
    learnt = learn(
        [
            feedback("Is it open?", when="2025-01-03T00:00:00Z"),
            feedback("is it  open", verdict="down", status="answered", reasons=("wrong_quote",), answer_id="2"),
            feedback("", verdict="up", status=""),
        ],
        nowhere,
        vector,
        common,
    )
    (one,) = learnt.candidates
    assert (one.known, one.note) == (False, "a reader disliked the answer (wrong_quote)")
    assert learnt.verdicts == {"abstained": 1, "down": 1, "up": 1}
    assert "12345" not in repr(learnt)


def place(quote: str, start: int) -> QuotedPlace:
    return QuotedPlace("bakery", start, start + len(quote), quote, "0", Span(start, start + len(quote)))


def test_quotes_that_were_liked_become_spans_where_they_stand_now(hash_index: Index) -> None:
    quote = "It bakes forty kinds of rye bread."
    at = hash_index.document("bakery").text.index(quote)
    liked = [
        feedback("What does it bake?", verdict="up", status="answered", quotes=(place(quote, at),)),
        feedback("What is moved?", verdict="up", status="answered", quotes=(place(quote, 0),)),
        feedback("What is gone?", verdict="up", status="answered", quotes=(place("Cakes.", 0),)),
    ]
    found = learn(liked, hash_index.document, vector, common)
    spans = {one.question.text: [(s.start, s.quote) for s in one.question.spans] for one in found.candidates}
    assert spans == {"What does it bake?": [(at, quote)], "What is moved?": [(at, quote)], "What is gone?": []}
    assert [one.known for one in found.candidates].count(False) == 1
    assert found.gaps == ()


def test_the_command_tells_an_empty_store_and_writes_candidates_of_a_full_one(
    hash_index: Index, hash_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quotewell(["eval", "from-feedback", "--data", str(tmp_path / "nowhere")]) == 2
    assert "there is no data folder" in capsys.readouterr().err
    command = ["eval", "from-feedback", "--data", str(hash_settings.data)]
    assert quotewell(command) == 0
    assert "holds no feedback" in capsys.readouterr().err
    store = FeedbackStore(hash_settings.data, 10)
    store.note(feedback("Who owns the brewery?", missing=("brewery",)))
    store.note(feedback("Where is the brewery?", missing=("brewery",)))
    store.close()
    assert quotewell([*command, "--out", str(tmp_path / "c.jsonl")]) == 0
    out = capsys.readouterr().out
    assert "2  brewery" in out
    assert [one.known for one in read_candidates(tmp_path / "c.jsonl")] == [False, False]
    assert quotewell([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["gaps"][0]["count"], told["feedback"], len(told["candidates"])) == (2, {"abstained": 2}, 2)


def test_what_readers_wrote_is_shown_without_codes_that_a_terminal_obeys(
    hash_index: Index, hash_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A title that is set, a screen that is wiped, a line that is written over."""
    store = FeedbackStore(hash_settings.data, 10)
    store.note(feedback("Who owns \x1b]0;mine\x07 the \x1b[31mbrewery\r?", missing=("\x1b[2Jbrewery",)))
    liked = {"verdict": "up", "status": "answered", "comment": "\x1b[2J\x9b31m\rgood"}
    store.judge(feedback("Where is the \x1b[8mbrewery?", **liked))
    store.close()
    command = ["eval", "from-feedback", "--data", str(hash_settings.data), "--out", str(tmp_path / "c.jsonl")]
    for shown in (command, [*command[:-1], str(tmp_path / "d.jsonl"), "--json"]):
        assert quotewell(shown) == 0
        told = "".join(capsys.readouterr())
        assert "brewery" in told
        assert not set(told) & {"\x1b", "\x07", "\x9b", "\r"}
    assert not set((tmp_path / "c.jsonl").read_bytes()) & {0x1B, 0x07, 0x0D}
