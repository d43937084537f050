"""All costs in one run, and their table: what `make bench` prints."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from eval.runs.tables import Table, paragraphs, sentence
from eval.scoring.costs import Spread, answering, cold, indexing, lexical, scanning, searching
from index.errors import BadInput
from index.ranking.dense import EXACT
from index.search import open_index
from index.seeding import SEEDS
from index.settings import Settings
from index.storage.generation import current
from index.terminal import Show

COLD_BAR_S = 0.8  # CPU seconds that a fresh process may take for its answer


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of all measurements on one index."""

    index_version: str
    passages: int
    spreads: tuple[Spread, ...]
    torch_loaded: bool
    notes: tuple[str, ...]  # what a reader of the figures must know


def bench(
    settings: Settings, questions: Sequence[str], work: Path, *, runs: int = 5, on: Show = lambda *_: None
) -> Bench:
    """Everything, on the index that the settings name, else on the bundled articles, indexed in the empty `work`.

    Indexing is always measured on the bundled articles, as often as a cold answer: `runs`. Raises what opening an index
    raises, and BadInput for an index without words or no questions.
    """
    if not questions:
        raise BadInput("no questions to measure on; give a gold file with at least one")
    named = "data" in settings.model_fields_set
    if named:
        current(settings.data)  # that it is missing should not show only after a minute
    asked = list(dict.fromkeys(question.strip() for question in questions))  # a repeated one would not be new
    on("indexing", 0, 4)
    indexed = indexing(SEEDS, settings, work, runs)
    own = settings if named else settings.model_copy(update={"data": work / "0"})
    on("cold answers", 1, 4)
    fresh, torch = cold(own.data, asked[0], runs)
    on("warm answers", 2, 4)
    index = open_index(own.data, own)
    searched, answered = searching(index, asked, own.limit), answering(index, own, asked, "warm answer")
    plain = own.model_copy(update={"reader": "trained"})
    again = open_index(own.data, plain, index.embedder)  # which knows none of the questions
    answered += answering(again, plain, asked, "without the model")
    on("BM25 and vectors", 3, 4)
    ranked = lexical(index, asked)
    scanned = scanning(index.generation.array("vectors"), [index.encode(question).vector for question in asked])
    spreads = (*fresh, *searched, *answered, *indexed, *ranked, *scanned)
    return Bench(index.version, index.passage_count, spreads, torch, _notes(fresh[0], torch))


def text_of_bench(found: Bench) -> str:
    """The spreads as an aligned table with its notes."""
    return paragraphs(_title(found), _table(found), found.notes)


def markdown_of_bench(found: Bench, *, command: str) -> str:
    """The spreads as a Markdown table with the command that gives them."""
    notes = [f"{sentence(note)}." for note in found.notes]
    return paragraphs(_table(found).as_markdown(), [f"{_title(found)}: written by `{command}`.", *notes])


def _table(found: Bench) -> Table:
    named = ("cost", "unit", "n", "min", "mean", "median", "p95", "max")
    return Table(named, list(map(_cells, found.spreads)), left=(0, 1))


def _title(found: Bench) -> str:
    return f"CPU time and memory · {found.passages:,} passages · index {found.index_version}"


def _cells(spread: Spread) -> tuple[str, ...]:
    values, p95 = spread.values, spread.p95
    figures = map(figure, (min(values), fmean(values), spread.median))
    return spread.name, spread.unit, str(len(values)), *figures, "" if p95 is None else figure(p95), figure(max(values))


def figure(value: float) -> str:
    """Three digits that count, whole numbers from 100 on."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _notes(cold_answer: Spread, torch: bool) -> tuple[str, ...]:
    met, loaded = sum(one < COLD_BAR_S for one in cold_answer.values), "loaded" if torch else "not loaded"
    return (
        f"cold answers below {COLD_BAR_S} CPU s: {met} of {len(cold_answer.values)}; torch was {loaded}",
        "cold: a fresh `quotewell ask` on a saved index, whose files the system has read before",
        "search: with its question's embedding, of passages that were not read before; answers: of passages that were, "
        "every question new; the stages add up to the whole; without the model: by `reader=trained`",
        "indexing: the bundled articles, with the model loaded before",
        "BM25: the ten best by either way are the same for every question, and all scores equal to the last bit",
        f"vectors: of like signs alone only above {EXACT:,} passages; here at any size above some thousand",
        machine(),
    )


def machine() -> str:
    """What CPU times were measured on."""
    return f"CPU time of all threads added up, on {computer()}"


def computer() -> str:
    """And how busy it is."""
    return (
        f"{platform.machine()} with {os.cpu_count()} cores and Python {platform.python_version()}, "
        f"numpy {np.__version__}; {os.getloadavg()[0]:.1f} processes wanted to run on average meanwhile"
    )
