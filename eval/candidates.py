"""Questions on their way into a gold file: as gold, but they may say nothing yet of whether they can be answered.

`eval new` writes valid gold; `eval from-feedback` also writes lines with "answerable": null and a "note" for whoever
labels them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from eval.gold import Question, question_of
from eval.gold_file import line_of
from eval.lines import Place, records, text
from index.errors import BadGold


@dataclass(frozen=True, slots=True)
class Candidate:
    """`question` has neither answers nor spans while it is not `known` whether it can be answered."""

    question: Question
    known: bool = True
    note: str = ""


def read_candidates(path: Path) -> list[Candidate]:
    """In the order of the file. Raises NotFound, and BadGold with file, line and reason."""
    found: list[Candidate] = []
    seen: set[str] = set()
    for place, record in records(path):
        note = text(place, record, "note") if "note" in record else ""
        record.pop("note", None)
        known = record.get("answerable", True) is not None
        question = question_of(place, record if known else record | {"answerable": False})
        _refuse_twice(place, question, seen)
        found.append(Candidate(question, known, note))
    return found


def candidate_line(candidate: Candidate) -> str:
    """Gold with its note, and null where nobody knows yet whether the question can be answered."""
    fields = json.loads(line_of(candidate.question))
    if not candidate.known:
        fields["answerable"] = None
    if candidate.note:
        fields["note"] = candidate.note
    return json.dumps(fields, ensure_ascii=False)


def _refuse_twice(place: Place, question: Question, seen: set[str]) -> None:
    if question.id in seen:
        raise BadGold(f"{place.path}, line {place.number}: id {question.id!r} stands on an earlier line too")
    seen.add(question.id)
