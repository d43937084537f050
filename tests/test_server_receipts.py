"""Revisions are exactly the hashed bytes; POST /v1/verify says what became of any receipt and never breaks."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from index.settings import load_settings
from server.app import create_app
from tests.browsing import started

OLD = "Cats sleep for sixteen hours a day 😺, mostly in warm places. Kittens sleep even more than that."
NEW = "A note above. Cats sleep for fifteen hours a day 😺, mostly in warm places. Kittens sleep even more than that."
NAME = "animals/cats é"
PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    yield from served(tmp_path)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The article was replaced once; reads only."""
    for client in served(tmp_path_factory.mktemp("edited")):
        put(client, NEW)
        yield client


def served(folder: Path, **changes: Any) -> Iterator[TestClient]:
    for client in started(create_app(load_settings(data=folder / "data", embedder="hash", **changes))):
        put(client, OLD)
        yield client


def put(client: TestClient, text: str, name: str = NAME) -> None:
    assert client.put(f"/v1/documents/{quote(name, safe='')}", json={"text": text}).status_code in (200, 201)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def address(sha256: str, name: str = NAME) -> str:
    return f"/v1/documents/{quote(name, safe='')}/revisions/{sha256}"


def citation(text: str, words: str, **other: Any) -> dict[str, Any]:
    at = text.index(words)
    end = at + len(words)
    receipt = {"sha256": digest(text), "prefix": text[max(0, at - 32) : at], "suffix": text[end : end + 32]}
    return {"marker": 1, "document_id": NAME, "start": at, "end": end, "quote": words, "receipt": receipt, **other}


