"""Citations → the short text of an answer. All our own words stand in templates/; jinja2 is at home here."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from index.records import Document
from rag.answers import Citation, Segment


def compose(citations: Sequence[Citation]) -> tuple[Segment, ...]:
    """A note that names article and date, then the quote with its marker, for each citation in order."""
    segments: list[Segment] = []
    for n, citation in enumerate(citations):
        same = n > 0 and citations[n - 1].document_id == citation.document_id
        inferred = "published" in citation.inferred
        words = _say().lead(citation.title, citation.published, inferred, citation.author, n == 0, same)
        segments.append(Segment("note", str(words), ()))
        segments.append(Segment("quote", citation.quote, (citation.marker,)))
    return tuple(segments)


def text_of(segments: Sequence[Segment]) -> str:
    """The segments as one plain text: quotes in quotation marks with [n] behind them, a line each."""
    lines: list[str] = []
    for segment in segments:
        if segment.kind == "quote" and lines:
            lines[-1] += f" {_say().quote(segment.text, segment.citations)}"
        else:
            lines.append(segment.text)
    return "\n".join(lines)


def abstention(missing: Sequence[str], nearest: Sequence[Document]) -> Segment:
    """What is said when the articles do not say; it names the nearest articles and claims nothing."""
    named = [_say().article(d.title, d.published, "published" in d.inferred) for d in nearest]
    return Segment("note", str(_say().abstained(missing, named)), ())


@cache
def _say() -> Any:
    """The macros of the English template."""
    environment = Environment(loader=PackageLoader("rag"), undefined=StrictUndefined, autoescape=False)
    environment.filters["quoted"] = lambda word: f"“{word}”"
    return environment.get_template("en.j2").module
