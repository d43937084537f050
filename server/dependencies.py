"""What handlers ask for by parameter: the running parts of this server, and a document's id out of its address."""

from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Path, Request
from starlette.concurrency import run_in_threadpool

from index.errors import BadInput, NotFound
from index.storage.feedback import FeedbackStore
from rag.assistant import Assistant
from server.access.guard import Caller
from server.access.hostnames import Names
from server.answer_log import Kept, Noting, RecentFollowUps
from server.live_index import Live
from server.metrics import Metrics
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
