"""So much at once and no more: the rest waits its turn, or is told to come again before anything is done."""

import asyncio
import http.client
import json
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from index.settings import load_settings
from server.app import create_app
from server.middleware.admission import MOST_WAITING, Capacity, Gate, Lane, Lanes, turned_away
from server.middleware.shell import SMALL
from tests.browsing import serving
from tests.conftest import until


class Work:
    """An application that begins each request and ends it when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await receive()
        self.begun.append(body["body"].decode())
        await self.may_end.wait()
        await PlainTextResponse("done")(scope, receive, send)


class Asked:
    """A request on its way through the gate."""

    def __init__(self, gate: Gate, body: str, path: str = "/ask", method: str = "POST") -> None:
        self.sent: list[Message] = []
        self._unread: list[Message] = [{"type": "http.request", "body": body.encode(), "more_body": False}]
        self.left = asyncio.Event()
        scope: Scope = {"type": "http", "path": path, "raw_path": path.encode(), "method": method, "headers": []}
        scope["state"] = {"request_id": f"id-{body}"}
        self.task = asyncio.ensure_future(gate(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if self._unread:
            return self._unread.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None


def in_a_loop(check: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        asyncio.run(check())

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test


async def settle() -> None:
    """Until everything that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


@in_a_loop
async def test_what_is_beyond_capacity_waits_for_its_turn() -> None:
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=2)))
    asked = [Asked(gate, str(n)) for n in range(4)]
    await settle()
    assert work.begun == ["0", "1"]
    work.may_end.set()
    await asyncio.gather(*(one.task for one in asked))
    assert work.begun == ["0", "1", "2", "3"]
    assert [one.status for one in asked] == [200] * 4


@in_a_loop
async def test_where_the_queue_is_full_nothing_is_begun_and_the_reply_says_when_to_come_again() -> None:
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=1)))
    asked = [Asked(gate, str(n)) for n in range(MOST_WAITING + 2)]
    await settle()
    last = asked[-1]
    assert last.status == 503
    assert dict(last.sent[0]["headers"])[b"retry-after"] == b"1"
    assert b"#overloaded" in last.sent[1]["body"]
    work.may_end.set()
    await asyncio.gather(*(one.task for one in asked))
    assert len(work.begun) == MOST_WAITING + 1


@in_a_loop
async def test_who_leaves_while_waiting_is_never_begun() -> None:
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=1)))
    first, second, third = (Asked(gate, str(n)) for n in range(3))
    await settle()
    second.left.set()
    await second.task
    work.may_end.set()
    await asyncio.gather(first.task, third.task)
    assert work.begun == ["0", "2"]
    assert second.sent == []


async def only_the_next_is_begun(work: Work, gate: Gate, first: Asked) -> None:
    """Once the first has ended; "1" has left the queue."""
    work.may_end.set()
    await first.task
    await Asked(gate, "2").task
    assert work.begun == ["0", "2"]


@in_a_loop
async def test_who_waits_too_long_is_refused_and_is_not_begun() -> None:
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=1)))
    gate._lanes.answers.longest_s = 0.01
    first, second = (Asked(gate, str(n)) for n in range(2))
    await second.task
    assert second.status == 503
    await only_the_next_is_begun(work, gate, first)


@in_a_loop
async def test_one_that_is_cancelled_in_the_queue_leaves_it() -> None:
    """As uvicorn does when the time for an orderly end is up."""
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=1)))
    first, second = (Asked(gate, str(n)) for n in range(2))
    await settle()
    second.task.cancel()
    await settle()
    await only_the_next_is_begun(work, gate, first)


@in_a_loop
async def test_each_kind_of_work_has_its_own_lane_and_liveness_has_none() -> None:
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=1, writes=1, pages=1)))
    lanes = [("/ask", "POST"), ("/v1/documents/a", "PUT"), ("/v1/documents", "GET")]
    asked = [Asked(gate, f"{path} {n}", path, method) for path, method in lanes for n in range(2)]
    free = [Asked(gate, path, path, "GET") for path in ("/livez", "/readyz", "/version")]
    await settle()
    assert work.begun == [*(f"{path} 0" for path, _ in lanes), "/livez", "/readyz", "/version"]
    work.may_end.set()
    await asyncio.gather(*(one.task for one in (*asked, *free)))


@in_a_loop
async def test_a_long_article_keeps_no_short_one_waiting() -> None:
    work = Work()
    gate = Gate(work, Lanes(Capacity(answers=1)))
    asked = [Asked(gate, text, "/v1/documents/a", "PUT") for text in ("long" * SMALL, "also long" * SMALL, "short")]
    await settle()
    assert [text[:5] for text in work.begun] == ["longl", "short"]
    work.may_end.set()
    await asyncio.gather(*(one.task for one in asked))


@in_a_loop
async def test_the_queue_is_as_long_as_the_work_is_quick() -> None:
    quick, slow = Lane(2, 2.0, queue_s=0.5), Lane(2, 2.0, queue_s=0.5)
    for lane, pace_s in ((quick, 0.01), (slow, 1.0)):
        lane._pace_s = pace_s
        while not lane.is_full:
            lane.queue()
    assert len(quick._waiting) == MOST_WAITING
    assert len(slow._waiting) == 8


