"""How costs grow with the corpus: text made in Zipf's proportions, of more and more passages, and the fitted exponent.

The words are made up and the vectors are those of the hash embedder, so that the figures are of our own code and no
model's; what a model costs does not depend on the corpus, and `eval bench` has it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import log
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

import numpy as np

from eval.bench.bench import computer, figure, machine
from eval.runs.plots import growing
from eval.runs.tables import Table, paragraphs, sentence
from eval.scoring.costs import Spread, answering, cpu_seconds, lexical, opened_alone, scanning, searching
from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.embedding.vectors import unit_rows
from index.errors import BadInput
from index.formats.document import make_document
from index.formats.metadata import Facts
from index.formats.text import clean_body
from index.ranking.dense import EXACT
from index.search import Index, index_of, open_index
from index.settings import Settings
from index.storage.sqlite import copy
from index.storage.store import FILE_NAME
from index.terminal import Show

QUESTIONS = 30  # of each size
_DIM = 384  # numbers of a vector that is only scanned: as many as MiniLM's
_TOGETHER = 1000  # passages that are drawn together
_WORDS = 30_000  # different ones
_EXPONENT = 1.07  # of the Zipf distribution: the word of rank r is as frequent as r ** -1.07
_SENTENCE, _PASSAGE = 14, 7  # words of a sentence, sentences of a passage: about a hundred words
_RARE = slice(50, 3_000)  # ranks of the words that are asked for
Costs = Mapping[tuple[str, str], float]  # (name, unit) → value
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


@dataclass(frozen=True, slots=True)
class Growth:
    """All costs at all sizes, in passages, ascending."""

    sizes: tuple[int, ...]
    costs: tuple[Spread, ...]  # of each one value at each size
    engine: str = ""  # of `eval scaling`: the engine's version
    notes: tuple[str, ...] = ()  # what a reader of the figures must know


def growth(sizes: Sequence[int], settings: Settings, work: Path, on: Show = lambda *_: None) -> Growth:
    """Raises BadInput for fewer than two sizes, which fit no line."""
    if len(set(sizes)) < 2 or min(sizes) < 1:
        raise BadInput("growth needs two sizes at least, in passages; give --size 1000 --size 10000")
    return replace(_at_each(sizes, lambda size: _costs(size, settings, work / str(size)), on), notes=_notes())


def _at_each(sizes: Sequence[int], measure: Callable[[int], Costs], on: Show) -> Growth:
    """From the smallest on."""
    ordered, measured = sorted(set(sizes)), []
    for number, size in enumerate(ordered):
        on(f"{size:,} passages", number, len(ordered))
        measured.append(measure(size))
    costs = (Spread(name, unit, tuple(of[name, unit] for of in measured)) for name, unit in measured[0])
    return Growth(tuple(ordered), tuple(costs))


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The power of the size with which a cost grows: the slope of the straight line through the logarithms."""
    return float(np.polyfit([log(size) for size in sizes], [log(max(value, 1e-9)) for value in values], 1)[0])


def zipf_texts(passages: int) -> Iterator[str]:
    """The same for the same number, few at a time: each as long as a passage, in sentences, with no word of ours."""
    dice = np.random.default_rng(passages)
    words = np.array([_word(number) for number in range(_WORDS)])
    weights = np.arange(1, _WORDS + 1) ** -_EXPONENT
    for first in range(0, passages, _TOGETHER):
        shape = min(passages - first, _TOGETHER), _PASSAGE, _SENTENCE
        for text in words[dice.choice(_WORDS, shape, p=weights / weights.sum())].tolist():
            yield " ".join(f"{' '.join(sentence).capitalize()}." for sentence in text)


def _word(number: int) -> str:
    """A different one for each number."""
    word = ""
    while number or not word:
        number, syllable = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


