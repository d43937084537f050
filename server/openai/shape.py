"""The shape in which a client wants an answer: as text or as JSON, how long, and before which words it ends.

JSON is filled from the answer, so a schema may ask for what an answer has and for nothing else; any other is refused,
since prose, or made-up values, under a schema would be worse than an error.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from index.text.tokens import first_tokens
from rag.answer import Answer
from rag.answer_json import shown_confidence
from server.openai.cited_text import Source, SourceMark

Finish: TypeAlias = Literal["stop", "length"]
Fill: TypeAlias = Callable[[Any], Any]  # our value → that of the client's schema
Ours: TypeAlias = "str | list[Any] | dict[str, Any]"  # a type's name, a list's only item, an object's properties

# What an answer has, by name and type; where null stands for nothing known, a schema without null gets "" or 0.
CITATION: dict[str, Any] = {
    "marker": "integer", "quote": "string", "title": "string", "url": "string", "document_id": "string",
    "author": "string", "published": "string", "start": "integer", "end": "integer",
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "answer": "string", "status": "string", "quotes": ["string"], "citations": [CITATION], "confidence": "number",
}  # fmt: skip
_STATUSES = {"answered", "abstained", "guided"}
_EMPTY = {"string": "", "integer": 0, "number": 0}
_SAYS_NOTHING = {"title", "description", "default", "examples", "$defs", "definitions", "$schema", "$id", "deprecated"}
_KEPT_TO = {
    "string": {"type", "enum"}, "integer": {"type"}, "number": {"type"}, "array": {"type", "items"},
    "object": {"type", "properties", "required", "additionalProperties"},
}  # fmt: skip
_MOST_HOPS, _MOST_DEEP = 20, 3  # of references, and of choices in choices: a schema may go round in circles


@dataclass(frozen=True, slots=True)
class Shape:
    """`most_tokens` (cl100k_base) None: all of it. `filled` None: text. `calls`: the function whose arguments it is."""

    filled: Fill | None = None
    most_tokens: int | None = None
    stops: tuple[str, ...] = ()
    calls: str = ""

    def cut(self, text: str, whole: int = 0) -> tuple[str, Finish]:
        """The text up to the first word that ends it, and no longer than wanted; and why it ends.

        What stands before `whole`, the end of the first quote, is not cut for its length: half a quote says another
        thing, and clients that ask for 16 tokens to save money do not mean it.
        """
        ends = [at for stop in self.stops if (at := text.find(stop)) >= 0]
        text = text[: min(ends, default=len(text))]
        short = text if self.most_tokens is None else text[: max(whole, len(first_tokens(text, self.most_tokens)))]
        return short, "stop" if short == text else "length"


def clipped(marks: Sequence[SourceMark], end: int) -> tuple[SourceMark, ...]:
    """Those of a text that was cut there."""
    return tuple(SourceMark(one.marker, one.start, min(one.end, end)) for one in marks if one.start < end)


def first_end(marks: Sequence[SourceMark]) -> int:
    """Where the first quote ends; 0 where there is none."""
    return max((one.end for one in marks if one.marker == marks[0].marker), default=0)


def as_json(answer: Answer, sources: Sequence[Source], fill: Fill) -> str:
    """What the schema asks for, in the order in which it asks."""
    urls = {source.marker: source.url for source in sources}
    names = ("marker", "quote", "title", "document_id", "author", "start", "end")
    cited = [
        {name: getattr(one, name) for name in names}
        | {"url": urls[one.marker], "published": one.published.isoformat() if one.published else None}
        for one in answer.citations
    ]
    has = {
        "answer": answer.text,
        "status": answer.status,
        "quotes": [one.quote for one in answer.citations],
        "citations": cited,
        "confidence": shown_confidence(answer),
    }
    return json.dumps(fill(has), ensure_ascii=False)


def everything(value: Any) -> Any:
    """The filling where no schema is given: all that an answer has."""
    return value


def filling(schema: object) -> Fill:
    """How a client's JSON Schema is filled. Raises ValueError, saying where it asks for what no answer has."""
    if not isinstance(schema, Mapping):
        raise ValueError("the schema is no JSON object")
    defs = {f"#/{table}/{name}": one for table in ("$defs", "definitions") for name, one in _table(schema, table)}
    fill = _filling({"type": "object", **schema}, ANSWER, defs, "the schema")
    if not fill({}):
        raise ValueError(f"the schema asks for nothing; an answer has {_listed(ANSWER)}")
    return fill


