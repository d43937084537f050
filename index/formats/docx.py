"""Word documents: mammoth makes HTML of headings, lists, tables and notes, which is then read like a page."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

import mammoth

from index.cleaning.pieces import Piece
from index.errors import UnreadableFile
from index.formats.archives import Archive
from index.formats.document import Unread
from index.formats.extracted import extracted, line, piece
from index.formats.metadata import Facts, Metadata
from index.formats.web_page import parse, pieces_of
from index.records import Document

_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_EDGES = re.compile(r"word/(?:header|footer)\d*\.xml")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NOBODY = {"", "python-docx", "un-named", "unknown", "user", "admin", "administrator"}


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the file. Raises UnreadableFile."""
    archive = Archive(path)
    if "word/document.xml" not in archive.names() and not any(name.startswith("word/") for name in archive.names()):
        raise UnreadableFile("is no Word document")
    if any(b"<!DOCTYPE" in archive.part(name) for name in archive.names() if name.endswith((".xml", ".rels"))):
        raise UnreadableFile("declares entities, which no Word document does")
    try:
        html = mammoth.convert_to_html(archive.content, style_map=_STYLES, convert_image=lambda _: []).value
    except (ExpatError, KeyError, ValueError, AttributeError, OSError, BadZipFile, RecursionError) as error:
        raise UnreadableFile("is damaged; open it in its program and save it anew") from error
    pieces = pieces_of(parse(f"<html><body>{html}</body></html>"))
    yield extracted(document_id, [*pieces, *_edges(archive, len(pieces))], metadata.of(document_id), _facts(archive))


def _edges(archive: Archive, begin: int) -> Iterator[Piece]:
    """What stands at the head and foot of every page, once."""
    texts = (
        line("".join(text.text or "" for text in paragraph.iter(f"{_WORD}t")))
        for name in sorted(filter(_EDGES.fullmatch, archive.names()))
        for paragraph in archive.tree(name).iter(f"{_WORD}p")
    )
    yield from (piece("aside", text, at) for at, text in enumerate(filter(None, dict.fromkeys(texts)), start=begin))


def _facts(archive: Archive) -> Facts:
    """The day of `created` is left alone: templates carry one that is years off."""
    said = archive.said("docProps/core.xml")
    author = line(said.get("creator", ""))
    return Facts(title=line(said.get("title", "")), author="" if author.lower() in _NOBODY else author)
