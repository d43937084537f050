"""An answer as server-sent events: sources, delta*, citations, done. What streams is what the JSON reply says.

`sources` go out as soon as the articles are read; a language model and what to ask next come after them. What is wrong
with a question is found before that and has its own status; a bug after it becomes the event `error` (`LastResort`).
FastAPI frames the events; its own generator routes are not used, since they end a stream that breaks as if it were
whole, and fail when a client leaves.
"""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import iterate_in_threadpool

from rag.answer_json import AnswerStage
from server.openapi import REF, Responses, ref
from server.schemas.ask import Answer, Hit, Segment
from server.schemas.base import Citation, Fields, Problem, Reply

MEDIA_TYPE = "text/event-stream"
LEAST_PIECE = 24  # characters
PING_S = 15.0  # as the HTML standard advises

_MAY_CUT = re.compile(r"\s+|[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]+")  # not every script has blanks
# JSON may hold them as they are, and SSE does; yet some clients end a line there
_ENDS_LINES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # else nginx holds a stream back until it ends


class Sources(Reply):
    """What the answer is read from, before any of it."""

    question: str
    standalone: str | None
    evidence: tuple[Hit, ...]
    index_version: str


class TextDelta(Segment):
    """A piece of segment `segment` (0-based); joined they are its text. Only its last piece has the citations."""

    model_config = ConfigDict(title="Delta")  # its published name

    segment: int


class Citations(Reply):
    """All citations of the answer."""

    citations: tuple[Citation, ...]


_EVENTS: Mapping[str, type[BaseModel]] = {
    "sources": Sources, "delta": TextDelta, "citations": Citations, "done": Answer, "error": Problem,
}  # fmt: skip


def events(stages: Iterator[AnswerStage]) -> Iterator[bytes]:
    """In the order in which they are sent, of an answer read, said and whole; `done` is the whole one."""
    yield _event("sources", next(stages).fields)
    said = next(stages).fields
    for number, segment in enumerate(said["segments"]):
        for delta in _deltas(number, segment):
            yield _event("delta", delta)
    yield _event("citations", {"citations": said["citations"]})
    yield _event("done", next(stages).fields)


def pieces(text: str) -> list[str]:
    """The text cut after blanks, at most one piece of which is shorter than LEAST_PIECE; at least one piece."""
    cuts = [0]
    for match in _MAY_CUT.finditer(text):
        if match.end() - cuts[-1] >= LEAST_PIECE and match.end() < len(text):
            cuts.append(match.end())
    return [text[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def wants_events(asked: bool, accept: str) -> bool:
    """By `"stream": true` in the body, or by an Accept header that prefers events to JSON."""
    accepted = _qualities(accept)
    return asked or accepted.get(MEDIA_TYPE, 0) > accepted.get("application/json", 0)


def event_stream(source: Iterable[bytes], headers: Mapping[str, str]) -> EventSourceResponse:
    """`source` runs in a thread and may take its time: comments keep the connection alive."""
    return EventSourceResponse(_kept_alive(iterate_in_threadpool(source)), headers={**headers, **_HEADERS})


def declared_events() -> Responses:
    """The events in the interface description, beside the JSON reply of a route that declares Answer."""
    item = {"oneOf": [_event_schema(name, model) for name, model in _EVENTS.items()]}
    return {200: {"description": "The answer, whole or as events", "content": {MEDIA_TYPE: {"itemSchema": item}}}}


async def _kept_alive(source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    events = aiter(source)
    while True:
        coming = asyncio.ensure_future(anext(events, b""))
        try:
            while not (await asyncio.wait({coming}, timeout=PING_S))[0]:
                yield KEEPALIVE_COMMENT
        finally:
            coming.cancel()  # the client has left; else it is done
        event = coming.result()
        if not event:
            return
        yield event


def _deltas(number: int, segment: Fields) -> Iterator[Fields]:
    *before, last = pieces(segment["text"])
    for piece in before:
        yield {**segment, "text": piece, "citations": [], "segment": number}
    yield {**segment, "text": last, "segment": number}


def _event(name: str, fields: Fields) -> bytes:
    text = _EVENTS[name].model_validate(fields).model_dump_json(exclude_unset=True)
    return format_sse_event(event=name, data_str=text.translate(_ENDS_LINES))


def _event_schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    """Of an event whose data is JSON, as OpenAPI 3.2 section 4.14.4 writes it."""
    if model in (Answer, Problem):
        content: dict[str, Any] = ref(model)
    else:
        content = model.model_json_schema(mode="serialization", ref_template=REF)
        content.pop("$defs", None)  # Answer refers to the same ones
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    return {"type": "object", "properties": {"event": {"const": name}, "data": data}, "required": ["event", "data"]}


def _qualities(accept: str) -> dict[str, float]:
    """Media type → q, as RFC 9110 section 12.5.1 says; 0 for a q that is no number."""
    found = {}
    for part in accept.lower().split(","):
        media, *parameters = (one.strip() for one in part.split(";"))
        given = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
        found[media] = float(given) if re.fullmatch(r"[01](\.\d{0,3})?", given) else 0.0
    return found
