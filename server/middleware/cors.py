"""Which web pages may ask from another origin (CORS), and for what: what readers do, never what changes articles.

No cookies: a key is a header that a page's own script sends. Refused preflights are problems like any error. (The
widget's file opens itself to all.)
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from server.access.guard import READER
from server.access.hostnames import Allowed
from server.problems import REFUSED, problem

SENT = ("accept", "authorization", "content-type", "idempotency-key", "if-none-match", READER, "x-request-id")
_AGENTS_SEND = ("mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id")
EXPOSED = ("Content-Location", "ETag", "Retry-After", "Server-Timing", "X-Request-ID")

_READ = ("GET", "HEAD")
_READERS: Mapping[str, tuple[str, ...]] = {  # path → methods
    r"(/v1)?/ask|/v1/search|/mcp": ("POST",),
    r"/v1/answers/[^/]+/feedback": ("PUT", "DELETE"),
    r"/v1/(suggestions|corpus|answers/[^/]+|documents(/.*)?)|/livez|/version": _READ,
}
_REFUSAL = "pages of this origin, or requests with these headers, may not ask here; see the server's setting `origins`"


class Origins:
    """Stands outside whatever can refuse a request, so that pages can read refusals too."""

    def __init__(self, app: ASGIApp, pages: Allowed) -> None:
        self._app = app
        self._rules = [(re.compile(path), methods, _cors(app, methods, pages)) for path, methods in _READERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cors = self._rule(scope)
        if cors is None:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not _asks_first(scope, headers):
            await cors(scope, receive, send)
            return
        reply = cors.preflight_response(headers)
        if reply.status_code >= 400:
            refused = {name: value for name, value in reply.headers.items() if not name.startswith("content-")}
            reply = problem(scope, replace(REFUSED, status=403), _REFUSAL, headers=refused)
        await reply(scope, receive, send)

    def _rule(self, scope: Scope) -> CORSMiddleware | None:
        """None for what pages of other origins have no business with."""
        headers = Headers(scope=scope)
        asked = headers["access-control-request-method"] if _asks_first(scope, headers) else scope["method"]
        found = (cors for path, methods, cors in self._rules if asked in methods and path.fullmatch(scope["path"]))
        return next(found, None)


def _asks_first(scope: Scope, headers: Headers) -> bool:
    """Whether it is a preflight."""
    return scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _cors(app: ASGIApp, methods: tuple[str, ...], pages: Allowed) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=pages.origins,
        allow_origin_regex=pages.pattern,
        allow_methods=methods,
        allow_headers=(*SENT, *_AGENTS_SEND),
        expose_headers=EXPOSED,
        allow_private_network=True,  # who may ask at all may ask from outside the network too
    )
