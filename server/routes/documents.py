"""/v1/documents: list, read, add, replace and delete articles. A write is answered once answers reflect it."""

from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_right
from hashlib import sha256
from pathlib import PurePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from index.errors import BadInput, UnreadableFile
from index.formats.document import MAX_ID_CHARS, make_document, serves_as_id
from index.formats.metadata import Facts
from index.formats.text import clean_body
from index.records import Document, document_fields, plain
from index.storage.merkle import revision
from index.text.language import language
from server.dependencies import NOT_MODIFIED, AddressedId, IfNoneMatch, LiveIndex, Now, SentFiles, strong, unchanged
from server.live_index import Live
from server.middleware.idempotency import KEYED
from server.openapi import Responses, problems
from server.problems import OVERLOADED, problem
from server.schemas import base as schemas
from server.schemas.base import Fields
from server.uploads import Operation

router = APIRouter(prefix="/v1/documents", tags=["documents"])
_WRITTEN: Responses = {201: {"model": schemas.DocumentInfo, "description": "Added"}}
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Cleaned text"}}
_TAKEN: Responses = {202: {"model": schemas.Operation, "description": "A file, taken: follow its operation"}}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}, "id": {"type": "string"}},
}
_FILE = {"requestBody": {"content": {"multipart/form-data": {"schema": _FORM}}}}
_CHECK_BYTES = 6
_BAD_TOKEN = "page_token is not one that this server gave; begin without one"


@router.get(
    "", operation_id="list_documents", response_model=schemas.DocumentPage, responses=NOT_MODIFIED | problems(422, 503)
)
def list_documents(
    now: Now,
    response: Response,
    page_size: Annotated[int, Query(ge=1, le=schemas.MAX_PAGE_SIZE)] = 50,
    page_token: Annotated[str, Query(max_length=4000, description="next_page_token of the page before")] = "",
    if_none_match: IfNoneMatch = "",
) -> Fields | Response:
    """Articles in order of their ids, a page at a time; a page token stays good while others add and delete."""
    ids = now.index.document_ids
    begin = bisect_right(ids, id_of(page_token)) if page_token else 0
    shown = ids[begin : begin + page_size]
    return unchanged(if_none_match, response, strong(now.index.version)) or {
        "documents": [document_fields(now.index.document(name)) for name in shown],
        "total": len(ids),
        "next_page_token": token_of(shown[-1]) if begin + page_size < len(ids) else None,
        "index_version": now.index.version,
    }


