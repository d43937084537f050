"""Streaming of /ask: the same answer as without, event by event, whatever goes wrong on the way."""

import asyncio
import http.client
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.sse import format_sse_event
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.records import Document
from index.settings import load_settings
from index.storage.merkle import Proof
from rag.answer import Citation
from rag.answer_json import AnswerStage
from rag.receipts.receipt import Receipt, receipt_for
from server.access.guard import EVERYBODY, NEEDS
from server.app import create_app
from server.middleware.shell import BodyLimit
from server.schemas.ask import Answer
from server.schemas.base import Problem
from server.sse import LEAST_PIECE, MEDIA_TYPE, Citations, Sources, TextDelta, event_stream, events, pieces
from tests import make
from tests.browsing import listening, started
from tests.conftest import until

ARTICLES = {
    "bridge.md": "---\ntitle: The Sollen bridge 🌉\ndate: 2019-05-01\n---\nThe Sollen bridge carries trams over the "
    "river Vey. It was closed for repairs in March 2019. The repairs cost $12 million and took two years.\n",
    "cats.txt": "Cats purr when they are content 😺👩‍👩‍👧 and sometimes when they are in pain 🏳️‍🌈. "
    "Cats sleep for sixteen hours.\n",
    "breaks.txt": "The poem of Elin was printed\u2028in lines\u2029that nobody\x85counts. It has forty verses.\n",
    "accents.txt": "The cafe\u0301 of Zoe\u0308 serves cre\u0300me bru\u0302le\u0301e with vanilla. "
    "Its owner is U\u0308mit.\n",
    "tokyo.txt": "東京タワーの高さは三百三十三メートルで、一九五八年に完成した。塔は港区に立っていて、"
    "毎年およそ三百万人が訪れる。\n",
    "arabic.txt": "يبلغ ارتفاع برج خليفة ثمانمئة وثمانية وعشرين مترا وهو أعلى مبنى في العالم.\n",
}  # fmt: skip
QUESTIONS = (
    "When was the Sollen bridge closed?", "How much did the repairs of the bridge cost, and how long did they take?",
    "When do cats purr?", "How was the poem of Elin printed?", "What does the café of Zoë serve?", "東京タワーの高さは",
    "ما ارتفاع برج خليفة", "Is the bridge better than the tower?", "Compare the bridge with the café of Zoë",
    "What did it cost in 1803?", "Quantum chromodynamics of neutron stars",
)  # fmt: skip
QUESTION = QUESTIONS[0]
PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}


class Event(NamedTuple):
    name: str
    data: Any


def events_of(raw: bytes) -> list[Event]:
    """As the HTML standard parses them; comments are passed over."""
    found, name, data = [], "message", list[str]()
    for line in re.split("\r\n|\r|\n", raw.decode("utf-8")):
        field, _, value = line.partition(":")
        if field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            found.append(Event(name, json.loads("\n".join(data))))
            name, data = "message", []
    assert not data, "the stream ends with half an event"
    return found


def stream(client: TestClient, question: str = QUESTION, **more: Any) -> list[Event]:
    reply = client.post("/v1/ask", json={"question": question, "stream": True, **more})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    return events_of(reply.content)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(make.indexed(tmp_path_factory.mktemp("stream"), ARTICLES, threshold=0.0))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    yield from started(app)


