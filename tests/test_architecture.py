"""The picture of the project as data, and what must hold of every module: a breach names file, line and rule."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "server", "eval")

# package → what it may import; imports point left, data flows right
MAY_IMPORT = {
    "index": {"index"},
    "rag": {"rag", "index"},
    "server": {"server", "rag", "index"},
    "eval": {"eval", "rag", "index"},
    "quotewell": {"index", "rag", "server", "eval"},
}

# Inside index, from the bottom: a module imports only from rows above its own.
INDEX_LAYERS = (
    ("errors", "records", "tree", "vectors"),
    ("settings", "text", "tokens", "encoding", "markup", "language", "sentences", "weights", "fuse", "wire"),
    ("corpus",),
    ("projection",),
    ("onnx", "reference"),
    ("clean", "split", "embed", "lexical", "dense", "schema", "generation", "shelf", "scope", "wording"),
    ("formats.metadata", "database", "holdings", "rankers"),
    ("formats.document", "revisions", "writes", "sidefile"),
    ("formats.text", "snapshot", "progress"),
    ("formats.jsonl", "store"),
    ("formats",),
    ("build", "search", "feedback"),
    ("health",),
    ("console", "options"),
    ("first", "seeding", "doctor"),
    ("cli", "documents"),
)

# third-party library → the only files that may import it; a name that ends in / is a folder
COMMANDS = ("quotewell.py", "index/cli.py", "rag/cli.py", "server/cli.py", "eval/")
HOMES: dict[str, tuple[str, ...]] = {
    "numpy": ("index/", "rag/", "server/", "eval/"),
    "faiss": ("index/dense.py",),
    "rank_bm25": ("index/lexical.py", "eval/costs.py"),  # the bench times the library beside ours
    "sentence_transformers": ("index/reference.py",),
    "onnxruntime": ("index/onnx.py",),
    "tokenizers": ("index/onnx.py",),
    "tiktoken": ("index/tokens.py",),
    "sqlite3": ("index/database.py",),
    "yasbd": ("index/sentences.py",),
    "nupunkt": ("index/sentences.py",),
    "py3langid": ("index/language.py",),
    "yaml": ("index/formats/text.py",),
    "regex": ("index/text.py",),
    "Stemmer": ("index/text.py",),
    "pydantic": ("index/settings.py", "server/", "eval/runs.py", "eval/trials.py"),
    "pydantic_settings": ("index/settings.py",),
    "jinja2": ("rag/compose.py", "eval/page.py"),
    "httpx2": ("rag/chat_reader.py",),
    "rapidfuzz": ("rag/words/spelling.py",),
    "fastapi": ("server/",),
    "fastapi_offline": ("server/",),
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "prometheus_client": ("server/metrics.py",),
    "mcp": ("server/agents.py",),
    "mcp_types": ("server/agents.py",),
    "ir_measures": ("eval/",),
    "scipy": ("eval/",),
    "matplotlib": ("eval/plots.py",),
    "cryptography": ("rag/receipts/signing.py",),
    "torch": ("index/reference.py", "eval/train_projection.py"),
    "typer": (
        *COMMANDS,
        "index/documents.py",
        "index/options.py",
        "index/console.py",
        "rag/receipts/cli.py",
        "rag/support/cli.py",
    ),
    "rich": (*COMMANDS, "index/console.py"),
}
WATCHED_STANDARD = {"sqlite3"}  # of the standard library, and yet at home in one file

MOST_LINES = 250

Import = tuple[int, str, str]  # line, module, name that it binds


def imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, node.module or "", alias.asname or alias.name


def is_first_party(module: str) -> bool:
    return module.partition(".")[0] in (*PACKAGES, "quotewell")


def wrong_packages(path: str, tree: ast.AST) -> Iterator[str]:
    """Packages import only downwards, and by full name."""
    allowed = MAY_IMPORT[path.removesuffix(".py").partition("/")[0]]
    for line, module, _ in imports(tree):
        if is_first_party(module) and module.partition(".")[0] not in allowed:
            yield f"{path}:{line} imports {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{path}:{node.lineno} is a relative import"


def wrong_layers(path: str, tree: ast.AST) -> Iterator[str]:
    """Inside index, a module imports only from the rows above its own."""
    rows = {f"index.{name}": row for row, names in enumerate(INDEX_LAYERS) for name in names}
    own = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if not own.startswith("index."):
        return
    if own not in rows:
        yield f"{path} stands in no row of INDEX_LAYERS"
        return
    for line, module, name in imports(tree):
        target = f"{module}.{name}" if f"{module}.{name}" in rows else module
        if target.startswith("index.") and rows.get(target, len(rows)) >= rows[own]:
            yield f"{path}:{line} imports {target}, which stands no lower"


def wrong_homes(path: str, tree: ast.AST) -> Iterator[str]:
    """Every third-party library has its home, and is imported nowhere else."""
    for line, module, _ in imports(tree):
        library = module.partition(".")[0]
        if is_first_party(module) or (library in sys.stdlib_module_names and library not in WATCHED_STANDARD):
            continue
        homes = HOMES.get(library, ())
        if not any(path == home or (home.endswith("/") and path.startswith(home)) for home in homes):
            yield f"{path}:{line} imports {library}, whose home is {', '.join(homes) or 'not named in HOMES'}"


def hidden_imports(path: str, tree: ast.AST) -> Iterator[str]:
    """No first-party import inside a function: that is how cycles are hidden."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for line, module, _ in imports(function):
                if is_first_party(module):
                    yield f"{path}:{line} imports {module} inside {function.name}"


