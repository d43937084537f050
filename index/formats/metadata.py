"""What is known of an article beside its text: `metadata.toml` next to the files, one table a document id."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from index.errors import UnreadableFile

METADATA = "metadata.toml"

_TEXT_FIELDS = ("title", "author", "publisher", "language", "url", "why")


@dataclass(frozen=True, slots=True)
class Facts:
    """What somebody gave for one document; empty or None where nothing was given."""

    title: str = ""
    author: str = ""
    publisher: str = ""
    published: date | None = None
    language: str = ""
    url: str = ""
    inferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """Facts by document id."""

    facts: Mapping[str, Facts]

    def of(self, document_id: str) -> Facts:
        return self.facts.get(document_id, Facts())


def merged(given: Facts, found: Facts) -> Facts:
    """What somebody gave wins over what the file itself says, field by field."""
    names = ("title", "author", "publisher", "published", "language", "url")
    return replace(given, **{name: getattr(given, name) or getattr(found, name) for name in names})


def read_metadata(folder: Path) -> Metadata:
    """The folder's metadata.toml, or none. Raises UnreadableFile with the table and key that is wrong."""
    path = folder / METADATA
    if not path.is_file():
        return Metadata({})
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"is not TOML: {error}; no metadata was used") from error
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}; no metadata was used") from error
    return Metadata({name: facts_from(name, table) for name, table in tables.items()})


def facts_from(name: str, table: object) -> Facts:
    """Validated facts from one table of any format. Raises UnreadableFile naming the key."""
    if not isinstance(table, dict):
        raise UnreadableFile(f"'{name}' is not a table; expected [{name}] with {', '.join(_TEXT_FIELDS)}, published")
    texts: dict[str, str] = {}
    published: date | None = None
    inferred: tuple[str, ...] = ()
    for key, value in table.items():
        if key in _TEXT_FIELDS and isinstance(value, str):
            texts[key] = value.strip()
        elif key == "published":
            published = as_date(name, value)
        elif key == "inferred" and isinstance(value, list) and all(isinstance(field, str) for field in value):
            inferred = tuple(value)
        else:
            raise UnreadableFile(f"[{name}] has an unknown key or a value of the wrong type: {key} = {value!r}")
    texts.pop("why", None)
    return Facts(**texts, published=published, inferred=inferred)


def as_date(name: str, value: object) -> date:
    """A TOML date, or ISO text."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError as error:
        raise UnreadableFile(f"'{name}' has the date {value!r}; expected YYYY-MM-DD") from error
