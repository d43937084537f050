"""/v1/answers/{id}: an answer that was given before, to the byte; and /feedback, what a reader says of it."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field, ValidationError

from index.errors import BadQuestion, NotFound
from index.storage.feedback import Feedback
from rag.answer_json import AnswerStage
from server.answer_log import KeptQuestion, feedback_on, now
from server.dependencies import (
    NOT_MODIFIED,
    IfNoneMatch,
    KeptRequests,
    LiveIndex,
    Noted,
    Now,
    Owner,
    StoredFeedback,
    answered,
    strong,
    unchanged,
)
from server.live_index import Live
from server.openapi import problems
from server.problems import ANSWER_GONE, problem
from server.schemas import base as schemas
from server.schemas.ask import Answer, Ask
from server.schemas.base import Fields, Text

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
) -> Fields | Response:
    """The same bytes as when it was given, not explained. 410 once the index is another one.

    The setting keep_answers says how many of the newest can be asked for.
    """
    asked = kept.find(answer_id)
    if asked is None:
        raise NotFound("no answer of this id is kept here; ask the question again at /v1/ask")
    if asked.index_version != now.index.version:
        versions = f"it came from index {asked.index_version}, and index {now.index.version} answers now"
        return problem(request.scope, ANSWER_GONE, f"{versions}; {_INSTEAD}")
    again = _again(asked.body, now)
    if again is None or again.answer.id != answer_id:
        changed = f"the settings are others now, or a language model phrased it; index {now.index.version} is the same"
        return problem(request.scope, ANSWER_GONE, f"{changed}; {_INSTEAD}")
    return unchanged(if_none_match, response, strong(answer_id)) or again.fields


def _again(body: str, now: Now) -> AnswerStage | None:
    """None for a request that this version does not understand."""
    try:
        return answered(Ask.model_validate_json(body), now)
    except ValidationError:
        return None


# What a reader says of an answer; said twice it counts once, and it can be taken back.

MOST_COMMENT_CHARS = 2000

_UNKNOWN = "no answer of this id is known here; the setting keep_answers says how many are"

Why = Literal["wrong_quote", "not_relevant", "incomplete", "outdated", "should_know", "other"]


class Said(schemas.Request):
    """Whether the answer serves, and why or why not."""

    verdict: Literal["up", "down"]
    reasons: Annotated[
        tuple[Why, ...], Field(strict=False, max_length=20), AfterValidator(lambda given: tuple(dict.fromkeys(given)))
    ] = ()
    comment: Annotated[Text, Field(max_length=MOST_COMMENT_CHARS)] = ""


class Opinion(schemas.Reply):
    """What was said of this answer."""

    answer_id: str
    verdict: Literal["up", "down"]
    reasons: tuple[Why, ...]
    comment: str


@router.put(
    "/v1/answers/{answer_id}/feedback", operation_id="put_feedback", responses=problems(400, 404, 413, 422, 503)
)
def put_feedback(
    answer_id: AnswerId,
    body: Said,
    live: LiveIndex,
    kept: KeptRequests,
    noted: Noted,
    stored: StoredFeedback,
    owner: Owner,
) -> Opinion:
    """Say whether an answer that was given here serves. What you said of it before is replaced, and nobody else's."""
    known = noted.recent(answer_id)
    if known is None and stored.knows(answer_id):
        known = _bare(answer_id)
    elif known is None and (asked := kept.find(answer_id)) is not None:
        known = _feedback_again(answer_id, asked, live)
    if known is None:
        raise NotFound(_UNKNOWN)
    stored.judge(replace(known, verdict=body.verdict, reasons=body.reasons, comment=body.comment, when=now()), owner)
    return Opinion(answer_id=answer_id, **body.model_dump())


@router.get("/v1/answers/{answer_id}/feedback", operation_id="get_feedback", responses=problems(404, 422, 503))
def get_feedback(answer_id: AnswerId, stored: StoredFeedback, owner: Owner) -> Opinion:
    """What you said last."""
    found = stored.find(answer_id, owner)
    if found is None or not found.verdict:
        raise NotFound("you have said nothing of an answer of this id")
    return Opinion.model_validate({"answer_id": answer_id, **found._asdict()})


@router.delete(
    "/v1/answers/{answer_id}/feedback", operation_id="delete_feedback", status_code=204,
    responses=problems(404, 422, 503),
)  # fmt: skip
def delete_feedback(
    answer_id: AnswerId, kept: KeptRequests, noted: Noted, stored: StoredFeedback, owner: Owner
) -> None:
    """Take it back; where nothing was said, nothing happens."""
    if not (noted.recent(answer_id) or stored.knows(answer_id) or kept.find(answer_id)):
        raise NotFound(_UNKNOWN)
    stored.withdraw(answer_id, owner)


def _feedback_again(answer_id: str, asked: KeptQuestion, live: Live) -> Feedback:
    """With status and quotes if the index still gives this very answer, else with what is known of the question."""
    try:
        body = Ask.model_validate_json(asked.body)
    except ValidationError:  # erased, or asked of another version of this program
        return replace(_bare(answer_id), index_version=asked.index_version)
    serving = live.state.assistant
    if serving is not None and serving.index.version == asked.index_version:
        try:
            again = answered(body, serving)
        except BadQuestion:  # the settings have changed
            again = None
        if again is not None and again.answer.id == answer_id:
            return feedback_on(again)
    return replace(_bare(answer_id), question=body.question, index_version=asked.index_version)


def _bare(answer_id: str) -> Feedback:
    return Feedback(answer_id, "", "", "", "", (), (), "", "", (), "", "")
