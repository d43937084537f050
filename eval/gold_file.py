"""Gold files as they are written: one line a question, added and taken back whole, so that a crash loses no line."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from eval.gold import Question
from index.errors import BadInput


def line_of(question: Question) -> str:
    """The JSON object of one question, without a line end; history and standalone only where there are any."""
    fields = asdict(question)
    del fields["near"]
    if not question.history:
        del fields["history"], fields["standalone"]
    return json.dumps(fields, ensure_ascii=False)


def write_lines(path: Path, lines: list[str]) -> None:
    """A new file with these lines. Raises BadInput if something stands there already or nothing can be written."""
    if path.exists():
        raise BadInput(f"'{path}' exists already; name a new file")
    _replace(path, "".join(f"{line}\n" for line in lines))


def add_line(path: Path, line: str) -> None:
    """Put behind all others; a file that is not there is made. What stands there already is not read as JSON."""
    before = _text(path)
    torn = bool(before) and not before.endswith("\n")
    _replace(path, before + "\n" * torn + line + "\n")


def drop_line(path: Path, line: str) -> bool:
    """Take the last line away that is exactly this one; False where there is none."""
    lines = _text(path).split("\n")
    places = [place for place, each in enumerate(lines) if each.rstrip("\r") == line]
    if not places:
        return False
    del lines[places[-1]]
    _replace(path, "\n".join(lines))
    return True


def _text(path: Path) -> str:
    """With its line ends as they are; "" without a file."""
    return path.read_bytes().decode("utf-8") if path.exists() else ""


def _replace(path: Path, text: str) -> None:
    """Written beside the file and put in its place, so that whoever reads sees the old file or the new one."""
    target = path.resolve()
    made = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with made.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, made)
        made.replace(target)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise BadInput(f"'{path}' cannot be written: {error.strerror}; see to its folder and free space") from error
