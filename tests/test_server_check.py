"""POST /v1/check: its contract, its errors, and that its citations are an answer's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from index.settings import load_settings
from rag.text_check.check import MOST_CHARACTERS
from server.app import create_app
from tests import make
from tests.browsing import started
from tests.conftest import SIX_ARTICLES

PROBLEM = "application/problem+json"
TEXT = "Hello! Comet Harrow was discovered by Ilse Brandt in 1904. The Linden theatre seats 321 people."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    texts = {
        f"{name}.md": f"---\ndate: 2025-01-0{len(name) % 9 + 1}\n---\n{text}" for name, text in SIX_ARTICLES.items()
    }
    yield from started(create_app(make.indexed(tmp_path_factory.mktemp("articles"), texts)))


def checked(client: TestClient, text: str, **more: Any) -> dict[str, Any]:
    reply = client.post("/v1/check", json={"text": text, **more})
    assert reply.status_code == 200
    assert reply.headers["server-timing"].startswith("check;dur=")
    body: dict[str, Any] = reply.json()
    return body


def test_every_sentence_has_a_state_and_its_place_in_the_text(client: TestClient) -> None:
    body = checked(client, TEXT)
    assert [one["state"] for one in body["sentences"]] == ["not_a_claim", "supported", "partly"]
    assert all(TEXT[one["start"] : one["end"]] == one["text"] for one in body["sentences"])
    assert body["sentences"][2]["differs"] == [{"said": "321", "found": "312"}]
    assert body["sentences"][2]["missing"] == ["321"]


def test_every_span_is_verbatim_in_the_text_that_is_served(client: TestClient) -> None:
    for citation in checked(client, TEXT)["citations"]:
        text = client.get(f"/v1/documents/{citation['document_id']}/text").text
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_citation_has_the_fields_of_an_answers_citation(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    (citation, *_) = checked(client, TEXT)["citations"]
    assert set(citation) == set(schemas["Citation"]["properties"])
    assert schemas["CheckedText"]["properties"]["citations"]["items"] == {"$ref": "#/components/schemas/Citation"}


def test_the_same_text_gives_the_same_bytes(client: TestClient) -> None:
    assert len({client.post("/v1/check", json={"text": TEXT}).content for _ in range(2)}) == 1


def test_as_of_a_day_later_articles_bear_nothing_out(client: TestClient) -> None:
    body = checked(client, TEXT, as_of="2025-01-01")
    assert {one["state"] for one in body["sentences"]} == {"not_a_claim", "unsupported"}
    assert body["citations"] == []


def test_a_text_of_the_greatest_length_is_checked_however_it_is_escaped(client: TestClient) -> None:
    body = checked(client, "\U0001f309" * (MOST_CHARACTERS - 1) + "a")
    assert body["index_version"]


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"text": ""}, 422, "invalid-request", "/text"),
        ({"text": "a" * (MOST_CHARACTERS + 1)}, 422, "invalid-request", "/text"),
        ({"text": "nul \0"}, 422, "invalid-request", "/text"),
        ({"text": 3}, 422, "invalid-request", "/text"),
        ({"text": "It rains.", "more": 1}, 422, "invalid-request", "/more"),
        ({"text": "It rains.", "as_of": "today"}, 422, "invalid-request", "/as_of"),
        ({}, 422, "invalid-request", "/text"),
        ({"text": " \n "}, 422, "bad-input", ""),
        ({"text": "It rains. " * 201}, 422, "bad-input", ""),
    ],
)
def test_what_cannot_be_checked_is_a_problem_with_a_reason(
    client: TestClient, body: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    reply = client.post("/v1/check", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (status, PROBLEM)
    problem = reply.json()
    assert problem["type"] == f"/docs/problems#{code}"
    assert [error["pointer"] for error in problem["errors"]] == ([pointer] if pointer else [])


def test_half_a_surrogate_pair_is_refused(client: TestClient) -> None:
    reply = client.post("/v1/check", content=b'{"text": "half \\ud83d"}', headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.headers["content-type"]) == (422, PROBLEM)


def test_a_body_that_is_far_too_large_is_refused_unread(client: TestClient) -> None:
    assert client.post("/v1/check", json={"text": "a" * 400_000}).status_code == 413


def test_every_error_is_declared_as_a_problem(client: TestClient) -> None:
    responses = client.get("/openapi.json").json()["paths"]["/v1/check"]["post"]["responses"]
    assert set(responses) == {"200", "400", "413", "422", "503", "default"}
    assert all(PROBLEM in responses[status]["content"] for status in set(responses) - {"200"})


def test_without_an_index_it_is_not_ready(tmp_path: Path) -> None:
    for client in started(create_app(load_settings(data=tmp_path / "none", embedder="hash"))):
        assert client.post("/v1/check", json={"text": "It rains."}).status_code == 503
