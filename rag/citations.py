"""Quotes → citations, each checked against its document when made. One that fails is a bug and is never shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote as percent

from index.records import Document, Span, to_clean, to_source
from index.text.twins import words_of
from rag.answer import Citation, Quote, ShortAnswer


def cite(
    quotes: Sequence[Quote],
    document_of: Callable[[str], Document],
    twins_of: Callable[[str], Sequence[str]] = lambda _: (),
) -> tuple[Citation, ...]:
    """Markers count from 1 in the order given. Raises AssertionError for a quote that is not in its document."""
    found: list[Citation] = []
    for marker, quote in enumerate(quotes, start=1):
        made = _citation(marker, quote, document_of(quote.passage.document_id))
        said = f" {words_of(made.quote)} "
        twins = (name for name in twins_of(made.document_id) if said in f" {words_of(document_of(name).text)} ")
        found.append(replace(made, twins=tuple(twins)))
    return tuple(found)


def _citation(marker: int, quote: Quote, document: Document) -> Citation:
    span = Span(quote.start, quote.end)
    words = document.text[max(span.start, 0) : span.end]  # a widened quote may begin in the passage before
    whole = Span(quote.passage.start, quote.passage.end)
    problem = _not_verbatim(marker, words, document, span) or _not_verbatim(marker, quote.passage.text, document, whole)
    if problem:  # the passage was made of another text
        raise AssertionError(problem)
    source = to_source(document, span)
    citation = Citation(
        marker=marker, document_id=document.id, passage_id=quote.passage.id, title=document.title,
        author=document.author, published=document.published, inferred=document.inferred,
        url=article_url(document.id, span), quote=words, start=quote.start, end=quote.end, source_start=source.start,
        source_end=source.end, page=document.page_at(span.start), answer=_short(quote, document),
    )  # fmt: skip
    if problem := fault(citation, document):
        raise AssertionError(problem)
    return citation


def _short(quote: Quote, document: Document) -> ShortAnswer | None:
    """None, too, where the words reach beyond the quote, or come from no one place of the source."""
    words = quote.answer
    if words is None or not quote.start <= words.start < words.end <= quote.end:
        return None
    source = to_source(document, words)
    if to_clean(document, source) != words:
        return None
    return ShortAnswer(document.text[words.start : words.end], *words, *source)


def fault(citation: Citation, document: Document) -> str:
    """Why the citation is not true of the document, or ""."""
    span = Span(citation.start, citation.end)
    if citation.document_id != document.id:
        return f"[{citation.marker}] is of document '{citation.document_id}', not of '{document.id}'"
    if problem := _not_verbatim(citation.marker, citation.quote, document, span):
        return problem
    if to_clean(document, Span(citation.source_start, citation.source_end)) != span:
        return f"[{citation.marker}] does not come from {citation.source_start}:{citation.source_end} of the source"
    if citation.page != document.page_at(citation.start):
        return f"[{citation.marker}] does not stand on page {citation.page}"
    return ""


def _not_verbatim(marker: int, words: str, document: Document, span: Span) -> str:
    if not words.strip() or len(words) != span.end - span.start or document.text[span.start : span.end] != words:
        return f"[{marker}] is not verbatim in document '{document.id}' at {span.start}:{span.end}"
    return ""


def article_url(document_id: str, span: Span) -> str:
    """Where this server shows the article with the span marked."""
    return f"/documents/{percent(document_id, safe='')}#{span.start}-{span.end}"