class Serving:
    """Counts the requests that are not over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.open = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.open -= 1


@pytest.fixture(scope="module")
def serving(client: TestClient) -> Serving:
    return Serving(client.app)


@pytest.fixture(scope="module")
def port(serving: Serving) -> Iterator[int]:
    """The same application behind a real server."""
    with listening(serving) as address:
        yield urlsplit(address).port or 0


def over_socket(port: int, body: object, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/ask", json.dumps(body), JSON | headers)
        reply = connection.getresponse()
        return reply, reply.read()


# ── the same answer ──────────────────────────────────────────────────────────────────────────────────────────────────

MODES = [{}, {"mode": "evidence"}, {"explain": True, "limit": 2}, {"as_of": "2019-12-31"}, {"limit": 1}]


@pytest.mark.parametrize("more", MODES, ids=["plain", "evidence", "explained", "past", "one"])
def test_what_streams_is_what_the_json_reply_says(client: TestClient, more: dict[str, Any]) -> None:
    """Sources first, whole segments in order, markers with the last piece, the whole answer at the end."""
    for question in QUESTIONS if not more else QUESTIONS[::3]:
        whole = client.post("/ask", json={"question": question, **more}).json()
        first, *deltas, citations, done = stream(client, question, **more)
        assert first == ("sources", {name: whole[name] for name in Sources.model_fields})
        assert citations == ("citations", {"citations": whole["citations"]})
        assert done == ("done", whole)
        assert {event.name for event in deltas} <= {"delta"}
        assert joined([event.data for event in deltas]) == whole["segments"]


def joined(deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The segments, told by the deltas alone."""
    segments: list[dict[str, Any]] = []
    for delta in deltas:
        if delta["segment"] == len(segments):
            segments.append({"kind": delta["kind"], "text": "", "citations": []})
        assert (delta["segment"], delta["kind"]) == (len(segments) - 1, segments[-1]["kind"])
        assert segments[-1]["citations"] == [], "only the last piece has citations"
        segments[-1]["text"] += delta["text"]
        segments[-1]["citations"] = delta["citations"]
    return segments


def test_the_last_event_has_the_bytes_of_the_json_reply(client: TestClient) -> None:
    whole = client.post("/ask", json={"question": QUESTION}).content
    raw = client.post("/ask", json={"question": QUESTION, "stream": True}).content
    assert b"event: done\ndata: " + whole + b"\n\n" == raw[raw.index(b"event: done") :]


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"explain": True, "stream": True}])
def test_an_answer_has_each_of_its_receipts_made_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    made: list[int] = []

    def counted(citation: Citation, document: Document, proof: Proof) -> Receipt:
        made.append(citation.marker)
        return receipt_for(citation, document, proof)

    monkeypatch.setattr("rag.answer_json.receipt_for", counted)
    reply = client.post("/ask", json={"question": QUESTIONS[1], **more})
    whole = events_of(reply.content)[-1].data if "stream" in more else reply.json()
    assert made == [citation["marker"] for citation in whole["citations"]] != []


def test_a_follow_up_streams_as_it_was_understood(client: TestClient) -> None:
    turns = [{"role": "user", "content": "When was the Sollen bridge closed?"}]
    sources = stream(client, "How much did its repairs cost?", history=turns)[0].data
    assert sources["question"] == "How much did its repairs cost?"
    assert "Sollen bridge" in sources["standalone"]


@pytest.fixture(scope="module")
def whole(client: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/ask", json={"question": QUESTION, "limit": 1}).json()
    return answer


MARKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # whatever some client takes for the end of a line


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.sampled_from(f"a {MARKS}é😺。:") | st.characters(codec="utf-8"), max_size=90), max_size=4)
)
def test_no_mark_in_a_text_ends_a_line_even_for_careless_clients(whole: dict[str, Any], texts: list[str]) -> None:
    """Cleaned articles hold none of them today; the stream does not lean on that."""
    segments = [{"kind": "quote", "text": text, "citations": [n]} for n, text in enumerate(texts)]
    stage = AnswerStage(None, whole | {"segments": segments, "text": "".join(texts)})  # type: ignore[arg-type]
    read = AnswerStage(None, {name: whole[name] for name in Sources.model_fields})  # type: ignore[arg-type]
    raw = b"".join(events(iter([read, stage, stage])))
    first, *deltas, citations, done = events_of(raw)
    careless = "\n".join(raw.decode().splitlines()).encode() + b"\n\n"
    assert events_of(careless) == [first, *deltas, citations, done]
    assert joined([event.data for event in deltas]) == done.data["segments"] == segments


def test_a_question_with_line_separators_is_streamed_as_it_is(client: TestClient) -> None:
    question = "When was the Sollen\u2028bridge\u2029closed\x85?"
    raw = client.post("/ask", json={"question": question, "stream": True}).content
    assert {event.data["question"] for event in events_of(raw) if event.name in ("sources", "done")} == {question}
    assert b"\\u2028bridge\\u2029closed\\u0085" in raw


