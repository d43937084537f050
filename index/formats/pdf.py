"""PDF files: pdfium gives characters with their boxes, `page_layout` puts them in the order of a reader."""

import re
from collections.abc import Iterator
from ctypes import byref, c_int, create_string_buffer
from pathlib import Path
from threading import Lock
from typing import Any

from index.errors import UnreadableFile
from index.formats.document import Unread
from index.formats.metadata import Facts, Metadata
from index.formats.page_layout import Page, Stretch, pieces_of
from index.formats.pieces import extracted, line
from index.records import Document

MOST_PAGES = 3000
MOST_CHARS = 20_000_000  # of all pages together

_NO_TITLE = re.compile(
    r"\W*|untitled.*|\(?anonymous\)?|microsoft\s+(?:word|powerpoint)\b.*|slide\s*\d+|.*\.(?:docx?|odt|rtf|tex|dvi|indd|qxd|pptx?|html?|pdf|md|typ)",
    re.IGNORECASE,
)
_NOBODY = {"", "anonymous", "(anonymous)", "unknown", "user", "admin", "root", "author"}
_BOLD = re.compile(r"bold|black|heavy|semib|demi", re.IGNORECASE)
_APART = 1.1  # in heights of a line: a wider gap parts columns and cells
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_one_at_a_time = Lock()  # pdfium knows no threads


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the file, and which of its pages hold no text but a picture. Raises UnreadableFile."""
    with _one_at_a_time:
        pages, found, scanned = _pages(path.read_bytes())
    if not any(page.stretches for page in pages):
        if scanned:
            raise UnreadableFile("has pages without text; it needs OCR first, for example: ocrmypdf IN.pdf OUT.pdf")
        raise UnreadableFile("holds no text, only blank pages or drawings")
    yield extracted(document_id, pieces_of(pages), metadata.of(document_id), found)
    if scanned:
        numbers = ", ".join(map(str, scanned[:20])) + (" …" if len(scanned) > 20 else "")
        yield Unread(str(path), f"has pages without text ({numbers}); they need OCR first", lost=False)


def _pages(raw: bytes) -> tuple[list[Page], Facts, list[int]]:
    """All pages, what the file says of itself, and the numbers of the pages that are pictures of text."""
    import pypdfium2 as pdfium  # a library of 8 MB that only these files need

    if not raw.strip():
        raise UnreadableFile("is empty")
    try:
        document = pdfium.PdfDocument(raw)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableFile("is encrypted with a password; save it without one") from error
        raise UnreadableFile("is no PDF, or damaged; open it in a viewer and save it anew") from error
    try:
        if len(document) > MOST_PAGES:
            raise UnreadableFile(f"has {len(document):,} pages, more than {MOST_PAGES:,}; split it")
        pages: list[Page] = []
        scanned: list[int] = []
        chars = 0
        for number in range(1, len(document) + 1):
            page, is_scanned = _page(pdfium, document, number)
            chars += sum(len(stretch.text) for stretch in page.stretches)
            if chars > MOST_CHARS:
                raise UnreadableFile(f"holds more than {MOST_CHARS:,} characters; split it")
            pages.append(page)
            scanned += [number] if is_scanned else []
        return pages, _facts(document.get_metadata_dict()), scanned
    finally:
        document.close()


def _page(pdfium: Any, document: Any, number: int) -> tuple[Page, bool]:
    try:
        page = document[number - 1]
    except pdfium.PdfiumError:
        return Page(number, 0, 0, ()), False  # a page that is damaged, between others that are not
    try:
        width, height = page.get_size()
        stretches = tuple(_stretches(pdfium.raw, page, page.get_rotation()))
        picture = pdfium.raw.FPDF_PAGEOBJ_IMAGE
        is_scanned = not stretches and next(page.get_objects(filter=[picture], max_depth=3), None) is not None
        return Page(number, width, height, stretches), is_scanned
    finally:
        page.close()


def _facts(said: dict[str, str]) -> Facts:
    """Neither the day a file was made nor the program's idea of a title says anything about the article."""
    title, author = line(said.get("Title", "")), line(said.get("Author", ""))
    return Facts(
        title="" if _NO_TITLE.fullmatch(title) else title, author="" if author.lower() in _NOBODY else author
    )


