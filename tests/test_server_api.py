"""The HTTP contract, route by route, over a small index without a model."""

import errno
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from index.embedding.embedder import HashEmbedder
from index.errors import QuotewellError
from index.settings import load_settings
from index.storage import generation
from index.storage.store import Store
from server import problems
from server.access.guard import EVERYBODY, NEEDS
from server.app import create_app
from server.middleware.shell import HEADERS
from server.routes import documents
from tests import make
from tests.browsing import started
from tests.conftest import until

ARTICLES = {
    "cats.md": "---\ntitle: The sleep of cats\nauthor: Ada Whisker\ndate: 2024-03-01\n---\n"
    "Cats sleep for sixteen hours a day, mostly in warm places. They purr when they are content 😺 and sometimes when "
    "they are in pain. Kittens sleep even more than that.\n",
    "energy/tides.md": "---\ntitle: Power from the tides\ndate: 2023-11-20\n---\n"
    "The tidal power station at Sihwa Lake has a capacity of 254 megawatts. It was opened in August 2011 and is the "
    "largest of its kind in the world.\n",
    "bread.txt": "Sourdough bread rises because wild yeast ferments the dough for many hours. Bakers feed the starter "
    "with flour and water every day.\n",
}
QUESTION = "How many hours a day do cats sleep?"
GOLDEN = Path(__file__).parent / "golden" / "ask.json"
PROBLEM = "application/problem+json"
OPENAI = {  # their errors are in OpenAI's shape
    "create_chat_completion", "create_completion", "create_response", "create_embeddings", "list_models", "get_model",
}  # fmt: skip
JSON = {"Content-Type": "application/json"}
UNTUNED = {
    "threshold": 0.0,
    "max_quotes": 1,
}  # answers always, so that the contract does not hang on the reader's weights


