"""The picture of the project as data, and what must hold of every module: a breach names file, line and rule."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
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

# Inside a package, from the bottom: a room (a folder, or a module beside the folders) imports only from rows above its
# own. Inside a room, modules form no cycle.
ROOMS = {
    "index": (
        ("errors", "records", "lazy"),
        ("settings", "text"),
        ("cleaning", "embedding"),
        ("formats", "storage"),
        ("plan", "ranking"),
        ("engines",),
        ("shards",),
        ("build", "options", "terminal"),
        ("seeding", "verify"),
        ("bootstrap",),
        ("search",),
        ("doctor",),
        ("cli",),
    ),
    "rag": (
        ("language", "policy"),
        ("question", "structure"),
        ("answer", "follow_ups"),
        ("catalogue", "citations", "reading", "receipts", "understand"),
        ("selection",),
        ("answer_json", "refusal", "suggestions"),
        ("pipeline", "text_check"),
        ("explain", "writing"),
        ("assistant",),
        ("commands",),
    ),
    "server": (
        ("schemas", "write_log"),
        ("problems",),
        ("access",),
        ("live_index", "middleware", "openapi"),
        ("metrics", "sse", "uploads"),
        ("answer_log",),
        ("dependencies",),
        ("openai", "routes"),
        ("mcp_tools",),
        ("app",),
        ("cli",),
    ),
    "eval": (
        ("sets",),
        ("authoring", "scoring"),
        ("reading", "runs", "training"),
        ("bench", "experiments"),
        ("commands",),
        ("cli",),
    ),
}
LAZY = "index/lazy.py"
BY_NAME = ("quotewell.py", LAZY)  # the only files that may find code by a name in a string

# third-party library → the only files that may import it; a name that ends in / is a folder
COMMANDS = ("quotewell.py", "index/cli.py", "rag/commands/", "server/cli.py", "server/access/keys.py", "eval/")
HOMES: dict[str, tuple[str, ...]] = {
    "numpy": ("index/", "rag/", "server/", "eval/"),
    "faiss": ("index/ranking/dense.py",),
    "rank_bm25": ("index/ranking/lexical.py", "eval/scoring/costs.py"),  # the bench times the library beside ours
    "sentence_transformers": ("index/embedding/embedder.py", "index/ranking/cross_encoder.py"),
    "onnx": ("eval/training/export_reader.py",),
    "onnxruntime": ("index/embedding/minilm.py",),
    "tokenizers": ("index/embedding/minilm.py",),
    "tiktoken": ("index/text/tokens.py",),
    "safetensors": ("eval/reading/network.py", "eval/training/export_reader.py"),
    "sqlite3": ("index/storage/sqlite.py",),
    "pymilvus": ("index/engines/milvus.py",),
    "psycopg": ("index/engines/postgres.py",),
    "ray": ("index/shards.py",),
    "markdown_it": ("index/cleaning/markdown.py",),
    "yasbd": ("index/text/sentences.py",),
    "nupunkt": ("index/text/sentences.py",),
    "py3langid": ("index/text/language.py",),
    "charset_normalizer": ("index/formats/text.py",),
    "watchfiles": ("index/cli.py",),
    "yaml": ("index/formats/front_matter.py",),
    "icu4py": ("index/text/words.py",),
    "lxml": ("index/formats/web_page.py", "index/formats/archives.py"),
    "trafilatura": ("index/formats/web_page.py",),
    "mammoth": ("index/formats/docx.py",),
    "pypdfium2": ("index/formats/pdf.py",),
    "regex": ("index/text/words.py",),
    "Stemmer": ("index/text/words.py",),
    "pydantic": ("index/settings.py", "server/", "eval/runs/", "eval/scoring/"),
    "jinja2": ("rag/writing/compose.py", "eval/runs/page.py"),
    "httpx2": ("rag/writing/chat_model.py",),
    "rapidfuzz": ("rag/question/spelling.py", "eval/experiments/summaries.py"),
    "fastapi": ("server/",),
    "fastapi_offline": ("server/",),
    "starlette": ("server/",),
    "anyio": ("server/middleware/admission.py",),
    "uvicorn": ("server/",),
    "prometheus_client": ("server/metrics.py",),
    "limits": ("server/access/guard.py",),
    "mcp": ("server/mcp_tools/",),
    "mcp_types": ("server/mcp_tools/",),
    "ir_measures": ("eval/",),
    "scipy": ("eval/",),
    "matplotlib": ("eval/runs/plots.py",),
    "cryptography": ("rag/receipts/signing.py",),
    "torch": (
        "index/embedding/embedder.py",
        "index/ranking/cross_encoder.py",
        "rag/reading/answer_model.py",
        "eval/reading/",
        "eval/training/projection.py",
    ),
    "transformers": ("rag/reading/answer_model.py", "eval/reading/network.py"),
    "typer": (*COMMANDS, "index/options.py", "index/terminal.py"),
    "rich": (*COMMANDS, "index/terminal.py"),
}
WATCHED_STANDARD = {"sqlite3"}  # of the standard library, and yet at home in one file

MOST_LINES = 400  # a lower cap makes rooms: an idea that needs 260 lines is cut where nothing ends
MOST_FILES = 16  # side by side in one folder, or nobody finds anything

Import = tuple[int, str, str]  # line, module, name that it binds


def imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, node.module or "", alias.asname or alias.name


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


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


def room_of(module: str) -> tuple[str, str]:
    """Package and room: `index.ranking.dense` → index, ranking; `rag.assistant` → rag, assistant."""
    package, _, rest = module.partition(".")
    return package, rest.partition(".")[0]


def wrong_rooms(path: str, tree: ast.AST) -> Iterator[str]:
    """Inside a package, a room imports only from the rows above its own."""
    package, own = room_of(module_of(path))
    if package not in ROOMS or not own:
        return
    rows = {name: row for row, names in enumerate(ROOMS[package]) for name in names}
    if own not in rows:
        yield f"{path} stands in no row of ROOMS"
        return
    for line, module, name in imports(tree):
        target_package, room = room_of(module if "." in module else f"{module}.{name}")
        if target_package == package and room != own and room in rows and rows[room] >= rows[own]:
            yield f"{path}:{line} imports {target_package}.{room}, which stands no lower"


def found_by_name(path: str, tree: ast.AST) -> Iterator[str]:
    """Code is found by a name in a string only where the type checker sees the same import beside it."""
    finders = {"resolve_name", "import_module", "__import__", "spec_from_file_location"}
    seen = {f"{node.module}:{alias.name}" for node in typed_only(tree) for alias in node.names}
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in finders and path not in BY_NAME:
            yield f"{path}:{getattr(node, 'lineno', 0)} uses {name}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "later":
            place = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if place not in seen:
                yield f"{path}:{node.lineno} loads {place!r} later, which the type checker does not see"


def run_imports(tree: ast.AST) -> Iterator[Import]:
    """Without those that only the type checker sees."""
    lines = {node.lineno for node in typed_only(tree)}
    yield from (found for found in imports(tree) if found[0] not in lines)


def typed_only(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    """The imports below `if TYPE_CHECKING`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from (found for found in node.body if isinstance(found, ast.ImportFrom))


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
    wrong_packages, wrong_rooms, found_by_name, wrong_homes, hidden_imports, bound_eval, read_environment,
    unlucky_name, too_long,
]  # fmt: skip


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


