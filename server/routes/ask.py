"""POST /ask and /v1/search: questions in, answers or passages out."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from rag.answer_json import hit_fields
from server.answer_log import KeptQuestion
from server.answering import answered, filters_of, stages
from server.dependencies import KeptRequests, Noted, Now
from server.etags import strong
from server.openapi import problems
from server.schemas.ask import Answer, Ask, Search, SearchResult
from server.sse import declared_events, event_stream, events, wants_events

router = APIRouter(tags=["answers"])
_ERRORS = problems(400, 413, 422, 503)


@dataclass(frozen=True, slots=True)
class Giving:
    """What becomes of every answer: kept so that it can be given again, and noted."""

    kept: KeptRequests
    noted: Noted

    def given(self, body: Ask, answer: Answer) -> Answer:
        plain = body.model_copy(update={"explain": False, "stream": False})
        self.kept.keep(answer.id, KeptQuestion(answer.index_version, plain.model_dump_json(exclude_defaults=True)))
        self.noted.given(answer)
        return answer

    def as_events(self, body: Ask, stages: Iterator[Answer]) -> Iterator[Answer]:
        """Read, said, and given as whole; the first one is there before this returns. Raises BadQuestion."""
        read = next(stages)

        def rest() -> Iterator[Answer]:
            yield read
            yield next(stages)
            yield self.given(body, next(stages))

        return rest()


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
) -> Answer | Response:
    """Answer from the articles, only in their own words with citations, or abstain with a reason.

    The same question on the same index gives the same bytes, and these an ETag; the time it took is in the
    Server-Timing header. Content-Location is where the same answer, not explained, is given again.

    With `stream: true`, or where the Accept header prefers text/event-stream, the same answer comes as events: first
    `sources`, then a `delta` for each piece of a segment, `citations`, and `done` with the whole answer. What goes
    wrong before the first event has its own status; after it, the event `error` holds the problem and is the last.
    """
    begin = perf_counter()
    if wants_events(body.stream, accept):
        coming = giving.as_events(body, stages(body, now))
        response.headers["Server-Timing"] = _timing("read", begin)
        return event_stream(events(coming), response.headers)
    answer = giving.given(body, answered(body, now))
    if giving.kept.keeps and not body.explain:
        response.headers["Content-Location"] = f"/v1/answers/{answer.id}"
    response.headers["ETag"] = strong(f"{answer.id}-explained" if body.explain else answer.id)
    response.headers["Server-Timing"] = _timing("ask", begin)
    return answer


@router.post("/v1/search", operation_id="search", responses=_ERRORS, response_model_exclude_unset=True)
def search(body: Search, response: Response, now: Now) -> SearchResult:
    """The passages that an answer would be read from, best first."""
    begin = perf_counter()
    hits = now.search(body.question, limit=body.limit, filters=filters_of(body), as_of=body.as_of)
    response.headers["Server-Timing"] = _timing("search", begin)
    fields = [hit_fields(hit, now.index.document, explain=body.explain) for hit in hits]
    return SearchResult.model_validate({"hits": fields, "index_version": now.index.version})


def _timing(what: str, begin: float) -> str:
    return f"{what};dur={(perf_counter() - begin) * 1000:.1f}"
