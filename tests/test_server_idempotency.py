"""A write that is sent again with its key is done once and answered the same; over threads, a socket and a crash."""

import asyncio
import http.client
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from index.errors import QuotewellError
from index.settings import load_settings
from server import write_log as replies
from server.app import create_app
from server.middleware.idempotency import Idempotent
from server.write_log import CLAIM_S, FILE, KEEP_S, Claimed, Earlier, Replies
from tests import make
from tests.browsing import serving

ROOT = Path(__file__).parent.parent
CATS = {"text": "Cats sleep for sixteen hours a day."}
DOGS = {"text": "Dogs sleep for twelve hours a day."}
CLAIM = (
    "import sys; from pathlib import Path; from server.write_log import Replies; "
    "print(Replies(Path(sys.argv[1])).claim('k', b'r'), flush=True); sys.stdin.readline()"
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    text = "Sourdough bread rises because wild yeast ferments the dough."
    return create_app(make.indexed(tmp_path_factory.mktemp("keyed"), {"bread": text}))


@pytest.fixture(scope="module")
def port(app: FastAPI) -> Iterator[int]:
    """Of a real server."""
    with serving(app) as address:
        yield urlsplit(address).port or 0


class Reply:
    """What came over the socket."""

    def __init__(self, port: int, method: str, path: str, key: str | None, body: object = None) -> None:
        headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        self.status, self.headers, self.content = reply.status, reply.headers, reply.read()
        connection.close()

    @property
    def replayed(self) -> bool:
        return self.headers["Idempotency-Replayed"] == "true"

    @property
    def code(self) -> str:
        return str(json.loads(self.content)["type"]).partition("#")[2]


# ── over a socket ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_write_that_is_sent_again_is_answered_the_same_and_not_done_again(port: int) -> None:
    first = Reply(port, "PUT", "/v1/documents/cats", "key 1", CATS)
    assert (first.status, first.replayed) == (201, False)
    assert Reply(port, "PUT", "/v1/documents/cats", None, DOGS).status == 200
    again = Reply(port, "PUT", "/v1/documents/cats", "key 1", CATS)
    assert (again.status, again.replayed, again.content) == (201, True, first.content)
    for name in ("content-type", "content-length", "location"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert json.loads(Reply(port, "GET", "/v1/documents/cats", None).content)["text"] == DOGS["text"]


def test_a_deletion_that_is_sent_again_is_no_longer_a_404(port: int) -> None:
    Reply(port, "PUT", "/v1/documents/gone%2Ffox", None, CATS)
    replies = [Reply(port, "DELETE", "/v1/documents/gone%2Ffox", "key 2") for _ in range(2)]
    assert [(one.status, one.content, one.replayed) for one in replies] == [(204, b"", False), (204, b"", True)]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/documents/same", DOGS),
        ("PUT", "/v1/documents/same?x=1", CATS),
        ("PUT", "/v1/documents/s%61me", CATS),
        ("POST", "/v1/documents", {"id": "same", **CATS}),
        ("DELETE", "/v1/documents/same", None),
    ],
)
def test_a_key_of_another_write_is_refused(port: int, method: str, path: str, body: object) -> None:
    Reply(port, "PUT", "/v1/documents/same", "key 3", CATS)
    refused = Reply(port, method, path, "key 3", body)
    assert (refused.status, refused.code) == (422, "idempotency-key-reused")


def test_what_failed_may_be_sent_again_with_its_key(port: int) -> None:
    assert Reply(port, "PUT", "/v1/documents/late", "key 4", {"text": ""}).status == 422
    assert Reply(port, "DELETE", "/v1/documents/late", "key 4").status == 404
    assert Reply(port, "PUT", "/v1/documents/late", "key 4", CATS).status == 201
    assert Reply(port, "DELETE", "/v1/documents/late", "key 5").status == 204


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\xe9", "a\tb"])
def test_a_key_that_is_none_is_refused(port: int, key: str) -> None:
    refused = Reply(port, "DELETE", "/v1/documents/none", key)
    assert (refused.status, refused.code) == (422, "bad-input")
    assert "255 printable ASCII" in json.loads(refused.content)["detail"]


@pytest.mark.parametrize("key", ["x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "~ !"])
def test_any_printable_key_serves(port: int, key: str) -> None:
    assert [Reply(port, "POST", "/v1/documents", key, {"id": "k", **CATS}).replayed for _ in range(2)] == [False, True]


def test_reading_takes_no_notice_of_keys(port: int) -> None:
    for method, path, body in (("GET", "/v1/documents/bread", None), ("POST", "/v1/search", {"question": "bread"})):
        assert [Reply(port, method, path, "\xe9", body).status for _ in range(2)] == [200, 200]
        assert not Reply(port, method, path, "key 6", body).replayed


def test_of_many_that_are_sent_at_once_one_is_done(port: int) -> None:
    def put(_: int) -> Reply:
        return Reply(port, "PUT", "/v1/documents/once", "key 7", CATS)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(put, range(8)))
    assert [one.status for one in sent if not one.replayed and one.status != 409] == [201]
    for one in sent:
        assert one.status == 201 or (one.code, one.headers["Retry-After"]) == ("idempotency-key-busy", "1")
    assert (put(0).status, put(0).replayed) == (201, True)


# ── one write at a time ──────────────────────────────────────────────────────────────────────────────────────────────


class Slow:
    """Answers when it is told to."""

    def __init__(self, status: int = 201) -> None:
        self.status, self.begun, self.go, self.bodies = status, Event(), Event(), [b""]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append((await receive())["body"])
        self.begun.set()
        while not self.go.is_set():
            await asyncio.sleep(0.01)
        if self.status == 500:
            raise ValueError("a bug")
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"location", b"/slow")]})
        await send({"type": "http.response.body", "body": b"do", "more_body": True})
        await send({"type": "http.response.body", "body": b"ne"})


