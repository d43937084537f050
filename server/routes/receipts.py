"""What can be checked: a text against the articles, all articles by their root, a revision by its hash, an old answer.

And questions to begin with, which the articles are known to answer.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Header, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from index.errors import BadInput, BadQuestion, NotFound
from index.records import Document
from index.storage.snapshot import Snapshot
from index.storage.store import Store
from rag.answer_json import citation_fields
from rag.receipts.changes import MOST_CITATIONS, change_fields, changes_of_answer
from rag.receipts.receipt import manifest_of
from rag.text_check.check import MOST_CHARACTERS, check_text, text_check_fields
from server.dependencies import NOT_MODIFIED, AddressedId, DataFolder, IfNoneMatch, Now, has, strong, unchanged
from server.openapi import Responses, problems
from server.schemas.base import Citation, Fields, IsoDate, Reply, Request, Text

MOST_CHECK_BYTES = 12 * MOST_CHARACTERS + 1_000  # a character is at most two escapes of six bytes in JSON
MOST_VERIFY_BYTES = 2_000_000
MOST_VERSION = 200

router = APIRouter()
_BYTES: Responses = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Exactly the hashed bytes"},
    304: {"description": "The client has them"},
}
_IMMUTABLE = "private, max-age=31536000, immutable"  # private: shared caches must not keep what is deleted here
_HEADERS = {"Cache-Control": _IMMUTABLE, "Content-Security-Policy": "default-src 'none'; sandbox"}

Sha256 = Annotated[str, InPath(pattern="^[0-9a-f]{64}$", description="lower-case hex, of the text's UTF-8 bytes")]


class TextToCheck(Request):
    """A text of at most 200 sentences; they are split here."""

    text: Annotated[Text, Field(min_length=1, max_length=MOST_CHARACTERS)] = Field(
        examples=["The El Chamizal dispute was resolved peacefully in 1967."]
    )
    as_of: IsoDate | None = Field(None, description="check as if articles published later did not exist")


class Difference(Reply):
    """A name, number, date or negation of the sentence, and what the closest span has instead; "" for nothing."""

    said: str
    found: str


class CheckedSentence(Reply):
    """What the articles say of one sentence, at start:end (code points) of the text.

    supported: one span says it, with all its names, numbers and dates, and none of them otherwise. partly: spans speak
    of it, but do not say all of it, or say it otherwise. unsupported: none speaks of it. `citations` are the markers of
    these spans, best first. Supported does not mean true, and who did what to whom is not compared.
    """

    text: str
    start: int
    end: int
    state: Literal["supported", "partly", "unsupported", "not_a_claim"]
    citations: tuple[int, ...]
    missing: tuple[str, ...] = Field(description="names, numbers and dates found nowhere in the articles")
    elsewhere: tuple[str, ...] = Field(description="found in the articles, but in none of these spans")
    differs: tuple[Difference, ...]


class CheckedText(Reply):
    """The sentences in order, and every span that is named with one, once."""

    sentences: tuple[CheckedSentence, ...]
    citations: tuple[Citation, ...]
    index_version: str


@router.post(
    "/v1/check", operation_id="check_text", tags=["receipts"], response_model=CheckedText,
    responses=problems(400, 413, 422, 503),
)  # fmt: skip
def check(body: TextToCheck, response: Response, now: Now) -> Fields:
    """Say of every sentence of a text which verbatim spans support it, or what in it they do not say."""
    begin = perf_counter()
    index = now.index.as_of(body.as_of) if body.as_of else now.index
    try:
        found = check_text(body.text, index)
    except BadQuestion as error:
        raise BadInput(str(error)) from error  # there is no /question in this body to point at
    response.headers["Server-Timing"] = f"check;dur={(perf_counter() - begin) * 1000:.1f}"
    return text_check_fields(found, partial(citation_fields, basis=now.basis))


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


@router.get(
    "/v1/documents/{document_id}/revisions/{sha256}", operation_id="get_revision", tags=["receipts"],
    response_class=Response, responses=_BYTES | problems(404, 422, 503),
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
    "/v1/verify", operation_id="verify_answer", tags=["receipts"], response_model=Verification,
    responses=problems(400, 413, 422, 503),
)  # fmt: skip
def verify(body: OldAnswer, now: Now, data: DataFolder) -> Fields:
    """What became of each citation of an old answer: unchanged, moved, changed or gone, and where its words are now.

    A citation that cannot be judged is "unusable" with a reason. Nothing is said of whether an answer is right.
    """
    with _stored(data) as stored:
        changes = changes_of_answer({"citations": body.citations}, _Texts(now.index.document, stored.revision))
    version = now.index.version
    return {
        "index_version": version,
        "answer_version": body.index_version,
        "current": None if body.index_version is None else body.index_version == version,
        "citations": [change_fields(change) for change in changes],
    }


class _Texts(NamedTuple):
    """Present texts from the index that answers, so that they fit its version; former ones from the store."""

    document: Callable[[str], Document]
    revision: Callable[[str, str], bytes | None]


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
