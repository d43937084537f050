"""An answer as other programs see it: the one home of its names, for `--json`, HTTP and tools. Extend, never rename.

The id is a hash over these fields, so fields and id are made together. What explains an answer and what is measured
stays outside the id: it says why, not what.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from index.records import Document, Head, Hit, plain
from index.storage.merkle import CorpusTree
from rag.answer import Answer, Citation, Dropped, Explanation, FoundBy, Reason, Workings
from rag.receipts.receipt import answer_id, corpus_fields, receipt_for
from rag.receipts.signing import Signature

SCORE_DIGITS = 6  # more would differ between machines and says nothing

DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer stands on: the articles of its index, all of them under one hash, and who signed for that."""

    document: DocumentOf
    head: Callable[[str], Head]
    corpus: CorpusTree
    signature: Signature | None


class AnswerStage(NamedTuple):
    """An answer as far as it has come, and what other programs see of that."""

    answer: Answer
    fields: dict[str, Any]


def read_stage(answer: Answer, basis: Basis) -> AnswerStage:
    """What it is read from; nothing of it is said yet."""
    explained = answer.explanation is not None
    evidence = [hit_fields(hit, basis.head, explain=explained) for hit in answer.evidence]
    fields = {"question": answer.question, "standalone": answer.standalone or None, "evidence": evidence}
    return AnswerStage(answer, {**fields, "index_version": answer.index_version})


def said_stage(answer: Answer, read: AnswerStage, basis: Basis) -> AnswerStage:
    """With receipts, and the workings of an explained answer; only the id and what to ask next are still to come."""
    return AnswerStage(answer, _fields(answer, read.fields, basis))


def whole_stage(said: AnswerStage, follow_ups: tuple[str, ...]) -> AnswerStage:
    """With what to ask next, and the id over all fields but those that explain."""
    fields = {**said.fields, "follow_ups": list(follow_ups)}
    digest = answer_id(fields)
    return AnswerStage(replace(said.answer, id=digest, follow_ups=follow_ups), {"id": digest, **fields})


def hit_fields(hit: Hit, head_of: Callable[[str], Head], *, explain: bool = False) -> dict[str, Any]:
    """A passage that was found; `explain` adds each ranker's own score."""
    fields: dict[str, Any] = {
        "document_id": hit.passage.document_id,
        "passage_id": hit.passage.id,
        "title": head_of(hit.passage.document_id).title,
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
    return {**plain(citation), "receipt": plain(receipt)}


def dropped_fields(dropped: Dropped) -> dict[str, Any]:
    """A quote that is not shown, with its code of `rag.answer.RULES`."""
    quote = dropped.quote
    where = {"document_id": quote.passage.document_id, "start": quote.start, "end": quote.end}
    return {**where, "quote": quote.words, "score": quote.score, "rule": dropped.rule}


def _fields(answer: Answer, read: Mapping[str, Any], basis: Basis) -> dict[str, Any]:
    fields = {
        "question": answer.question,
        "mode": answer.mode,
        "status": answer.status,
        "text": answer.text,
        "confidence": shown_confidence(answer),
        "reason": reason_fields(answer.reason),
        "phrasing": plain(answer.phrasing),
        "segments": [plain(segment) for segment in answer.segments],
        "citations": [citation_fields(citation, basis) for citation in answer.citations],
        "evidence": read["evidence"],
        "follow_ups": [],
        "index_version": answer.index_version,
        "corpus": corpus_fields(basis.corpus, answer.index_version, basis.signature),
        "standalone": read["standalone"],
        "as_of": plain(answer.as_of),
        "policy": plain(answer.policy.policy) | {"same_index": answer.policy.same_index} if answer.policy else None,
    }
    if answer.explanation:
        fields["workings"] = _workings_fields(answer.workings, answer.explanation)
    return fields


def shown_confidence(answer: Answer) -> float | None:
    """None where nothing was read for it."""
    return None if answer.status == "guided" else answer.confidence


def reason_fields(reason: Reason | None) -> dict[str, Any] | None:
    """Without what decided it, which `workings` holds."""
    return {"code": reason.code, "missing": [*reason.missing], "apart": [*reason.apart]} if reason else None


def _workings_fields(workings: Workings, explanation: Explanation) -> dict[str, Any]:
    """Unrounded, so that they still add up."""
    removed = explanation.removed
    return {
        "quotes": plain(workings.quotes),
        "confidence": plain(workings.confidence),
        "log_odds": explanation.log_odds,
        "threshold": workings.threshold,
        "margin": workings.margin,
        "evidence": [_found_fields(found) for found in explanation.found],
        "best": plain(explanation.best),
        "without": plain(explanation.without),
        "removed": removed
        and plain(removed.best) | {"quote": removed.quote, "by": list(removed.by), "confidence": removed.confidence},
        "dropped": [dropped_fields(one) for one in workings.dropped],
        "refusal": plain(explanation.refusal),
        "calibration": plain(explanation.calibration),
    }


def _found_fields(found: FoundBy) -> dict[str, Any]:
    named = {"passage_id": found.passage_id, "fused": found.fused, "rankers": found.shares, "best": found.best}
    return {name: plain(value) for name, value in named.items()}
