"""Folders as TREC hands them out: topics, judgements of documents, and the corpus.

    qrels.txt                    topic, a column that is passed over, document, relevance; parted by blanks or tabs
    topics.txt or topics.tsv     `<top>` blocks, or a line a topic: id, tab, text
    corpus.jsonl or corpus/      as BEIR has it (`_id`, `title`, `text`), or a folder of files that `index` reads,
                                 whose ids are their paths below it

Each file may be packed (`.gz`). Topics without a relevant document are left out, and said to be.
"""

from pathlib import Path

from eval.beir import BeirSet, first_of
from eval.gold import Question
from eval.qrels import read_qrels
from eval.topics import read_topics
from index.errors import NotFound

_QRELS = ("qrels.txt", "qrels.txt.gz")
_TOPICS = ("topics.txt", "topics.txt.gz", "topics.tsv", "topics.tsv.gz")
_CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")


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
        return first_of(folder, _CORPUS)
    except NotFound:
        raise NotFound(f"no corpus in {folder}; put {_CORPUS[0]} or a folder corpus/ beside the qrels") from None
