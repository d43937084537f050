"""An answer and its hits as paragraphs for people: each quote by itself, then where it stands."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from index.console import Line
from index.records import Document, Hit
from index.wire import dated
from rag.answers import Answer, Citation

NEAREST = 3  # passages that are shown when nothing answers
_STYLES = {"note": "", "conflict": "yellow", "comparison": "cyan"}
_MOST_FEATURES = 6

DocumentOf = Callable[[str], Document]


def answer_lines(answer: Answer, document_of: DocumentOf, *, explain: bool = False) -> Iterator[Line]:
    """Words of the articles stand indented and in quotation marks; everything else is ours."""
    if answer.standalone:
        yield Line(f"Understood as: {answer.standalone}", style="dim")
        yield Line()
    for segment in answer.segments:
        marked = "".join(f"[{marker}]" for marker in segment.citations)
        quoted = segment.kind == "quote"
        yield (
            Line(f"“{segment.text}” {marked}", 2, "bold") if quoted else Line(segment.text, style=_STYLES[segment.kind])
        )
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
    workings = answer.workings
    yield Line(f"confidence {answer.confidence:.4f}, answered from {workings.threshold:.4f} on", style="dim")
    yield Line(_added(workings.confidence), 2, "dim")
    for marker, contributions in enumerate(workings.quotes, start=1):
        yield Line(f"[{marker}] score {sum(contributions.values()):.4f}: {_added(contributions)}", 2, "dim")
    if answer.policy:
        policy = answer.policy.policy
        certified = f"at most {policy.risk:.0%} of answers wrong, certified at {policy.level:.0%} on {policy.set_name}"
        yield Line(f"{certified} ({policy.questions} questions)", style="dim")
    yield Line(f"index {answer.index_version}", style="dim")
    for number, hit in enumerate(answer.evidence, start=1):
        yield Line(f"{number}. {hit.passage.id}: {_ranked(hit)}", 2, "dim")


def _added(contributions: Mapping[str, float]) -> str:
    """The features that added or took most."""
    most = sorted(contributions.items(), key=lambda item: (-abs(item[1]), item[0]))
    shown = " ".join(f"{name} {value:+.2f}" for name, value in most[:_MOST_FEATURES] if value)
    rest = sum(value for _, value in most[_MOST_FEATURES:])
    return f"{shown} others {rest:+.2f}" if rest else shown


def _ranked(hit: Hit) -> str:
    own = (f"{name} rank {rank} score {hit.scores[name]:.4f}" for name, rank in sorted(hit.ranks.items()))
    return " · ".join((*own, f"fused {hit.score:.4f}"))
