"""Which questions were answered: what is needed to give the same answers again, by their ids, in a file of its own.

Not the store: an entry that is lost, or cannot be written, costs a replay and nothing else. The turns before a question
may quote articles that are deleted later, so what was asked of another index is erased, all but its id and version.
"""

import logging
from pathlib import Path
from typing import NamedTuple

from index.errors import QuotewellError
from index.sidefile import SideFile

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


class Request(NamedTuple):
    """What was asked, and from which index it was answered."""

    index_version: str
    body: str  # JSON; "" where it was erased


class Kept:
    """The newest requests, at most so many; several threads may share it, and several processes the file."""

    def __init__(self, data: Path, most: int) -> None:
        """`most` 0 keeps nothing and makes no file. The file is opened when it is first needed."""
        self._file = SideFile(data / FILE, (_CREATE,), durable=False)
        self._most = most
        self._version = ""
        self._warned = False

    @property
    def keeps(self) -> bool:
        return self._most > 0

    def keep(self, answer_id: str, request: Request) -> None:
        """Never raises for a disk that is full, read-only or busy: that is logged, once."""
        if not self._most:
            return
        try:
            with self._file.writing() as connection:
                connection.execute(_KEEP, (answer_id, *request))
                connection.execute(_DROP, (self._most,))
                if request.index_version != self._version:
                    connection.execute(_ERASE, (request.index_version,))
            self._version = request.index_version
        except QuotewellError as error:
            self._warn(error)

    def find(self, answer_id: str) -> Request | None:
        """None as well for a file that cannot be read: that is logged, once."""
        if not self._most or not self._file.exists:
            return None
        try:
            with self._file.reading() as connection:
                found = connection.execute(_FIND, (answer_id,)).fetchone()
        except QuotewellError as error:
            self._warn(error)
            return None
        return Request(*(value.decode() for value in found)) if found else None

    def close(self) -> None:
        self._file.close()

    def _warn(self, error: QuotewellError) -> None:
        if not self._warned:
            _log.warning("answers cannot be given again by their ids: %s", error)
        self._warned = True
