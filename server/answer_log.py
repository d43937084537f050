"""Which questions were answered: what is needed to give the same answers again, by their ids, in a file of its own.

Not the store: an entry that is lost, or cannot be written, costs a replay and nothing else. The turns before a question
may quote articles that are deleted later, so what was asked of another index is erased, all but its id and version.
"""

import logging
from collections import OrderedDict, deque
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from index.errors import QuotewellError
from index.records import Span
from index.storage.feedback import Feedback, FeedbackStore, QuotedPlace
from index.storage.sqlite import SideFile
from rag.answer import Citation
from rag.answer_json import AnswerStage
from server.metrics import Metrics

FILE = "answers.db"
_CREATE = (
    "CREATE TABLE IF NOT EXISTS answers "
    "(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, "
    "index_version TEXT NOT NULL, request TEXT NOT NULL)"
)
# an answer that is given again moves to the end, so gaps arise, and the newest are counted, not computed
_KEEP = "INSERT OR REPLACE INTO answers (id, index_version, request) VALUES (?, ?, ?)"
_DROP = "DELETE FROM answers WHERE number <= (SELECT number FROM answers ORDER BY number DESC LIMIT 1 OFFSET ?)"
_ERASE = "UPDATE answers SET request = '' WHERE index_version != ? AND request != ''"
_FIND = "SELECT index_version, request FROM answers WHERE id = ?"

_log = logging.getLogger(__name__)


class KeptQuestion(NamedTuple):
    """What was asked, and from which index it was answered."""

    index_version: str
    body: str  # JSON; "" where it was erased


class Kept:
    """The newest requests, at most so many; several threads may share it, and several processes the file."""

    def __init__(self, data: Path, most: int) -> None:
        """`most` 0 keeps nothing and makes no file. The file is opened when it is first needed."""
        self._file = SideFile(data / FILE, (_CREATE,))
        self._most = most
        self._version = ""
        self._warned = False

    @property
    def keeps(self) -> bool:
        return self._most > 0

    def keep(self, answer_id: str, request: KeptQuestion) -> None:
        """Never raises for a disk that is full, read-only or busy: that is logged, once."""
        if not self._most:
            return
        try:
            with self._file.writing(durable=False) as connection:
                connection.execute(_KEEP, (answer_id, *request))
                connection.execute(_DROP, (self._most,))
                if request.index_version != self._version:
                    connection.execute(_ERASE, (request.index_version,))
            self._version = request.index_version
        except QuotewellError as error:
            self._warn(error)

    def find(self, answer_id: str) -> KeptQuestion | None:
        """None as well for a file that cannot be read: that is logged, once."""
        if not self._most or not self._file.exists:
            return None
        try:
            with self._file.reading() as connection:
                found = connection.execute(_FIND, (answer_id,)).fetchone()
        except QuotewellError as error:
            self._warn(error)
            return None
        return KeptQuestion(*(value.decode() for value in found)) if found else None

    def close(self) -> None:
        self._file.close()

    def _warn(self, error: QuotewellError) -> None:
        if not self._warned:
            _log.warning("answers cannot be given again by their ids: %s", error)
        self._warned = True


# What is noted of every answer that is given: counts, the newest few for feedback on them, and each abstention.

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

    def given(self, whole: AnswerStage, keep: bool = True) -> None:
        """Call it once for each answer to a person or a program, in a thread that may wait. Never raises.

        Without `keep` it is only counted.
        """
        answer = whole.answer
        self._metrics.answered(answer.status, answer.reason.code if answer.reason else "none")
        if not (self._most and keep):
            return
        feedback = feedback_on(whole)
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


def feedback_on(whole: AnswerStage) -> Feedback:
    """Without a verdict."""
    answer = whole.answer
    revisions = [cited["receipt"]["sha256"] for cited in whole.fields["citations"]]
    return Feedback(
        answer_id=answer.id,
        question=answer.question,
        standalone=answer.standalone,
        status=answer.status,
        reason=answer.reason.code if answer.reason else "",
        missing=answer.reason.missing if answer.reason else (),
        quotes=tuple(map(_place, answer.citations, revisions)),
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


_MOST_RECENT = 128  # answers whose follow-ups can be given; older ones get none
_READ_CHARS = 200_000  # of a chat, from its end


class RecentFollowUps:
    """What to ask next after the newest answers, so that a client that asks for it gets it. Threads may share it."""

    def __init__(self) -> None:
        self._recent: deque[tuple[str, str, tuple[str, ...]]] = deque(maxlen=_MOST_RECENT)
        self._lock = Lock()

    def note(self, text: str, follow_ups: tuple[str, ...], version: str) -> None:
        """`text` is the message that was given, from the index of this version."""
        with self._lock:
            self._recent.append((version, text, follow_ups))

    def after(self, chat: str, version: str) -> tuple[str, ...]:
        """Of the last answer in this chat; nothing where it was not given here lately, or its words may be deleted."""
        with self._lock:
            recent = [(text, follow_ups) for made, text, follow_ups in self._recent if made == version]
        chat = chat[-_READ_CHARS:]
        found = [(chat.rfind(text), follow_ups) for text, follow_ups in recent]
        at, follow_ups = max(found, key=lambda one: one[0], default=(-1, ()))
        return follow_ups if at >= 0 else ()
