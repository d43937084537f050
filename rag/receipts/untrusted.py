"""What somebody's JSON claims about a quote, read without trust: a record of the right types, or why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from index.records import Span
from index.storage.merkle import Proof

MOST = 2**53 - 1  # the greatest integer that JavaScript can tell from its neighbours

_HEX = re.compile(r"[0-9a-f]{64}")
_SHOWN = 60


class Malformed(ValueError):
    """The message is the sentence that is shown."""


@dataclass(frozen=True, slots=True)
class ClaimedCitation:
    """A citation with its receipt; types and ranges are right, nothing else is known to be."""

    document_id: str
    quote: str
    span: Span
    source: Span  # not known to be a span: its end may stand before its start
    sha256: str
    utf16: Span
    bytes: Span
    prefix: str
    suffix: str
    proof: Proof


def claim_of(citation: object) -> ClaimedCitation:
    """Raises Malformed."""
    fields = _object(citation, "the citation")
    receipt = _object(fields.get("receipt"), "its receipt")
    proof = _object(receipt.get("proof"), "its proof")
    path = proof.get("path")
    if not isinstance(path, list | tuple) or len(path) > 64:
        _refuse("path", path, "a list of at most 64 hashes")
    return ClaimedCitation(
        document_id=_text(fields, "document_id"),
        quote=_text(fields, "quote"),
        span=Span(_whole(fields, "start"), _whole(fields, "end")),
        source=Span(_whole(fields, "source_start"), _whole(fields, "source_end")),
        sha256=_hash(receipt.get("sha256"), "sha256"),
        utf16=_pair(receipt, "utf16"),
        bytes=_pair(receipt, "bytes"),
        prefix=_text(receipt, "prefix"),
        suffix=_text(receipt, "suffix"),
        proof=Proof(
            _whole(proof, "index"), _whole(proof, "size"), tuple(bytes.fromhex(_hash(one, "path")) for one in path)
        ),
    )


def is_hash(value: object) -> bool:
    """64 lower-case hex digits."""
    return isinstance(value, str) and len(value) == 64 and bool(_HEX.fullmatch(value))


def whole_number(value: object) -> int | None:
    """0 to 2^53 - 1, also written 7.0, which JavaScript cannot tell from 7; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST or value != int(value):
        return None
    return int(value)


def shown(value: object) -> str:
    """A value in a sentence: short, on one line, whatever it is."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
    if value is None:
        return "missing"
    if isinstance(value, bool | float):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) <= MOST else "a number beyond 2^53"
    return "a list" if isinstance(value, list | tuple) else "an object"


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(name, value, "an object")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        _refuse(name, value, "a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(name, value, "text without half surrogate pairs")
    return value


def _whole(fields: Mapping[str, Any], name: str) -> int:
    number = whole_number(fields.get(name))
    if number is None:
        _refuse(name, fields.get(name), "a whole number from 0 to 2^53 - 1")
    return number


def _pair(fields: Mapping[str, Any], name: str) -> Span:
    value = fields.get(name)
    if not isinstance(value, list | tuple) or len(value) != 2:
        _refuse(name, value, "a start and an end")
    start, end = (whole_number(one) for one in value)
    if start is None or end is None:
        _refuse(name, value, "two whole numbers from 0 to 2^53 - 1")
    return Span(start, end)


def _hash(value: object, name: str) -> str:
    if not is_hash(value):
        _refuse(name, value, "64 lower-case hex digits")
    return str(value)


def _refuse(name: str, value: object, wanted: str) -> NoReturn:
    raise Malformed(f"{name} is {shown(value)}, not {wanted}")


# A citation as somebody sends it back: whatever it is, either it can be used or a sentence says why not.

MOST_QUOTE = 2_000
MOST_CONTEXT = 200
MOST_ID = 4_000
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class StatedCitation:
    """What a citation and its receipt say: `end - start == len(quote)`; "" where a receipt says nothing."""

    document_id: str
    sha256: str
    start: int
    end: int
    quote: str
    prefix: str
    suffix: str

    def between(self, prefix: str, suffix: str) -> "StatedCitation":
        """The same words with other surroundings."""
        return replace(self, prefix=prefix, suffix=suffix)


def as_cited(citation: object) -> StatedCitation | str:
    """A citation from the wire, with its receipt or without one, or why it cannot be used."""
    if not isinstance(citation, Mapping):
        return "a citation must be an object with document_id, start, end and quote"
    receipt = citation.get("receipt")
    if receipt is not None and not isinstance(receipt, Mapping):
        return "receipt must be an object"
    source: Mapping[str, Any] = receipt or {}
    sha256 = source.get("sha256", "")
    problems = (
        _text_problem("document_id", citation.get("document_id"), MOST_ID, least=1),
        _text_problem("quote", citation.get("quote"), MOST_QUOTE, least=1),
        _text_problem("receipt/prefix", source.get("prefix", ""), MOST_CONTEXT),
        _text_problem("receipt/suffix", source.get("suffix", ""), MOST_CONTEXT),
        "" if sha256 == "" or is_hash(sha256) else "receipt/sha256 must be 64 digits of 0-9 and a-f",
        _span_problem(citation.get("start"), citation.get("end"), citation.get("quote")),
    )
    if any(problems):
        return "; ".join(filter(None, problems))
    around = (source.get("prefix", ""), source.get("suffix", ""))
    place = (citation["start"], citation["end"], citation["quote"])
    return StatedCitation(citation["document_id"], source.get("sha256", ""), *place, *around)


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


def _span_problem(start: object, end: object, quote: object) -> str:
    if any(isinstance(edge, bool) or not isinstance(edge, int) for edge in (start, end)):
        return "start and end must be whole numbers"
    if isinstance(start, int) and isinstance(end, int) and isinstance(quote, str):
        fits = start >= 0 and end - start == len(quote)
        return "" if fits else "start:end must span as many characters as the quote has"
    return ""
