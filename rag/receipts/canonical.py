"""JSON of which there is only one spelling (RFC 8785), and the id of an answer, a hash over it.

Numbers are written as JavaScript writes them, so that a browser hashes the same bytes.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

DEEPEST = 100  # levels; nothing of ours is nested deeper than six
ID_DIGITS = 32
_MEASURED = frozenset({"id", "workings", "confidence"})
_MEASURED_OF_HITS = frozenset({"score", "scores", "ranks"})


def answer_id(fields: Mapping[str, Any]) -> str:
    """32 hex digits over an answer's wire form but "id". Raises ValueError for what is no JSON.

    What explains an answer ("workings") and what is measured ("confidence", and "score", "scores" and "ranks" of its
    evidence) says why, not what, and may differ in a digit between processors: it is left out.
    """
    rest = _without(fields, _MEASURED)
    if isinstance(evidence := rest.get("evidence"), list | tuple):
        rest["evidence"] = [_without(hit, _MEASURED_OF_HITS) if isinstance(hit, Mapping) else hit for hit in evidence]
    return hashlib.sha256(canonical(rest)).hexdigest()[:ID_DIGITS]


def _without(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def canonical(value: object) -> bytes:
    """Raises ValueError for what has no JSON form: NaN, half a surrogate pair, objects of other kinds, great depth."""
    try:
        return "".join(_pieces(value, 0)).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half a surrogate pair") from error


def _pieces(value: object, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    if value is None or isinstance(value, bool | str):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, int | float):
        yield _number(value)
    elif isinstance(value, Mapping):
        yield from _object(value, depth)
    elif isinstance(value, list | tuple):
        yield "["
        for n, part in enumerate(value):
            yield "," if n else ""
            yield from _pieces(part, depth + 1)
        yield "]"
    else:
        raise ValueError(f"{type(value).__name__} is not a kind of JSON value")


def _object(fields: Mapping[Any, Any], depth: int) -> Iterator[str]:
    """Names in the order of their UTF-16 code units."""
    if not all(isinstance(name, str) for name in fields):
        raise ValueError("an object has a name that is no string")
    yield "{"
    for n, name in enumerate(sorted(fields, key=lambda each: each.encode("utf-16-be", "surrogatepass"))):
        yield "," if n else ""
        yield json.dumps(name, ensure_ascii=False)
        yield ":"
        yield from _pieces(fields[name], depth + 1)
    yield "}"


def _number(value: float) -> str:
    """ECMAScript's Number::toString, in base 10."""
    try:
        double = float(value)
    except OverflowError as error:
        raise ValueError("a number is beyond 1.8e308") from error
    if double == 0:
        return "0"
    decimal = Decimal(repr(double))
    if not decimal.is_finite():
        raise ValueError(f"{value} is not a JSON number")
    sign, figures, exponent = decimal.normalize().as_tuple()
    digits = "".join(map(str, figures))
    return ("-" if sign else "") + _placed(digits, len(digits) + int(exponent))


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point behind the first `point` of them."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{mantissa}e{point - 1:+d}"
