"""What happened to each question, and what that counts in every figure that is a mean over questions.

These are the records of a run file too: what is written is what was judged, and is read back into the same classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from pydantic import FiniteFloat

from eval.scoring.judge import Judge, Searchable, Values, first_rank, holds_answer, normalised, token_f1
from eval.sets.gold import GoldSpan, Question
from index.records import Span, to_clean
from index.terminal import shortened
from rag.answer import Answer, Dropped, Status
from rag.answer_json import dropped_fields

PLACES = 10  # passages or documents of a question that are shown

# Of the questions that can be judged by each: what the words of an answer are worth.
IN_A_QUOTE, TOKEN_F1, WHOLE = "answer in a quote", "token F1", "spans whole in a passage"
# Of the first quotes in which words are marked as the answer: SQuAD's two measures of those words.
MARKED_EXACT, MARKED_F1 = "marked words: exact match", "marked words: token F1"

FIRST_RIGHT = "answer sentence hit@1"
RIGHT_OF_ANSWERED, RIGHT_OF_ALL = "exact citation, of answered", "exact citation, of all"
QUOTES, WORDS = "quotes, of answered", "words, of answered"
PRECISION, RECALL = "abstention precision", "abstention recall"
BRIER = "Brier score, of answered"
_OF_ANSWERS = (FIRST_RIGHT, RIGHT_OF_ANSWERED, RIGHT_OF_ALL, IN_A_QUOTE, TOKEN_F1, MARKED_EXACT, MARKED_F1, WHOLE)
MEANS = (*_OF_ANSWERS, QUOTES, WORDS, PRECISION, RECALL, BRIER)

_UNSHOWN, _UNSHOWN_CHARACTERS = 5, 160  # quotes of a question that are not shown, and how much is kept of each


@dataclass(frozen=True, slots=True)
class Quoted:
    """A citation; start:end in the cleaned text, source_start:source_end in the source."""

    document_id: str
    passage_id: str
    quote: str
    start: int
    end: int
    source_start: int
    source_end: int


@dataclass(frozen=True, slots=True)
class GoldPlace(GoldSpan):
    """Where an answer stands in the cleaned text too, or None."""

    clean_start: int | None
    clean_end: int | None


@dataclass(frozen=True, slots=True)
class Features:
    """What each feature added to the first quote's score, and to the log odds of the confidence."""

    quote: Mapping[str, FiniteFloat]
    confidence: Mapping[str, FiniteFloat]


@dataclass(frozen=True, slots=True)
class Unshown:
    """A quote that the reader offered and the rule by which it was not shown; start:end in the cleaned text."""

    document_id: str
    start: int
    end: int
    quote: str  # its beginning
    score: FiniteFloat
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question: asked, found, said, and how right that was.

    A baseline keeps the fields that have no default, and older run files lack the last ones.
    """

    id: str
    question: str
    answerable: bool
    tags: tuple[str, ...]
    status: Status
    confidence: FiniteFloat
    rank: int | None = None  # of the first right one of `found`, 1-based
    found: tuple[str, ...] = ()  # the first ten passages (gold) or documents (BEIR)
    relevant: Mapping[str, int] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()  # ids of the first ten passages
    citations: tuple[Quoted, ...] = ()
    first_right: bool | None = None  # the first quote; None where the set cannot say, and for unanswerable questions
    any_right: bool | None  # some quote
    latency: Mapping[str, FiniteFloat] = field(default_factory=dict)  # stage → CPU ms; empty where nobody measured it
    measures: Mapping[str, FiniteFloat] = field(default_factory=dict)  # of its ranking; empty for unanswerable ones
    scores: Mapping[str, FiniteFloat]  # what it counts in every figure that is a mean over questions
    reason: str | None = None  # code; None where it was answered
    missing: tuple[str, ...] = ()
    threshold: FiniteFloat = 0.0
    ranks: tuple[Mapping[str, int], ...] = ()  # of each of the evidence: ranker → 1-based rank
    gold: tuple[GoldPlace, ...] = ()  # alternatives
    answers: tuple[str, ...] = ()
    features: Features = Features({}, {})
    ranker_scores: tuple[Mapping[str, FiniteFloat], ...] = ()  # as `ranks`
    dropped: tuple[Unshown, ...] = ()  # the reader's other quotes, the best first

    @property
    def answered(self) -> bool:
        return self.status == "answered"

    @property
    def right(self) -> bool | None:
        """A right quote, or rightly none; where quotes cannot be judged, a right first passage; None: nothing can."""
        if not self.answerable:
            return not self.answered
        if self.any_right is not None:
            return self.any_right
        first = self.scores.get("Success@1")
        return None if first is None else first > 0

    @property
    def state(self) -> str:
        """What happened, in words."""
        if self.answerable and self.any_right is None:
            return "right passage first" if self.right else "right passage not first"
        if not self.answered:
            return "abstained"
        return "right quote" if self.right else "wrong quote" if self.answerable else "answered, though unanswerable"


def row_of(
    question: Question, answer: Answer, judge: Judge, index: Searchable, latency: Mapping[str, float] | None = None
) -> Row:
    """Without the ranked measures; `scores` are those of the answer's words alone."""
    found = judge.ranking(answer.evidence)[:PLACES]
    key = judge.keys.get(question.id) if question.answerable else None
    first_right, any_right = _rightness(question, answer, judge)
    hits, workings = answer.evidence[:PLACES], answer.workings
    return Row(
        id=question.id,
        question=question.asked,
        answerable=question.answerable,
        tags=question.tags,
        status=answer.status,
        confidence=answer.confidence,
        rank=first_rank(found, key.relevant) if key else None,
        found=found,
        relevant=dict(key.relevant) if key else {},
        evidence=tuple(hit.passage.id for hit in hits),
        citations=tuple(Quoted(*(getattr(one, each.name) for each in fields(Quoted))) for one in answer.citations),
        first_right=first_right,
        any_right=any_right,
        latency=dict(latency or {}),
        scores=_quality(question, answer, key.whole) if key else {},
        reason=answer.reason.code if answer.reason else None,
        missing=answer.reason.missing if answer.reason else (),
        threshold=workings.threshold,
        ranks=tuple(dict(hit.ranks) for hit in hits),
        gold=tuple(_gold_place(span, index) for span in question.spans),
        answers=question.answers,
        features=Features(dict(workings.quotes[0]) if workings.quotes else {}, dict(workings.confidence)),
        ranker_scores=tuple({name: float(score) for name, score in hit.scores.items()} for hit in hits),
        dropped=tuple(map(_unshown, workings.dropped[:_UNSHOWN])),
    )


