"""Tables of figures: aligned for a terminal, as Markdown for the docs; records become JSON field by field."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from eval.scoring.intervals import Figure
from index.errors import BadInput, NotFound
from index.terminal import tell

Record = TypeVar("Record")

NOT_MEASURED = "not measured"
COUNTED = "Cells are value, 95 % interval, n."  # what stands below a table of such cells
_FEW_DIGITS_FROM = 10  # a third decimal of such a value says nothing


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head, as many in each; `left` are the places of the columns that stand to the left."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)

    def as_text(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        sides = [str.ljust if at in self.left else str.rjust for at in range(len(widths))]
        padded = ([pad(cell, width) for pad, cell, width in zip(sides, line, widths, strict=True)] for line in lines)
        return "\n".join("  ".join(cells).rstrip() for cells in padded)

    def as_markdown(self) -> str:
        rule = "".join("---|" if at in self.left else "---:|" for at in range(len(self.head)))
        escaped = ([cell.strip().replace("*", "\\*") for cell in row] for row in self.rows)
        return "\n".join([f"| {' | '.join(self.head)} |", f"|{rule}", *(f"| {' | '.join(row)} |" for row in escaped)])


def figure_table(figures: Sequence[Figure]) -> Table:
    """A line a figure."""
    return Table(("measure", "value", "95 % interval", "n"), [(figure.name, *cells_of(figure)) for figure in figures])


def paragraphs(*parts: str | Table | Sequence[str]) -> str:
    """Tables and lines of text, parted by empty lines; what is empty is left out."""
    texts = (
        part.as_text() if isinstance(part, Table) else part if isinstance(part, str) else "\n".join(part)
        for part in parts
    )
    return "\n\n".join(text for text in texts if text)


def below(command: str, *, said: str = "", notes: Sequence[str] = ()) -> list[str]:
    """What stands below a table of the docs: what it is, the command that gives it, and its notes."""
    return [f"{said} Written by `{command}`.".lstrip(), *(f"{sentence(note)}." for note in dict.fromkeys(notes))]


def sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}"


def cells_of(figure: Figure, *, digits: int | None = None) -> tuple[str, str, str]:
    """Value, interval and n; the last two are empty where nothing was measured."""
    if figure.low is None or figure.high is None:
        return NOT_MEASURED, "", ""
    digits = digits or _digits(figure)
    return value_of(figure, digits), f"{figure.low:.{digits}f} to {figure.high:.{digits}f}", str(figure.n)


def value_of(figure: Figure, digits: int | None = None) -> str:
    return NOT_MEASURED if figure.value is None else f"{figure.value:.{digits or _digits(figure)}f}"


def bracketed(figure: Figure | None, *, digits: int = 3, unmeasured: str = NOT_MEASURED) -> str:
    """Value and interval in one cell; `digits` are those of the interval."""
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return unmeasured
    return f"{figure.value:.3f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def counted(figure: Figure) -> str:
    """The same with its n, in one cell."""
    return bracketed(figure) + (f" n={figure.n}" if figure.value is not None else "")


def in_points(figure: Figure, sign: int = 1) -> str:
    """A difference of shares as a person reads it: in points, with its interval; with -1 the other way round."""
    if figure.value is None or figure.low is None or figure.high is None:
        return NOT_MEASURED
    value, low, high = (100 * sign * each for each in (figure.value, figure.low, figure.high))
    return f"{value:+.1f} [{min(low, high):+.1f}, {max(low, high):+.1f}]"


def sure(figure: Figure) -> bool:
    """Whether the interval of a difference leaves out zero."""
    return figure.low is not None and figure.high is not None and not figure.low <= 0 <= figure.high


def json_of(record: Any) -> dict[str, Any]:
    """A record's fields as JSON-able values; what was not measured is null."""
    values: dict[str, Any] = TypeAdapter(type(record)).dump_python(record, mode="json", by_alias=True)
    return values


def record_of(kind: type[Record], values: Any) -> Record:
    """Back from JSON's values. Raises ValueError with the field that does not fit."""
    try:
        record: Record = TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise ValueError(misfit(error)) from None
    return record


def misfit(error: ValidationError) -> str:
    """The first field that does not fit, and why."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"


def _digits(figure: Figure) -> int:
    return 3 if abs(figure.value or 0) < _FEW_DIGITS_FROM else 1


# Tables that commands write into Markdown, each between its own two markers; the rest of the page stays as it is.


Write: TypeAlias = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="Markdown to put the table into.", exists=True, dir_okay=False)
]


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
