"""What is noted of every answer that is given: counts, the newest few for feedback on them, and each abstention."""

from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock

from index.feedback import Feedback, FeedbackStore, QuotedPlace
from index.records import Span
from server.ask_schemas import Answer
from server.metrics import Metrics
from server.schemas import Citation

_RECENT = 1000


class Noting:
    """Of recent answers it knows where their quotes stand, also once another index answers or with a phrasing model."""

    def __init__(self, store: FeedbackStore, metrics: Metrics, most: int) -> None:
        """`most` 0 only counts."""
        self._store = store
        self._metrics = metrics
        self._most = min(most, _RECENT)
        self._recent: OrderedDict[str, Feedback] = OrderedDict()
        self._lock = Lock()

    def given(self, answer: Answer) -> None:
        """Call it once for each answer to a person or a program, in a thread that may wait. Never raises."""
        self._metrics.answered(answer.status, answer.reason.code if answer.reason else "none")
        if not self._most:
            return
        feedback = feedback_on(answer)
        with self._lock:
            self._recent[answer.id] = feedback
            self._recent.move_to_end(answer.id)
            if len(self._recent) > self._most:
                self._recent.popitem(last=False)
        if answer.status == "abstained":
            self._store.note(feedback)

    def recent(self, answer_id: str) -> Feedback | None:
        with self._lock:
            return self._recent.get(answer_id)


def feedback_on(answer: Answer) -> Feedback:
    """Without a verdict."""
    return Feedback(
        answer_id=answer.id,
        question=answer.question,
        standalone=answer.standalone or "",
        status=answer.status,
        reason=answer.reason.code if answer.reason else "",
        missing=answer.reason.missing if answer.reason else (),
        quotes=tuple(_place(one, one.receipt.sha256) for one in answer.citations if one.receipt),
        index_version=answer.index_version,
        verdict="",
        reasons=(),
        comment="",
        when=now(),
    )


def now() -> str:
    """ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _place(one: Citation, revision: str) -> QuotedPlace:
    return QuotedPlace(one.document_id, one.source_start, one.source_end, one.quote, revision, Span(one.start, one.end))
