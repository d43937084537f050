"""Folders as TREC hands them out: topics, judgements of documents, and the corpus.

    qrels.txt                    topic, a column that is passed over, document, relevance; parted by blanks or tabs
    topics.txt or topics.tsv     `<top>` blocks, or a line a topic: id, tab, text
    corpus.jsonl or corpus/      as BEIR has it (`_id`, `title`, `text`), or a folder of files that `index` reads,
                                 whose ids are their paths below it

Each file may be packed (`.gz`). Topics without a relevant document are left out, and said to be.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.sets.beir import CORPUS, BeirSet, first_of, read_qrels
from eval.sets.gold import LineOfFile, Question, numbered
from index.errors import NotFound

# TREC topics: question id → its text, from `<top>` blocks or from lines `id<TAB>text`.
#
# Fields of a block need no closing tag, as TREC wrote them for decades. The question is the title, which is what
# TREC's runs ask most; a block without one is asked by its description.

_TAG = re.compile(r"<(/?)([a-z]\w*)>", re.IGNORECASE)
_LABEL = re.compile(r"^(?:number|topic|description)\s*:\s*", re.IGNORECASE)  # as in "<num> Number: 301"
_HEADER = frozenset({"qid", "query-id", "query_id", "id", "topic"})

Line = tuple[LineOfFile, str]
Topic = tuple[LineOfFile, str, str]  # where it stands, id, text


def read_topics(path: Path) -> dict[str, str]:
    """In the file's order. Raises NotFound, and BadGold with file, line and reason."""
    lines = list(numbered(path))
    tagged = bool(lines) and lines[0][1].lstrip().startswith("<")
    found: dict[str, str] = {}
    for place, topic_id, text in _blocks(lines) if tagged else _rows(lines):
        if topic_id in found:
            raise place.bad(f"topic {topic_id!r} stands above too")
        found[topic_id] = text
    return found


def _rows(lines: Sequence[Line]) -> Iterator[Topic]:
    for place, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2 or not all(cells):
            raise place.bad("expected a topic's id, a tab and its text, or <top> blocks")
        if (place, line) == lines[0] and cells[0].casefold() in _HEADER:
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
