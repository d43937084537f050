"""Compare ways of searching (BM25 alone, dense alone, RRF, convex …) on the same questions, pair by pair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from eval.intervals import Figure, mean
from eval.judge import Judge, Searchable, judge_for
from eval.measures import Values, ranked, ranked_names
from eval.notes import follow_up_note
from eval.run import DEPTH, Progress
from eval.sets import EvalSet
from index.errors import BadInput
from index.records import Hit

COMPARED = ("Success@1", "RR@10", "nDCG@10")

Retrieve = Callable[[str, int], Sequence[Hit]]  # question, limit → hits, best first


@dataclass(frozen=True, slots=True)
class Difference:
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
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def compare_arms(
    arms: Mapping[str, Retrieve], questions: EvalSet, index: Searchable, *, progress: Progress | None = None
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
        Difference(arm, other, mean(measure, [a[measure] - b[measure] for a, b in pairs]))
        for arm, other in combinations(values, 2)
        for pairs in [list(zip(values[arm], values[other], strict=True))]
        for measure in COMPARED
    )
    notes = (*judge.notes, *follow_up_note(questions.questions))
    return Comparison(questions.name, index.version, measured, differences, notes)


def _values(
    name: str, retrieve: Retrieve, asked: Mapping[str, str], judge: Judge, progress: Progress | None
) -> list[Values]:
    """The ranked measures of one arm, in the order of `asked`."""
    rankings: dict[str, tuple[str, ...]] = {}
    for done, (question_id, text) in enumerate(asked.items(), start=1):
        rankings[question_id] = judge.ranking(retrieve(text, DEPTH[judge.level]))
        if progress:
            progress(done, len(asked))
    if not any(rankings.values()):
        raise BadInput(f"arm {name!r} found nothing for any question; see that it searches this index")
    values = ranked(rankings, {id_: judge.keys[id_].relevant for id_ in asked}, judge.level)
    return [values[question_id] for question_id in asked]


def _part(progress: Progress | None, at: int, arms: int) -> Progress | None:
    """The progress of one of several arms, counted over all of them."""
    return (lambda done, total: progress(at * total + done, arms * total)) if progress else None
