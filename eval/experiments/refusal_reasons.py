"""Does an abstention say why? Measured on cases that are built so that the right reason is known."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.experiments.unanswerable_cases import HELD_OUT, KINDS, UnanswerableCase, filtered, moved, removed, swapped
from eval.runs.tables import Table, below, cells_of, paragraphs, value_of
from eval.scoring.intervals import Figures, mean
from eval.scoring.judge import judge_for
from eval.scoring.run import OnQuestion, SetName, followed
from eval.sets.sets import EvalSet
from index.errors import BadInput
from index.ranking.filters import EVERYTHING
from rag.answer import ReasonCode
from rag.assistant import Assistant

MOST = 100  # cases of each kind
OVERALL = "right reason, all built cases"


Without = Callable[[frozenset[str]], Assistant]  # the same assistant, as if these documents had never been indexed


@dataclass(frozen=True, slots=True)
class ReasonOutcome:
    """What was said to one case; None where it was answered."""

    kind: str  # one of KINDS
    question: str
    expected: ReasonCode
    said: ReasonCode | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """In how many cases of one kind and expected code something was said: a code or "answered"."""

    case: str
    said: str
    count: int


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of each kind of case: the share of right codes among abstentions, and the share that was answered instead."""

    set_name: SetName
    index_version: str
    right: Figures  # by kind in the order of KINDS, then all of them together
    answered: Figures  # the same kinds
    confusion: tuple[Confusion, ...]
    cases: tuple[ReasonOutcome, ...]
    notes: tuple[str, ...]


def measure_reasons(
    assistant: Assistant, questions: EvalSet, without: Without, *, most: int = MOST, progress: OnQuestion | None = None
) -> Reasons:
    """Ask every built case and compare the reasons; deterministic.

    A filter is added only to questions that are answered without it. Raises BadGold when the set does not fit the
    index, and BadInput when not one case can be built of it.
    """
    cases = build_cases(assistant, questions, most)
    outcomes: list[ReasonOutcome] = []
    asking, gone = assistant, frozenset[str]()
    for case in followed(cases, progress):
        if case.removed != gone:
            asking, gone = without(case.removed) if case.removed else assistant, case.removed
        answer = asking.ask(case.question, filters=case.filters)
        said = answer.reason.code if answer.reason else None
        outcomes.append(ReasonOutcome(case.kind, case.question, case.expected, said))
    return _reasons(questions.name, assistant.index.version, outcomes)


def build_cases(assistant: Assistant, questions: EvalSet, most: int) -> list[UnanswerableCase]:
    """At most `most` of each kind, those of one kind together."""
    judge, library = judge_for(questions, assistant.index), assistant.index
    parts = (questions.questions, judge, library, most)
    limited = (case for case in filtered(*parts) if assistant.ask(case.question, filters=EVERYTHING).reason is None)
    judgement = [UnanswerableCase("judgement asked", question, "needs_judgement") for question in HELD_OUT[:most]]
    cases = [*swapped(*parts), *moved(*parts), *removed(*parts), *limited]
    if not cases:
        raise BadInput(f"no case can be built of {questions.name}; give a set with answerable questions")
    return [*cases, *judgement]


def text_of_reasons(found: Reasons) -> str:
    """Both shares of every kind as an aligned table, then who was taken for what."""
    head = ("case", "right reason", "95 % interval", "n", "answered", "of")
    confused = [f"{one.case} → {one.said}: {one.count}" for one in found.confusion]
    title = f"reasons for abstaining · {found.set_name} · index {found.index_version}"
    return paragraphs(title, Table(head, _rows(found), left=range(len(head))), confused, found.notes)


def markdown_of_reasons(found: Sequence[Reasons], *, command: str) -> str:
    """Both shares of every kind that was measured, set by set, with the command that gives them."""
    head = ("set", "case", "right reason", "95 % interval", "n", "answered", "of")
    rows = [(each.set_name, *row) for each in found for row in _rows(each) if row[-1] != "0"]
    notes = [note for each in found for note in each.notes]
    return paragraphs(Table(head, rows, left=(0, 1)).as_markdown(), below(command, notes=notes))


def _reasons(set_name: str, version: str, outcomes: Sequence[ReasonOutcome]) -> Reasons:
    groups = {str(kind): [one for one in outcomes if one.kind == kind] for kind in KINDS} | {OVERALL: outcomes}
    confusion = Counter((f"{one.kind}, {one.expected}", one.said or "answered") for one in outcomes)
    return Reasons(
        set_name=set_name,
        index_version=version,
        right=tuple(mean(name, [o.said == o.expected for o in group if o.said]) for name, group in groups.items()),
        answered=tuple(mean(name, [o.said is None for o in group]) for name, group in groups.items()),
        confusion=tuple(Confusion(*pair, count) for pair, count in sorted(confusion.items())),
        cases=tuple(outcomes),
        notes=(
            "right reason: among the cases that were not answered",
            "a case may be answered rightly: what was exchanged or taken out may stand elsewhere",
        ),
    )


def _rows(found: Reasons) -> list[tuple[str, ...]]:
    return [
        (right.name, *cells_of(right)[:2], str(right.n), value_of(answered), str(answered.n))
        for right, answered in zip(found.right, found.answered, strict=True)
    ]