def _table(schema: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    found = schema.get(name)
    return list(found.items()) if isinstance(found, Mapping) else []


def _filling(theirs: Any, ours: Ours, defs: Mapping[str, Any], at: str) -> Fill:
    options = _options(theirs, defs, at)
    nulls = any(option.get("type") == "null" for option in options)
    wrong: list[str] = []
    for option in options:
        if option.get("type") == "null":
            continue
        try:
            fill = _one(option, ours, defs, at)
        except ValueError as error:
            wrong.append(str(error))
            continue
        nothing = None if nulls else _EMPTY.get(str(option.get("type")))
        return lambda value: nothing if value is None else fill(value)
    raise ValueError(wrong[0] if wrong else f"{at} takes nothing but null")


def _options(theirs: Any, defs: Mapping[str, Any], at: str, deep: int = 0) -> list[Mapping[str, Any]]:
    """The types that a schema allows, each by itself."""
    for _ in range(_MOST_HOPS):
        if not isinstance(theirs, Mapping):
            raise ValueError(f"{at} is no JSON object")
        alone = theirs.get("allOf")
        if "$ref" in theirs:
            theirs = defs.get(str(theirs["$ref"]))
        elif isinstance(alone, list) and len(alone) == 1:
            theirs = alone[0]
        else:
            break
    several = theirs.get("anyOf", theirs.get("oneOf"))
    if isinstance(several, list):
        if deep == _MOST_DEEP:
            raise ValueError(f"{at} is one of too many types")
        return [option for one in several for option in _options(one, defs, at, deep + 1)]
    types = theirs.get("type")
    return [{**theirs, "type": one} for one in types] if isinstance(types, list) else [theirs]


def _one(theirs: Mapping[str, Any], ours: Ours, defs: Mapping[str, Any], at: str) -> Fill:
    kind = str(theirs.get("type", "none"))
    if isinstance(ours, dict) and kind == "string" and "url" in ours:
        return lambda value: value["url"]  # a citation as its address
    wanted = ours if isinstance(ours, str) else "array" if isinstance(ours, list) else "object"
    if kind != wanted and (wanted, kind) != ("integer", "number"):
        raise ValueError(f"{at} has the type {kind[:20]!r}, and an answer has {wanted} there")
    odd = sorted(str(key)[:40] for key in set(theirs) - _KEPT_TO[wanted] - _SAYS_NOTHING)
    if odd:
        raise ValueError(f"{at} asks for {odd[0]!r}, which no quote can be held to")
    if isinstance(ours, list):
        items = _filling(theirs["items"], ours[0], defs, f"{at}.items") if "items" in theirs else everything
        return lambda value: [items(one) for one in value]
    if isinstance(ours, dict):
        return _properties(theirs, ours, defs, at)
    words = theirs.get("enum")
    if words is not None and not (
        isinstance(words, list) and at.endswith(".status") and set(map(str, words)) >= _STATUSES
    ):
        raise ValueError(f"{at} is one of few words, and an answer can be held to none")
    return everything


def _properties(theirs: Mapping[str, Any], ours: Mapping[str, Any], defs: Mapping[str, Any], at: str) -> Fill:
    named = dict(_table(theirs, "properties"))
    required = theirs.get("required")
    unknown = [*named, *(map(str, required) if isinstance(required, list) else ())]
    foreign = next((name for name in unknown if name not in ours), None)
    if foreign is not None:
        raise ValueError(f"{at} asks for {foreign[:40]!r}, which no answer has; it has {_listed(ours)}")
    fills = {name: _filling(one, ours[name], defs, f"{at}.{name}") for name, one in named.items()}
    return lambda value: {name: fill(value.get(name)) for name, fill in fills.items()}


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names)
