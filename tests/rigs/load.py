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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

QUESTIONS = (
    "Who runs the Marten bakery?",
    "When was comet Harrow last seen?",
    "When does the night ferry to Aldra leave?",
    "How many people does the Linden theatre seat?",
    "What did the repairs of the Sollen bridge cost?",
    "What do farmers in the Tamm valley grow?",
)
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


@dataclass(slots=True)
class Reply:
    status: int
    head: bytes
    body: bytes


class Unbegun(ConnectionError):
    """Not a byte of the reply came."""


class Client:
    """Connections to one server, kept alive and used again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: bytes) -> Reply:
        """Once more on a new connection where a kept one ends before the reply: a server may end it at any time."""
        if self._idle:
            with contextlib.suppress(Unbegun):
                return await self._exchanged(request, *self._idle.pop())
        return await self._exchanged(request, *await asyncio.open_connection("127.0.0.1", self._port))

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()

    async def _exchanged(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Reply:
        try:
            try:
                writer.write(request)
                first = await reader.readexactly(1)
            except (OSError, EOFError) as error:
                raise Unbegun from error
            head = first + await reader.readuntil(b"\r\n\r\n")
            low = head.lower()
            length = int(low.partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return Reply(int(head.split(b" ", 2)[1]), low, body)


def asking(question: str) -> bytes:
    body = json.dumps({"question": question}).encode()
    return (
        b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (
            len(body),
            body,
        )
    )


async def timed(client: Client, request: bytes, came: Outcome, what: str) -> tuple[Reply | None, float]:
    """With the seconds it took. What fails is counted, and ends nothing: it is what a load is made to see."""
    begin = perf_counter()
    try:
        reply = await asyncio.wait_for(client.send(request), HOPELESS_S)
    except OSError as error:
        came.lost[f"{what} {type(error).__name__}"] += 1
        return None, 0.0
    except (EOFError, ValueError) as error:
        came.other[f"{what} {type(error).__name__}"] += 1
        return None, 0.0
    return reply, perf_counter() - begin


async def one(client: Client, request: bytes, came: Outcome) -> Reply | None:
    """Gives back a refusal."""
    reply, took = await timed(client, request, came, "/ask")
    if reply is None:
        return None
    if reply.status == 200:
        came.answered.append(took)
    elif reply.status in (429, 503):
        came.refused.append(took)
        came.unsaid += b"retry-after" not in reply.head
        return reply
    else:
        came.other[f"/ask {reply.status}"] += 1
    return None


def after(refused: Reply) -> float:
    """Seconds that its server asks to wait."""
    told = refused.head.partition(b"retry-after:")[2].partition(b"\r\n")[0]
    return float(told or ALIVE_EVERY_S)


async def alive(client: Client, came: Outcome) -> None:
    while True:
        reply, took = await timed(client, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", came, "/livez")
        if reply is not None and reply.status == 200:
            came.alive.append(took)
        elif reply is not None:
            came.other[f"/livez {reply.status}"] += 1
        await asyncio.sleep(ALIVE_EVERY_S)


async def run(port: int, per_second: float, seconds: float) -> Outcome:
    came, client, watcher = Outcome(), Client(port), Client(port)
    watch = asyncio.create_task(alive(watcher, came))
    begin, sent = perf_counter(), []
    for number in range(round(per_second * seconds)):
        await asyncio.sleep(max(0, begin + number / per_second - perf_counter()))
        sent.append(asyncio.create_task(one(client, asking(QUESTIONS[number % len(QUESTIONS)]), came)))
    await asyncio.gather(*sent)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
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
            refused = await one(client, asking(f"{question}, says number {number} of {clients} {asked} times?"), came)
            asked += 1
            if refused:
                await asyncio.sleep(after(refused))
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
        sys.stdout.write(json.dumps(asyncio.run(run(at, float(sys.argv[2]), length)).told(length)) + "\n")
