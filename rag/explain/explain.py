"""An answer explained: why its passages were found and stand in their order, out of what decided the answer."""

import math
from collections.abc import Sequence
from dataclasses import replace

from index.ranking.filters import EVERYTHING, Filters
from index.ranking.fuse import Shares
from index.records import Document, Head, Hit
from index.text.words import cut, stems, words
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
from rag.pipeline import READ_HITS, Pipeline
from rag.question.analysis import Asked
from rag.question.out_of_scope import judgement_in
from rag.question.period import period_of
from rag.reading.candidates import rarity
from rag.refusal import RefusalIndex, off_corpus_parts, unreached

# What decided that a question was refused, and how log odds became a confidence; told only where it is explained.


def calibration_of(reading: Reading) -> Calibration | None:
    """None where nothing was read."""
    if not reading.contributions:
        return None
    odds = math.fsum(reading.contributions.values())
    uncalibrated = 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))
    return Calibration(odds, uncalibrated, reading.confidence)


def refusal_of(column: AnswerPart, index: RefusalIndex, removed: Removed | None) -> Refusal | None:
    """Of a refused column of this index; `removed` is what its filters shut out."""
    if column.reason is None:
        return None
    side: dict[str, float | str] = {"compared": column.label} if column.label else {}
    confidence = round(column.reading.confidence, CONFIDENCE_DIGITS)
    decided = _decided(column.reason.code, column, index, removed)
    return Refusal(column.reason.code, {**side, "confidence": confidence, **decided})


def _decided(code: str, column: AnswerPart, index: RefusalIndex, removed: Removed | None) -> dict[str, float | str]:
    text = column.asked.text
    if code == "filtered":
        return {"without_filters": removed.confidence, "by": ", ".join(removed.by)} if removed else {}
    if code == "needs_judgement":
        kind, words = judgement_in(text) or ("", "")
        return {"kind": kind, "words": words}
    if code == "date_outside" and (one := unreached(text, index, period_of(text))):
        days: dict[str, float | str] = {"from": one.first.isoformat(), "to": one.last.isoformat(), "side": one.side}
        return {**days, "beyond": one.beyond, "years": one.years}
    if not column.reading.hits:
        return {"hits": 0}
    parts = off_corpus_parts(column.asked, index, column.reading.hits)
    return {"off_corpus": math.fsum(parts.values()), **parts}


# What would have been: the question without one of its words, or without filters. Every statement is a rerun.

MOST_TERMS = 8  # each is a rerun


def without(desk: Pipeline, asked: Asked, best: Quote, filters: Filters) -> tuple[Without, ...]:
    """For each of the question's terms, at most the eight rarest, in the question's order: where the quote goes."""
    stems = list(dict.fromkeys(term.stem for term in asked.terms))
    rarest = sorted(stems, key=lambda stem: -rarity(desk.index, stem))[:MOST_TERMS]
    return tuple(_without(desk, asked, stem, best, filters) for stem in stems if stem in rarest)


def removed(desk: Pipeline, whole: Pipeline, asked: Asked, filters: Filters) -> Removed | None:
    """None where the first quote of all articles is of one that the filters and the day let pass."""
    reading = _read(whole, asked.text, EVERYTHING)
    if not reading.quotes:
        return None
    best = reading.quotes[0]
    document = whole.index.document(best.passage.document_id)
    by = _shut_out(document, filters)
    if desk.index.day and not Filters(published_to=desk.index.day).passes(_head(document)):
        by = (*by, "as_of")
    if not by:
        return None
    sentence = SentenceScore(document.id, best.start, best.end, best.score, best.contributions)
    return Removed(sentence, document.text[best.start : best.end], by, round(reading.confidence, CONFIDENCE_DIGITS))


def _without(desk: Pipeline, asked: Asked, stem: str, best: Quote, filters: Filters) -> Without:
    spans = [(term.start, term.end) for term in asked.terms if term.stem == stem]
    reading = _read(desk, left_of(asked.text, spans), filters)
    place = (best.passage.document_id, best.start, best.end)
    there = [(one.passage.document_id, one.start, one.end) for one in reading.quotes]
    rank = there.index(place) + 1 if place in there else None
    start, end = spans[0]
    return Without(asked.text[start:end], rank, round(reading.confidence, CONFIDENCE_DIGITS))


