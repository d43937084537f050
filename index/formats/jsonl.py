"""JSON Lines, a document a line: `_id`, `text`, optional `title, author, publisher, date, language, url` (BEIR)."""

import gzip
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

from index.cleaning.clean import clean_plain
from index.errors import UnreadableFile
from index.formats.document import Unread, make_document
from index.formats.metadata import Facts, Metadata, as_date
from index.formats.text import decode
from index.records import Document

MAX_UNPACKED_BYTES = 2_000_000_000


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """One document a line; a broken line is reported with its number and the rest is read."""
    for number, line in enumerate(_lines(_unpack(path)), start=1):
        if line.strip():
            try:
                yield _document(_parsed(line), metadata)
            except UnreadableFile as error:
                yield Unread(f"{path}:{number}", str(error))


def _lines(raw: bytes) -> list[bytes]:
    """UTF-8 lines, not decoded yet, so that a bad byte costs one document and not the file."""
    if b"\0" in raw or not raw.strip():
        raw = decode(raw).encode()
    return raw.removeprefix(BOM_UTF8).split(b"\n")


def _parsed(line: bytes) -> object:
    try:
        return json.loads(decode(line))
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"is not JSON: {error.msg} at {error.pos}") from error
    except ValueError as error:
        raise UnreadableFile("holds a number of more digits than can be read") from error
    except RecursionError as error:
        raise UnreadableFile("is nested too deeply") from error


def _unpack(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            raw = file.read(MAX_UNPACKED_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(f"is not a whole gzip file: {error}") from error
    if len(raw) > MAX_UNPACKED_BYTES:
        raise UnreadableFile(f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes; split it")
    return raw


def _document(fields: object, metadata: Metadata) -> Document:
    if not isinstance(fields, dict):
        raise UnreadableFile("is not a JSON object")
    document_id = _text(fields, "_id") or _text(fields, "id")
    text = _text(fields, "text") or _text(fields, "title")
    if not document_id:
        raise UnreadableFile("has no _id")
    known = metadata.of(document_id)
    when = fields.get("published") or fields.get("date")
    facts = Facts(
        title=known.title or _text(fields, "title"),
        author=known.author or _text(fields, "author"),
        publisher=known.publisher or _text(fields, "publisher") or _text(fields, "source"),
        published=known.published or (as_date(document_id, when) if when else None),
        language=known.language or _text(fields, "language"),
        url=known.url or _text(fields, "url"),
        inferred=known.inferred,
    )
    return make_document(document_id, text, clean_plain(text), facts)


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if type(value) is int and name in ("_id", "id"):
        return str(value)
    if value is None or isinstance(value, str):
        return value or ""
    raise UnreadableFile(f"has a {name} that is not text: {value!r}"[:200])
