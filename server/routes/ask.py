"""POST /ask and /v1/search: questions in, answers or passages out."""

from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from rag.answer_json import hit_fields
from server.dependencies import Giving, Now, filters_of, strong
from server.openapi import problems
from server.schemas.ask import Answer, Ask, Search, SearchResult
from server.schemas.base import Fields
from server.sse import declared_events, event_stream, events, wants_events

router = APIRouter(tags=["answers"])
_ERRORS = problems(400, 413, 422, 503)


Accept = Annotated[str, Header(include_in_schema=False)]

_ASKED = declared_events() | _ERRORS


@router.post(
    "/ask", operation_id="ask_unversioned", response_model=Answer,
    responses=_ASKED, response_model_exclude_unset=True,
)  # fmt: skip
@router.post(
    "/v1/ask", operation_id="ask", response_model=Answer,
    responses=_ASKED, response_model_exclude_unset=True,
)  # fmt: skip
def ask(
    body: Ask, response: Response, now: Now, giving: Annotated[Giving, Depends()], accept: Accept = ""
) -> Fields | Response:
    """Answer from the articles, only in their own words with citations, or abstain with a reason.

    The same question on the same index gives the same bytes, and these an ETag; the time it took is in the
    Server-Timing header. Content-Location is where the same answer, not explained, is given again.

    With `stream: true`, or where the Accept header prefers text/event-stream, the same answer comes as events: first
    `sources`, then a `delta` for each piece of a segment, `citations`, and `done` with the whole answer. What goes
    wrong before the first event has its own status; after it, the event `error` holds the problem and is the last.
    """
    begin = perf_counter()
    if wants_events(body.stream, accept):
        coming = giving.stages(body, now)
        response.headers["Server-Timing"] = _timing("read", begin)
        return event_stream(events(coming), response.headers)
    answer, fields = giving.answer(body, now)
    if giving.kept.keeps and not body.explain:
        response.headers["Content-Location"] = f"/v1/answers/{answer.id}"
    response.headers["ETag"] = strong(f"{answer.id}-explained" if body.explain else answer.id)
    response.headers["Server-Timing"] = _timing("ask", begin)
    return fields


@router.post(
    "/v1/search", operation_id="search", response_model=SearchResult,
    responses=_ERRORS, response_model_exclude_unset=True,
)  # fmt: skip
def search(body: Search, response: Response, now: Now) -> Fields:
    """The passages that an answer would be read from, best first; with `read`, in the order in which it would be.

    The score is the fused one of both rankers; with `read`, a twentieth of the best sentence's is added where the
    passage was read, and passages that were not read follow.
    """
    begin = perf_counter()
    hits = now.search(body.question, limit=body.limit, filters=filters_of(body), as_of=body.as_of, read=body.read)
    response.headers["Server-Timing"] = _timing("search", begin)
    found = [hit_fields(hit, now.index.head, explain=body.explain) for hit in hits]
    return {"hits": found, "index_version": now.index.version}


def _timing(what: str, begin: float) -> str:
    return f"{what};dur={(perf_counter() - begin) * 1000:.1f}"
