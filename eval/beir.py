"""Folders in the layout of BEIR (Thakur et al. 2021): questions and judgements; the corpus is indexed elsewhere.

Judgements name whole documents. A question without a relevant document counts only if it says itself that it is
unanswerable: in BEIR, being unjudged means nothing.
"""

from dataclasses import dataclass, field
from pathlib import Path

from eval.gold import Question
from eval.lines import Place, Record, records, text, texts
from eval.lines import field as typed
from eval.qrels import Judgements, read_qrels
from index.errors import NotFound

_CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")
_QUESTIONS = ("queries.jsonl", "queries.jsonl.gz")
_JUDGEMENTS = ("qrels.tsv", "qrels.tsv.gz", "qrels/test.tsv", "qrels/test.tsv.gz")


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
    corpus = first_of(folder, _CORPUS)
    everything = _questions(first_of(folder, _QUESTIONS))
    unanswerable = {id_ for id_, (_, said) in everything.items() if said is False}
    qrels = read_qrels(first_of(folder, _JUDGEMENTS), everything.keys(), unanswerable)
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
