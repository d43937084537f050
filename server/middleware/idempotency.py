"""`Idempotency-Key` on writes of articles: sent again with its key, a write is not done again but answered again.

Only what succeeded is remembered. If the server dies between a write and its reply, the same write may be sent again
and is done again, which leaves the same article.
"""

import json
import logging
import re
from contextlib import suppress
from hashlib import sha256

from fastapi import Depends, Header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import BadInput, QuotewellError
from server.middleware.shell import again
from server.problems import KEY_BUSY, KEY_REUSED, KINDS, kind_of, problem, public
from server.write_log import Claimed, Earlier, Replies

MOST_KEY_CHARS = 255

_KEY = re.compile(rf"[ -~]{{1,{MOST_KEY_CHARS}}}")
_METHODS = frozenset({"POST", "PUT", "DELETE"})
_PATH = "/v1/documents"
_REPLAYED = (b"idempotency-replayed", b"true")
_BAD_KEY = f"Idempotency-Key must be given once and be 1 to {MOST_KEY_CHARS} printable ASCII characters"
_BUSY = "the same write with this Idempotency-Key is being done; ask again in a moment for its reply"
_OTHER = "this Idempotency-Key came with another method, address or body before; take a new key for a new write"

_log = logging.getLogger(__name__)


async def _declared(
    idempotency_key: str = Header("", description="1 to 255 printable ASCII characters; good for 24 hours"),
) -> None:
    """For the interface description; `Idempotent` reads the header itself."""


KEYED = [Depends(_declared)]


class Idempotent:
    """Stands inside the limit on bodies, which hands each on whole."""

    def __init__(self, app: ASGIApp, replies: Replies) -> None:
        self._app = app
        self._replies = replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = Headers(scope=scope).getlist("idempotency-key") if _writes(scope) else []
        if not keys:
            await self._app(scope, receive, send)
            return
        if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
            await problem(scope, KINDS[BadInput], _BAD_KEY)(scope, receive, send)
            return
        body, key = (await receive()).get("body", b""), f"{_owner(scope)} {keys[0]}"
        try:
            claim = await run_in_threadpool(self._replies.claim, key, _fingerprint(scope, body))
        except QuotewellError as error:  # what cannot be promised is not begun
            await problem(scope, kind_of(error), public(error, self._replies.folder))(scope, receive, send)
            return
        if isinstance(claim, Claimed):
            await self._do(claim, scope, again(body, receive), send)
        elif isinstance(claim, Earlier):
            for message in _messages(claim.reply):
                await send(message)
        else:
            kind, detail = (KEY_BUSY, _BUSY) if claim == "busy" else (KEY_REUSED, _OTHER)
            await problem(scope, kind, detail)(scope, receive, send)

    async def _do(self, claim: Claimed, scope: Scope, receive: Receive, send: Send) -> None:
        """The reply goes out once it is remembered."""
        sent: list[Message] = []

        async def outgoing(message: Message) -> None:
            sent.append(message)

        reply = None
        try:
            await self._app(scope, receive, outgoing)
            reply = _reply(sent)
        finally:
            await run_in_threadpool(self._settle, claim, reply)
        for message in sent:
            await send(message)

    def _settle(self, claim: Claimed, reply: bytes | None) -> None:
        """The write was done or not; that its reply cannot be remembered must not hide it."""
        try:
            if reply is not None:
                self._replies.keep(claim, reply)
                return
        except QuotewellError as error:
            _log.warning("a write sent again would be done again: %s", error)
        with suppress(QuotewellError):
            self._replies.release(claim)


def _writes(scope: Scope) -> bool:
    return scope["method"] in _METHODS and f"{scope['path']}/".startswith(f"{_PATH}/")


def _owner(scope: Scope) -> str:
    """Of two callers that chose the same key, each has its own reply."""
    caller = scope.get("state", {}).get("caller")
    return str(caller.owner) if caller else ""


def _fingerprint(scope: Scope, body: bytes) -> bytes:
    """Of everything that decides what is written."""
    content_type = Headers(scope=scope).get("content-type", "")
    head = json.dumps([scope["method"], scope["path"], scope["query_string"].decode("latin-1"), content_type])
    return sha256(f"{head}\n".encode() + body).digest()


def _reply(sent: list[Message]) -> bytes | None:
    """The status and headers as a line of JSON, then the body; None for one that is not remembered."""
    start = sent[0]
    if start["status"] // 100 != 2:
        return None
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in start["headers"]]
    return json.dumps([start["status"], headers]).encode() + b"\n" + b"".join(one.get("body", b"") for one in sent[1:])


def _messages(reply: bytes) -> list[Message]:
    head, _, body = reply.partition(b"\n")
    status, headers = json.loads(head)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    start: Message = {"type": "http.response.start", "status": status, "headers": [*raw, _REPLAYED]}
    return [start, {"type": "http.response.body", "body": body}]