@in_a_loop
async def test_writes_are_told_whether_anybody_is_answered() -> None:
    app = create_app(load_settings(embedder="hash"))
    lane: Lane = app.state.lanes.answers
    idle = app.state.live._idle
    turns, seen = [lane.queue()], [idle.is_set()]
    while turns[-1].done():
        turns.append(lane.queue())
    for turn in turns:
        seen.append(idle.is_set())
        lane.leave(turn)
    assert [*seen, idle.is_set()] == [False] * (len(turns) + 1) + [True]


PLAIN = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
NAMES = ("Host", "content-length", "Content-Length", "Connection", "Transfer-Encoding", "Expect", "Upgrade", "Accept")
VALUES = (
    "localhost",
    "2",
    "0",
    "02",
    "+2",
    "3",
    "2, 2",
    "keep-alive",
    "close",
    "chunked",
    "100-continue",
    "h2c",
    "*/*",
)


def said_of(data: bytes, *, full: bool = True) -> bytes | None:
    """By a server that can answer no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lane, "is_full", full)
        return turned_away(Lanes(Capacity(answers=1)), lambda *counted: None, data)


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        (b"POST", b"GET"),
        (b"/ask", b"/v1/documents"),
        (b"/ask", b"/%61sk"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Host: localhost", b"Accept: */*"),
        (b"Host: localhost", b"Host: localhost\r\nhost: other"),
        (b"Host: localhost", b"Host: localhost\r\nContent-Length: 2"),
        (b"Host: localhost", b"Host: localhost\r\nTransfer-Encoding: chunked"),
        (b"Host: localhost", b"Host: localhost\r\nUpgrade: h2c"),
        (b"Host: localhost", b"Host: localhost\r\nConnection: close"),
        (b"Host: localhost", b"Host: localhost\r\nExpect: 100-continue"),
        (b"Host: localhost", b"Host: localhost\r\nOrigin: https://other.example"),
        (b"Host: localhost", b"Host: localhost\r\nX-Request-Id: mine"),
        (b"Host: localhost", b"Host: localhost\r\n folded: yes"),
        (b"Host: localhost", b"Host: local\x00host"),
        (b"Host: localhost\r\n", b"Host: localhost\n"),
        (b"Length: 2", b"Length : 2"),
        (b"Length: 2", b"Length: 0x2"),
        (b"Length: 2", b"Length: 100000"),
        (b"Length: 2", b"Length: " + 5000 * b"9"),
        (b"{}", b"{}" + PLAIN),
    ],
)
def test_only_what_is_whole_and_plain_is_turned_away_before_it_is_looked_into(was: bytes, instead: bytes) -> None:
    assert said_of(PLAIN)
    assert said_of(PLAIN.replace(b"Host: localhost", b"Origin: http://localhost\r\nHost: localhost"))
    assert said_of(PLAIN.replace(was, instead, 1)) == b""
    assert said_of(PLAIN, full=False) == b""


@given(
    fields=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4), body=st.binary(max_size=3)
)
@settings(max_examples=500)
def test_what_is_turned_away_is_one_request_to_the_parser_of_http_as_well(
    fields: list[tuple[str, str]], body: bytes
) -> None:
    """And what is said to be unfinished is not finished to it."""
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    data = f"POST /ask HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode() + body
    if (said := said_of(data)) == b"":
        return
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(data)
    came = [parser.next_event()]
    while came[-1] not in (h11.NEED_DATA, h11.PAUSED) and not isinstance(came[-1], h11.EndOfMessage):
        came.append(parser.next_event())
    assert isinstance(came[-1], h11.EndOfMessage) == (said is not None)
    assert parser.trailing_data[0] == b""
    assert parser.their_state is not h11.MUST_CLOSE


def test_who_is_turned_away_at_the_door_reads_what_the_application_would_say(
    six_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one connection: plain, in two pieces, as the application refuses it, and once there is room again."""
    app = create_app(load_settings(data=six_data, embedder="hash"))
    head, body = PLAIN[:-2], PLAIN[-2:]
    with serving(app) as address, socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as one:
        with monkeypatch.context() as patch:
            patch.setattr(Lane, "is_full", True)
            one.sendall(PLAIN)
            replies = [reply(one)]
            one.sendall(head)
            one.sendall(body)
            replies.append(reply(one))
            one.sendall(PLAIN.replace(b"Host", b"X-Request-Id: mine\r\nHost"))
            replies.append(reply(one))
            looked = Mock(return_value=True)
            patch.setattr(Lane, "is_full", property(looked))
            one.sendall(head)
            until(lambda: looked.called)
        one.sendall(body)
        assert reply(one)[0] == 422
    for _, headers, told in replies:
        headers.pop("date", None)
        assert headers.pop("x-request-id") == told.pop("request_id")
        headers.pop("content-length")
    assert replies[0] == replies[1] == replies[2]
    assert (replies[0][0], replies[0][1]["retry-after"]) == (503, "1")


def reply(connection: socket.socket) -> tuple[int, dict[str, str], dict[str, Any]]:
    came = http.client.HTTPResponse(connection)
    came.begin()
    return came.status, {name.lower(): value for name, value in came.getheaders()}, json.loads(came.read())
