"""An answer as other programs see it: the one home of its names, for `--json`, HTTP and tools. Extend, never rename.

The id is a hash over these fields, so fields and id are made together. What explains an answer and what is measured
stays outside the id: it says why, not what.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from index.records import Document, Hit
from index.storage.merkle import CorpusTree
from rag.answer import Answer, Citation, Dropped, Explanation, FoundBy, Reason, Removed, Segment, SentenceScore, Without
from rag.policy import InForce
from rag.receipts.canonical import answer_id
from rag.receipts.receipt import corpus_fields, receipt_fields, receipt_for
from rag.receipts.signing import Signature
from rag.selection.choose import words_of

SCORE_DIGITS = 6  # more would differ between machines and says nothing

DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer stands on: the articles of its index, all of them under one hash, and who signed for that."""

    document: DocumentOf
    corpus: CorpusTree
    signature: Signature | None


def answer_fields(answer: Answer, basis: Basis) -> dict[str, Any]:
    """The answer of design section 6, JSON-able, with receipts, and its id over all of that.

    An explained answer has the same id; each ranker's own score and the workings are added to the rest.
    """
    fields = _fields(answer, basis)
    named = {"id": answer.id or answer_id(fields), **fields}
    if answer.explanation is None:
        return named
    evidence = [hit_fields(hit, basis.document, explain=True) for hit in answer.evidence]
    return {**named, "evidence": evidence, "workings": _workings_fields(answer, answer.explanation)}


def hit_fields(hit: Hit, document_of: DocumentOf, *, explain: bool = False) -> dict[str, Any]:
    """A passage that was found; `explain` adds each ranker's own score."""
    fields: dict[str, Any] = {
        "document_id": hit.passage.document_id,
        "passage_id": hit.passage.id,
        "title": document_of(hit.passage.document_id).title,
        "text": hit.passage.text,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "score": round(float(hit.score), SCORE_DIGITS),
        "ranks": dict(hit.ranks),
    }
    if explain:
        fields["scores"] = {name: round(float(score), SCORE_DIGITS) for name, score in hit.scores.items()}
    return fields


def citation_fields(citation: Citation, basis: Basis) -> dict[str, Any]:
    """With its receipt."""
    receipt = receipt_for(citation, basis.document(citation.document_id), basis.corpus.proof(citation.document_id))
    return {
        "marker": citation.marker,
        "document_id": citation.document_id,
        "passage_id": citation.passage_id,
        "title": citation.title,
        "author": citation.author,
        "published": citation.published.isoformat() if citation.published else None,
        "inferred": list(citation.inferred),
        "url": citation.url,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "source_start": citation.source_start,
        "source_end": citation.source_end,
        "receipt": dict(receipt_fields(receipt)),
    }


def dropped_fields(dropped: Dropped) -> dict[str, Any]:
    """A quote that is not shown, with its code of `rag.explain.RULES`."""
    quote = dropped.quote
    where = {"document_id": quote.passage.document_id, "start": quote.start, "end": quote.end}
    return {**where, "quote": words_of(quote), "score": quote.score, "rule": dropped.rule}


def _fields(answer: Answer, basis: Basis) -> dict[str, Any]:
    return {
        "question": answer.question,
        "mode": answer.mode,
        "status": answer.status,
        "text": answer.text,
        "confidence": answer.confidence,
        "reason": _reason_fields(answer.reason) if answer.reason else None,
        "phrasing": asdict(answer.phrasing) if answer.phrasing else None,
        "segments": [_segment_fields(segment) for segment in answer.segments],
        "citations": [citation_fields(citation, basis) for citation in answer.citations],
        "evidence": [hit_fields(hit, basis.document) for hit in answer.evidence],
        "follow_ups": list(answer.follow_ups),
        "index_version": answer.index_version,
        "corpus": corpus_fields(basis.corpus, answer.index_version, basis.signature),
        "standalone": answer.standalone or None,
        "as_of": answer.as_of.isoformat() if answer.as_of else None,
        "policy": _policy_fields(answer.policy) if answer.policy else None,
    }


def _reason_fields(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "missing": list(reason.missing), "apart": list(reason.apart)}


def _policy_fields(policy: InForce) -> dict[str, Any]:
    return {**asdict(policy.policy), "same_index": policy.same_index}


def _segment_fields(segment: Segment) -> dict[str, Any]:
    return {"kind": segment.kind, "text": segment.text, "citations": list(segment.citations)}


def _workings_fields(answer: Answer, explanation: Explanation) -> dict[str, Any]:
    """Unrounded, so that they still add up."""
    workings = answer.workings
    return {
        "quotes": [dict(quote) for quote in workings.quotes],
        "confidence": dict(workings.confidence),
        "log_odds": explanation.log_odds,
        "threshold": workings.threshold,
        "margin": workings.margin,
        "evidence": [_found_fields(found) for found in explanation.found],
        "best": _sentence_fields(explanation.best) if explanation.best else None,
        "without": [_without_fields(one) for one in explanation.without],
        "removed": _removed_fields(explanation.removed) if explanation.removed else None,
        "dropped": [dropped_fields(one) for one in workings.dropped],
        "refusal": asdict(explanation.refusal) if explanation.refusal else None,
        "calibration": asdict(explanation.calibration) if explanation.calibration else None,
    }


def _found_fields(found: FoundBy) -> dict[str, Any]:
    shares = {
        name: {"rank": one.rank, "score": one.score, "added": one.added, "terms": dict(one.terms)}
        for name, one in found.shares.items()
    }
    best = _sentence_fields(found.best) if found.best else None
    return {"passage_id": found.passage_id, "fused": found.fused, "rankers": shares, "best": best}


def _sentence_fields(one: SentenceScore) -> dict[str, Any]:
    where = {"document_id": one.document_id, "start": one.start, "end": one.end}
    return {**where, "score": one.score, "features": dict(one.features)}


def _without_fields(one: Without) -> dict[str, Any]:
    return {"term": one.term, "rank": one.rank, "confidence": one.confidence}


def _removed_fields(one: Removed) -> dict[str, Any]:
    named = {"quote": one.quote, "by": list(one.by), "confidence": one.confidence}
    return {**_sentence_fields(one.best), **named}
