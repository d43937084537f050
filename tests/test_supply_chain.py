"""What is read cannot hold code, and weights are those that were measured: no pickle, hashes first, nothing fetched.

Nor does anything fork."""

import ast
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from index.errors import ModelMissing
from index.formats.apart import _Records
from rag.reading import model as reading
from tests import make

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "server", "eval")
FOUND = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MODULES = [ROOT / "quotewell.py", *(path for path in FOUND if "node_modules" not in path.parts)]
RUN_CODE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
OWN_PIPE = "index/formats/apart.py"  # between processes of ours; what comes back is revived if it is a record
CALLS = {"eval", "exec", "compile", "__import__"}
# A fork of a process with native threads (BLAS, FAISS, torch) may hang for ever; what is spawned has none of them yet.
FORKS = ("multiprocessing.", "pty.")
SPAWNS = {"multiprocessing.get_context", "multiprocessing.parent_process", "multiprocessing.connection.wait"}
# Checkpoints of a training that was broken off: tensors and numbers, which torch reads without running what they name.
CHECKPOINTS = {"eval/reading/network.py", "eval/reading/train.py"}


def breaches(text: str, where: str) -> Iterator[str]:
    """What could run code that stands in data, or fetch some."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            refused = RUN_CODE - {"pickle"} if where == OWN_PIPE else RUN_CODE
            yield from (f"imports {name}" for name in names if name.partition(".")[0] in refused)
            taken = {f"{name}.{alias.name}" for name in names for alias in node.names}
            yield from (f"may fork by {name}" for name in taken if name.startswith(FORKS) and name not in SPAWNS)
        elif isinstance(node, ast.Call):
            given = {one.arg or "": ast.unparse(one.value) for one in node.keywords}
            yield from (f"{ast.unparse(node.func)} {why}" for why in _wrong(node, given, where))


def _wrong(node: ast.Call, given: Mapping[str, str], where: str) -> Iterator[str]:
    called, written = ast.unparse(node.func), ast.unparse(node)
    opens = called.endswith((".from_pretrained", "CrossEncoder", "SentenceTransformer"))
    weights = called.startswith("AutoModel") or (opens and not called.endswith("from_pretrained"))
    rules = {
        "forks": called.endswith((".fork", ".forkpty")) or "preexec_fn" in given,
        "may fork": called.endswith(("ProcessPoolExecutor", "get_context")) and "get_context('spawn')" not in written,
        "runs code": called in CALLS or called.endswith("register_custom_ops_library"),
        "may unpickle": called in ("np.load", "np.save") and given.get("allow_pickle") != "False",
        "unpickles": called == "torch.load" and not (given.get("weights_only") == "True" and where in CHECKPOINTS),
        "may fetch": opens and given.get("local_files_only") != "True",
        "may read a pickle": weights and "use_safetensors" not in written,
        "trusts what was fetched": given.get("trust_remote_code", "False") != "False",
        "may make objects": called.startswith("yaml.") and "yaml.BaseLoader" not in written,
    }
    return (why for why, broken in rules.items() if broken)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_reads_what_could_run(path: Path) -> None:
    assert list(breaches(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())) == []


@pytest.mark.parametrize(
    "code",
    ["import pickle", "from joblib import load", "np.load(p)", "np.load(p, allow_pickle=True)", "torch.load(p)",
     "torch.load(p, weights_only=True)", "AutoModel.from_pretrained(n, local_files_only=True)", "exec(x)",
     "AutoTokenizer.from_pretrained(n)", "CrossEncoder(n, local_files_only=True)", "yaml.load(x)",
     "AutoConfig.from_pretrained(n, local_files_only=True, trust_remote_code=True)",
     "o.register_custom_ops_library(p)", "import multiprocessing.pool", "from multiprocessing import Pool",
     "import pty", "os.fork()", "futures.ProcessPoolExecutor()", "get_context('fork')",
     "subprocess.Popen(c, preexec_fn=f)"],
)  # fmt: skip
def test_each_way_to_run_or_fetch_code_is_seen(code: str) -> None:
    assert list(breaches(code, ""))


UNPICKLING = """
import sys
seen = []
own = ("index.", "datetime", "pathlib")
def note(event, what):
    if event == "pickle.find_class" and not what[0].startswith(own): seen.append(what)
sys.addaudithook(note)
from quotewell import run
assert run(["index", sys.argv[1], "--data", sys.argv[2]]) == 0
assert run(["ask", "Who has run the bakery alone since 2011?", "--data", sys.argv[2]]) == 0
import os
print(seen, file=sys.stderr)
sys.exit(1 if seen or os.environ.get("HF_HUB_OFFLINE") != "1" else 0)
"""


@pytest.mark.slow
def test_nothing_is_unpickled_and_no_model_fetched_while_articles_are_indexed_and_asked(
    six_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the packaged model; Python itself says when an object is revived."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    command = [sys.executable, "-c", UNPICKLING, str(six_files), str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "Oskar Lind" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("name", ["os\nsystem", "builtins\neval", "index.formats.apart\nserve", "pathlib\nos.system"])
def test_from_the_process_that_reads_files_come_records_and_nothing_that_runs(name: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match="no record"):
        _Records(BytesIO(f"c{name}\n(Vtrue\ntR.".encode())).load()
    document = make.document("Some text.")
    assert _Records(BytesIO(pickle.dumps((document, "")))).load() == (document, "")


@pytest.mark.slow
def test_a_reading_model_of_which_one_bit_is_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the embedder's weights test_index_embedder shows the same."""
    folder = ROOT / "rag" / "reading"
    graph = bytearray((folder / reading.GRAPH).read_bytes())
    graph[len(graph) // 2] ^= 1
    (tmp_path / reading.GRAPH).write_bytes(graph)
    (tmp_path / reading.ABOUT).write_bytes((folder / reading.ABOUT).read_bytes())
    monkeypatch.setattr(reading, "files", lambda package: tmp_path)
    reading.load_read_model.cache_clear()
    with pytest.raises(ModelMissing, match="SHA-256"):
        reading.load_read_model()
    reading.load_read_model.cache_clear()
