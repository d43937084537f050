"""A small database beside the store, for what may be lost without harm to it: opened when it is first needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from index.errors import IndexDamaged, QuotewellError
from index.storage.sqlite import Connection, connect, explained, immediate

_WAIT_S = 1.0  # for another process that writes


class SideFile:
    """Several threads may share it, one at a time is served; several processes may share the file."""

    def __init__(self, path: Path, create: Sequence[str], *, durable: bool) -> None:
        """`create` is run at each opening. What is written survives kill -9, and power loss if it is durable."""
        self.path = path
        self._create = create
        self._durable = durable
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
    def writing(self) -> Iterator[Connection]:
        """One transaction, made at the end or not at all."""
        with self._lock, self._explained():
            connection = self._opened()
            with immediate(connection):
                yield connection

    def close(self) -> None:
        """It opens again when it is needed again."""
        with self._lock:
            self._shut()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What is damaged here is not the index, and is begun anew once it is out of the way."""
        try:
            with explained(self.path):
                yield
        except IndexDamaged as error:
            self._shut()
            raise QuotewellError(f"'{self.path}' is damaged; move it away, and a new one is begun") from error

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _opened(self) -> Connection:
        """Call with the lock held."""
        if self._connection is None:
            connection = connect(self.path, "rwc", _WAIT_S)
            self._connection = connection
            if not self._durable:
                connection.execute("PRAGMA synchronous=NORMAL")
            for statement in self._create:
                connection.execute(statement)
        return self._connection
