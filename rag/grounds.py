"""What decided that a question was refused, and how log odds became a confidence; told only where it is explained."""

import math

from rag.answers import Reading
from rag.desk import CONFIDENCE_DIGITS, Column
from rag.explain import Calibration, Refusal, Removed
from rag.judgement import judgement_in
from rag.refusal import Searched, off_corpus_parts, unreached
from rag.times.period import period_of


def calibration_of(reading: Reading) -> Calibration | None:
    """None where nothing was read."""
    if not reading.contributions:
        return None
    odds = math.fsum(reading.contributions.values())
    uncalibrated = 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))
    return Calibration(odds, uncalibrated, reading.confidence)


def refusal_of(column: Column, index: Searched, removed: Removed | None) -> Refusal | None:
    """Of a refused column of this index; `removed` is what its filters shut out."""
    if column.reason is None:
        return None
    side: dict[str, float | str] = {"compared": column.label} if column.label else {}
    confidence = round(column.reading.confidence, CONFIDENCE_DIGITS)
    decided = _decided(column.reason.code, column, index, removed)
    return Refusal(column.reason.code, {**side, "confidence": confidence, **decided})


def _decided(code: str, column: Column, index: Searched, removed: Removed | None) -> dict[str, float | str]:
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
