"""An answer explained: why its passages were found and stand in their order, out of what decided the answer."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace

from index.ranking.filters import EVERYTHING, Filters
from index.ranking.fuse import Shares
from index.records import Document, Head, Hit
from rag.answer import (
    CONFIDENCE_DIGITS,
    AnswerPart,
    Calibration,
    Explanation,
    FoundBy,
    Quote,
    Reading,
    Refusal,
    Removed,
    SentenceScore,
    Share,
    Without,
)
from rag.pipeline import READ_HITS, Pipeline, deciding_of
from rag.question.analysis import Query
from rag.reading.candidates import rarity


def calibration_of(reading: Reading) -> Calibration | None:
    """How log odds became a confidence; None where nothing was read."""
    if not reading.contributions:
        return None
    odds = math.fsum(reading.contributions.values())
    uncalibrated = 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))
    return Calibration(odds, uncalibrated, reading.confidence)


def refusal_of(part: AnswerPart, removed: Removed | None) -> Refusal | None:
    """What decided that a part is refused, as it was recorded; `removed` is what its filters shut out."""
    if part.reason is None:
        return None
    side: dict[str, float | str] = {"compared": part.label} if part.label else {}
    because = part.reason.because
    if part.reason.code == "filtered" and removed:
        because = {"without_filters": removed.confidence, "by": ", ".join(removed.by)}
    confidence = round(part.reading.confidence, CONFIDENCE_DIGITS)
    return Refusal(part.reason.code, {**side, "confidence": confidence, **because})


# What would have been: the question without one of its words, or without filters. Every statement is a rerun.

MOST_TERMS = 8  # each is a rerun


def without(pipeline: Pipeline, query: Query, best: Quote, filters: Filters) -> tuple[Without, ...]:
    """For each of the question's terms, at most the eight rarest, in the question's order: where the quote goes."""
    stems = list(dict.fromkeys(term.stem for term in query.terms))
    rarest = sorted(stems, key=lambda stem: -rarity(pipeline.index, stem))[:MOST_TERMS]
    return tuple(_without(pipeline, query, stem, best, filters) for stem in stems if stem in rarest)


def removed(pipeline: Pipeline, whole: Pipeline, query: Query, filters: Filters) -> Removed | None:
    """None where the first quote of all articles is of one that the filters and the day let pass."""
    reading = _read(whole, query.text, EVERYTHING)
    if not reading.quotes:
        return None
    best = reading.quotes[0]
    document = whole.index.document(best.passage.document_id)
    by = _shut_out(document, filters)
    if pipeline.index.day and not Filters(published_to=pipeline.index.day).passes(Head.of(document)):
        by = (*by, "as_of")
    if not by:
        return None
    return Removed(
        sentence_of(best), document.text[best.start : best.end], by, round(reading.confidence, CONFIDENCE_DIGITS)
    )


def _without(pipeline: Pipeline, query: Query, stem: str, best: Quote, filters: Filters) -> Without:
    spans = [(term.start, term.end) for term in query.terms if term.stem == stem]
    reading = _read(pipeline, left_of(query.text, spans), filters)
    places = [quote.place for quote in reading.quotes]
    rank = places.index(best.place) + 1 if best.place in places else None
    start, end = spans[0]
    return Without(query.text[start:end], rank, round(reading.confidence, CONFIDENCE_DIGITS))


def left_of(question: str, spans: list[tuple[int, int]]) -> str:
    """The question without these ascending spans, and without the blanks that they leave."""
    kept, at = [], 0
    for start, end in spans:
        kept.append(question[at:start])
        at = end
    return " ".join("".join((*kept, question[at:])).split())


def _read(pipeline: Pipeline, question: str, filters: Filters) -> Reading:
    if not any(character.isalnum() for character in question):  # nothing is left to ask
        return Reading((), (), 0.0)
    return pipeline.best_reading((question,), READ_HITS, filters)


def _shut_out(document: Document, filters: Filters) -> tuple[str, ...]:
    """Names of the filters that the document does not pass."""
    head = Head.of(document)
    alone = {of.name: replace(EVERYTHING, **{of.name: getattr(filters, of.name)}) for of in fields(Filters)}
    return tuple(name for name, narrow in alone.items() if not narrow.passes(head))


def explain(
    pipeline: Pipeline, whole: Pipeline, parts: Sequence[AnswerPart], evidence: Sequence[Hit], filters: Filters
) -> Explanation:
    """`pipeline` read the parts; `whole` reads everything, also what is later than the day of `pipeline`."""
    shares = [pipeline.index.shares(part.query.text, filters=filters) for part in parts]
    told = next((part for part in parts if not part.reason), parts[0])
    deciding = deciding_of(parts)
    best = told.reading.quotes[0] if told.reading.quotes else None
    refused = next((part for part in parts if part.reason), None)
    shut_out = removed(pipeline, whole, told.query, filters) if filters or pipeline.index.day else None
    return Explanation(
        found=tuple(_found(pipeline, parts, shares, hit) for hit in evidence),
        best=sentence_of(best) if best else None,
        without=without(pipeline, told.query, best, filters) if best else (),
        removed=shut_out,
        log_odds=math.fsum(deciding.reading.contributions.values()),
        calibration=calibration_of(deciding.reading),
        refusal=refusal_of(refused, shut_out) if refused else None,
    )


def sentence_of(quote: Quote) -> SentenceScore:
    return SentenceScore(*quote.place, quote.score, quote.contributions)


def _found(pipeline: Pipeline, parts: Sequence[AnswerPart], shares: Sequence[Shares], hit: Hit) -> FoundBy:
    """Of a hit that is one of some column's."""
    n = next(n for n, part in enumerate(parts) if any(read is hit for read in part.reading.hits))
    part, added = parts[n], shares[n][hit.row] if hit.ranks else {}  # what a summary quotes was not searched for
    best = part.reading.best.get(hit.row)
    terms = {"lexical": _by_word(pipeline, part.query.text, hit.row)}
    return FoundBy(
        passage_id=hit.passage.id,
        fused=math.fsum(added.values()),
        shares={
            name: Share(hit.ranks[name], float(hit.scores[name]), share, terms.get(name, {}))
            for name, share in sorted(added.items())
        },
        best=sentence_of(best) if best else None,
    )


def _by_word(pipeline: Pipeline, question: str, row: int) -> dict[str, float]:
    """What each word adds to the BM25 score, named as it first stands in the question."""
    index = pipeline.index
    asked = index.asked(question)
    written: dict[str, str] = {}
    for term in asked:
        written.setdefault(term.text, question[term.start : term.end])
    parts = index.lexical.contributions([term.text for term in asked], row)
    return {written.get(stem, stem): part for stem, part in parts.items()}
