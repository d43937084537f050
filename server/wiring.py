"""What handlers ask for by parameter: the running parts of this server, and a document's id out of its address."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Request

from index.errors import NotFound
from index.feedback import FeedbackStore
from rag.assistant import Assistant
from server.kept import Kept
from server.live import Live
from server.noting import Noting


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


async def _assistant(request: Request) -> Assistant:
    live: Live = request.app.state.live
    return live.assistant


async def _kept(request: Request) -> Kept:
    kept: Kept = request.app.state.kept
    return kept


async def _noting(request: Request) -> Noting:
    noting: Noting = request.app.state.noting
    return noting


async def _feedback(request: Request) -> FeedbackStore:
    feedback: FeedbackStore = request.app.state.feedback
    return feedback


async def _document_id(
    document_id: Annotated[str, Path(description="percent-encoded, slashes too: `a%2Fb`", examples=["energy%2F2025"])],
) -> str:
    try:
        return unquote(document_id, errors="strict")
    except UnicodeDecodeError as error:
        raise NotFound("this document id is not percent-encoded UTF-8; list them at /v1/documents") from error


LiveIndex = Annotated[Live, Depends(_live)]
Now = Annotated[Assistant, Depends(_assistant)]
KeptRequests = Annotated[Kept, Depends(_kept)]
Noted = Annotated[Noting, Depends(_noting)]
StoredFeedback = Annotated[FeedbackStore, Depends(_feedback)]
AddressedId = Annotated[str, Depends(_document_id)]
