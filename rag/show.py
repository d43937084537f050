"""An answer and its hits as paragraphs for people: each quote by itself, then where it stands."""

from collections.abc import Callable, Iterator, Sequence

from index.console import Line
from index.records import Document, Hit
from index.wire import dated
from rag.answers import Answer, Citation, Phrasing, Segment
from rag.show_why import why_lines

NEAREST = 3  # passages that are shown when nothing answers
_STYLES = {"note": "", "conflict": "yellow", "comparison": "cyan"}

DocumentOf = Callable[[str], Document]


def answer_lines(answer: Answer, document_of: DocumentOf) -> Iterator[Line]:
    """Words of the articles stand indented and in quotation marks; everything else is ours."""
    if answer.standalone:
        yield Line(f"Understood as: {answer.standalone}", style="dim")
        yield Line()
    for segment in answer.segments:
        yield _segment_line(segment)
        yield Line()
    if answer.mode == "evidence":
        yield from _span_lines(answer, document_of)
    elif answer.citations:
        if answer.phrasing:
            yield Line(_phrased(answer.phrasing), style="dim")
            yield Line()
        yield Line("Sources", style="dim")
        quoted = {marker for segment in answer.segments if segment.kind == "quote" for marker in segment.citations}
        for citation in answer.citations:
            if citation.marker not in quoted:
                yield Line(f"“{citation.quote}” [{citation.marker}]", 2)
            yield from _source_lines(citation, document_of(citation.document_id))
    if answer.reason and answer.evidence and not answer.citations:
        yield Line("Nearest passages", style="dim")
        yield Line()
        yield from hit_lines(answer.evidence[:NEAREST], document_of, explain=bool(answer.explanation))
    if answer.explanation:
        yield from why_lines(answer, answer.explanation, document_of)


def _segment_line(segment: Segment) -> Line:
    marked = "".join(f"[{marker}]" for marker in segment.citations)
    if segment.kind == "quote":
        return Line(f"“{segment.text}” {marked}", 2, "bold")
    if segment.kind == "statement":
        return Line(f"{segment.text} {marked}", 2)
    return Line(segment.text, style=_STYLES[segment.kind])


def _phrased(phrasing: Phrasing) -> str:
    dropped = f"; {phrasing.dropped} of its sentences left out, as no quote bears them out" if phrasing.dropped else ""
    return f"Phrased by the language model {phrasing.model}{dropped}. The articles' own words stand below."


def hit_lines(hits: Sequence[Hit], document_of: DocumentOf, *, explain: bool = False) -> Iterator[Line]:
    """Passages, best first."""
    for number, hit in enumerate(hits, start=1):
        if number > 1:
            yield Line()
        yield Line(f"{number}. {_named(document_of(hit.passage.document_id))}", style="cyan")
        yield Line(f"{hit.passage.document_id}, characters {hit.passage.start} to {hit.passage.end}", 3, "dim")
        if explain:
            yield Line(_ranked(hit), 3, "dim")
        yield Line(" ".join(hit.passage.text.split()), 3)


def _span_lines(answer: Answer, document_of: DocumentOf) -> Iterator[Line]:
    """Each quote with its source; what they are worth is said first."""
    sure = f"not enough to answer ({answer.reason.code})" if answer.reason else "enough to answer"
    yield Line(f"confidence {answer.confidence:.4f}: {sure}", style="dim")
    yield Line()
    for citation in answer.citations:
        yield Line(f"“{citation.quote}” [{citation.marker}]", 2, "bold")
        yield from _source_lines(citation, document_of(citation.document_id))
        yield Line()


def _source_lines(citation: Citation, document: Document) -> Iterator[Line]:
    where = f"{citation.document_id}, characters {citation.start} to {citation.end}"
    yield Line(f"[{citation.marker}] {_named(document)}", 2)
    yield Line(f"{where} (in its file {citation.source_start} to {citation.source_end})", 6, "dim")


def _named(document: Document) -> str:
    title = f"{document.title} (title inferred)" if "title" in document.inferred else document.title
    return " · ".join(part for part in (title, document.author or document.publisher, dated(document)) if part)


def _ranked(hit: Hit) -> str:
    own = (f"{name} rank {rank} score {hit.scores[name]:.4f}" for name, rank in sorted(hit.ranks.items()))
    return " · ".join((*own, f"fused {hit.score:.4f}"))
