"""Compare ways of searching (BM25 alone, dense alone, RRF, convex …) on the same questions, pair by pair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from eval.runs.tables import NOT_MEASURED, Table, below, cells_of, in_points, json_of, paragraphs, sure, value_of
from eval.scoring.figures import follow_up_note
from eval.scoring.intervals import Figure, by_name, mean
from eval.scoring.judge import Judge, Searchable, Values, judge_for, ranked, ranked_names
from eval.scoring.run import DEPTH, OnQuestion, followed
from eval.sets.sets import EvalSet, open_set
from index.embedding.embedder import Embedder
from index.errors import BadInput
from index.records import Hit
from index.search import Index
from index.settings import Settings
from index.terminal import Show
from rag.assistant import open_assistant

_WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7)  # of the dense ranking
COMPARED = ("Success@1", "RR@10", "nDCG@10")

Retrieve = Callable[[str, int], Sequence[Hit]]  # question, limit → hits, best first


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """A measure of `arm` minus the same of `other`, question by question; sure when the interval leaves out zero."""

    arm: str
    other: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every arm's figures on the answerable questions of a set, and the paired difference of every two arms."""

    set_name: str
    index_version: str
    arms: Mapping[str, tuple[Figure, ...]]
    differences: tuple[ArmDifference, ...]
    notes: tuple[str, ...]


def compare_arms(
    arms: Mapping[str, Retrieve], questions: EvalSet, index: Searchable, *, progress: OnQuestion | None = None
) -> Comparison:
    """Run every arm on every answerable question. `index` knows the documents and the passages that the arms search.

    Raises BadGold when the set does not fit the index, BadInput when there is nothing to compare on or when an arm
    finds nothing at all: it did not run, and zeros would look like a loss.
    """
    judge = judge_for(questions, index)
    asked = {question.id: question.asked for question in questions.questions if question.answerable}
    if not asked:
        raise BadInput(f"{questions.name} has no answerable question to compare on; give another set")
    values = {
        name: _values(name, arms[name], asked, judge, _part(progress, at, len(arms))) for at, name in enumerate(arms)
    }
    measured = {
        name: tuple(mean(measure, [row[measure] for row in rows]) for measure in ranked_names(judge.level))
        for name, rows in values.items()
    }
    differences = tuple(
        ArmDifference(arm, other, mean(measure, [a[measure] - b[measure] for a, b in pairs]))
        for arm, other in combinations(values, 2)
        for pairs in [list(zip(values[arm], values[other], strict=True))]
        for measure in COMPARED
    )
    notes = (*judge.notes, *follow_up_note(questions.questions))
    return Comparison(questions.name, index.version, measured, differences, notes)


def _values(
    name: str, retrieve: Retrieve, asked: Mapping[str, str], judge: Judge, progress: OnQuestion | None
) -> list[Values]:
    """The ranked measures of one arm, in the order of `asked`."""
    rankings: dict[str, tuple[str, ...]] = {}
    for question_id, text in followed([*asked.items()], progress):
        rankings[question_id] = judge.ranking(retrieve(text, DEPTH[judge.level]))
    if not any(rankings.values()):
        raise BadInput(f"arm {name!r} found nothing for any question; see that it searches this index")
    values = ranked(rankings, {id_: judge.keys[id_].relevant for id_ in asked}, judge.level)
    return [values[question_id] for question_id in asked]


def _part(progress: OnQuestion | None, at: int, arms: int) -> OnQuestion | None:
    """The progress of one of several arms, counted over all of them."""
    return (lambda done, total: progress(at * total + done, arms * total)) if progress else None


# Arms side by side, as text, as JSON and as the Markdown tables of the docs.


def text_of_comparison(comparison: Comparison) -> str:
    """The figures of the arms side by side, then every paired difference; `*` where the interval leaves out zero."""
    names = [figure.name for figure in next(iter(comparison.arms.values()))]
    arms = Table(("arm", *names), [(arm, *map(value_of, figures)) for arm, figures in comparison.arms.items()])
    head = ("difference", "measure", "value", "95 % interval", "n")
    differences = Table(head, list(map(_difference, comparison.differences)))
    title = f"{comparison.set_name} · index {comparison.index_version}"
    return paragraphs(title, arms, differences if comparison.differences else "", comparison.notes)


def json_of_comparison(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values."""
    return {
        "set": comparison.set_name,
        "index_version": comparison.index_version,
        "arms": {arm: by_name(figures) for arm, figures in comparison.arms.items()},
        "differences": [
            {"arm": each.arm, "other": each.other, "measure": each.figure.name, **json_of(each.figure)}
            for each in comparison.differences
        ],
        "notes": list(comparison.notes),
    }


def markdown_of_arms(
    comparisons: Sequence[Comparison], arms: Sequence[str], pairs: Sequence[tuple[str, str]], *, command: str
) -> str:
    """For each set the arms' Success@1 / nDCG@10, then the paired differences of nDCG@10 that matter, in points."""
    cells, differences = [], []
    for each in comparisons:
        figures = [{figure.name: figure for figure in each.arms[arm]} for arm in arms]
        both = (f"{_short(of['Success@1'])} / {_short(of['nDCG@10'])}" for of in figures)
        cells.append((each.set_name, str(figures[0]["nDCG@10"].n), *both))
        differences.append((each.set_name, *(_points(each, arm, other) for arm, other in pairs)))
    return paragraphs(
        Table(("set", "n", *arms), cells).as_markdown(),
        Table(("nDCG@10, paired, in points", *(f"{arm} − {other}" for arm, other in pairs)), differences).as_markdown(),
        below(command, said="Cells are Success@1 / nDCG@10; intervals are 95 %."),
    )


def _short(figure: Figure) -> str:
    """Without the nought before the point."""
    return value_of(figure).removeprefix("0")


def _points(comparison: Comparison, arm: str, other: str) -> str:
    for each in comparison.differences:
        if each.figure.name == "nDCG@10" and {each.arm, each.other} == {arm, other}:
            return in_points(each.figure, 1 if each.arm == arm else -1)
    return NOT_MEASURED


def _difference(difference: ArmDifference) -> tuple[str, ...]:
    value, interval, n = cells_of(difference.figure)
    mark = " *" if sure(difference.figure) else "  "
    return f"{difference.arm} - {difference.other}", difference.figure.name, value, interval + mark, n


def compare_fusions(questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: Show) -> Comparison:
    """BM25 alone, dense alone, the convex combination by weight, RRF, and the order that the reader gives."""
    index, own = open_set(questions, settings, embedder, work, show)

    def arm(**fusion: Any) -> Retrieve:
        tried = Index(index.generation, embedder, own.model_copy(update=fusion))
        return lambda question, limit: tried.search(question, limit=limit)

    arms: dict[str, Retrieve] = {
        "bm25": arm(fusion="convex", dense_weight=0.0),
        "dense": arm(fusion="convex", dense_weight=1.0),
    }
    assistant = open_assistant(settings=own, embedder=embedder)
    arms |= {"reader": lambda question, limit: assistant.search(question, limit=limit)}
    arms |= {f"convex {weight}": arm(fusion="convex", dense_weight=weight) for weight in _WEIGHTS}
    arms |= {"rrf": arm(fusion="rrf")}
    return compare_arms(arms, questions, index, progress=lambda done, total: show(questions.name, done, total))
