"""Electronic books: the pages in the order of the spine, each read like one of the web."""

from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

from index.cleaning.pieces import Piece
from index.errors import UnreadableFile
from index.formats.archives import Archive
from index.formats.document import Unread
from index.formats.extracted import extracted, line, moved
from index.formats.front_matter import day_of
from index.formats.metadata import Facts, Metadata
from index.formats.web_page import parse, pieces_of
from index.records import Document

_PAGES = {"application/xhtml+xml", "text/html"}


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the book. Raises UnreadableFile, also for one whose pages are encrypted."""
    archive = Archive(path)
    root = archive.tree("META-INF/container.xml").find(".//{*}rootfile")
    if root is None or not root.get("full-path"):
        raise UnreadableFile("is damaged: it names no contents")
    package = archive.tree(root.get("full-path"))
    pages = list(_pages(package, dirname(root.get("full-path"))))
    if set(pages) & _encrypted(archive):
        raise UnreadableFile("is protected against copying; only a book without such protection can be read")
    pieces: list[Piece] = []
    for page in pages:
        pieces += moved(pieces_of(parse(archive.part(page))), len(pieces))
    yield extracted(document_id, pieces, metadata.of(document_id), _facts(package))


def _pages(package: Any, folder: str) -> Iterator[str]:
    """Names in the archive, in the order of reading."""
    items = {item.get("id"): item for item in package.iterfind(".//{*}manifest/{*}item")}
    for reference in package.iterfind(".//{*}spine/{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split():
            yield normpath(join(folder, unquote(item.get("href", ""))))


def _encrypted(archive: Archive) -> set[str]:
    """Fonts often are, which hides no word."""
    if "META-INF/encryption.xml" not in archive.names():
        return set()
    references = archive.tree("META-INF/encryption.xml").iter("{*}CipherReference")
    return {normpath(unquote(reference.get("URI", ""))) for reference in references}


def _facts(package: Any) -> Facts:
    def said(name: str) -> str:
        found = package.find(f".//{{http://purl.org/dc/elements/1.1/}}{name}")
        return line("".join(found.itertext())) if found is not None else ""

    return Facts(said("title"), said("creator"), said("publisher"), day_of(said("date")), said("language")[:2].lower())
