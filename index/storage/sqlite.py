"""How corpus.db is opened and written, and what SQLite's errors mean to a person: the only file that knows sqlite3.

Nothing else may open the database file while this process uses it: closing any descriptor of a file drops all of
the process's POSIX locks on it, and with them SQLite's.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import Literal

from index.errors import BadInput, IndexDamaged, QuotewellError, StoreBusy

_log = logging.getLogger(__name__)

Connection = sqlite3.Connection

GUARDS = ("trusted_schema=OFF", "cell_size_check=ON")
READER = (*GUARDS, "query_only=ON")

# Words stand only in `documents` and `revisions`, and there behind a pad. When SQLite moves rows between pages it
# leaves copies of their first bytes behind, at most one page, which secure_delete does not reach; what stands behind
# the pad is in overflow pages, and those are zeroed when the row goes.
PAGE_BYTES = 4096
_WAIT_S = 5.0  # for another process, until a database is copied
_SIDE_WAIT_S = 1.0  # for another process that writes beside the store
LEAST_FREE = 64  # pages that are left where they are
LOG_PAGES = 128  # from which on the log is moved into the file and begun anew, as soon as no reader needs it
_BEGUN = ".quotewell-new-"  # folders that their makers hold locked
# WAL: readers and the writer do not wait for each other. FULL: a commit that was acknowledged survives power loss.
WRITER = (
    *GUARDS,
    f"page_size={PAGE_BYTES}",
    "auto_vacuum=INCREMENTAL",  # of a file that is new: what is deleted is given back to the disk
    "journal_mode=WAL",
    f"wal_autocheckpoint={LOG_PAGES}",
    "journal_size_limit=0",  # begun anew, the log is no longer than what was written since
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
)

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# Our SQL is fixed, so an SQL error or a broken constraint means that the tables are not ours or not whole.
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT}
UNUSABLE = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
}


def connect(path: Path, mode: Literal["ro", "rw", "rwc"], timeout_s: float) -> Connection:
    """A connection that any one thread at a time may use; text comes back as bytes, transactions are explicit."""
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if mode == 'ro' and _is_still(path) else ''}"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    try:
        for pragma in READER if mode == "ro" else WRITER:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_still(path: Path) -> bool:
    """Whether nobody writes it, as far as we can tell: SQLite opens no log where it may not make one."""
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


@contextmanager
def immediate(connection: Connection) -> Iterator[None]:
    """A write transaction: it takes the write lock first, since a read that turns into a write fails at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def used_bytes(connection: Connection) -> int:
    """Of a database, without its free pages."""
    (pages,), (free,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count"))
    return PAGE_BYTES * int(pages - free)


def checkpoint(connection: Connection, timeout_s: float) -> bool:
    """Moves the log into the file and empties it, without waiting; False while somebody still needs the log.

    Pages that nothing stands on are given back before, once they are a quarter of all.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        (free,), (pages,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count")
        )
        if free > LEAST_FREE and 4 * free > pages:
            connection.executescript("PRAGMA incremental_vacuum")  # steps to its end; `execute` gives back one page
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(timeout_s * 1000)}")
    return not busy


def copy(path: Path, target: Path) -> None:
    """A database as it is now, to a new file, while others read and write. Raises BadInput if there can be none."""
    try:
        target.touch(exist_ok=False)
    except FileExistsError as error:
        raise BadInput(f"'{target}' exists already; name a new file") from error
    except OSError as error:
        raise BadInput(f"'{target}' cannot be written: {error.strerror}; name another file") from error
    try:
        pour(path, target)
        sync_folder(target.parent)
    except BaseException:
        target.unlink()
        raise


def pour(path: Path, target: Path) -> None:
    """A database as it is now over another, all at once or not at all, while others read and write them."""
    with (
        explained(path),
        closing(connect(path, "ro", _WAIT_S)) as source,
        explained(target),
        closing(connect(target, "rwc", _WAIT_S)) as into,
    ):
        source.backup(into)


def set_aside(path: Path) -> None:
    """What is damaged, as ….damaged, with its log, which must not be read into a new one."""
    for end in ("-wal", "-shm", ""):
        with suppress(OSError):
            Path(f"{path}{end}").replace(f"{path}.damaged{end}")


def sync_folder(folder: Path) -> None:
    """A new file survives power loss only once its folder is on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_folder(data: Path) -> Iterator[Path]:
    """In the data folder, and gone at the end; that of a process that is killed, when somebody next writes there."""
    remove_left(data)
    while True:
        folder = Path(mkdtemp(dir=data, prefix=_BEGUN))
        with suppress(FileNotFoundError):
            held = os.open(folder, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
            if folder.exists():  # else another process took it for one that was left
                break
            os.close(held)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def remove_left(data: Path) -> None:
    """New folders whose makers were killed: the lock ended with them."""
    for folder in data.glob(f"{_BEGUN}*"):
        with suppress(OSError):  # in use, or gone, or no folder
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(held)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raises StoreBusy, IndexDamaged or QuotewellError in place of SQLite's errors; misuse of sqlite3 stays a bug."""
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite quotes damaged bytes of its schema in its message
        if not error.object.startswith(b"malformed database schema"):
            raise
        raise _damaged(path, "malformed database schema") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code & 0xFF in BUSY:
            raise StoreBusy(f"another process is writing to '{path}'; try again when it is done") from error
        if code & 0xFF in DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ:
            raise _damaged(path, str(error)) from error
        if code & 0xFF in UNUSABLE:
            raise QuotewellError(
                f"'{path}' cannot be used: {error}; see to free space and to the right to write in its folder"
            ) from error
        raise


def _damaged(path: Path, why: str) -> IndexDamaged:
    return IndexDamaged(
        f"'{path}' is damaged or not a Quotewell index ({why}); "
        "restore a backup, or move it away and build it again with: quotewell index PATH"
    )


# A small database beside the store, for what may be lost without harm to it: opened when it is first needed.


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
            self._connection = connection = connect(self.path, "rwc", _SIDE_WAIT_S)
            self._inode = _inode(self.path)  # it may be new
            for statement in self._create:
                connection.execute(statement)
        return self._connection


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
