"""Text and Markdown files, with or without YAML front matter."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from index.cleaning.clean import clean
from index.errors import UnreadableFile
from index.formats.document import Unread, make_document
from index.formats.metadata import Facts, Metadata, facts_from, merged
from index.records import Document
from index.text.language import language

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.{0,20000}?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_YAML_NAMES = {"title": "title", "author": "author", "publisher": "publisher", "date": "published",
               "published": "published", "lang": "language", "language": "language", "url": "url"}  # fmt: skip


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the file. Raises UnreadableFile."""
    source = decode(path.read_bytes())
    matter = _FRONT_MATTER.match(source)
    facts = merged(metadata.of(document_id), _yaml_facts(document_id, matter.group(1)) if matter else Facts())
    cleaned = clean(source, start=matter.end() if matter else 0)
    yield make_document(document_id, source, cleaned, facts, language=language(cleaned.text))


def body_start(source: str) -> int:
    """Where the text begins behind YAML front matter."""
    matter = _FRONT_MATTER.match(source)
    return matter.end() if matter else 0


def decode(raw: bytes) -> str:
    """UTF-8, or UTF-16 that says so. Offsets count the code points of this text. Raises UnreadableFile."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    if not raw.strip():
        raise UnreadableFile("is empty")
    if encoding == "utf-8" and b"\0" in raw:
        raise UnreadableFile("is binary, not text")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"is not {encoding.upper()} text (byte 0x{raw[error.start]:02x} at {error.start:,}); "
            "convert it, for example: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error


def _yaml_facts(document_id: str, block: str) -> Facts:
    try:
        table = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that no calendar has
        raise UnreadableFile(f"has front matter that is not YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(table, dict):
        return Facts()
    known = {_YAML_NAMES[k]: _plain(k, v) for k, v in table.items() if k in _YAML_NAMES and v is not None}
    return facts_from(document_id, {k: v if k == "published" else str(v) for k, v in known.items()})


def _plain(key: str, value: object) -> object:
    """One value, or several with commas; nothing nested, which a few aliases can make endless."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, list | dict | set | tuple) for one in values):
        raise UnreadableFile(f"has front matter with a nested value at {key}; expected text")
    return ", ".join(map(str, values)) if isinstance(value, list) else value
