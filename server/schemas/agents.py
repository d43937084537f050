"""What the tools for agents take and give back; search and fetch keep the shapes that ChatGPT's connectors require.

Offsets are Unicode code points of the cleaned article, end exclusive; every url is absolute and never empty.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from server.schemas.ask import Phrasing, Reason
from server.schemas.base import Reply

Day = Annotated[str, Field(description="a day, YYYY-MM-DD", examples=["2025-03-01"])]
Url = Annotated[str, Field(min_length=1, description="where a reader finds it; cite this")]


class ArticleFilter(BaseModel):
    """Which articles are read; what is left out restricts nothing. Undated articles pass no date."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: list[str] = Field([], description="document ids, any of them")
    authors: list[str] = Field([], description="whole names, any of them")
    published_from: Day | None = None
    published_to: Day | None = None


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


class AskReply(Reply):
    """Answered with at least one citation, or abstained with a reason and the nearest passages."""

    question: str
    status: Literal["answered", "abstained"]
    text: str = Field(description="the answer; [n] refers to citations")
    citations: tuple[CitedQuote, ...]
    confidence: float = Field(ge=0, le=1, description="calibrated: the chance that the quoted answer is right")
    phrasing: Phrasing | None = Field(description="a language model's part in the text; null: all of it is quoted")
    reason: Reason | None = Field(description="why there is no answer")
    nearest: tuple[FetchedPassage, ...] = Field(
        description="where there is no answer: what comes closest, which is no answer"
    )
    follow_ups: tuple[str, ...]
    as_of: date | None
    index_version: str
