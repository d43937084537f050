"""Folders in the layout of BEIR (Thakur et al. 2021): questions and judgements; the corpus is indexed elsewhere.

Judgements name whole documents. A question without a relevant document counts only if it says itself that it is
unanswerable: in BEIR, being unjudged means nothing.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from eval.sets.gold import LineOfFile, Question, numbered, records, text, texts
from eval.sets.gold import field as typed
from index.errors import NotFound

# Judgements of documents in BEIR's three columns or TREC's four; every complaint names the file and the line.

_HEADER = frozenset({"query-id", "query_id", "qid", "query", "topic"})

Judgements = Mapping[str, Mapping[str, int]]  # question id → document id → gain


class Qrels(NamedTuple):
    """What was judged; no document stands in both."""

    relevant: dict[str, dict[str, int]]  # gain 1 or more
    rejected: dict[str, dict[str, int]]  # gain 0 or less: looked at, and not relevant


def read_qrels(path: Path, known: Set[str], unanswerable: Collection[str] = ()) -> Qrels:
    """Columns parted by tabs or blanks: question, document, relevance; TREC's second of four is passed over.

    `known` are the ids of all questions. Raises NotFound, and BadGold with file, line and reason: also for a question
    that is not known, and for a relevant document of one that is marked unanswerable.
    """
    seen: dict[tuple[str, str], int] = {}
    found = Qrels({}, {})
    for place, line in numbered(path):
        cells = _cells(place, line)
        if not seen and cells[0].casefold() in _HEADER:
            continue
        question_id, document_id, gain = cells[0], cells[1], _gain(place, cells[2])
        if seen.setdefault((question_id, document_id), gain) != gain:
            raise place.bad(f"document {document_id!r} was judged differently for question {question_id!r} before")
        if question_id not in known:
            raise place.bad(f"no question {question_id!r} in the queries")
        if gain > 0 and question_id in unanswerable:
            raise place.bad(f"question {question_id!r} is marked unanswerable, yet a document is judged relevant")
        (found.relevant if gain > 0 else found.rejected).setdefault(question_id, {})[document_id] = gain
    return found


def _cells(place: LineOfFile, line: str) -> tuple[str, str, str]:
    """Question, document and relevance."""
    cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
    if len(cells) == 4:
        del cells[1]
    if len(cells) != 3 or not all(cells):
        raise place.bad("expected three columns (question, document, relevance) or TREC's four")
    return cells[0], cells[1], cells[2]


def _gain(place: LineOfFile, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise place.bad(f"relevance is {cell!r}, expected a whole number") from None


CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")
_QUESTIONS = ("queries.jsonl", "queries.jsonl.gz")
JUDGEMENTS = ("qrels.tsv", "qrels.tsv.gz", "qrels/test.tsv", "qrels/test.tsv.gz")


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A set judged by documents; `questions` are the judged ones and the unanswerable ones."""

    name: str
    corpus: Path
    questions: tuple[Question, ...]
    relevant: Judgements
    unjudged: tuple[str, ...]  # ids of questions that were left out, because nothing says what is right
    rejected: Judgements = field(default_factory=dict)  # judged not relevant, gain 0 or less


def read_beir(folder: Path) -> BeirSet:
    """Questions and judgements of a folder. Raises NotFound, and BadGold with file, line and reason."""
    corpus = first_of(folder, CORPUS)
    everything = _questions(first_of(folder, _QUESTIONS))
    unanswerable = {id_ for id_, (_, said) in everything.items() if said is False}
    qrels = read_qrels(first_of(folder, JUDGEMENTS), everything.keys(), unanswerable)
    questions, unjudged = [], []
    for question, said in everything.values():
        if said is False or question.id in qrels.relevant:
            questions.append(question)
        else:
            unjudged.append(question.id)
    return BeirSet(folder.resolve().name, corpus, tuple(questions), qrels.relevant, tuple(unjudged), qrels.rejected)


def first_of(folder: Path, names: tuple[str, ...]) -> Path:
    """The first of the files that is there. Raises NotFound."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise NotFound(f"no {' or '.join(names)} in {folder}; a set's folder holds a corpus, its questions and qrels")


def _questions(path: Path) -> dict[str, tuple[Question, bool | None]]:
    """Question id → the question, and what its line says about `answerable` (None: nothing)."""
    questions: dict[str, tuple[Question, bool | None]] = {}
    for place, record in records(path):
        said = typed(place, record, "answerable", bool) if "answerable" in record else None
        question = Question(
            id=text(place, record, "_id"),
            text=text(place, record, "text"),
            answerable=said is not False,
            answers=texts(place, record, "answers") if "answers" in record else (),
            spans=(),
            tags=(text(place, record, "type"),) if "type" in record else (),
            near=text(place, record, "near_doc") if "near_doc" in record else "",
        )
        if question.id in questions:
            raise place.bad(f"id {question.id!r} stands on an earlier line too")
        questions[question.id] = (question, said)
    return questions
