"""GET /v1/corpus: the hash of all articles, and of each; whoever keeps it can check every later answer."""

from fastapi import APIRouter, Response

from rag.receipts.manifest import manifest_of
from server.contract import problems
from server.schemas import Reply
from server.tags import NOT_MODIFIED, IfNoneMatch, strong, unchanged
from server.wiring import Now

router = APIRouter(tags=["receipts"])


class Entry(Reply):
    """An article; `sha256` is of its clean text in UTF-8."""

    document_id: str
    sha256: str
    characters: int


class Manifest(Reply):
    """The articles in order of their ids; `root` is their hash tree's (RFC 6962), and what `signature` is over."""

    format: str
    root: str
    documents: int
    entries: tuple[Entry, ...]
    signature: str | None
    public_key: str | None


@router.get("/v1/corpus", operation_id="get_corpus", response_model=Manifest, responses=NOT_MODIFIED | problems(503))
def corpus(response: Response, now: Now, if_none_match: IfNoneMatch = "") -> Manifest | Response:
    """What this server answers from now."""
    same = unchanged(if_none_match, response, strong(now.index.corpus.root))
    return same or Manifest.model_validate(manifest_of(now.index.corpus, now.basis.signature))
