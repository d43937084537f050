"""What people see: the chat page, an article with a marked range, the interface description. All files are local."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from index.errors import NotFound
from server.wiring import AddressedId, LiveIndex

STATIC = Path(__file__).parent / "static"

router = APIRouter(include_in_schema=False)
_READ = ["GET", "HEAD"]


def mount_files(app: FastAPI) -> None:
    """Our own files, and those of Swagger UI from the installed package."""
    app.mount("/static", StaticFiles(directory=STATIC))
    app.mount("/swagger", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"))


@router.api_route("/", methods=_READ)
async def chat_page() -> Response:
    """Ask, and look at the sources."""
    return FileResponse(STATIC / "index.html")


@router.api_route("/documents/{document_id:path}", methods=_READ)
def article_page(document_id: AddressedId, live: LiveIndex) -> Response:
    """One article; its script fetches the text and marks the range in the address, as in #120-180."""
    return FileResponse(STATIC / "article.html", 404 if _unknown(document_id, live) else 200)


@router.api_route("/docs", methods=_READ)
async def docs_page() -> Response:
    """Swagger UI over /openapi.json."""
    return FileResponse(STATIC / "docs.html")


@router.api_route("/docs/problems", methods=_READ)
async def problems_page() -> Response:
    """What the `type` of a problem refers to."""
    return FileResponse(STATIC / "problems.html")


def _unknown(document_id: str, live: LiveIndex) -> bool:
    serving = live.state.assistant
    try:
        return serving is not None and not serving.index.document(document_id)
    except NotFound:
        return True
