"""One question with its answer → its row."""

from eval.gold import Question
from eval.judge import Judge, Searchable
from eval.measures import Values, first_rank, holds_answer, token_f1
from eval.rows import IN_A_QUOTE, PLACES, TOKEN_F1, WHOLE, Detail, Mark, Row
from index.clean import to_clean
from index.records import Span
from rag.answers import Answer


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
            Mark(span, to_clean(index.document(span.document_id), Span(span.start, span.end)))
            for span in question.spans
        ),
        answers=question.answers,
        of_quote=workings.quotes[0] if workings.quotes else {},
        of_confidence=workings.confidence,
        dropped=workings.dropped,
    )
