from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer

from eval.runs.tables import write_block
from eval.sets.indexes import ShowProgress
from eval.sets.sets import EvalSet, resolve_set
from index.terminal import progress

Sets: TypeAlias = Annotated[list[Path], typer.Argument(metavar="SET...", help="Gold files or BEIR-style folders.")]
Tuning: TypeAlias = Annotated[bool, typer.Option("--tuning", help="The halves that are tuned on, not the others.")]

Found = TypeVar("Found")


def measured(sets: Sequence[Path], measure: Callable[[EvalSet, ShowProgress], Found]) -> list[Found]:
    found: list[Found] = []
    for path in sets:
        with progress() as show:
            found.append(measure(resolve_set(path), show))
    return found


def keep_table(write: Sequence[Path] | None, block: str, table: Callable[..., str], command: str) -> None:
    if write:
        write_block(write, block, table(command=f"quotewell eval {command}"))


def joined(text_of: Callable[[Found], str], found: Sequence[Found]) -> str:
    return "\n\n".join(map(text_of, found))


def names_of(sets: Sequence[Path]) -> str:
    return " ".join(path.name for path in sets)


def flag_of(tuning: bool) -> str:
    return " --tuning" if tuning else ""
