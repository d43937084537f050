"""What the tables of figures share: aligned columns, a figure's cells, its JSON."""

from collections.abc import Iterable, Sequence

from eval.intervals import Figure

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
