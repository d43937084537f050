"""What a reader of the figures must know: which questions were asked otherwise, left out, or ordered by a rule."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from eval.gold import Question
from eval.latency import NOTE as LATENCY
from eval.measures import JUDGED
from eval.rows import Row

LOW_JUDGED = 0.5  # below it, most of the first ten documents count as not relevant only because nobody looked


def follow_up_note(questions: Sequence[Question]) -> tuple[str, ...]:
    """Says how many questions were not asked as their readers wrote them."""
    count = sum(bool(question.standalone) for question in questions)
    return (f"follow-up questions, asked in their standalone form: {count}",) if count else ()


def notes_on(rows: Sequence[Row]) -> tuple[str, ...]:
    """Exclusions, ties, unjudged documents and how time was taken; nothing where there is nothing to say."""
    return (*_unjudged(rows), *_ties(rows), *_hardly_judged(rows), *_timed(rows))


def _unjudged(rows: Sequence[Row]) -> tuple[str, ...]:
    answerable = [row for row in rows if row.answerable]
    left_out = sum(row.any_right is None for row in answerable)
    if not left_out:
        return ()
    return (f"questions for which the set cannot say whether a quote is right; no such figure counts them: {left_out}",)


def _ties(rows: Sequence[Row]) -> tuple[str, ...]:
    """Of scores and of confidences, each with the rule that decides."""
    scores = [[hit.score for hit in row.detail.hits] for row in rows]
    level = sum(any(one == other for one, other in pairwise(own)) for own in scores)
    shared = Counter(row.confidence for row in rows)
    alike = sum(count for count in shared.values() if count > 1)
    notes = []
    if level:
        notes.append(f"questions with equal scores among the first ten passages, ordered by passage id: {level}")
    if alike:
        notes.append(
            f"questions that share their confidence; AUROC counts ties ½, thresholds take all or none: {alike}"
        )
    return tuple(notes)


def _hardly_judged(rows: Sequence[Row]) -> tuple[str, ...]:
    shares = [row.values[JUDGED] for row in rows if JUDGED in row.values]
    if not shares or sum(shares) / len(shares) >= LOW_JUDGED:
        return ()
    found = f"{JUDGED} is {sum(shares) / len(shares):.2f}"
    return (f"most of the first ten documents were never judged, and those count as not relevant: {found}",)


def _timed(rows: Sequence[Row]) -> tuple[str, ...]:
    return (LATENCY,) if any(row.latency for row in rows) else ()
