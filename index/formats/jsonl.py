"""JSON Lines, a document a line: `_id`, `text`, optional `title, author, publisher, date, language, url` (BEIR).

A line of a FAQ has an answer in place of a text, and its question where there is one; it may do without an id.

Read line by line, so that a corpus of any size takes the memory of its longest line. A notebook is JSON as a whole.
"""

import gzip
import io
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from index.cleaning.clean import clean_plain
from index.cleaning.pieces import Piece
from index.errors import UnreadableFile
from index.formats.document import Unread, make_document
from index.formats.extracted import extracted, moved, piece, pieces_in
from index.formats.metadata import Facts, Metadata, as_date
from index.formats.text import decode
from index.records import Block, Document, Kind, Span

_ASKED, _SAID = ("question", "q", "prompt"), ("answer", "a", "response", "completion")  # the names of a FAQ
MAX_LINE_BYTES = 10_000_000
MAX_UNPACKED_BYTES = 20_000_000_000
MAX_RATIO = 100  # unpacked to packed; texts come to 3 to 20, what is made to fill memory to 1,000
SMALL_BYTES = 10_000_000  # up to here any ratio will do
MOST_BROKEN = 20  # lines of one file that are named; further ones are counted
_CHUNK = 1 << 20


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """One document a line; a broken line is reported with its number and the rest is read."""
    if path.suffix == ".gz":
        _look_through(path)
    empty, broken = True, 0
    with _opened(path) as file:
        for number, line in enumerate(_lines(file), start=1):
            if line is not None and not line.strip():
                continue
            empty = False
            try:
                yield _document(_parsed(line), metadata, f"{document_id}/{number}")
            except UnreadableFile as error:
                broken += 1
                if broken <= MOST_BROKEN:
                    yield Unread(f"{path}:{number}", str(error))
    if broken > MOST_BROKEN:
        yield Unread(str(path), f"has {broken - MOST_BROKEN:,} more lines that cannot be read")
    if empty:
        raise UnreadableFile("is empty")


def _opened(path: Path) -> io.BufferedIOBase:
    """The file's bytes, unpacked; UTF-16, which line feeds do not part, as UTF-8."""
    file: io.BufferedIOBase = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115 (the caller closes it)
    mark = file.read(len(BOM_UTF8))
    if mark[:2] in (b"\xff\xfe", b"\xfe\xff"):
        with file:
            raw = mark + file.read(MAX_LINE_BYTES)
            if file.read(1):
                raise UnreadableFile(f"is UTF-16 of more than {MAX_LINE_BYTES:,} bytes; convert it to UTF-8")
        return io.BytesIO(decode(raw).encode())
    if mark != BOM_UTF8:
        file.seek(0)
    return file


def _lines(file: io.BufferedIOBase) -> Iterator[bytes | None]:
    """Not decoded yet, so that a bad byte costs one document and not the file; None for a line that is too long."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(_CHUNK)
            yield None
        else:
            yield line


def _parsed(line: bytes | None) -> object:
    if line is None:
        raise UnreadableFile(f"is longer than {MAX_LINE_BYTES:,} bytes; split it")
    try:
        return json.loads(decode(line))
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"is not JSON: {error.msg} at {error.pos}") from error
    except ValueError as error:
        raise UnreadableFile("holds a number of more digits than can be read") from error
    except RecursionError as error:
        raise UnreadableFile("is nested too deeply") from error


def _look_through(path: Path) -> None:
    """Unpacks it once for nothing: no line of a damaged file is taken, nor of one that unpacks without end."""
    most = min(max(SMALL_BYTES, MAX_RATIO * path.stat().st_size), MAX_UNPACKED_BYTES)
    unpacked = 0
    try:
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > most:
                    raise UnreadableFile(f"unpacks to more than {most:,} bytes, {MAX_RATIO} times its size; unpack it")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(f"is not a whole gzip file: {error}") from error


def _document(fields: object, metadata: Metadata, place: str) -> Document:
    if not isinstance(fields, dict):
        raise UnreadableFile("is not a JSON object")
    names = fields.keys() if "text" not in fields else ()
    asked, said = (next((name for name in known if name in names), "") for known in (_ASKED, _SAID))
    document_id = _text(fields, "_id") or _text(fields, "id") or (place if asked or said else "")
    asked, said = _text(fields, asked).strip(), _text(fields, said).rstrip()
    text = f"{asked}\n\n{said}" if asked and said else said or _text(fields, "text") or _text(fields, "title")
    if not document_id:
        raise UnreadableFile("has no _id")
    known = metadata.of(document_id)
    when = fields.get("published") or fields.get("date")
    facts = Facts(
        title=known.title or _text(fields, "title") or asked,
        author=known.author or _text(fields, "author"),
        publisher=known.publisher or _text(fields, "publisher") or _text(fields, "source"),
        published=known.published or (as_date(document_id, when) if when else None),
        language=known.language or _text(fields, "language"),
        url=known.url or _text(fields, "url"),
        inferred=known.inferred,
    )
    cleaned = clean_plain(text)
    if asked and said:
        question = Block("question", 0, len(asked))
        answers = (b._replace(lead=Span(*question[1:3])) for b in cleaned.blocks if b.start > len(asked))
        cleaned = replace(cleaned, blocks=(question, *answers))
    return make_document(document_id, text, cleaned, facts, read_as="line")


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if type(value) is int and name in ("_id", "id"):
        return str(value)
    if value is None or isinstance(value, str):
        return value or ""
    raise UnreadableFile(f"has a {name} that is not text: {value!r}"[:200])


def read_notebook(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document]:
    """The one document of a Jupyter notebook: its cells, and aside what they put out. Raises UnreadableFile."""
    book = _parsed(path.read_bytes())
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        raise UnreadableFile("is no notebook of format 4: it has no cells")
    found: list[Piece] = []
    for cell in cells:
        source, outputs = "".join(cell.get("source", "")), cell.get("outputs", ())
        if cell.get("cell_type") == "markdown":
            found += moved(pieces_in(source, "markdown"), len(found))
            continue
        shown = [o.get("text") or o.get("data", {}).get("text/plain") or o.get("evalue", "") for o in outputs]
        said: list[tuple[Kind, Sequence[str]]] = [("code", source), *(("aside", text) for text in shown)]
        lines = [(kind, line.rstrip()) for kind, text in said for line in "".join(text).splitlines() if line.strip()]
        found += [piece(kind, line, at) for at, (kind, line) in enumerate(lines, start=len(found))]
    yield extracted(document_id, found, metadata.of(document_id), Facts())
