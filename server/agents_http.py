"""/mcp: the tools for agents over HTTP, one request at a time and nothing kept between them."""

from asyncio import to_thread
from dataclasses import replace
from functools import cache
from pkgutil import resolve_name

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from index.settings import Settings
from server.live import Live
from server.names import Names
from server.problems import REFUSED, problem

PATH = "/mcp"
_ENDPOINT = "server.agents:endpoint"  # loaded at the first request: the protocol's package takes about a second


def open_door(app: FastAPI, live: Live, names: Names, settings: Settings) -> None:
    """A route and no mount: what lies below /mcp stays an ordinary 404. Only POST; there is no stream to open."""
    app.router.routes.append(Route(PATH, Door(live, names, settings), methods=["POST"], include_in_schema=False))


class Door:
    """Refuses hosts and pages that the settings do not know; hands on the rest."""

    def __init__(self, live: Live, names: Names, settings: Settings) -> None:
        self._names = names
        self._endpoint = cache(lambda: resolve_name(_ENDPOINT)(live, settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._names.refusal(Headers(scope=scope))
        if refused:
            status, detail = refused
            await problem(scope, replace(REFUSED, status=status), detail)(scope, receive, send)
            return
        endpoint: ASGIApp = await to_thread(self._endpoint)
        await endpoint(scope, receive, send)
