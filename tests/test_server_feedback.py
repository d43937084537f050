"""Feedback on answers over HTTP, and the abstentions that are noted, over a small index without a model."""

import json
import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from index.settings import load_settings
from index.storage.feedback import FILE, FeedbackStore, read_feedback
from rag.answer_json import AnswerStage
from rag.assistant import AskOptions
from server.answer_log import Noting
from server.app import create_app
from server.metrics import Metrics
from tests.browsing import started

QUESTION = {"question": "How many people does the Linden theatre seat?"}
ATLANTIS = {"question": "What is the capital of Atlantis?"}
UP = {"verdict": "up"}
DOWN = {"verdict": "down", "reasons": ["should_know"], "comment": "it is in “The Borrowed Umbrella”\n😺"}


def app_over(data: Path, **changed: object) -> FastAPI:
    return create_app(load_settings(data=data, embedder="hash", **{"threshold": 0.0, **changed}))


@pytest.fixture(scope="module")
def shared(six_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """For what leaves no trace that others would find."""
    yield from started(app_over(shutil.copytree(six_data, tmp_path_factory.mktemp("shared") / "data")))


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    """Answers whatever it is asked."""
    yield from started(app_over(data))


@pytest.fixture
def abstaining(data: Path) -> Iterator[TestClient]:
    """Answers nothing at all."""
    yield from started(app_over(data, threshold=1.0))


def address(answer: dict[str, Any]) -> str:
    return f"/v1/answers/{answer['id']}/feedback"


def ask(client: TestClient, body: dict[str, Any] = QUESTION) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/v1/ask", json=body).json()
    return answer


def test_feedback_is_stored_with_the_question_and_the_places_of_the_quotes(client: TestClient, data: Path) -> None:
    answer = ask(client)
    said = client.put(address(answer), json=DOWN)
    assert (said.status_code, said.json()) == (200, {"answer_id": answer["id"], **DOWN})
    assert client.get(address(answer)).json() == said.json()
    (row,) = read_feedback(data)
    assert (row.answer_id, row.question, row.status) == (answer["id"], QUESTION["question"], "answered")
    assert (row.verdict, row.reasons, row.comment) == ("down", ("should_know",), DOWN["comment"])
    assert row.index_version == answer["index_version"]
    found = [(one.document_id, one.start, one.end, one.quote) for one in row.quotes]
    assert found == [(c["document_id"], c["source_start"], c["source_end"], c["quote"]) for c in answer["citations"]]
    assert found


def test_said_twice_it_counts_once_and_said_anew_the_last_counts(client: TestClient, data: Path) -> None:
    answer = ask(client)
    assert client.put(address(answer), json=DOWN).content == client.put(address(answer), json=DOWN).content
    assert len(read_feedback(data)) == 1
    assert client.put(address(answer), json=UP).json() == {
        "answer_id": answer["id"],
        "verdict": "up",
        "reasons": [],
        "comment": "",
    }
    assert [row.verdict for row in read_feedback(data)] == ["up"]


def test_it_can_be_taken_back_more_than_once(client: TestClient, data: Path) -> None:
    answer = ask(client)
    client.put(address(answer), json=UP)
    assert [client.delete(address(answer)).status_code for _ in range(2)] == [204, 204]
    assert read_feedback(data) == []
    assert client.get(address(answer)).json()["type"] == "/docs/problems#not-found"


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_an_answer_that_nobody_was_given_is_not_found(shared: TestClient, method: str) -> None:
    body = UP if method == "PUT" else None
    assert shared.request(method, f"/v1/answers/{'0' * 32}/feedback", json=body).status_code == 404
    assert shared.request(method, "/v1/answers/x/feedback", json=body).status_code == 422


BAD = [
    ("no verdict", {}),
    ("another verdict", {"verdict": "sideways"}),
    ("no verdict at all", {"verdict": ""}),
    ("unknown reason", {"verdict": "down", "reasons": ["ugly"]}),
    ("reasons as text", {"verdict": "down", "reasons": "other"}),
    ("too many reasons", {"verdict": "down", "reasons": ["other"] * 21}),
    ("long comment", {"verdict": "up", "comment": "x" * 2001}),
    ("NUL", {"verdict": "up", "comment": "a\0b"}),
    ("half a surrogate pair", {"verdict": "up", "comment": "\ud800"}),
    ("unknown field", {"verdict": "up", "stars": 5}),
]


@pytest.mark.parametrize("body", [b[1] for b in BAD], ids=[b[0] for b in BAD])
def test_what_does_not_fit_is_refused_and_nothing_is_stored(shared: TestClient, body: object) -> None:
    where = address(ask(shared, QUESTION | {"limit": 2}))
    reply = shared.put(where, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["type"]) == (422, "/docs/problems#invalid-request")
    assert shared.get(where).status_code == 404


def test_a_reason_given_twice_is_one(shared: TestClient) -> None:
    said = shared.put(address(ask(shared)), json={"verdict": "down", "reasons": ["other", "outdated", "other"]})
    assert said.json()["reasons"] == ["other", "outdated"]


def test_every_abstention_is_noted_once_streamed_or_not_and_no_answer_is(abstaining: TestClient, data: Path) -> None:
    answer = ask(abstaining, ATLANTIS)
    assert answer["status"] == "abstained"
    for body in (ATLANTIS, ATLANTIS | {"stream": True}, ATLANTIS | {"limit": 3}):
        assert abstaining.post("/ask", json=body).status_code == 200
    (row,) = read_feedback(data)
    assert (row.question, row.status, row.verdict) == (ATLANTIS["question"], "abstained", "")
    assert (row.reason, row.missing) == (answer["reason"]["code"], tuple(answer["reason"]["missing"]))
    assert row.quotes == ()


def test_nothing_is_noted_of_what_was_answered_or_refused(client: TestClient, data: Path) -> None:
    assert ask(client)["status"] == "answered"
    assert client.post("/ask", json={"question": "?!"}).status_code == 422
    assert read_feedback(data) == []


def test_an_abstention_is_judged_in_its_row_and_stays_noted_when_that_is_taken_back(
    abstaining: TestClient, data: Path
) -> None:
    answer = ask(abstaining, ATLANTIS)
    abstaining.put(address(answer), json=DOWN)
    assert [(row.verdict, row.status) for row in read_feedback(data)] == [("down", "abstained")]
    abstaining.delete(address(answer))
    assert [(row.verdict, row.comment, row.question) for row in read_feedback(data)] == [("", "", ATLANTIS["question"])]


def test_a_restart_forgets_no_answer_that_may_be_judged(data: Path) -> None:
    for client in started(app_over(data)):
        answer = ask(client)
    for client in started(app_over(data)):
        assert client.put(address(answer), json=UP).status_code == 200
    (row,) = read_feedback(data)
    assert [one.quote for one in row.quotes] == [citation["quote"] for citation in answer["citations"]]
    assert (row.question, row.status) == (QUESTION["question"], "answered")


def test_an_answer_of_the_index_before_is_judged_with_its_quotes(client: TestClient, data: Path) -> None:
    answer = ask(client)
    client.put("/v1/documents/new", json={"text": "The Linden theatre was painted green in 2024."})
    assert ask(client)["index_version"] != answer["index_version"]  # and what was asked before is erased
    assert client.put(address(answer), json=UP).status_code == 200
    (row,) = read_feedback(data)
    assert (row.question, row.index_version) == (QUESTION["question"], answer["index_version"])
    assert [one.quote for one in row.quotes] == [citation["quote"] for citation in answer["citations"]]


def test_after_a_restart_an_answer_of_the_index_before_is_judged_with_its_question_alone(data: Path) -> None:
    for client in started(app_over(data)):
        answer = ask(client)
        client.put("/v1/documents/new", json={"text": "The Linden theatre was painted green in 2024."})
    for client in started(app_over(data)):
        assert client.put(address(answer), json=UP).status_code == 200
    (row,) = read_feedback(data)
    assert (row.question, row.status, row.quotes) == (QUESTION["question"], "", ())


def test_no_quote_of_a_deleted_article_is_left(client: TestClient, data: Path) -> None:
    answer = ask(client)
    client.put(address(answer), json=UP)
    for cited in {citation["document_id"] for citation in answer["citations"]}:
        client.delete(f"/v1/documents/{cited}")
    (row,) = read_feedback(data)
    assert (row.question, row.verdict, row.quotes) == (QUESTION["question"], "up", ())
    files = b"".join(path.read_bytes() for path in data.glob(f"{FILE}*"))
    assert b"Linden theatre seats" not in files


def test_where_no_answers_are_kept_none_can_be_judged_and_none_is_noted(data: Path) -> None:
    for client in started(app_over(data, keep_answers=0, threshold=1.0)):
        assert client.put(address(ask(client, ATLANTIS)), json=UP).status_code == 404
    assert not (data / FILE).exists()


def test_a_full_disk_breaks_no_answer_and_feedback_says_that_it_was_lost(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder in place of the file: nothing can be opened or written, as where there is no room."""
    (data / FILE).mkdir()
    for client in started(app_over(data, threshold=1.0)):
        with caplog.at_level(logging.WARNING):
            answers = [ask(client, ATLANTIS) for _ in range(2)]
        assert {answer["status"] for answer in answers} == {"abstained"}
        assert len([one for one in caplog.records if "abstentions" in one.message]) == 1
        reply = client.put(address(answers[0]), json=UP)
        assert (reply.status_code, reply.json()["type"]) == (503, "/docs/problems#unavailable")
        assert client.get("/metrics").status_code == 200


def test_many_readers_at_once_lose_nothing(client: TestClient, data: Path) -> None:
    answers = [ask(client, QUESTION | {"limit": n}) for n in range(1, 9)]

    def say(answer: dict[str, Any]) -> set[int]:
        return {client.put(address(answer), json=body).status_code for body in (UP, DOWN, UP)}

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(say, answers)) == [{200}] * 8
    assert {row.answer_id: row.verdict for row in read_feedback(data)} == {one["id"]: "up" for one in answers}


def test_only_the_newest_answers_are_remembered_and_asking_again_makes_new(shared: TestClient, tmp_path: Path) -> None:
    assert isinstance(shared.app, FastAPI)
    store = FeedbackStore(tmp_path, 2)
    noting = Noting(store, Metrics(shared.app.state.live, store, "1"), 2)
    answer, fields = shared.app.state.live.assistant.answered(QUESTION["question"], AskOptions())
    for name in "abac":
        noting.given(AnswerStage(replace(answer, id=name), fields))
    assert [name for name in "abc" if noting.recent(name)] == ["a", "c"]
