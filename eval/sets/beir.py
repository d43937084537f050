"""Folders in the layout of BEIR (Thakur et al. 2021) or as TREC hands them out: questions and judgements.

The corpus is indexed elsewhere. Judgements name whole documents. A question without a relevant document counts only if
it says itself that it is unanswerable: in BEIR, being unjudged means nothing.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
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


# TREC's folders: topics, judgements of documents, and the corpus.
#
#     qrels.txt                    topic, a column that is passed over, document, relevance; parted by blanks or tabs
#     topics.txt or topics.tsv     `<top>` blocks, or a line a topic: id, tab, text
#     corpus.jsonl or corpus/      as BEIR has it (`_id`, `title`, `text`), or a folder of files that `index` reads,
#                                  whose ids are their paths below it
#
# Each file may be packed (`.gz`). Topics without a relevant document are left out, and said to be.
#
# Topics are question id → its text, from `<top>` blocks or from lines `id<TAB>text`. Fields of a block need no closing
# tag, as TREC wrote them for decades. The question is the title, which is what TREC's runs ask most; a block without
# one is asked by its description.

_TAG = re.compile(r"<(/?)([a-z]\w*)>", re.IGNORECASE)
_LABEL = re.compile(r"^(?:number|topic|description)\s*:\s*", re.IGNORECASE)  # as in "<num> Number: 301"
_TOPIC_HEADER = frozenset({"qid", "query-id", "query_id", "id", "topic"})

Line = tuple[LineOfFile, str]
Topic = tuple[LineOfFile, str, str]  # where it stands, id, text


def read_topics(path: Path) -> dict[str, str]:
    """In the file's order. Raises NotFound, and BadGold with file, line and reason."""
    lines = list(numbered(path))
    tagged = bool(lines) and lines[0][1].lstrip().startswith("<")
    found: dict[str, str] = {}
    for place, topic_id, words in _blocks(lines) if tagged else _rows(lines):
        if topic_id in found:
            raise place.bad(f"topic {topic_id!r} stands above too")
        found[topic_id] = words
    return found


def _rows(lines: Sequence[Line]) -> Iterator[Topic]:
    for place, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2 or not all(cells):
            raise place.bad("expected a topic's id, a tab and its text, or <top> blocks")
        if (place, line) == lines[0] and cells[0].casefold() in _TOPIC_HEADER:
            continue
        yield place, cells[0], cells[1]


def _blocks(lines: Sequence[Line]) -> Iterator[Topic]:
    block: list[Line] = []
    for place, line in lines:
        tag = line.strip().casefold()
        if not block and tag != "<top>":
            raise place.bad("expected <top>")
        if block and tag == "<top>":
            raise block[0][0].bad("this <top> is not closed by </top>")
        if tag == "</top>":
            yield _topic(block)
            block = []
        else:
            block.append((place, line))
    if block:
        raise block[0][0].bad("this <top> is not closed by </top>")


def _topic(block: Sequence[Line]) -> Topic:
    place = block[0][0]
    fields = _fields("\n".join(line for _, line in block[1:]))
    topic_id, text = fields.get("num", ""), fields.get("title") or fields.get("desc", "")
    if not topic_id or " " in topic_id:
        raise place.bad(f"this topic's <num> is {topic_id!r}, expected a number or name")
    if not text:
        raise place.bad(f"topic {topic_id!r} has neither <title> nor <desc>")
    return place, topic_id, text


def _fields(text: str) -> dict[str, str]:
    """Field → its text on one line, without the label that TREC repeats; text between fields is dropped."""
    words: dict[str, list[str]] = defaultdict(list)
    _, *parts = _TAG.split(text)
    for closing, tag, behind in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if not closing:
            words[tag.casefold()] += behind.split()
    return {name: _LABEL.sub("", " ".join(each)) for name, each in words.items()}


_QRELS = ("qrels.txt", "qrels.txt.gz")
_TOPICS = ("topics.txt", "topics.txt.gz", "topics.tsv", "topics.tsv.gz")


def is_trec(folder: Path) -> bool:
    """By its judgements: `qrels.txt` is TREC's, `qrels.tsv` is BEIR's."""
    return any((folder / name).is_file() for name in _QRELS)


def read_trec(folder: Path) -> BeirSet:
    """The set of a folder. Raises NotFound for a file that is missing, and BadGold with file, line and reason."""
    corpus = _corpus(folder)
    topics = read_topics(first_of(folder, _TOPICS))
    qrels = read_qrels(first_of(folder, _QRELS), topics.keys())
    judged = {id_: text for id_, text in topics.items() if id_ in qrels.relevant}
    questions = tuple(Question(id_, text, True, (), (), ()) for id_, text in judged.items())
    unjudged = tuple(id_ for id_ in topics if id_ not in judged)
    return BeirSet(folder.resolve().name, corpus, questions, qrels.relevant, unjudged, qrels.rejected)


def _corpus(folder: Path) -> Path:
    if (folder / "corpus").is_dir():
        return folder / "corpus"
    try:
        return first_of(folder, CORPUS)
    except NotFound:
        raise NotFound(f"no corpus in {folder}; put {CORPUS[0]} or a folder corpus/ beside the qrels") from None
