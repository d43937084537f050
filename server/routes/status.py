"""/livez, /readyz, /version and /metrics: for whoever runs the server."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Response

from server.dependencies import Counted, LiveIndex
from server.live_index import Live
from server.openapi import Responses
from server.schemas.base import Reply

router = APIRouter(tags=["status"])


class Check(Reply):
    """One thing that must be well for the server to be ready."""

    name: str
    ok: bool
    detail: str


class Readiness(Reply):
    """Whether questions are answered now, and from which index."""

    ready: bool
    index_version: str | None
    checks: tuple[Check, ...]


class Liveness(Reply):
    """The process answers."""

    alive: bool


class Version(Reply):
    """What answers here."""

    version: str
    index_version: str | None
    embedder: str | None


_NOT_READY: Responses = {503: {"model": Readiness, "description": "Loading, or no index"}}
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text"}}


@router.get("/livez", operation_id="get_liveness")
async def livez() -> Liveness:
    """The process answers; nothing else is checked."""
    return Liveness(alive=True)


@router.get("/readyz", operation_id="get_readiness", responses=_NOT_READY)
async def readyz(response: Response, live: LiveIndex) -> Readiness:
    """Whether questions are answered. A new index that cannot be loaded is shown here while the old one answers."""
    serving = live.state.assistant
    checks = _checks(live)
    if serving is None:
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return Readiness(ready=serving is not None, index_version=serving.index.version if serving else None, checks=checks)


@router.get("/version", operation_id="get_version")
async def get_version(live: LiveIndex) -> Version:
    """Of the program, the index and the model."""
    serving = live.state.assistant
    return Version(
        version=package_version(), index_version=serving.index.version if serving else None, embedder=live.embedder_name
    )


@router.get("/metrics", operation_id="get_metrics", response_class=Response, responses=_TEXT)
def get_metrics(counted: Counted) -> Response:
    """Requests and their times by route, answers by status and reason, feedback, the index; Prometheus text format."""
    return counted.text()


def package_version() -> str:
    """Of the installed distribution; from a bare checkout there is none."""
    try:
        return version("quotewell")
    except PackageNotFoundError:
        return "0+unknown"


def _checks(live: Live) -> tuple[Check, ...]:
    state = live.state
    serving, problem = state.assistant, state.problem
    count = f"{serving.index.document_count:,} documents" if serving else str(problem)
    newest = str(problem) if problem else "the newest index answers"
    watching = live.watching
    return (
        Check(name="index", ok=serving is not None, detail=count),
        Check(name="newest", ok=problem is None, detail=newest),
        Check(name="watcher", ok=watching, detail="running" if watching else "stopped; restart the server"),
    )
