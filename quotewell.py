"""The command line: which command stands in which folder, and what each kind of error means to a shell.

Only the module of the command that runs is loaded, so that help and a misspelt option answer at once; the others
stand in the list by their name and one sentence.
"""

import gc
import os
import sys
from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_group

# Read at the import of FAISS, torch and numpy. Work is shared out between threads of ours, and each keeps to itself.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # else it opens a file of every installed package to look for one

from index.errors import BadInput, IndexDamaged, IndexMismatch, IndexMissing, NotFound, QuotewellError
from index.terminal import emit, tell_error, write_anything

FAILED, USAGE, NO_INDEX, INTERRUPTED = 1, 2, 5, 130
OPTIONAL = frozenset(  # extras bring them
    "ir_measures matplotlib mcp safetensors scipy sentence_transformers torch transformers".split()
)

EXITS = (
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 the articles do not say, 4 eval gate failed, 5 index missing or damaged, "
    "130 interrupted. Data goes to stdout, all else to stderr."
)


class Command(NamedTuple):
    """Where a command stands, as `module:function` or `module:group`, and what it is for."""

    where: str
    help: str


COMMANDS = {
    "ask": Command("rag.commands.ask:ask", "Answer a question in quotes, each cited to the character."),
    "chat": Command("rag.commands.chat:chat", "Ask one question after the other, in the terminal."),
    "search": Command("rag.commands.ask:search", "Find the passages that speak of a question, without an answer."),
    "check": Command("rag.commands.receipts:check", "Check every quote of a kept answer against the articles."),
    "check-text": Command("rag.commands.receipts:check_written", "Say which sentences of a text the articles support."),
    "corpus": Command("rag.commands.receipts:corpus", "Show the hash of all articles, or make a key to sign it."),
    "serve": Command("server.cli:serve", "Serve the page, the API and its documentation."),
    "keys": Command("server.access.keys:commands", "Make, list and revoke the keys that the server asks for."),
    "mcp": Command("server.cli:mcp", "Serve an agent that starts this command, over stdin (MCP)."),
    "index": Command("index.cli:index", "Add or update files and folders."),
    "documents": Command("index.cli:documents", "List the articles, show one, or delete one."),
    "verify": Command("index.cli:verify_index", "Check every stored row and file, and mend the search index."),
    "backup": Command("index.cli:backup", "Copy the store to a new file while it is in use."),
    "restore": Command("index.cli:restore", "Put a backup in the place of what stands, which is kept."),
    "doctor": Command("rag.commands.doctor:doctor", "Look at what is needed here, and say how to mend it."),
    "eval": Command("eval.cli:app", "Measure answers and search on judged questions."),
}


def main() -> int:
    """Run the command of `sys.argv` and return its exit code; the entry point of `quotewell`."""
    gc.disable()  # until `_root` sets aside what is loaded: it stays, so that looking through it finds no garbage
    write_anything()
    try:
        return run(sys.argv[1:])
    finally:
        gc.freeze()  # else all is looked through and given back piece by piece, and then the process is gone


def run(arguments: Sequence[str]) -> int:
    """The exit code; what a person can mend is one line on stderr, and only bugs leave a traceback."""
    words = list(arguments) or ["--help"]
    try:
        return int(app()(words, prog_name="quotewell", standalone_mode=False) or 0)
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")
        return _fail(f"{message.rstrip('.')}; see: {_path_of(error)} --help", error.exit_code)
    except (BadInput, NotFound) as error:
        return _fail(str(error), USAGE)
    except (IndexMissing, IndexDamaged, IndexMismatch) as error:
        return _fail(str(error), NO_INDEX)
    except QuotewellError as error:
        return _fail(str(error), FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        return _fail(f"{error.name} is not installed; in Quotewell's folder run: pip install '.[agents,eval]'", FAILED)
    except OSError as error:
        return _fail(f"{error}; see to the disk and the right to use it, or ask: quotewell doctor", FAILED)


class _Commands(TyperGroup):
    """Loads the module of a command once it is the one that runs, or that a shell asks how to complete."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            loaded = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
            loaded.callback()(_root)
            _add(loaded, name, resolve_name(COMMANDS[name].where))
            command = get_group(loaded).commands[name]
        return name, command, rest


def app() -> typer.Typer:
    """All commands; in place of each stands its name and its sentence until it is called."""
    made = typer.Typer(cls=_Commands, rich_markup_mode=None, pretty_exceptions_enable=False, epilog=EXITS)
    made.callback()(_root)
    for name in COMMANDS:
        _add(made, name, _not_loaded)
    made.command()(version)
    return made


def _add(app: typer.Typer, name: str, target: Any) -> None:
    if isinstance(target, typer.Typer):
        app.add_typer(target, name=name, help=COMMANDS[name].help)
    else:
        app.command(name, help=COMMANDS[name].help)(target)


def version() -> None:
    """Print the versions of Quotewell and Python."""
    from importlib.metadata import PackageNotFoundError  # here: it takes as long as half of all that help needs
    from importlib.metadata import version as installed_version
    from platform import python_version

    try:
        own = installed_version("quotewell")
    except PackageNotFoundError:
        own = "(not installed)"
    emit(f"quotewell {own}, Python {python_version()}")


def _root() -> None:
    """Ask your articles; every answer is a quote, cited to the character, or an honest "they do not say"."""
    if not gc.isenabled():  # the command was loaded just now
        gc.freeze()
        gc.enable()


def _not_loaded() -> None:
    """Stands for a command that this call does not run."""


def _path_of(error: typer.TyperException) -> str:
    """The command that was misused, as it was called."""
    context: typer.Context | None = getattr(error, "ctx", None)
    return context.command_path if context else "quotewell"


def _fail(message: str, code: int) -> int:
    tell_error(message)
    return code


if __name__ == "__main__":
    sys.exit(main())
