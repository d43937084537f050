"""What happened to each question, and what that counts in every figure that is a mean over questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eval.scoring.judge import Judge, Searchable
from eval.scoring.measures import Values, first_rank, holds_answer, token_f1
from eval.sets.gold import GoldSpan, Question
from index.cleaning.clean import to_clean
from index.records import Hit, Span
from rag.answer import Answer, Citation, Dropped, Reason, Status

PLACES = 10  # passages or documents of a question that are shown

# Of the questions that can be judged by each: what stands in a row's `quality`.
IN_A_QUOTE, TOKEN_F1, WHOLE = "answer in a quote", "token F1", "spans whole in a passage"

FIRST_RIGHT = "answer sentence hit@1"
RIGHT_OF_ANSWERED, RIGHT_OF_ALL = "exact citation, of answered", "exact citation, of all"
QUOTES, WORDS = "quotes, of answered", "words, of answered"
PRECISION, RECALL = "abstention precision", "abstention recall"
BRIER = "Brier score, of answered"
_OF_ANSWERS = (FIRST_RIGHT, RIGHT_OF_ANSWERED, RIGHT_OF_ALL, IN_A_QUOTE, TOKEN_F1, WHOLE)
MEANS = (*_OF_ANSWERS, QUOTES, WORDS, PRECISION, RECALL, BRIER)


@dataclass(frozen=True, slots=True)
class GoldMark:
    """A gold span, and where it stands in the cleaned text; None where cleaning dropped all of it."""

    span: GoldSpan
    clean: Span | None


@dataclass(frozen=True, slots=True)
class Detail:
    """What a reader of one question wants to see beside its figures."""

    reason: Reason | None
    threshold: float
    hits: tuple[Hit, ...]  # the first ten passages, as in the answer
    gold: tuple[GoldMark, ...]  # alternatives
    answers: tuple[str, ...]
    of_quote: Mapping[str, float]  # what each feature added to the first quote's score; empty without one
    of_confidence: Mapping[str, float]
    dropped: tuple[Dropped, ...] = ()  # the reader's other quotes, best first


NOTHING = Detail(None, 0.0, (), (), (), {}, {})


@dataclass(frozen=True, slots=True)
class Row:
    """One question: what was asked, found, said, and how right that was."""

    question_id: str
    asked: str
    answerable: bool
    tags: tuple[str, ...]
    status: Status
    confidence: float
    rank: int | None  # 1-based, of the first right one among the first ten of `found`; None: there is none
    found: tuple[str, ...]  # ids of ten passages (gold) or of the documents of a hundred (BEIR), best first
    evidence: tuple[str, ...]  # ids of the first ten passages, as in the answer
    citations: tuple[Citation, ...]
    first_right: bool | None  # the first quote; None where the set cannot say, and for unanswerable questions
    any_right: bool | None  # some quote
    values: Mapping[str, float]  # ranked measure → value; empty for unanswerable questions
    quality: Mapping[str, float] = field(default_factory=dict)  # of the answer, where the set can say
    judged: Mapping[str, int] = field(default_factory=dict)  # id → gain; 0 or less: judged not relevant
    latency: Mapping[str, float] = field(default_factory=dict)  # stage → CPU ms; empty where nobody measured it
    detail: Detail = NOTHING

    @property
    def answered(self) -> bool:
        return self.status == "answered"


def scores_of(rows: Sequence[Row]) -> list[Values]:
    """What each question counts in every figure that is a mean; absent where it counts nothing.

    A silent question counts zero. Neither abstention figure says anything where only one kind of question was asked.
    """
    both = len({row.answerable for row in rows}) == 2
    judged = any(row.any_right is not None for row in rows)
    return [
        {**row.values, **_right(row), **row.quality, **_given(row, judged), **_abstained(row, both)} for row in rows
    ]


def _right(row: Row) -> Values:
    """An abstention on an answerable question counts as wrong, except in the rate over answered ones."""
    if not row.answerable or row.any_right is None:
        return {}
    of_all = {FIRST_RIGHT: float(bool(row.first_right)), RIGHT_OF_ALL: float(row.any_right)}
    return of_all | ({RIGHT_OF_ANSWERED: float(row.any_right)} if row.answered else {})


def _given(row: Row, judged: bool) -> Values:
    """How long the answer is, and how far its confidence was from what came out (Brier 1950)."""
    if not row.answered:
        return {}
    words = sum(len(citation.quote.split()) for citation in row.citations)
    found = {QUOTES: float(len(row.citations)), WORDS: float(words)}
    if not judged or (row.answerable and row.any_right is None):
        return found
    return found | {BRIER: (row.confidence - float(row.answerable and bool(row.any_right))) ** 2}


def _abstained(row: Row, both: bool) -> Values:
    """Abstained against unanswerable."""
    if not both:
        return {}
    right = {} if row.answered else {PRECISION: float(not row.answerable)}
    return right | ({} if row.answerable else {RECALL: float(not row.answered)})


# One question with its answer → its row.


def row_of(question: Question, answer: Answer, judge: Judge, index: Searchable) -> Row:
    """Without the ranked measures."""
    found = judge.ranking(answer.evidence)
    key = judge.keys.get(question.id) if question.answerable else None
    first_right, any_right = _rightness(question, answer, judge)
    return Row(
        question_id=question.id,
        asked=question.asked,
        answerable=question.answerable,
        tags=question.tags,
        status=answer.status,
        confidence=answer.confidence,
        rank=first_rank(found[:PLACES], key.relevant) if key else None,
        found=found,
        evidence=tuple(hit.passage.id for hit in answer.evidence[:PLACES]),
        citations=answer.citations,
        first_right=first_right,
        any_right=any_right,
        values={},
        quality=_quality(question, answer, key.whole) if key else {},
        judged={**key.rejected, **key.relevant} if key else {},
        detail=_detail(question, answer, index),
    )


def _rightness(question: Question, answer: Answer, judge: Judge) -> tuple[bool | None, bool | None]:
    """Of the first quote and of any quote; no quote is wrong, and None stands where nothing can be judged."""
    if not question.answerable or not judge.keys[question.id].quotable:
        return None, None
    flags = [judge.right(question.id, citation) for citation in answer.citations]
    return bool(flags and flags[0]), any(flags)


def _quality(question: Question, answer: Answer, whole: float | None) -> Values:
    """Of the words themselves, wherever they stand. The first quote is held against answers and gold spans."""
    quotes = [citation.quote for citation in answer.citations]
    wanted = (*question.answers, *(span.quote for span in question.spans))
    found = {} if whole is None else {WHOLE: whole}
    if question.answers:
        found[IN_A_QUOTE] = float(any(holds_answer(quote, question.answers) for quote in quotes))
    if wanted:
        found[TOKEN_F1] = token_f1(quotes[0], wanted) if quotes else 0.0
    return found


def _detail(question: Question, answer: Answer, index: Searchable) -> Detail:
    workings = answer.workings
    return Detail(
        reason=answer.reason,
        threshold=workings.threshold,
        hits=answer.evidence[:PLACES],
        gold=tuple(
            GoldMark(span, to_clean(index.document(span.document_id), Span(span.start, span.end)))
            for span in question.spans
        ),
        answers=question.answers,
        of_quote=workings.quotes[0] if workings.quotes else {},
        of_confidence=workings.confidence,
        dropped=workings.dropped,
    )
