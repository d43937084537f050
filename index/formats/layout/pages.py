"""Characters on pages → pieces in the order of a reader: columns, running heads, paragraphs, lists and tables.

Places are in points, y upwards. Nothing here knows a file format; every rule is about where letters stand.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from index.cleaning.pieces import Piece
from index.formats.extracted import CELLS, line, piece
from index.formats.layout.rows import BULLET, Page, PageRow, Stretch, cells_of, columns_of, rows_of, table_rows
from index.records import Kind, PageStart

_SIGN = re.compile(r"[•◦▪▫‣⁃●○■□➢➤✓✔·\uf0b7\uf0a7]\s*|[-–—*o]\s+")  # of a bullet; a number is a word and stays
_END = re.compile(r"[.!?…:;。！？][\"'”’»)\]⁰¹²³⁴-⁹]*$")
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|p\.|seite|página|s\.)\s*)?(?:\d{1,4}|[ivxl]{1,7})(?:\s*(?:/|of|von|de|–|-)\s*\d{1,4})?\W*",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:\s?[.·…_]){4,}\s*(?=\d{1,4}$|[ivxl]{1,6}$)")  # from a table of contents to its page
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u00ad]$")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_MARGIN = 0.12  # of the height of a page, at its top and bottom, where running heads stand
_SAME = 0.08  # of a size, which two may differ by and be the same
_SMALL = 0.85  # of the body's size: at the edge of a page, no text
_LARGER = 1.12  # than the body: a heading
_PARTED = 1.3  # of the usual distance of two lines: another paragraph
_HEADING_WORDS = 16


class _Paragraph(NamedTuple):
    kind: Kind
    rows: tuple[PageRow, ...]


def read_pages(pages: Sequence[Page]) -> "Read":
    """Everything that stands on the pages, in order; a paragraph that a page break cuts is put together."""
    body = _usual(stretch.height for page in pages for stretch in page.stretches for _ in stretch.text)
    furniture = _furniture(pages, body)
    vocabulary = Counter(
        word for page in pages for stretch in page.stretches for word in stretch.text.casefold().split()
    )
    paragraphs: list[_Paragraph] = []
    waiting: list[_Paragraph] = []  # asides between two halves of a paragraph
    for page in pages:
        for column in _columns_of(page, furniture[page.number], body):
            if column[0].kind == "aside":
                waiting += column
                continue
            if paragraphs and _continues(paragraphs[-1], column[0]):
                paragraphs[-1] = _Paragraph(paragraphs[-1].kind, paragraphs[-1].rows + column[0].rows)
                column = column[1:]
            if column:
                paragraphs += [*waiting, *column]
                waiting = []
    return _read([*paragraphs, *waiting], vocabulary)


def _usual(values: Iterable[float]) -> float:
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value)) if counts else 1.0


# Running heads and page numbers: what stands at the edge of a page, and on other pages again.


def _furniture(pages: Sequence[Page], body: float) -> dict[int, set[Stretch]]:
    edges = {page.number: _edges(page) for page in pages}
    seen = Counter(key for rows in edges.values() for key in {_key(row) for row in rows})
    most = 2 if len(pages) < 6 else 3
    return {
        number: {
            part
            for row in rows
            if seen[_key(row)] >= most or _PAGE_NUMBER.fullmatch(row.text) or row.height < _SMALL * body
            for part in row.parts
        }
        for number, rows in edges.items()
    }


def _edges(page: Page) -> list[PageRow]:
    """The two outermost lines at the top and at the bottom, as far as they stand in the margins."""
    rows = rows_of(page.stretches, page.number)
    top = [row for row in rows[:2] if row.bottom > page.height * (1 - _MARGIN)]
    return top + [row for row in rows[-2:] if row.bottom < page.height * _MARGIN]


def _key(row: PageRow) -> str:
    return re.sub(r"\d+|\b[ivxl]+\b", "#", row.text.casefold())


# Paragraphs.


def _columns_of(page: Page, furniture: set[Stretch], body: float) -> Iterator[list[_Paragraph]]:
    """Paragraphs by column, none of them empty; what stands at the edge of the page comes first and last."""
    edges = [_Paragraph("aside", (row,)) for row in rows_of(furniture, page.number)]
    upper = [edge for edge in edges if edge.rows[0].bottom > page.height / 2]
    columns = (rows_of(column, page.number) for column in columns_of([s for s in page.stretches if s not in furniture]))
    parts = (upper, *(list(_of_column(rows, body)) for rows in columns), edges[len(upper) :])
    yield from filter(None, parts)


def _of_column(rows: list[PageRow], body: float) -> Iterator[_Paragraph]:
    tables = table_rows(rows)
    usual = _usual_distance(rows)
    open_rows: list[PageRow] = []
    for number, row in enumerate(rows):
        if number in tables:
            yield from _closed(open_rows, body)
            open_rows = []
            yield _Paragraph("row", (row,))
            continue
        sizes = [one for one in rows if abs(one.height - row.height) < _SAME * row.height]  # the longest shows how long
        right = max(one.right for one in sizes if abs(one.left - row.left) < 2 * row.height)
        if open_rows and _parts(open_rows, row, usual, right):
            yield from _closed(open_rows, body)
            open_rows = []
        open_rows.append(row)
    yield from _closed(open_rows, body)


def _usual_distance(rows: Sequence[PageRow]) -> float:
    distances = [a.bottom - b.bottom for a, b in pairwise(rows) if abs(a.height - b.height) < 1]
    close = [d for d, row in zip(distances, rows, strict=False) if 0 < d < 2.2 * row.height]
    return _usual(round(d, 0) for d in close) if close else 0.0


def _parts(above: Sequence[PageRow], row: PageRow, usual: float, right: float) -> bool:
    """Does another paragraph begin with the row?"""
    before = above[-1]
    distance = before.bottom - row.bottom
    if abs(before.height - row.height) > _SAME * before.height or (
        before.bold != row.bold and (before.bold or len(row.parts) == 1)
    ):
        return True
    if distance > _PARTED * max(usual, 1.35 * row.height) or distance <= 0:
        return True
    if BULLET.match(row.text) and (_SIGN.match(row.text) or _END.search(before.text) or BULLET.match(above[0].text)):
        return True
    if BULLET.match(above[0].text):
        return row.left < above[0].left + 0.3 * row.height
    indent = row.left - min(one.left for one in above[1:] or above)
    if len(above) > 1 and indent > 0.8 * row.height and row.left - before.left > 0.8 * row.height:
        return True
    if len(above) == 1 and before.left - row.left < -0.8 * row.height and _END.search(before.text):
        return True
    first_word = len(row.text.split(" ", 1)[0]) + 1
    room = right - before.right
    letter = (before.right - before.left) / max(len(before.text), 1)
    fits = room > (first_word + 1) * letter + 0.02 * right
    return (
        fits and not row.text[:1].islower() and (bool(_END.search(before.text)) or room > 0.25 * (right - before.left))
    )


def _closed(rows: Sequence[PageRow], body: float) -> Iterator[_Paragraph]:
    if not rows or not any(row.text for row in rows):
        return
    text = " ".join(row.text for row in rows)
    height = rows[0].height
    short = len(rows) <= 3 and len(text.split()) <= _HEADING_WORDS and any(char.isalpha() for char in text)
    heading = short and (
        height >= _LARGER * body or (all(row.bold for row in rows) and not _END.search(text.rstrip(":")))
    )
    if heading:
        yield _Paragraph("heading", tuple(rows))
    elif _LEADERS.search(text):
        yield _Paragraph("links", tuple(rows))
    else:
        yield _Paragraph("item" if BULLET.match(text) else "text", tuple(rows))


def _continues(before: _Paragraph, after: _Paragraph) -> bool:
    """Does a paragraph go on in the next column, or on the next page?"""
    if (before.kind, after.kind) not in (("text", "text"), ("item", "text")):
        return False
    last, opening = before.rows[-1], after.rows[0]
    if abs(last.height - opening.height) >= _SAME * last.height or _END.search(last.text) or BULLET.match(opening.text):
        return False
    filled = len(before.rows) > 1 and last.right - last.left > 0.75 * max(row.right - row.left for row in before.rows)
    return opening.text[:1].islower() or (filled and last.bold == opening.bold)


# Pieces.


class Read(NamedTuple):
    """The pieces of all pages, and by a piece's number where in its text pages begin."""

    pieces: list[Piece]
    pages: dict[int, tuple[PageStart, ...]]


