"""What the tools for agents give: passages, articles and answers; and what the ids that they give mean.

Search and fetch keep the shapes that ChatGPT's connectors require. Offsets are Unicode code points of the cleaned
article, end exclusive; every url is absolute and never empty. `article` is an article from its beginning,
`article@40000` from that code point on, `article#7` a passage and what stands near it. So one text says what to read,
which is all that the connectors of chat clients can send.
"""

from datetime import date
from typing import Annotated
from urllib.parse import quote as percent

from pydantic import Field

from index.errors import NotFound
from index.records import Document, Hit, Passage, Span, plain
from index.search import Index
from rag.answer import Answer, Citation, Status
from rag.answer_json import reason_fields, shown_confidence
from server.openai.cited_text import cited_text
from server.schemas.ask import Phrasing, Reason
from server.schemas.base import Reply, ShortAnswer

MOST_CHARS = 40_000  # of an article in one reply, about 10,000 tokens; clients cut or refuse more
AROUND_CHARS = 8_000  # given with a passage
NEAREST = 3
_TOLD = ("question", "status", "phrasing", "follow_ups", "as_of", "index_version")

Url = Annotated[str, Field(min_length=1, description="where a reader finds it; cite this")]


class FetchedPassage(Reply):
    """A passage; `fetch` takes its id, or `document_id` for the whole article."""

    id: str
    title: str
    url: Url
    snippet: str = Field(description="the passage, verbatim: the article's text[start:end]")
    document_id: str
    author: str
    published: date | None
    inferred: tuple[str, ...] = Field(description="of title, author, publisher and date: what stands nowhere in it")
    start: int
    end: int


class SearchResults(Reply):
    """Passages, best first."""

    results: tuple[FetchedPassage, ...]


class ArticleAbout(Reply):
    """What is known of an article, and which part of it this is."""

    document_id: str
    author: str
    publisher: str
    published: date | None
    inferred: tuple[str, ...] = Field(description="of title, author, publisher and date: what stands nowhere in it")
    language: str
    characters: int = Field(description="of the whole article")
    start: int = Field(description="where the text given here begins in the article")
    end: int
    next_id: str | None = Field(description="fetch this to read on; null where the article ends")
    index_version: str


class Fetched(Reply):
    """An article, or a passage of it with what stands around it; `text` is the article's text[start:end], verbatim."""

    id: str
    title: str
    text: str
    url: Url
    metadata: ArticleAbout


class CitedQuote(Reply):
    """A verbatim quote: the article's text[start:end]; source_start:source_end is its place in the original file."""

    marker: int = Field(description="n of [n] in the answer's text")
    quote: str
    title: str
    url: Url
    id: str = Field(description="of the passage, for fetch")
    document_id: str
    author: str
    published: date | None
    inferred: tuple[str, ...] = Field(description="of title, author, publisher and date: what stands nowhere in it")
    start: int
    end: int
    source_start: int
    source_end: int
    page: int | None = Field(None, description="of a file with pages, where the quote begins")
    answer: ShortAnswer | None = Field(description="the words of the quote that answer; null where no few words do")
    twins: tuple[str, ...] = Field((), description="ids of nearly equal articles that say the quote, too")


class AskReply(Reply):
    """Answered with at least one citation, or abstained with a reason and the nearest passages.

    Guided where nothing of the articles' text is asked: what is known about the articles, or how to go on.
    """

    question: str
    status: Status
    text: str = Field(description="the answer in Markdown, its few words bold; [n] refers to citations")
    citations: tuple[CitedQuote, ...]
    confidence: float | None = Field(
        ge=0, le=1, description="calibrated: the chance that the quoted answer is right; null where guided"
    )
    phrasing: Phrasing | None = Field(description="a language model's part in the text; null: all of it is quoted")
    reason: Reason | None = Field(description="why there is no answer")
    nearest: tuple[FetchedPassage, ...] = Field(
        description="where there is no answer: what comes closest, which is no answer"
    )
    follow_ups: tuple[str, ...]
    as_of: date | None
    index_version: str


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
    told = {name: plain(getattr(answer, name)) for name in _TOLD} | {"reason": reason_fields(answer.reason)}
    told["text"] = cited_text(answer).text
    nearest = answer.evidence[:NEAREST] if answer.reason else ()
    return AskReply(
        **told,
        confidence=shown_confidence(answer),
        citations=tuple(_cited(one, index, base) for one in answer.citations),
        nearest=tuple(found(hit, index, base) for hit in nearest),
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
    fields = plain(citation)
    passage_id = fields.pop("passage_id")
    url = address(index.document(citation.document_id), base, Span(citation.start, citation.end))
    return CitedQuote(**{**fields, "id": passage_id, "url": url})
