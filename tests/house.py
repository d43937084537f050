"""How easily a stranger finds the way: `make house` prints the figures, a test holds them to their limits."""

import ast
import contextlib
import inspect
import io
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "server", "eval")
QUESTION = "Which sectors gained from preferential access under the USMCA?"
# What the house was held to when it was moved, and what came since: the reading model and its training; structure,
# file formats and languages of articles; guided replies, summaries and several questions at once; catching up;
# keys, a gate for what can be answered in time, indexes in pieces; the rest of OpenAI's interface and of MCP, a chat;
# a search engine that holds vectors and terms; a scan by signs for many vectors, other stacks measured beside ours.
# Less what had been written twice; training on a GPU, graphs of models of one's own; a database that holds vectors
# and terms, manuals of other generators, writes beside a long one; embedding in other processes, and by Ray.
# Less small modules that now stand with what they served.
LINES = 30_500 + 2_200 + 7_200 + 4_510 + 1_200 + 390 - 350 + 260 + 420 + 100 + 117 - 31 - 106
MODULES = 215 + 37 + 7 + 6 + 1 + 3 + 1 - 13 - 11
SHORT = 100  # lines; a shorter module that a single other one imports is a paragraph of it


class Figure(NamedTuple):
    value: int
    most: int
    what: str


@cache
def sources() -> dict[str, str]:
    """Module → its text; an `__init__` that holds a docstring at most is no module but a sign on a door."""
    files = [ROOT / "quotewell.py", *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]
    texts = {path: path.read_text("utf-8") for path in files if "node_modules" not in path.parts}
    return {module_of(path): text for path, text in texts.items() if path.stem != "__init__" or _has_code(text)}


def module_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix().removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _has_code(text: str) -> bool:
    return any(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in ast.parse(text).body
    )


def class_names_used_twice() -> list[str]:
    names = Counter(
        node.name for text in sources().values() for node in ast.parse(text).body if isinstance(node, ast.ClassDef)
    )
    return sorted(name for name, count in names.items() if count > 1)


def importers() -> dict[str, set[str]]:
    """Module → the modules that import it."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, text in sources().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    found[full if full in sources() else node.module or ""].add(module)
    return found


def paragraphs() -> list[str]:
    """Modules that are short and serve one other module only."""
    by = importers()
    return [name for name, text in sources().items() if len(text.splitlines()) < SHORT and len(by[name]) == 1]


def modules_run(work: Callable[[], object]) -> set[str]:
    """Our modules of which a function is called while `work` runs in this thread."""
    files: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        function = code.co_flags & inspect.CO_OPTIMIZED  # and no body of a class or module, which run when loaded
        if event == "call" and function and not code.co_name.startswith("<"):
            files.add(code.co_filename)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    paths = [Path(file) for file in files]
    return {module_of(path) for path in paths if path.is_relative_to(ROOT)} & set(sources())


def figures() -> Iterator[Figure]:
    """Of the text alone."""
    texts = sources()
    folders = Counter(path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    yield Figure(len(texts), MODULES, "modules")
    yield Figure(sum(len(text.splitlines()) for text in texts.values()), LINES, "lines of product Python")
    yield Figure(len(class_names_used_twice()), 17, "class names used more than once")
    yield Figure(len(paragraphs()), 10, f"modules below {SHORT} lines with one importer")
    yield Figure(max(folders.values()), 16, "files side by side in one folder")


def runs(folder: Path) -> tuple[Figure, Figure]:
    """Of a question and of a measurement, traced; the bundled articles are indexed in the folder."""
    from quotewell import run  # what runs is measured, so it is loaded here
    from rag import open_assistant

    gold = folder / "gold.jsonl"
    lines = (ROOT / "eval" / "gold" / "articles-dev.jsonl").read_text("utf-8").splitlines()
    gold.write_text("\n".join(lines[:3]) + "\n", "utf-8")
    command = ["eval", "run", str(gold), "--data", str(folder / "index"), "--out", str(folder / "runs")]
    with contextlib.redirect_stdout(io.StringIO()):
        run(["index", str(ROOT / "seeds"), "--data", str(folder / "index")])
        assistant = open_assistant(data=folder / "index")
        run(command)  # loads and keeps what is kept: what runs once in a process is not the measurement's
        asked = modules_run(lambda: assistant.ask(QUESTION))
        measured = modules_run(lambda: run(command))
    return (
        Figure(len(asked), 52, "modules run for one plain question"),
        Figure(len(measured), 82, "modules run for `eval run`"),
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        for figure in (*figures(), *runs(Path(made))):
            sys.stdout.write(f"{figure.value:>7,}  at most {figure.most:>6,}  {figure.what}\n")
    sys.stdout.write(f"twice: {', '.join(class_names_used_twice())}\none importer: {', '.join(paragraphs())}\n")
