"""`quotewell chat`: a conversation in the terminal. Only questions are kept, never what the articles say."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from index.errors import BadInput, BadQuestion
from index.options import AsOf, Authors, Data, Documents, Since, Until, day_of, filters_of
from index.settings import load_settings
from index.terminal import Paragraph, emit, emit_lines, shortened, tell, tell_error
from rag.answer import Answer
from rag.assistant import AskOptions, Assistant
from rag.commands.ask import MAX_STDIN_BYTES, opened
from rag.explain.show import answer_lines, cited_lines
from rag.follow_ups.turns import MOST_TURNS, Turn

FILE = "chat.json"  # in the data folder: the questions of the last conversation
MOST_KEPT = 200
BAD_QUESTION = 2  # exit code where a piped question could not be asked
PROMPT = "> "
HELP = (
    "/sources (or Ctrl-O): where the quotes stand    a number: ask what is proposed under it",
    "/history: what was asked    /new: begin again    /quit (or Ctrl-D): end; later: quotewell chat --resume",
)


def chat(
    data: Data = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last conversation.")] = False,
    as_of: AsOf = None,
    document: Documents = None,
    author: Authors = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Ask one question after the other, each read with those before it; /help says what else there is.

    Where input is piped, every line is a question, and each answer is printed with its sources.
    """
    wanted = AskOptions(filters=filters_of(document, author, since, until), as_of=day_of(as_of), phrase=True)
    settings = load_settings(data=data)
    talk = Talk(opened(settings), wanted)
    kept = Questions(settings.data / FILE)
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if resume:
        earlier = kept.read()
        talk.questions[:] = earlier[:-MOST_TURNS]
        for question in earlier[-MOST_TURNS:]:
            emit_lines([Paragraph(f"{PROMPT}{question}", style="dim")])
            _take(talk, question, at_terminal)
    failed = False
    for line in _typed(kept.read()) if at_terminal else _piped():
        text = line.strip()
        if text.startswith("/"):
            if not _obey(text, talk):
                break
        elif text:
            asked = _take(talk, talk.proposed(text), at_terminal)
            failed |= not asked
            if asked and (at_terminal or resume):
                kept.write(talk.questions)
    if failed and not at_terminal:
        raise typer.Exit(BAD_QUESTION)


class Talk:
    """The questions so far, as typed; the answers to the last few, which the next question is read with."""

    def __init__(self, assistant: Assistant, wanted: AskOptions) -> None:
        self.assistant = assistant
        self.questions: list[str] = []
        self.last: Answer | None = None
        self._wanted = wanted
        self._turns: tuple[Turn, ...] = ()

    def ask(self, question: str) -> Answer:
        """Raises BadQuestion."""
        answer = self.assistant.answered(question, replace(self._wanted, history=self._turns)).answer
        self.questions.append(question)
        self._turns = (*self._turns, Turn(question, answer.text))[-MOST_TURNS:]
        self.last = answer
        return answer

    def proposed(self, text: str) -> str:
        """What a number stands for below the last answer; any other text is itself."""
        follow_ups = self.last.follow_ups if self.last else ()
        return follow_ups[int(text) - 1] if text.isdecimal() and 0 < int(text) <= len(follow_ups) else text

    def begin(self) -> None:
        self.questions, self.last, self._turns = [], None, ()


class Questions:
    """A file of them, for nobody else to read; one that cannot be written costs a warning, once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._warned = False

    def read(self) -> list[str]:
        """Oldest first; none where there is no such file."""
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    def write(self, questions: list[str]) -> None:
        new = self._path.with_suffix(".new")
        try:
            new.touch(0o600)
            new.write_text(json.dumps(questions[-MOST_KEPT:], ensure_ascii=False), "utf-8")
            new.replace(self._path)
        except OSError as error:
            if not self._warned:
                tell(f"this conversation cannot be gone on with later: {error}")
            self._warned = True


def _take(talk: Talk, question: str, at_terminal: bool) -> bool:
    """Asks and prints; False where the question could not be asked."""
    try:
        answer = talk.ask(question)
    except BadQuestion as error:
        tell_error(str(error))
        return False
    emit_lines([*answer_lines(answer, talk.assistant.index.document, sources=not at_terminal), Paragraph()])
    return True


def _obey(command: str, talk: Talk) -> bool:
    """False where it ends the conversation."""
    name = command.split()[0]
    if name in ("/quit", "/exit", "/q"):
        return False
    if name in ("/sources", "/s"):
        lines = [*cited_lines(talk.last, talk.assistant.index.document)] if talk.last else []
        emit_lines([*(lines or [Paragraph("nothing is quoted yet", style="dim")]), Paragraph()])
    elif name in ("/history", "/h"):
        emit_lines(Paragraph(f"{n}. {shortened(one, 90)}") for n, one in enumerate(talk.questions, start=1))
    elif name == "/new":
        talk.begin()
        emit("")
    elif name in ("/help", "/?"):
        emit_lines(map(Paragraph, HELP))
    else:
        tell_error(f"there is no command {shortened(name, 40)}; /help names those that there are")
    return True


def _typed(before: list[str]) -> Iterator[str]:
    """Lines, with those of the last conversation to go back to, until Ctrl-D."""
    try:
        import readline  # not everywhere
    except ImportError:
        pass
    else:
        readline.parse_and_bind(r'"\C-o": "\C-a\C-k/sources\C-m"')
        for question in before:
            readline.add_history(question)
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            emit("")
            return
        except UnicodeDecodeError as error:
            raise BadInput(f"what was typed is not {error.encoding} text; see to the terminal's encoding") from error


def _piped() -> Iterator[str]:
    """What is no UTF-8 stays what it is, and is refused as a question."""
    while line := sys.stdin.buffer.readline(MAX_STDIN_BYTES):
        yield line.decode("utf-8", "surrogateescape")