def test_modules_form_no_cycle() -> None:
    ours = {module_of(path): tree for path, tree in modules().items()}
    wants = {
        name: {full if (full := f"{module}.{bound}") in ours else module for _, module, bound in run_imports(tree)}
        & set(ours)
        for name, tree in ours.items()
    }
    assert list(TopologicalSorter(wants).static_order())  # raises CycleError, which names the cycle


def test_no_folder_holds_more_files_than_a_person_takes_in() -> None:
    folders = Counter(str(Path(path).parent) for path in modules() if path != "quotewell.py")
    assert {folder: count for folder, count in folders.items() if count > MOST_FILES} == {}


def test_every_row_and_every_home_is_still_there() -> None:
    there = set(modules())
    for package, rows in ROOMS.items():
        rooms = {room_of(module_of(path))[1] for path in there if path.startswith(f"{package}/")} - {""}
        assert rooms == {name for names in rows for name in names}
    for library, homes in HOMES.items():
        for home in homes:
            assert any(path == home or (home.endswith("/") and path.startswith(home)) for path in there), library


PLANTED = [
    (wrong_packages, "index/a.py", "from rag.answer import Answer"),
    (wrong_packages, "rag/a.py", "import server"),
    (wrong_packages, "server/a.py", "from eval.scoring.run import run"),
    (wrong_packages, "eval/a.py", "from server.app import app"),
    (wrong_packages, "rag/a.py", "from quotewell import main"),
    (wrong_packages, "rag/a.py", "def f():\n    from server import app"),
    (wrong_packages, "rag/a.py", "from .answer import Answer"),
    (wrong_packages, "rag/a.py", "from . import answer"),
    (wrong_rooms, "index/storage/store.py", "from index.build import Builder"),
    (wrong_rooms, "index/errors.py", "from index.records import Span"),
    (wrong_rooms, "index/records.py", "import index.storage.store"),
    (wrong_rooms, "index/storage/store.py", "from index import build"),
    (wrong_rooms, "rag/reading/reader.py", "from rag.pipeline import Pipeline"),
    (wrong_rooms, "server/schemas/ask.py", "from server.routes.ask import router"),
    (wrong_rooms, "eval/sets/gold.py", "from eval.scoring import run"),
    (wrong_rooms, "index/new.py", ""),
    (found_by_name, "rag/a.py", "from pkgutil import resolve_name\nresolve_name('server.app:app')"),
    (found_by_name, "rag/a.py", "import importlib\nimportlib.import_module('server.app')"),
    (found_by_name, "index/a.py", "seed = later('index.seeding:seed')"),
    (wrong_homes, "server/a.py", "import faiss"),
    (wrong_homes, "index/storage/store.py", "import sqlite3"),
    (wrong_homes, "index/storage/store.py", "from sqlite3 import Connection"),
    (wrong_homes, "index/a.py", "from fastapi import FastAPI"),
    (wrong_homes, "rag/a.py", "def f():\n    import sentence_transformers.util"),
    (wrong_homes, "rag/a.py", "import requests"),
    (hidden_imports, "rag/a.py", "def f():\n    from index.storage.store import Store"),
    (hidden_imports, "rag/a.py", "class A:\n    async def f(self):\n        if self:\n            import rag.reader"),
    (bound_eval, "rag/a.py", "import eval"),
    (bound_eval, "rag/a.py", "import eval.run"),
    (bound_eval, "tests/a.py", "import index.build as eval"),
    (bound_eval, "tests/a.py", "from ast import literal_eval as eval"),
    (read_environment, "rag/a.py", "import os\nos.environ['A']"),
    (read_environment, "index/embedding/embedder.py", "import os\nos.getenv('A')"),
    (read_environment, "index/embedding/embedder.py", "from os import environ"),
    (read_environment, "index/embedding/minilm.py", "import os\nos.environ['A'] += 'b'"),
    (read_environment, "index/embedding/minilm.py", "import os\nos.environ['A'] = os.environ['B']"),
    (unlucky_name, "server/types.py", ""),
    (unlucky_name, "index/formats/json.py", ""),
    (too_long, "rag/a.py", "x = 1\n" * 401),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_breach_is_found_and_named(rule: object, path: str, source: str) -> None:
    assert callable(rule)
    (breach,) = rule(path, ast.parse(source))
    assert breach.startswith(path)


SOUND = [
    (
        "index/storage/store.py",
        "import json\nimport numpy as np\nfrom index.records import Span\nfrom index import errors\n",
    ),
    ("index/formats/front_matter.py", "import yaml\nfrom index.formats.document import Unread\n"),
    (
        "index/bootstrap.py",
        "if TYPE_CHECKING:\n    from index.seeding import seed\nelse:\n    seed = later('index.seeding:seed')\n",
    ),
    (
        "index/embedding/embedder.py",
        "class A:\n    def __init__(self):\n        from sentence_transformers import SentenceTransformer\n",
    ),
    (
        "server/routes/ask.py",
        "from fastapi import FastAPI\nfrom rag import Assistant\nfrom index.errors import BadInput\n",
    ),
    ("eval/scoring/run.py", "from eval.sets.gold import Question\nimport eval.sets.gold as gold\nx = 1\n" * 80),
    ("index/embedding/minilm.py", "import os\nos.environ['A'] = '1'\nimport onnxruntime\n"),
    ("quotewell.py", "import typer\nfrom eval.cli import run\n"),
]


@pytest.mark.parametrize(("path", "source"), SOUND, ids=[path for path, _ in SOUND])
def test_what_is_sound_breaks_no_rule(path: str, source: str) -> None:
    assert [found for rule in RULES for found in rule(path, ast.parse(source))] == []
