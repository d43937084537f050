"""An engine against memory on the same made-up corpus: what is found alike, how long it takes, what a server holds.

The store is built once; both search indexes are made from it. Each is then opened and asked in a process of its own,
so that its memory is no other's.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from eval.bench.bench import OnStep, computer, figure
from eval.bench.growth import QUESTIONS, made_corpus, questions_of
from eval.runs.tables import Table, paragraphs
from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import QuotewellError
from index.settings import Settings
from index.storage.store import Store

# Memory that is its own: what maps a file is the system's to give back.
_ASK = """
import json, sys
from pathlib import Path
from time import perf_counter
from index.embedding.embedder import HashEmbedder
from index.engines import engine as engines
from index.engines.connect import engine_of
from index.search import open_index
from index.settings import Settings

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

given, questions, graph = map(json.loads, sys.argv[1:])
if graph:
    engines.EXACT_TO = 0
settings = Settings(**given)
embedder = HashEmbedder()
before = resident()
start = perf_counter()
index = open_index(settings.data, settings, embedder)
opened = perf_counter() - start
for question in questions[:3]:
    index.search(question, limit=10)
times, found = [], []
for question in questions:
    start = perf_counter()
    hits = index.search(question, limit=10)
    times.append(perf_counter() - start)
    ranked = {ranker.name: [one.row for one in ranker.rank(question, settings.depth)[:10]] for ranker in index.rankers}
    found.append({"fused": [hit.row for hit in hits], **ranked})
engine = engine_of(settings)
said = {"passages": index.passage_count, "opened": opened, "times": times, "found": found, "held": resident() - before}
print(json.dumps(said | {"engine": engine.version if engine else ""}))
"""
OF_ARTICLE = 10  # paragraphs


@dataclass(frozen=True, slots=True)
class Scaling:
    """All costs at all sizes, in paragraphs, ascending."""

    engine: str  # its version
    sizes: tuple[int, ...]
    costs: tuple[tuple[str, str, tuple[float, ...]], ...]  # name, unit, one value at each size


def scaling(
    sizes: Sequence[int], store: str, work: Path, on: OnStep = lambda *_: None, *, graph: bool = False
) -> Scaling:
    """`store` is that setting: what stands under its name is replaced. `graph`: vectors are found by one at every size.

    Raises QuotewellError.
    """
    ordered = sorted(set(sizes))
    measured = []
    for number, size in enumerate(ordered):
        on(f"{size:,} passages", number, len(ordered))
        measured.append(_costs(size, store, work / str(size), graph=graph))
    engine, columns = measured[0][0], [costs for _, costs in measured]
    costs = tuple((name, unit, tuple(of[name, unit] for of in columns)) for name, unit in columns[0])
    return Scaling(engine, tuple(ordered), costs)


def _costs(size: int, store: str, work: Path, *, graph: bool) -> tuple[str, dict[tuple[str, str], float]]:
    """And what the engine says it is. This process leaves it alone: a file of Milvus Lite is open in one at a time."""
    embedder, questions = HashEmbedder(), questions_of(size)
    shared = {"embedder": embedder.name, "token_vectors": "recomputed", "store_timeout_s": 120}
    memory, engine = ({**shared, "data": str(work / name)} for name in ("memory", "engine"))
    engine["store"] = store
    own = Settings.model_validate(memory)
    Builder(own.data, own, embedder).index([made_corpus(size, work, of_article=OF_ARTICLE)])
    (work / "engine").mkdir()
    with Store.open(own.data, readonly=True) as kept:
        kept.backup(work / "engine" / kept.path.name)
    filled = _fresh(engine, [], graph=graph)
    said = {"memory": _fresh(memory, questions), "engine": _fresh(engine, questions, graph=graph)}
    found = list(zip(said["memory"]["found"], said["engine"]["found"], strict=True))
    costs = {
        ("passages", ""): said["memory"]["passages"],
        ("ten best: the same, in the same order", "% of questions"): 100 * fmean(a == b for a, b in found),
    }
    for name in ("lexical", "dense", "fused"):
        common = fmean(_common(a[name], b[name]) for a, b in found)
        costs[f"ten best in common, {name}", "%"] = 100 * common
    costs["filling the engine from the store", "s"] = filled["opened"]
    for name, of in said.items():
        costs[f"search, {name}", "ms, median"] = 1000 * median(of["times"])
        costs[f"search, {name}", "ms, slowest"] = 1000 * max(of["times"])
        costs[f"opening, {name}", "s"] = of["opened"]
        costs[f"memory of a server, {name}", "MiB"] = of["held"]
    return filled["engine"], costs


def _common(wanted: Sequence[int], found: Sequence[int]) -> float:
    """Share of what is wanted; where nothing is, nothing should be found."""
    return len({*wanted} & {*found}) / len(wanted) if wanted else float(not found)


def _fresh(given: Mapping[str, object], questions: Sequence[str], *, graph: bool = False) -> dict[str, Any]:
    command = [sys.executable, "-c", _ASK, json.dumps(given), json.dumps(questions), json.dumps(graph)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise QuotewellError(f"a process that searched ended with: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table_of_scaling(found: Scaling) -> Table:
    head = ("cost", "unit", *(f"{size:,}" for size in found.sizes))
    return Table(head, [(name, unit, *map(figure, values)) for name, unit, values in found.costs], left=(0, 1))


def text_of_scaling(found: Scaling) -> str:
    return paragraphs(table_of_scaling(found), _notes(found))


def markdown_of_scaling(found: Scaling, *, command: str) -> str:
    told = [f"By number of paragraphs: written by `{command}`.", *_notes(found)]
    return paragraphs(table_of_scaling(found).as_markdown(), told)


def block_of(store: str, *, graph: bool) -> str:
    """The name of the place in the documents that a table goes to."""
    return f"scaling{'-postgres' * store.startswith('postgres')}{'-graph' * graph}"


def _notes(found: Scaling) -> tuple[str, ...]:
    lite = "; a file of Milvus Lite is served inside that process, and counts" * ("lite" in found.engine)
    return (
        f"Engine: {found.engine}. Made-up words in Zipf's proportions, {OF_ARTICLE} paragraphs an article, vectors of "
        f"the hash embedder; {QUESTIONS} questions of four words, each asked once, in the clock's time.",
        f"Memory: what opening and these questions add to a process of its own, without what maps files{lite}.",
        f"On {computer()}.",
    )
