"""What counts as right, and the measures of it: which passages answer a question, and whether a quote does.

Gold sets are judged by passages (one that wholly holds a gold span, in source coordinates), BEIR sets by documents
(the best passage stands for its document). Labels that do not fit the index are refused, not scored.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import ir_measures
import numpy as np
from ir_measures import RR, Judged, R, Success, nDCG

from eval.scoring.intervals import Sample
from eval.sets.beir import BeirSet
from eval.sets.gold import GoldSet, GoldSpan, Question, check_gold, stripped
from eval.sets.sets import EvalSet
from index.errors import BadGold, NotFound
from index.records import Document, Hit, Passage, Span, to_clean, to_source
from rag.answer import Citation

# The measures themselves: ranks and flags in, numbers out. Ranked measures are computed by ir-measures (trec_eval).
#
# A silent question counts zero; a measure without anything to measure it on is None, never 0.

Level = Literal["passage", "document"]
Values = dict[str, float]  # name of a measure → value for one question

PRECISION = 0.9
_RANKED = {
    "passage": (Success @ 1, Success @ 3, Success @ 5, RR @ 10, nDCG @ 10),
    "document": (Success @ 1, Success @ 3, Success @ 5, RR @ 10, nDCG @ 10, R @ 10, R @ 20, R @ 100),
}
JUDGED = str(Judged @ 10)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def ranked_names(level: Level) -> tuple[str, ...]:
    """The ranked measures of a level. Recall is left out where gold spans are alternatives: one of them is enough."""
    return tuple(str(measure) for measure in _RANKED[level])


def ranked(
    rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]], level: Level
) -> dict[str, Values]:
    """Question id → measure → value, for every question of `relevant`, whether or not it was ranked.

    `rankings` hold passage ids or document ids, best first, each once; `relevant` maps those that answer to their gain.
    nDCG@10 is Järvelin and Kekäläinen's (2002) with gain / log2(rank + 1). Its ideal list comes from `relevant`, not
    from what was found: for gold spans that is every passage of the index that holds a whole span, gain 1 each.
    """
    if not relevant:
        return {}
    values: dict[str, Values] = {question_id: dict.fromkeys(ranked_names(level), 0.0) for question_id in relevant}
    judgements = {question_id: dict(gains) for question_id, gains in relevant.items()}
    # The score is the negative rank: trec_eval breaks ties by id and keeps only float32, so equal or close scores of a
    # ranker would be ordered anew.
    run = {
        question_id: {unit: -float(rank) for rank, unit in enumerate(rankings.get(question_id, ()), start=1)}
        for question_id in relevant
    }
    for metric in ir_measures.iter_calc(_RANKED[level], judgements, run):
        values[metric.query_id][str(metric.measure)] = float(metric.value)
    return values


def judged_shares(
    rankings: Mapping[str, Sequence[str]], judgements: Mapping[str, Mapping[str, int]]
) -> dict[str, float]:
    """Question id → share of its first ten documents that somebody judged, relevant or not; silent ones are left out.

    Where it is low, the other measures are lower bounds: an unjudged document counts as not relevant.
    """
    run = {id_: {unit: -float(at) for at, unit in enumerate(units)} for id_, units in rankings.items() if units}
    asked = {id_: dict(gains) for id_, gains in judgements.items() if id_ in run}
    if not asked:
        return {}
    return {metric.query_id: float(metric.value) for metric in ir_measures.iter_calc([Judged @ 10], asked, run)}


def first_rank(ranking: Sequence[str], relevant: Mapping[str, int]) -> int | None:
    """The 1-based rank of the first relevant entry; None when there is none."""
    return next((rank for rank, unit in enumerate(ranking, start=1) if unit in relevant), None)


def auroc(answerable: Sample, unanswerable: Sample) -> float | None:
    """The chance that an answerable question has the higher confidence, ties ½ (Mann and Whitney 1947); 0..1."""
    if not len(answerable) or not len(unanswerable):
        return None
    lower = np.sort(unanswerable)
    below = np.searchsorted(lower, answerable, side="left")
    below_or_equal = np.searchsorted(lower, answerable, side="right")
    return float((below + below_or_equal).mean() / (2 * len(lower)))


def coverage(answerable: Sample, unanswerable: Sample, *, precision: float = PRECISION) -> float | None:
    """The largest share of the answerable questions that a threshold on confidence can answer at `precision`; 0..1.

    Rows are (confidence, given 0/1, right 0/1). Precision is right given answers / given answers, and an answer to an
    unanswerable question is given but never right. Questions with the same confidence pass a threshold together.
    An answer that was not given cannot be judged, so the assistant's own threshold is the lowest one tried.
    """
    return coverages(answerable, unanswerable, precisions=(precision,))[0]


def coverages(answerable: Sample, unanswerable: Sample, *, precisions: Sequence[float]) -> tuple[float | None, ...]:
    """The coverage at each of several precisions."""
    if not len(answerable):
        return (None,) * len(precisions)
    rows = np.concatenate([_marked(answerable, 1.0), _marked(unanswerable, 0.0)])
    rows = rows[rows[:, 1] > 0]
    if not len(rows):
        return (0.0,) * len(precisions)
    rows = rows[np.argsort(-rows[:, 0], kind="stable")]
    last_of_ties = np.append(np.diff(rows[:, 0]) != 0, True)
    given = np.arange(1, len(rows) + 1)[last_of_ties]
    right, reached = rows[:, 2:].cumsum(axis=0)[last_of_ties].T
    # right / given >= precision as a product, and 1e-9 for the binary 0.9: nine of ten must pass.
    enough = [right >= precision * given - 1e-9 for precision in precisions]
    return tuple(float(reached[passes].max(initial=0.0) / len(answerable)) for passes in enough)


def normalised(text: str) -> str:
    """SQuAD's normal form (Rajpurkar et al. 2016), for all scripts: no case, punctuation, articles, double blanks.

    Each sign of Chinese and Japanese is a word, as MLQA (Lewis et al. 2020) has it.
    """
    bare = _SIGN.sub(r" \g<0> ", _PUNCTUATION.sub("", text.casefold()))
    return " ".join(_ARTICLES.sub(" ", bare).split())


def holds_answer(quote: str, answers: Sequence[str]) -> bool:
    """Some answer stands in the quote as whole words, both in normal form (Chen et al. 2017, DrQA)."""
    padded = f" {normalised(quote)} "
    return any(f" {short} " in padded for answer in answers if (short := normalised(answer)))


def token_f1(text: str, wanted: Sequence[str]) -> float:
    """F1 of shared words in normal form, the best over the wanted texts (SQuAD, Rajpurkar et al. 2016); 0..1."""
    return max((_f1(normalised(text).split(), normalised(one).split()) for one in wanted), default=0.0)


def _f1(words: Sequence[str], wanted: Sequence[str]) -> float:
    """Words count as often as they stand; two texts without any word are equal."""
    if not words or not wanted:
        return float(list(words) == list(wanted))
    shared = (Counter(words) & Counter(wanted)).total()
    return 2 * shared / (len(words) + len(wanted))


def _marked(rows: Sample, answerable: float) -> Sample:
    """(confidence, given, right) → (confidence, given, right, answerable); right only where answerable."""
    kept = rows.reshape(-1, 3)
    return np.column_stack([kept[:, :2], kept[:, 2] * answerable, np.full(len(kept), answerable)])


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
    def documents(self) -> set[str]:
        """The documents that answer the question."""
        return {name for name, _ in self.spans} or set(self.relevant)


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
        "passage", keys, _counted("questions whose gold span no passage holds whole; they count zero in search", lost)
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
    words = stripped(document.text, clean)
    return to_source(document, words) if words.start < words.end else None


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _counted(what: str, ids: Sequence[str]) -> tuple[str, ...]:
    if not ids:
        return ()
    return (f"{what}: {len(ids)} ({', '.join(ids[:_SHOWN])}{', …' if len(ids) > _SHOWN else ''})",)
