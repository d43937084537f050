"""POST /ask and /v1/search: questions in, answers or passages out."""

from time import perf_counter

from fastapi import APIRouter, Response

from rag.wire import hit_fields
from server.ask_schemas import Answer, Ask, Search, SearchResult
from server.asking import answered, filters_of
from server.contract import problems
from server.kept import Request
from server.tags import strong
from server.wiring import KeptRequests, Now

router = APIRouter(tags=["answers"])
_ERRORS = problems(400, 413, 422, 503)


@router.post("/ask", operation_id="ask_unversioned", responses=_ERRORS, response_model_exclude_unset=True)
@router.post("/v1/ask", operation_id="ask", responses=_ERRORS, response_model_exclude_unset=True)
def ask(body: Ask, response: Response, now: Now, kept: KeptRequests) -> Answer:
    """Answer from the articles, only in their own words with citations, or abstain with a reason.

    The same question on the same index gives the same bytes, and these an ETag; the time it took is in the
    Server-Timing header. Content-Location is where the same answer, not explained, is given again.
    """
    begin = perf_counter()
    answer = answered(body, now)
    plain = body.model_copy(update={"explain": False})
    kept.keep(answer.id, Request(answer.index_version, plain.model_dump_json(exclude_defaults=True)))
    response.headers["ETag"] = strong(f"{answer.id}-explained" if body.explain else answer.id)
    if kept.keeps and not body.explain:
        response.headers["Content-Location"] = f"/v1/answers/{answer.id}"
    response.headers["Server-Timing"] = f"ask;dur={(perf_counter() - begin) * 1000:.1f}"
    return answer


@router.post("/v1/search", operation_id="search", responses=_ERRORS, response_model_exclude_unset=True)
def search(body: Search, response: Response, now: Now) -> SearchResult:
    """The passages that an answer would be read from, best first."""
    begin = perf_counter()
    hits = now.search(body.question, limit=body.limit, filters=filters_of(body), as_of=body.as_of)
    response.headers["Server-Timing"] = f"search;dur={(perf_counter() - begin) * 1000:.1f}"
    fields = [hit_fields(hit, now.index.document, explain=body.explain) for hit in hits]
    return SearchResult.model_validate({"hits": fields, "index_version": now.index.version})
