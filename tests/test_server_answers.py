"""An answer has an id that is its hash, an ETag, and an address at which it is given again, to the byte."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from index.settings import load_settings
from rag.receipts.receipt import answer_id
from rag.receipts.verify import verify
from server.app import create_app
from tests.browsing import started

QUESTION = "How many people does the Linden theatre seat?"
BODIES: list[dict[str, Any]] = [
    {"question": QUESTION},
    {"question": QUESTION, "limit": 2},
    {"question": QUESTION, "mode": "evidence"},
    {"question": "What is the capital of Atlantis?"},
    {"question": QUESTION, "filters": {"documents": ["ferry", "bridge"], "published_to": "2024-01-01"}},
    {"question": QUESTION, "as_of": "2020-01-01"},
    {"question": "And who is its director?", "history": [{"role": "user", "content": QUESTION}]},
]


def app_over(data: Path, **changed: object) -> FastAPI:
    return create_app(load_settings(data=data, embedder="hash", **changed))


@pytest.fixture(scope="module")
def client(six_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Reads only."""
    yield from started(app_over(shutil.copytree(six_data, tmp_path_factory.mktemp("read") / "data")))


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_an_answer_is_given_again_to_the_byte(client: TestClient, body: dict[str, Any]) -> None:
    first = client.post("/ask", json=body)
    again = client.get(first.headers["content-location"])
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"] == f'"{first.json()["id"]}"'


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_the_id_is_the_hash_of_all_the_rest(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/ask", json=body).json()
    assert answer["id"] == answer_id(answer)


def test_an_answer_over_http_is_verified_by_its_receipts(client: TestClient) -> None:
    answer = client.post("/ask", json={"question": QUESTION}).json()
    revisions = {one["receipt"]["sha256"]: client.get(one["receipt"]["revision_url"]) for one in answer["citations"]}
    verdict = verify(answer, lambda _, sha256: revisions[sha256].content)
    assert verdict.ok, verdict
    assert verdict.root == answer["corpus"]["root"]


@pytest.mark.parametrize("tags", ['"{id}"', 'W/"{id}"', '"other", "{id}"', "*"])
def test_a_client_that_has_it_is_told_so(client: TestClient, tags: str) -> None:
    name = client.post("/ask", json={"question": QUESTION}).json()["id"]
    reply = client.get(f"/v1/answers/{name}", headers={"If-None-Match": tags.format(id=name)})
    assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", f'"{name}"')
    other = client.get(f"/v1/answers/{name}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_an_explained_answer_has_the_same_id_other_bytes_and_another_tag(client: TestClient) -> None:
    plain = client.post("/ask", json={"question": QUESTION})
    told = client.post("/ask", json={"question": QUESTION, "explain": True})
    assert told.json()["id"] == plain.json()["id"]
    assert told.headers["etag"] == f'"{plain.json()["id"]}-explained"'
    assert "content-location" not in told.headers
    workings = told.json()["workings"]
    assert sum(workings["confidence"].values()) == pytest.approx(workings["log_odds"], abs=1e-9)
    for found in workings["evidence"]:
        assert sum(one["added"] for one in found["rankers"].values()) == pytest.approx(found["fused"], abs=1e-9)
        assert sum(found["best"]["features"].values()) == pytest.approx(found["best"]["score"], abs=1e-9)
    assert [one["term"] for one in workings["without"]] == ["many", "people", "Linden", "theatre", "seat"]


def test_an_explained_answer_is_given_again_without_its_explanation(client: TestClient) -> None:
    body = {"question": "Who discovered comet Harrow?"}
    told = client.post("/ask", json={**body, "explain": True}).json()
    again = client.get(f"/v1/answers/{told['id']}")
    assert again.content == client.post("/ask", json=body).content


@pytest.mark.parametrize(("name", "status"), [("0" * 32, 404), ("0" * 31, 422), ("Z" * 32, 422), ("..%2Fanswers", 404)])
def test_an_id_that_nobody_knows_is_a_problem(client: TestClient, name: str, status: int) -> None:
    reply = client.get(f"/v1/answers/{name}")
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_after_a_change_of_the_index_both_versions_are_named(data: Path) -> None:
    for client in started(app_over(data)):
        before = client.post("/ask", json={"question": QUESTION}).json()
        client.put("/v1/documents/new", json={"text": "The Linden theatre was painted green in 2024."})
        after = client.post("/ask", json={"question": QUESTION}).json()
        reply = client.get(f"/v1/answers/{before['id']}", headers={"If-None-Match": f'"{before["id"]}"'})
        assert reply.status_code == 410
        problem = reply.json()
        assert problem["type"] == "/docs/problems#answer-gone"
        assert before["index_version"] in problem["detail"]
        assert after["index_version"] in problem["detail"]
        assert client.get(f"/v1/answers/{after['id']}").status_code == 200


def test_after_a_restart_it_is_given_again_and_with_other_settings_it_is_gone(data: Path) -> None:
    for client in started(app_over(data)):
        first = client.post("/ask", json={"question": QUESTION})
    for client in started(app_over(data)):
        assert client.get(first.headers["content-location"]).content == first.content
    for client in started(app_over(data, threshold=1.0)):
        reply = client.get(first.headers["content-location"])
        assert (reply.status_code, reply.json()["type"]) == (410, "/docs/problems#answer-gone")
        assert "settings" in reply.json()["detail"]


def test_where_none_are_kept_none_is_promised(data: Path) -> None:
    for client in started(app_over(data, keep_answers=0)):
        reply = client.post("/ask", json={"question": QUESTION})
        assert "content-location" not in reply.headers
        assert client.get(f"/v1/answers/{reply.json()['id']}").status_code == 404


def test_mode_evidence_cites_and_says_nothing(client: TestClient) -> None:
    answer = client.post("/ask", json={"question": QUESTION, "mode": "evidence", "limit": 2}).json()
    assert (answer["mode"], answer["text"], answer["segments"]) == ("evidence", "", [])
    assert len(answer["citations"]) == 2
    assert all(one["receipt"]["sha256"] for one in answer["citations"])
    assert json.dumps(answer["corpus"]["root"])
