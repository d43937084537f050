"""POST /ask and /v1/search: questions in, answers or passages out."""

from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from rag.wire import hit_fields
from server.ask_schemas import Answer, Ask, Search, SearchResult
from server.asking import answered, filters_of
from server.contract import problems
from server.kept import Request
from server.streaming import declared_events, event_stream, events, wants_events
from server.tags import strong
from server.wiring import KeptRequests, Noted, Now

router = APIRouter(tags=["answers"])
_ERRORS = problems(400, 413, 422, 503)


def _given(body: Ask, response: Response, now: Now, kept: KeptRequests, noted: Noted) -> Answer:
    """The answer, kept so that it can be given again. Raises BadQuestion."""
    begin = perf_counter()
    answer = answered(body, now)
    plain = body.model_copy(update={"explain": False, "stream": False})
    kept.keep(answer.id, Request(answer.index_version, plain.model_dump_json(exclude_defaults=True)))
    noted.given(answer)
    if kept.keeps and not body.explain:
        response.headers["Content-Location"] = f"/v1/answers/{answer.id}"
    response.headers["Server-Timing"] = f"ask;dur={(perf_counter() - begin) * 1000:.1f}"
    return answer


Given = Annotated[Answer, Depends(_given)]
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
def ask(body: Ask, answer: Given, response: Response, accept: Accept = "") -> Answer | Response:
    """Answer from the articles, only in their own words with citations, or abstain with a reason.

    The same question on the same index gives the same bytes, and these an ETag; the time it took is in the
    Server-Timing header. Content-Location is where the same answer, not explained, is given again.

    With `stream: true`, or where the Accept header prefers text/event-stream, the same answer comes as events: first
    `sources`, then a `delta` for each piece of a segment, `citations`, and `done` with the whole answer. What goes
    wrong before the first event has its own status; after it, the event `error` holds the problem and is the last.
    """
    if wants_events(body.stream, accept):
        return event_stream(events(answer), response.headers)
    response.headers["ETag"] = strong(f"{answer.id}-explained" if body.explain else answer.id)
    return answer


@router.post("/v1/search", operation_id="search", responses=_ERRORS, response_model_exclude_unset=True)
def search(body: Search, response: Response, now: Now) -> SearchResult:
    """The passages that an answer would be read from, best first."""
    begin = perf_counter()
    hits = now.search(body.question, limit=body.limit, filters=filters_of(body), as_of=body.as_of)
    response.headers["Server-Timing"] = f"search;dur={(perf_counter() - begin) * 1000:.1f}"
    fields = [hit_fields(hit, now.index.document, explain=body.explain) for hit in hits]
    return SearchResult.model_validate({"hits": fields, "index_version": now.index.version})
