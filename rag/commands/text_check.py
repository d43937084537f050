"""The command that checks a text which somebody, or some language model, wrote: `check-text`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from index.bootstrap import ready
from index.errors import BadInput, BadQuestion, NotFound
from index.options import AsOf, Data, Json, day_of
from index.search import open_index
from index.settings import load_settings
from index.terminal import Paragraph, emit_json, emit_lines
from rag.text_check.check import MOST_CHARACTERS, TextCheck, check_text, split, text_check_fields

_MOST_BYTES = 4 * MOST_CHARACTERS + 3  # every character of four bytes, and a mark in front
_WORDS = {"supported": "supported", "partly": "partly", "unsupported": "unsupported", "not_a_claim": "no claim"}
_STYLES = {"supported": "green", "partly": "yellow", "unsupported": "red", "not_a_claim": "dim"}


def check_written(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text file; - reads standard input.")],
    data: Data = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Say of every sentence of a text which spans of the articles support it, and what in it they do not say."""
    settings = load_settings(data=data)
    day = day_of(as_of)
    text = _read(file)
    split(text)  # what cannot be checked is refused before anything is opened or built
    ready(settings)
    index = open_index(settings.data, settings)
    check = check_text(text, index.as_of(day) if day else index)
    if as_json:
        emit_json(text_check_fields(check))
    else:
        emit_lines(list(_lines(check)))


def _read(file: Path) -> str:
    """Raises NotFound, BadInput or BadQuestion."""
    named = str(file) != "-"
    try:
        if named:
            with file.open("rb") as stream:
                raw = stream.read(_MOST_BYTES + 1)
        else:
            raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"no file '{file}'; give a text file, or - for standard input") from error
    except OSError as error:
        raise BadInput(f"'{file}' cannot be read: {error.strerror}; give a text file") from error
    if len(raw) > _MOST_BYTES:
        raise BadQuestion(f"the text has more than {MOST_CHARACTERS:,} characters; check it in parts")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"the text is not UTF-8 (byte 0x{raw[error.start]:02x} at {error.start:,}); convert it, for example: "
            "iconv -f WINDOWS-1252 -t UTF-8"
        ) from error


def _lines(check: TextCheck) -> Iterator[Paragraph]:
    """Each sentence with its state, what is wrong with it, and the markers of its spans; then the spans."""
    for sentence in check.sentences:
        markers = "".join(f" [{marker}]" for marker in sentence.citations)
        yield Paragraph(f"{_WORDS[sentence.state]}: {sentence.text}{markers}", style=_STYLES[sentence.state])
        for difference in sentence.differs:
            said, found = difference.said or "nothing of the kind", difference.found or "nothing of the kind"
            yield Paragraph(f"says “{said}”, the article “{found}”", indent=4)
        if sentence.missing:
            yield Paragraph(f"found nowhere in the articles: {', '.join(sentence.missing)}", indent=4)
        if sentence.elsewhere:
            yield Paragraph(f"in the articles, but not there: {', '.join(sentence.elsewhere)}", indent=4)
    for citation in check.citations:
        yield Paragraph("")
        day = citation.published.isoformat() if citation.published else "undated"
        inferred = ", date inferred" if "published" in citation.inferred else ""
        span = f"{citation.document_id} {citation.start}-{citation.end}"
        yield Paragraph(f"[{citation.marker}] {citation.title or citation.document_id} ({day}{inferred}) {span}")
        yield Paragraph(f"“{citation.quote}”", indent=4)
