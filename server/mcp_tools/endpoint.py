"""/mcp: the tools for agents over HTTP, one request at a time and nothing kept between them."""

from asyncio import to_thread
from functools import cache
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.lazy import later
from index.settings import Settings
from server.live_index import Live

PATH = "/mcp"
INVALID_REQUEST = -32600  # of JSON-RPC
_NO_JSON_TYPE = "the body is not declared as JSON; send Content-Type: application/json"

if TYPE_CHECKING:
    from server.mcp_tools.tools import endpoint
else:  # loaded at the first request: the protocol's package takes about a second
    endpoint = later("server.mcp_tools.tools:endpoint")


def open_door(app: FastAPI, live: Live, settings: Settings) -> None:
    """A route and no mount: what lies below /mcp stays an ordinary 404. Only POST; there is no stream to open."""
    app.router.routes.append(Route(PATH, Door(live, settings), methods=["POST"], include_in_schema=False))


class Door:
    """Says in JSON-RPC what the protocol's package would say in plain text."""

    def __init__(self, live: Live, settings: Settings) -> None:
        self._endpoint = cache(lambda: endpoint(live, settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        media = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            await _error(415, _NO_JSON_TYPE)(scope, receive, send)
            return
        tools: ASGIApp = await to_thread(self._endpoint)
        spoken = _Spoken(send)
        await tools(scope, receive, spoken.outgoing)
        if spoken.refusal is not None:
            await spoken.refusal(scope, receive, send)


class _Spoken:
    """Hands on what is JSON, or says nothing; of anything else it keeps the status and the words."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status = 0
        self._words = b""
        self.refusal: JSONResponse | None = None

    async def outgoing(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            media = Headers(raw=message.get("headers", ())).get("content-type", "")
            self._status = 0 if message["status"] < 400 or media.startswith("application/json") else message["status"]
        if not self._status:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._words += message.get("body", b"")
            if not message.get("more_body", False):
                self.refusal = _error(self._status, self._words.decode("utf-8", "replace") or "the request was refused")


def _error(status: int, message: str) -> JSONResponse:
    """An answer to no request in particular."""
    error = {"code": INVALID_REQUEST, "message": message}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status)
