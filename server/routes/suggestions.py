"""GET /v1/suggestions: questions to begin with, each of which this index has just answered."""

from fastapi import APIRouter

from server.dependencies import Now
from server.openapi import problems
from server.schemas import base as schemas

router = APIRouter(tags=["answers"])


@router.get("/v1/suggestions", operation_id="list_suggestions", responses=problems(503))
def suggestions(now: Now) -> schemas.Suggestions:
    """Questions to begin with: made from the articles, asked, and kept only if the answer passed the threshold."""
    return schemas.Suggestions(suggestions=now.suggester.first() if now.suggester else ())
