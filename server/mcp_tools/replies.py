"""What was found, as the tools for agents give it; and what the ids that they give mean.

`article` is an article from its beginning, `article@40000` from that code point on, `article#7` a passage and what
stands near it. So one text says what to read, which is all that the connectors of chat clients can send.
"""

from urllib.parse import quote as percent

from index.errors import NotFound
from index.records import Document, Hit, Passage, Span
from index.search import Index
from rag.answer import Answer, Citation
from server.schemas.agents import ArticleAbout, AskReply, CitedQuote, Fetched, FetchedPassage
from server.schemas.ask import Phrasing, Reason

MOST_CHARS = 40_000  # of an article in one reply, about 10,000 tokens; clients cut or refuse more
AROUND_CHARS = 8_000  # given with a passage
NEAREST = 3


def found(hit: Hit, index: Index, base: str) -> FetchedPassage:
    """A passage, under an address below `base` where the article has none of its own."""
    passage, document = hit.passage, index.document(hit.passage.document_id)
    return FetchedPassage(
        id=passage.id,
        title=document.title,
        url=address(document, base, Span(passage.start, passage.end)),
        snippet=passage.text,
        document_id=document.id,
        author=document.author,
        published=document.published,
        inferred=document.inferred,
        start=passage.start,
        end=passage.end,
    )


def fetched(index: Index, name: str, base: str) -> Fetched:
    """What an id means. Raises NotFound."""
    document, span = part(index, name)
    text = document.text[span.start : span.end]
    url = address(document, base, None if text == document.text else span)
    return Fetched(id=name, title=document.title, text=text, url=url, metadata=_about(document, span, index.version))


def asked(answer: Answer, index: Index, base: str) -> AskReply:
    """An answer, with what comes nearest where there is none."""
    reason, phrasing = answer.reason, answer.phrasing
    nearest = answer.evidence[:NEAREST] if reason else ()
    return AskReply(
        question=answer.question,
        status=answer.status,
        text=answer.text,
        citations=tuple(_cited(one, index, base) for one in answer.citations),
        confidence=answer.confidence,
        phrasing=Phrasing(model=phrasing.model, dropped=phrasing.dropped) if phrasing else None,
        reason=Reason(code=reason.code, missing=reason.missing, apart=reason.apart) if reason else None,
        nearest=tuple(found(hit, index, base) for hit in nearest),
        follow_ups=answer.follow_ups,
        as_of=answer.as_of,
        index_version=answer.index_version,
    )


def part(index: Index, name: str) -> tuple[Document, Span]:
    """The document that an id means, and which piece of its text. Raises NotFound."""
    whole = _document(index, name)
    if whole:
        return whole, _from(whole, 0)
    at = max(name.rfind("#"), name.rfind("@"))
    document = _document(index, name[: max(at, 0)])
    span = _piece(index, document, name[at], name[at + 1 :]) if document else None
    if document is None or span is None:
        raise NotFound(f"no article or passage has the id {name[:200]!r}; fetch takes ids that search gave")
    return document, span


def address(document: Document, base: str, span: Span | None = None) -> str:
    """The article's own, where it has one; else its page on this server, with the span marked."""
    if document.url.startswith(("https://", "http://")):
        return document.url
    page = f"{base}/documents/{percent(document.id, safe='')}"
    return f"{page}#{span.start}-{span.end}" if span else page


def _document(index: Index, document_id: str) -> Document | None:
    try:
        return index.document(document_id)
    except NotFound:
        return None


def _piece(index: Index, document: Document, mark: str, number: str) -> Span | None:
    """Of `#7` or `@40000`; None for one that the article does not have."""
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        return None
    if mark == "@":
        return _from(document, int(number)) if int(number) < len(document.text) else None
    passages = index.passages(document.id)
    passage = next((one for one in passages if one.ordinal == int(number)), None)
    return _around(passage, passages, len(document.text)) if passage else None


def _from(document: Document, start: int) -> Span:
    return Span(start, min(start + MOST_CHARS, len(document.text)))


def _around(passage: Passage, passages: list[Passage], characters: int) -> Span:
    """Whole passages before and after it, or the whole article where that is not more."""
    begin = max(0, min((passage.start + passage.end - AROUND_CHARS) // 2, characters - AROUND_CHARS))
    end = begin + AROUND_CHARS
    near = [one for one in passages if begin <= one.start and one.end <= end] or [passage]
    return Span(near[0].start if begin else 0, near[-1].end if end < characters else characters)


def _about(document: Document, span: Span, version: str) -> ArticleAbout:
    return ArticleAbout(
        document_id=document.id,
        author=document.author,
        publisher=document.publisher,
        published=document.published,
        inferred=document.inferred,
        language=document.language,
        characters=len(document.text),
        start=span.start,
        end=span.end,
        next_id=f"{document.id}@{span.end}" if span.end < len(document.text) else None,
        index_version=version,
    )


def _cited(citation: Citation, index: Index, base: str) -> CitedQuote:
    document = index.document(citation.document_id)
    return CitedQuote(
        marker=citation.marker,
        quote=citation.quote,
        title=citation.title,
        url=address(document, base, Span(citation.start, citation.end)),
        id=citation.passage_id,
        document_id=citation.document_id,
        author=citation.author,
        published=citation.published,
        inferred=citation.inferred,
        start=citation.start,
        end=citation.end,
        source_start=citation.source_start,
        source_end=citation.source_end,
    )
