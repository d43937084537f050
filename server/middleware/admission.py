"""How much is done at once. Whoever comes beyond it is told at once when to come again, before any work is done.

Without it every question is begun, all of them get slower together, and at twice what the machine can do hardly one is
answered in time. Each kind of work has a lane: questions never wait for writes, nor whoever asks whether all is well
for either.
"""

import asyncio
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Event
from time import perf_counter
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.settings import Settings
from server.middleware.shell import SAFE, SMALL, again
from server.problems import OVERLOADED, problem

QUEUE_S = 0.6  # that a question waits for its turn, as far as can be foreseen; answers beyond a second serve few
LEAST_QUEUE = 4
LONGEST_S = 5.0  # that it waits, whatever was foreseen
WRITES_S = 30.0
MOST_WAITING = 64
UNREAD_S = 0.1  # that whoever reads a reply slowly keeps others waiting
FILES = 4  # threads of the framework's that read the page's files
SWITCH_S = 0.0005  # after which a thread hands on the interpreter: whoever asks /livez waits for it at each step

_FREE = frozenset({"/livez", "/readyz", "/version"})  # answered without a thread
_ANSWERED = "/v1/answers/"

# A request that means the same to every parser of HTTP: POST /ask HTTP/1.1, Host: a, Content-Length: 2, {}
_PLAIN = re.compile(
    rb"POST (?P<path>/(?!v1/documents)[a-z0-9/_-]*) HTTP/1\.1\r\n(?P<fields>(?:[A-Za-z0-9-]+: ?[!-~][ -~]*\r\n)+)\r\n"
)
_HEAD = 8192  # bytes of it, at most: it is looked at again with all that comes of the body
_FIELDS = re.compile(rb"^(host|content-length|origin): ?(.*)\r$", re.I | re.M)
_BESIDE = re.compile(  # what asks for more than a reply, or for another one
    rb"^(?:connection:(?! ?keep-alive\r)|expect|te:|trailer|transfer-encoding|upgrade|x-request-id)", re.I | re.M
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many threads work at once, by kind of work: the one place that says so.

    What runs inside of them (onnxruntime, FAISS, torch, BLAS) keeps to its own thread.
    """

    answers: int
    writes: int = 1  # of short articles, and as many of long ones, which are embedded for minutes
    pages: int = 2

    @classmethod
    def of(cls, settings: Settings) -> "Capacity":
        """One for each processor; a language model is waited for without a processor."""
        processors = len(os.sched_getaffinity(0))
        return cls(answers=processors * (8 if settings.chat_url else 1))

    def take_effect(self) -> None:
        """Call it in the event loop that serves."""
        sys.setswitchinterval(SWITCH_S)
        current_default_thread_limiter().total_tokens = self.answers + 2 * self.writes + self.pages + FILES


class Lane:
    """So many at work, and a bounded queue; used by one event loop alone."""

    def __init__(self, workers: int, longest_s: float, queue_s: float | None = None) -> None:
        """`queue_s`: how long those in the queue may take to get their turn, by how long such work took lately."""
        self.longest_s = longest_s
        self._workers = self._free = workers
        self.idle = Event()  # while nobody is at work; for other threads to wait for
        self.idle.set()
        self._queue_s = queue_s
        self._pace_s = 0.0  # of one, a moving mean
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_full(self) -> bool:
        ahead = len(self._waiting)
        if ahead >= MOST_WAITING or self._queue_s is None:
            return ahead >= MOST_WAITING
        return ahead >= LEAST_QUEUE * self._workers and ahead * self._pace_s / self._workers > self._queue_s

    def queue(self) -> "asyncio.Future[None]":
        """Done when it is your turn: then `turn` is yours to hold, else `leave`."""
        mine = asyncio.get_running_loop().create_future()
        if self._free:
            self._free -= 1
            self.idle.clear()
            mine.set_result(None)
        else:
            self._waiting.append(mine)
        return mine

    def leave(self, mine: "asyncio.Future[None]") -> None:
        """Without having worked."""
        if mine.done():
            self._hand_on()
        else:
            self._waiting.remove(mine)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While it is worked; its time counts."""
        begin = perf_counter()
        try:
            yield
        finally:
            self._pace_s += 0.1 * (perf_counter() - begin - self._pace_s)
            self._hand_on()

    def _hand_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
            if self._free == self._workers:
                self.idle.set()


class Lanes:
    """Which one a request takes."""

    def __init__(self, capacity: Capacity) -> None:
        self.answers = Lane(capacity.answers, LONGEST_S, QUEUE_S)
        self._writes = Lane(capacity.writes, WRITES_S)
        self._long_writes = Lane(capacity.writes, WRITES_S)
        self._pages = Lane(capacity.pages, LONGEST_S)

    def of(self, scope: Scope, size: int) -> Lane:
        """`size` of the body, in bytes."""
        path, method = str(scope["path"]), scope["method"]
        if path.startswith("/v1/documents") and method not in ("GET", "OPTIONS"):
            is_form = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/")  # only taken here
            return self._writes if size <= SMALL or is_form else self._long_writes
        asks = method == "POST" or (path.startswith(_ANSWERED) and not path.endswith("/feedback"))
        return self.answers if asks else self._pages


def turned_away(lanes: Lanes, count: Callable[[str, str, str, float], None], data: bytes) -> bytes | None:
    """The reply, where `data` is one whole request that is refused; None: not yet whole; else others look at it.

    Before HTTP: of hundreds a second beyond what can be answered most are plain, and cost next to nothing so.
    """
    if not lanes.answers.is_full or (head := _PLAIN.match(data, 0, _HEAD)) is None or _BESIDE.search(head["fields"]):
        return b""
    begin = perf_counter()
    match sorted((name.lower(), value) for name, value in _FIELDS.findall(head["fields"])):
        case [(b"content-length", length), (b"host", host), *page] if length.isdigit() and len(length) < 6:
            beyond = len(data) - head.end() - int(length)
        case _:
            return b""
    if page not in ([], [(b"origin", b"http://" + host)], [(b"origin", b"https://" + host)]):  # another may not read it
        return b""
    if beyond:
        return None if beyond < 0 else b""
    request_id = os.urandom(16).hex().encode()
    _, headers, body = _told(head["path"].decode(), head["path"], request_id)
    headers = [*headers, (b"vary", b"Origin"), (b"x-request-id", request_id), *SAFE]
    count("unmatched", "POST", "5xx", perf_counter() - begin)
    return b"HTTP/1.1 503 Service Unavailable\r\n%s\r\n%s" % (b"".join(map(b"%s: %s\r\n".__mod__, headers)), body)


class Gate:
    """Stands inside the limit on bodies, so that whoever sends slowly holds no place."""

    def __init__(self, app: ASGIApp, lanes: Lanes) -> None:
        self._app = app
        self._lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in _FREE:
            await self._app(scope, receive, send)
            return
        body = (await receive()).get("body", b"")  # the whole one
        lane, came = self._lanes.of(scope, len(body)), again(body, receive)
        del body
        if lane.is_full:
            await _refuse(scope, send)
            return
        mine = lane.queue()
        if not mine.done():
            leaving = asyncio.ensure_future(receive())
            either: set[asyncio.Future[Any]] = {mine, leaving}
            try:
                await asyncio.wait(either, timeout=lane.longest_s, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                lane.leave(mine)
                raise
            finally:
                leaving.cancel()
            if leaving.done():  # nobody waits for the reply
                lane.leave(mine)
                return
            if not mine.done():
                lane.leave(mine)
                await _refuse(scope, send)
                return

        with ExitStack() as held:
            held.enter_context(lane.turn())

            async def outgoing(message: Message) -> None:
                if scope["path"] == "/mcp" and _begins_stream(message):  # of changes: it waits, and works no more
                    held.close()
                unread = asyncio.get_running_loop().call_later(UNREAD_S, held.close)
                try:
                    await send(message)
                finally:
                    unread.cancel()

            await self._app(scope, came, outgoing)


def _begins_stream(message: Message) -> bool:
    media = Headers(raw=message.get("headers", ())).get("content-type", "")
    return bool(message["type"] == "http.response.start") and media.startswith("text/event-stream")


async def _refuse(scope: Scope, send: Send) -> None:
    """At the cost of a few copies: hundreds a second must leave time for those that are answered."""
    status, headers, body = _told(scope["path"], scope["raw_path"], scope["state"]["request_id"].encode())
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _told(path: str, raw_path: bytes, request_id: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    status, headers, told = _refusal(path, raw_path)
    body = told.replace(b'"request_id": ""', b'"request_id": "%s"' % request_id, 1)
    return status, [*headers, (b"content-length", b"%d" % len(body))], body


@lru_cache(maxsize=32)
def _refusal(path: str, raw_path: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers but the length, and body but the request's id."""
    detail = "more is asked than can be answered in time; come again after the seconds that Retry-After says"
    reply = problem({"path": path, "raw_path": raw_path}, OVERLOADED, detail)
    return reply.status_code, [one for one in reply.raw_headers if one[0] != b"content-length"], bytes(reply.body)
