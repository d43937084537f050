"""What surrounds every request: a request id, safe headers, a limit on the body, and the last resort for bugs.

Plain ASGI, so that it holds for every reply, also for errors, static files and requests that no route takes.
"""

import logging
import os
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.problems import INTERNAL, NO_ROOM, OVERLOADED, TOO_LARGE, UNAVAILABLE, Kind, problem

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # a deleted article must not come back from a browser's cache
}
SAFE = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
MOST_PASSED_OVER = 64_000_000  # bytes of a body that is too large
MOST_HELD = 128_000_000  # bytes of all bodies together, but for
SMALL = 65_536  # bytes of each, as of a question
_HELD = "other large bodies are being read or worked on; send this one when they are done"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_RAW_PREFIXES = (b"/v1/documents/", b"/documents/")

_log = logging.getLogger(__name__)


class Shell:
    """Outermost: every reply carries the request id and the safe headers, and HEAD is GET without the body."""

    def __init__(self, app: ASGIApp, below: str = "") -> None:
        """`below`: a path that a proxy may have left before every other."""
        self._app = app
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the application's begin and end: what lies between is for requests
            await scope["app"].router(scope, receive, send)
            return
        if self._below and scope["raw_path"].startswith(f"{self._below}/".encode()):
            raw = scope["raw_path"].removeprefix(self._below.encode())
            scope = {**scope, "path": unquote_to_bytes(raw).decode("utf-8", "replace"), "raw_path": raw}
        request_id, head = _request_id(scope), scope["method"] == "HEAD"
        inner = {**scope, "path": _path(scope), "state": {**scope.get("state", {}), "request_id": request_id}}
        inner["method"] = "GET" if head else scope["method"]
        doubtful = {"content-length", "transfer-encoding"} <= set(Headers(scope=scope))  # a proxy may see another end

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
                if doubtful:  # RFC 9112, 6.1: what follows may be somebody else's request
                    headers.append((b"connection", b"close"))
                said = {name for name, _ in headers}
                message = {**message, "headers": headers + [one for one in SAFE if one[0] not in said]}
            elif head:
                message = {**message, "body": b""}
            await send(message)

        await self._app(inner, receive, outgoing)


class LastResort:
    """A bug becomes an opaque 500, in a stream that has begun the event `error`, and a log entry of the request id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = streams = False

        async def outgoing(message: Message) -> None:
            nonlocal started, streams
            if message["type"] == "http.response.start":
                started = True
                media = Headers(raw=message.get("headers", ())).get("content-type", "")
                streams = media.startswith(EventSourceResponse.media_type)
            elif not message.get("more_body", False):
                streams = False
            await send(message)

        try:
            await self._app(scope, receive, outgoing)
        except Exception as error:  # the one place: whatever is raised, the client gets an answer and no inside of it
            _log.exception("request %s failed", scope["state"]["request_id"])
            known = (UNAVAILABLE, NO_ROOM) if isinstance(error, OSError) else (INTERNAL, "a fault in the server")
            reply = problem(scope, known[0], f"{known[1]}; the log has it under this request id")
            if not started:
                await reply(scope, receive, send)
            elif streams:
                event = format_sse_event(event="error", data_str=bytes(reply.body).decode("ascii"))
                await send({"type": "http.response.body", "body": event, "more_body": False})
            else:
                raise  # half a reply is out; closing the connection is the only honest end


class BodyLimit:
    """Reads the whole body, up to `most(scope)` bytes, before anything parses it; a larger one is answered with 413.

    What comes of that one is passed over, since many clients read no reply before they have sent all. So is a large
    one while enough others are held: each may be allowed, and all of them together more than there is memory.
    """

    def __init__(self, app: ASGIApp, most: Callable[[Scope], int]) -> None:
        self._app = app
        self._most = most
        self._held = 0  # bytes of all requests that are read or worked on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most, body = self._most(scope), bytearray()
        try:
            kind = TOO_LARGE if _is_hopeless(scope, most) else await self._read(receive, most, body)
            if kind is not None:
                detail = f"at most {most:,} bytes are read here" if kind is TOO_LARGE else _HELD
                await problem(scope, kind, detail)(scope, receive, send)
                return
            await self._app(scope, again(bytes(body), receive), send)
        except ClientDisconnect:
            return
        finally:
            self._held -= len(body)

    async def _read(self, receive: Receive, most: int, body: bytearray) -> Kind | None:
        """Into `body`, which is empty where it returns why it is refused. Raises ClientDisconnect."""
        count, more, kind = 0, True, None
        while more and count <= most + MOST_PASSED_OVER:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece, more = message.get("body", b""), message.get("more_body", False)
            count += len(piece)
            if count > most:
                kind = TOO_LARGE
            elif count > SMALL and self._held + len(piece) > MOST_HELD:
                kind = OVERLOADED
            if kind is None:
                self._held += len(piece)
                body += piece
            else:
                self._held -= len(body)
                body.clear()
        return kind


def again(body: bytes, receive: Receive) -> Receive:
    """Gives a whole body that was read already, then what comes behind it; once given it is let go."""
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def incoming() -> Message:
        return unread.pop() if unread else await receive()

    return incoming


def _is_hopeless(scope: Scope, most: int) -> bool:
    """Whether nothing of the body must be read: the client waits for leave to send it, or would send for too long."""
    length = (headers := Headers(scope=scope)).get("content-length", "0")
    declared = int(length) if length.isdecimal() and len(length) < 20 else 0
    return declared > (most if "expect" in headers else most + MOST_PASSED_OVER)


def _request_id(scope: Scope) -> str:
    """The client's, if it is fit for a log line."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()


def _path(scope: Scope) -> str:
    """Document addresses stay percent-encoded until their handler, so that an id may hold slashes: a%2Fb."""
    raw: bytes = scope.get("raw_path", b"")
    return raw.decode("ascii") if raw.startswith(_RAW_PREFIXES) and raw.isascii() else str(scope["path"])