def bound_eval(path: str, tree: ast.AST) -> Iterator[str]:
    """`import eval` hides the builtin."""
    for line, _, name in imports(tree):
        if name == "eval":
            yield f"{path}:{line} binds eval"


def read_environment(path: str, tree: ast.AST) -> Iterator[str]:
    """Only the settings read the environment; a library's home may set what the library reads there."""
    if path == "index/settings.py":
        return
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    targets = [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    written = [target.value for target in targets if isinstance(target, ast.Subscript)]
    for node in ast.walk(tree):
        if node in written:
            continue
        found = node.attr if isinstance(node, ast.Attribute) else node.name if isinstance(node, ast.alias) else ""
        if found in names:
            yield f"{path}:{getattr(node, 'lineno', 0)} uses {found}"


def unlucky_name(path: str, tree: ast.AST) -> Iterator[str]:
    """A module named like one of the standard library hides it from whoever runs in its folder."""
    if Path(path).stem in sys.stdlib_module_names:
        yield f"{path} is named like a module of the standard library"


def too_long(path: str, tree: ast.AST) -> Iterator[str]:
    """A module holds one idea."""
    last = max((getattr(node, "end_lineno", 0) or 0 for node in ast.walk(tree)), default=0)
    if last > MOST_LINES:
        yield f"{path} has {last} lines, at most {MOST_LINES} are allowed"


RULES = [
    wrong_packages,
    wrong_layers,
    wrong_homes,
    hidden_imports,
    bound_eval,
    read_environment,
    unlucky_name,
    too_long,
]


@cache
def modules() -> dict[str, ast.Module]:
    """Path below the project → what stands there."""
    files = [ROOT / "quotewell.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted(files)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_module_breaks_the_rule(rule: object) -> None:
    assert callable(rule)
    breaches = [found for path, tree in modules().items() for found in rule(path, tree)]
    assert breaches == []


def test_no_test_binds_eval() -> None:
    tests = {f"tests/{path.name}": path.read_text("utf-8") for path in (ROOT / "tests").glob("*.py")}
    assert [found for path, source in tests.items() for found in bound_eval(path, ast.parse(source))] == []


def test_every_row_and_every_home_is_still_there() -> None:
    there = set(modules())
    for names in INDEX_LAYERS:
        for name in names:
            path = f"index/{name.replace('.', '/')}"
            assert {f"{path}.py", f"{path}/__init__.py"} & there, name
    for library, homes in HOMES.items():
        for home in homes:
            assert any(path == home or (home.endswith("/") and path.startswith(home)) for path in there), library


PLANTED = [
    (wrong_packages, "index/a.py", "from rag.answers import Answer"),
    (wrong_packages, "rag/a.py", "import server"),
    (wrong_packages, "server/a.py", "from eval.run import run"),
    (wrong_packages, "eval/a.py", "from server.app import app"),
    (wrong_packages, "rag/a.py", "from quotewell import main"),
    (wrong_packages, "rag/a.py", "def f():\n    from server import app"),
    (wrong_packages, "rag/a.py", "from .answers import Answer"),
    (wrong_packages, "rag/a.py", "from . import answers"),
    (wrong_layers, "index/store.py", "from index.build import Builder"),
    (wrong_layers, "index/errors.py", "from index.records import Span"),
    (wrong_layers, "index/records.py", "import index.store"),
    (wrong_layers, "index/store.py", "from index import build"),
    (wrong_layers, "index/formats/text.py", "from index.formats import read"),
    (wrong_layers, "index/new.py", ""),
    (wrong_homes, "server/a.py", "import faiss"),
    (wrong_homes, "index/store.py", "import sqlite3"),
    (wrong_homes, "index/store.py", "from sqlite3 import Connection"),
    (wrong_homes, "index/a.py", "from fastapi import FastAPI"),
    (wrong_homes, "rag/a.py", "def f():\n    import sentence_transformers.util"),
    (wrong_homes, "rag/a.py", "import requests"),
    (hidden_imports, "rag/a.py", "def f():\n    from index.store import Store"),
    (hidden_imports, "rag/a.py", "class A:\n    async def f(self):\n        if self:\n            import rag.reader"),
    (bound_eval, "rag/a.py", "import eval"),
    (bound_eval, "rag/a.py", "import eval.run"),
    (bound_eval, "tests/a.py", "import index.build as eval"),
    (bound_eval, "tests/a.py", "from ast import literal_eval as eval"),
    (read_environment, "rag/a.py", "import os\nos.environ['A']"),
    (read_environment, "index/embed.py", "import os\nos.getenv('A')"),
    (read_environment, "index/embed.py", "from os import environ"),
    (read_environment, "index/onnx.py", "import os\nos.environ['A'] += 'b'"),
    (read_environment, "index/onnx.py", "import os\nos.environ['A'] = os.environ['B']"),
    (unlucky_name, "server/types.py", ""),
    (unlucky_name, "index/formats/json.py", ""),
    (too_long, "rag/a.py", "x = 1\n" * 251),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_breach_is_found_and_named(rule: object, path: str, source: str) -> None:
    assert callable(rule)
    (breach,) = rule(path, ast.parse(source))
    assert breach.startswith(path)


SOUND = [
    ("index/store.py", "import json\nimport numpy as np\nfrom index.records import Span\nfrom index import errors\n"),
    ("index/formats/text.py", "import yaml\nfrom index.formats.document import Unread\n"),
    (
        "index/reference.py",
        "class A:\n    def __init__(self):\n        from sentence_transformers import SentenceTransformer\n",
    ),
    ("server/ask.py", "from fastapi import FastAPI\nfrom rag import Assistant\nfrom index.errors import BadInput\n"),
    ("eval/run.py", "from eval.gold import Question\nimport eval.gold as gold\nx = 1\n" * 80),
    ("index/onnx.py", "import os\nos.environ['A'] = '1'\nimport onnxruntime\n"),
    ("quotewell.py", "import typer\nfrom eval.cli import run\n"),
]


@pytest.mark.parametrize(("path", "source"), SOUND, ids=[path for path, _ in SOUND])
def test_what_is_sound_breaks_no_rule(path: str, source: str) -> None:
    assert [found for rule in RULES for found in rule(path, ast.parse(source))] == []
