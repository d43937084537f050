"""An answer as other programs see it: the one home of its names, for `--json`, HTTP and tools. Extend, never rename."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from index.records import Document, Hit
from rag.answers import Answer, Citation, Reason, Segment, Workings
from rag.policy import InForce

SCORE_DIGITS = 6  # more would differ between machines and says nothing

DocumentOf = Callable[[str], Document]


def answer_fields(answer: Answer, document_of: DocumentOf, *, explain: bool = False) -> dict[str, Any]:
    """The answer of design section 6, JSON-able; `document_of` knows the documents of the answer's index.

    `explain` adds each ranker's own score to the evidence, and the workings: what each feature added.
    """
    return {
        "id": answer.id,
        "question": answer.question,
        "status": answer.status,
        "text": answer.text,
        "confidence": answer.confidence,
        "reason": _reason_fields(answer.reason) if answer.reason else None,
        "segments": [_segment_fields(segment) for segment in answer.segments],
        "citations": [_citation_fields(citation) for citation in answer.citations],
        "evidence": [hit_fields(hit, document_of, explain=explain) for hit in answer.evidence],
        "follow_ups": list(answer.follow_ups),
        "index_version": answer.index_version,
        "standalone": answer.standalone or None,
        "as_of": answer.as_of.isoformat() if answer.as_of else None,
        "policy": _policy_fields(answer.policy) if answer.policy else None,
    } | ({"workings": _workings_fields(answer.workings)} if explain else {})


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


def _reason_fields(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "missing": list(reason.missing), "apart": list(reason.apart)}


def _policy_fields(policy: InForce) -> dict[str, Any]:
    return {**asdict(policy.policy), "same_index": policy.same_index}


def _workings_fields(workings: Workings) -> dict[str, Any]:
    """Unrounded, so that they still add up."""
    return {
        "quotes": [dict(quote) for quote in workings.quotes],
        "confidence": dict(workings.confidence),
        "threshold": workings.threshold,
    }


def _segment_fields(segment: Segment) -> dict[str, Any]:
    return {"kind": segment.kind, "text": segment.text, "citations": list(segment.citations)}


def _citation_fields(citation: Citation) -> dict[str, Any]:
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
    }
