"""A reply is a helpful one by its kind, its articles, its quotes and its words."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eval.experiments.conversation import (
    FRAMES,
    ConversationTurn,
    HelpfulKind,
    fault_of,
    frame_of,
    measure_conversation,
    read_turns,
    text_of_conversation,
)
from index.errors import BadGold
from rag.answer import Answer, Reason, Segment
from rag.follow_ups.turns import Turn
from tests import make

GOLD = Path(__file__).parent.parent / "eval" / "gold" / "conversation" / "turns.jsonl"

CITED = make.citation("Rye is old.", "rye")
QUOTED = (Segment("quote", "Rye is old.", (1,)),)
ANSWERED = make.answer("How old is rye?", CITED, text="“Rye is old.” [1]", segments=QUOTED)
TALK = replace(ANSWERED, status="guided", text="Hello!", segments=(Segment("note", "Hello!", ()),), citations=())
ABOUT = replace(ANSWERED, status="guided", text="One article.", segments=(Segment("about", "One article.", ()),))
REFUSED = replace(TALK, status="abstained", reason=Reason("off_corpus", ()))
LONG = replace(ANSWERED, citations=(CITED, CITED, CITED))
REPLIES: dict[HelpfulKind, Answer] = {
    "talk": TALK, "about": ABOUT, "quote": ANSWERED, "refusal": REFUSED, "summary": LONG,
}  # fmt: skip
FRAMED = (CITED, replace(CITED, quote="Rye is young."))
SIDES = replace(ANSWERED, citations=FRAMED, segments=(Segment("comparison", "Old:", ()), *ANSWERED.segments))


def turn(kind: HelpfulKind = "quote", history: tuple[str, ...] = ()) -> ConversationTurn:
    return ConversationTurn("c1", "How old is rye?", history, kind, None, (), ())


@pytest.mark.parametrize("kind", REPLIES)
@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_of_another_kind_is_no_helpful_one(kind: HelpfulKind, reply: HelpfulKind) -> None:
    helpful = kind == reply or (kind, reply) == ("quote", "summary")
    assert (fault_of(turn(kind), REPLIES[reply]) == "") is helpful


def test_a_frame_is_right_as_meant_with_both_sides_and_nothing_beside_them() -> None:
    meant = replace(turn("comparison"), sentences=(("Rye is old",), ("Rye is young",)))
    assert frame_of(SIDES) == "comparison" and fault_of(meant, SIDES) == ""
    assert fault_of(replace(meant, sentences=meant.sentences[:1]), SIDES) == "quotes Rye is young."
    assert fault_of(meant, replace(SIDES, citations=FRAMED[:1])) == "tells one side alone"
    assert fault_of(meant, ANSWERED) == "is shown as plain quotes"
    assert fault_of(turn("plain"), SIDES) == fault_of(turn("timeline"), SIDES) == "is shown as comparison"
    assert fault_of(turn("plain"), ANSWERED) == ""


@pytest.mark.parametrize("name", ["built", "found", "articles"])
def test_there_are_forty_cases_of_frames_of_each_kind(name: str) -> None:
    turns = read_turns(GOLD.parent.parent / "frames" / f"{name}.jsonl")
    assert len({one.text for one in turns}) == len(turns) == 40
    assert all(len(one.sentences) > 1 for one in turns if one.kind in FRAMES)


def test_articles_sentences_and_words_must_be_there() -> None:
    good = replace(turn(), articles=frozenset({"rye"}), sentences=(("oats", "Rye is"),), says=("Rye",))
    assert fault_of(good, ANSWERED) == ""
    assert fault_of(replace(good, articles=frozenset({"oats"})), ANSWERED) == "cites rye"
    assert fault_of(replace(good, sentences=(("oats", "barley"),)), ANSWERED) == "lacks oats"
    assert fault_of(replace(good, says=("Oats",)), ANSWERED) == "lacks Oats"


class Desk:
    """Says the same to everything, and remembers what it was asked behind what."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []
        self.index = SimpleNamespace(version="v")

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        self.heard.append((question, len(history)))
        return ANSWERED


def test_every_turn_is_asked_behind_those_before_it() -> None:
    desk: Any = Desk()
    found = measure_conversation(desk, [turn(history=("hi", "And?"))], set_name="made")
    assert desk.heard == [("hi", 0), ("And?", 1), ("How old is rye?", 2)]
    assert found.right[-1].value == 1
    assert "all turns" in text_of_conversation(found)


def test_the_gold_holds_120_turns_of_every_kind() -> None:
    turns = read_turns(GOLD)
    assert len(turns) == len({one.id for one in turns}) == len({(one.text, one.history) for one in turns}) == 120
    assert {one.kind for one in turns} == set(REPLIES)


@pytest.mark.parametrize(
    "line", ['{"id": "c1"}', '{"id":"c","text":"t","history":[],"kind":"chat","articles":[],"sentences":[],"says":[]}']
)
def test_a_line_that_says_not_what_is_helpful_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "turns.jsonl"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(BadGold, match="line 1"):
        read_turns(file)
