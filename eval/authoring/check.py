"""Is a gold file fit to measure with? Every broken line, span, repetition and leak, not only the first.

Errors would make figures wrong; warnings are for a reader to judge. Files with `test` in their name are never tuned
on, so no question of theirs may stand in another file.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from eval.authoring.duplicates import alike, form_of
from eval.sets.gold import LineOfFile, Question, check_gold, decoded, overlap, question_of, raw_lines, record_of
from index.errors import BadGold
from index.text.words import normalise, stems

Grave = Literal["error", "warning"]
Kind = Literal["line", "span", "duplicate", "leak", "answer", "tag", "answered"]

TAGS = frozenset(
    "conflict correction demonstrative ellipsis follow-up how keywords name near-miss number off-topic paraphrase "
    "pronoun said swap topic-change typo what when where who why yesno from-use".split()
)
_HELD_OUT = re.compile(r"(?:^|[^a-z])test(?:[^a-z]|$)", re.IGNORECASE)
_SAID = 0.7  # share of an unanswerable question's words, from which on a quote may answer it after all
_GAP = "…"  # in an answer: words of the article are left out


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong in one line of one file."""

    file: str
    line: int
    grave: Grave
    kind: Kind
    says: str


@dataclass(frozen=True, slots=True)
class NumberedQuestion:
    """A question and the line that it stands on."""

    place: LineOfFile
    question: Question

    @property
    def name(self) -> str:
        return f"{self.question.id} ({self.place.path.name}, line {self.place.number})"

    def found(self, grave: Grave, kind: Kind, says: str) -> Complaint:
        return Complaint(str(self.place.path), self.place.number, grave, kind, says)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Files and questions that were looked at, and what was found, in the order of files and lines."""

    files: tuple[str, ...]
    questions: int
    findings: tuple[Complaint, ...]

    def count(self, grave: Grave) -> int:
        return sum(finding.grave == grave for finding in self.findings)


Answers = Callable[[Question], str]  # the quote that answers it, "" where there is none


def check_files(paths: Sequence[Path], sources: Mapping[str, str], answers: Answers | None = None) -> CheckReport:
    """All of them together, given document id → source text; `answers` is asked for every unanswerable question.

    Raises NotFound for a file that is not there and BadGold for one that cannot be read.
    """
    entries: list[NumberedQuestion] = []
    findings: list[Complaint] = []
    for path in dict.fromkeys(paths):
        for place, raw in raw_lines(path):
            if not raw.strip():
                continue
            try:
                record = record_of(place, decoded(place, raw).strip("\r\n"))
                entries.append(NumberedQuestion(place, question_of(place, record)))
            except BadGold as error:
                says = str(error).removeprefix(f"{path}, line {place.number}: ").removesuffix("; correct this line")
                findings.append(Complaint(str(path), place.number, "error", "line", says))
    findings += _same_ids(entries)
    for entry in entries:
        findings += _of_entry(entry, sources, answers)
    findings += _repeated(entries)
    order = {str(path): number for number, path in enumerate(paths)}
    ordered = sorted(findings, key=lambda each: (order[each.file], each.line, each.grave, each.says))
    return CheckReport(tuple(map(str, dict.fromkeys(paths))), len(entries), tuple(ordered))


def _same_ids(entries: Sequence[NumberedQuestion]) -> Iterator[Complaint]:
    first: dict[tuple[Path, str], NumberedQuestion] = {}
    for entry in entries:
        before = first.setdefault((entry.place.path, entry.question.id), entry)
        if before is not entry:
            says = f"id {entry.question.id!r} stands on line {before.place.number} too"
            yield entry.found("error", "line", says)


def _of_entry(entry: NumberedQuestion, sources: Mapping[str, str], answers: Answers | None) -> Iterator[Complaint]:
    question = entry.question
    for problem in check_gold([question], sources):
        yield entry.found("error", "span", problem)
    quotes = [_plain(span.quote) for span in question.spans]
    for answer in question.answers:
        if not any(_holds(quote, answer) for quote in quotes):
            yield entry.found("warning", "answer", f"the answer {answer!r} stands in none of the spans")
    for tag in question.tags:
        if tag not in TAGS:
            yield entry.found("warning", "tag", f"unknown tag {tag!r}; a slip, or a new one")
    if not question.answerable and answers and (quote := answers(question)) and _speaks_of(quote, question):
        yield entry.found("warning", "answered", f"it is unanswerable, but this was quoted: “{quote}”")


def _speaks_of(quote: str, question: Question) -> bool:
    """Does the quote hold every name and number of the question and most of its other words?"""
    form, held = form_of(question.asked), set(stems(quote, "snowball"))
    return form.fixed <= held and len(form.stems & held) >= _SAID * len(form.stems)


def _holds(quote: str, answer: str) -> bool:
    """Do the parts of the answer stand there in order?"""
    places = [0]
    for part in answer.split(_GAP):
        at = quote.find(_plain(part), places[-1])
        places.append(at)
    return all(before <= after for before, after in pairwise(places))


def _plain(text: str) -> str:
    """Without Markdown's escapes and the kinds of apostrophes and blanks."""
    return " ".join(normalise(text.replace("\\", "")).split())