def test_every_event_fits_its_declared_model(client: TestClient) -> None:
    models: dict[str, type[BaseModel]] = {
        "sources": Sources,
        "delta": TextDelta,
        "citations": Citations,
        "done": Answer,
    }
    for event in stream(client):
        models[event.name].model_validate_json(json.dumps(event.data))


def test_a_streamed_answer_is_kept_like_any_other(client: TestClient) -> None:
    """Asked only this once, by a stream; the kept request has no trace of that."""
    body = {"question": "Who is the owner of the café of Zoë?", "stream": True}
    reply = client.post("/ask", json=body)
    done = events_of(reply.content)[-1].data
    assert client.get(f"/v1/answers/{done['id']}").json() == done
    assert isinstance(client.app, FastAPI)
    assert client.app.state.kept.find(done["id"]).body == '{"question":"Who is the owner of the café of Zoë?"}'


def test_the_stream_says_how_long_it_took_and_may_not_be_held_back(client: TestClient) -> None:
    headers = client.post("/ask", json={"question": QUESTION, "stream": True}).headers
    assert re.fullmatch(r"read;dur=\d+\.\d", headers["server-timing"])
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-cache", "no")
    assert "etag" not in headers  # it names the bytes of the JSON reply
    assert headers["x-content-type-options"] == "nosniff"


