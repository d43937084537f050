"""The commands that ask an index: `ask` and `search`."""

import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from index.bootstrap import ready
from index.errors import BadQuestion, IndexDamaged
from index.options import AsOf, Authors, Data, Documents, Explain, Json, Since, Until, day_of, filters_of, same_data
from index.settings import Settings, load_settings
from index.terminal import emit_json, emit_lines, tell
from rag.answer import Mode
from rag.answer_json import hit_fields
from rag.assistant import AskOptions, Assistant, open_assistant
from rag.explain.show import answer_lines, hit_lines
from rag.understand import usable

ABSTAINED = 3  # exit code of `ask` when the articles do not say
MAX_STDIN_BYTES = 4_000_000

Evidence: TypeAlias = Annotated[
    bool, typer.Option("--evidence", help="No answer, only the best quotes, numbered, sure or not.")
]
_QUESTION = typer.Argument(metavar="QUESTION", help="In your own words; - reads it from standard input.")


def ask(
    question: Annotated[str, _QUESTION],
    data: Data = None,
    limit: Annotated[int | None, typer.Option(min=1, max=100, help="Passages of evidence, at most.")] = None,
    as_of: AsOf = None,
    document: Documents = None,
    author: Authors = None,
    since: Since = None,
    until: Until = None,
    evidence: Evidence = False,
    explain: Explain = False,
    as_json: Json = False,
) -> None:
    """Answer a question in quotes from the articles, each cited to the character. Exits 3 if they do not say."""
    filters = filters_of(document, author, since, until)
    assistant, text = _prepared(question, data)
    mode: Mode = "evidence" if evidence else "answer"
    wanted = AskOptions(limit, (), filters, day_of(as_of), mode, explain, phrase=True)
    answer, fields = assistant.answered(text, wanted)
    if as_json:
        emit_json(fields)
    else:
        emit_lines(answer_lines(answer, assistant.index.document))
    if answer.status == "abstained":
        raise typer.Exit(ABSTAINED)


def search(
    question: Annotated[str, _QUESTION],
    data: Data = None,
    limit: Annotated[int | None, typer.Option("-k", "--limit", min=1, max=100, help="Passages, at most.")] = None,
    as_of: AsOf = None,
    document: Documents = None,
    author: Authors = None,
    since: Since = None,
    until: Until = None,
    explain: Explain = False,
    as_json: Json = False,
) -> None:
    """Find the passages that speak of a question, best first, without an answer."""
    filters = filters_of(document, author, since, until)
    assistant, text = _prepared(question, data)
    hits = assistant.search(text, limit=limit, filters=filters, as_of=day_of(as_of))
    if as_json:
        found = [hit_fields(hit, assistant.index.head, explain=explain) for hit in hits]
        emit_json({"hits": found, "index_version": assistant.index.version})
    else:
        emit_lines(hit_lines(hits, assistant.index.document, explain=explain))


def _prepared(question: str, data: Path | None) -> tuple[Assistant, str]:
    """A question that cannot be read is refused before anything is opened or built."""
    settings = load_settings(data=data)
    text = usable(_piped() if question == "-" else question, settings.max_question_chars)
    return opened(settings), text


def opened(settings: Settings) -> Assistant:
    """What answers, made where it is missing; says so where there is nothing to answer from."""
    ready(settings)
    try:
        assistant = open_assistant(settings=settings, phrase=True)
    except IndexDamaged as error:
        raise IndexDamaged(f"{error}; mend it with: quotewell verify{same_data(settings)}") from error
    if not assistant.index.document_count:
        tell(f"'{settings.data}' holds no articles; add some with: quotewell index PATH{same_data(settings)}")
    return assistant


def _piped() -> str:
    raw = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    if len(raw) > MAX_STDIN_BYTES:
        raise BadQuestion(f"standard input holds more than {MAX_STDIN_BYTES:,} bytes; pipe one question into ask")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadQuestion(
            f"the question on standard input is not UTF-8 text (byte 0x{raw[error.start]:02x} at {error.start:,}); "
            "convert it, for example: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