def _repeated(entries: Sequence[NumberedQuestion]) -> Iterator[Complaint]:
    forms = [form_of(entry.question.asked) for entry in entries]
    for first, second, how in alike(forms):
        a, b = entries[first], entries[second]
        if held_out(a) != held_out(b):
            yield from _leak(a, b, how)
        elif how != "twin" and _comparable(a, b):
            yield _duplicate(a, b, how)
    yield from _shared_spans(entries, [form.kind for form in forms])


def _comparable(a: NumberedQuestion, b: NumberedQuestion) -> bool:
    """A follow-up is there for its history, so it repeats another only where it is typed in the same words."""
    if a.question.history or b.question.history:
        return form_of(a.question.text).text == form_of(b.question.text).text
    return True


def _duplicate(a: NumberedQuestion, b: NumberedQuestion, how: str) -> Complaint:
    if a.question.answerable != b.question.answerable and how == "same":
        return b.found("error", "duplicate", f"asks what {a.name} asks, and only one of the two is answerable")
    if how == "same":
        return b.found("error", "duplicate", f"asks the same as {a.name}: {a.question.asked!r}")
    return b.found("warning", "duplicate", f"asks nearly the same as {a.name}: {a.question.asked!r}")


def _leak(a: NumberedQuestion, b: NumberedQuestion, how: str) -> Iterator[Complaint]:
    test, tuned = (a, b) if held_out(a) else (b, a)
    if how == "same":
        yield test.found("error", "leak", f"asks the same as {tuned.name}, which may be tuned on")
    elif how == "near" and overlap(a.question.spans, b.question.spans):
        says = f"asks nearly the same of the same words as {tuned.name}, which may be tuned on"
        yield test.found("error", "leak", says)
    elif how == "near":
        yield test.found("warning", "leak", f"asks nearly the same as {tuned.name}: {tuned.question.asked!r}")
    elif a.question.answerable != b.question.answerable:
        yield test.found("warning", "leak", f"is {tuned.name} with one name or number exchanged; keep both in one file")


def _shared_spans(entries: Sequence[NumberedQuestion], kinds: Sequence[str]) -> Iterator[Complaint]:
    """Words that a question of each side is answered by, asked for in the same way."""
    tuned: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        if not held_out(entry):
            for name in {span.document_id for span in entry.question.spans}:
                tuned.setdefault(name, []).append(place)
    for place, entry in enumerate(entries):
        if held_out(entry):
            near = sorted({other for span in entry.question.spans for other in tuned.get(span.document_id, ())})
            shared = [
                entries[n].name
                for n in near
                if kinds[n] == kinds[place] and overlap(entries[n].question.spans, entry.question.spans)
            ]
            if shared:
                yield entry.found("warning", "leak", f"asks in the same way of words that answer {', '.join(shared)}")


def held_out(entry: NumberedQuestion) -> bool:
    """Is it of a file that is never tuned on?"""
    return _HELD_OUT.search(entry.place.path.stem) is not None
