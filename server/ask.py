"""POST /ask and /v1/search: questions in, answers or passages out."""

from time import perf_counter

from fastapi import APIRouter, Response

from index.scope import Filters
from rag.dialogue import turns_of
from rag.wire import answer_fields, hit_fields
from server import schemas
from server.contract import problems
from server.wiring import Now

router = APIRouter(tags=["answers"])
_ERRORS = problems(400, 413, 422, 503)


@router.post("/ask", operation_id="ask_unversioned", responses=_ERRORS, response_model_exclude_unset=True)
@router.post("/v1/ask", operation_id="ask", responses=_ERRORS, response_model_exclude_unset=True)
def ask(body: schemas.Ask, response: Response, now: Now) -> schemas.Answer:
    """Answer from the articles, only in their own words with citations, or abstain with a reason.

    The same question on the same index gives the same bytes; the time it took is in the Server-Timing header.
    """
    begin = perf_counter()
    history = turns_of([message.model_dump() for message in body.history])
    answer = now.ask(body.question, limit=body.limit, history=history, filters=_filters(body), as_of=body.as_of)
    response.headers["Server-Timing"] = f"ask;dur={(perf_counter() - begin) * 1000:.1f}"
    return schemas.Answer.model_validate(answer_fields(answer, now.index.document, explain=body.explain))


@router.post("/v1/search", operation_id="search", responses=_ERRORS, response_model_exclude_unset=True)
def search(body: schemas.Search, response: Response, now: Now) -> schemas.SearchResult:
    """The passages that an answer would be read from, best first."""
    begin = perf_counter()
    hits = now.search(body.question, limit=body.limit, filters=_filters(body), as_of=body.as_of)
    response.headers["Server-Timing"] = f"search;dur={(perf_counter() - begin) * 1000:.1f}"
    fields = [hit_fields(hit, now.index.document, explain=body.explain) for hit in hits]
    return schemas.SearchResult.model_validate({"hits": fields, "index_version": now.index.version})


def _filters(body: schemas.Search) -> Filters:
    wanted = body.filters
    return Filters(
        documents=frozenset(wanted.documents),
        authors=frozenset(wanted.authors),
        published_from=wanted.published_from,
        published_to=wanted.published_to,
    )
