"""What the documents name is there: files, folders, modules and links, in prose and in comments alike."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_group

from index.settings import Settings
from quotewell import app

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "server", "eval")
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").glob("*.md"))
CODE = [ROOT / "quotewell.py", *(path for name in (*PACKAGES, "tests") for path in sorted((ROOT / name).rglob("*.py")))]

OF_TESTS = {"QUOTEWELL_TEST_STORE", "QUOTEWELL_ROUNDS", "QUOTEWELL_NAME"}  # the last stands for any

_PATH = re.compile(r"(?<![\w./-])(?:index|rag|server|eval|tests|docs|examples|seeds)/[\w./*-]*\w/?")
_MODULE = re.compile(r"(?<![\w./])(?:index|rag|server|eval|tests)(?:\.[a-zA-Z_]\w*)+")
_LINK = re.compile(r"\]\(([^)\s:]+)\)")


def is_there(path: str) -> bool:
    """A file or folder; with a star, at least one."""
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists()


def is_module(name: str) -> bool:
    """A module, or a name that one binds at its top: `rag.receipts.verify`, `rag.open_assistant`."""
    folder, _, last = name.replace(".", "/").rpartition("/")
    if any((ROOT / place).exists() for place in (f"{folder}/{last}.py", f"{folder}/{last}")):
        return True
    homes = [home for home in (ROOT / f"{folder}.py", ROOT / folder / "__init__.py") if home.exists()]
    return any(last in set(_bound(ast.parse(home.read_text("utf-8")))) for home in homes)


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def quoted(text: str) -> Iterator[str]:
    """What stands between backticks on one line, and the lines of blocks."""
    yield from re.findall(r"`([^`\n]+)`", text)
    yield from re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    named = [one for words in quoted(text) for one in _PATH.findall(words) if not is_there(one)]
    named += [one for words in quoted(text) for one in _MODULE.findall(words) if not is_module(one)]
    named += [link for link in _LINK.findall(text) if not (document.parent / link.partition("#")[0]).exists()]
    assert named == []


def command_lines(text: str) -> Iterator[str]:
    """What is to be typed, as far as it is ours: a line that goes on behind a backslash is one."""
    for one in quoted(text.replace("\\\n", " ")):
        for line in one.splitlines():
            if found := re.search(r"(?:^|[\s/])quotewell\"? (?=[a-z])(.*)", re.sub(r"[<>(){}…;|&]|\s#.*", " ", line)):
                yield found.group(1)


def unknown_in(line: str) -> list[str]:
    """The command, and the options, that do not exist."""
    command: Any = get_group(app())
    words, options = shlex.split(line.replace("'", "’")), {"--help", "--version"}
    for number, word in enumerate(words):
        if hasattr(command, "commands") and not word.startswith("-"):
            if word not in command.commands:
                return [" ".join(words[: number + 1])]
            command = command.resolve_command(typer.Context(command), [word])[1]
            options |= {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return [word for word in words if word.startswith("--") and word.partition("=")[0].rstrip(".,:") not in options]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_option_and_setting_that_a_document_has_to_type_exists(document: Path) -> None:
    text = document.read_text("utf-8")
    assert [(line, wrong) for line in command_lines(text) if (wrong := unknown_in(line))] == []
    known = {f"QUOTEWELL_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"QUOTEWELL_[A-Z_]+", text)) <= known | OF_TESTS


def test_a_command_that_is_none_and_an_option_of_another_are_found() -> None:
    lines = "`quotewell eval growth --depth 3`, `.venv/bin/quotewell asks`, `quotewell ask 'no' --as-of 2025 --json`"
    assert list(map(unknown_in, command_lines(lines))) == [["--depth"], ["asks"], []]


def test_modules_named_in_the_code_are_there() -> None:
    """In docstrings, comments and messages: a path to a Python file, which moves more often than its readers notice."""
    lost = {
        (path.relative_to(ROOT).as_posix(), one)
        for path in CODE
        if path.name not in ("test_architecture.py", "test_docs.py")  # they name what must not be
        for one in _PATH.findall(path.read_text("utf-8"))
        if one.endswith(".py") and not is_there(one)
    }
    assert lost == set()


@pytest.mark.parametrize("name", ["rag/no_such.py", "rag/no_such/", "docs/*.nothing", "seeds/000_0.txt"])
def test_a_path_that_leads_nowhere_is_found(name: str) -> None:
    assert _PATH.findall(f"see {name},") == [name] and not is_there(name)


def test_a_module_is_known_from_a_name_that_nothing_binds() -> None:
    assert is_module("rag.open_assistant") and is_module("index.storage.store") and is_module("index.records.Document")
    assert not is_module("rag.no_such") and not is_module("index.records.NoSuch")
