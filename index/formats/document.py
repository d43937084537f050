"""One way to make a Document from text and facts, whatever the format was."""

import hashlib
import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Self

from index.cleaning.clean import Cleaned
from index.cleaning.front import author_of
from index.errors import UnreadableFile
from index.formats.metadata import Facts
from index.records import Document

_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_ENGLISH_MONTHS)})[a-z]*\.?"
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})"),
    re.compile(rf"{_MONTH}\s?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s?(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s{_MONTH}\s?(?P<year>\d{{4}})", re.IGNORECASE),
)
_DATE_LINE_CHARS = 60
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_LABEL = re.compile(r"(?:by|von|par|por|written by|[^\W\d_][\w -]{0,30}:)\s+", re.IGNORECASE)
MAX_ID_CHARS = 300


@dataclass(frozen=True, slots=True)
class FileReading:
    """A document as one file gave it, and what whoever gave the file should know.

    Characters are counted in its source; those of Markdown signs and white space are neither marked nor hidden.
    """

    document: Document
    marked: int  # kept as furniture, behind all other text; what is shown as author or date is no loss and not counted
    hidden: int  # left out, since a reader of the file does not see them
    warnings: tuple[str, ...] = ()  # what was read otherwise than it stands there

    @classmethod
    def of(cls, document: Document, *, hidden: int = 0, warnings: tuple[str, ...] = ()) -> Self:
        """What is marked is counted in the document, but for lines of which all is shown beside it."""
        asides = (document.text[block.start : block.end] for block in document.blocks if block.kind == "aside")
        marked = sum(len(text) for text in asides if not _tells_fact(text, document))
        return cls(document, marked, hidden, warnings)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or one line of it, that could not become a document, and why."""

    path: str
    reason: str
    lost: bool = True  # documents may stand there; False for a file that is no article by its type


def serves_as_id(name: str) -> bool:
    """Printable, not too long, and no step on the way to another page, as browsers take a dot or two in an address."""
    return 0 < len(name) <= MAX_ID_CHARS and name.isprintable() and name not in {".", ".."}


def make_document(
    document_id: str, source: str, cleaned: Cleaned, facts: Facts, *, language: str = "", read_as: str = ""
) -> Document:
    """Facts win over what the text shows; a title taken from the file's name is marked as inferred. `read_as` says how
    it was told to be read, if it was: the same bytes are another article in a file of another kind.

    Raises UnreadableFile for an id or text that cannot be stored, and where nothing is left to search.
    """
    if not serves_as_id(document_id):
        raise UnreadableFile("has a name that cannot serve as a document id; rename it")
    if not cleaned.text.strip():
        raise UnreadableFile("holds no text to search, only blanks, signs or what is hidden")
    for name, value in (("text", source), *((field.name, getattr(facts, field.name)) for field in fields(facts))):
        if half := _HALF_CHARACTER.search(str(value)):
            raise UnreadableFile(f"has half a character (a lone surrogate) in its {name} at {half.start()}")
    given = repr((source, facts, *filter(None, [read_as]))).encode() + source.encode()
    dates = [found for line in cleaned.front if (found := front_date(line)) is not None]
    title = facts.title or cleaned.title
    inferred = set(facts.inferred) | (set() if title else {"title"})
    return Document(
        id=document_id,
        title=title or title_from(document_id),
        text=cleaned.text,
        source=source,
        runs=cleaned.runs,
        blocks=cleaned.blocks,
        author=facts.author or next(filter(None, map(author_of, cleaned.front)), ""),
        publisher=facts.publisher,
        published=facts.published or (dates[-1] if dates else None),
        language=facts.language or language,
        url=facts.url,
        inferred=tuple(sorted(inferred)),
        sha256=hashlib.sha256(given).hexdigest(),
    )


def _tells_fact(text: str, document: Document) -> bool:
    """Whether a line says no more than who wrote the article, when, or what else is known of it."""
    if document.published is not None and front_date(text) == document.published:
        return True
    known = {value.casefold() for value in (document.author, document.publisher, document.title, document.url) if value}
    return bool(known & {text.casefold(), _LABEL.sub("", text).casefold()})


def title_from(document_id: str) -> str:
    """For a document that has none."""
    return document_id.rpartition("/")[2].replace("_", " ").replace("-", " ").strip()


def front_date(line: str) -> date | None:
    """The date that a short line states, as in "Jul.15,2025", "15 July 2025" or "2025-07-15"."""
    for pattern in _DATES if len(line) <= _DATE_LINE_CHARS else ():
        if match := pattern.search(line):
            parts = match.groupdict()
            number = parts.get("number") or _ENGLISH_MONTHS.index(parts["month"][:3].lower()) + 1
            try:
                return date(int(parts["year"]), int(number), int(parts["day"]))
            except ValueError:
                continue
    return None
