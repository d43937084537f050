"""What an explanation holds: the summands of every score, and what would have been otherwise. Records only.

Nothing here is rounded, so that summands add up to their score within 1e-9.
"""

from collections.abc import Mapping
from dataclasses import dataclass


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
class Explanation:
    """Of one answer; `without` tells of the reader's best quote."""

    found: tuple[Found, ...]  # one for each passage of the evidence, in its order
    best: Sentence | None
    without: tuple[Without, ...]
    removed: Removed | None
    log_odds: float  # what the features of the confidence add up to
