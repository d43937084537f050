"""What handlers ask for by parameter: the running parts of this server, and a document's id out of its address."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Path, Request

from index.errors import NotFound
from index.storage.feedback import FeedbackStore
from rag.assistant import Assistant
from server.answer_log import Kept, Noting, RecentFollowUps
from server.hostnames import Names
from server.live_index import Live
from server.metrics import Metrics
from server.uploads import Uploads


def _part(name: str) -> Any:
    """What `server.app` put there under this name."""

    async def part(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(part)


SentFiles = Annotated[Uploads, _part("uploads")]
LiveIndex = Annotated[Live, _part("live")]


async def _assistant(live: LiveIndex) -> Assistant:
    return live.assistant


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
InlineSources = Annotated[str, _part("inline_sources")]
AddressedId = Annotated[str, Depends(_document_id)]
