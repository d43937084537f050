"""How often contradictions are found that were planted, and how often a banner stands over articles that agree."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.experiments.planted_conflicts import CONFLICTS, Change, Plant, plants
from eval.runs.tables import COUNTED, Table, below, counted, figure_table, paragraphs
from eval.scoring.intervals import Figure, Figures, mean
from eval.scoring.judge import judge_for
from eval.scoring.run import OnQuestion, SetName, followed
from eval.sets.gold import Question
from eval.sets.sets import EvalSet, index_of, tuning_questions
from index.embedding.embedder import Embedder
from index.errors import BadGold
from index.search import Index
from index.settings import Settings
from rag.question.analysis import analyse
from rag.reading.reader import Reader
from rag.selection.conflicts import find_conflict

MOST = 150  # plants of one set, and untouched questions
READ_HITS = 20  # as many as an answer reads


@dataclass(frozen=True, slots=True)
class Banner:
    """What was shown over the answer to one question; no values where nothing was."""

    question_id: str
    asked: str
    change: Change | None  # None: no plant, the articles as they are
    planted: str  # the planted text
    original: str  # the sentence that it repeats
    documents: tuple[str, ...]  # of the conflict, newest first
    quotes: tuple[str, ...]
    values: tuple[str, ...]
    read: bool  # the plant and the article that it repeats were both among the reader's quotes
    found: bool  # for a planted contradiction: both its sides are shown
    right: bool  # both sides of some planted contradiction are shown, whichever question it was planted for


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """One set's figures and the questions behind them."""

    set_name: SetName
    index_version: str
    figures: Figures
    notes: tuple[str, ...]
    banners: tuple[Banner, ...]


@dataclass(frozen=True, slots=True)
class ConflictBench:
    """How an index is made and read."""

    settings: Settings
    embedder: Embedder
    reader_of: Callable[[Index], Reader]


def measure(
    questions: EvalSet, index: Index, bench: ConflictBench, *, tuning: bool = False, progress: OnQuestion | None = None
) -> ConflictReport:
    """Untouched: up to MOST questions over the set's whole index. Planted: the articles that their plants repeat.

    `tuning` takes the half of the set that may be looked at. Raises BadGold when the set does not fit the index, or
    where nothing in it can be planted.
    """
    judge = judge_for(questions, index)
    chosen = tuning_questions(questions) if tuning else list(questions.questions)
    made = plants(chosen, dict(judge.keys), index, MOST)
    if not made:
        raise BadGold(f"{questions.name} holds no answer with a number, a date or a verb to change; give another set")
    untouched = chosen[:: max(len(chosen) // MOST, 1)][:MOST]
    sides = [{plant.document_id, plant.original_id} for plant in made if plant.conflicts]
    asked: list[tuple[Question, Plant | None]] = [(question, None) for question in untouched]
    asked += [(plant.question, plant) for plant in made]
    with tempfile.TemporaryDirectory() as folder:
        small = _planted(made, index, bench, Path(folder))
        reader, reader_of_small = bench.reader_of(index), bench.reader_of(small)
        banners = [
            _banner(small, reader_of_small, question, plant, sides) if plant else _banner(index, reader, question)
            for question, plant in followed(asked, progress)
        ]
    half = (f"only the tuning half of {questions.name}",) if tuning else ()
    notes = (*judge.notes, *half, "planted by rule: the figures say nothing of contradictions told in other words")
    return ConflictReport(questions.name, index.version, figures(banners), notes, tuple(banners))


def figures(banners: Sequence[Banner]) -> tuple[Figure, ...]:
    """A banner over a planted control or over the wrong quotes counts against precision; untouched articles do not."""
    planted = [banner for banner in banners if banner.change]
    conflicts = [banner for banner in planted if banner.change in CONFLICTS]
    shown = [banner.right for banner in planted if banner.values]
    return (
        mean("precision, planted", shown),
        mean("recall, planted", [banner.found for banner in conflicts]),
        mean("recall, both sides read", [banner.found for banner in conflicts if banner.read]),
        *(
            mean(f"recall, {change}", [banner.found for banner in conflicts if banner.change == change])
            for change in CONFLICTS
        ),
        *(
            mean(f"banner on {name}", [bool(b.values) and not b.right for b in planted if b.change == change])
            for name, change in (("a copy", "copy"), ("another subject", "other subject"))
        ),
        mean("banner on untouched articles", [bool(b.values) for b in banners if not b.change]),
    )


def text_of_conflicts(report: ConflictReport) -> str:
    """The figures as an aligned table with its notes."""
    title = f"{report.set_name} · index {report.index_version}"
    return paragraphs(title, figure_table(report.figures), report.notes)


def markdown_of_conflicts(reports: Sequence[ConflictReport], *, command: str) -> str:
    """A row for each set: precision, recall and false banners, each with its interval and n."""
    names = ("precision, planted", "recall, planted", "banner on untouched articles")
    figures = [(report.set_name, {figure.name: figure for figure in report.figures}) for report in reports]
    rows = [(set_name, *(counted(figure[name]) for name in names)) for set_name, figure in figures]
    return paragraphs(Table(("set", *names), rows).as_markdown(), below(command, said=COUNTED))


def _banner(
    index: Index, reader: Reader, question: Question, plant: Plant | None = None, sides: Sequence[set[str]] = ()
) -> Banner:
    """`sides`: the two documents of each planted contradiction."""
    asked = analyse(question.asked, index.stem)
    quotes = reader.read(asked, index.search(asked.text, limit=READ_HITS)).quotes
    conflict = find_conflict(asked, quotes, index.document, reader.finding)
    shown = conflict.quotes if conflict else ()
    documents = tuple(quote.passage.document_id for quote in shown)
    own = {plant.document_id, plant.original_id} if plant else set()
    return Banner(
        question_id=question.id,
        asked=asked.text,
        change=plant.change if plant else None,
        planted=plant.text if plant else "",
        original=plant.original if plant else "",
        documents=documents,
        quotes=tuple(quote.passage.said(quote.start, quote.end) for quote in shown),
        values=conflict.values if conflict else (),
        read=bool(own) and own <= {quote.passage.document_id for quote in quotes},
        found=bool(plant and plant.conflicts and own <= set(documents)),
        right=any(both <= set(documents) for both in sides),
    )


def _planted(made: Sequence[Plant], index: Index, bench: ConflictBench, folder: Path) -> Index:
    """The articles that plants repeat, and the plants, newer by a year, as an index of their own."""
    originals = [index.document(name) for name in sorted({plant.original_id for plant in made})]
    lines = [
        *({"_id": d.id, "title": d.title, "text": d.text, "date": str(d.published or "2020-01-01")} for d in originals),
        *({"_id": p.document_id, "title": p.title, "text": p.text, "date": "2030-01-01"} for p in made),
    ]
    return index_of(lines, bench.settings, bench.embedder, folder)
