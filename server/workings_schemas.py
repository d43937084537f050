"""What an explained answer holds beside the answer itself, in the names of `rag.wire`."""

from typing import Literal

from pydantic import Field

from rag.explain import Rule
from server.schemas import Reply


class RankerShare(Reply):
    """What a ranker said of a passage and added to its fused score; BM25's score by word of the question."""

    rank: int
    score: float
    added: float
    terms: dict[str, float]


class JudgedSentence(Reply):
    """A sentence at start:end of its document; the features add up to the score."""

    document_id: str
    start: int
    end: int
    score: float
    features: dict[str, float]


class FoundPassage(Reply):
    """Why a passage was found, what added up to `fused`; and its best sentence, which decides its place."""

    passage_id: str
    fused: float
    rankers: dict[str, RankerShare]
    best: JudgedSentence | None


class WithoutTerm(Reply):
    """Asked again without this word: the rank of the best quote among the reader's ten, or null."""

    term: str
    rank: int | None
    confidence: float


class RemovedQuote(JudgedSentence):
    """The quote that would have been the first, and the filters (or as_of) that shut it out."""

    quote: str
    by: tuple[str, ...]
    confidence: float


class DroppedQuote(Reply):
    """A sentence at start:end of its document that the reader offered, and the rule by which it is not shown."""

    document_id: str
    start: int
    end: int
    quote: str
    score: float
    rule: Rule


class Refusal(Reply):
    """Of the question, or of the first side of a comparison that was refused; `because` decided the code.

    Off_corpus and near_miss: the log odds `off_corpus`, which the other numbers but the confidence add up to, are above
    0 or not. Date_outside: the days asked about, and on which side of them the articles mention next to no year.
    """

    code: Literal["off_corpus", "near_miss", "date_outside", "filtered", "needs_judgement"]
    because: dict[str, float | str]


class Calibration(Reply):
    """How log odds became the confidence: the logistic function of them, and what such log odds came to on judged
    questions."""

    log_odds: float
    uncalibrated: float
    confidence: float


class Workings(Reply):
    """What each feature added: for every citation to its score, and to the log odds of the confidence.

    Summands add up within 1e-9. `evidence` is in the order of the answer's; `without` tells of the sentence `best`;
    `dropped` holds the reader's other quotes, best first.
    """

    quotes: tuple[dict[str, float], ...]
    confidence: dict[str, float]
    log_odds: float
    threshold: float
    evidence: tuple[FoundPassage, ...]
    best: JudgedSentence | None
    without: tuple[WithoutTerm, ...]
    removed: RemovedQuote | None = Field(description="null where nothing was filtered that would have come first")
    margin: float = Field(
        description="what scores this much below the best is dropped; definitions and timelines have more"
    )
    dropped: tuple[DroppedQuote, ...]
    refusal: Refusal | None = Field(description="null where all of it was answered")
    calibration: Calibration | None = Field(description="null where nothing was read")
