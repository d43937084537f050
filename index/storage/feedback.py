"""What readers said of answers, and which questions found none: for whoever extends the judged questions.

No text of an article is written down, only where it stands, so that what the store forgets is forgotten here as well.
Abstentions and judgements are counted apart: no flood of questions pushes out what a person said. Each reader has an
opinion of their own, which nobody else replaces or withdraws.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from index.errors import IndexMissing, QuotewellError
from index.records import Span, plain
from index.storage.sqlite import SideFile, connect, explained
from index.storage.store import Store

Verdict = Literal["up", "down", ""]

FILE = "feedback.db"
_WAIT_S = 1.0
_COLUMNS = (
    *("answer_id", "question", "standalone", "status", "reason", "missing", "quotes", "index_version"),
    *("verdict", "reasons", "comment", "changed"),
)
_CREATE = (
    "CREATE TABLE IF NOT EXISTS feedback (number INTEGER PRIMARY KEY AUTOINCREMENT, "
    f"{', '.join(f'{name} TEXT NOT NULL' for name in _COLUMNS)}, UNIQUE (answer_id))",
    "CREATE INDEX IF NOT EXISTS feedback_judged ON feedback ((verdict = ''), number)",
    "CREATE INDEX IF NOT EXISTS feedback_question ON feedback (question)",
)
_INTO = f"feedback ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_NOTE = f"INSERT OR REPLACE INTO {_INTO}"
# The column `answer_id` holds whose opinion it is as well, behind a blank, where a reader told of themselves.
_OF_ANSWER = "(answer_id = ?1 OR answer_id BETWEEN ?1 || ' ' AND ?1 || '!')"
_KNOWN = f"SELECT 1 FROM feedback WHERE {_OF_ANSWER}"
_JUDGED = f"{_KNOWN} AND verdict != ''"
_UNJUDGED = "DELETE FROM feedback WHERE answer_id = ? AND verdict = ''"
_SAME = "DELETE FROM feedback WHERE verdict = '' AND question = ? AND standalone = ?"
_JUDGE = (
    f"INSERT INTO {_INTO} ON CONFLICT (answer_id) DO UPDATE SET verdict = excluded.verdict, "
    "reasons = excluded.reasons, comment = excluded.comment, changed = excluded.changed"
)
_WITHDRAW = (  # ?1 the answer, ?2 the opinion: of the last one on an abstention, the abstention is left
    "UPDATE OR REPLACE feedback SET answer_id = ?1, verdict = '', reasons = '[]', comment = '' WHERE answer_id = ?2 "
    f"AND status = 'abstained' AND NOT EXISTS ({_JUDGED} AND answer_id != ?2)",
    "DELETE FROM feedback WHERE answer_id = ?2 AND verdict != ''",
)
# gaps arise, so the newest are counted, not computed
_DROP = (
    "DELETE FROM feedback WHERE (verdict = '') = ?1 AND number <= "
    "(SELECT number FROM feedback WHERE (verdict = '') = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)"
)
_FIND = "SELECT verdict, reasons, comment FROM feedback WHERE answer_id = ?"
_COUNT = "SELECT verdict, count(*) FROM feedback GROUP BY verdict"
_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'feedback'"
_ALL = f"SELECT {', '.join(_COLUMNS)} FROM feedback ORDER BY number"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QuotedPlace:
    """A quote as it stood in one revision of a document; `start`, `end` are source code points, end exclusive."""

    document_id: str
    start: int
    end: int
    quote: str
    revision: str  # sha256 of the cleaned text, in hex
    clean: Span  # the same place in that text


@dataclass(frozen=True, slots=True)
class Feedback:
    """An answer and what was said of it. The question is "" where it was not known any more when somebody judged."""

    answer_id: str
    question: str
    standalone: str  # as it was read, where that is not as it was typed; else ""
    status: str  # answered, abstained, or "" where it is not known
    reason: str  # code of an abstention's reason, else ""
    missing: tuple[str, ...]
    quotes: tuple[QuotedPlace, ...]
    index_version: str
    verdict: Verdict  # "": an abstention that nobody judged
    reasons: tuple[str, ...]
    comment: str
    when: str  # of the last change, ISO 8601 in UTC


class Judgement(NamedTuple):
    """What a reader said."""

    verdict: Verdict
    reasons: tuple[str, ...]
    comment: str


class FeedbackStore:
    """At most so many abstentions and so many judgements, the newest; threads and processes may share it."""

    def __init__(self, data: Path, most: int) -> None:
        """`most` 0 notes nothing and makes no file."""
        self._file = SideFile(data / FILE, _CREATE)
        self._most = most
        self._warned = False

    def note(self, feedback: Feedback) -> None:
        """An abstention that nobody judged yet; the newest of the same question stands for all of them.

        Never raises for a disk that is full, read-only or busy: that is logged, once.
        """
        if not self._most:
            return
        try:
            with self._file.writing(durable=False) as connection:
                if connection.execute(_JUDGED, (feedback.answer_id,)).fetchone():
                    return
                connection.execute(_SAME, (feedback.question, feedback.standalone))
                connection.execute(_NOTE, _row(feedback))
                connection.execute(_DROP, (1, self._most))
        except QuotewellError as error:
            if not self._warned:
                _log.warning("abstentions are not noted: %s", error)
            self._warned = True

    def judge(self, feedback: Feedback, owner: str = "") -> None:
        """Of a known answer only verdict, reasons, comment and time are changed. Raises as SideFile.writing does."""
        row = _row(replace(feedback, answer_id=_opinion(feedback.answer_id, owner)))
        with self._file.writing(durable=True) as connection:
            if owner:
                connection.execute(_UNJUDGED, (feedback.answer_id,))
            connection.execute(_JUDGE, row)
            connection.execute(_DROP, (0, self._most))

    def withdraw(self, answer_id: str, owner: str = "") -> None:
        """What this owner said, and nobody else; an abstention stays noted. Raises as SideFile.writing does."""
        if self._file.exists:
            with self._file.writing(durable=True) as connection:
                for statement in _WITHDRAW:
                    connection.execute(statement, (answer_id, _opinion(answer_id, owner)))

    def knows(self, answer_id: str) -> bool:
        """Whether it was judged by anybody, or noted. Raises as SideFile.reading does."""
        if not self._file.exists:
            return False
        with self._file.reading() as connection:
            return connection.execute(_KNOWN, (answer_id,)).fetchone() is not None

    def find(self, answer_id: str, owner: str = "") -> Judgement | None:
        """What this owner said: None for nothing, verdict "" for a note. Raises as SideFile.reading does."""
        if not self._file.exists:
            return None
        with self._file.reading() as connection:
            found = connection.execute(_FIND, (_opinion(answer_id, owner),)).fetchone()
        if found is None:
            return None
        verdict, reasons, comment = found
        return Judgement(cast(Verdict, verdict.decode()), tuple(json.loads(reasons)), comment.decode())

    def counts(self) -> Mapping[Verdict, int]:
        """How many answers have which verdict. Raises as SideFile.reading does."""
        counted: dict[Verdict, int] = {"up": 0, "down": 0, "": 0}
        if self._file.exists:
            with self._file.reading() as connection:
                counted |= {cast(Verdict, name.decode()): number for name, number in connection.execute(_COUNT)}
        return counted

    def close(self) -> None:
        self._file.close()


def read_feedback(data: Path) -> list[Feedback]:
    """All of it, the oldest first; none without a file. Quotes whose text the store no longer has are left out.

    Raises StoreBusy, IndexDamaged or QuotewellError.
    """
    path = data / FILE
    if not path.exists():
        return []
    with explained(path), closing(connect(path, "ro", _WAIT_S)) as connection:
        rows = connection.execute(_ALL).fetchall() if connection.execute(_THERE).fetchone() else []
    with _revisions(data) as text_of:
        return [_feedback(row, text_of) for row in rows]


TextOf = Callable[[str, str], str | None]  # document id, sha256 → cleaned text


@contextmanager
def _revisions(data: Path) -> Iterator[TextOf]:
    """Present and former texts, as long as the store has them."""
    try:
        store = Store.open(data, readonly=True)
    except IndexMissing:
        yield lambda document_id, sha256: None
        return
    with store, store.snapshot() as snapshot:

        @cache
        def text_of(document_id: str, sha256: str) -> str | None:
            found = snapshot.revision(document_id, sha256)
            return None if found is None else found.decode()

        yield text_of


def _opinion(answer_id: str, owner: str) -> str:
    return f"{answer_id} {owner}" if owner else answer_id


def _row(feedback: Feedback) -> tuple[str, ...]:
    """In the order of the columns, which is that of the record."""
    places = [(one.document_id, one.start, one.end, one.revision, *one.clean) for one in feedback.quotes]
    values = plain(replace(feedback, quotes=())) | {"quotes": places}
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in values.values())


def _feedback(row: tuple[bytes, ...], text_of: TextOf) -> Feedback:
    *texts, when = (value.decode() for value in row)
    fields: dict[str, Any] = dict(zip(_COLUMNS, texts, strict=False))
    lists = {name: tuple(json.loads(fields[name])) for name in ("missing", "reasons")}
    quotes = tuple(_quoted(json.loads(fields["quotes"]), text_of))
    return Feedback(**{**fields, **lists, "answer_id": texts[0].partition(" ")[0], "quotes": quotes, "when": when})


def _quoted(places: list[tuple[str, int, int, str, int, int]], text_of: TextOf) -> Iterator[QuotedPlace]:
    """Those whose text is still there."""
    for document_id, start, end, revision, *clean in places:
        text = text_of(document_id, revision)
        if text is not None:
            at = Span(*clean)
            yield QuotedPlace(document_id, start, end, text[at.start : at.end], revision, at)
