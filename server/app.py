"""The application: routes, errors and what surrounds them. Nothing happens before it is started."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Scope

from index.settings import Settings
from server import answers, ask, check, corpus, documents, pages, revisions, status, suggestions
from server.contract import problems, publish_contract
from server.kept import Kept
from server.live import Live
from server.problems import handle_problems
from server.shell import BodyLimit, Shell

MAX_DOCUMENT_BYTES = 10_000_000

_DESCRIPTION = "Answers from a corpus of articles, only in their own words, each quote with its source."


def create_app(settings: Settings) -> FastAPI:
    """The index is loaded in the background once the application starts; until then questions get a 503."""
    app = FastAPI(
        title="Quotewell",
        version=status.package_version(),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problems(),
        lifespan=_lifespan,
    )
    app.state.live = Live(settings)
    app.state.data = settings.data
    app.state.kept = Kept(settings.data, settings.keep_answers)
    for part in (ask, answers, check, corpus, suggestions, revisions, documents, status, pages):
        app.include_router(part.router)
    pages.mount_files(app)
    handle_problems(app)
    publish_contract(app)

    def most_bytes(scope: Scope) -> int:
        if scope["path"] == "/v1/verify":
            return max(revisions.MOST_VERIFY_BYTES, settings.max_body_bytes)
        if scope["path"] == "/v1/check":
            return max(check.MOST_CHECK_BYTES, settings.max_body_bytes)
        return MAX_DOCUMENT_BYTES if str(scope["path"]).startswith("/v1/documents") else settings.max_body_bytes

    app.add_middleware(BodyLimit, most=most_bytes)
    app.add_middleware(Shell)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    live: Live = app.state.live
    live.start()
    try:
        yield
    finally:
        live.stop()
        app.state.kept.close()
