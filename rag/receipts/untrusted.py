"""What somebody's JSON claims about a quote, read without trust: a record of the right types, or why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from index.records import Span
from index.tree import Proof

MOST = 2**53 - 1  # the greatest integer that JavaScript can tell from its neighbours

_HEX = re.compile(r"[0-9a-f]{64}")
_SHOWN = 60


class Malformed(ValueError):
    """The message is the sentence that is shown."""


@dataclass(frozen=True, slots=True)
class Claim:
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


def claim_of(citation: object) -> Claim:
    """Raises Malformed."""
    fields = _object(citation, "the citation")
    receipt = _object(fields.get("receipt"), "its receipt")
    proof = _object(receipt.get("proof"), "its proof")
    path = proof.get("path")
    if not isinstance(path, list | tuple) or len(path) > 64:
        _refuse("path", path, "a list of at most 64 hashes")
    return Claim(
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
