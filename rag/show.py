"""An answer and its hits as paragraphs for people: each quote by itself, then where it stands."""

from collections.abc import Callable, Iterator, Sequence

from index.console import Line
from index.records import Document, Hit
from index.wire import dated
from rag.answers import Answer, Citation

NEAREST = 3  # passages that are shown when nothing answers

DocumentOf = Callable[[str], Document]


def answer_lines(answer: Answer, document_of: DocumentOf, *, explain: bool = False) -> Iterator[Line]:
    """Words of the articles stand indented and in quotation marks; everything else is ours."""
    for segment in answer.segments:
        marked = "".join(f"[{marker}]" for marker in segment.citations)
        yield Line(f"“{segment.text}” {marked}", 2, "bold") if segment.kind == "quote" else Line(segment.text)
        yield Line()
    if answer.citations:
        yield Line("Sources", style="dim")
        for citation in answer.citations:
            yield from _source_lines(citation, document_of(citation.document_id))
    if answer.reason and answer.evidence:
        yield Line("Nearest passages", style="dim")
        yield Line()
        yield from hit_lines(answer.evidence[:NEAREST], document_of, explain=explain)
    if explain:
        yield from _why_lines(answer)


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


def _source_lines(citation: Citation, document: Document) -> Iterator[Line]:
    where = f"{citation.document_id}, characters {citation.start} to {citation.end}"
    yield Line(f"[{citation.marker}] {_named(document)}", 2)
    yield Line(f"{where} (in its file {citation.source_start} to {citation.source_end})", 6, "dim")


def _named(document: Document) -> str:
    title = f"{document.title} (title inferred)" if "title" in document.inferred else document.title
    return " · ".join(part for part in (title, document.author or document.publisher, dated(document)) if part)


def _why_lines(answer: Answer) -> Iterator[Line]:
    yield Line()
    yield Line(f"confidence {answer.confidence:.4f} · index {answer.index_version}", style="dim")
    for number, hit in enumerate(answer.evidence, start=1):
        yield Line(f"{number}. {hit.passage.id}: {_ranked(hit)}", 2, "dim")


def _ranked(hit: Hit) -> str:
    own = (f"{name} rank {rank} score {hit.scores[name]:.4f}" for name, rank in sorted(hit.ranks.items()))
    return " · ".join((*own, f"fused {hit.score:.4f}"))