def test_present_and_former_bytes_are_given_exactly_and_may_be_cached_for_good(edited: TestClient) -> None:
    for text in (OLD, NEW):
        reply = edited.get(address(digest(text)))
        assert (reply.status_code, reply.content) == (200, text.encode())
        assert hashlib.sha256(reply.content).hexdigest() == digest(text)
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.headers["etag"] == f'"{digest(text)}"'
        assert "immutable" in reply.headers["cache-control"]
        again = edited.get(address(digest(text)), headers={"If-None-Match": f'"x", W/{reply.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", reply.headers["etag"])
    assert edited.get(address(digest(OLD)), headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_hash_that_never_was_and_a_document_that_is_not_there_are_told_apart(edited: TestClient) -> None:
    unknown, nowhere = edited.get(address("0" * 64)), edited.get(address(digest(OLD), "dogs"))
    assert [reply.status_code for reply in (unknown, nowhere)] == [404, 404]
    assert "never had a revision of this hash" in unknown.json()["detail"]
    assert "no document 'dogs'" in nowhere.json()["detail"]


@pytest.mark.parametrize("wrong", ["abc", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "%F0%9F%98%BA"])
def test_a_malformed_hash_is_named(edited: TestClient, wrong: str) -> None:
    reply = edited.get(address(wrong))
    assert (reply.status_code, reply.headers["content-type"]) == (422, PROBLEM)
    assert reply.json()["errors"][0]["pointer"] == "sha256"


def test_what_is_no_longer_kept_is_said_to_be_so(tmp_path: Path) -> None:
    for client in served(tmp_path, keep_revisions_days=0):
        put(client, NEW)
        reply = client.get(address(digest(OLD)))
        assert reply.status_code == 404
        assert "was replaced on 20" in reply.json()["detail"] and "no longer kept" in reply.json()["detail"]
        found = verified(client, [citation(OLD, "Kittens sleep even more than that.")])
        assert found["citations"][0]["state"] == "moved"
        assert "only words told" in found["citations"][0]["reason"]


def test_deleting_a_document_takes_its_revisions_with_it_also_for_those_who_have_a_copy(client: TestClient) -> None:
    put(client, NEW)
    assert client.delete(f"/v1/documents/{quote(NAME, safe='')}").status_code == 204
    for text in (OLD, NEW):
        tag = {"If-None-Match": f'"{digest(text)}"'}
        assert client.get(address(digest(text)), headers=tag).status_code == 404
    found = verified(client, [citation(OLD, "Kittens sleep even more than that.")])
    assert found["citations"][0]["state"] == "gone"


# --- verify ---


def verified(client: TestClient, citations: list[Any], **other: Any) -> Any:
    reply = client.post("/v1/verify", content=json.dumps({"citations": citations, **other}), headers=JSON)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_an_answer_as_it_was_given_is_unchanged_until_its_article_is_edited(client: TestClient) -> None:
    answer = client.post("/v1/ask", json={"question": "How long do cats sleep?"}).json()
    now = client.post("/v1/verify", json=answer).json()
    assert (now["current"], now["answer_version"]) == (True, answer["index_version"])
    assert {one["state"] for one in now["citations"]} <= {"unchanged"}
    put(client, NEW)
    later = client.post("/v1/verify", json=answer).json()
    assert (later["current"], later["index_version"] != answer["index_version"]) == (False, True)


def test_each_citation_has_its_state_new_offsets_and_a_diff(edited: TestClient) -> None:
    first, second = (f"{part}." for part in OLD.rstrip(".").split(". "))
    found = verified(edited, [citation(OLD, second, marker=2), citation(OLD, first), citation(NEW, second, marker=3)])
    assert [(one["marker"], one["state"]) for one in found["citations"]] == [
        (2, "moved"),
        (1, "changed"),
        (3, "unchanged"),
    ]
    moved, changed, _ = found["citations"]
    assert NEW[moved["start"] : moved["end"]] == second
    assert NEW[changed["start"] : changed["end"]] == changed["quote"] == first.replace("sixteen", "fifteen")
    assert [part["text"] for part in changed["diff"] if part["op"] != "equal"] == ["sixteen", "fifteen"]
    assert (found["current"], found["answer_version"]) == (None, None)
    assert {one["sha256"] for one in found["citations"]} == {digest(NEW)}


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ("{}", 422, "/citations"),
        ('{"citations": 3}', 422, "/citations"),
        ('{"citations": [], "index_version": 7}', 422, "/index_version"),
        (json.dumps({"citations": [None] * 101}), 422, "/citations"),
        ('{"citations": [', 400, None),
        ("[]", 422, None),
        (json.dumps({"citations": ["x" * 2_100_000]}), 413, None),
    ],
    ids=["empty", "no list", "version", "many", "cut off", "no object", "huge"],
)
def test_a_body_that_does_not_serve_is_a_problem(
    edited: TestClient, body: str, status: int, pointer: str | None
) -> None:
    reply = edited.post("/v1/verify", content=body, headers=JSON)
    assert (reply.status_code, reply.headers["content-type"]) == (status, PROBLEM)
    if pointer:
        assert reply.json()["errors"][0]["pointer"] == pointer


def test_a_broken_citation_has_a_reason_and_nothing_of_it_is_echoed(edited: TestClient) -> None:
    sound = citation(NEW, "A note above.")
    broken = [None, {}, sound | {"quote": "\ud800" * 13}, sound | {"document_id": "\udfff"}, sound | {"marker": 10**40}]
    found = verified(edited, [*broken, sound])["citations"]
    assert [one["state"] for one in found] == ["unusable"] * 4 + ["unchanged"] * 2
    assert [one["document_id"] for one in found[:4]] == [""] * 4
    assert all(one["reason"] for one in found)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from([NAME, OLD]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sha256", "prefix"]), inner),
    max_leaves=4,
)
fields = st.sampled_from(["marker", "document_id", "start", "end", "quote", "receipt", "title"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(fields, values) | values, max_size=4), st.booleans())
def test_whatever_is_sent_gets_one_state_a_citation(edited: TestClient, sent: list[Any], whole: bool) -> None:
    sound = citation(OLD, "Kittens sleep even more than that.")
    citations = [sound | one if whole and isinstance(one, dict) else one for one in sent]
    found = verified(edited, citations)["citations"]
    assert len(found) == len(citations)
    assert {one["state"] for one in found} <= {"unchanged", "moved", "changed", "gone", "unusable"}


def test_the_interface_is_published(edited: TestClient) -> None:
    paths = edited.get("/openapi.json").json()["paths"]
    assert paths["/v1/verify"]["post"]["operationId"] == "verify_answer"
    assert paths["/v1/documents/{document_id}/revisions/{sha256}"]["get"]["operationId"] == "get_revision"
