"""What an explanation holds: the summands of every score, and what would have been otherwise. Records only.

Nothing here is rounded, so that summands add up to their score within 1e-9.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Rule = Literal[
    "refused",
    "margin",
    "small_print",
    "same_words",
    "off_subject",
    "untimed",
    "not_in_conflict",
    "not_defining",
    "max_quotes",
    "within",
]
RULES: Mapping[Rule, str] = MappingProxyType(
    {
        "refused": "the question is refused, so nothing is quoted",
        "margin": "scores too far below the best quote",
        "small_print": "what publishers print below an article",
        "same_words": "a better quote says the same in the same words",
        "off_subject": "does not speak of what is asked to have developed",
        "untimed": "names no time, where a course of events is told",
        "not_in_conflict": "is none of the statements that differ",
        "not_defining": "another quote defines what is asked about, or does so better",
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
class Sentence:
    """A sentence as the reader judged it, start:end in its document."""

    document_id: str
    start: int
    end: int
    score: float
    features: Mapping[str, float]  # they add up to the score


@dataclass(frozen=True, slots=True)
class Found:
    """Why a passage was found, and why it stands where it is shown."""

    passage_id: str
    fused: float
    shares: Mapping[str, Share]  # by ranker
    best: Sentence | None  # decides the place; None where the reader read nothing of the passage


@dataclass(frozen=True, slots=True)
class Without:
    """The question was read again without this word."""

    term: str  # as it stands in the question
    rank: int | None  # of the first quote; None: not among the reader's best
    confidence: float


@dataclass(frozen=True, slots=True)
class Removed:
    """The quote that would have been the first without filters, and which of them shut it out."""

    best: Sentence
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
    because: Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the log odds became the confidence."""

    log_odds: float
    uncalibrated: float  # the logistic function of them
    confidence: float  # what such log odds came to on judged questions; not rounded


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of one answer; `without` tells of the reader's best quote."""

    found: tuple[Found, ...]  # one for each passage of the evidence, in its order
    best: Sentence | None
    without: tuple[Without, ...]
    removed: Removed | None
    log_odds: float  # what the features of the confidence add up to
    calibration: Calibration | None  # None where nothing was read
    refusal: Refusal | None  # None where all of it was answered
