"""Our own judged questions: gold points to document and source characters, so labels survive a new way of splitting.

One JSON object a line: id, text, answerable, answers, spans (document_id, start, end, quote), tags, and for a
follow-up question also history and standalone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.lines import Place, Record, field, only, records, text, texts

_REQUIRED = ("id", "text", "answerable", "answers", "spans", "tags")
_FIELDS = frozenset({*_REQUIRED, "history", "standalone"})
_SPAN_FIELDS = frozenset({"document_id", "start", "end", "quote"})


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Where an answer stands: source code points, end exclusive; `quote` repeats them, for checking."""

    document_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """A judged question. The spans are alternatives: each of them alone is enough to answer it."""

    id: str
    text: str
    answerable: bool
    answers: tuple[str, ...]
    spans: tuple[GoldSpan, ...]
    tags: tuple[str, ...]
    history: tuple[str, ...] = ()  # the turns before a follow-up question
    standalone: str = ""  # the follow-up in words that need no history; "" when `text` needs none
    near: str = ""  # the document that the question was written on, where a set says so, answerable or not

    @property
    def asked(self) -> str:
        """The form that can be understood alone."""
        return self.standalone or self.text


@dataclass(frozen=True, slots=True)
class GoldSet:
    """A gold file, judged by spans."""

    name: str
    questions: tuple[Question, ...]


def read_gold(path: Path) -> list[Question]:
    """All questions of a gold file, in its order. Raises NotFound, and BadGold with file, line and reason."""
    questions: list[Question] = []
    seen: set[str] = set()
    for place, record in records(path):
        question = question_of(place, record)
        if question.id in seen:
            raise place.bad(f"id {question.id!r} stands on an earlier line too")
        seen.add(question.id)
        questions.append(question)
    return questions


def check_gold(questions: Iterable[Question], sources: Mapping[str, str]) -> list[str]:
    """What is wrong with the spans, one line each, given document id → source text; empty when they all fit."""
    return [
        f"question {question.id!r}: {problem}"
        for question in questions
        for span in question.spans
        if (problem := _misfit(span, sources))
    ]


def _misfit(span: GoldSpan, sources: Mapping[str, str]) -> str:
    source = sources.get(span.document_id)
    if source is None:
        return f"no document {span.document_id!r}"
    if span.end > len(source):
        return f"span {span.start}:{span.end} is outside of {span.document_id!r}, which has {len(source)} characters"
    if source[span.start : span.end] == span.quote:
        return ""
    found = source.find(span.quote)
    where = f"the quote stands at {found}:{found + len(span.quote)}" if found >= 0 else "the quote stands nowhere in it"
    return f"{span.document_id!r} at {span.start}:{span.end} is {source[span.start : span.end]!r:.80}; {where}"


def question_of(place: Place, record: Record) -> Question:
    """One line's record; raises BadGold with the place for what is missing, unknown or contradicts itself."""
    only(place, record, _FIELDS)
    question = Question(
        id=text(place, record, "id"),
        text=text(place, record, "text"),
        answerable=field(place, record, "answerable", bool),
        answers=texts(place, record, "answers"),
        spans=tuple(_span(place, span) for span in field(place, record, "spans", list)),
        tags=texts(place, record, "tags"),
        history=texts(place, record, "history") if "history" in record else (),
        standalone=text(place, record, "standalone") if "standalone" in record else "",
    )
    if reason := _contradiction(question):
        raise place.bad(reason)
    return question


def _contradiction(question: Question) -> str:
    if question.answerable and not question.spans:
        return "an answerable question needs at least one span"
    if not question.answerable and question.spans:
        return "an unanswerable question cannot have spans"
    if not question.answerable and question.answers:
        return "an unanswerable question cannot have answers"
    if question.history and not question.standalone:
        return "a question with history needs its standalone form"
    return ""


def _span(place: Place, span: object) -> GoldSpan:
    if not isinstance(span, dict):
        raise place.bad("field 'spans' holds something that is not an object")
    only(place, span, _SPAN_FIELDS)
    start, end = field(place, span, "start", int), field(place, span, "end", int)
    if not 0 <= start < end:
        raise place.bad(f"span {start}:{end} is empty or begins before the text")
    return GoldSpan(text(place, span, "document_id"), start, end, text(place, span, "quote"))
