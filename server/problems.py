"""Errors → problem+json (RFC 9457), by one table. No reply echoes what was sent, and none says what broke inside.

The JSON is ASCII, so that no half of a surrogate pair in a name can break the reply that complains about it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from index import errors as failures
from server.schemas.base import FieldProblem, Problem
from server.schemas.openai import error_fields, speaks_openai

MEDIA_TYPE = "application/problem+json"
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
_MOST_ERRORS = 20
_DETAIL_CHARS = 600
_POINTER_CHARS = 120
_NO_OBJECT = "the body is not a JSON object; send one with the header Content-Type: application/json"
_BODY_SHAPES = {"model_type", "model_attributes_type", "dict_type", "missing"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of error: `code` is stable and has its paragraph on the page /docs/problems."""

    code: str
    status: int
    title: str
    retry_after_s: int | None = None


KINDS: Mapping[type[failures.QuotewellError], Kind] = {
    failures.BadQuestion: Kind("bad-question", 422, "The question cannot be used"),
    failures.UnreadableFile: Kind("unreadable-document", 422, "The document cannot be used"),
    failures.BadInput: Kind("bad-input", 422, "A value cannot be used"),
    failures.NotFound: Kind("not-found", 404, "There is nothing of this id"),
    failures.IndexMissing: Kind("index-missing", 503, "There is no index yet", retry_after_s=2),
    failures.IndexDamaged: Kind("index-damaged", 503, "The index is damaged", retry_after_s=60),
    failures.IndexMismatch: Kind("index-mismatch", 503, "The index was built with other settings", retry_after_s=60),
    failures.ModelMissing: Kind("model-missing", 503, "The embedding model is not installed", retry_after_s=60),
    failures.EngineUnavailable: Kind("engine-unavailable", 503, "The search engine does not answer", retry_after_s=5),
    failures.StoreBusy: Kind("store-busy", 503, "Another process is writing", retry_after_s=1),
    failures.QuotewellError: Kind("unavailable", 503, "The index cannot be used now", retry_after_s=60),
}
INVALID = Kind("invalid-request", 422, "The request does not fit the contract")
NOT_JSON = Kind("not-json", 400, "The body is not JSON")
NO_JSON_TYPE = Kind("unsupported-media-type", 415, "The body is not declared as JSON")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
INTERNAL = Kind("internal", 500, "Something went wrong here")
UNAVAILABLE = KINDS[failures.QuotewellError]
NO_ROOM = "the server's system refused what it needs: space on a disk or for temporary files, or more open files"
REFUSED = Kind("refused", 400, "The request was refused")
ANSWER_GONE = Kind("answer-gone", 410, "The answer cannot be given again")
OVERLOADED = Kind("overloaded", 503, "Too much is asked at once", retry_after_s=1)
KEY_BUSY = Kind("idempotency-key-busy", 409, "The same write is being done", retry_after_s=1)
KEY_REUSED = Kind("idempotency-key-reused", 422, "The key came with another write")
WRONG_NAME = Kind("wrong-name", 421, "This server goes by another name")
NO_KEY = Kind("no-key", 401, "A key is needed")
NOT_ALLOWED = Kind("not-allowed", 403, "The key does not open this")
TOO_MANY = Kind("too-many-requests", 429, "Too many requests")
OTHERS: Mapping[int, Kind] = {
    400: NOT_JSON,
    404: Kind("no-such-page", 404, "There is nothing at this address"),
    405: Kind("method-not-allowed", 405, "This address does not take this method"),
}


def handle_problems(app: FastAPI) -> None:
    """Every error that a handler or the framework raises becomes a problem; what is left over, `LastResort` catches."""
    app.add_exception_handler(failures.QuotewellError, _quotewell)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]


