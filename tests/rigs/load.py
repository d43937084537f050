"""Questions at fixed times, whether earlier ones are answered or not: a client that waits would hide a collapse.

python -m tests.rigs.load PORT PER_SECOND SECONDS    prints what came of them as JSON
"""

import asyncio
import contextlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
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
    other: Counter[str] = field(default_factory=Counter)
    unsaid: int = 0  # refused without Retry-After

    def told(self, seconds: float) -> dict[str, Any]:
        soon = [one for one in self.answered if one <= SOON_S]
        return {
            "answered": len(self.answered),
            "refused": len(self.refused),
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


class Client:
    """Connections to one server, kept alive and used again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: bytes) -> Reply:
        self._idle = [one for one in self._idle if not one[0].at_eof()]  # the server ends what is idle for seconds
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
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


async def one(client: Client, request: bytes, came: Outcome) -> None:
    begin = perf_counter()
    try:
        reply = await asyncio.wait_for(client.send(request), HOPELESS_S)
    except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError) as error:
        came.other[type(error).__name__] += 1
        return
    took = perf_counter() - begin
    if reply.status == 200:
        came.answered.append(took)
    elif reply.status in (429, 503):
        came.refused.append(took)
        came.unsaid += b"retry-after" not in reply.head
    else:
        came.other[str(reply.status)] += 1


async def alive(client: Client, came: Outcome) -> None:
    while True:
        begin = perf_counter()
        reply = await client.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        came.alive.append(perf_counter() - begin)
        assert reply.status == 200
        await asyncio.sleep(ALIVE_EVERY_S)


async def run(port: int, per_second: float, seconds: float) -> Outcome:
    came, client = Outcome(), Client(port)
    watch = asyncio.create_task(alive(Client(port), came))
    begin, sent = perf_counter(), []
    for number in range(round(per_second * seconds)):
        await asyncio.sleep(max(0, begin + number / per_second - perf_counter()))
        sent.append(asyncio.create_task(one(client, asking(QUESTIONS[number % len(QUESTIONS)]), came)))
    await asyncio.gather(*sent)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return came


if __name__ == "__main__":
    at, rate, length = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    outcome = asyncio.run(run(at, rate, length))
    sys.stdout.write(json.dumps(outcome.told(length)) + "\n")
