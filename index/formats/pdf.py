"""PDF files: pdfium gives characters with their boxes, `layout` puts them in the order of a reader."""

import re
from collections.abc import Iterator
from ctypes import byref, c_double, c_int, create_string_buffer
from math import hypot
from pathlib import Path
from statistics import mode
from threading import Lock
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from index.errors import UnreadableFile
from index.formats.document import FileReading
from index.formats.extracted import extracted, line
from index.formats.layout.pages import read_pages
from index.formats.layout.rows import Page, Stretch
from index.formats.metadata import Facts, Metadata

MOST_PAGES = 3000
MOST_CHARS = 20_000_000  # of all pages together

_NO_TITLE = re.compile(
    r"\W*|untitled.*|\(?anonymous\)?|microsoft\s+(?:word|powerpoint)\b.*|slide\s*\d+|.*\.(?:docx?|odt|rtf|tex|dvi|indd|qxd|pptx?|html?|pdf|md|typ)",
    re.IGNORECASE,
)
_NOBODY = {"", "anonymous", "(anonymous)", "unknown", "user", "admin", "root", "author"}
_BOLD = re.compile(r"bold|black|heavy|semib|demi", re.IGNORECASE)
_FORCED_BOLD = 1 << 18  # of a font's flags
_APART = 0.9  # of the font's size: a wider gap may part columns or cells
_SPACE = 0.18  # of the font's size: a wider gap is a space, where the file has none
_BELOW = 0.2  # of the font's size is what hangs below the line
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_one_at_a_time = Lock()  # pdfium knows no threads


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[FileReading]:
    """The one document of the file, and which of its pages hold no text but a picture. Raises UnreadableFile."""
    with _one_at_a_time:
        pages, found, scanned = _pages(path.read_bytes())
    if not any(page.stretches for page in pages):
        if scanned:
            raise UnreadableFile("has pages without text; it needs OCR first, for example: ocrmypdf IN.pdf OUT.pdf")
        raise UnreadableFile("holds no text, only blank pages or drawings")
    read = read_pages(pages)
    document = extracted(document_id, read.pieces, metadata.of(document_id), found, read.pages)
    numbers = ", ".join(map(str, scanned[:20])) + (" …" if len(scanned) > 20 else "")
    lacking = (f"has pages without text ({numbers}), which need OCR first",) if scanned else ()
    yield FileReading.of(document, warnings=lacking)


def _pages(content: bytes) -> tuple[list[Page], Facts, list[int]]:
    """All pages, what the file says of itself, and the numbers of the pages that are pictures of text."""
    if not content.strip():
        raise UnreadableFile("is empty")
    try:
        document = pdfium.PdfDocument(content)
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
            page, is_scanned = _page(document, number)
            chars += sum(len(stretch.text) for stretch in page.stretches)
            if chars > MOST_CHARS:
                raise UnreadableFile(f"holds more than {MOST_CHARS:,} characters; split it")
            pages.append(page)
            scanned += [number] if is_scanned else []
        return pages, _facts(document.get_metadata_dict()), scanned
    finally:
        document.close()


def _page(document: Any, number: int) -> tuple[Page, bool]:
    try:
        page = document[number - 1]
    except pdfium.PdfiumError:
        return Page(number, 0, 0, ()), False  # a page that is damaged, between others that are not
    try:
        width, height = page.get_size()
        stretches = tuple(_stretches(page, page.get_rotation()))
        picture = raw.FPDF_PAGEOBJ_IMAGE
        is_scanned = not stretches and next(page.get_objects(filter=[picture], max_depth=3), None) is not None
        return Page(number, width, height, stretches), is_scanned
    finally:
        page.close()


def _facts(said: dict[str, str]) -> Facts:
    """Neither the day a file was made nor the program's idea of a title says anything about the article."""
    title, author = line(said.get("Title", "")), line(said.get("Author", ""))
    return Facts(title="" if _NO_TITLE.fullmatch(title) else title, author="" if author.lower() in _NOBODY else author)


class _Char(NamedTuple):
    """A sign with its place on the page as it is shown; `size` is of the font."""

    sign: str
    left: float
    base: float
    right: float
    size: float
    level: bool  # runs from left to right
    number: int  # among those of the page


