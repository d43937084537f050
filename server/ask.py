"""POST /ask and /v1/search: questions in, answers or passages out."""

from importlib.resources import files
from json import loads
from time import perf_counter

from fastapi import APIRouter, Response

from rag.wire import answer_fields, hit_fields
from server import schemas
from server.contract import problems
from server.wiring import Now

router = APIRouter(tags=["answers"])
_ERRORS = problems(400, 413, 422, 503)


@router.post("/ask", operation_id="ask_unversioned", responses=_ERRORS)
@router.post("/v1/ask", operation_id="ask", responses=_ERRORS)
def ask(body: schemas.Ask, response: Response, now: Now) -> schemas.Answer:
    """Answer from the articles, only in their own words with citations, or abstain with a reason.

    The same question on the same index gives the same bytes; the time it took is in the Server-Timing header.
    """
    begin = perf_counter()
    answer = now.ask(body.question, limit=body.limit)
    response.headers["Server-Timing"] = f"ask;dur={(perf_counter() - begin) * 1000:.1f}"
    return schemas.Answer.model_validate(answer_fields(answer, now.index.document))


@router.post("/v1/search", operation_id="search", responses=_ERRORS)
def search(body: schemas.Search, response: Response, now: Now) -> schemas.SearchResult:
    """The passages that an answer would be read from, best first."""
    begin = perf_counter()
    hits = now.search(body.question, limit=body.limit)
    response.headers["Server-Timing"] = f"search;dur={(perf_counter() - begin) * 1000:.1f}"
    fields = [hit_fields(hit, now.index.document) for hit in hits]
    return schemas.SearchResult.model_validate({"hits": fields, "index_version": now.index.version})


@router.get("/v1/suggestions", operation_id="list_suggestions", responses=problems(503))
def suggestions(now: Now) -> schemas.Suggestions:
    """Questions to begin with; only those whose article is in the index."""
    table: dict[str, str] = loads(files("server").joinpath("suggestions.json").read_text(encoding="utf-8"))
    held = set(now.index.document_ids)
    return schemas.Suggestions(suggestions=tuple(text for name, text in table.items() if name in held))
