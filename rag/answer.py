"""The records of answering: what a reader found, what is cited, what is said.

No clock and no random id: the same question on the same index version gives the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

from index.records import Hit, Passage, Span
from rag.policy import InForce
from rag.question.analysis import Query

# What an explanation holds: the summands of every score, and what would have been otherwise. Records only.
# Nothing here is rounded, so that summands add up to their score within 1e-9.

Mode = Literal["answer", "evidence"]
Because = Mapping[str, float | str]
Rule = Literal[
    "refused", "margin", "small_print", "same_words", "other_row", "adds_nothing", "off_subject", "untimed",
    "not_in_conflict", "not_defining", "not_comparable", "max_quotes", "within",
]  # fmt: skip
RULES: Mapping[Rule, str] = MappingProxyType(
    {
        "refused": "the question is refused, so nothing is quoted",
        "margin": "scores too far below the best quote",
        "small_print": "what publishers print below an article",
        "same_words": "a better quote says the same in the same words",
        "other_row": "another row of the same table, or what is said of the code that is asked for, answers better",
        "adds_nothing": "by the reading model it does not answer too, or far less surely than the first",
        "off_subject": "stands in another article than the best of a course of events",
        "untimed": "names no time, where a course of events is told",
        "not_in_conflict": "is none of the statements that differ",
        "not_defining": "another quote defines what is asked about, or does so better",
        "not_comparable": "answers another question than its side of the comparison",
        "max_quotes": "as many quotes as may be shown come before it",
        "within": "stands within another quote that is shown",
    }
)  # why a quote that the reader offered is not shown

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "off_corpus": "the question is about none of the articles' subjects",
        "near_miss": "the articles are about this, but do not say it",
        "date_outside": "the articles do not reach the time that is asked about",
        "filtered": "what answers it was shut out by a filter or a day",
        "needs_judgement": "it asks for an opinion, a forecast or a calculation",
    }
)  # why a question is refused


@dataclass(frozen=True, slots=True)
class Share:
    """What one ranker said of a passage, and what that added to the score by which the passage was found."""

    rank: int  # 1-based
    score: float  # the ranker's own
    added: float  # to the fused score
    terms: Mapping[str, float]  # what each word of the question adds to a BM25 score; empty for other rankers


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """A sentence as the reader judged it, start:end in its document."""

    document_id: str
    start: int
    end: int
    score: float
    features: Mapping[str, float]  # they add up to the score


@dataclass(frozen=True, slots=True)
class FoundBy:
    """Why a passage was found, and why it stands where it is shown."""

    passage_id: str
    fused: float
    shares: Mapping[str, Share]  # by ranker
    best: SentenceScore | None  # decides the place; None where the reader read nothing of the passage


@dataclass(frozen=True, slots=True)
class Without:
    """The question was read again without this word."""

    term: str  # as it stands in the question
    rank: int | None  # of the first quote; None: not among the reader's best
    confidence: float


@dataclass(frozen=True, slots=True)
class Removed:
    """The quote that would have been the first without filters, and which of them shut it out."""

    best: SentenceScore
    quote: str
    by: tuple[str, ...]  # names of filters, or as_of
    confidence: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """Of the question, or of the first side of a comparison that was refused.

    `because` is what decided the code: always the confidence; then the log odds that nothing of the kind is in the
    articles with their summands, or the time asked about with the years that the articles mention, or the words that
    ask for a judgement, or what a filter shut out.
    """

    code: str
    because: Because


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the log odds became the confidence."""

    log_odds: float
    uncalibrated: float  # the logistic function of them
    confidence: float  # what such log odds came to on judged questions; not rounded


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of one answer; `without` tells of the reader's best quote."""

    found: tuple[FoundBy, ...]  # one for each passage of the evidence, in its order
    best: SentenceScore | None
    without: tuple[Without, ...]
    removed: Removed | None
    log_odds: float  # what the features of the confidence add up to
    calibration: Calibration | None  # None where nothing was read
    refusal: Refusal | None  # None where all of it was answered


