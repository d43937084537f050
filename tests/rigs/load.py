"""Questions at fixed times, whether earlier ones are answered or not: a client that waits would hide a collapse.

python -m tests.rigs.load PORT PER_SECOND SECONDS    prints what came of them as JSON
python -m tests.rigs.load PORT 1,32 SECONDS          so many clients that ask anew once they are answered, one after the
                                                     other: what a server gives to one, and to many together
python -m tests.rigs.load PORT,PORT 1,32 SECONDS     the same of several servers, which take the clients in turn
python -m tests.rigs.load PORT 1,32 SECONDS FILE     with the questions of a gold file, as eval/gold/articles-dev.jsonl
"""

import asyncio
import contextlib
import json
import resource
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any, NamedTuple

QUESTIONS = (
    "Who runs the Marten bakery?",
    "When was comet Harrow last seen?",
    "When does the night ferry to Aldra leave?",
    "How many people does the Linden theatre seat?",
    "What did the repairs of the Sollen bridge cost?",
    "What do farmers in the Tamm valley grow?",
)
ALIVE = "/livez"
REFUSALS = (429, 503)
SOON_S = 1.0  # an answer that comes later serves nobody
ALIVE_EVERY_S = 0.05
HOPELESS_S = 10.0


@dataclass(slots=True)
class Outcome:
    """Seconds by kind of reply."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    alive: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)  # no reply: too late, or the connection was not taken or ended
    other: Counter[str] = field(default_factory=Counter)  # half a reply, or a status that no load explains
    unsaid: int = 0  # refused without Retry-After
    asked: int = 0  # and it is known what came of it

    def count(self, what: str, begin: float, reply: "Reply | Exception") -> None:
        """`begin` by the clock perf_counter. What fails is counted, and ends nothing: a load is made to see it."""
        took = perf_counter() - begin
        self.asked += what != ALIVE
        if isinstance(reply, Exception):
            (self.lost if isinstance(reply, OSError) else self.other)[f"{what} {type(reply).__name__}"] += 1
        elif reply.status == 200:
            (self.alive if what == ALIVE else self.answered).append(took)
        elif reply.status in REFUSALS and what != ALIVE:
            self.refused.append(took)
            self.unsaid += b"\r\nretry-after:" not in reply.head
        else:
            self.other[f"{what} {reply.status}"] += 1

    def told(self, seconds: float) -> dict[str, Any]:
        soon = [one for one in self.answered if one <= SOON_S]
        return {
            "answered": len(self.answered),
            "refused": len(self.refused),
            "lost": dict(self.lost),
            "other": dict(self.other),
            "without_retry_after": self.unsaid,
            "good_per_s": round(len(soon) / seconds, 1),
            "answered_p50_ms": percentile(self.answered, 50),
            "answered_p99_ms": percentile(self.answered, 99),
            "refused_p99_ms": percentile(self.refused, 99),
            "livez_p99_ms": percentile(self.alive, 99),
        }


def percentile(seconds: list[float], at: int) -> float:
    """In milliseconds; 0 of nothing."""
    if len(seconds) < 2:
        return round(1000 * sum(seconds), 1)
    return round(1000 * quantiles(seconds, n=100, method="inclusive")[at - 1], 1)


class Reply(NamedTuple):
    status: int
    head: bytes  # in lower case
    body: bytes


class Unbegun(ConnectionError):
    """Not a byte of the reply came."""


class Half(EOFError):
    """Not all of it came."""


class Sent:
    """A request, and who is told what came of it, once."""

    def __init__(self, request: bytes, tell: Callable[[Reply | Exception], None]) -> None:
        self.request = request
        self.over: Callable[[], None] = lambda: None
        self._tell = tell
        self._late = asyncio.get_running_loop().call_later(HOPELESS_S, self.end, TimeoutError())

    def end(self, what: Reply | Exception) -> None:
        if not self._late.cancelled():
            self._late.cancel()
            self._tell(what)
            if isinstance(what, TimeoutError):
                self.over()


class Connection(asyncio.Protocol):
    """One request after the other."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._came = bytearray()
        self._sent: Sent | None = None
        self._answered = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, sent: Sent) -> None:
        self._sent, sent.over = sent, self.close
        self._transport.write(sent.request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, ends, body = self._came.partition(b"\r\n\r\n")
        if self._sent is None or not ends:
            return
        low = bytes(head).lower()
        length = int(low.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            sent, self._sent = self._sent, None
            self._answered += 1
            self._came.clear()
            self._client.idle.append(self)
            sent.end(Reply(int(low.split(b" ", 2)[1]), low, bytes(body)))

    def connection_lost(self, _: Exception | None) -> None:
        if self._sent is None:
            with contextlib.suppress(ValueError):  # the client has given it up
                self._client.idle.remove(self)
        elif self._answered and not self._came:
            self._client.anew(self._sent)
        else:
            self._sent.end(Half() if self._came else Unbegun())

    def close(self) -> None:
        self._transport.abort()


class Client:
    """Connections to one server, kept alive and used again. It costs as little as it can: the server may want the same
    processor.
    """

    def __init__(self, port: int) -> None:
        self.idle: list[Connection] = []
        self._port = port
        self._opening: set[asyncio.Task[None]] = set()

    def send(self, sent: Sent) -> None:
        """Once more on a new connection where a kept one ends before the reply: a server may end it at any time."""
        if self.idle:
            self.idle.pop().send(sent)
        else:
            self.anew(sent)

    def anew(self, sent: Sent) -> None:
        task = asyncio.ensure_future(self._on_a_new_one(sent))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _on_a_new_one(self, sent: Sent) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)
        except OSError as error:
            sent.end(error)
        else:
            connection.send(sent)

    async def asked(self, request: bytes, came: Outcome, what: str) -> Reply | Exception:
        """What came of it, counted."""
        found: asyncio.Future[Reply | Exception] = asyncio.get_running_loop().create_future()
        begin = perf_counter()

        def tell(reply: Reply | Exception) -> None:
            came.count(what, begin, reply)
            if not found.cancelled():
                found.set_result(reply)

        self.send(Sent(request, tell))
        return await found

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()


def asking(question: str) -> bytes:
    body = json.dumps({"question": question}).encode()
    head = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def after(refused: Reply) -> float:
    """Seconds that its server asks to wait."""
    told = refused.head.partition(b"retry-after:")[2].partition(b"\r\n")[0]
    return float(told or ALIVE_EVERY_S)


async def alive(client: Client, came: Outcome) -> None:
    while True:
        await client.asked(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", came, ALIVE)
        await asyncio.sleep(ALIVE_EVERY_S)


async def run(port: int, per_second: float, seconds: float) -> Outcome:
    came, client, watcher = Outcome(), Client(port), Client(port)
    watch = asyncio.create_task(alive(watcher, came))
    requests, count = [asking(question) for question in QUESTIONS], round(per_second * seconds)
    begin = perf_counter()
    for number in range(count):
        due = begin + number / per_second
        await asyncio.sleep(max(0, due - perf_counter()))
        client.send(Sent(requests[number % len(requests)], partial(came.count, "/ask", perf_counter())))
    while came.asked < count:
        await asyncio.sleep(0.01)
    watch.cancel()
    await asyncio.wait({watch})
    client.close()
    watcher.close()
    return came


async def insist(ports: Sequence[int], clients: int, seconds: float, questions: Sequence[str] = QUESTIONS) -> Outcome:
    """Each question is another one, so that nothing of it is known; whoever is refused asks again when told to."""
    came, end = Outcome(), perf_counter() + seconds

    async def ask_on(number: int) -> None:
        client, asked = Client(ports[number % len(ports)]), 0
        while perf_counter() < end:
            question = questions[(number + asked) % len(questions)].rstrip("?")
            request = asking(f"{question}, says number {number} of {clients} {asked} times?")
            reply = await client.asked(request, came, "/ask")
            asked += 1
            if isinstance(reply, Reply) and reply.status in REFUSALS:
                await asyncio.sleep(after(reply))
        client.close()

    await asyncio.gather(*map(ask_on, range(clients)))
    return came


if __name__ == "__main__":
    (at, *others), length = map(int, sys.argv[1].split(",")), float(sys.argv[3])
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # a connection is one, and thousands may wait
    if "," in sys.argv[2]:
        texts = [line for path in sys.argv[4:] for line in Path(path).read_text("utf-8").splitlines()]
        asked_of = [str(json.loads(line)["text"]) for line in texts] or QUESTIONS
        for many in map(int, sys.argv[2].split(",")):
            told = asyncio.run(insist((at, *others), many, length, asked_of)).told(length)
            sys.stdout.write(json.dumps({"clients": many, **told}) + "\n")
    else:
        used_s, begin = process_time(), perf_counter()
        found = asyncio.run(run(at, float(sys.argv[2]), length)).told(length)
        busy = round((process_time() - used_s) / (perf_counter() - begin), 2)
        sys.stdout.write(json.dumps({**found, "clients_busy": busy}) + "\n")
