"""The application: routes, errors and what surrounds them. Nothing happens before it is started."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.types import Scope

from index.settings import Settings
from index.storage.feedback import FeedbackStore
from server.access.guard import Guard, rate_of
from server.access.hostnames import KnownNames, Names, is_local
from server.access.keys import Keys
from server.answer_log import Kept, Noting, RecentFollowUps
from server.live_index import Live
from server.mcp_tools.endpoint import open_door
from server.metrics import Measured, Metrics
from server.middleware.admission import Capacity, Gate, Lanes, turned_away
from server.middleware.cors import Origins
from server.middleware.idempotency import Idempotent
from server.middleware.shell import BodyLimit, LastResort, Shell
from server.openai import responses
from server.openai import routes as completions
from server.openapi import problems, publish_contract
from server.problems import handle_problems
from server.routes import answers, ask, documents, pages, receipts, status
from server.schemas.openai import speaks_openai
from server.uploads import Uploads
from server.write_log import Replies

MAX_DOCUMENT_BYTES = 10_000_000

_DESCRIPTION = "Answers from a corpus of articles, only in their own words, each quote with its source."
_PARTS = (ask, answers, completions, responses, receipts, documents, status, pages)


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
    _equip(app, settings)
    for part in _PARTS:
        app.include_router(part.router)
    app.include_router(documents.operations)
    open_door(app, app.state.live, settings)
    pages.mount_files(app)
    handle_problems(app)
    publish_contract(app)
    _surround(app, settings)
    return app


def _equip(app: FastAPI, settings: Settings) -> None:
    """What handlers share; `server.dependencies` hands it to them."""
    app.state.capacity = Capacity.of(settings)
    app.state.lanes = Lanes(app.state.capacity)
    app.state.live = Live(settings, app.state.lanes.answers.idle)
    app.state.uploads = Uploads(app.state.live, settings.data)
    app.state.names = Names(settings)
    app.state.data = settings.data
    app.state.alone = is_local(settings)
    app.state.rate = rate_of(settings)
    app.state.kept = Kept(settings.data, settings.keep_answers)
    app.state.feedback = FeedbackStore(settings.data, settings.keep_answers)
    app.state.metrics = Metrics(app.state.live, app.state.feedback, app.version)
    app.state.turned_away = partial(turned_away, app.state.lanes, app.state.metrics.requested)
    app.state.noting = Noting(app.state.feedback, app.state.metrics, settings.keep_answers)
    app.state.replies = Replies(settings.data)
    app.state.follow_ups = RecentFollowUps()
    app.state.inline_sources = settings.inline_sources


def _surround(app: FastAPI, settings: Settings) -> None:
    """What every request passes; the one that is added last is met first."""

    least = {"/v1/verify": receipts.MOST_VERIFY_BYTES, "/v1/check": receipts.MOST_CHECK_BYTES}

    def most_bytes(scope: Scope) -> int:
        path = str(scope["path"])
        if path.startswith("/v1/documents"):
            return MAX_DOCUMENT_BYTES
        own = completions.MOST_CHAT_BYTES if speaks_openai(path) else least.get(path, 0)
        return max(own, settings.max_body_bytes)

    app.add_middleware(Idempotent, replies=app.state.replies)
    app.add_middleware(Gate, lanes=app.state.lanes)
    app.add_middleware(BodyLimit, most=most_bytes)
    app.add_middleware(Guard, keys=Keys(settings.data), names=app.state.names, rate=app.state.rate, settings=settings)
    app.add_middleware(LastResort)
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.add_middleware(Origins, pages=app.state.names.pages)
    app.add_middleware(KnownNames, names=app.state.names)
    app.add_middleware(Shell, below=app.state.names.below)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    live: Live = app.state.live
    app.state.capacity.take_effect()
    live.start()
    try:
        yield
    finally:
        app.state.uploads.close()
        live.stop()
        for closed in (app.state.kept, app.state.feedback, app.state.replies):
            closed.close()
