"""The measures themselves: ranks and flags in, numbers out. Ranked measures are computed by ir-measures (trec_eval).

A silent question counts zero; a measure without anything to measure it on is None, never 0.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import ir_measures
import numpy as np
from ir_measures import RR, Judged, R, Success, nDCG

from eval.scoring.intervals import Sample

Level = Literal["passage", "document"]
Values = dict[str, float]  # name of a measure → value for one question

PRECISION = 0.9
_RANKED = {
    "passage": (Success @ 1, Success @ 3, Success @ 5, RR @ 10, nDCG @ 10),
    "document": (Success @ 1, Success @ 3, Success @ 5, RR @ 10, nDCG @ 10, R @ 10, R @ 20, R @ 100),
}
JUDGED = str(Judged @ 10)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
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
    """SQuAD's normal form (Rajpurkar et al. 2016), for all scripts: no case, punctuation, articles, double blanks."""
    return " ".join(_ARTICLES.sub(" ", _PUNCTUATION.sub("", text.casefold())).split())


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
