"""What people see: the chat, here and in other pages; an article with a marked range; the interface description.

All files are local.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import fastapi_offline
from fastapi import APIRouter, FastAPI, Header
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from index.errors import NotFound
from server.dependencies import AddressedId, LiveIndex, has, strong
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
def chat_page(request: Request) -> Response:
    """Ask, and look at the sources: the widget as a page of its own."""
    return _page("index.html", request, headers={"Content-Security-Policy": CHAT_CSP})


@router.api_route("/widget.js", methods=_READ)
def widget(if_none_match: Annotated[str, Header()] = "") -> Response:
    """The chat for other pages, in one file."""
    script = (STATIC / "widget.js").read_bytes()
    headers = {**WIDGET_HEADERS, "ETag": strong(sha256(script).hexdigest()[:32])}
    if has(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(script, headers=headers, media_type="text/javascript")


@router.api_route("/documents/{document_id:path}", methods=_READ)
def article_page(document_id: AddressedId, live: LiveIndex, request: Request) -> Response:
    """One article; its script fetches the text and marks the range in the address, as in #120-180."""
    told = request.state.caller.may("ask")  # to all others an article that is there looks like one that is not
    return _page("article.html", request, 404 if told and _unknown(document_id, live) else 200)


@router.api_route("/docs", methods=_READ)
def docs_page(request: Request) -> Response:
    """Swagger UI over /openapi.json."""
    return _page("docs.html", request)


@router.api_route("/docs/problems", methods=_READ)
def problems_page(request: Request) -> Response:
    """What the `type` of a problem refers to."""
    return _page("problems.html", request)


def _page(name: str, request: Request, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A page whose links to this server, ="/…", count from its own address, so that any path before them stays.

    A slash that is written %2F parts nothing for a browser, hence the address as it was sent.
    """
    sent = request.scope["raw_path"].decode("ascii", "replace").removeprefix(request.scope.get("root_path", ""))
    up = "../" * (sent.count("/") - 1) or "./"
    page = (STATIC / name).read_text("utf-8").replace('="/', f'="{up}')
    return HTMLResponse(page, status, headers)


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
