"""What receipts lead to: the bytes of a revision that they name, and what became of the quotes of an old answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from index.errors import NotFound
from index.records import Document
from index.storage.snapshot import Snapshot
from index.storage.store import Store
from rag.assistant import Assistant
from rag.receipts.changes import MOST_CITATIONS, change_fields, changes_of_answer
from server.dependencies import AddressedId, DataFolder, Now
from server.etags import has, strong
from server.openapi import Responses, problems
from server.schemas.base import Fields, Reply

MOST_VERIFY_BYTES = 2_000_000
MOST_VERSION = 200

router = APIRouter(tags=["receipts"])
_BYTES: Responses = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Exactly the hashed bytes"},
    304: {"description": "The client has them"},
}
_IMMUTABLE = "private, max-age=31536000, immutable"  # private: shared caches must not keep what is deleted here
_HEADERS = {"Cache-Control": _IMMUTABLE, "Content-Security-Policy": "default-src 'none'; sandbox"}

Sha256 = Annotated[str, InPath(pattern="^[0-9a-f]{64}$", description="lower-case hex, of the text's UTF-8 bytes")]


@router.get(
    "/v1/documents/{document_id}/revisions/{sha256}", operation_id="get_revision", response_class=Response,
    responses=_BYTES | problems(404, 422, 503),
)  # fmt: skip
def get_revision(
    document_id: AddressedId, sha256: Sha256, data: DataFolder, if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """The text of an article, present or former, that has this hash: what a receipt's offsets refer to."""
    with _stored(data) as stored:
        found = stored.revision(document_id, sha256)
        if found is None:
            raise NotFound(_why_not(stored, document_id, sha256))
    headers = {**_HEADERS, "ETag": strong(sha256)}
    if has(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found, headers=headers, media_type="text/plain; charset=utf-8")


class OldAnswer(BaseModel):
    """An answer as /v1/ask gave it, or its citations alone; fields that are not named here are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    citations: Annotated[list[Any], Field(max_length=MOST_CITATIONS, description="as an answer holds them")]
    index_version: Annotated[str, Field(max_length=MOST_VERSION)] | None = None


class DiffPart(Reply):
    """Equal and deleted parts together are the cited quote, equal and inserted ones what stands there now."""

    op: Literal["equal", "delete", "insert"]
    text: str


class CitationState(Reply):
    """What became of one citation, in the order in which they were sent; start:end in the present cleaned text."""

    marker: int | None
    document_id: str
    state: Literal["unchanged", "moved", "changed", "gone", "unusable"]
    reason: str
    start: int | None
    end: int | None
    quote: str
    diff: tuple[DiffPart, ...]
    sha256: str | None


class Verification(Reply):
    """`current`: whether the answer was given by the index that answers now; null where it names none."""

    index_version: str
    answer_version: str | None
    current: bool | None
    citations: tuple[CitationState, ...]


@router.post(
    "/v1/verify", operation_id="verify_answer", response_model=Verification, responses=problems(400, 413, 422, 503)
)
def verify(body: OldAnswer, now: Now, data: DataFolder) -> Fields:
    """What became of each citation of an old answer: unchanged, moved, changed or gone, and where its words are now.

    A citation that cannot be judged is "unusable" with a reason. Nothing is said of whether an answer is right.
    """
    with _stored(data) as stored:
        changes = changes_of_answer({"citations": body.citations}, _Texts(now, stored))
    version = now.index.version
    return {
        "index_version": version,
        "answer_version": body.index_version,
        "current": None if body.index_version is None else body.index_version == version,
        "citations": [change_fields(change) for change in changes],
    }


@dataclass(frozen=True, slots=True)
class _Texts:
    """Present texts from the index that answers, so that they fit its version; former ones from the store."""

    now: Assistant
    stored: Snapshot

    def document(self, document_id: str) -> Document:
        return self.now.index.document(document_id)

    def revision(self, document_id: str, sha256: str) -> bytes | None:
        return self.stored.revision(document_id, sha256)


@contextmanager
def _stored(data: Path) -> Iterator[Snapshot]:
    with Store.open(data, readonly=True) as store, store.snapshot() as snapshot:
        yield snapshot


def _why_not(stored: Snapshot, document_id: str, sha256: str) -> str:
    stored.document(document_id)
    replaced = stored.replaced(document_id, sha256)
    if replaced is None:
        return (
            "this document never had a revision of this hash here, or it was replaced by so many that it is forgotten; "
            "its present text is at /v1/documents/{id}/text"
        )
    return (
        f"this revision was replaced on {replaced.date().isoformat()} and is no longer kept; "
        "the setting keep_revisions_days says for how long the newest are"
    )
