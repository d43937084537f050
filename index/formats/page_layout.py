"""Stretches of characters on pages → pieces in the order of a reader: columns, running heads, paragraphs, lists, tables.

Places are in points, y upwards. Nothing here knows a file format; every rule is about where letters stand.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from index.cleaning.pieces import Piece
from index.formats.extracted import CELLS, line, piece
from index.records import Kind, PageStart

_BULLET = re.compile(r"[•◦▪▫‣⁃●○■□➢➤✓✔·\uf0b7\uf0a7]\s*|[-–—*o]\s+|\(?(?:\d{1,2}|[a-z])[.)]\s+(?=\S)")
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
_GUTTER_LINES = 4  # a column has at least so many
_GUTTER_CHARS = 14  # and so many characters in its median line
_GUTTERS = 8  # places that are looked at closely
_FULL = 0.6  # and fills so much of its width; cells of a table do not
_SAME = 0.08  # of a size, which two may differ by and be the same
_SMALL = 0.85  # of the body's size: at the edge of a page, no text
_LARGER = 1.12  # than the body: a heading
_PARTED = 1.3  # of the usual distance of two lines: another paragraph
_CELL_GAP = 1.3  # of the font's size: between cells, and seldom between words
_JUSTIFIED = 1.6  # times the widest space between words: a gap that is no wider may be one of them
_HEADING_WORDS = 16


class Stretch(NamedTuple):
    """Characters that follow each other on one line."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    height: float  # size of its font
    bold: bool
    space: float = 0.0  # the widest between its words


class Page(NamedTuple):
    number: int
    width: float
    height: float
    stretches: tuple[Stretch, ...]


class _Row(NamedTuple):
    """Stretches side by side, from left to right, with the page that they stand on."""

    parts: tuple[Stretch, ...]
    page: int

    @property
    def text(self) -> str:
        return line(" ".join(part.text for part in self.parts))

    @property
    def left(self) -> float:
        return self.parts[0].left

    @property
    def right(self) -> float:
        return max(part.right for part in self.parts)

    @property
    def bottom(self) -> float:
        return min(part.bottom for part in self.parts)

    @property
    def height(self) -> float:
        return max(self.parts, key=lambda part: len(part.text)).height

    @property
    def bold(self) -> bool:
        return all(part.bold for part in self.parts)


class _Paragraph(NamedTuple):
    kind: Kind
    rows: tuple[_Row, ...]


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


def _edges(page: Page) -> list[_Row]:
    """The two outermost lines at the top and at the bottom, as far as they stand in the margins."""
    rows = _rows(page.stretches, page.number)
    top = [row for row in rows[:2] if row.bottom > page.height * (1 - _MARGIN)]
    return top + [row for row in rows[-2:] if row.bottom < page.height * _MARGIN]


def _key(row: _Row) -> str:
    return re.sub(r"\d+|\b[ivxl]+\b", "#", row.text.casefold())


# Rows and columns.


def _rows(stretches: Iterable[Stretch], page: int) -> list[_Row]:
    """From top to bottom: stretches of which each overlaps the row's first by half of its height."""
    rows: list[list[Stretch]] = []
    for stretch in sorted(stretches, key=lambda s: (-(s.bottom + s.top), s.left)):
        latest = rows[-1][0] if rows else None
        if latest and min(latest.top, stretch.top) - max(latest.bottom, stretch.bottom) > 0.5 * min(
            latest.top - latest.bottom, stretch.top - stretch.bottom
        ):
            rows[-1].append(stretch)
        else:
            rows.append([stretch])
    return [_Row(tuple(sorted(row, key=lambda s: s.left)), page) for row in rows]


