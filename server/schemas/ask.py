"""What a question over HTTP may hold, and what an answer holds, in the names of `rag.answer_json`."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from rag.answer import Kind, Mode, ReasonCode, Rule, Status
from server.schemas.base import Citation, DocumentId, IsoDate, Limit, Line, Reply, Request, Text

# What an explained answer holds beside the answer itself, in the names of `rag.answer_json`.


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
    """Why a passage was found, what added up to `fused`; and its best sentence, a twentieth of whose score moves it."""

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

    code: ReasonCode
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


class Filters(Request):
    """Which articles are read; what is left out restricts nothing. Undated articles pass no date."""

    documents: Annotated[tuple[DocumentId, ...], Field(strict=False)] = ()  # else a JSON list is no tuple
    authors: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    published_from: IsoDate | None = None
    published_to: IsoDate | None = None


class Message(Request):
    """A turn before the question, as chat clients keep them."""

    role: Literal["user", "assistant", "system"]
    content: Text


class Question(Request):
    """A question, how many passages to return, and which articles it is asked of."""

    question: str = Field(examples=["Which sectors gained from preferential access under the USMCA?"])
    limit: Limit | None = Field(None, examples=[5])
    filters: Filters = Filters()
    as_of: IsoDate | None = Field(None, description="answer as if articles published later did not exist")
    explain: bool = Field(False, description="add scores and what each feature contributed")


class Search(Question):
    """A search for passages: the order of both rankers together, or of what they and the best sentences say."""

    read: bool = Field(False, description="in the order of an answer's evidence, with its scores; takes longer")


class Ask(Question):
    """A question with the turns before it, oldest first; `limit` is of the passages that come with the answer.

    Mode evidence says nothing itself: `citations` are then the best quotes, about ten at most, also where the status is
    abstained.
    """

    history: Annotated[tuple[Message, ...], Field(strict=False, max_length=100)] = ()
    mode: Mode = "answer"
    stream: bool = Field(False, description="as server-sent events; the answer is the same")


class Segment(Reply):
    """A piece of the answer: a quote with the markers of its citations, or a note in our words that claims nothing.

    A statement is a language model's sentence, not a quote: every word of meaning in it stands in the quotes that it
    cites. About tells what is known of an article beside its text (author, date, that it mentions something), and cites
    where the article begins. Question heads the answer to one of several questions.
    """

    kind: Kind
    text: str
    citations: tuple[int, ...]


class Phrasing(Reply):
    """The language model that wrote the statements, and how many of its sentences were left out as not borne out."""

    model: str
    dropped: int


class Hit(Reply):
    """A passage, its score, and its 1-based rank with each ranker that found it."""

    document_id: str
    passage_id: str
    title: str
    text: str
    start: int
    end: int
    score: float
    ranks: dict[str, int]
    scores: dict[str, float] | None = Field(None, description="each ranker's own, where `explain` was asked")


class Reason(Reply):
    """Why there is no answer; what the question names that occurs nowhere, or never together."""

    code: ReasonCode
    missing: tuple[str, ...]
    apart: tuple[str, ...]


class Policy(Reply):
    """The certified risk: of given answers at most `risk` are wrong, with confidence `level`."""

    threshold: float
    risk: float
    level: float
    bound: float
    set_name: str
    set_sha256: str
    questions: int
    answered: int
    wrong: int
    calibrated_on: str
    scored_by: str
    same_index: bool = Field(description="it was certified on these very documents, cut and embedded as they are")


class Corpus(Reply):
    """The root of a hash tree over all articles, and who signed it (ed25519, base64)."""

    root: str
    documents: int
    index_version: str
    signature: str | None
    public_key: str | None


class Answer(Reply):
    """Answered with at least one citation, or abstained with a reason and the nearest passages as evidence.

    Guided is the reply to what asks nothing of the articles' text: small talk, without citations, or a question about
    the articles, told in segments of the kind about. It has no evidence, and no confidence.

    `id` is a hash over all other fields except what `explain` adds. In mode evidence, `text` and `segments` are empty
    and the best quotes are cited in either status; answered says that they are sure enough.
    """

    id: str
    question: str
    mode: Mode
    status: Status
    text: str
    confidence: float | None = Field(description="null where guided")
    reason: Reason | None
    phrasing: Phrasing | None = Field(description="null where no language model spoke")
    segments: tuple[Segment, ...]
    citations: tuple[Citation, ...]
    evidence: tuple[Hit, ...]
    follow_ups: tuple[str, ...]
    index_version: str
    corpus: Corpus
    standalone: str | None = Field(description="the question as it was read, where that is not as it was typed")
    as_of: date | None
    policy: Policy | None
    workings: Workings | None = Field(None, description="where `explain` was asked")


class SearchResult(Reply):
    """Passages, best first."""

    hits: tuple[Hit, ...]
    index_version: str
