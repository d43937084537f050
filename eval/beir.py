"""Folders in the layout of BEIR (Thakur et al. 2021): questions and judgements; the corpus is indexed elsewhere.

Judgements name whole documents. A question without a relevant document counts only if it says itself that it is
unanswerable: in BEIR, being unjudged means nothing.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from eval.gold import Question
from eval.lines import Place, Record, field, numbered, records, text, texts
from index.errors import NotFound

_CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")
_QUESTIONS = ("queries.jsonl", "queries.jsonl.gz")
_JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv")
_HEADER = frozenset({"query-id", "query_id", "qid", "query", "topic"})

Judgements = Mapping[str, Mapping[str, int]]  # question id → document id → gain, 1 or more


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A BEIR-style folder, judged by documents; `questions` are the judged ones and the unanswerable ones."""

    name: str
    corpus: Path
    questions: tuple[Question, ...]
    relevant: Judgements
    unjudged: tuple[str, ...]  # ids of questions that were left out, because nothing says what is right


def read_beir(folder: Path) -> BeirSet:
    """Questions and judgements of a folder. Raises NotFound, and BadGold with file, line and reason."""
    corpus = _first(folder, _CORPUS)
    everything = _questions(_first(folder, _QUESTIONS))
    relevant = _judgements(_first(folder, _JUDGEMENTS), everything)
    questions, unjudged = [], []
    for question, said in everything.values():
        if said is False or question.id in relevant:
            questions.append(question)
        else:
            unjudged.append(question.id)
    return BeirSet(folder.resolve().name, corpus, tuple(questions), relevant, tuple(unjudged))


def _first(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise NotFound(f"no {' or '.join(names)} in {folder}; a BEIR-style folder holds corpus, queries and qrels")


def _questions(path: Path) -> dict[str, tuple[Question, bool | None]]:
    """Question id → the question, and what its line says about `answerable` (None: nothing)."""
    questions: dict[str, tuple[Question, bool | None]] = {}
    for place, record in records(path):
        said = field(place, record, "answerable", bool) if "answerable" in record else None
        question = _question(place, record, answerable=said is not False)
        if question.id in questions:
            raise place.bad(f"id {question.id!r} stands on an earlier line too")
        questions[question.id] = (question, said)
    return questions


def _question(place: Place, record: Record, *, answerable: bool) -> Question:
    return Question(
        id=text(place, record, "_id"),
        text=text(place, record, "text"),
        answerable=answerable,
        answers=texts(place, record, "answers") if "answers" in record else (),
        spans=(),
        tags=(text(place, record, "type"),) if "type" in record else (),
        near=text(place, record, "near_doc") if "near_doc" in record else "",
    )


def _judgements(path: Path, questions: Mapping[str, tuple[Question, bool | None]]) -> dict[str, dict[str, int]]:
    unanswerable = {id_ for id_, (_, said) in questions.items() if said is False}
    seen: dict[tuple[str, str], int] = {}
    relevant: dict[str, dict[str, int]] = {}
    for place, line in numbered(path):
        cells = _cells(place, line)
        if not relevant and not seen and cells[0].casefold() in _HEADER:
            continue
        question_id, document_id, gain = cells[0], cells[1], _gain(place, cells[2])
        if seen.setdefault((question_id, document_id), gain) != gain:
            raise place.bad(f"document {document_id!r} was judged differently for question {question_id!r} before")
        _refuse_stray(place, question_id, questions.keys(), unanswerable if gain > 0 else frozenset())
        if gain > 0:
            relevant.setdefault(question_id, {})[document_id] = gain
    return relevant


def _cells(place: Place, line: str) -> tuple[str, str, str]:
    """Question, document and relevance of three columns, or of TREC's four."""
    cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
    if len(cells) == 4:
        del cells[1]
    if len(cells) != 3 or not all(cells):
        raise place.bad("expected three columns (question, document, relevance) or TREC's four")
    return cells[0], cells[1], cells[2]


def _gain(place: Place, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise place.bad(f"relevance is {cell!r}, expected a whole number") from None


def _refuse_stray(place: Place, question_id: str, known: Set[str], unanswerable: Set[str]) -> None:
    if question_id not in known:
        raise place.bad(f"no question {question_id!r} in the queries")
    if question_id in unanswerable:
        raise place.bad(f"question {question_id!r} is marked unanswerable, yet a document is judged relevant")
