"""What POST /v1/verify takes and gives. An answer is taken as it was given, with whatever else it holds."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.receipts.changes import MOST_CITATIONS
from server.schemas import Reply

MOST_VERSION = 200


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