def left_of(question: str, spans: list[tuple[int, int]]) -> str:
    """The question without these ascending spans, and without the blanks that they leave."""
    kept, at = [], 0
    for start, end in spans:
        kept.append(question[at:start])
        at = end
    return " ".join("".join((*kept, question[at:])).split())


def _read(desk: Pipeline, question: str, filters: Filters) -> Reading:
    if not any(character.isalnum() for character in question):  # nothing is left to ask
        return Reading((), (), 0.0)
    return desk.surest((question,), READ_HITS, filters)[1]


def _shut_out(document: Document, filters: Filters) -> tuple[str, ...]:
    """Names of the filters that the document does not pass."""
    single = {
        "documents": replace(EVERYTHING, documents=filters.documents),
        "authors": replace(EVERYTHING, authors=filters.authors),
        "published_from": replace(EVERYTHING, published_from=filters.published_from),
        "published_to": replace(EVERYTHING, published_to=filters.published_to),
    }
    return tuple(name for name, one in single.items() if not one.passes(_head(document)))


def _head(document: Document) -> Head:
    return Head(document.id, document.author, document.published)


def explain(
    desk: Pipeline, whole: Pipeline, columns: Sequence[AnswerPart], evidence: Sequence[Hit], filters: Filters
) -> Explanation:
    """`desk` read the columns; `whole` reads everything, also what is later than the desk's day."""
    shares = [desk.index.shares(column.asked.text, filters=filters) for column in columns]
    told = next((column for column in columns if not column.reason), columns[0])
    deciding = deciding_of(columns)
    best = told.reading.quotes[0] if told.reading.quotes else None
    refused = next((column for column in columns if column.reason), None)
    shut_out = removed(desk, whole, told.asked, filters) if filters or desk.index.day else None
    return Explanation(
        found=tuple(_found(desk, columns, shares, hit) for hit in evidence),
        best=sentence_of(best) if best else None,
        without=without(desk, told.asked, best, filters) if best else (),
        removed=shut_out,
        log_odds=math.fsum(deciding.reading.contributions.values()),
        calibration=calibration_of(deciding.reading),
        refusal=refusal_of(refused, desk.index, shut_out) if refused else None,
    )


def deciding_of(columns: Sequence[AnswerPart]) -> AnswerPart:
    """The one whose confidence is the answer's: an answer is as sure as the least sure of what it says."""
    said = [column for column in columns if not column.reason]
    return min(said or columns, key=lambda column: column.reading.confidence)


def sentence_of(quote: Quote) -> SentenceScore:
    return SentenceScore(quote.passage.document_id, quote.start, quote.end, quote.score, quote.contributions)


def _found(desk: Pipeline, columns: Sequence[AnswerPart], shares: Sequence[Shares], hit: Hit) -> FoundBy:
    """Of a hit that is one of some column's."""
    n = next(n for n, column in enumerate(columns) if any(one is hit for one in column.reading.hits))
    column, added = columns[n], shares[n][hit.row]
    best = column.reading.best.get(hit.row)
    terms = {"lexical": _by_word(desk, column.asked.text, hit.row)}
    return FoundBy(
        passage_id=hit.passage.id,
        fused=math.fsum(added.values()),
        shares={
            name: Share(hit.ranks[name], float(hit.scores[name]), share, terms.get(name, {}))
            for name, share in sorted(added.items())
        },
        best=sentence_of(best) if best else None,
    )


def _by_word(desk: Pipeline, question: str, row: int) -> dict[str, float]:
    """What each word adds to the BM25 score, named as it first stands in the question."""
    index = desk.index
    written: dict[str, str] = {}
    for word in words(question):
        written.setdefault(cut(word.text, index.stem), question[word.start : word.end])
    parts = index.lexical.contributions(stems(question, index.stem), row)
    return {written.get(stem, stem): part for stem, part in parts.items()}
