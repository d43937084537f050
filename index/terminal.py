"""How commands talk: data on stdout, all else on stderr; styled and wrapped on a terminal, plain everywhere else.

Articles may hold terminal control codes; no text that is printed for people carries one.
"""

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:  # rich is loaded where something is styled: on a terminal
    from rich.console import Console, RenderableType
    from rich.text import Text

WIDTH = 100  # longer lines are hard to read
WHOLE = 40  # names up to this length are never broken over two lines
TICK_S = 5.0  # between two lines of progress where there is no terminal

_CONTROLS = dict.fromkeys([*range(0x00, 0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)], "\N{REPLACEMENT CHARACTER}")

Show = Callable[[str, int, int], None]  # step, done, in all


class Paragraph(NamedTuple):
    """A paragraph of output; on a terminal it is wrapped inside its indent."""

    text: str = ""
    indent: int = 0
    style: str = ""
    underlined: tuple[int, int] = (0, 0)  # code points of the text, on a terminal


def shortened(text: str, most: int) -> str:
    """In one line, cut between words."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rpartition(' ')[0] or text[: most - 1]}…"


def write_anything() -> None:
    """A character that stdout cannot encode is written as its number: no output ends in an error halfway."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for half a surrogate pair this is what JSON writes, too


def emit(text: str, *, end: str = "\n") -> None:
    """To stdout; whoever stopped reading, as `| head` does, ends the command quietly."""
    try:
        sys.stdout.write(f"{text}{end}")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(0) from error
        raise


def emit_json(value: object) -> None:
    """One object; where stdout is not UTF-8, in the ASCII form of JSON."""
    utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    emit(json.dumps(value, ensure_ascii=not utf8, indent=2))


def emit_lines(lines: Iterable[Paragraph]) -> None:
    """One paragraph after the other; a piped one keeps its own line breaks and gets no others."""
    if sys.stdout.isatty():
        from rich.padding import Padding

        _emit_styled([Padding(_styled(each), (0, 0, 0, each.indent)) for each in lines])
        return
    pad = [" " * each.indent + safe(each.text).replace("\n", "\n" + " " * each.indent) for each in lines]
    emit("\n".join(line.rstrip() for line in pad))


def _styled(paragraph: Paragraph) -> "Text":
    from rich.text import Text

    text = Text(safe(paragraph.text), paragraph.style)
    text.stylize("underline", *paragraph.underlined)
    return text


def emit_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; elsewhere a line a row, its cells between tabs, without headings."""
    clean = [[" ".join(safe(cell).split()) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        if clean:
            emit("\n".join("\t".join(row) for row in clean))
        return
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    whole = all(len(row[0]) <= WHOLE for row in clean)  # names can be copied
    first, *others = headings
    table = Table(Column(first, no_wrap=whole), *others, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in clean:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    _emit_styled([table])


def tell(text: str, style: str = "") -> None:
    """One line on stderr for people, whatever the text holds; never data."""
    line = safe(" ".join(text.splitlines()))
    if sys.stderr.isatty():
        from rich.text import Text

        _console(stderr=True).print(Text(line, style), soft_wrap=True)  # a command in it can be copied
    else:
        sys.stderr.write(f"{line}\n")


def tell_error(message: str) -> None:
    """One plain line on stderr, whatever the message holds."""
    sys.stderr.write(f"error: {safe(' '.join(message.splitlines()))}\n")


def safe(text: str) -> str:
    """Without characters that a terminal would obey."""
    return text.translate(_CONTROLS)


@contextmanager
def progress() -> Iterator[Show]:
    """A bar on a terminal; elsewhere a line every few seconds; always on stderr."""
    if not sys.stderr.isatty():
        yield _Ticks().show
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total)


class _Ticks:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self._last >= TICK_S:
            self._last = time.monotonic()
            tell(f"{step} {done} of {total}")


def _emit_styled(parts: Sequence["RenderableType"]) -> None:
    console = _console()
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    emit("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH)
    return console
