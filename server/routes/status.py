"""/livez, /readyz, /version and /metrics: for whoever runs the server."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Response

from server.dependencies import Counted, LiveIndex
from server.live_index import Live
from server.openapi import Responses
from server.schemas import base as schemas

router = APIRouter(tags=["status"])
_NOT_READY: Responses = {503: {"model": schemas.Readiness, "description": "Loading, or no index"}}
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text"}}


@router.get("/livez", operation_id="get_liveness")
async def livez() -> schemas.Liveness:
    """The process answers; nothing else is checked."""
    return schemas.Liveness(alive=True)


@router.get("/readyz", operation_id="get_readiness", responses=_NOT_READY)
async def readyz(response: Response, live: LiveIndex) -> schemas.Readiness:
    """Whether questions are answered. A new index that cannot be loaded is shown here while the old one answers."""
    serving = live.state.assistant
    checks = _checks(live)
    if serving is None:
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return schemas.Readiness(
        ready=serving is not None, index_version=serving.index.version if serving else None, checks=checks
    )


@router.get("/version", operation_id="get_version")
async def get_version(live: LiveIndex) -> schemas.Version:
    """Of the program, the index and the model."""
    serving = live.state.assistant
    return schemas.Version(
        version=package_version(),
        index_version=serving.index.version if serving else None,
        embedder=live.embedder_name,
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


def _checks(live: Live) -> tuple[schemas.Check, ...]:
    state = live.state
    serving, problem = state.assistant, state.problem
    count = f"{len(serving.index.document_ids):,} documents" if serving else str(problem)
    newest = str(problem) if problem else "the newest index answers"
    watching = live.watching
    return (
        schemas.Check(name="index", ok=serving is not None, detail=count),
        schemas.Check(name="newest", ok=problem is None, detail=newest),
        schemas.Check(name="watcher", ok=watching, detail="running" if watching else "stopped; restart the server"),
    )
