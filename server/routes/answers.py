"""GET /v1/answers/{id}: an answer that was given before, to the byte, or why it cannot be given again."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from index.errors import NotFound
from server.answering import answered
from server.dependencies import KeptRequests, Now
from server.etags import NOT_MODIFIED, IfNoneMatch, strong, unchanged
from server.openapi import problems
from server.problems import ANSWER_GONE, problem
from server.schemas.ask import Answer, Ask

router = APIRouter(tags=["answers"])
_INSTEAD = "ask the question again at /v1/ask, or send the old answer to /v1/verify to see what became of its quotes"

AnswerId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="`id` of an answer")]


@router.get(
    "/v1/answers/{answer_id}", operation_id="get_answer", response_model_exclude_unset=True, response_model=Answer,
    responses=NOT_MODIFIED | problems(404, 410, 422, 503),
)  # fmt: skip
def get_answer(
    answer_id: AnswerId,
    request: Request,
    response: Response,
    now: Now,
    kept: KeptRequests,
    if_none_match: IfNoneMatch = "",
) -> Answer | Response:
    """The same bytes as when it was given, not explained. 410 once the index is another one.

    The setting keep_answers says how many of the newest can be asked for.
    """
    asked = kept.find(answer_id)
    if asked is None:
        raise NotFound("no answer of this id is kept here; ask the question again at /v1/ask")
    if asked.index_version != now.index.version:
        versions = f"it came from index {asked.index_version}, and index {now.index.version} answers now"
        return problem(request.scope, ANSWER_GONE, f"{versions}; {_INSTEAD}")
    answer = _again(asked.body, now)
    if answer is None or answer.id != answer_id:
        changed = f"the settings are others now, or a language model phrased it; index {now.index.version} is the same"
        return problem(request.scope, ANSWER_GONE, f"{changed}; {_INSTEAD}")
    return unchanged(if_none_match, response, strong(answer_id)) or answer


def _again(body: str, now: Now) -> Answer | None:
    """None for a request that this version does not understand."""
    try:
        return answered(Ask.model_validate_json(body), now)
    except ValidationError:
        return None