def scored(rows: Sequence[Row], measures: Mapping[str, Values]) -> tuple[Row, ...]:
    """The rows with their ranked measures, by question id, and with all their scores.

    A silent question counts zero. Neither abstention figure says anything where only one kind of question was asked.
    """
    both = len({row.answerable for row in rows}) == 2
    judged = any(row.any_right is not None for row in rows)
    return tuple(_scored(row, measures.get(row.id, {}), both, judged) for row in rows)


def _scored(row: Row, measures: Values, both: bool, judged: bool) -> Row:
    scores = {**measures, **_right(row), **row.scores, **_given(row, judged), **_abstained(row, both)}
    return replace(row, measures=measures, scores=scores)


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
    lengths = {QUOTES: float(len(row.citations)), WORDS: float(words)}
    if not judged or (row.answerable and row.any_right is None):
        return lengths
    return lengths | {BRIER: (row.confidence - float(row.answerable and bool(row.any_right))) ** 2}


def _abstained(row: Row, both: bool) -> Values:
    """Abstained against unanswerable."""
    if not both:
        return {}
    right = {} if row.answered else {PRECISION: float(not row.answerable)}
    return right | ({} if row.answerable else {RECALL: float(not row.answered)})


def _rightness(question: Question, answer: Answer, judge: Judge) -> tuple[bool | None, bool | None]:
    """Of the first quote and of any quote; no quote is wrong, and None stands where nothing can be judged."""
    key = judge.keys[question.id] if question.answerable else None
    if key is None or not (key.spans or key.answers):  # no quote can be told to be right
        return None, None
    flags = [judge.right(question.id, citation) for citation in answer.citations]
    return bool(flags and flags[0]), any(flags)


def _quality(question: Question, answer: Answer, whole: float | None) -> Values:
    """Of the words themselves, wherever they stand. The first quote is held against answers and gold spans."""
    quotes = [citation.quote for citation in answer.citations]
    wanted = (*question.answers, *(span.quote for span in question.spans))
    quality = {} if whole is None else {WHOLE: whole}
    if question.answers:
        quality[IN_A_QUOTE] = float(any(holds_answer(quote, question.answers) for quote in quotes))
    marked = answer.citations[0].answer if answer.citations else None
    if question.answers and marked:
        quality[MARKED_EXACT] = float(normalised(marked.text) in map(normalised, question.answers))
        quality[MARKED_F1] = token_f1(marked.text, question.answers)
    if wanted:
        quality[TOKEN_F1] = token_f1(quotes[0], wanted) if quotes else 0.0
    return quality


def _gold_place(span: GoldSpan, index: Searchable) -> GoldPlace:
    start, end = to_clean(index.document(span.document_id), Span(span.start, span.end)) or (None, None)
    return GoldPlace(span.document_id, span.start, span.end, span.quote, start, end)


def _unshown(dropped: Dropped) -> Unshown:
    told = dropped_fields(dropped)
    return Unshown(**{**told, "quote": shortened(told["quote"], _UNSHOWN_CHARACTERS)})
