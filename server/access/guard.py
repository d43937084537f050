"""Who may do what: decided by the address and a key, before anything of the body is read.

The table below has the scope that each address needs, and what stands in no line of it is closed to everybody. Which
line counts is decided by the router's own routes, so that no way of writing an address leads past it.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic, time
from typing import NamedTuple

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from index.errors import BadSetting, QuotewellError
from index.options import same_data
from index.settings import Settings
from server.access.hostnames import Names, is_local, is_loopback
from server.access.keys import RIGHTS, Keys, Right
from server.problems import NO_KEY, NOT_ALLOWED, REFUSED, TOO_MANY, kind_of, problem, public

EVERYBODY, NOBODY = "everybody", "nobody"
ANY = "ANY"  # method of a folder of files

# As declared by the routes. Everybody: pages without an article in them, and what tells whether the server is well.
_ROUTES = {  # a revision by its hash is an answer's proof; only whoever was given the answer knows the hash
    EVERYBODY: "GET /, GET /widget.js, ANY /static/{path}, ANY /swagger/{path}, GET /docs, GET /docs/problems,"
    " GET /openapi.json, GET /documents/{document_id}, GET /livez, GET /readyz, GET /version",
    "widget": "POST /ask, POST /v1/ask, GET /v1/suggestions, GET /v1/documents/{document_id}/revisions/{sha256},"
    " GET /v1/answers/{answer_id}/feedback, PUT /v1/answers/{answer_id}/feedback,"
    " DELETE /v1/answers/{answer_id}/feedback",
    "ask": "POST /v1/search, POST /v1/check, POST /v1/verify, GET /v1/corpus, GET /v1/answers/{answer_id},"
    " GET /v1/documents, GET /v1/documents/{document_id}, GET /v1/documents/{document_id}/text, POST /mcp,"
    " POST /v1/chat/completions, GET /v1/models, GET /v1/models/{model_id}, POST /v1/responses, POST /v1/completions,"
    " POST /v1/embeddings",
    "ingest": "POST /v1/documents, PUT /v1/documents/{document_id}, DELETE /v1/documents/{document_id},"
    " GET /v1/operations/{operation_id}",
    "admin": "GET /metrics",
}
NEEDS = {route: scope for scope, routes in _ROUTES.items() for route in routes.split(", ")}

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")  # what a proxy says of whoever reached it
READER = "x-quotewell-reader"  # the token of a page, which tells its readers apart
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SAFE_METHODS = frozenset({"GET", "OPTIONS"})
_FOREIGN_PAGE = "pages of this origin may not ask here; see the server's setting `origins`"
_UNKNOWN_KEY = "this key is not known, or was revoked; whoever runs the server makes one: quotewell keys create NAME"
_SEND = "send it as `Authorization: Bearer KEY`; whoever runs the server makes one: quotewell keys create NAME --scope"
_BY_A_PROXY = "; or, if this came by a proxy of yours, name it in the setting proxies, and public_url"
_ON_THIS_MACHINE = ", or starts it with QUOTEWELL_WITHOUT_KEY=ingest, so that all who reach it may write"


class Caller(NamedTuple):
    """Who asks: what they may do, with which key (its id, or ""), and as which reader (of a page, or "")."""

    right: Right | None
    key: str
    reader: str

    @property
    def owner(self) -> str:
        """Equal for what belongs to the same one; "" for whoever tells nothing of themselves."""
        return f"{self.key}/{self.reader}" if self.reader else self.key

    @property
    def shared(self) -> bool:
        """Whether others are the same caller: a widget's key is in the hands of all who read its page."""
        return not self.key or self.right == "widget"

    def may(self, right: str) -> bool:
        return right == EVERYBODY or (self.right is not None and right in RIGHTS[: RIGHTS.index(self.right) + 1])


