"""The replies to writes that came with a key, so that a write that is sent again is not done again, but answered again.

A write is claimed before it is done. A claim outlives its process only by a crash: whoever opens the file when nobody
else has it open releases the claims that stand in it; while others have it open, a claim is stale after CLAIM_S.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import time
from typing import Literal, NamedTuple

from index.errors import QuotewellError
from index.storage.sqlite import SideFile

FILE = "replies.db"
KEEP_S = 86_400
CLAIM_S = 300  # no write takes as long
MOST = 10_000

_CREATE = (
    "CREATE TABLE IF NOT EXISTS replies (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, "
    "request BLOB NOT NULL, since REAL NOT NULL, reply BLOB)",  # reply NULL: claimed
    "CREATE INDEX IF NOT EXISTS replies_since ON replies (since)",
)
_EXPIRE = "DELETE FROM replies WHERE since <= ? OR since > ? OR (reply IS NULL AND since <= ?)"
_FIND = "SELECT request, reply FROM replies WHERE key = ?"
_CLAIM = "INSERT INTO replies (key, request, since) VALUES (?, ?, ?)"
_KEEP = "UPDATE replies SET reply = ? WHERE number = ?"
_RELEASE = "DELETE FROM replies WHERE number = ? AND reply IS NULL"
_RELEASE_ALL = "DELETE FROM replies WHERE reply IS NULL"
_DROP = (
    "DELETE FROM replies WHERE reply IS NOT NULL AND number <= (SELECT number FROM replies WHERE reply IS NOT NULL "
    "ORDER BY number DESC LIMIT 1 OFFSET ?)"
)


class Claimed(NamedTuple):
    """The write is to be done now; then call `keep` or `release` with this."""

    number: int


class Earlier(NamedTuple):
    """This very write was done before, and answered so."""

    reply: bytes


class Replies:
    """Of the last 24 hours, at most MOST; threads and processes may share it."""

    def __init__(self, data: Path, clock: Callable[[], float] = time) -> None:
        """`clock` in seconds. The file is opened when it is first needed."""
        self._file = SideFile(data / FILE, _CREATE)
        self._clock = clock
        self._lock = Lock()
        self._presence: int | None = None  # descriptor of the lock that tells other processes that this one is there

    @property
    def folder(self) -> Path:
        return self._file.path.parent

    def claim(self, key: str, request: bytes) -> Claimed | Earlier | Literal["busy", "other"]:
        """`request` is what makes it this write; "other": the key came with another. Raises as SideFile.writing does,
        and then nothing is claimed.
        """
        with self._lock:
            if self._presence is None:
                self._presence = self._arrive()
        now = self._clock()
        with self._file.writing(durable=True) as connection:
            connection.execute(_EXPIRE, (now - KEEP_S, now + KEEP_S, now - CLAIM_S))
            found = connection.execute(_FIND, (key,)).fetchone()
            if found is None:
                number = connection.execute(_CLAIM, (key, request, now)).lastrowid
                return Claimed(number or 0)
        earlier, reply = found
        if earlier != request:
            return "other"
        return "busy" if reply is None else Earlier(reply)

    def keep(self, claimed: Claimed, reply: bytes) -> None:
        """Raises as SideFile.writing does; then call `release`."""
        with self._file.writing(durable=True) as connection:
            connection.execute(_KEEP, (reply, claimed.number))
            connection.execute(_DROP, (MOST,))

    def release(self, claimed: Claimed) -> None:
        """The write was not done, or nobody knows. Raises as SideFile.writing does."""
        with self._file.writing(durable=True) as connection:
            connection.execute(_RELEASE, (claimed.number,))

    def close(self) -> None:
        with self._lock:
            self._file.close()
            if self._presence is not None:
                os.close(self._presence)
            self._presence = None

    def _arrive(self) -> int:
        """The lock says that somebody has the file open; it ends with its process, however that ends."""
        path = self._file.path.with_name(f"{FILE}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            presence = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise QuotewellError(
                f"'{path}' cannot be written: {error.strerror}; see to the rights and the space"
            ) from error
        try:
            with suppress(BlockingIOError):  # somebody else is there
                fcntl.flock(presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with self._file.writing(durable=True) as connection:
                    connection.execute(_RELEASE_ALL)
            fcntl.flock(presence, fcntl.LOCK_SH)
        except QuotewellError:
            os.close(presence)
            raise
        return presence