def put(client: TestClient) -> Response:
    return client.put("/v1/documents/slow", content=b"body", headers={"Idempotency-Key": "k"})


def test_while_it_is_being_done_the_same_write_is_told_to_wait(tmp_path: Path) -> None:
    slow = Slow()
    client = TestClient(Idempotent(slow, Replies(tmp_path)))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(put, client)
        assert slow.begun.wait(60)
        busy = put(client)
        slow.go.set()
    assert (busy.status_code, busy.headers["retry-after"]) == (409, "1")
    again = put(client)
    assert first.result().content == again.content == b"done"
    assert again.headers["location"] == "/slow"
    assert slow.bodies == [b"", b"body"]


@pytest.mark.parametrize("status", [404, 503, 500])
def test_a_write_that_failed_leaves_no_claim(tmp_path: Path, status: int) -> None:
    slow = Slow(status)
    slow.go.set()
    client = TestClient(Idempotent(slow, Replies(tmp_path)), raise_server_exceptions=False)
    assert [put(client).status_code for _ in range(2)] == [status, status]
    assert len(slow.bodies) == 3


def test_a_reply_that_cannot_be_remembered_is_given_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(Replies):
        def keep(self, claimed: Claimed, reply: bytes) -> None:
            raise QuotewellError("the disk is full")

    slow = Slow()
    slow.go.set()
    client = TestClient(Idempotent(slow, Full(tmp_path)))
    with caplog.at_level(logging.WARNING):
        assert [put(client).status_code for _ in range(2)] == [201, 201]
    assert "the disk is full" in caplog.text
    assert len(slow.bodies) == 3


def test_a_write_whose_key_cannot_be_noted_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    slow = Slow()
    reply = put(TestClient(Idempotent(slow, Replies(tmp_path))))
    assert (reply.status_code, reply.json()["type"]) == (503, "/docs/problems#unavailable")
    assert not slow.begun.is_set()


def test_the_first_document_of_all_may_have_a_key(tmp_path: Path) -> None:
    app = create_app(load_settings(data=tmp_path / "none", embedder="hash"))
    with TestClient(app) as client:
        sent = [client.put("/v1/documents/a", json=CATS, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [one.status_code for one in sent] == [201, 201]


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def claimed(kept: Replies, key: str, request: bytes = b"r") -> Claimed:
    claim = kept.claim(key, request)
    assert isinstance(claim, Claimed)
    return claim


def test_a_reply_survives_a_restart_and_is_forgotten_after_a_day(tmp_path: Path, clock: Clock) -> None:
    first = Replies(tmp_path, clock)
    first.keep(claimed(first, "k"), b"reply \xff")
    first.close()
    again = Replies(tmp_path, clock)
    clock.now += KEEP_S - 1
    assert again.claim("k", b"r") == Earlier(b"reply \xff")
    assert again.claim("k", b"other") == "other"
    clock.now += 1
    assert isinstance(again.claim("k", b"other"), Claimed)


def test_only_so_many_are_kept_and_no_claim_is_pushed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "MOST", 3)
    kept = Replies(tmp_path)
    claimed(kept, "claim")
    for n in range(6):
        kept.keep(claimed(kept, str(n)), b"")
    assert kept.claim("claim", b"r") == "busy"
    assert [n for n in range(6) if kept.claim(str(n), b"r") == Earlier(b"")] == [3, 4, 5]


def test_a_claim_that_is_released_or_too_old_is_free_again(tmp_path: Path, clock: Clock) -> None:
    kept = Replies(tmp_path, clock)
    first = claimed(kept, "k")
    assert kept.claim("k", b"r") == "busy"
    kept.release(first)
    second = claimed(kept, "k")
    clock.now += CLAIM_S
    third = claimed(kept, "k")
    kept.keep(second, b"too late")
    assert kept.claim("k", b"r") == "busy"
    kept.keep(third, b"in time")
    kept.release(third)
    assert kept.claim("k", b"r") == Earlier(b"in time")


def test_a_clock_that_is_set_back_locks_nobody_out(tmp_path: Path, clock: Clock) -> None:
    kept = Replies(tmp_path, clock)
    claimed(kept, "k")
    clock.now -= 2 * KEEP_S
    assert isinstance(kept.claim("k", b"r"), Claimed)


def test_a_claim_is_respected_while_its_process_lives_and_released_when_it_was_killed(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline().startswith("Claimed")
    mine = Replies(tmp_path)
    assert mine.claim("k", b"r") == "busy"
    mine.close()
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert isinstance(Replies(tmp_path).claim("k", b"r"), Claimed)


def test_many_threads_and_two_files_give_a_key_to_one(tmp_path: Path) -> None:
    both = [Replies(tmp_path), Replies(tmp_path)]

    def claim(n: int) -> Any:
        return both[n % 2].claim(str(n // 10), b"r")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(claim, range(50)))
    assert sum(isinstance(one, Claimed) for one in found) == 5
    assert sum(one == "busy" for one in found) == 45
