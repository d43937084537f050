"""Questions that somebody wrote for the bundled articles; like those made by rule they are shown only if answered."""

from functools import cache
from importlib.resources import files
from json import loads


@cache
def written() -> dict[str, str]:
    """Document id → question."""
    table: dict[str, str] = loads(files("server").joinpath("suggestions.json").read_text(encoding="utf-8"))
    return table
