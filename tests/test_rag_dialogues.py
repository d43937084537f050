"""Twenty conversations over the four articles that come with the project, as readers type them, word for word."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from index.embedding.embedder import OnnxEmbedder
from index.ranking.filters import Filters
from index.settings import load_settings
from rag.answer import Answer
from rag.assistant import Assistant, open_assistant
from rag.follow_ups.turns import Turn
from rag.selection.key_sentences import SMALL_PRINT
from tests import make

MESSAGES = Path(__file__).parent / "golden" / "messages.txt"
DIALOGUES = sorted((Path(__file__).parent / "golden" / "dialogues").glob("*.txt"))

_ASKED = re.compile(r"^> (?:\[(?P<limits>[^]]*)\] )?(?P<question>.+)$", re.MULTILINE)

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as it stands in a transcript: `[as of 2025-03-01, author A. Name] And its imports?`"""

    line: str
    question: str
    filters: Filters
    as_of: date | None


@pytest.fixture(scope="module")
def assistant(seeds_data: Path, minilm: OnnxEmbedder) -> Assistant:
    return open_assistant(settings=load_settings(data=seeds_data), embedder=minilm)


def test_there_are_twenty_dialogues_of_three_to_five_turns() -> None:
    assert len(DIALOGUES) == 20
    assert all(3 <= len(list(_askings(path.read_text(encoding="utf-8")))) <= 5 for path in DIALOGUES)


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_a_dialogue_goes_as_in_its_golden_transcript(assistant: Assistant, path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    replayed = "\n\n".join(_replayed(assistant, list(_askings(written)))) + "\n"
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(replayed, encoding="utf-8")
        written = replayed
    assert replayed == written


def test_seventy_messages_of_a_new_reader_are_answered_as_in_their_golden_file(assistant: Assistant) -> None:
    """Each by itself; what to ask next is shown where nothing is quoted."""
    written = MESSAGES.read_text(encoding="utf-8")
    messages = list(_askings(written))
    assert len(messages) == 70
    replayed = "\n\n".join("\n".join((one.line, *_told(assistant.ask(one.question)))) for one in messages) + "\n"
    if "UPDATE_GOLDEN" in os.environ:
        MESSAGES.write_text(replayed, encoding="utf-8")
        written = replayed
    assert replayed == written


def test_what_only_surrounds_the_articles_answers_nothing_and_comes_last(assistant: Assistant) -> None:
    assert assistant.ask("What is the PISM bulletin?").text.startswith("One article is by “the PISM bulletin”:")
    assert "“Plan Mexico”" in assistant.ask("What is Plan Mexico?").text
    assert not SMALL_PRINT.search(assistant.ask("Who wrote Hamlet?").evidence[0].passage.text)
    assert not SMALL_PRINT.search(assistant.ask("What do the articles say about Sheinbaum?").text)


BRIDGE = (
    "The bridge at Holm will be closed from 5 May to 30 June, the council decided on Tuesday. The closure is needed "
    "because the eastern pillar has been damaged by ice. Mayor Leif Sand said the work could not wait another winter."
)


def test_why_is_answered_by_the_reason_and_not_by_what_was_just_quoted(tmp_path: Path, minilm: OnnxEmbedder) -> None:
    desk = make.assistant(tmp_path, {"bridge": BRIDGE}, minilm)
    first = desk.ask("When is the bridge closed?")
    assert "from 5 May to 30 June" in first.text
    answer = desk.ask("Why?", history=[Turn(first.question, first.text)])
    assert [citation.quote for citation in answer.citations] == [
        "The closure is needed because the eastern pillar has been damaged by ice."
    ]


def test_where_no_reason_is_given_why_is_not_answered_by_the_same_quote(tmp_path: Path, minilm: OnnxEmbedder) -> None:
    desk = make.assistant(tmp_path, {"bridge": BRIDGE}, minilm)
    first = desk.ask("Who is Leif Sand?")
    assert first.status == "answered"
    answer = desk.ask("Why?", history=[Turn(first.question, first.text)])
    assert (answer.status, answer.citations) == ("abstained", ())
    assert answer.text.startswith("The articles do not say why.")


def _told(answer: Answer) -> Iterator[str]:
    yield from _said(answer)
    if answer.status != "answered":
        yield from (f"- {question}" for question in answer.follow_ups)


def _askings(transcript: str) -> Iterator[Asking]:
    for match in _ASKED.finditer(transcript):
        limits = dict(_limit(one) for one in (match["limits"] or "").split(", ") if one)
        yield Asking(
            match.group(),
            match["question"],
            Filters(
                documents=frozenset(limits.get("document", "").split()),
                authors=frozenset({limits["author"]} if "author" in limits else ()),
                published_from=_day(limits.get("since")),
                published_to=_day(limits.get("until")),
            ),
            _day(limits.get("as of")),
        )


def _limit(written: str) -> tuple[str, str]:
    name = next(name for name in ("as of", "author", "document", "since", "until") if written.startswith(name))
    return name, written.removeprefix(name).strip()


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _replayed(assistant: Assistant, askings: list[Asking]) -> Iterator[str]:
    turns: list[Turn] = []
    for asking in askings:
        answer = assistant.ask(asking.question, history=turns, filters=asking.filters, as_of=asking.as_of)
        turns.append(Turn(asking.question, answer.text))
        yield "\n".join((asking.line, *_said(answer)))


def _said(answer: Answer) -> Iterator[str]:
    if answer.standalone:
        yield f"(understood as: {answer.standalone})"
    if answer.reason:
        yield f"({answer.reason.code})"
    yield answer.text
