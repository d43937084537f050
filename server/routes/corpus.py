"""/v1/corpus and /v1/suggestions: the articles that this server answers from, and questions to begin with."""

from fastapi import APIRouter, Response

from rag.receipts.receipt import manifest_of
from server.dependencies import Now
from server.etags import NOT_MODIFIED, IfNoneMatch, strong, unchanged
from server.openapi import problems
from server.schemas.base import Fields, Reply

router = APIRouter()


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


@router.get(
    "/v1/corpus", operation_id="get_corpus", tags=["receipts"], response_model=Manifest,
    responses=NOT_MODIFIED | problems(503),
)  # fmt: skip
def corpus(response: Response, now: Now, if_none_match: IfNoneMatch = "") -> Fields | Response:
    """What this server answers from now."""
    root = strong(now.index.corpus.root)
    return unchanged(if_none_match, response, root) or manifest_of(now.index.corpus, now.basis.signature)


class Suggestions(Reply):
    """Questions that the indexed articles are known to answer."""

    suggestions: tuple[str, ...]


@router.get("/v1/suggestions", operation_id="list_suggestions", tags=["answers"], responses=problems(503))
def suggestions(now: Now) -> Suggestions:
    """Questions to begin with: made from the articles, asked, and kept only if the answer passed the threshold."""
    return Suggestions(suggestions=now.suggester.first() if now.suggester else ())