class _Growing:
    """The stretch that is being read."""

    def __init__(self, box: tuple[float, float, float, float], bold: bool) -> None:
        self.left, self.bottom, self.right, self.top = box
        self.latest = box
        self.bold = bold
        self.chars: list[str] = []
        self.heights: list[float] = []


def _stretches(raw: Any, page: Any, rotation: int) -> Iterator[Stretch]:
    """Characters that follow each other on a line, in the order of the file."""
    text = page.get_textpage()
    turned = _turning(rotation, *page.get_mediabox()[:4])
    box = raw.FS_RECTF()
    growing: _Growing | None = None
    blank = False
    for index in range(text.count_chars()):
        char = _char(raw.FPDFText_GetUnicode(text, index), index, raw, text)
        if not char or char.isspace():
            blank = True
            if char == "\n" and growing:
                yield _stretch(growing)
                growing = None
            continue
        raw.FPDFText_GetLooseCharBox(text, index, byref(box))
        place = turned(box.left, box.bottom, box.right, box.top)
        if growing and not _goes_on(growing, place):
            yield _stretch(growing)
            growing = None
        if growing is None:
            growing = _Growing(place, _is_bold(raw, text, index))
        elif blank:
            growing.chars.append(" ")
        _grow(growing, char, place)
        blank = False
    if growing:
        yield _stretch(growing)
    text.close()


def _char(code: int, index: int, raw: Any, text: Any) -> str:
    """\ufffe is how pdfium shows a hyphen at a line's end."""
    if code in (0xFFFE, 2) or (code == 0xAD and raw.FPDFText_IsHyphen(text, index) == 1):
        return "\u2010"
    if code in (0, 13) or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return "" if code != 13 else " "
    return chr(code)


def _goes_on(growing: _Growing, place: tuple[float, float, float, float]) -> bool:
    """Does a character at this place stand on the same line, next to the one before?"""
    left, bottom, _, top = place
    _, before_bottom, before_right, before_top = growing.latest
    height = max(growing.top - growing.bottom, 1.0)
    overlap = min(top, max(before_top, growing.top)) - max(bottom, min(before_bottom, growing.bottom))
    return overlap >= 0.4 * min(top - bottom, height) and -height < left - before_right < _APART * height


def _grow(growing: _Growing, char: str, place: tuple[float, float, float, float]) -> None:
    left, bottom, right, top = place
    height = max(growing.heights, default=top - bottom)
    raised = char.isascii() and char.isdigit() and top - bottom < 0.8 * height and bottom > growing.bottom + 0.15 * height
    growing.chars.append(char.translate(_RAISED) if raised else char)
    growing.heights.append(top - bottom)
    growing.latest = place
    growing.left, growing.right = min(growing.left, left), max(growing.right, right)
    if not raised:
        growing.bottom, growing.top = min(growing.bottom, bottom), max(growing.top, top)


def _stretch(growing: _Growing) -> Stretch:
    heights = sorted(growing.heights)
    return Stretch(
        "".join(growing.chars), growing.left, growing.bottom, growing.right, growing.top,
        round(heights[len(heights) // 2], 1), growing.bold,
    )  # fmt: skip


def _is_bold(raw: Any, text: Any, index: int) -> bool:
    name = create_string_buffer(128)
    flags = c_int(0)
    raw.FPDFText_GetFontInfo(text, index, name, 128, byref(flags))
    return bool(_BOLD.search(name.value.decode("latin-1"))) or bool(flags.value & 1 << 18)


def _turning(rotation: int, left: float, bottom: float, right: float, top: float) -> Any:
    """From a place on the sheet to one on the page as it is shown, which may be turned."""

    def turned(a: float, b: float, c: float, d: float) -> tuple[float, float, float, float]:
        if rotation == 90:
            return b - bottom, right - c, d - bottom, right - a
        if rotation == 180:
            return right - c, top - d, right - a, top - b
        if rotation == 270:
            return top - d, a - left, top - b, c - left
        return a, b, c, d

    return turned
