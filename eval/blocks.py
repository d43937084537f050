"""Tables that commands write into Markdown, each between its own two markers; the rest of the page stays as it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from index.console import tell
from index.errors import BadInput, NotFound

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
