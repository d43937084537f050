"""Judgements of documents in BEIR's three columns or TREC's four; every complaint names the file and the line."""

from collections.abc import Collection, Mapping, Set
from pathlib import Path
from typing import NamedTuple

from eval.lines import Place, numbered

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


def _cells(place: Place, line: str) -> tuple[str, str, str]:
    """Question, document and relevance."""
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
