"""What the wire formats of several routes are made of; what one route alone takes or gives stands beside it.

Offsets are Unicode code points of the cleaned text, end exclusive. Unknown fields are errors in both directions;
replies are filled from the names in `rag.answer_json` and `index.records`, so that programs see one format everywhere.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from index.formats.document import MAX_ID_CHARS, serves_as_id

MAX_LIMIT = 100
MAX_PAGE_SIZE = 100


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError("holds a character that is no text (NUL or half a surrogate pair)")
    return value


def _document_id(value: str) -> str:
    if not serves_as_id(value):
        raise ValueError("is not a document id: use printable characters, and neither '.' nor '..'")
    return value


def _iso_date(value: object) -> object:
    if not isinstance(value, str) or len(value) != len("2025-08-11"):
        raise ValueError("is not a date; expected YYYY-MM-DD")
    return date.fromisoformat(value)


Text = Annotated[str, AfterValidator(_text)]
Line = Annotated[Text, Field(max_length=1000)]
DocumentId = Annotated[Text, AfterValidator(_document_id), Field(min_length=1, max_length=MAX_ID_CHARS)]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]
WebAddress = Annotated[Text, Field(pattern=r"^(https?://\S+)?$", max_length=2000)]
Range = Annotated[  # as few schema words as will do: generators of clients do not know prefixItems
    tuple[int, int], WithJsonSchema({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2})
]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Fields = dict[str, Any]  # of a reply; FastAPI holds them to the reply's model and writes them


class Request(BaseModel):
    """Closed, and nothing is converted: "1" is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Reply(BaseModel):
    """Closed: a name that is missing here is a bug."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DocumentContent(Request):
    """An article: plain text or Markdown, cleaned like a file, and what is known about it."""

    text: Text
    title: Line = ""
    author: Line = ""
    publisher: Line = ""
    published: IsoDate | None = None
    language: str = Field("", pattern=r"^([a-z]{2})?$", description="ISO 639-1; empty: found from the text")
    url: WebAddress = ""


class NewDocument(DocumentContent):
    """An article with its id."""

    id: DocumentId


class Proof(Reply):
    """That an article belongs to the corpus: its leaf, and the hashes beside the way from there to the root."""

    index: int
    size: int
    path: tuple[str, ...]


class Receipt(Reply):
    """The hash of the article's text, the quote's [start, end] in other units, what stands around it, the proof."""

    sha256: str
    utf16: Range
    bytes: Range
    prefix: str
    suffix: str
    text_url: str
    revision_url: str
    proof: Proof


class ShortAnswer(Reply):
    """The words of a quote that answer: start:end in the cleaned text, source_start:source_end as it was given."""

    text: str
    start: int
    end: int
    source_start: int
    source_end: int


class Citation(Reply):
    """Where a quote stands: start:end in the cleaned text, source_start:source_end in the text as it was given."""

    marker: int
    document_id: str
    passage_id: str
    title: str
    author: str
    published: date | None
    inferred: tuple[str, ...]
    url: str
    quote: str
    start: int
    end: int
    source_start: int
    source_end: int
    page: int | None = Field(None, description="of a file with pages, where the quote begins")
    answer: ShortAnswer | None = Field(
        None, description="the words of the quote that answer; null where no few words do"
    )
    twins: tuple[str, ...] = Field((), description="ids of nearly equal articles that say the quote, too")
    receipt: Receipt | None = Field(None, description="what lets a client check the quote by itself")


class DocumentInfo(Reply):
    """What is known about an article; `inferred` names the fields that stand nowhere in it."""

    id: str
    title: str
    author: str
    publisher: str
    published: date | None
    language: str
    url: str
    inferred: tuple[str, ...]
    characters: int
    sha256: str


class Document(DocumentInfo):
    """An article with its cleaned text; `headings` are [start, end] of the lines that are headings.

    `pages` are [start, page]: from there on the text stands on that page of the file.
    """

    text: str
    headings: tuple[Range, ...]
    pages: tuple[Range, ...] = ()
    index_version: str


class DocumentPage(Reply):
    """One page of the articles in order of their ids; `next_page_token` is null on the last."""

    documents: tuple[DocumentInfo, ...]
    total: int
    next_page_token: str | None
    index_version: str


class Operation(Reply):
    """What became of a file that was sent; `documents` are in answers already.

    failed: at least one document of the file could not be read or stored, for what `problems` says. `warnings` tell
    what was read otherwise than it stands there.
    """

    id: str
    file: str
    status: Literal["running", "done", "failed"]
    documents: tuple[DocumentInfo, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


class FieldProblem(Reply):
    """What is wrong with one value of the request; `pointer` is a JSON Pointer (RFC 6901) into the body, or a name."""

    pointer: str
    detail: str


class Problem(Reply):
    """RFC 9457: every error reply has this form."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: tuple[FieldProblem, ...] = ()
