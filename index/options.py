"""The options that commands of every folder share, so that they read and sound the same everywhere."""

from datetime import date
from pathlib import Path
from shlex import quote
from typing import Annotated, TypeAlias

import typer

from index.ranking.filters import Filters, parse_day
from index.settings import Settings

Data: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the store and its search index.  [default: .index]"),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Explain: TypeAlias = Annotated[bool, typer.Option("--explain", help="Show each ranker's rank and score.")]


AsOf: TypeAlias = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="As if articles published after YYYY-MM-DD did not exist.")
]
Documents: TypeAlias = Annotated[
    list[str] | None, typer.Option("--document", metavar="ID", help="Read only this article; may be repeated.")
]
Authors: TypeAlias = Annotated[
    list[str] | None, typer.Option("--author", metavar="NAME", help="Read only articles by this author; repeatable.")
]
Since: TypeAlias = Annotated[str | None, typer.Option("--since", metavar="DATE", help="Published on or after it.")]
Until: TypeAlias = Annotated[str | None, typer.Option("--until", metavar="DATE", help="Published on or before it.")]


def day_of(given: str | None, flag: str = "--as-of") -> date | None:
    """What was given with the flag. Raises BadQuestion, which names it."""
    return None if given is None else parse_day(given, flag)


def filters_of(documents: list[str] | None, authors: list[str] | None, since: str | None, until: str | None) -> Filters:
    """What the flags leave of the articles. Raises BadQuestion for what is no day."""
    days = {"published_from": day_of(since, "--since"), "published_to": day_of(until, "--until")}
    return Filters.parse({"documents": documents, "authors": authors, **days})


def same_data(settings: Settings) -> str:
    """What the next command needs to reach the same data folder: a flag, or nothing."""
    return f" --data {quote(str(settings.data))}" if "data" in settings.model_fields_set else ""
