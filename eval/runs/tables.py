"""What the tables of figures share: aligned columns, a figure's cells, its JSON."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from eval.scoring.intervals import Figure
from index.errors import BadInput, NotFound
from index.terminal import tell

NOT_MEASURED = "not measured"
_FEW_DIGITS_FROM = 10  # a third decimal of such a value says nothing


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(_padded(row, widths)).rstrip() for row in table]


def cells_of(figure: Figure) -> tuple[str, str, str]:
    """Value, interval and n; the last two are empty where nothing was measured."""
    if figure.low is None or figure.high is None:
        return NOT_MEASURED, "", ""
    digits = _digits(figure)
    return value_of(figure), f"{figure.low:.{digits}f} to {figure.high:.{digits}f}", str(figure.n)


def value_of(figure: Figure) -> str:
    return NOT_MEASURED if figure.value is None else f"{figure.value:.{_digits(figure)}f}"


def bracketed(figure: Figure) -> str:
    """Value and interval in one cell."""
    if figure.value is None or figure.low is None or figure.high is None:
        return NOT_MEASURED
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def counted(figure: Figure) -> str:
    """The same with its n, in one cell."""
    return bracketed(figure) + (f" n={figure.n}" if figure.value is not None else "")


def text_of_figures(title: str, figures: Sequence[Figure], notes: Sequence[str] = ()) -> str:
    """An aligned table under a title, with its notes below."""
    head = ("measure", "value", "95 % interval", "n")
    return "\n".join([title, "", *aligned([head, *((each.name, *cells_of(each)) for each in figures)]), *listed(notes)])


def listed(notes: Sequence[str]) -> list[str]:
    """Below a table, parted from it."""
    return ["", *notes] if notes else []


def json_figure(figure: Figure) -> dict[str, float | int | None]:
    return {"value": figure.value, "n": figure.n, "low": figure.low, "high": figure.high}


def _digits(figure: Figure) -> int:
    return 3 if abs(figure.value or 0) < _FEW_DIGITS_FROM else 1


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    return (
        cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )


# Tables that commands write into Markdown, each between its own two markers; the rest of the page stays as it is.

Write: TypeAlias = Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Markdown to put the table into.")]


def write_block(files: Sequence[Path] | None, name: str, body: str) -> None:
    """Into each file, and say so. Raises like `replace_block`."""
    for file in files or ():
        changed = replace_block(file, name, body)
        tell(f"{'wrote the table into' if changed else 'the table stands already in'} {file}")


def replace_block(path: Path, name: str, body: str) -> bool:
    """Put `body` between `<!-- eval:NAME -->` and `<!-- /eval:NAME -->`; False when it stood there already.

    Raises NotFound for a missing file and BadInput unless both markers stand there once, in that order.
    """
    if not path.is_file():
        raise NotFound(f"no file {path} to write the table into; give a file that holds the markers")
    opening, closing = f"<!-- eval:{name} -->", f"<!-- /eval:{name} -->"
    before = path.read_bytes().decode("utf-8")
    start, end = before.find(opening), before.find(closing)
    if before.count(opening) != 1 or before.count(closing) != 1 or end < start:
        raise BadInput(f"{path} needs {opening} and after it {closing}, once each; add them where the table belongs")
    newline = "\r\n" if "\r\n" in before else "\n"
    block = newline.join([opening, *body.splitlines(), closing])
    after = before[:start] + block + before[end + len(closing) :]
    if after != before:
        path.write_bytes(after.encode("utf-8"))
    return after != before
