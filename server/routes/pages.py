"""What people see: the chat, here and in other pages; an article with a marked range; the interface description.

All files are local.
"""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import fastapi_offline
from fastapi import APIRouter, FastAPI, Header
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from index.errors import NotFound
from server.dependencies import AddressedId, LiveIndex
from server.etags import has, strong
from server.middleware.shell import CSP

STATIC = Path(__file__).parent.parent / "static"
CHAT_CSP = f"{CSP}; require-trusted-types-for 'script'; trusted-types lit-html"
FOR_ALL_PAGES = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
WIDGET_HEADERS = {**FOR_ALL_PAGES, "Cache-Control": "public, max-age=300"}

router = APIRouter(include_in_schema=False)
_READ = ["GET", "HEAD"]


def mount_files(app: FastAPI) -> None:
    """Our own files, and those of Swagger UI from the installed package."""
    app.mount("/static", _OwnFiles(directory=STATIC))
    app.mount("/swagger", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"))


@router.api_route("/", methods=_READ)
async def chat_page() -> Response:
    """Ask, and look at the sources: the widget as a page of its own."""
    return FileResponse(STATIC / "index.html", headers={"Content-Security-Policy": CHAT_CSP})


@router.api_route("/widget.js", methods=_READ)
def widget(if_none_match: Annotated[str, Header()] = "") -> Response:
    """The chat for other pages, in one file."""
    script = (STATIC / "widget.js").read_bytes()
    headers = {**WIDGET_HEADERS, "ETag": strong(sha256(script).hexdigest()[:32])}
    if has(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(script, headers=headers, media_type="text/javascript")


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


class _OwnFiles(StaticFiles):
    """Open to the pages that have the widget: it loads the verifier of receipts and its languages from here."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(FOR_ALL_PAGES)
        return response


def _unknown(document_id: str, live: LiveIndex) -> bool:
    serving = live.state.assistant
    try:
        return serving is not None and not serving.index.document(document_id)
    except NotFound:
        return True
