"""JSON Lines, a document a line: `_id`, `text`, optional `title, author, publisher, date, language, url` (BEIR)."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from index.clean import clean_plain
from index.errors import UnreadableFile
from index.formats.document import Unread, make_document
from index.formats.metadata import Facts, Metadata, as_date
from index.formats.text import decode
from index.records import Document

MAX_UNPACKED_BYTES = 2_000_000_000


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """One document a line; a broken line is reported with its number and the rest is read."""
    for number, line in enumerate(decode(_unpack(path)).split("\n"), start=1):
        if line.strip():
            try:
                yield _document(json.loads(line), metadata)
            except json.JSONDecodeError as error:
                yield Unread(f"{path}:{number}", f"is not JSON: {error.msg} at {error.pos}")
            except RecursionError:
                yield Unread(f"{path}:{number}", "is nested too deeply")
            except UnreadableFile as error:
                yield Unread(f"{path}:{number}", str(error))


def _unpack(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            raw = file.read(MAX_UNPACKED_BYTES + 1)
    except (EOFError, gzip.BadGzipFile) as error:
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
    if isinstance(value, int) and name in ("_id", "id"):
        return str(value)
    if value is None or isinstance(value, str):
        return value or ""
    raise UnreadableFile(f"has a {name} that is not text: {value!r}"[:200])