def problem(
    scope: Scope, kind: Kind, detail: str, errors: Iterable[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The reply for one error; in OpenAI's shape at OpenAI's addresses."""
    retry = {"Retry-After": str(kind.retry_after_s)} if kind.retry_after_s else {}
    if speaks_openai(str(scope["path"])):
        blamed = next((error.pointer for error in errors), "")
        status, fields = error_fields(str(scope["path"]), kind.status, detail[:_DETAIL_CHARS], kind.code, blamed)
        return Response(json.dumps(fields), status, {**(headers or {}), **retry}, "application/json")
    body = Problem(
        type=f"/docs/problems#{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=detail[:_DETAIL_CHARS],
        instance=scope.get("raw_path", b"").decode("ascii", "replace")[:_DETAIL_CHARS],
        request_id=scope.get("state", {}).get("request_id", ""),
        errors=tuple(errors),
    )
    return Response(json.dumps(body.model_dump()), kind.status, {**(headers or {}), **retry}, MEDIA_TYPE)


def public(error: failures.QuotewellError, data: Path) -> str:
    """Its message, without the folders above the data folder: clients have no business with them."""
    return str(error).replace(f"{data.parent}/", "") if data.is_absolute() else str(error)


def kind_of(error: failures.QuotewellError) -> Kind:
    """By the nearest class in the table."""
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


async def _quotewell(request: Request, error: failures.QuotewellError) -> Response:
    detail = public(error, request.app.state.data)
    errors = [FieldProblem(pointer="/question", detail=detail)] if isinstance(error, failures.BadQuestion) else []
    return problem(request.scope, kind_of(error), detail, errors)


async def _http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 400 and "multipart/form-data" in request.headers.get("content-type", ""):
        return problem(
            request.scope, REFUSED, "the form cannot be read; send one as curl does with -F file=@report.pdf"
        )
    kind = OTHERS.get(error.status_code, replace(REFUSED, status=error.status_code))
    detail = {
        400: "the body cannot be read as JSON in UTF-8; nesting and numbers must be within reason",
        404: "there is nothing at this address; the interface is described at /docs",
        405: "this address does not take this method; the interface is described at /docs",
    }.get(error.status_code, str(error.detail))
    headers = {"Allow": ", ".join(_allowed(request.scope))} if error.status_code == 405 else error.headers
    return problem(request.scope, kind, detail, headers=headers)


def _allowed(scope: Scope) -> list[str]:
    """What the address takes by all of its routes; the framework names only those of the first (RFC 9110, 10.2.1)."""
    routes = scope["app"].router.routes
    taken = {name for name in _METHODS if any(r.matches({**scope, "method": name})[0] is Match.FULL for r in routes)}
    return [name for name in _METHODS if name in taken or (name == "HEAD" and "GET" in taken)]  # see Shell


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    """Messages come from the checks, values never."""
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        at = found[0]["loc"][-1]
        return problem(request.scope, NOT_JSON, f"the body is not JSON: {found[0]['ctx']['error']} at character {at}")
    if found and found[0]["loc"] == ("body",) and found[0]["type"] in _BODY_SHAPES:
        kind = NO_JSON_TYPE if _is_of_another_type(request) else INVALID
        return problem(request.scope, kind, _NO_OBJECT)
    errors = [FieldProblem(pointer=_pointer(e["loc"]), detail=_message(e)) for e in found]
    detail = "; ".join(f"{e.pointer}: {e.detail}" for e in errors[:3])
    return problem(request.scope, INVALID, detail, errors[:_MOST_ERRORS])


def _is_of_another_type(request: Request) -> bool:
    """By its Content-Type, where it has one; without one it is for the body to say."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return bool(media) and media != "application/json" and not media.endswith("+json")


def _pointer(location: tuple[str | int, ...]) -> str:
    """RFC 6901 into the body; a path or query parameter by its name."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in location[1:]]
    return (f"/{'/'.join(steps)}" if location[0] == "body" else "/".join(steps))[:_POINTER_CHARS]


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a known field"
    if error["type"] == "too_long" and error["ctx"]["field_type"] == "Value":  # of a text that was looked at first
        counted = "entries" if isinstance(error["input"], list) else "characters"
        return f"has more than {error['ctx']['max_length']:,} {counted}"
    if error["type"] == "tuple_type":
        return "Input should be a valid list"
    if str(error["msg"]).endswith("received: <class 'str'>"):  # the framework's word for a field that is no file
        return "is no file; send one as curl does with -F file=@report.pdf"
    return str(error["msg"]).removeprefix("Value error, ")