ACCEPTED = [
    (MEDIA_TYPE, True), ("text/event-stream, */*", True), ("TEXT/Event-Stream;charset=utf-8", True),
    ("application/json;q=0.5, text/event-stream", True), ("text/event-stream;q=0.9, text/html", True),
    ("*/*", False), ("application/json", False), ("application/json, text/event-stream", False), ("text/*", False),
    ("text/event-stream;q=0", False), ("text/event-stream;q=x", False), (",;=,;q=", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("accept", "streams"), ACCEPTED)
def test_the_accept_header_may_ask_for_events(client: TestClient, accept: str, streams: bool) -> None:
    reply = client.post("/ask", json={"question": QUESTION}, headers={"Accept": accept})
    assert reply.headers["content-type"].startswith(MEDIA_TYPE if streams else "application/json")
    assert reply.status_code == 200


def test_only_questions_stream(client: TestClient) -> None:
    reply = client.post("/v1/search", json={"question": QUESTION}, headers={"Accept": MEDIA_TYPE})
    assert reply.headers["content-type"] == "application/json"
    assert client.post("/v1/search", json={"question": QUESTION, "stream": True}).status_code == 422


# ── pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab \n\u2028。、e\u0301😺"), max_size=200) | st.text(max_size=80))
def test_pieces_are_the_text_again_and_never_cut_a_word(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert all(len(piece) >= LEAST_PIECE for piece in cut[:-1])
    assert all(piece[-1].isspace() or piece[-1] in "。、" for piece in cut[:-1])
    assert all(cut) or cut == [""]


def test_pieces_are_some_tens_of_characters() -> None:
    assert pieces("The preferential access established by the USMCA has enabled the Mexican economy.") == [
        "The preferential access ",
        "established by the USMCA ",
        "has enabled the Mexican ",
        "economy.",
    ]


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED = [
    ("no JSON", b"stream: true", 400, "not-json"),
    ("deep", b"[" * 20_000, 400, "not-json"),
    ("no UTF-8", b"\xff", 400, "not-json"),
    ("large", b'{"question": "' + b"x" * 70_000 + b'", "stream": true}', 413, "too-large"),
    ("blank", b'{"question": " ", "stream": true}', 422, "bad-question"),
    ("long", b'{"question": "' + b"x" * 3000 + b'", "stream": true}', 422, "bad-question"),
    ("no question", b'{"stream": true}', 422, "invalid-request"),
    ("no list", b"[true]", 422, "invalid-request"),
    ("text", b'{"question": "cats", "stream": "true"}', 422, "invalid-request"),
    ("number", b'{"question": "cats", "stream": 1}', 422, "invalid-request"),
    ("null", b'{"question": "cats", "stream": null}', 422, "invalid-request"),
]


@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_an_error_before_the_stream_is_an_ordinary_problem(
    client: TestClient, body: bytes, status: int, code: str
) -> None:
    for headers in (JSON, JSON | {"Accept": MEDIA_TYPE}):
        reply = client.post("/ask", content=body, headers=headers)
        assert (reply.status_code, reply.headers["content-type"]) == (status, PROBLEM)
        assert reply.json()["type"] == f"/docs/problems#{code}"


def test_without_an_index_a_stream_is_refused_with_503(tmp_path: Path) -> None:
    with TestClient(create_app(load_settings(data=tmp_path / "none", embedder="hash"))) as empty:
        reply = empty.post("/ask", json={"question": QUESTION, "stream": True})
    assert (reply.status_code, reply.json()["type"]) == (503, "/docs/problems#index-missing")
    assert int(reply.headers["retry-after"]) > 0


def broken(at: int = 0) -> Iterator[bytes]:
    """A bug after so many events."""
    for number in range(at):
        yield format_sse_event(event="delta", data_str=str(number))
    raise ValueError("SECRET inside")


class Waiting:
    """Streams that say nothing until they are told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        self.go_on.wait(60)
        yield format_sse_event(event="done", data_str="1")


@pytest.fixture(scope="module")
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture(scope="module")
def routes(app: FastAPI, waiting: Waiting) -> Iterator[None]:
    NEEDS.update(dict.fromkeys(("POST /broken", "POST /waits"), EVERYBODY))
    app.add_api_route("/broken", lambda at: event_stream(broken(int(at)), {}), methods=["POST"])
    app.add_api_route("/waits", lambda: event_stream(waiting, {}), methods=["POST"])
    yield
    del NEEDS["POST /broken"], NEEDS["POST /waits"]


@pytest.mark.usefixtures("routes")
def test_a_bug_in_a_stream_is_its_last_event_and_says_nothing_of_the_inside(
    client: TestClient, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/broken?at=2", headers={"X-Request-ID": "bug-1"})
        raw = connection.getresponse().read()  # ends in order: an IncompleteRead would raise
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200
    *before, last = events_of(raw)
    assert before == [("delta", 0), ("delta", 1)]
    assert last.name == "error"
    assert Problem.model_validate_json(json.dumps(last.data)).request_id == "bug-1"
    assert (last.data["type"], last.data["status"]) == ("/docs/problems#internal", 500)
    assert b"SECRET" not in raw
    assert "bug-1" in caplog.text and "SECRET inside" in caplog.text


@pytest.mark.usefixtures("routes")
def test_a_stream_that_waits_is_kept_alive_by_comments(
    port: int, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.sse.PING_S", 0.05)
    waiting.go_on.clear()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/waits")
        reply = connection.getresponse()
        assert [reply.readline() for _ in range(4)] == [b": ping\n", b"\n"] * 2
        waiting.go_on.set()
        assert events_of(reply.read()) == [("done", 1)]


# ── over a socket ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_over_a_socket_it_is_chunked_unbuffered_and_the_same(client: TestClient, port: int) -> None:
    reply, raw = over_socket(port, {"question": QUESTION, "stream": True}, **{"Accept-Encoding": "gzip, br"})
    assert reply.getheader("transfer-encoding", "").lower() == "chunked"
    assert (reply.getheader("content-length"), reply.getheader("content-encoding")) == (None, None)
    assert events_of(raw) == stream(client)


def test_concurrent_streams_do_not_mix(client: TestClient, port: int) -> None:
    expected = {question: client.post("/ask", json={"question": question}).json() for question in QUESTIONS[:5]}
    with ThreadPoolExecutor(8) as pool:
        asked = [question for question in QUESTIONS[:5] for _ in range(4)]
        raws = pool.map(lambda question: over_socket(port, {"question": question, "stream": True})[1], asked)
        for question, raw in zip(asked, raws, strict=True):
            *deltas, done = [event for event in events_of(raw) if event.name in ("delta", "done")]
            assert done == ("done", expected[question])
            assert joined([event.data for event in deltas]) == expected[question]["segments"]


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize("path", ["/ask", "/waits"])
@pytest.mark.parametrize("read", [0, 1, 400])
def test_a_client_that_goes_away_harms_nobody(
    port: int, serving: Serving, waiting: Waiting, caplog: pytest.LogCaptureFixture, path: str, read: int
) -> None:
    """Nothing is logged, and the server answers on."""
    waiting.go_on.clear()
    body = json.dumps({"question": QUESTION, "stream": True}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAccept: {MEDIA_TYPE}\r\nContent-Type: application/json\r\n"
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by reset
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert read == 0 or client.recv(read)
    assert over_socket(port, {"question": QUESTION})[0].status == 200  # all that came before has been begun, too
    until(lambda: serving.open == 0)
    waiting.go_on.set()
    assert over_socket(port, {"question": QUESTION})[0].status == 200
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR", "CRITICAL")] == []


def test_a_huge_body_is_refused_also_to_a_client_that_reads_nothing_before_it_has_sent_all(port: int) -> None:
    body = b" " * 12_000_000
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/ask", body, JSON)
        reply = connection.getresponse()
        assert (reply.status, json.loads(reply.read())["type"]) == (413, "/docs/problems#too-large")


def test_a_body_that_waits_for_leave_or_would_never_end_is_refused_at_once(port: int) -> None:
    for length, more in ((100_000, "Expect: 100-continue\r\n"), (10**12, "")):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(f"POST /ask HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: {length}\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 413"


def test_the_body_limit_hands_the_body_on_and_then_what_comes_after_it() -> None:
    """A stream that waits for the client to leave must hear of it, and not of the body again."""
    arriving: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"cd", "more_body": False},
        {"type": "http.disconnect"},
    ]
    heard: list[Message] = []

    async def receive() -> Message:
        return arriving.pop(0) if arriving else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async def inside(scope: object, receive: Any, send: object) -> None:
        heard.extend([await receive(), await receive(), await receive()])

    scope = {"type": "http", "headers": [], "path": "/ask"}
    asyncio.run(BodyLimit(inside, most=lambda scope: 4)(scope, receive, send))
    assert heard == [
        {"type": "http.request", "body": b"abcd", "more_body": False},
        {"type": "http.disconnect"},
        {"type": "http.disconnect"},
    ]


def test_large_bodies_are_held_only_as_long_as_all_of_them_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first is worked on: one as large, one of a question's size, one too large. Then one as large."""
    monkeypatch.setattr("server.middleware.shell.MOST_HELD", 12)
    monkeypatch.setattr("server.middleware.shell.SMALL", 4)

    async def statuses() -> list[int]:
        done, found = asyncio.Event(), []

        async def inside(scope: Scope, receive: Receive, send: Send) -> None:
            await (done.wait() if scope["path"] == "/first" else asyncio.sleep(0))
            await PlainTextResponse("")(scope, receive, send)

        limit = BodyLimit(inside, most=lambda scope: 10)

        async def ask(path: str, size: int) -> None:
            parts = [
                {"type": "http.request", "body": b"abcd"[:size], "more_body": n + 4 < size} for n in range(0, size, 4)
            ]

            async def receive() -> Message:
                return parts.pop(0)

            async def send(message: Message) -> None:
                found.extend([message["status"]] if "status" in message else [])

            await limit({"type": "http", "headers": [], "path": path, "method": "POST"}, receive, send)

        first = asyncio.ensure_future(ask("/first", 8))
        await asyncio.sleep(0)
        await ask("/large", 8)
        await ask("/small", 4)
        await ask("/too-large", 12)
        done.set()
        await first
        await ask("/large", 8)
        return found

    assert asyncio.run(statuses()) == [503, 200, 413, 200, 200]


# ── the contract ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_both_forms_of_the_reply_are_declared_and_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    contract = described
    for path in ("/ask", "/v1/ask"):
        operation = contract["paths"][path]["post"]
        content = operation["responses"]["200"]["content"]
        assert content["application/json"] == {"schema": {"$ref": "#/components/schemas/Answer"}}
        kinds = content[MEDIA_TYPE]["itemSchema"]["oneOf"]
        names = [kind["properties"]["event"]["const"] for kind in kinds]
        assert names == ["sources", "delta", "citations", "done", "error"]
        assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Ask")
    schemas = contract["components"]["schemas"]
    assert schemas["Ask"]["properties"]["stream"]["default"] is False
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(contract))) <= set(schemas)
