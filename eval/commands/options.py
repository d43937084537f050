from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from eval.runs.tables import json_of, write_block
from eval.sets.sets import EvalSet, ShowProgress, resolve_set
from index.terminal import emit, emit_json, progress

Sets: TypeAlias = Annotated[list[Path], typer.Argument(metavar="SET...", help="Gold files or BEIR-style folders.")]
Tuning: TypeAlias = Annotated[bool, typer.Option("--tuning", help="The halves that are tuned on, not the others.")]

Found = TypeVar("Found")


def measured(sets: Sequence[Path], measure: Callable[[EvalSet, ShowProgress], Found]) -> list[Found]:
    """What is found on each set, while its progress is shown."""
    found: list[Found] = []
    for path in sets:
        with progress() as show:
            found.append(measure(resolve_set(path), show))
    return found


def told(
    sets: Sequence[Path],
    measure: Callable[[EvalSet, ShowProgress], Found],
    text_of: Callable[[Found], str],
    as_json: bool,
    json_of: Callable[[Found], Any] = json_of,
) -> list[Found]:
    """What is found on each set, which is shown on stdout too."""
    found = measured(sets, measure)
    emit_json(list(map(json_of, found))) if as_json else emit("\n\n".join(map(text_of, found)))
    return found


def keep_table(
    write: Sequence[Path] | None, block: str, command: str, markdown_of: Callable[..., str], *found: Any
) -> None:
    write_block(write, block, markdown_of(*found, command=f"quotewell eval {command}"))


def command_on(sets: Sequence[Path], name: str, *, tuning: bool = False) -> str:
    """As it stands below a table: sets by name, wherever they lie."""
    return f"{name}{' --tuning' if tuning else ''} {' '.join(path.name for path in sets)}"
