"""What handlers ask for: the running parts of this server, a document's id, whether a client has it, and answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from index.errors import BadInput, NotFound
from index.ranking.filters import Filters
from index.storage.feedback import FeedbackStore
from rag.answer_json import AnswerStage
from rag.assistant import AskOptions, Assistant
from rag.follow_ups.turns import turns_of
from server.access.guard import Caller
from server.access.hostnames import Names
from server.answer_log import Kept, KeptQuestion, Noting, RecentFollowUps
from server.live_index import Live
from server.metrics import Metrics
from server.openapi import Responses
from server.schemas.ask import Ask, Question
from server.uploads import Uploads

_NOBODYS = (
    "feedback must be somebody's: send a key that is not shared, or the header X-Quotewell-Reader of 16 to 128 random "
    "letters, digits, - or _ of your own"
)


def _part(name: str) -> Any:
    """What `server.app` put there under this name."""

    async def part(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(part)


SentFiles = Annotated[Uploads, _part("uploads")]
DataFolder = Annotated[FilePath, _part("data")]
LiveIndex = Annotated[Live, _part("live")]


async def _assistant(live: LiveIndex) -> Assistant:
    return live.assistant if live.is_abreast else await run_in_threadpool(lambda: live.assistant)


async def _reader(request: Request) -> str:
    """Whose feedback it is. At the machine itself whoever tells nothing of themselves is one and the same."""
    caller: Caller = request.state.caller
    if not caller.reader and caller.shared and (caller.key or not request.app.state.alone):
        raise BadInput(_NOBODYS)
    return caller.owner


async def _document_id(
    document_id: Annotated[str, Path(description="percent-encoded, slashes too: `a%2Fb`", examples=["energy%2F2025"])],
) -> str:
    try:
        return unquote(document_id, errors="strict")
    except UnicodeDecodeError as error:
        raise NotFound("this document id is not percent-encoded UTF-8; list them at /v1/documents") from error


Now = Annotated[Assistant, Depends(_assistant)]
KeptRequests = Annotated[Kept, _part("kept")]
Noted = Annotated[Noting, _part("noting")]
StoredFeedback = Annotated[FeedbackStore, _part("feedback")]
Counted = Annotated[Metrics, _part("metrics")]
OwnNames = Annotated[Names, _part("names")]
NextQuestions = Annotated[RecentFollowUps, _part("follow_ups")]
Owner = Annotated[str, Depends(_reader)]
InlineSources = Annotated[str, _part("inline_sources")]
AddressedId = Annotated[str, Depends(_document_id)]


# Entity tags (RFC 9110): whether a client has the reply already.

Tag = str
IfNoneMatch = Annotated[str, Header(description="entity tags of what the client has")]
NOT_MODIFIED: Responses = {304: {"description": "The client has it"}}


def strong(value: str) -> Tag:
    """Of a reply whose bytes the value names."""
    return f'"{value}"'


def has(if_none_match: str, tag: Tag) -> bool:
    """Whether the header names this tag; weak comparison, as RFC 9110 section 13.1.2 says."""
    return any(given.strip().removeprefix("W/") in (tag, "*") for given in if_none_match.split(","))


def unchanged(if_none_match: str, response: Response, tag: Tag) -> Response | None:
    """The reply to a client that has it; else None, and `response` bears the tag."""
    if has(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return None


# A question over HTTP → its answer, which is kept so that it can be given again, and noted.


def answered(body: Ask, now: Assistant) -> AnswerStage:
    """Raises BadQuestion."""
    return now.answered(body.question, options_of(body))


def options_of(body: Ask) -> AskOptions:
    return AskOptions(
        limit=body.limit,
        history=turns_of([message.model_dump() for message in body.history]),
        filters=filters_of(body),
        as_of=body.as_of,
        mode=body.mode,
        explain=body.explain,
        phrase=True,
    )


def filters_of(body: Question) -> Filters:
    wanted = body.filters
    return Filters(frozenset(wanted.documents), frozenset(wanted.authors), wanted.published_from, wanted.published_to)


@dataclass(frozen=True, slots=True)
class Giving:
    """What becomes of every answer: kept so that it can be given again, unless nobody wants that, and noted."""

    kept: KeptRequests
    noted: Noted

    def answer(self, body: Ask, now: Assistant, keep: bool = True) -> AnswerStage:
        """Raises BadQuestion."""
        return self._given(body, answered(body, now), keep)

    def stages(self, body: Ask, now: Assistant) -> Iterator[AnswerStage]:
        """Read, said, and given as whole; the first one is there before this returns. Raises BadQuestion."""
        stages = now.stages(body.question, options_of(body))
        read = next(stages)

        def rest() -> Iterator[AnswerStage]:
            yield read
            yield next(stages)
            yield self._given(body, next(stages))

        return rest()

    def _given(self, body: Ask, whole: AnswerStage, keep: bool = True) -> AnswerStage:
        answer = whole.answer
        plain = body.model_copy(update={"explain": False, "stream": False})
        if keep:
            self.kept.keep(answer.id, KeptQuestion(answer.index_version, plain.model_dump_json(exclude_defaults=True)))
        self.noted.given(whole, keep)
        return whole
