"""Does an abstention say why? Measured on cases that are built so that the right reason is known."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from itertools import groupby
from typing import Literal, get_args

from eval.runs.tables import Table, below, cells_of, paragraphs, value_of
from eval.scoring.intervals import SEED, Figures, mean
from eval.scoring.judge import AnswerKey, Judge, judge_for
from eval.scoring.run import OnQuestion, SetName, followed
from eval.sets.gold import Question
from eval.sets.sets import EvalSet
from eval.training.cases import twins
from index.errors import BadInput
from index.ranking.filters import EVERYTHING, Filters
from index.records import Document
from index.search import Index
from index.text.words import Stem, stems
from rag.answer import ReasonCode
from rag.assistant import Assistant
from rag.language.dates import dates_in
from rag.question.analysis import Term, analyse

# Questions built so that it is known why they have no answer: from a set's own questions and their right documents.
#
# What is expected follows from how a case was made and from the set's labels, never from the rules that are measured.

Kind = Literal["entity swapped", "date moved", "article removed", "filter added", "judgement asked"]

KINDS: tuple[Kind, ...] = get_args(Kind)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_MOVED = 40  # a date is moved at most so many years beyond the last or before the first
_RARE = 0.1  # a name is rare in at most this share of the documents
_FOLD = 0.1  # share of the documents that are taken out together, so that few indexes are needed


@dataclass(frozen=True, slots=True)
class UnanswerableCase:
    """A question without an answer, the documents and filters that it is asked of, and the reason that is right."""

    kind: Kind
    question: str
    expected: ReasonCode
    removed: frozenset[str] = frozenset()  # documents that are not there
    filters: Filters = EVERYTHING


def swapped(questions: Sequence[Question], judge: Judge, library: Index, most: int) -> list[UnanswerableCase]:
    """A name exchanged for one of another question that the answering documents do not hold; numbers stay."""
    asked = {question.id: question.asked for question in questions}
    made = twins(questions, dict(judge.keys), library)
    names = [twin for twin in made if _digits(twin.text) == _digits(asked[twin.id.removesuffix("~twin")])]
    return [UnanswerableCase("entity swapped", twin.text, "near_miss") for twin in names[:most]]


def moved(questions: Sequence[Question], judge: Judge, library: Index, most: int) -> list[UnanswerableCase]:
    """The only date exchanged for a year beyond all that the documents mention and were published in."""
    documents = [library.document(id_) for id_ in library.document_ids]
    years = {int(year) for document in documents for year in _YEAR.findall(f"{document.title} {document.text}")}
    years |= {document.published.year for document in documents if document.published}
    if not years:
        return []
    rng = random.Random(SEED)
    places = [(question.asked, *place) for question in _answerable(questions, judge) for place in _only_year(question)]
    rng.shuffle(places)
    return [
        UnanswerableCase("date moved", f"{q[:a]}{_outside(years, rng)}{q[b:]}", "date_outside")
        for q, a, b in places[:most]
    ]


def removed(questions: Sequence[Question], judge: Judge, library: Index, most: int) -> list[UnanswerableCase]:
    """Questions whose answering documents are taken out, some documents at a time.

    Off the corpus where a question has rare names and none of them is left. A near miss where one document is left that
    holds them all, or where it has no rare name, but one that at least half of the documents hold. The others tell
    nothing and are left out.
    """
    holding = _holding(library)
    pool = _answerable(questions, judge)
    random.Random(SEED + 1).shuffle(pool)
    found: list[UnanswerableCase] = []
    for group, gone in _folds(pool[: 2 * most], judge.keys, len(library.document_ids)):
        for question in group:
            texts = [library.document(id_) for id_ in sorted(judge.keys[question.id].documents)]
            expected = _expected(_names(question, texts, library.stem), holding, gone, len(library.document_ids))
            if expected and len(found) < most:
                found.append(UnanswerableCase("article removed", question.asked, expected, gone))
    return found


def filtered(questions: Sequence[Question], judge: Judge, library: Index, most: int) -> list[UnanswerableCase]:
    """Questions asked of the other documents only: by their ids, or by dates where all answering ones are dated."""
    rng = random.Random(SEED + 2)
    pool = _answerable(questions, judge)
    rng.shuffle(pool)
    found: list[UnanswerableCase] = []
    for place, question in enumerate(pool):
        own = judge.keys[question.id].documents
        others = [id_ for id_ in library.document_ids if id_ not in own]
        by_date = _before(own, others, library) if place % 2 else None
        if others and len(found) < most:
            filters = by_date or Filters(documents=frozenset(rng.sample(others, (len(others) + 1) // 2)))
            found.append(UnanswerableCase("filter added", question.asked, "filtered", filters=filters))
    return found


def _answerable(questions: Sequence[Question], judge: Judge) -> list[Question]:
    return [question for question in questions if question.id in judge.keys and judge.keys[question.id].documents]


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _only_year(question: Question) -> Iterator[tuple[int, int]]:
    """Start and end of the year, if the question has one date and one year."""
    years, dates = list(_YEAR.finditer(question.asked)), dates_in(question.asked)
    if len(years) == len(dates) == 1 and dates[0].start <= years[0].start() < dates[0].end:
        yield years[0].span()


def _outside(years: set[int], rng: random.Random) -> int:
    later, earlier = max(years) + rng.randint(1, _MOVED), min(years) - rng.randint(1, _MOVED)
    return earlier if earlier >= 1500 and rng.random() < 0.5 else later


def _folds(
    pool: Sequence[Question], keys: Mapping[str, AnswerKey], documents: int
) -> Iterator[tuple[list[Question], frozenset[str]]]:
    """Questions, and the documents of them all; questions of the same documents stand together."""
    ordered = sorted(pool, key=lambda question: sorted(keys[question.id].documents))
    group: list[Question] = []
    gone: frozenset[str] = frozenset()
    for own, same in groupby(ordered, key=lambda question: frozenset(keys[question.id].documents)):
        if group and len(gone | own) > _FOLD * documents:
            yield group, gone
            group, gone = [], frozenset()
        if len(own) < documents:
            group, gone = [*group, *same], gone | own
    if group:
        yield group, gone


def _holding(library: Index) -> dict[str, frozenset[str]]:
    """Stem → the documents that hold it."""
    found: dict[str, set[str]] = {}
    for id_ in library.document_ids:
        document = library.document(id_)
        for stem in set(stems(f"{document.title}\n{document.text}", library.stem)):
            found.setdefault(stem, set()).add(id_)
    return {stem: frozenset(ids) for stem, ids in found.items()}


def _names(question: Question, texts: Sequence[Document], stem: Stem) -> set[str]:
    """Stems of what the question writes like a name, or the documents never write in lower case."""
    written = Counter(word for text in texts for word in re.findall(r"(?<=[\w,] )\w+", text.text))
    return {
        term.stem
        for term in analyse(question.asked, stem).terms
        if not term.number and (term.name or _as_name(question.asked, term, written))
    }


def _as_name(asked: str, term: Term, written: Mapping[str, int]) -> bool:
    word = asked[term.start : term.end].lower()
    return written.get(word.capitalize(), 0) > 0 and not written.get(word, 0)


def _expected(
    names: set[str], holding: Mapping[str, frozenset[str]], gone: frozenset[str], documents: int
) -> ReasonCode | None:
    held = {name: holding.get(name, frozenset()) for name in names}
    rare = [ids for ids in held.values() if 0 < len(ids) <= _RARE * documents]
    if rare:
        left = [ids - gone for ids in rare]
        return "near_miss" if frozenset.intersection(*left) else None if any(left) else "off_corpus"
    common = max((len(ids - gone) for ids in held.values()), default=0)
    return "near_miss" if 2 * common >= documents - len(gone) and common else None


def _before(own: set[str], others: Sequence[str], library: Index) -> Filters | None:
    """Up to the day before the first of the answering documents, if all are dated and another one is earlier."""
    days = [library.document(id_).published for id_ in sorted(own)]
    known = [day for day in days if day]
    if len(known) < len(days) or not known:
        return None
    last = min(known) - timedelta(days=1)
    dated = (library.document(id_).published for id_ in others)
    return Filters(published_to=last) if any(day and day <= last for day in dated) else None


# Questions that no sentence of an article can answer, whatever it is about: for measuring `rag.question.purpose`.
#
# SEEN were looked at while its patterns were written; HELD_OUT were written afterwards and never changed them.

_OUT_OF_SCOPE = json.loads(files("eval.experiments").joinpath("out_of_scope.json").read_text("utf-8"))
SEEN: tuple[str, ...] = tuple(_OUT_OF_SCOPE["seen"])
HELD_OUT: tuple[str, ...] = tuple(_OUT_OF_SCOPE["held_out"])


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
