"""What counts as right: which passages answer a question, and whether a quote does.

Gold sets are judged by passages (one that wholly holds a gold span, in source coordinates), BEIR sets by documents
(the best passage stands for its document). Labels that do not fit the index are refused, not scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eval.scoring.measures import Level, holds_answer
from eval.sets.beir import BeirSet
from eval.sets.gold import GoldSet, GoldSpan, Question, check_gold
from eval.sets.sets import EvalSet
from index.cleaning.clean import to_clean, to_source
from index.errors import BadGold, NotFound
from index.records import Document, Hit, Passage, Span
from rag.answer import Citation

_SHOWN = 3


class Searchable(Protocol):
    """What eval needs of an index; all of it is the front door."""

    @property
    def version(self) -> str: ...
    def search(self, question: str, *, limit: int) -> Sequence[Hit]: ...
    def document(self, document_id: str) -> Document: ...
    def passages(self, document_id: str) -> Sequence[Passage]: ...


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What is right for one answerable question."""

    relevant: Mapping[str, int]  # passage id (gold) or document id (BEIR) → gain, 1 or more
    spans: tuple[tuple[str, Span], ...] = ()  # document id and source offsets; alternatives
    answers: tuple[str, ...] = ()  # without spans, texts that a right quote contains
    rejected: Mapping[str, int] = field(default_factory=dict)  # ids that were judged not relevant, gain 0 or less
    whole: float | None = None  # share of the spans that some passage holds whole; None without spans

    @property
    def quotable(self) -> bool:
        """Whether the set can say that a quote is right."""
        return bool(self.spans or self.answers)


@dataclass(frozen=True, slots=True)
class Judge:
    """The keys of all answerable questions of one set on one index."""

    level: Level
    keys: Mapping[str, AnswerKey]  # question id → its key
    notes: tuple[str, ...]  # what a reader of the figures must know

    def ranking(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        """Passage ids, or document ids each at the place of its best passage."""
        if self.level == "passage":
            return tuple(hit.passage.id for hit in hits)
        return tuple(dict.fromkeys(hit.passage.document_id for hit in hits))

    def right(self, question_id: str, citation: Citation) -> bool:
        """The quote covers a whole gold span or, in a set without spans, holds an answer's text."""
        key = self.keys[question_id]
        if key.spans:
            place = Span(citation.source_start, citation.source_end)
            return any(id_ == citation.document_id and _holds(place, span) for id_, span in key.spans)
        return holds_answer(citation.quote, key.answers)


def judge_for(questions: EvalSet, index: Searchable) -> Judge:
    """The judge of a set on an index. Raises BadGold when the labels do not fit what is indexed."""
    return _by_document(questions, index) if isinstance(questions, BeirSet) else _by_passage(questions, index)


def _by_passage(gold: GoldSet, index: Searchable) -> Judge:
    documents = _documents({span.document_id for question in gold.questions for span in question.spans}, index)
    problems = check_gold(gold.questions, {id_: document.source for id_, document in documents.items()})
    if problems := problems or _unquotable(gold.questions, documents):
        raise BadGold(
            f"{len(problems)} spans of {gold.name} do not fit the index: {'; '.join(problems[:_SHOWN])}; "
            "index the articles that the set was made from, or correct the set"
        )
    places = {
        id_: [(passage.id, to_source(document, Span(passage.start, passage.end))) for passage in index.passages(id_)]
        for id_, document in documents.items()
    }
    keys = {question.id: _key(question, documents, places) for question in gold.questions if question.answerable}
    lost = [question_id for question_id, key in keys.items() if not key.relevant]
    return Judge(
        "passage",
        keys,
        _counted("questions whose gold span no passage holds whole; they count zero in search", lost),
    )


def _key(
    question: Question, documents: Mapping[str, Document], places: Mapping[str, Sequence[tuple[str, Span]]]
) -> AnswerKey:
    trimmed = ((span.document_id, _trimmed(documents[span.document_id], span)) for span in question.spans)
    spans = tuple((id_, span) for id_, span in trimmed if span)  # all of them: _by_passage has refused the others
    holding = [[passage_id for passage_id, place in places[id_] if _holds(place, span)] for id_, span in spans]
    relevant = {passage_id: 1 for passages in holding for passage_id in passages}
    return AnswerKey(relevant, spans, whole=sum(map(bool, holding)) / len(holding) if holding else None)


def _by_document(beir: BeirSet, index: Searchable) -> Judge:
    judged = {id_ for gains in beir.relevant.values() for id_ in gains}
    missing = sorted(judged - _documents(judged, index).keys())
    if judged and len(missing) == len(judged):
        raise BadGold(
            f"none of the documents judged in {beir.name} is in this index, not even {missing[0]!r}; "
            f"see that the ids of its qrels are those of {beir.corpus}, and that this is what was indexed"
        )
    answers = {question.id: question.answers for question in beir.questions}
    rejected = beir.rejected
    keys = {id_: AnswerKey(gains, (), answers[id_], rejected.get(id_, {})) for id_, gains in beir.relevant.items()}
    notes = _counted("judged documents that are not in the index", missing)
    notes += _counted("questions that nothing judges; they are left out", beir.unjudged)
    return Judge("document", keys, notes)


def _documents(ids: set[str], index: Searchable) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for id_ in sorted(ids):
        try:
            found[id_] = index.document(id_)
        except NotFound:
            continue  # the callers compare with what they asked for
    return found


def _unquotable(questions: Sequence[Question], documents: Mapping[str, Document]) -> list[str]:
    return [
        f"question {question.id!r}: {span.document_id!r} at {span.start}:{span.end} is boilerplate, never quoted"
        for question in questions
        for span in question.spans
        if _trimmed(documents[span.document_id], span) is None
    ]


def _trimmed(document: Document, span: GoldSpan) -> Span | None:
    """The span without outer blanks and what cleaning drops at its ends (Markdown signs); None when nothing is left."""
    clean = to_clean(document, Span(span.start, span.end))
    if clean is None:
        return None
    start, end = clean
    while start < end and document.text[start].isspace():
        start += 1
    while start < end and document.text[end - 1].isspace():
        end -= 1
    return to_source(document, Span(start, end)) if start < end else None


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _counted(what: str, ids: Sequence[str]) -> tuple[str, ...]:
    if not ids:
        return ()
    return (f"{what}: {len(ids)} ({', '.join(ids[:_SHOWN])}{', …' if len(ids) > _SHOWN else ''})",)
