"""A citation as somebody sends it back: whatever it is, either it can be used or a sentence says why not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MOST_QUOTE = 2_000
MOST_CONTEXT = 200
MOST_ID = 4_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cited:
    """What a citation and its receipt say: `end - start == len(quote)`; "" where a receipt says nothing."""

    document_id: str
    sha256: str
    start: int
    end: int
    quote: str
    prefix: str
    suffix: str

    def between(self, prefix: str, suffix: str) -> "Cited":
        """The same words with other surroundings."""
        return replace(self, prefix=prefix, suffix=suffix)


def as_cited(citation: object) -> Cited | str:
    """A citation from the wire, with its receipt or without one, or why it cannot be used."""
    if not isinstance(citation, Mapping):
        return "a citation must be an object with document_id, start, end and quote"
    receipt = citation.get("receipt")
    if receipt is not None and not isinstance(receipt, Mapping):
        return "receipt must be an object"
    source: Mapping[str, Any] = receipt or {}
    problems = (
        _text_problem("document_id", citation.get("document_id"), MOST_ID, least=1),
        _text_problem("quote", citation.get("quote"), MOST_QUOTE, least=1),
        _text_problem("receipt/prefix", source.get("prefix", ""), MOST_CONTEXT),
        _text_problem("receipt/suffix", source.get("suffix", ""), MOST_CONTEXT),
        _hash_problem(source.get("sha256", "")),
        _span_problem(citation.get("start"), citation.get("end"), citation.get("quote")),
    )
    if any(problems):
        return "; ".join(filter(None, problems))
    around = (source.get("prefix", ""), source.get("suffix", ""))
    place = (citation["start"], citation["end"], citation["quote"])
    return Cited(citation["document_id"], source.get("sha256", ""), *place, *around)


def marker_of(citation: object) -> int | None:
    """The marker if it is one: a whole number from 1 up."""
    marker = citation.get("marker") if isinstance(citation, Mapping) else None
    return marker if isinstance(marker, int) and not isinstance(marker, bool) and 0 < marker < 1_000_000 else None


def _text_problem(name: str, value: object, most: int, least: int = 0) -> str:
    if not isinstance(value, str):
        return f"{name} must be a text"
    if not least <= len(value) <= most or (least and not value.strip()):
        return f"{name} must have {least} to {most:,} characters, not all of them blank"
    return f"{name} holds half a surrogate pair, which is no text" if _SURROGATE.search(value) else ""


def _hash_problem(value: object) -> str:
    if value == "" or (isinstance(value, str) and _SHA256.fullmatch(value)):
        return ""
    return "receipt/sha256 must be 64 digits of 0-9 and a-f"


def _span_problem(start: object, end: object, quote: object) -> str:
    if any(isinstance(edge, bool) or not isinstance(edge, int) for edge in (start, end)):
        return "start and end must be whole numbers"
    if isinstance(start, int) and isinstance(end, int) and isinstance(quote, str):
        fits = start >= 0 and end - start == len(quote)
        return "" if fits else "start:end must span as many characters as the quote has"
    return ""
