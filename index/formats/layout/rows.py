"""Characters on a page → rows, columns and the cells of tables, by where they stand.

Places are in points, y upwards. A row is what stands side by side; columns are read one after the other.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from index.formats.extracted import line

BULLET = re.compile(r"[•◦▪▫‣⁃●○■□➢➤✓✔·\uf0b7\uf0a7]\s*|[-–—*o]\s+|\(?(?:\d{1,2}|[a-z])[.)]\s+(?=\S)")
_GUTTER_LINES = 4  # a column has at least so many
_GUTTER_CHARS = 14  # and so many characters in its median line
_GUTTERS = 8  # places that are looked at closely
_FULL = 0.6  # and fills so much of its width; cells of a table do not
_CELL_GAP = 1.3  # of the font's size: between cells, and seldom between words
_JUSTIFIED = 1.6  # times the widest space between words: a gap that is no wider may be one of them


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


class PageRow(NamedTuple):
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


def rows_of(stretches: Iterable[Stretch], page: int) -> list[PageRow]:
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
    return [PageRow(tuple(sorted(row, key=lambda s: s.left)), page) for row in rows]


def columns_of(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
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
                yield from columns_of(side)


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
    before = rows_of((s for s in stretches if s.right <= x), 0)
    after = rows_of((s for s in stretches if s.left >= x), 0)
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


# Tables.


def table_rows(rows: Sequence[PageRow]) -> set[int]:
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


def _goes_below(above: PageRow, below: PageRow) -> bool:
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


def _has_cells(row: PageRow) -> bool:
    """A gap that no space between words comes near, also not in a line that is spread."""
    gaps = [b.left - a.right for a, b in zip(row.parts, row.parts[1:], strict=False)]
    if not gaps or max(gaps) < _CELL_GAP * row.height:
        return False
    space = max(part.space for part in row.parts)
    if space:
        return max(gaps) > _JUSTIFIED * space
    return len(gaps) < 2 or max(gaps) > _JUSTIFIED * min(gaps)


def _is_bulleted(row: PageRow) -> bool:
    """A bullet apart from its text is no cell."""
    return len(row.parts) == 2 and bool(BULLET.fullmatch(row.parts[0].text + " "))


def cells_of(rows: Sequence[PageRow]) -> list[tuple[tuple[str, ...], PageRow]]:
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
    made: list[tuple[tuple[str, ...], PageRow]] = []
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


def _limit(part: Stretch, rows: Sequence[PageRow]) -> float:
    """A title over several columns must not make one of them."""
    beside = [p.left for row in rows for p in row.parts if p.left > part.left + 1]
    following = [left for left in beside if left >= part.left + part.height]
    return min(following, default=part.right) if len(following) else part.right
