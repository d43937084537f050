"""A small database beside the store, for what may be lost without harm to it: opened when it is first needed."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from index.errors import IndexDamaged, QuotewellError
from index.storage.sqlite import Connection, connect, explained, immediate, set_aside

_WAIT_S = 1.0  # for another process that writes

_log = logging.getLogger(__name__)


class SideFile:
    """Several threads may share it, one at a time is served; several processes may share the file."""

    def __init__(self, path: Path, create: Sequence[str]) -> None:
        """`create` is run at each opening."""
        self.path = path
        self._create = create
        self._inode = 0  # of the file that was opened
        self._lock = Lock()
        self._connection: Connection | None = None

    @property
    def exists(self) -> bool:
        return self._connection is not None or self.path.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Raises StoreBusy or QuotewellError, here and in `writing`."""
        with self._lock, self._explained():
            yield self._opened()

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[Connection]:
        """One transaction, made at the end or not at all. It survives kill -9, and power loss if it is durable."""
        with self._lock, self._explained():
            connection = self._opened()
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with immediate(connection):
                yield connection

    def close(self) -> None:
        """It opens again when it is needed again."""
        with self._lock:
            self._shut()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What is damaged here is not the index: it is set aside, and the next call begins a new one."""
        try:
            with explained(self.path):
                yield
        except IndexDamaged as error:
            self._shut()
            if _inode(self.path) == self._inode:  # else another process has begun a new one
                set_aside(self.path)
            told = f"'{self.path}' was damaged and is kept as '{self.path.name}.damaged'; a new one is begun, try again"
            _log.warning("%s", told)
            raise QuotewellError(told) from error

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _opened(self) -> Connection:
        """Of the file that stands there now: what goes into another one is lost. Call with the lock held."""
        if self._connection is not None and _inode(self.path) != self._inode:
            self._shut()
        if self._connection is None:
            self._inode = _inode(self.path)
            self._connection = connection = connect(self.path, "rwc", _WAIT_S)
            self._inode = _inode(self.path)  # it may be new
            for statement in self._create:
                connection.execute(statement)
        return self._connection


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