def _made_corpus(passages: int, work: Path, *, of_article: int = 1) -> Path:
    """A folder in `work` with so many passages, or about so many where an article has several."""
    corpus = work / "corpus"
    corpus.mkdir(parents=True)
    with (corpus / "made.jsonl").open("w", encoding="utf-8") as file:
        texts = zipf_texts(passages)
        for number in range(-(-passages // of_article)):
            text = "\n\n".join(islice(texts, of_article))
            file.write(json.dumps({"_id": f"{number:07}", "title": _word(number), "text": text}) + "\n")
    return corpus


def _costs(size: int, settings: Settings, work: Path) -> Costs:
    vectors = unit_rows(np.random.default_rng(size).standard_normal((size + QUESTIONS, _DIM), np.float32))
    scanned = [each for each in scanning(vectors[QUESTIONS:], list(vectors[:QUESTIONS])) if "found" not in each.name]
    del vectors  # of a million they take as much as all that follows
    own = settings.model_copy(update={"data": work / "index", "embedder": "hash", "reader": "trained", "store": ""})
    builder, questions = Builder(own.data, own, HashEmbedder()), _questions_of(size)
    _, building = cpu_seconds(builder.index, [_made_corpus(size, work)])
    index, opening = cpu_seconds(open_index, own.data, own, HashEmbedder())
    held = opened_alone(own.model_dump(mode="json", exclude_defaults=True), [])["held"]
    sizes = {name: (index.generation.folder / name).stat().st_size for name in index.manifest.files}
    read = sum(count for name, count in sizes.items() if name.endswith(".npy"))
    searched, answered = searching(index, questions, own.limit)[1:2], answering(index, own, questions, "answer")
    ranked = lexical(index, questions[:5])
    replacing, until_found = _replaced(index, own, builder)
    return {
        ("building", "CPU s"): building,
        ("opening", "CPU s"): opening,
        **{(of.name, of.unit): of.median for of in (*searched, *answered)},
        ("one article replaced, until it is found", "CPU ms"): 1000 * replacing,
        ("one article replaced, until it is found", "ms of the clock"): 1000 * until_found,
        ("index on disk", "MB"): sum(sizes.values()) / 1e6,
        ("index: read when it is opened", "MB"): read / 1e6,
        ("index: memory / read", "ratio"): held * 2**20 / read,
        **{(of.name, of.unit): of.median for of in (*ranked, *scanned)},
    }


def _replaced(index: Index, settings: Settings, builder: Builder) -> tuple[float, float]:
    """CPU seconds, and those of the clock, from an article's new text until a search finds a word that is new in it."""
    word, name, began = str(_WORDS + len(index.document_ids)), index.document_ids[0], perf_counter()  # has no ending
    cleaned, _ = clean_body(f"{index.document(name).text} {word} came.")
    document = make_document(name, cleaned.text, cleaned, Facts(title=name))

    def newer() -> Index:
        return index_of(builder.put(document, index.generation), settings, index.embedder)

    (hit,), spent = cpu_seconds(lambda: newer().search(word, limit=1))
    if hit.passage.document_id != name:
        raise AssertionError("an article that was replaced is not found by a word that is new in it")
    return spent, perf_counter() - began


def _questions_of(size: int) -> list[str]:
    """Of four words each, none of them common."""
    dice = np.random.default_rng(size + 1)
    ranks = np.arange(_RARE.start, _RARE.stop)
    return [f"{' '.join(map(_word, dice.choice(ranks, 4).tolist()))}?" for _ in range(QUESTIONS)]


def _table(found: Growth) -> Table:
    """A line a cost, with its exponent, but for those of an engine."""
    head, rows = ["cost", "unit", *(f"{size:,}" for size in found.sizes)], []
    for of in found.costs:
        power = [] if found.engine else [f"{exponent(found.sizes, of.values):.2f}"]
        rows.append([of.name, of.unit, *map(figure, of.values), *power])
    return Table([*head, *([] if found.engine else ["exponent"])], rows, left=(0, 1))


def plot_of_growth(found: Growth) -> str:
    """As <svg>, each cost of a whole with its exponent."""
    ours = [of for of in found.costs if ":" not in of.name]
    return growing(found.sizes, [(f"{of.name}: {exponent(found.sizes, of.values):.2f}", of.values) for of in ours])


def text_of_growth(found: Growth) -> str:
    return paragraphs(_table(found), found.notes)


def markdown_of_growth(found: Growth, *, command: str) -> str:
    counted = "paragraphs" if found.engine else "passages"
    told = [f"By number of {counted}: written by `{command}`.", *found.notes]
    return paragraphs(_table(found).as_markdown(), told)


def _notes() -> tuple[str, ...]:
    return (
        "The text is made-up words in Zipf's proportions, a passage an article; the vectors are hashes, made without a "
        "model, so that embedding costs next to nothing.",
        f"Search: the median of {QUESTIONS} questions, of passages that were not read before; answer: of passages that "
        "were. BM25: of 5 questions, each asked seven times.",
        "Memory: what a process of its own holds more once it has opened the index, less what maps files.",
        f"Vectors scanned: made-up, too, of {_DIM} numbers; an index looks at like signs alone above {EXACT:,}.",
        "The exponent is the slope of the line through the logarithms: 1 grows as the corpus does, 0 not at all.",
        "BM25: scores equal to the last bit and the same order of the best ten for every question, else it fails.",
        f"{sentence(machine())}.",
    )


# An engine against memory on the same made-up corpus: what is found alike, how long it takes, what a server holds.
#
# The store is built once; both search indexes are made from it. Each is then opened and asked in a process of its own,
# so that its memory is no other's.

OF_ARTICLE = 10  # paragraphs


def scaling(sizes: Sequence[int], store: str, work: Path, on: Show = lambda *_: None, *, graph: bool = False) -> Growth:
    """`store` is that setting: what stands under its name is replaced. `graph`: vectors are found by one at every size.

    Raises QuotewellError.
    """
    engines: set[str] = set()
    found = _at_each(sizes, lambda size: _of_both(size, store, work / str(size), engines, graph=graph), on)
    engine = ", ".join(engines)
    return replace(found, engine=engine, notes=_engine_notes(engine))


def _of_both(size: int, store: str, work: Path, engines: set[str], *, graph: bool) -> Costs:
    """What the engine says it is goes into `engines`. This process leaves it alone: a file of Milvus Lite is open in
    one at a time.
    """
    embedder, questions = HashEmbedder(), _questions_of(size)
    shared = {"embedder": embedder.name, "token_vectors": "recomputed", "store_timeout_s": 120}
    memory, engine = ({**shared, "data": str(work / name)} for name in ("memory", "engine"))
    engine["store"] = store
    own = Settings.model_validate(memory)
    Builder(own.data, own, embedder).index([_made_corpus(size, work, of_article=OF_ARTICLE)])
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


def _engine_notes(engine: str) -> tuple[str, ...]:
    lite = "; a file of Milvus Lite is served inside that process, and counts" * ("lite" in engine)
    return (
        f"Engine: {engine}. Made-up words in Zipf's proportions, {OF_ARTICLE} paragraphs an article, vectors of "
        f"the hash embedder; {QUESTIONS} questions of four words, each asked once, in the clock's time.",
        f"Memory: what opening and these questions add to a process of its own, without what maps files{lite}.",
        f"On {computer()}.",
    )
