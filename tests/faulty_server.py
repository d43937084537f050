"""A server that misbehaves on request: some questions are answered by a script instead of the application."""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from threading import Condition
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"Retry-After")]
EVENTS = [(b"content-type", b"text/event-stream"), *HEADERS]


def answer(**given: Any) -> dict[str, Any]:
    """An answer of the interface, with what the widget reads of it."""
    empty: dict[str, Any] = {
        "id": "0" * 32, "question": "", "status": "answered", "text": "", "confidence": 0.9, "reason": None,
        "phrasing": None, "segments": [], "citations": [], "evidence": [], "follow_ups": [], "standalone": None,
    }  # fmt: skip
    return {**empty, **given}


def citation(marker: int, quote: str, **given: Any) -> dict[str, Any]:
    place = {"document_id": "bakery", "passage_id": "bakery#0", "title": "Bread in the north", "author": "Ada Lund"}
    dated = {"published": "2024-03-01", "inferred": list[str](), "url": f"/documents/bakery#0-{len(quote)}"}
    return {"marker": marker, "quote": quote, "start": 0, "end": len(quote), **place, **dated, **given}


class Faulty:
    """`app`, but for the questions of `scripts`: a name of a method here, or a recorded answer."""

    def __init__(
        self, app: ASGIApp, scripts: Mapping[str, str | dict[str, Any]], opening: list[dict[str, Any]]
    ) -> None:
        self._app, self._scripts, self._opening = app, dict(scripts), opening
        self._held = 0
        self._changed = Condition()  # the tests wait in another thread
        self._breaking: Callable[[], object] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("path") != "/v1/ask" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        question = json.loads(body).get("question", "")
        script = self._scripts.get(question)
        if script == "drop":
            del self._scripts[question]  # once: the next time it is answered
        if script is None:
            await self._app(scope, _again(body, receive), send)
        elif isinstance(script, str):
            await getattr(self, script)(receive, send)
        else:
            await self._stream(send, [("done", script)])
            await send({"type": "http.response.body"})

    async def hold(self, receive: Receive, send: Send) -> None:
        """The first words, and no more until the client leaves."""
        self._count(1)
        await self._stream(send, [("delta", piece) for piece in self._opening])
        while (await receive())["type"] != "http.disconnect":
            pass
        self._count(-1)

    def _count(self, more: int) -> None:
        with self._changed:
            self._held += more
            self._changed.notify_all()

    def wait_for_held(self, streams: int) -> None:
        """Until so many are open."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held == streams, 60)

    async def drop(self, receive: Receive, send: Send) -> None:
        """The first words; the connection breaks when it is told to: a browser drops what it has not read by then."""
        told, loop = asyncio.Event(), asyncio.get_running_loop()
        self._breaking = partial(loop.call_soon_threadsafe, told.set)
        await self._stream(send, [("delta", piece) for piece in self._opening])
        await told.wait()
        raise ConnectionResetError

    def break_off(self) -> None:
        """What `drop` began."""
        self._breaking()

    async def busy(self, receive: Receive, send: Send) -> None:
        await _refuse(send, 429, "too many questions at once", 1)

    async def busy_for_long(self, receive: Receive, send: Send) -> None:
        await _refuse(send, 429, "too many questions at once", 30)

    async def loading(self, receive: Receive, send: Send) -> None:
        await _refuse(send, 503, "the index is being loaded", 0)

    async def _stream(self, send: Send, events: list[tuple[str, dict[str, Any]]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": EVENTS})
        for name, said in events:
            text = f"event: {name}\ndata: {json.dumps(said)}\n\n"
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, status: int, detail: str, retry_after: int) -> None:
    wait = [(b"retry-after", str(retry_after).encode())] if retry_after else []
    headers = [(b"content-type", b"application/problem+json"), *HEADERS, *wait]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = json.dumps({"status": status, "detail": detail, "request_id": "r-1"}).encode()
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    told: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def once_more() -> Message:
        return told.pop() if told else await receive()

    return once_more