class _Sent(APIRoute):
    """Taken where the body is a form: at the same address as an article in JSON."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        form = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
        return super().matches(scope) if form else (Match.NONE, {})


async def _send_file(
    request: Request,
    uploads: SentFiles,
    response: Response,
    files: Annotated[list[UploadFile], File(alias="file", description="in any format that is read from a folder")],
    document_id: Annotated[str, Form(alias="id")] = "",  # the file's name without its ending where none is given
) -> Fields | Response:
    """Taken, and indexed while the sender follows the operation in `Location`; 503 while enough others wait."""
    if uploads.is_full:
        return problem(request.scope, OVERLOADED, "other files wait to be read; send this one when one of them is done")
    if len(files) > 1:
        raise BadInput("the form holds several files; send one at a time")
    file = files[0]
    name = PurePath((file.filename or "").replace("\\", "/")).name
    operation = uploads.begin(
        name, await file.read(), _checked(document_id or name.removesuffix(PurePath(name).suffix))
    )
    response.headers["Location"] = f"/v1/operations/{operation.id}"
    return _operation_fields(operation)


router.routes.append(
    _Sent(
        router.prefix, _send_file, methods=["POST"], status_code=202, response_model=schemas.Operation,
        dependencies=KEYED, include_in_schema=False,
    )
)  # fmt: skip
operations = APIRouter(prefix="/v1/operations", tags=["documents"])


@operations.get(
    "/{operation_id}", operation_id="get_operation", response_model=schemas.Operation, responses=problems(404, 422)
)
def get_operation(operation_id: str, uploads: SentFiles) -> Fields:
    """What became of a file that was sent to /v1/documents; ask again while it is running."""
    return _operation_fields(uploads.operation(operation_id))


def _operation_fields(operation: Operation) -> Fields:
    told = {name: getattr(operation, name) for name in ("id", "file", "status", "problems", "warnings")}
    return {**told, "documents": [document_fields(document) for document in operation.documents]}


@router.post(
    "", operation_id="add_document", status_code=201, dependencies=KEYED, openapi_extra=_FILE,
    responses=_TAKEN | problems(400, 409, 413, 422, 503),
)  # fmt: skip
def add_document(body: schemas.NewDocument, response: Response, live: LiveIndex) -> schemas.DocumentInfo:
    """Add or replace an article by the id in the body; 201 when it is new, else 200."""
    return _put(body.id, body, response, live)


@router.get(
    "/{document_id}/text", operation_id="get_document_text", response_class=Response,
    responses=_TEXT | NOT_MODIFIED | problems(404, 503),
)  # fmt: skip
def get_document_text(document_id: AddressedId, now: Now, if_none_match: IfNoneMatch = "") -> Response:
    """The cleaned text, to which the offsets of passages and citations refer."""
    text = now.index.document(document_id).text
    reply = Response(text, headers={"Content-Security-Policy": "default-src 'none'; sandbox"}, media_type="text/plain")
    return unchanged(if_none_match, reply, strong(revision(text).hex())) or reply


@router.get(
    "/{document_id}", operation_id="get_document", response_model=schemas.Document,
    responses=NOT_MODIFIED | problems(404, 503),
)  # fmt: skip
def get_document(
    document_id: AddressedId, response: Response, now: Now, if_none_match: IfNoneMatch = ""
) -> Fields | Response:
    """One article with its cleaned text."""
    document = now.index.document(document_id)
    return unchanged(if_none_match, response, strong(now.index.version)) or {
        **document_fields(document),
        "text": document.text,
        "headings": plain(document.headings),
        "pages": plain(document.pages),
        "index_version": now.index.version,
    }


@router.put(
    "/{document_id}", operation_id="put_document", dependencies=KEYED,
    responses=_WRITTEN | problems(400, 409, 413, 422, 503),
)  # fmt: skip
def put_document(
    document_id: AddressedId, body: schemas.DocumentContent, response: Response, live: LiveIndex
) -> schemas.DocumentInfo:
    """Add or replace an article; the same request twice leaves one article."""
    return _put(_checked(document_id), body, response, live)


@router.delete(
    "/{document_id}", operation_id="delete_document", status_code=204, dependencies=KEYED,
    responses=problems(404, 409, 422, 503),
)  # fmt: skip
def delete_document(document_id: AddressedId, live: LiveIndex) -> None:
    """No answer cites the article any more when this returns."""
    live.delete(document_id)


def _put(document_id: str, body: schemas.DocumentContent, response: Response, live: Live) -> schemas.DocumentInfo:
    document = _document(document_id, body)
    added = live.put(document)
    response.status_code = 201 if added else 200
    response.headers["Location"] = f"{router.prefix}/{quote(document_id, safe='')}"
    return schemas.DocumentInfo.model_validate(document_fields(document))


def _document(document_id: str, body: schemas.DocumentContent) -> Document:
    """As a file with this text and these facts would become one."""
    cleaned, _ = clean_body(body.text)
    facts = Facts(body.title, body.author, body.publisher, body.published, body.language, body.url)
    try:
        return make_document(document_id, body.text, cleaned, facts, language=language(cleaned.text))
    except UnreadableFile as error:
        raise UnreadableFile(f"the text {error}; send the article itself") from error


def _checked(document_id: str) -> str:
    if not serves_as_id(document_id):
        raise BadInput(f"the id does not serve: 1 to {MAX_ID_CHARS} printable characters, not '.' or '..'")
    return document_id


def token_of(document_id: str) -> str:
    """Where the next page begins: after this id, whether it is still there by then or not."""
    name = document_id.encode()
    return urlsafe_b64encode(_check(name) + name).decode("ascii").rstrip("=")


def id_of(token: str) -> str:
    """Raises BadInput, also for a token that was cut off: it must not begin another page."""
    try:
        raw = b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
        check, name = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check == _check(name):
            return name.decode("utf-8")
    except ValueError as error:
        raise BadInput(_BAD_TOKEN) from error
    raise BadInput(_BAD_TOKEN)


def _check(name: bytes) -> bytes:
    return sha256(name).digest()[:_CHECK_BYTES]
