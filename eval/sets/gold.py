"""Our own judged questions: gold points to document and source characters, so labels survive a new way of splitting.

One JSON object a line: id, text, answerable, answers, spans (document_id, start, end, quote), tags, and for a
follow-up question also history and standalone.
"""

import gzip
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from index.errors import BadGold, BadInput, NotFound
from index.records import Document, Span, to_source

# Numbered lines of any judged set and the checks on their fields; every complaint names the file and the line.

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


_REQUIRED = ("id", "text", "answerable", "answers", "spans", "tags")
_FIELDS = frozenset({*_REQUIRED, "history", "standalone"})
_SPAN_FIELDS = frozenset({"document_id", "start", "end", "quote"})


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Where an answer stands: source code points, end exclusive; `quote` repeats them, for checking."""

    document_id: str
    start: int
    end: int
    quote: str


def span_in(document: Document, clean: Span) -> GoldSpan:
    """What stands at these offsets of the cleaned text."""
    place = to_source(document, clean)
    return GoldSpan(document.id, *place, document.source[place.start : place.end])


def stripped(text: str, span: Span) -> Span:
    """Without blanks at its ends; where there is nothing else, its end lies before its start."""
    words = text[span.start : span.end]
    return Span(span.start + len(words) - len(words.lstrip()), span.start + len(words.rstrip()))


def overlap(spans: Iterable[GoldSpan], others: Sequence[GoldSpan]) -> bool:
    """Whether any two share a character."""
    return any(a.document_id == b.document_id and a.start < b.end and b.start < a.end for a in spans for b in others)


@dataclass(frozen=True, slots=True)
class Question:
    """A judged question. The spans are alternatives: each of them alone is enough to answer it."""

    id: str
    text: str
    answerable: bool
    answers: tuple[str, ...]
    spans: tuple[GoldSpan, ...]
    tags: tuple[str, ...]
    history: tuple[str, ...] = ()  # the turns before a follow-up question
    standalone: str = ""  # the follow-up in words that need no history; "" when `text` needs none
    near: str = ""  # the document that the question was written on, where a set says so, answerable or not

    @property
    def asked(self) -> str:
        """The form that can be understood alone."""
        return self.standalone or self.text


@dataclass(frozen=True, slots=True)
class GoldSet:
    """A gold file, judged by spans."""

    name: str
    questions: tuple[Question, ...]


def read_gold(path: Path) -> list[Question]:
    """All questions of a gold file, in its order. Raises NotFound, and BadGold with file, line and reason."""
    questions: list[Question] = []
    seen: set[str] = set()
    for place, record in records(path):
        question = question_of(place, record)
        if question.id in seen:
            raise place.bad(f"id {question.id!r} stands on an earlier line too")
        seen.add(question.id)
        questions.append(question)
    return questions


def check_gold(questions: Iterable[Question], sources: Mapping[str, str]) -> list[str]:
    """What is wrong with the spans, one line each, given document id → source text; empty when they all fit."""
    return [
        f"question {question.id!r}: {problem}"
        for question in questions
        for span in question.spans
        if (problem := _misfit(span, sources))
    ]


def _misfit(span: GoldSpan, sources: Mapping[str, str]) -> str:
    source = sources.get(span.document_id)
    if source is None:
        return f"no document {span.document_id!r}"
    if span.end > len(source):
        return f"span {span.start}:{span.end} is outside of {span.document_id!r}, which has {len(source)} characters"
    if source[span.start : span.end] == span.quote:
        return ""
    found = source.find(span.quote)
    where = f"the quote stands at {found}:{found + len(span.quote)}" if found >= 0 else "the quote stands nowhere in it"
    return f"{span.document_id!r} at {span.start}:{span.end} is {source[span.start : span.end]!r:.80}; {where}"


def question_of(place: LineOfFile, record: Record) -> Question:
    """One line's record; raises BadGold with the place for what is missing, unknown or contradicts itself."""
    only(place, record, _FIELDS)
    question = Question(
        id=text(place, record, "id"),
        text=text(place, record, "text"),
        answerable=field(place, record, "answerable", bool),
        answers=texts(place, record, "answers"),
        spans=tuple(_span(place, span) for span in field(place, record, "spans", list)),
        tags=texts(place, record, "tags"),
        history=texts(place, record, "history") if "history" in record else (),
        standalone=text(place, record, "standalone") if "standalone" in record else "",
    )
    if reason := _contradiction(question):
        raise place.bad(reason)
    return question


def _contradiction(question: Question) -> str:
    if question.answerable and not question.spans:
        return "an answerable question needs at least one span"
    if not question.answerable and question.spans:
        return "an unanswerable question cannot have spans"
    if not question.answerable and question.answers:
        return "an unanswerable question cannot have answers"
    if question.history and not question.standalone:
        return "a question with history needs its standalone form"
    return ""


def _span(place: LineOfFile, span: object) -> GoldSpan:
    if not isinstance(span, dict):
        raise place.bad("field 'spans' holds something that is not an object")
    only(place, span, _SPAN_FIELDS)
    start, end = field(place, span, "start", int), field(place, span, "end", int)
    if not 0 <= start < end:
        raise place.bad(f"span {start}:{end} is empty or begins before the text")
    return GoldSpan(text(place, span, "document_id"), start, end, text(place, span, "quote"))


# Gold files as they are written: one line a question, added and taken back whole, so that a crash loses no line.


def line_of(question: Question) -> str:
    """The JSON object of one question, without a line end; history and standalone only where there are any."""
    fields = asdict(question)
    del fields["near"]
    if not question.history:
        del fields["history"], fields["standalone"]
    return json.dumps(fields, ensure_ascii=False)


def write_lines(path: Path, lines: list[str]) -> None:
    """A new file with these lines. Raises BadInput if something stands there already or nothing can be written."""
    if path.exists():
        raise BadInput(f"'{path}' exists already; name a new file")
    _replace(path, "".join(f"{line}\n" for line in lines))


def add_line(path: Path, line: str) -> None:
    """Put behind all others; a file that is not there is made. What stands there already is not read as JSON."""
    before = _text(path)
    torn = bool(before) and not before.endswith("\n")
    _replace(path, before + "\n" * torn + line + "\n")


def drop_line(path: Path, line: str) -> bool:
    """Take the last line away that is exactly this one; False where there is none."""
    lines = _text(path).split("\n")
    places = [place for place, each in enumerate(lines) if each.rstrip("\r") == line]
    if not places:
        return False
    del lines[places[-1]]
    _replace(path, "\n".join(lines))
    return True


def _text(path: Path) -> str:
    """With its line ends as they are; "" without a file."""
    return path.read_bytes().decode("utf-8") if path.exists() else ""


def _replace(path: Path, text: str) -> None:
    """Written beside the file and put in its place, so that whoever reads sees the old file or the new one."""
    target = path.resolve()
    made = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with made.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, made)
        made.replace(target)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise BadInput(f"'{path}' cannot be written: {error.strerror}; see to its folder and free space") from error