def _stretches(page: Any, rotation: int) -> Iterator[Stretch]:
    """Characters that follow each other on a line, in the order of the file."""
    text = page.get_textpage()
    chars: list[_Char] = []
    blanks: list[int] = []  # numbers of the characters of the stretch before which a blank stands
    for char in _chars(text, _Turning(rotation, *page.get_mediabox()[:4])):
        if char is None:
            blanks.append(len(chars))
            continue
        if chars and char.left - chars[-1].right > _SPACE * char.size:
            blanks.append(len(chars))
        if chars and not _goes_on(chars, char):
            yield _stretch(chars, blanks, _is_bold(text, chars[0].number))
            chars, blanks = [], []
        chars.append(char)
    if chars:
        yield _stretch(chars, blanks, _is_bold(text, chars[0].number))
    text.close()


def _chars(text: Any, turning: "_Turning") -> Iterator[_Char | None]:
    """None for white space."""
    box, matrix, x, y = raw.FS_RECTF(), raw.FS_MATRIX(), c_double(), c_double()
    for index in range(text.count_chars()):
        sign = _sign(raw.FPDFText_GetUnicode(text, index), index, text)
        if not sign or sign.isspace():
            yield None
            continue
        raw.FPDFText_GetLooseCharBox(text, index, byref(box))
        raw.FPDFText_GetMatrix(text, index, byref(matrix))
        raw.FPDFText_GetCharOrigin(text, index, byref(x), byref(y))
        size = raw.FPDFText_GetFontSize(text, index) * hypot(matrix.c, matrix.d)
        left, _, right, _ = turning.box(box.left, box.bottom, box.right, box.top)
        along = turning.vector(matrix.a, matrix.b)
        level = along[0] > abs(along[1])
        yield _Char(sign, left, turning.point(x.value, y.value)[1], right, round(size, 1) or 1.0, level, index)


def _sign(code: int, index: int, text: Any) -> str:
    """A hyphen at a line's end is shown by pdfium as a sign that is none."""
    if code in (0xFFFE, 2) or (code == 0xAD and raw.FPDFText_IsHyphen(text, index) == 1):
        return "\u2010"
    return "" if code in (0, 13) or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)


def _goes_on(chars: list[_Char], char: _Char) -> bool:
    """Does the character stand on the same line, next to the one before? A raised one does."""
    before, first = chars[-1], chars[0]
    gap = char.left - before.right
    return (
        char.level
        and first.level
        and abs(char.base - first.base) < 0.5 * first.size
        and -first.size < gap < _APART * first.size
    )


def _stretch(chars: list[_Char], blanks: list[int], bold: bool) -> Stretch:
    size = mode(char.size for char in chars)
    base = next(char.base for char in chars if char.size == size)
    spaces = [chars[n].left - chars[n - 1].right for n in blanks if 0 < n < len(chars)]
    text = "".join(
        (" " if n in blanks and n else "")
        + (char.sign.translate(_RAISED) if char.size < 0.85 * size and char.base > base + 0.15 * size else char.sign)
        for n, char in enumerate(chars)
    )
    left, right = min(char.left for char in chars), max(char.right for char in chars)
    return Stretch(
        text, left, base - _BELOW * size, right, base + (1 - _BELOW) * size, size, bold, max(spaces, default=0.0)
    )


def _is_bold(text: Any, index: int) -> bool:
    name, flags = create_string_buffer(128), c_int()
    raw.FPDFText_GetFontInfo(text, index, name, 128, byref(flags))
    return bool(_BOLD.search(name.value.decode("latin-1"))) or bool(flags.value & _FORCED_BOLD)


class _Turning(NamedTuple):
    """From a place on the sheet to one on the page as it is shown, which may be turned."""

    rotation: int
    left: float
    bottom: float
    right: float
    top: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        return {90: (y - self.bottom, self.right - x), 180: (self.right - x, self.top - y),
                270: (self.top - y, x - self.left)}.get(self.rotation, (x - self.left, y - self.bottom))  # fmt: skip

    def vector(self, x: float, y: float) -> tuple[float, float]:
        return {90: (y, -x), 180: (-x, -y), 270: (-y, x)}.get(self.rotation, (x, y))

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        (a, b), (c, d) = self.point(left, bottom), self.point(right, top)
        return min(a, c), min(b, d), max(a, c), max(b, d)
