"""The records of answering: what a reader found, what is cited, what is said.

No clock and no random id: the same question on the same index version gives the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from index.records import Hit, Passage
from rag.explain import Explanation, Rule
from rag.policy import InForce

Mode = Literal["answer", "evidence"]
Status = Literal["answered", "abstained"]
Kind = Literal["quote", "statement", "note", "conflict", "comparison"]
ReasonCode = Literal["off_corpus", "near_miss", "date_outside", "filtered", "needs_judgement"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence or clause that stands in the passage's document at start:end (cleaned code points)."""

    passage: Passage
    start: int
    end: int
    score: float  # the reader's own, higher is better
    contributions: Mapping[str, float] = field(default_factory=dict)  # by feature; they add up to the score


@dataclass(frozen=True, slots=True)
class Dropped:
    """A quote that a reader offered, as it picked it, and the rule by which it is not shown."""

    quote: Quote
    rule: Rule


@dataclass(frozen=True, slots=True)
class Reading:
    """Quotes best first, the hits in the reader's order, and how sure it is that the articles answer."""

    quotes: tuple[Quote, ...]
    hits: tuple[Hit, ...]
    confidence: float  # 0..1, calibrated: the chance that the quoted answer is right
    contributions: Mapping[str, float] = field(default_factory=dict)  # by feature; log odds before calibration
    best: Mapping[int, Quote] = field(default_factory=dict)  # by row of a hit: its best sentence


@dataclass(frozen=True, slots=True)
class Frame:
    """What the quotes of an answer are together: plain; statements that differ; moments of a course of events."""

    kind: Literal["plain", "conflict", "timeline"] = "plain"
    differs: Literal["number", "date", "negation"] = "number"  # of a conflict
    copies: int = 0  # of a conflict: articles beyond those quoted that say the same as one of them
    moments: tuple[str, ...] = ()  # of a timeline: the time that each quote speaks of, "" where none is known


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
    """A piece of the answer's text: a quote with its markers, a note in our own words that claims nothing, or a
    statement of a language model, which the quotes of its markers bear out."""

    kind: Kind
    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no answer, and which names, numbers, dates or words of the question the articles do not hold."""

    code: ReasonCode
    missing: tuple[str, ...]  # occur nowhere
    apart: tuple[str, ...] = ()  # occur, but never together


@dataclass(frozen=True, slots=True)
class Phrasing:
    """The language model that wrote the statements, and how many of its sentences no quote bore out."""

    model: str
    dropped: int


@dataclass(frozen=True, slots=True)
class Workings:
    """Why: what each feature added, for `--explain`. The sums are the quotes' scores and the confidence's log odds."""

    quotes: tuple[Mapping[str, float], ...]  # one for each citation, by feature
    confidence: Mapping[str, float]
    threshold: float
    margin: float = 0.0  # what scores this much less than the best is not shown; for definitions and timelines more
    dropped: tuple[Dropped, ...] = ()  # of what the reader offered, all that is not shown; best first


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, what the articles say. answered ⇒ at least one citation; abstained ⇒ reason, no citation.

    With statements, the citations are those of the same answer in quotes.

    In mode evidence nothing is said, and the best quotes are cited also where it abstains.
    """

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
    standalone: str  # the question as it was read, where that is not as it was typed; else ""
    as_of: date | None  # articles published later were not read
    policy: InForce | None  # whose threshold decided, where a maintainer had one certified
    workings: Workings
    mode: Mode = "answer"
    explanation: Explanation | None = None  # where it was asked for
    phrasing: Phrasing | None = None  # None where no model spoke, or nothing of what it said was borne out