def build(folder: Path, articles: dict[str, str] = ARTICLES) -> Path:
    return make.indexed(folder, articles).data


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Reads only."""
    data = build(tmp_path_factory.mktemp("read"))
    yield from started(create_app(load_settings(data=data, embedder="hash", **UNTUNED)))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[TestClient]:
    """May be written to."""
    yield from started(create_app(load_settings(data=build(tmp_path), embedder="hash", **UNTUNED)))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient]:
    """No index at all."""
    yield from started(create_app(load_settings(data=tmp_path / "none", embedder="hash", **UNTUNED)))


def assert_problem(reply: Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply.content.decode("ascii"))
    assert (reply.status_code, body["type"], body["status"]) == (status, f"/docs/problems#{code}", status)
    assert reply.headers["content-type"] == PROBLEM
    assert set(body) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert body["request_id"] == reply.headers["x-request-id"]
    return body


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_answer_on_the_wire_is_the_golden_one(client: TestClient) -> None:
    """Only what depends on weights and settings is replaced; names, order, offsets and words are pinned."""
    answer = client.post("/ask", json={"question": QUESTION, "limit": 1}).json()
    assert re.fullmatch("[0-9a-f]{32}", answer["id"])
    assert re.fullmatch("[0-9a-f]{16}", answer["index_version"])
    assert 0 <= answer["confidence"] <= 1
    answer |= {"id": "…", "index_version": "…", "confidence": 0.5}
    answer["corpus"] |= {"index_version": "…"}
    answer["evidence"] = [hit | {"score": 0.5} for hit in answer["evidence"]]
    shown = json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_both_addresses_give_the_same_bytes_and_no_clock(client: TestClient) -> None:
    replies = [client.post(path, json={"question": QUESTION}) for path in ("/ask", "/v1/ask", "/ask")]
    assert len({reply.content for reply in replies}) == 1
    assert all(re.fullmatch(r"ask;dur=\d+\.\d", reply.headers["server-timing"]) for reply in replies)


@pytest.mark.parametrize(
    "question", [QUESTION, "When was the station at Sihwa Lake opened?", "Why does sourdough rise?"]
)
def test_every_citation_is_verbatim_in_the_text_that_is_served(client: TestClient, question: str) -> None:
    answer = client.post("/ask", json={"question": question}).json()
    assert answer["status"] == "answered"
    for citation in answer["citations"]:
        text = client.get(f"/v1/documents/{quote(citation['document_id'], safe='')}/text").text
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert citation["url"] == (
            f"/documents/{quote(citation['document_id'], safe='')}#{citation['start']}-{citation['end']}"
        )


def test_an_abstention_has_a_reason_the_nearest_passages_and_no_citation(tmp_path: Path) -> None:
    for client in started(create_app(load_settings(data=build(tmp_path), embedder="hash", threshold=1.0))):
        answer = client.post("/ask", json={"question": "Who won the chess match in Reykjavik?"}).json()
        assert (answer["status"], answer["citations"]) == ("abstained", [])
        assert answer["reason"]["code"] in {"off_corpus", "near_miss"}
        assert "Reykjavik" in answer["reason"]["missing"]
        assert [segment["kind"] for segment in answer["segments"]] == ["note"]
        assert answer["evidence"]


def test_search_gives_passages_that_stand_in_their_documents(client: TestClient) -> None:
    reply = client.post("/v1/search", json={"question": "tidal power", "limit": 2})
    found = reply.json()
    assert set(found) == {"hits", "index_version"}
    assert found["hits"][0]["title"] == "Power from the tides"
    assert len(found["hits"]) == 2
    for hit in found["hits"]:
        assert set(hit) == {"document_id", "passage_id", "title", "text", "start", "end", "score", "ranks"}
        text = client.get(f"/v1/documents/{quote(hit['document_id'], safe='')}/text").text
        assert text[hit["start"] : hit["end"]] == hit["text"]
        assert all(rank >= 1 for rank in hit["ranks"].values())


def test_search_gives_the_fused_order_unless_it_is_asked_to_read(client: TestClient) -> None:
    question = {"question": "How much power do the tides give?"}
    fused, read = (client.post("/v1/search", json={**question, **more}).json()["hits"] for more in ({}, {"read": True}))
    assert {hit["passage_id"] for hit in fused} == {hit["passage_id"] for hit in read}
    assert all(0 <= hit["score"] <= 1 for hit in fused)
    assert [hit["score"] for hit in fused] == sorted((hit["score"] for hit in fused), reverse=True)
    answered = client.post("/ask", json=question).json()["evidence"]
    assert [(hit["passage_id"], hit["score"]) for hit in read] == [
        (hit["passage_id"], hit["score"]) for hit in answered
    ]
    assert client.post("/ask", json={**question, "read": True}).status_code == 422


def test_suggestions_are_shown_only_for_articles_that_are_indexed(fresh: TestClient) -> None:
    for name in [document["id"] for document in fresh.get("/v1/documents").json()["documents"]]:
        fresh.delete(f"/v1/documents/{quote(name, safe='')}")
    assert fresh.get("/v1/suggestions").json() == {"suggestions": []}
    fresh.put(
        "/v1/documents/000_0ff4957a0b8e66ca", json={"text": "The USMCA gave preferential access to some sectors."}
    )
    suggested = fresh.get("/v1/suggestions").json()["suggestions"]
    assert suggested[0] == "Which sectors gained from preferential access under the USMCA?"
    fresh.delete("/v1/documents/000_0ff4957a0b8e66ca")
    assert fresh.get("/v1/suggestions").json() == {"suggestions": []}


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────

BAD_BODIES = [
    ("empty", b'{"question": ""}', 422, "bad-question"),
    ("blank", b'{"question": " \\n\\t\\u00a0"}', 422, "bad-question"),
    ("no words", b'{"question": "?!"}', 422, "bad-question"),
    ("too long", json.dumps({"question": "why " * 600}).encode(), 422, "bad-question"),
    ("1 MB", json.dumps({"question": "x" * 1_000_000}).encode(), 413, "too-large"),
    ("NUL", b'{"question": "cats\\u0000dogs"}', 422, "bad-question"),
    ("lone surrogate", b'{"question": "cats \\ud800 dogs"}', 422, "bad-question"),
    ("only a lone surrogate", b'{"question": "\\ud800"}', 422, "bad-question"),
    ("lone surrogate as a name", b'{"question": "cats", "\\udc00": 1}', 422, "invalid-request"),
    ("unknown field", b'{"question": "cats", "mode": "fast"}', 422, "invalid-request"),
    ("missing field", b"{}", 422, "invalid-request"),
    ("number as question", b'{"question": 7}', 422, "invalid-request"),
    ("null question", b'{"question": null}', 422, "invalid-request"),
    ("text as limit", b'{"question": "cats", "limit": "3"}', 422, "invalid-request"),
    ("true as limit", b'{"question": "cats", "limit": true}', 422, "invalid-request"),
    ("fraction as limit", b'{"question": "cats", "limit": 1.5}', 422, "invalid-request"),
    ("zero limit", b'{"question": "cats", "limit": 0}', 422, "invalid-request"),
    ("large limit", b'{"question": "cats", "limit": 101}', 422, "invalid-request"),
    ("NaN", b'{"question": "cats", "limit": NaN}', 422, "invalid-request"),
    ("infinity", b'{"question": "cats", "limit": 1e999}', 422, "invalid-request"),
    ("list", b"[]", 422, "invalid-request"),
    ("text", b'"cats"', 422, "invalid-request"),
    ("no body", b"", 422, "invalid-request"),
    ("not JSON", b"question=cats", 400, "not-json"),
    ("cut off", b'{"question": "cats', 400, "not-json"),
    ("deep", b'{"question": ' + b"[" * 30_000, 400, "not-json"),
    ("5,000 digits", b'{"question": "cats", "limit": ' + b"9" * 5000 + b"}", 400, "not-json"),
    ("not UTF-8", b'{"question": "caf\xe9"}', 400, "not-json"),
    ("surrogate bytes", b'{"question": "\xed\xa0\x80 x"}', 422, "bad-question"),
]


@pytest.mark.parametrize(("body", "status", "code"), [b[1:] for b in BAD_BODIES], ids=[b[0] for b in BAD_BODIES])
@pytest.mark.parametrize("path", ["/ask", "/v1/search"])
def test_bad_bodies_get_a_problem_that_says_what_to_do(
    client: TestClient, path: str, body: bytes, status: int, code: str
) -> None:
    assert_problem(client.post(path, content=body, headers=JSON), status, code)


def test_a_problem_points_to_each_bad_field_and_echoes_no_value(client: TestClient) -> None:
    body = {"question": 1.5, "limit": "SECRET", "SECRET2": {"a": "SECRET"}}
    problem = assert_problem(client.post("/ask", json=body), 422, "invalid-request")
    assert {error["pointer"]: error["detail"] for error in problem["errors"]} == {
        "/question": "Input should be a valid string",
        "/limit": "Input should be a valid integer",
        "/SECRET2": "is not a known field",
    }
    assert '"SECRET"' not in json.dumps(problem)
    assert problem["instance"] == "/ask"


def test_a_body_that_does_not_say_it_is_json_is_refused_with_advice(client: TestClient) -> None:
    reply = client.post("/ask", content=b'{"question": "cats"}', headers={"Content-Type": "text/plain"})
    assert "Content-Type: application/json" in assert_problem(reply, 415, "unsupported-media-type")["detail"]


def test_a_text_that_is_too_long_is_said_to_have_too_many_characters(client: TestClient) -> None:
    reply = client.put("/v1/documents/cats", json={"text": "Cats.", "title": "x" * 1001})
    assert assert_problem(reply, 422, "invalid-request")["detail"] == "/title: has more than 1,000 characters"


def test_no_problem_names_the_folders_of_the_server(client: TestClient, tmp_path: Path) -> None:
    """The data folder by its own name only: what the index and the files beside it complain of, each in its way."""
    gone = client.delete("/v1/documents/none")
    assert "no document 'none' in 'data'" in assert_problem(gone, 404, "not-found")["detail"]
    (tmp_path / "data" / "feedback.db").mkdir(parents=True)
    for empty in started(create_app(load_settings(data=tmp_path / "data", embedder="hash"))):
        asked, judged = empty.post("/ask", json={"question": QUESTION}), empty.get(f"/v1/answers/{'0' * 32}/feedback")
        assert "no search index in 'data'" in assert_problem(asked, 503, "index-missing")["detail"]
        assert "data/feedback.db" in assert_problem(judged, 503, "unavailable")["detail"]
        assert all(str(tmp_path) not in reply.text for reply in (asked, judged, empty.get("/readyz")))


@pytest.mark.parametrize("path", ["/readyz", "/v1/documents", "/v1/documents/cats", "/v1/documents/none", "/nowhere"])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    head, got = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    ours = ("content-type", "content-length", "etag")
    if got.status_code == 200:
        assert [head.headers.get(name) for name in ours] == [got.headers.get(name) for name in ours]
    assert client.patch("/readyz").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "question", ["Πόσο κοιμούνται οι γάτες;", "كم تنام القطط؟", "猫一天睡多久？", "😺 sleep?", "é e\u0301 cats"]
)
def test_other_alphabets_are_questions_and_come_back_unchanged(client: TestClient, question: str) -> None:
    reply = client.post("/ask", json={"question": question})
    assert (reply.status_code, reply.json()["question"]) == (200, question)


_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
_BODIES = st.binary(max_size=300) | st.dictionaries(
    st.sampled_from(["question", "limit", "x", "\ud800"]), _JSON_VALUES | st.just(QUESTION), max_size=3
).map(lambda value: json.dumps(value).encode())


@settings(max_examples=30, deadline=None)
@given(body=_BODIES, path=st.sampled_from(["/ask", "/v1/search", "/v1/documents"]))
def test_no_body_whatever_is_a_server_fault(client: TestClient, body: bytes, path: str) -> None:
    reply = client.post(path, content=body, headers=JSON)
    assert reply.status_code in {200, 400, 422}
    if reply.status_code != 200:
        assert reply.headers["content-type"] == PROBLEM
        reply.content.decode("ascii")


@pytest.mark.parametrize("path", ["/v1/documents", "/v1/documents/cats", "/v1/documents/cats/text", "/v1/suggestions"])
def test_without_an_index_reading_says_so_and_when_to_come_back(empty: TestClient, path: str) -> None:
    reply = empty.get(path)
    assert "quotewell index PATH" in assert_problem(reply, 503, "index-missing")["detail"]
    assert reply.headers["retry-after"] == "2"


def test_without_an_index_the_server_lives_but_is_not_ready(empty: TestClient) -> None:
    assert_problem(empty.post("/ask", json={"question": QUESTION}), 503, "index-missing")
    assert empty.get("/livez").json() == {"alive": True}
    ready = empty.get("/readyz")
    assert (ready.status_code, ready.json()["ready"], ready.json()["index_version"]) == (503, False, None)
    assert empty.get("/version").json()["index_version"] is None
    assert empty.get("/").status_code == 200


def test_the_first_document_makes_an_index(empty: TestClient) -> None:
    assert empty.put("/v1/documents/cats", json={"text": ARTICLES["bread.txt"]}).status_code == 201
    assert empty.get("/readyz").status_code == 200
    assert empty.post("/ask", json={"question": "Why does sourdough rise?"}).json()["status"] == "answered"


def test_an_index_of_another_model_is_refused_with_advice(tmp_path: Path) -> None:
    class OtherWeights(HashEmbedder):
        fingerprint = "other"

    for client in started(create_app(make.indexed(tmp_path, ARTICLES, OtherWeights()))):
        problem = assert_problem(client.post("/ask", json={"question": QUESTION}), 503, "index-mismatch")
        assert "--rebuild" in problem["detail"]


def test_a_damaged_index_is_never_answered_from(tmp_path: Path) -> None:
    """It is made again from the store; without that there is no answer."""
    data = build(tmp_path)
    for path in (data / "generations").glob("*/vectors.npy"):
        path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
    for client in started(create_app(load_settings(data=data, embedder="hash"))):
        assert client.post("/ask", json={"question": QUESTION}).status_code == 200
    (data / "corpus.db").unlink()
    for path in (data / "generations").glob("*/vectors.npy"):
        path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
    for client in started(create_app(load_settings(data=data, embedder="hash"))):
        assert_problem(client.post("/ask", json={"question": QUESTION}), 503, "index-damaged")


def test_a_write_on_a_full_disk_is_answered_from_and_its_index_is_written_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store still takes it, as small as it is; the search index does not fit, for this server and for the next."""
    data = build(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def newest(client: TestClient) -> dict[str, Any]:
        return dict(client.get("/readyz").json()["checks"][1])

    def caught_up(client: TestClient) -> bool:
        return newest(client)["ok"] is True

    def ids(client: TestClient) -> list[str]:
        client.post("/ask", json={"question": QUESTION}).raise_for_status()
        return [one["id"] for one in client.get("/v1/documents").json()["documents"]]

    with monkeypatch.context() as disk:
        disk.setattr(generation, "_write_files", full)
        for client in started(create_app(load_settings(data=data, embedder="hash", **UNTUNED))):
            assert client.delete("/v1/documents/cats").status_code == 204
            assert client.put("/v1/documents/new", json={"text": ARTICLES["bread.txt"]}).status_code == 201
            assert ids(client) == ["bread", "energy/tides", "new"]
            assert client.get("/readyz").status_code == 200
            assert_problem(client.delete("/v1/documents/cats"), 404, "not-found")
        for client in started(create_app(load_settings(data=data, embedder="hash", **UNTUNED))):
            assert ids(client) == ["bread", "energy/tides", "new"]
            assert "No space left on device" in newest(client)["detail"] and client.get("/readyz").status_code == 200
            disk.undo()
            until(partial(caught_up, client))
            assert generation.current(data) == client.get("/version").json()["index_version"]
            assert ids(client) == ["bread", "energy/tides", "new"]


def test_what_fails_behind_the_commit_is_no_longer_cited(
    fresh: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise QuotewellError("the device gives an error")

    monkeypatch.setattr(Store, "checkpoint", broken)
    assert_problem(fresh.delete("/v1/documents/cats"), 503, "unavailable")
    assert [one["id"] for one in fresh.get("/v1/documents").json()["documents"]] == ["bread", "energy/tides"]


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_documents_are_listed_a_page_at_a_time(client: TestClient) -> None:
    seen, token = [], None
    while True:
        page = client.get("/v1/documents", params={"page_size": 2, **({"page_token": token} if token else {})}).json()
        seen += [document["id"] for document in page["documents"]]
        assert page["total"] == 3
        token = page["next_page_token"]
        if token is None:
            break
    assert seen == ["bread", "cats", "energy/tides"]


@pytest.mark.parametrize("token", ["zzz", "é", "!!!!", "_____w=="])
def test_a_foreign_page_token_is_refused(client: TestClient, token: str) -> None:
    assert_problem(client.get("/v1/documents", params={"page_token": token}), 422, "bad-input")


def test_page_size_has_bounds(client: TestClient) -> None:
    problem = assert_problem(client.get("/v1/documents", params={"page_size": 0}), 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == "page_size"


def test_a_document_says_what_is_known_and_what_is_inferred(client: TestClient) -> None:
    document = client.get("/v1/documents/energy%2Ftides").json()
    assert document == {
        "id": "energy/tides",
        "title": "Power from the tides",
        "author": "",
        "publisher": "",
        "published": "2023-11-20",
        "language": "en",
        "url": "",
        "inferred": [],
        "characters": len(document["text"]),
        "sha256": document["sha256"],
        "text": "The tidal power station at Sihwa Lake has a capacity of 254 megawatts. It was opened in August 2011 "
        "and is the largest of its kind in the world.",
        "headings": [],
        "pages": [],
        "index_version": document["index_version"],
    }
    assert client.get("/v1/documents/bread").json()["inferred"] == ["title"]


def test_the_text_is_plain_and_cannot_act_as_a_page(client: TestClient) -> None:
    reply = client.get("/v1/documents/cats/text")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "😺" in reply.text


def test_a_document_is_added_replaced_and_gone_from_answers_at_once(fresh: TestClient) -> None:
    question = {"question": "What does the lighthouse at Cordouan burn?"}
    address = "/v1/documents/sea%2Flights"
    first = {"text": "The lighthouse at Cordouan burned whale oil.", "title": "Lights", "published": "1999-01-02"}
    added = fresh.put(address, json=first)
    assert (added.status_code, added.headers["location"]) == (201, address)
    assert (added.json()["id"], added.json()["published"]) == ("sea/lights", "1999-01-02")
    assert fresh.post("/ask", json=question).json()["citations"][0]["quote"] == first["text"]
    second = first | {"text": "The lighthouse at Cordouan burned olive oil."}
    assert fresh.put(address, json=second).status_code == 200
    assert fresh.post("/ask", json=question).json()["citations"][0]["quote"] == second["text"]
    assert fresh.put(address, json=second).status_code == 200
    assert fresh.get("/v1/documents").json()["total"] == 4
    assert fresh.delete(address).status_code == 204
    cited = fresh.post("/ask", json=question).json()["citations"]
    assert not [one for one in cited if "Cordouan" in one["quote"]]  # a refusal may name it
    assert_problem(fresh.delete(address), 404, "not-found")
    assert_problem(fresh.get(address), 404, "not-found")


def test_a_document_is_cleaned_like_a_file(fresh: TestClient) -> None:
    matter, hidden = "---\ntitle: ignored\n---\n", "<!-- to the printer -->\n"
    text = f"{matter}# Head\n\nCosts rose to \\$552 billion, as **everyone** saw.\n\n{hidden}\nAdvertisement\n"
    fresh.put("/v1/documents/money", json={"text": text, "title": "Money"})
    shown = fresh.get("/v1/documents/money/text").text
    assert shown == "Head\n\nCosts rose to $552 billion, as everyone saw.\n\nAdvertisement"


def test_post_adds_by_the_id_in_the_body(fresh: TestClient) -> None:
    body = {"id": "sea/tide pool", "text": "A tide pool holds crabs and anemones."}
    added = fresh.post("/v1/documents", json=body)
    assert (added.status_code, added.headers["location"]) == (201, "/v1/documents/sea%2Ftide%20pool")
    assert fresh.post("/v1/documents", json=body).status_code == 200
    assert fresh.get(added.headers["location"]).json()["id"] == "sea/tide pool"


def test_slashes_in_ids_and_the_text_suffix_do_not_mix(fresh: TestClient) -> None:
    fresh.put("/v1/documents/a%2Ftext", json={"text": "This is the document called a slash text."})
    fresh.put("/v1/documents/a", json={"text": "This is the document called a."})
    assert fresh.get("/v1/documents/a%2Ftext").json()["id"] == "a/text"
    assert fresh.get("/v1/documents/a/text").text == "This is the document called a."
    assert fresh.get("/v1/documents/a%2Ftext/text").text == "This is the document called a slash text."


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=12))
def test_any_printable_id_comes_back_unchanged(fresh: TestClient, name: str) -> None:
    address = f"/v1/documents/{quote(name, safe='')}"
    if name in {".", ".."}:
        assert fresh.post("/v1/documents", json={"id": name, "text": "words"}).status_code == 422
        return
    assert fresh.post("/v1/documents", json={"id": name, "text": "Some words."}).json()["id"] == name
    assert fresh.get(address).json()["id"] == name
    assert fresh.delete(address).status_code == 204


BAD_DOCUMENTS = [
    ("no text", {"title": "x"}, "invalid-request"),
    ("empty", {"text": ""}, "unreadable-document"),
    ("nothing that shows", {"text": "<!-- to the printer -->"}, "unreadable-document"),
    ("NUL", {"text": "cats\0dogs"}, "invalid-request"),
    ("lone surrogate", {"text": "cats \ud800"}, "invalid-request"),
    ("lone surrogate in the title", {"text": "cats", "title": "\udc00"}, "invalid-request"),
    ("no such day", {"text": "cats", "published": "2024-02-30"}, "invalid-request"),
    ("number as date", {"text": "cats", "published": 20240201}, "invalid-request"),
    ("script address", {"text": "cats", "url": "javascript:alert(1)"}, "invalid-request"),
    ("language", {"text": "cats", "language": "English"}, "invalid-request"),
    ("unknown field", {"text": "cats", "id": "dogs"}, "invalid-request"),
]


@pytest.mark.parametrize(("body", "code"), [b[1:] for b in BAD_DOCUMENTS], ids=[b[0] for b in BAD_DOCUMENTS])
def test_bad_documents_are_refused_with_reasons(client: TestClient, body: object, code: str) -> None:
    assert_problem(client.put("/v1/documents/bad", content=json.dumps(body), headers=JSON), 422, code)


@pytest.mark.parametrize("address", ["x%00", "%0A", "a" * 301, "%E2%80%8B"])
def test_bad_ids_are_refused(client: TestClient, address: str) -> None:
    assert_problem(client.put(f"/v1/documents/{address}", json={"text": "cats"}), 422, "bad-input")


def test_an_address_that_is_no_utf8_names_no_document(client: TestClient) -> None:
    assert_problem(client.get("/v1/documents/%ff"), 404, "not-found")


def test_documents_may_be_larger_than_questions(client: TestClient) -> None:
    large = {"text": " " * 200_000}
    assert_problem(client.put("/v1/documents/large", json=large), 422, "unreadable-document")
    assert_problem(client.put("/v1/documents/large", json={"text": "x" * 10_000_001}), 413, "too-large")


def test_writers_wait_for_each_other_and_lose_nothing(fresh: TestClient) -> None:
    def put(number: int) -> int:
        return fresh.put(f"/v1/documents/n{number}", json={"text": f"This is note number {number}."}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(put, range(6))) == [201] * 6
    assert fresh.get("/v1/documents").json()["total"] == 9


# ── what surrounds every request ─────────────────────────────────────────────────────────────────────────────────────

ANY_REPLY = [
    ("GET", "/"), ("GET", "/documents/cats"), ("GET", "/documents/none"), ("GET", "/docs"), ("GET", "/docs/problems"),
    ("GET", "/static/article.js"), ("GET", "/static/none.js"), ("GET", "/static/%00"),
    ("GET", "/static/..%2fapp.py"), ("GET", "/swagger/swagger-ui.css"), ("GET", "/livez"), ("GET", "/readyz"),
    ("GET", "/version"), ("GET", "/v1/documents"), ("GET", "/v1/documents/cats"), ("GET", "/v1/documents/cats/text"),
    ("GET", "/v1/documents/none"), ("GET", "/nowhere"), ("GET", "/ask"), ("POST", "/ask"), ("OPTIONS", "/ask"),
    ("DELETE", "/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ANY_REPLY)
def test_every_reply_carries_the_safety_headers(client: TestClient, method: str, path: str) -> None:
    reply = client.request(method, path, headers={"X-Request-ID": "mine-1"})
    assert reply.status_code < 500
    assert {name: reply.headers[name] for name in HEADERS if "Policy" not in name} == {
        name: value for name, value in HEADERS.items() if "Policy" not in name
    }
    assert "'unsafe" not in reply.headers["content-security-policy"]
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-request-id"] == "mine-1"
    assert "server" not in reply.headers
    assert "set-cookie" not in reply.headers
    if reply.status_code >= 400 and not path.startswith("/documents"):
        assert reply.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 65, "<script>", "é"])
def test_a_request_id_that_does_not_fit_a_log_line_is_replaced(client: TestClient, given_id: str) -> None:
    made = client.get("/livez", headers={b"X-Request-ID": given_id.encode()}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", made)


def test_a_wrong_method_names_the_right_one(client: TestClient) -> None:
    reply = client.get("/v1/ask")
    assert_problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == "POST"


def test_a_bug_becomes_an_opaque_500_with_the_request_id_of_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def boom() -> None:
        raise ValueError("SECRET inside")

    monkeypatch.setitem(NEEDS, "GET /boom", EVERYBODY)
    assert isinstance(client.app, FastAPI)
    client.app.add_api_route("/boom", boom)
    problem = assert_problem(client.get("/boom", headers={"X-Request-ID": "boom-1"}), 500, "internal")
    assert "SECRET" not in json.dumps(problem)
    assert "boom-1" in caplog.text
    assert "SECRET inside" in caplog.text


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space"), FileNotFoundError("No usable temporary folder")])
def test_what_the_system_refuses_is_no_bug_and_says_what_to_see_to(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """As where a library unpacks into a temporary folder that is full."""

    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr(documents, "clean_body", refused)
    problem = assert_problem(client.put("/v1/documents/new", json={"text": "Words."}), 503, "unavailable")
    assert "temporary" in problem["detail"] and "usable" not in problem["detail"]


def test_ready_tells_what_was_checked(client: TestClient) -> None:
    reply = client.get("/readyz").json()
    assert reply["ready"] is True
    assert {check["name"]: check["ok"] for check in reply["checks"]} == {"index": True, "newest": True, "watcher": True}
    assert reply["checks"][0]["detail"] == "3 documents"
    version = client.get("/version").json()
    assert (version["index_version"], version["embedder"]) == (reply["index_version"], "hash")


def test_a_store_that_cannot_be_read_leaves_the_old_index_answering_and_says_so(
    fresh: TestClient, tmp_path: Path
) -> None:
    before = fresh.get("/version").json()["index_version"]
    (tmp_path / "data" / "corpus.db").write_bytes(b"damaged")
    until(lambda: not fresh.get("/readyz").json()["checks"][1]["ok"])
    ready = fresh.get("/readyz")
    assert (ready.status_code, ready.json()["ready"], ready.json()["index_version"]) == (200, True, f"{before}-behind")
    assert "corpus.db' is damaged" in ready.json()["checks"][1]["detail"]
    assert fresh.post("/ask", json={"question": QUESTION}).json()["index_version"] == f"{before}-behind"


# ── the published contract ───────────────────────────────────────────────────────────────────────────────────────────


def test_operations_have_stable_names_and_declare_their_errors(described: dict[str, Any]) -> None:
    paths = described["paths"]
    operations = {op["operationId"]: op for path in paths.values() for op in path.values()}
    assert set(operations) == {
        "ask", "ask_unversioned", "search", "list_suggestions", "list_documents", "add_document", "get_document",
        "get_document_text", "put_document", "delete_document", "get_liveness", "get_readiness", "get_version",
        "check_text", "get_answer", "get_corpus", "get_revision", "verify_answer", "get_feedback", "put_feedback",
        "delete_feedback", "get_metrics", "get_operation", *OPENAI,
    }  # fmt: skip
    for name, operation in operations.items():
        errors = {code: r for code, r in operation["responses"].items() if code == "default" or code >= "400"}
        assert "default" in errors
        wrong = {code for code, reply in errors.items() if list(reply["content"]) != [PROBLEM]}
        assert wrong == (set(errors) if name in OPENAI else {"503"} if name == "get_readiness" else set())


def test_writes_of_articles_and_nothing_else_declare_the_idempotency_key(described: dict[str, Any]) -> None:
    paths = described["paths"]
    keyed = {
        operation["operationId"]: "409" in operation["responses"]
        for path in paths.values()
        for operation in path.values()
        if "idempotency-key" in [parameter["name"] for parameter in operation.get("parameters", ())]
    }
    assert keyed == {"add_document": True, "put_document": True, "delete_document": True}


def test_the_contract_names_the_problem_schema_and_no_stock_one(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert {"Problem", "FieldProblem", "Answer", "Citation"} <= set(schemas)
    assert "HTTPValidationError" not in schemas


def test_every_problem_has_its_paragraph(client: TestClient) -> None:
    page = client.get("/docs/problems").text
    named = [one for one in vars(problems).values() if isinstance(one, problems.Kind)]
    kinds = (*problems.KINDS.values(), *problems.OTHERS.values(), *named)
    assert set(re.findall(r'<h2 id="([^"]+)"', page)) == {kind.code for kind in kinds}


@pytest.mark.parametrize("path", ["/", "/documents/cats", "/docs", "/docs/problems"])
def test_pages_hold_no_inline_code_and_refer_to_files_that_are_here(client: TestClient, path: str) -> None:
    page = client.get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)
    for address in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert client.get(address).status_code == 200, address


def test_scripts_write_text_and_never_markup() -> None:
    server = Path(__file__).parent.parent / "server"
    ours = [path for path in (server / "static").glob("*.js") if path.name != "widget.js"]  # that one holds a library
    for path in (*ours, *(server / "widget" / "src").glob("*.ts")):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|cookie", path.read_text())


def test_an_article_page_that_does_not_exist_says_so_in_its_status(client: TestClient) -> None:
    assert client.get("/documents/none").status_code == 404
    assert client.get("/documents/energy%2Ftides").status_code == 200
