"""The published interface: /openapi.json with stable operation ids, and every error declared as problem+json."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from server.access.guard import NEEDS
from server.problems import MEDIA_TYPE
from server.schemas.base import Problem
from server.schemas.openai import ChatCompletionChunk

_WHY = {
    400: "The body is not JSON", 404: "There is nothing of this id", 409: "The same write is being done",
    410: "The index has changed since", 413: "The body is too large", 422: "A value cannot be used",
    503: "The index is missing, loading, damaged or busy; see Retry-After",
}  # fmt: skip

Responses = dict[int | str, dict[str, Any]]
REF = "#/components/schemas/{model}"
_WRITERS: list[dict[str, list[str]]] = [{"key": []}]
_ASKERS = [{}, *_WRITERS]  # with a key or, by the server's settings, without one
_SECURITY = {"everybody": [], "widget": _ASKERS, "ask": _ASKERS, "ingest": _WRITERS, "admin": _WRITERS}
_MORE = (Problem, ChatCompletionChunk)  # models that routes refer to and none returns


def problems(*statuses: int) -> Responses:
    """The `responses=` of a route that can answer with these errors."""
    content = {MEDIA_TYPE: {"schema": ref(Problem)}}
    declared: Responses = {status: {"description": _WHY[status], "content": content} for status in statuses}
    return {**declared, "default": {"description": "Any other error", "content": content}}


def ref(model: type[BaseModel]) -> dict[str, str]:
    """A reference to one of the models in the description."""
    return {"$ref": REF.format(model=model.__name__)}


def publish_contract(app: FastAPI) -> None:
    """Make app.openapi() hold the models that the routes refer to."""

    def openapi() -> Mapping[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            models = schema["components"]["schemas"]
            for model in _MORE:
                described = model.model_json_schema(ref_template=REF)
                models |= described.pop("$defs", {}) | {model.__name__: described}
            schema["servers"] = [{"url": "."}]  # counts from where this is read, so that any path before it stays
            schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path, methods in schema["paths"].items():
                for method, operation in methods.items():
                    operation["security"] = _SECURITY[NEEDS[f"{method.upper()} {path}"]]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[assignment,method-assign]
