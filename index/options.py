"""The options that commands of every folder share, so that they read and sound the same everywhere."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from index.settings import Settings

Data: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the store and its search index.  [default: .index]"),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Explain: TypeAlias = Annotated[bool, typer.Option("--explain", help="Show each ranker's rank and score.")]


def same_data(settings: Settings) -> str:
    """What the next command needs to reach the same data folder: a flag, or nothing."""
    return f" --data {settings.data}" if "data" in settings.model_fields_set else ""
