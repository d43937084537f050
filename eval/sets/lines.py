"""Numbered lines of a judged set and the checks on their fields; every complaint names the file and the line."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from index.errors import BadGold, NotFound

T = TypeVar("T", str, bool, int, list[Any])
Record = dict[str, Any]  # one parsed line; only the functions below look into it

_EXPECTED = {str: "text", bool: "true or false", int: "a whole number", list: "a list"}
_SHOWN_CHARS = 60


class LineOfFile(NamedTuple):
    """A line of a file, 1-based."""

    path: Path
    number: int

    def bad(self, reason: str) -> BadGold:
        return BadGold(f"{self.path}, line {self.number}: {reason}; correct this line")


def numbered(path: Path) -> Iterator[tuple[LineOfFile, str]]:
    """The lines that are not blank; `.gz` is unpacked. Raises NotFound, and BadGold for what is not UTF-8 text."""
    for place, raw in raw_lines(path):
        line = decoded(place, raw).strip("\r\n")
        if line.strip():
            yield place, line


def raw_lines(path: Path) -> Iterator[tuple[LineOfFile, bytes]]:
    """Every line; `.gz` is unpacked. Raises NotFound, and BadGold for a file that cannot be read."""
    if not path.is_file():
        raise NotFound(f"no file {path}; give a gold file (.jsonl) or a folder with queries.jsonl and qrels.tsv")
    try:
        # Bytes, because a text file decodes ahead of the line it yields and would name the wrong one.
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield LineOfFile(path, number), raw
    except (OSError, EOFError, zlib.error) as error:
        raise BadGold(f"{path} cannot be read: {error}; copy the file again") from error


def decoded(place: LineOfFile, raw: bytes) -> str:
    """Without the mark that some editors put at the start of a file. Raises BadGold for what is not UTF-8."""
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise place.bad(f"not UTF-8 ({error.reason} at byte {error.start})") from error
    return line.removeprefix("\ufeff") if place.number == 1 else line


def records(path: Path) -> Iterator[tuple[LineOfFile, Record]]:
    """The lines of a JSONL file as objects. Raises like `numbered`, and BadGold for a line that is not an object."""
    return ((place, record_of(place, line)) for place, line in numbered(path))


def record_of(place: LineOfFile, line: str) -> Record:
    """Raises BadGold for a line that is not an object."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise place.bad(f"not JSON ({error})") from error
    if not isinstance(record, dict):
        raise place.bad(f"a JSON object is expected, not {_shown(record)}")
    return record


def field(place: LineOfFile, record: Record, name: str, kind: type[T]) -> T:
    """A field that must be there and of that very type (true is no number). Raises BadGold."""
    if name not in record:
        raise place.bad(f"field '{name}' is missing")
    value = record[name]
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise place.bad(f"field '{name}' is {_shown(value)}, expected {_EXPECTED[kind]}")
    return value


def text(place: LineOfFile, record: Record, name: str) -> str:
    """A text field that is not blank and can be written as UTF-8. Raises BadGold."""
    return _usable(place, name, field(place, record, name, str))


def texts(place: LineOfFile, record: Record, name: str) -> tuple[str, ...]:
    """A list of such texts; the list may be empty. Raises BadGold."""
    values = field(place, record, name, list)
    for value in values:
        if not isinstance(value, str):
            raise place.bad(f"field '{name}' holds {_shown(value)}, expected texts only")
    return tuple(_usable(place, name, value) for value in values)


def only(place: LineOfFile, record: Record, known: frozenset[str]) -> None:
    """Raises BadGold for a field that nobody reads: most likely a misspelt one."""
    for name in record:
        if name not in known:
            raise place.bad(f"unknown field {_shown(name)}, known are {', '.join(sorted(known))}")


def _usable(place: LineOfFile, name: str, value: str) -> str:
    if not value.strip():
        raise place.bad(f"field '{name}' is empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise place.bad(f"field '{name}' holds half of a surrogate pair") from error
    return value


def _shown(value: object) -> str:
    shown = json.dumps(value)  # ASCII, so that the message can always be printed
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
