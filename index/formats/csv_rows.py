"""Tables as rows of separated cells: each row is quoted with the header that leads it."""

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from pathlib import Path

from index.errors import UnreadableFile
from index.formats.document import FileReading
from index.formats.extracted import CELLS, extracted, line, piece
from index.formats.metadata import Facts, Metadata
from index.formats.text import decode_any

MOST_CHARS = 10_000_000
MOST_ROWS = 200_000
_SEPARATORS = ",;\t|"
_SNIFFED = 4_000  # characters


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[FileReading]:
    """The one document of the table. Raises UnreadableFile."""
    if path.stat().st_size > 4 * MOST_CHARS:
        raise UnreadableFile(f"is larger than {4 * MOST_CHARS:,} bytes; split it")
    text, warnings = decode_any(path.read_bytes())
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_CHARS:
        raise UnreadableFile(f"holds more than {MOST_CHARS:,} characters; split it")
    rows = [cells for row in islice(_rows(text), MOST_ROWS + 1) if any(cells := [line(cell) for cell in row])]
    if len(rows) > MOST_ROWS:
        raise UnreadableFile(f"holds more than {MOST_ROWS:,} rows; split it")
    if not rows:
        raise UnreadableFile("holds no cell with text")
    titles = next((n for n, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)  # a line or two above the table
    above, rows = rows[:titles], rows[titles:]
    named = len(rows) > 1 and all(len(cell) <= 80 and any(map(str.isalpha, cell)) for cell in rows[0])
    pieces = [piece("text" if n else "heading", "".join(row), n, level=not n) for n, row in enumerate(above)]
    pieces += [
        piece("row" if n or not named else "header", CELLS.join(row), titles + n, titles if n and named else -1)
        for n, row in enumerate(rows)
    ]
    document = extracted(document_id, pieces, metadata.of(document_id), Facts())
    yield FileReading.of(document, warnings=warnings)


def _rows(text: str) -> Iterator[list[str]]:
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:_SNIFFED], _SEPARATORS)
    except csv.Error:  # one column, or too few rows to tell
        dialect = "excel"
    rows = csv.reader(StringIO(text, newline=""), dialect)
    try:
        yield from rows
    except csv.Error as error:
        raise UnreadableFile(f"is no table of cells: {error} in line {rows.line_num:,}") from error