class Guard:
    """Stands outside whatever reads a body; puts the caller into the request's state."""

    def __init__(self, app: ASGIApp, keys: Keys, names: Names, rate: "Rate", settings: Settings) -> None:
        self._app = app
        self._keys = keys
        self._names = names
        self._data = settings.data
        self._rate = rate
        self._local = is_local(settings)
        self._keyless = right_without_key(settings)
        self._for_this_machine = self._local and settings.without_key == "default"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["caller"] = caller = self._caller(scope)
        refusal = caller if isinstance(caller, Response) else self._refusal(scope, caller)
        await (refusal or self._app)(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller | Response:
        """One place for all addresses. A key that is sent must be a good one, unless there is none at all."""
        headers = Headers(scope=scope)
        token = headers.get(READER, "")
        reader = sha256(token.encode()).hexdigest()[:32] if _TOKEN.fullmatch(token) else ""
        sent = [words.split(None, 1) for words in headers.getlist("authorization")]
        secrets = [words[-1].strip() for words in sent if words[:1] and words[0].lower() == "bearer"]
        try:
            if not secrets or not self._keys.all():
                # a proxy that no setting names: who reached it is not known, so that they are nobody
                unknown = self._for_this_machine and any(name in headers for name in FORWARDED)
                return Caller(None if unknown else self._keyless, "", reader)
            key = self._keys.find(secrets[0]) if len(sent) == 1 else None
        except QuotewellError as error:
            return problem(scope, kind_of(error), public(error, self._data))
        if key is None:
            return self._rate.refusal(scope, _address(scope)) or _closed(scope, _UNKNOWN_KEY)
        return Caller(key.scope, key.id, reader)

    def _refusal(self, scope: Scope, caller: Caller) -> Response | None:
        need = needed(scope, scope["app"].router.routes)
        if need == EVERYBODY:
            return None
        limited = self._rate.refusal(scope, f"{caller.key} {_address(scope)}" if caller.shared else caller.key)
        if limited is not None:
            return limited
        if not caller.may(need):
            if need == NOBODY:
                return problem(scope, NOT_ALLOWED, "this address stands in no list of scopes, so that no key opens it")
            if caller.key:
                return problem(
                    scope, NOT_ALLOWED, f"this needs a key of the scope {need}, and yours has {caller.right}"
                )
            hint = _ON_THIS_MACHINE if need == "ingest" and self._local else ""
            hint = _BY_A_PROXY if caller.right is None and self._for_this_machine else hint
            return _closed(scope, f"this needs a key of the scope {need}: {_SEND} {need}{hint}")
        return self._foreign(scope, need) if caller.shared else None

    def _foreign(self, scope: Scope, need: str) -> Response | None:
        """Whoever has a page of an own key cannot be made to use it by another page; all others can."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or scope["method"] in _SAFE_METHODS or self._names.is_own_page(origin, headers["host"]):
            return None
        if need in ("widget", "ask") and self._names.may_ask(origin):
            return None
        return problem(scope, replace(REFUSED, status=403), _FOREIGN_PAGE)


def needed(scope: Scope, routes: Iterable[BaseRoute]) -> str:
    """The scope of the route that takes this request; where none does, there is nothing to be had but a 404 or 405."""
    for route in flat(routes):
        pattern = None if scope.get("root_path") else getattr(route, "path_regex", None)
        if pattern is not None and not pattern.match(scope["path"]):
            continue  # as it would find itself, at ten times the cost
        match, _ = route.matches(dict(scope))
        if match is Match.FULL:
            method = scope["method"] if getattr(route, "methods", None) else ANY
            return NEEDS.get(f"{method} {declared(route)}", NOBODY)
    return EVERYBODY


def flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Those of included routers in their place."""
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from flat(included.routes) if included is not None else (route,)


def declared(route: BaseRoute) -> str:
    """Its address, with the names of what stands there in place of it."""
    return str(getattr(route, "path_format", getattr(route, "path", "")))


def right_without_key(settings: Settings) -> Right | None:
    """What callers without a key may do."""
    if settings.without_key == "default":
        return "ask" if is_local(settings) else None
    return None if settings.without_key == "nothing" else settings.without_key


def refuse_open_doors(settings: Settings) -> None:
    """Where other machines reach the server there must be a key, and nobody writes without one. Raises BadSetting."""
    if is_local(settings):
        return
    who = settings.host if not is_loopback(settings.host) else "this server, by its public_url or proxies"
    if settings.without_key in ("ingest", "admin"):
        raise BadSetting(
            f"with the setting without_key={settings.without_key}, all who reach {who} could change the "
            "articles; set it to ask or nothing, or serve on 127.0.0.1"
        )
    if not Keys(settings.data).all():
        raise BadSetting(
            f"other machines reach {who}, and there is no key yet; make one: quotewell keys create NAME "
            f"--scope ask{same_data(settings)} (see quotewell keys create --help), or serve on 127.0.0.1"
        )


def _closed(scope: Scope, detail: str) -> Response:
    return problem(scope, NO_KEY, detail, headers={"WWW-Authenticate": "Bearer"})


MOST_COUNTED = 10_000  # keys and addresses at a time; those beyond share one count, so that memory stays bounded
_REST = "all the others"


class Rate:
    """How often each key or address may ask."""

    def __init__(self, rate: str) -> None:
        """As in 300/minute; "" for no limit. Raises BadSetting."""
        try:
            self._rate = parse(rate) if rate else None
        except ValueError as error:
            raise BadSetting(f"the setting 'rate' is {rate!r}; it is a number in a time, as in 300/minute") from error
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._counted: OrderedDict[str, float] = OrderedDict()  # who → when they were last counted, longest ago first

    def refusal(self, scope: Scope, who: str) -> Response | None:
        """None where it may."""
        if self._rate is None:
            return None
        who = self._known(who, self._rate.get_expiry())
        if self._limiter.hit(self._rate, who):
            return None
        wait_s = max(1, ceil(self._limiter.get_window_stats(self._rate, who).reset_time - time()))
        detail = f"at most {self._rate} are answered; ask again in {wait_s} s (see the server's setting `rate`)"
        return problem(scope, TOO_MANY, detail, headers={"Retry-After": str(wait_s)})

    def _known(self, who: str, window_s: int) -> str:
        now = monotonic()
        if who not in self._counted and len(self._counted) >= MOST_COUNTED:
            longest, at = next(iter(self._counted.items()))
            if now - at < 2 * window_s:
                return _REST
            del self._counted[longest]
        self._counted[who] = now
        self._counted.move_to_end(who)
        return who


def rate_of(settings: Settings) -> Rate:
    """Raises BadSetting."""
    return Rate(settings.rate or ("" if is_local(settings) else "600/minute"))


def _address(scope: Scope) -> str:
    """Of the client; of IPv6 the network, since whoever has one address there has 2^64."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return str(int(address) >> 64) if isinstance(address, IPv6Address) and not address.ipv4_mapped else host