Status = Literal["answered", "abstained", "guided"]
Kind = Literal["quote", "statement", "note", "conflict", "comparison", "question", "about"]
ReasonCode = Literal["off_corpus", "near_miss", "date_outside", "filtered", "needs_judgement"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence or clause that stands in the passage's document at start:end (cleaned code points)."""

    passage: Passage
    start: int
    end: int
    score: float  # the reader's own, higher is better
    contributions: Mapping[str, float] = field(default_factory=dict)  # by feature; they add up to the score
    gap: float | None = None  # how far the reading model puts it ahead of no answer; None where no model reads
    answer: Span | None = None  # the words of it that answer, in document offsets, where a model found any

    @property
    def place(self) -> tuple[str, int, int]:
        """Its document's id, and where it stands there."""
        return self.passage.document_id, self.start, self.end

    @property
    def words(self) -> str:
        """Its own, before it is widened."""
        return self.passage.said(self.start, self.end)

    @property
    def likeness(self) -> float:
        """How well it fits the question's words: its score less what the reading model added."""
        return self.score - self.contributions.get("reading", 0.0)


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
    by_words: str = ""  # ISO 639-1 code of the language, where only words were compared; "" where meaning was, too


@dataclass(frozen=True, slots=True)
class Frame:
    """What the quotes of an answer are together: plain; statements that differ; moments of a course of events; an
    article's key sentences."""

    kind: Literal["plain", "conflict", "timeline", "summary"] = "plain"
    differs: Literal["number", "date", "negation"] = "number"  # of a conflict
    copies: int = 0  # of a conflict: articles beyond those quoted that say the same as one of them
    moments: tuple[str, ...] = ()  # of a timeline: the time that each quote speaks of, "" where none is known


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """The words of a quote that answer: `document.text[start:end] == text`, and source_start:source_end clean to it."""

    text: str
    start: int
    end: int
    source_start: int
    source_end: int


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
    page: int | None = None  # of the file, where it begins; None where the file has no pages
    answer: ShortAnswer | None = None  # within the quote; None where no few words of it answer
    twins: tuple[str, ...] = ()  # ids of nearly equal documents that say the quote, too; this one is searched for them

    @property
    def pieces(self) -> tuple[str, str, str]:
        """The quote as what stands before the words that answer, they themselves, and what stands behind them."""
        if self.answer is None:
            return self.quote, "", ""
        begin, stop = self.answer.start - self.start, self.answer.end - self.start
        return self.quote[:begin], self.quote[begin:stop], self.quote[stop:]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the answer's text: a quote with its markers, a note in our own words that claims nothing, a statement
    of a language model, which the quotes of its markers bear out, or what is known about an article beside its text."""

    kind: Kind
    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no answer, and which names, numbers, dates or words of the question the articles do not hold."""

    code: ReasonCode
    missing: tuple[str, ...]  # occur nowhere
    apart: tuple[str, ...] = ()  # occur, but never together
    because: Because = field(default_factory=dict, compare=False)  # what decided the code; only an explanation shows it


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
    # What is this much less like the question than the likest is not shown; for definitions and timelines more.
    margin: float = 0.0
    dropped: tuple[Dropped, ...] = ()  # of what the reader offered, all that is not shown; best first


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was asked, what the articles say. answered ⇒ at least one citation; abstained ⇒ reason, no citation.

    guided: no question to the articles' text; small talk, without citations, or what is known about the articles, each
    cited where it begins. Neither has evidence, and its confidence means nothing.

    With statements, the citations are those of the same answer in quotes.

    In mode evidence nothing is said, and the best quotes are cited also where it abstains.
    """

    id: str = ""  # "" until all of it is known
    question: str
    status: Status
    text: str
    segments: tuple[Segment, ...]
    citations: tuple[Citation, ...]
    evidence: tuple[Hit, ...] = ()
    confidence: float
    reason: Reason | None = None
    follow_ups: tuple[str, ...] = ()
    index_version: str
    standalone: str = ""  # the question as it was read, where that is not as it was typed; else ""
    as_of: date | None  # articles published later were not read
    policy: InForce | None  # whose threshold decided, where a maintainer had one certified
    workings: Workings
    mode: Mode = "answer"
    explanation: Explanation | None = None  # where it was asked for
    phrasing: Phrasing | None = None  # None where no model spoke, or nothing of what it said was borne out


CONFIDENCE_DIGITS = 4  # as it is shown and compared with the threshold


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """The answer to one question, or to one side of a comparison: quotes, or a reason why there are none."""

    label: str  # of the side; else ""
    query: Query
    reading: Reading
    quotes: tuple[Quote, ...]
    frame: Frame
    reason: Reason | None
    dropped: tuple[Dropped, ...]  # of the reading's quotes, all that are not said
    question: str = ""  # the one of several that it answers, or begins to answer


PLAIN = Frame()
