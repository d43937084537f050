"""The records of answering: what a reader found, what is cited, what is said.

No clock and no random id: the same question on the same index version gives the same bytes.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from index.records import Hit, Passage

Status = Literal["answered", "abstained"]
Kind = Literal["quote", "note", "conflict", "comparison"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence or clause that stands in the passage's document at start:end (cleaned code points)."""

    passage: Passage
    start: int
    end: int
    score: float  # the reader's own, higher is better


@dataclass(frozen=True, slots=True)
class Reading:
    """Quotes best first, the hits in the reader's order, and how sure it is that the articles answer."""

    quotes: tuple[Quote, ...]
    hits: tuple[Hit, ...]
    confidence: float  # 0..1, higher is surer; not yet calibrated as a probability


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a quote stands: `document.text[start:end] == quote`, and source_start:source_end clean to it."""

    marker: int  # 1-based, as in the answer's text
    document_id: str
    passage_id: str
    title: str
    author: str
    published: date | None
    inferred: tuple[str, ...]
    url: str
    quote: str
    start: int
    end: int
    source_start: int
    source_end: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the answer's text: a quote with its markers, or a note in our own words that claims nothing."""

    kind: Kind
    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no answer, and which words of the question occur nowhere."""

    code: Literal["off_corpus", "near_miss", "date_outside", "filtered", "needs_judgement"]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, what the articles say. answered ⇒ at least one citation; abstained ⇒ reason, no citation."""

    id: str
    question: str
    status: Status
    text: str
    segments: tuple[Segment, ...]
    citations: tuple[Citation, ...]
    evidence: tuple[Hit, ...]
    confidence: float
    reason: Reason | None
    follow_ups: tuple[str, ...]
    index_version: str
