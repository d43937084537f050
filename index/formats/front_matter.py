"""What the top of a text file says about it: YAML between `---`, TOML between `+++`, JSON, lines "Author: Ann Lee".

A line that cannot be read costs that line and a warning, never the file; all of it takes time linear in its length.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

import yaml

from index.errors import UnreadableFile
from index.formats.document import front_date
from index.formats.metadata import Facts, as_date
from index.records import Span

_OPENING = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*(?:\r\n?|\n)")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE),
}
_MOST = 20_000  # characters between the fences; more is no front matter
_NAMED = 3  # bad lines that are named; further ones are counted
_KEYS = {  # at the beginning of a line: the key, and what stands behind the sign
    "---": re.compile(r"[\"']?([A-Za-z_][\w .-]{0,60}?)[\"']?[ \t]*:(?=\s|\Z)(.*)"),
    "+++": re.compile(r"[\"']?([A-Za-z_][\w.-]{0,60}?)[\"']?[ \t]*=(.*)"),
}
_COMMENT = re.compile(r"[ \t]*(?:#.*)?\Z")
_HEADER = re.compile(r"(?:[*_]{0,2}|#\+|:)([A-Za-z][A-Za-z _-]{0,30}?)[*_]{0,2}[ \t]*:[*_]{0,2}[ \t]+(\S.*)")
_HEADER_CHARS = 200  # a longer line is prose
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")

_NAMES = {
    "title": "title subject",
    "author": "author authors by byline creator",
    "publisher": "publisher",
    "published": "date published published_at publish_date publishdate pubdate date_published",
    "language": "lang language",
    "url": "url link canonical_url source_url",
}
NAMES = {name: fact for fact, names in _NAMES.items() for name in names.split()}


class FrontMatter(NamedTuple):
    """What was found. Fenced lines are no text; header lines are, and `headers` is where they stand in the source."""

    facts: Facts = Facts()
    start: int = 0  # where the text begins, behind the fence
    headers: Span = Span(0, 0)
    hidden: int = 0  # characters between the fences that are no metadata
    warnings: tuple[str, ...] = ()


class _Entry(NamedTuple):
    """A key between fences, with all lines up to the next."""

    key: str
    raw: str
    value: str  # what stands behind the sign on its first line
    line: int  # in the file, from 1


def front_matter(source: str) -> FrontMatter:
    """Never raises."""
    opening = _OPENING.match(source)
    if opening is None:
        return _json(source) or _header_lines(source)
    fence = opening.group(1)
    inside = source[opening.end() : opening.end() + _MOST].replace("\r\n", " \n").replace("\r", "\n")
    found = _CLOSING[fence].search(inside)
    entries = list(_entries(inside[: found.start()] if found else inside, fence))
    if not entries:
        return FrontMatter()  # a line drawn above a text
    if found is None:
        why = f"its front matter does not end in {fence} within {_MOST:,} characters, so it is read as text"
        return _header_lines(source, opening.end())._replace(warnings=(why,))
    block = inside[: found.start()]
    values, warnings = _values(block, entries, fence)
    facts, more = _facts(values)
    hidden = len(block) - sum(len(entry.raw) for entry in entries if _name(entry.key) in NAMES)
    return FrontMatter(facts, opening.end() + found.end(), Span(0, 0), hidden, (*warnings, *more))


def _json(source: str) -> FrontMatter | None:
    """None where the text begins with no object that names a fact, or is nothing else."""
    begins = re.match(r"\ufeff?(?=\{)", source)
    try:
        values, end = json.JSONDecoder().raw_decode(source[:_MOST], begins.end()) if begins else ({}, 0)
    except (ValueError, RecursionError):
        return None
    if not {*map(_name, values)} & NAMES.keys() or not re.match(r"(?:[ \t]*(?:\r\n?+|\n)){2}\s*[^\s{]", source[end:]):
        return None
    facts, warnings = _facts(values)
    hidden = sum(len(f"{key}{value}") for key, value in values.items() if _name(key) not in NAMES)
    return FrontMatter(facts, end, Span(0, 0), hidden, tuple(warnings))


def _entries(block: str, fence: str) -> Iterator[_Entry]:
    """Nothing where the first line that says something is no key: then it is no front matter but text."""
    entry: _Entry | None = None
    for number, line in enumerate(block.splitlines(keepends=True), start=2):
        if found := _KEYS[fence].match(line):
            if entry:
                yield entry
            entry = _Entry(found.group(1), line, found.group(2).strip(), number)
        elif entry:
            entry = entry._replace(raw=entry.raw + line)
        elif not _COMMENT.match(line.rstrip()):
            return
    if entry:
        yield entry


def _values(block: str, entries: list[_Entry], fence: str) -> tuple[Mapping[str, object], list[str]]:
    """Key → value; what the library does not take as a whole is read key by key, and a bad line as it stands."""
    language = "YAML" if fence == "---" else "TOML"
    whole = _load(block, fence)
    if whole is not None:
        return whole, []
    values: dict[str, object] = {}
    bad: list[str] = []
    for entry in entries:
        part = _load(entry.raw, fence)
        if part is None:
            first = entry.raw.splitlines()[0].strip()[:80]
            bad.append(f"line {entry.line} of its front matter is not {language}, so it was read as text: {first}")
            part = {entry.key: entry.value.strip("\"'")}
        for key, value in part.items():
            values.setdefault(key, value)  # in TOML, what a later table has under the same name is not the article's
    more = [f"{len(bad) - _NAMED} more lines of its front matter are not {language}"] if len(bad) > _NAMED else []
    return values, bad[:_NAMED] + more


def _load(block: str, fence: str) -> Mapping[str, object] | None:
    """YAML's scalars as text: its own types make truth values of titles, errors of dates, and merged keys explode."""
    try:  # YAML's base loader makes lists, mappings and text, nothing else
        table = yaml.load(block, yaml.BaseLoader) if fence == "---" else tomllib.loads(block)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) else None


