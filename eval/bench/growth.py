"""How costs grow with the corpus: text made in Zipf's proportions, of more and more passages, and the fitted exponent.

The words are made up and the vectors are those of the hash embedder, so that the figures are of our own code and no
model's; what a model costs does not depend on the corpus, and `eval bench` has it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np

from eval.bench.bench import OnStep, figure, machine
from eval.runs.plots import growing
from eval.runs.tables import Table, paragraphs, sentence
from eval.scoring.costs import Spread, cpu_seconds, in_memory, okapi
from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import BadInput
from index.search import open_index
from index.settings import Settings
from index.text.words import stems
from rag.assistant import assistant_over

QUESTIONS = 30  # of each size
_WORDS = 30_000  # different ones
_EXPONENT = 1.07  # of the Zipf distribution: the word of rank r is as frequent as r ** -1.07
_SENTENCE, _PASSAGE = 14, 7  # words of a sentence, sentences of a passage: about a hundred words
_RARE = slice(50, 3_000)  # ranks of the words that are asked for
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


@dataclass(frozen=True, slots=True)
class Growth:
    """All costs at all sizes, in passages, ascending."""

    sizes: tuple[int, ...]
    costs: tuple[Spread, ...]  # of each one value at each size


def growth(sizes: Sequence[int], settings: Settings, work: Path, on: OnStep = lambda *_: None) -> Growth:
    """Raises BadInput for fewer than two sizes, which fit no line."""
    ordered = sorted(set(sizes))
    if len(ordered) < 2 or ordered[0] < 1:
        raise BadInput("growth needs two sizes at least, in passages; give --size 1000 --size 10000")
    measured = []
    for number, size in enumerate(ordered):
        on(f"{size:,} passages", number, len(ordered))
        measured.append(_costs(size, settings, work / str(size)))
    costs = (Spread(name, unit, tuple(of[name, unit] for of in measured)) for name, unit in measured[0])
    return Growth(tuple(ordered), tuple(costs))


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The power of the size with which a cost grows: the slope of the straight line through the logarithms."""
    return float(np.polyfit([log(size) for size in sizes], [log(max(value, 1e-9)) for value in values], 1)[0])


def zipf_texts(passages: int) -> list[str]:
    """The same for the same number. Each is as long as a passage, in sentences; no word of ours is in it."""
    dice = np.random.default_rng(passages)
    words = np.array([_word(number) for number in range(_WORDS)])
    weights = np.arange(1, _WORDS + 1) ** -_EXPONENT
    drawn = dice.choice(_WORDS, (passages, _PASSAGE, _SENTENCE), p=weights / weights.sum())
    return [" ".join(f"{' '.join(sentence).capitalize()}." for sentence in words[text].tolist()) for text in drawn]


def _word(number: int) -> str:
    """A different one for each number."""
    word = ""
    while number or not word:
        number, syllable = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


def made_corpus(passages: int, work: Path, *, of_article: int = 1) -> Path:
    """A folder in `work` with so many passages, or about so many where an article has several."""
    corpus = work / "corpus"
    corpus.mkdir(parents=True)
    with (corpus / "made.jsonl").open("w", encoding="utf-8") as file:
        texts = zipf_texts(passages)
        for number, first in enumerate(range(0, passages, of_article)):
            text = "\n\n".join(texts[first : first + of_article])
            file.write(json.dumps({"_id": f"{number:07}", "title": _word(number), "text": text}) + "\n")
    return corpus


def _costs(size: int, settings: Settings, work: Path) -> dict[tuple[str, str], float]:
    own = settings.model_copy(update={"data": work / "index", "reader": "trained", "store": ""})
    corpus = made_corpus(size, work)
    embedder = HashEmbedder()
    _, building = cpu_seconds(Builder(own.data, own, embedder).index, [corpus])
    index, opening = cpu_seconds(open_index, own.data, own, embedder)
    assistant = assistant_over(index, own)
    questions = questions_of(size)
    assistant.ask(f"Who met {questions[0]}")  # what is loaded once is no cost of a question
    searches, asks = [], []
    for question in questions:
        start = process_time()
        index.search(question, limit=own.limit)
        found = process_time()
        assistant.ask(f"Where is {question}")
        searches.append(found - start)
        asks.append(process_time() - found)
    on_disk = sum((index.generation.folder / name).stat().st_size for name in index.manifest.files)
    lists = [stems(index.passage(row).search_text, index.stem) for row in range(index.passage_count)]
    scan, posting, memory = okapi(lists, in_memory(index), [stems(question, index.stem) for question in questions[:5]])
    return {
        ("building", "CPU s"): building,
        ("opening", "CPU s"): opening,
        ("search", "CPU ms"): 1000 * median(searches),
        ("answer, without a model", "CPU ms"): 1000 * median(asks),
        ("index on disk", "MB"): on_disk / 1e6,
        ("BM25: ten best by rank_bm25", "CPU ms"): 1000 * median(scan),
        ("BM25: ten best by postings", "CPU ms"): 1000 * median(posting),
        ("BM25: rank_bm25 / postings", "ratio"): median(a / b for a, b in zip(scan, posting, strict=True)),
        ("BM25: memory of postings / rank_bm25", "ratio"): memory,
    }


def questions_of(size: int) -> list[str]:
    """Of four words each, none of them common."""
    dice = np.random.default_rng(size + 1)
    ranks = np.arange(_RARE.start, _RARE.stop)
    return [f"{' '.join(map(_word, dice.choice(ranks, 4).tolist()))}?" for _ in range(QUESTIONS)]


def table_of_growth(found: Growth) -> Table:
    head = ("cost", "unit", *(f"{size:,}" for size in found.sizes), "exponent")
    rows = [
        (of.name, of.unit, *map(figure, of.values), f"{exponent(found.sizes, of.values):.2f}") for of in found.costs
    ]
    return Table(head, rows, left=(0, 1))


def plot_of_growth(found: Growth) -> str:
    """As <svg>, each cost of ours with its exponent."""
    ours = [of for of in found.costs if "rank_bm25" not in of.name]
    return growing(found.sizes, [(f"{of.name}: {exponent(found.sizes, of.values):.2f}", of.values) for of in ours])


def text_of_growth(found: Growth) -> str:
    return paragraphs(table_of_growth(found), _notes())


def markdown_of_growth(found: Growth, *, command: str) -> str:
    return paragraphs(
        table_of_growth(found).as_markdown(), [f"By number of passages: written by `{command}`.", *_notes()]
    )


def _notes() -> tuple[str, ...]:
    return (
        "Made-up words in Zipf's proportions, vectors of the hash embedder, no model; medians of "
        f"{QUESTIONS} questions, each asked of passages that were not read before, BM25 of 5 with seven runs each.",
        "The exponent is the slope of the line through the logarithms: 1 grows as the corpus does, 0 not at all.",
        "BM25: scores equal to the last bit and the same order of the best ten for every question, else it fails.",
        f"{sentence(machine())}.",
    )