def _columns(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    """Parts of a page in the order of reading; in each of them lines run from left to right over all of it."""
    gutter = _gutter(stretches)
    if gutter is None:
        yield list(stretches)
        return
    bands: list[list[Stretch]] = []  # in turns of lines that cross and lines that do not
    crosses = False
    for stretch in sorted(stretches, key=lambda s: -s.bottom):
        if not bands or (stretch.left < gutter < stretch.right) != crosses:
            crosses = stretch.left < gutter < stretch.right
            bands.append([])
        bands[-1].append(stretch)
    for band in bands:
        if band[0].left < gutter < band[0].right:
            yield band
            continue
        for side in ([s for s in band if s.right <= gutter], [s for s in band if s.left >= gutter]):
            if side:
                yield from _columns(side)


def _gutter(stretches: Sequence[Stretch]) -> float | None:
    """Where columns part: hardly a line crosses there, and on both sides stand lines that fill their column."""
    if len(stretches) < 2 * _GUTTER_LINES:
        return None
    left, right = min(s.left for s in stretches), max(s.right for s in stretches)
    places: list[tuple[int, float, float]] = []
    for edge in {s.right for s in stretches}:
        following = min((s.left for s in stretches if s.left >= edge), default=edge)
        if following - edge > 4 and 0.15 < (edge - left) / (right - left) < 0.85:
            x = (edge + following) / 2
            places.append((sum(1 for s in stretches if s.left < x < s.right), edge - following, x))
    return next((x for _, _, x in sorted(places)[:_GUTTERS] if _parts_columns(stretches, x)), None)


def _parts_columns(stretches: Sequence[Stretch], x: float) -> bool:
    before = _rows((s for s in stretches if s.right <= x), 0)
    after = _rows((s for s in stretches if s.left >= x), 0)
    for side in (before, after):
        if len(side) < _GUTTER_LINES or median(len(row.text) for row in side) < _GUTTER_CHARS:
            return False
        width = max(row.right for row in side) - min(row.left for row in side)
        if median(row.right - row.left for row in side) < _FULL * width:
            return False
    low = max(side[-1].bottom for side in (before, after))
    high = min(side[0].bottom for side in (before, after))
    beside = min(sum(1 for row in side if low <= row.bottom <= high) for side in (before, after))
    across = sum(1 for s in stretches if s.left < x < s.right)
    return beside >= _GUTTER_LINES - 1 and len(before) + len(after) > across / 2


# Paragraphs.


def _columns_of(page: Page, furniture: set[Stretch], body: float) -> Iterator[list[_Paragraph]]:
    """Paragraphs by column, none of them empty; what stands at the edge of the page comes first and last."""
    edges = [_Paragraph("aside", (row,)) for row in _rows(furniture, page.number)]
    upper = [edge for edge in edges if edge.rows[0].bottom > page.height / 2]
    columns = (_rows(column, page.number) for column in _columns([s for s in page.stretches if s not in furniture]))
    parts = (upper, *(list(_of_column(rows, body)) for rows in columns), edges[len(upper) :])
    yield from filter(None, parts)


def _of_column(rows: list[_Row], body: float) -> Iterator[_Paragraph]:
    tables = _table_rows(rows)
    usual = _usual_distance(rows)
    open_rows: list[_Row] = []
    for number, row in enumerate(rows):
        if number in tables:
            yield from _closed(open_rows, body)
            open_rows = []
            yield _Paragraph("row", (row,))
            continue
        right = max(other.right for other in rows if _is_like(other, row))
        if open_rows and _parts(open_rows, row, usual, right):
            yield from _closed(open_rows, body)
            open_rows = []
        open_rows.append(row)
    yield from _closed(open_rows, body)


def _is_like(a: _Row, b: _Row) -> bool:
    """Lines of one sort of text, of which the longest shows how long they may be."""
    return abs(a.height - b.height) < _SAME * b.height and abs(a.left - b.left) < 2 * b.height


def _usual_distance(rows: Sequence[_Row]) -> float:
    distances = [a.bottom - b.bottom for a, b in pairwise(rows) if abs(a.height - b.height) < 1]
    close = [d for d, row in zip(distances, rows, strict=False) if 0 < d < 2.2 * row.height]
    return _usual(round(d, 0) for d in close) if close else 0.0


def _parts(above: Sequence[_Row], row: _Row, usual: float, right: float) -> bool:
    """Does another paragraph begin with the row?"""
    before = above[-1]
    distance = before.bottom - row.bottom
    if (
        abs(before.height - row.height) > _SAME * before.height
        or (before.bold != row.bold
        and (before.bold or len(row.parts) == 1))
    ):
        return True
    if distance > _PARTED * max(usual, 1.35 * row.height) or distance <= 0:
        return True
    if _BULLET.match(row.text) and (_SIGN.match(row.text) or _END.search(before.text) or _BULLET.match(above[0].text)):
        return True
    if _BULLET.match(above[0].text):
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


def _closed(rows: Sequence[_Row], body: float) -> Iterator[_Paragraph]:
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
        yield _Paragraph("item" if _BULLET.match(text) else "text", tuple(rows))


def _continues(before: _Paragraph, after: _Paragraph) -> bool:
    """Does a paragraph go on in the next column, or on the next page?"""
    if (before.kind, after.kind) not in (("text", "text"), ("item", "text")):
        return False
    last, opening = before.rows[-1], after.rows[0]
    if (
        abs(last.height - opening.height) >= _SAME * last.height
        or _END.search(last.text)
        or _BULLET.match(opening.text)
    ):
        return False
    filled = len(before.rows) > 1 and last.right - last.left > 0.75 * max(row.right - row.left for row in before.rows)
    return opening.text[:1].islower() or (filled and last.bold == opening.bold)


# Tables.


def _table_rows(rows: Sequence[_Row]) -> set[int]:
    """Numbers of the rows of which neighbours have cells below each other, and some a gap that no line has."""
    found: set[int] = set()
    run: list[int] = []
    for number in range(len(rows) + 1):
        if run and number < len(rows) and _goes_below(rows[number - 1], rows[number]):
            run.append(number)
            continue
        if len(run) > 1 and any(_has_cells(rows[n]) for n in run):
            found |= {*run}
        run = [number] if number < len(rows) and len(rows[number].parts) > 1 and not _is_bulleted(rows[number]) else []
    return found


def _goes_below(above: _Row, below: _Row) -> bool:
    """Does a row carry on a table: as many cells in line as make it one, not far below?"""
    if _is_bulleted(below) or above.bottom - below.bottom > 4 * above.height:
        return False
    aligned = sum(1 for cell in below.parts if any(_in_line(cell, other) for other in above.parts))
    return aligned >= min(2, len(below.parts)) and (len(below.parts) > 1 or below.left > above.left + 1)


def _in_line(a: Stretch, b: Stretch) -> bool:
    near = 0.4 * a.height
    return (
        abs(a.left - b.left) < near or abs(a.right - b.right) < near or abs(a.left + a.right - b.left - b.right) < near
    )


def _has_cells(row: _Row) -> bool:
    """A gap that no space between words comes near, neither one in the row nor, in a line that is spread, the others."""
    gaps = [b.left - a.right for a, b in zip(row.parts, row.parts[1:], strict=False)]
    if not gaps or max(gaps) < _CELL_GAP * row.height:
        return False
    space = max(part.space for part in row.parts)
    if space:
        return max(gaps) > _JUSTIFIED * space
    return len(gaps) < 2 or max(gaps) > _JUSTIFIED * min(gaps)


def _is_bulleted(row: _Row) -> bool:
    """A bullet apart from its text is no cell."""
    return len(row.parts) == 2 and bool(_BULLET.fullmatch(row.parts[0].text + " "))


def _cells(rows: Sequence[_Row]) -> list[tuple[tuple[str, ...], _Row]]:
    """The cells of a table's rows by column; a row that only carries on cells of the one above is put into that."""
    edges: list[list[float]] = []
    for part in sorted((part for row in rows for part in row.parts), key=lambda p: p.left):
        if edges and part.left < edges[-1][1]:
            edges[-1][1] = (
                max(edges[-1][1], part.right)
                if len(rows) < 2
                else min(max(edges[-1][1], part.right), _limit(part, rows))
            )
        else:
            edges.append([part.left, part.right])
    made: list[tuple[tuple[str, ...], _Row]] = []
    for row in rows:
        cells = [""] * len(edges)
        for part in row.parts:
            column = max((n for n, (left, _) in enumerate(edges) if left <= part.left + 1), default=0)
            cells[column] = f"{cells[column]} {line(part.text)}".strip()
        if made and not cells[0] and made[-1][1].bottom - row.bottom < 1.5 * row.height:
            latest, first = made[-1]
            made[-1] = (tuple(f"{a} {b}".strip() for a, b in zip(latest, cells, strict=True)), first)
        else:
            made.append((tuple(cells), row))
    return made


def _limit(part: Stretch, rows: Sequence[_Row]) -> float:
    """A title over several columns must not make one of them."""
    beside = [p.left for row in rows for p in row.parts if p.left > part.left + 1]
    following = [left for left in beside if left >= part.left + part.height]
    return min(following, default=part.right) if len(following) else part.right


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


def _add_table(read: Read, rows: Sequence[_Row]) -> None:
    cells = _cells(rows)
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


def _joined(rows: Sequence[_Row], vocabulary: Counter[str]) -> tuple[str, tuple[PageStart, ...]]:
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
