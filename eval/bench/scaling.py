"""An engine against memory on the same made-up corpus: what is found alike, how long it takes, what a server holds.

The store is built once; both search indexes are made from it. Each is then opened and asked in a process of its own,
so that its memory is no other's.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

from eval.bench.bench import OnStep, computer
from eval.bench.growth import QUESTIONS, Costs, Growth, at_each, made_corpus, questions_of
from eval.scoring.costs import opened_alone
from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.settings import Settings
from index.storage.sqlite import copy
from index.storage.store import FILE_NAME

OF_ARTICLE = 10  # paragraphs


def scaling(
    sizes: Sequence[int], store: str, work: Path, on: OnStep = lambda *_: None, *, graph: bool = False
) -> Growth:
    """`store` is that setting: what stands under its name is replaced. `graph`: vectors are found by one at every size.

    Raises QuotewellError.
    """
    engines: set[str] = set()
    found = at_each(sizes, lambda size: _costs(size, store, work / str(size), engines, graph=graph), on)
    engine = ", ".join(engines)
    return replace(found, engine=engine, notes=_notes(engine))


def _costs(size: int, store: str, work: Path, engines: set[str], *, graph: bool) -> Costs:
    """What the engine says it is goes into `engines`. This process leaves it alone: a file of Milvus Lite is open in
    one at a time.
    """
    embedder, questions = HashEmbedder(), questions_of(size)
    shared = {"embedder": embedder.name, "token_vectors": "recomputed", "store_timeout_s": 120}
    memory, engine = ({**shared, "data": str(work / name)} for name in ("memory", "engine"))
    engine["store"] = store
    own = Settings.model_validate(memory)
    Builder(own.data, own, embedder).index([made_corpus(size, work, of_article=OF_ARTICLE)])
    (work / "engine").mkdir()
    copy(own.data / FILE_NAME, work / "engine" / FILE_NAME)
    filled = opened_alone(engine, [], graph=graph)
    said = {"memory": opened_alone(memory, questions), "engine": opened_alone(engine, questions, graph=graph)}
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
    engines.add(filled["engine"])
    return costs


def _common(wanted: Sequence[int], found: Sequence[int]) -> float:
    """Share of what is wanted; where nothing is, nothing should be found."""
    return len({*wanted} & {*found}) / len(wanted) if wanted else float(not found)


def block_of(store: str, *, graph: bool) -> str:
    """The name of the place in the documents that a table goes to."""
    return f"scaling{'-postgres' * store.startswith('postgres')}{'-graph' * graph}"


def _notes(engine: str) -> tuple[str, ...]:
    lite = "; a file of Milvus Lite is served inside that process, and counts" * ("lite" in engine)
    return (
        f"Engine: {engine}. Made-up words in Zipf's proportions, {OF_ARTICLE} paragraphs an article, vectors of "
        f"the hash embedder; {QUESTIONS} questions of four words, each asked once, in the clock's time.",
        f"Memory: what opening and these questions add to a process of its own, without what maps files{lite}.",
        f"On {computer()}.",
    )