def _read(paragraphs: Sequence[_Paragraph], vocabulary: Counter[str]) -> Read:
    read = Read([], {})
    for kind, group in groupby(paragraphs, key=lambda paragraph: paragraph.kind):
        if kind == "row":
            _add_table(read, [row for paragraph in group for row in paragraph.rows])
            continue
        for paragraph in group:
            text, pages = _joined(paragraph.rows, vocabulary)
            if kind == "links":
                text = _LEADERS.sub(" … ", text)
            at = len(read.pieces)
            sign = _SIGN.match(text) if kind == "item" else None
            shown = text[sign.end() :] if sign else text
            read.pieces.append(piece(kind, shown, at, level=2 * (kind == "heading")))
            read.pages[at] = tuple(PageStart(max(0, start - len(text) + len(shown)), page) for start, page in pages)
    return read


def _add_table(read: Read, rows: Sequence[PageRow]) -> None:
    cells = cells_of(rows)
    first, row = cells[0]
    plain = all(first) and not any(char.isdigit() for cell in first for char in cell)
    has_header = len(cells) > 1 and (plain or (row.bold and not all(one.bold for _, one in cells[1:])))
    header = len(read.pieces) if has_header else -1
    for texts, one in cells:
        at = len(read.pieces)
        is_header = at == header
        read.pieces.append(
            piece("header" if is_header else "row", line(CELLS.join(texts)), at, -1 if is_header else header)
        )
        read.pages[at] = (PageStart(0, one.page),)


def _joined(rows: Sequence[PageRow], vocabulary: Counter[str]) -> tuple[str, tuple[PageStart, ...]]:
    """The rows as one line, without the hyphens of line ends, and where each page begins in it."""
    text = ""
    pages: list[PageStart] = []
    for row in rows:
        own = row.text.translate(_LIGATURES)
        if _HYPHEN.search(text) and own[:1].isalpha():
            keep = not own[0].islower() or _is_compound(text, own, vocabulary)
            text = f"{text[:-1]}-" if keep else text[:-1]
        elif text and not (_HYPHEN.search(text) and own[:1].isdigit()):
            text += " "
        if not pages or pages[-1].page != row.page:
            pages.append(PageStart(len(text), row.page))
        text += own
    return text.replace("\u2010", "-"), tuple(pages)


def _is_compound(before: str, after: str, vocabulary: Counter[str]) -> bool:
    """Whether the two halves stand elsewhere with a hyphen between them, and never as one word."""
    first, second = before[:-1].rsplit(" ", 1)[-1].casefold(), re.match(r"\w*", after.casefold())
    second_half = second.group() if second else ""
    return vocabulary[f"{first}-{second_half}"] > vocabulary[f"{first}{second_half}"]
