"""/mcp: the tools for agents over HTTP, one request at a time and nothing kept between them."""

from asyncio import to_thread
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from index.lazy import later
from index.settings import Settings
from server.hostnames import Names
from server.live_index import Live
from server.problems import REFUSED, problem

PATH = "/mcp"

# An answer to no request in particular, as JSON-RPC wants it; the protocol's package says it in plain text.
_NO_JSON_TYPE = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {
        "code": -32600,
        "message": "the body is not declared as JSON; send Content-Type: application/json",
    },
}

if TYPE_CHECKING:
    from server.mcp_tools.tools import endpoint
else:  # loaded at the first request: the protocol's package takes about a second
    endpoint = later("server.mcp_tools.tools:endpoint")


def open_door(app: FastAPI, live: Live, names: Names, settings: Settings) -> None:
    """A route and no mount: what lies below /mcp stays an ordinary 404. Only POST; there is no stream to open."""
    app.router.routes.append(Route(PATH, Door(live, names, settings), methods=["POST"], include_in_schema=False))


class Door:
    """Refuses hosts and pages that the settings do not know; hands on the rest."""

    def __init__(self, live: Live, names: Names, settings: Settings) -> None:
        self._names = names
        self._endpoint = cache(lambda: endpoint(live, settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._names.refusal(Headers(scope=scope))
        if refused:
            status, detail = refused
            await problem(scope, replace(REFUSED, status=status), detail)(scope, receive, send)
            return
        if not Headers(scope=scope).get("content-type", "").lower().startswith("application/json"):
            await JSONResponse(_NO_JSON_TYPE, 415)(scope, receive, send)
            return
        tools: ASGIApp = await to_thread(self._endpoint)
        await tools(scope, receive, send)