def _facts(values: Mapping[str, object]) -> tuple[Facts, list[str]]:
    """The first usable value for each fact; a warning for each that is not."""
    texts: dict[str, str] = {}
    published: date | None = None
    warnings: list[str] = []
    for key, value in values.items():
        name = NAMES.get(_name(key))
        text = _text(value) if name else ""
        if text is None:
            warnings.append(f"its front matter has no plain text at {key}, which was left out")
        elif name == "published" and text and published is None:
            published = day_of(text)
            if published is None:
                warnings.append(f"its front matter has the date {text[:40]!r}, which was left out; write YYYY-MM-DD")
        elif name and name != "published" and text:
            texts.setdefault(name, text)
    return Facts(**texts, published=published, inferred=()), warnings


def _name(key: object) -> str:
    return re.sub(r"[ .-]", "_", str(key).lower()) if isinstance(key, str) else ""


def _text(value: object) -> str | None:
    """In one line; names with commas between. None for what is nested deeper, which a few aliases can make endless."""
    values = value if isinstance(value, list) else [value]
    names = [one.get("name") if isinstance(one, dict) else one for one in values]
    if any(isinstance(name, list | dict | set | tuple) or (name is None and value is not None) for name in names):
        return None
    try:
        text = " ".join(", ".join(str(name) for name in names if name is not None).split())
        text.encode()
    except ValueError:  # half a character, or a number of more digits than can be written
        return None
    return "" if text in ("null", "~") else text


def day_of(text: str) -> date | None:
    """None where it tells none, as a year alone."""
    try:
        return as_date("date", text)
    except UnreadableFile:
        return front_date(text)


def _header_lines(source: str, at: int = 0) -> FrontMatter:
    """Lines "Key: value" at the top or below a title; they end with the last one that is known as metadata."""
    found: dict[str, object] = {}
    begin = end = number = 0
    while at < len(source):
        line = _LINE.match(source, at)
        text = line.group().strip("\ufeff \t\r\n") if line else ""
        start, at = at, line.end() if line else len(source)
        if not text and not found:
            continue
        header = _HEADER.fullmatch(text) if len(text) <= _HEADER_CHARS else None
        known = header is not None and _name(header.group(1)) in NAMES
        if header and known:
            begin = begin if found else start
            found.setdefault(header.group(1), header.group(2).strip("*_ "))
            end = at
        elif header is None and (found or number):
            break
        number += 1
    facts, _ = _facts(found)
    begin = 0 if "Subject" in found else begin  # of a mail
    return FrontMatter(facts, headers=Span(begin, end)) if facts != Facts() else FrontMatter()
