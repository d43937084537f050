"""Former texts of documents that were replaced, each under its own SHA-256, as long as a setting says and room is.

What goes is a text, and its hash stays, so that a reader is told "no longer kept" and not "unknown". All of them take a
third of what the present documents do in the store, or LEAST; beyond it the oldest texts go, and beyond half of it the
oldest hashes. A deleted document takes both with it. The clock is the caller's.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from index.errors import IndexDamaged
from index.storage.merkle import revision
from index.storage.rows import BY_HASH, BY_TIME, COLUMNS, HASH, insert, opened, sealed, select
from index.storage.sqlite import PAGE_BYTES, Connection, used_bytes

LEAST = 1 << 18  # bytes that former texts may take beside documents however few

# A row without text needs no pad to hide it behind.
_BARE = insert("revisions").replace("(", "(pad, ", 1).replace("VALUES (", "VALUES (zeroblob(0), ")
_ONE = "WHERE document_id = CAST(? AS TEXT) AND sha256 = CAST(? AS TEXT)"
_HASH_BYTES = 512  # that a row takes, its share of the index and of pages half full included
_TEXT_BYTES = f"{PAGE_BYTES + 1024} + length(CAST(text AS BLOB))"
_HELD = f"SELECT total({_TEXT_BYTES}), count(*), (SELECT count(*) FROM revisions) FROM revisions WHERE text NOT NULL"
_OLDEST = (
    f"SELECT replaced <= ?, {_TEXT_BYTES}, rowid, {', '.join((*COLUMNS['revisions'], HASH))} FROM revisions "
    "WHERE text NOT NULL ORDER BY replaced, rowid LIMIT 1"
)
_OLDEST_HASHES = """DELETE FROM revisions WHERE rowid IN
    (SELECT rowid FROM revisions WHERE text IS NULL ORDER BY replaced, rowid LIMIT ?)"""


@dataclass(frozen=True, slots=True)
class Keeping:
    """The time of a write, with its time zone, and for how many days replaced texts are kept; 0: not at all."""

    now: datetime
    days: int


class Former(NamedTuple):
    """A text that was replaced; None where it is no longer kept."""

    replaced: datetime
    text: str | None


def keep(writer: Connection, document_id: str, text: str, keeping: Keeping) -> None:
    """The text is replaced now; with 0 days only its hash is kept."""
    values = (document_id, revision(text).hex(), _written(keeping.now))
    if keeping.days:
        writer.execute(insert("revisions"), sealed("revisions", (*values, text)))
    else:
        writer.execute(_BARE, sealed("revisions", (*values, None)))


def expire(writer: Connection, keeping: Keeping) -> int:
    """Texts whose time is up go, and the oldest of too many; returns how many went. A damaged row goes as a whole."""
    for made in (BY_TIME, BY_HASH):  # a store of an earlier program has them not
        writer.execute(made)
    until = _written(keeping.now - timedelta(days=keeping.days)) if keeping.days else "9999"
    texts, with_text, rows = writer.execute(_HELD).fetchone()
    held, went = texts + _HASH_BYTES * rows, 0
    room = max(LEAST, (used_bytes(writer) - held) / 3)
    forgotten = max(rows - with_text - int(room / 2 / _HASH_BYTES), 0)  # of hashes alone: they leave half to texts
    writer.execute(_OLDEST_HASHES, (forgotten,))
    over = held - room - _HASH_BYTES * forgotten
    while oldest := writer.execute(_OLDEST, (until,)).fetchone():
        is_due, size, rowid, *row = oldest
        if not is_due and over <= 0:
            break
        writer.execute("DELETE FROM revisions WHERE rowid = ?", (rowid,))
        went, over = went + 1, over - size
        with suppress(IndexDamaged):
            document_id, digest, replaced, _ = opened("revisions", tuple(row), "")
            writer.execute(_BARE, sealed("revisions", (document_id.decode(), digest.decode(), replaced.decode(), None)))
    if over > 0:
        writer.execute(_OLDEST_HASHES, (over // _HASH_BYTES + 1,))
    return went


def forget(writer: Connection, document_id: str, digest: str | None = None) -> None:
    """One revision of a document, or all."""
    if digest is None:
        key = (document_id.encode("utf-8", "surrogatepass"),)
        writer.execute("DELETE FROM revisions WHERE document_id = CAST(? AS TEXT)", key)
    else:
        writer.execute(f"DELETE FROM revisions {_ONE}", _key(document_id, digest))


def former(connection: Connection, document_id: str, digest: str) -> Former | None:
    """None: never replaced under this hash. Raises IndexDamaged."""
    row = connection.execute(select("revisions", _ONE), _key(document_id, digest)).fetchone()
    if row is None:
        return None
    _, _, replaced, text = opened("revisions", row, f"a former text of document '{document_id}'")
    return Former(datetime.fromisoformat(replaced.decode()), None if text is None else text.decode())


def problems(connection: Connection) -> Iterator[str]:
    """What is wrong with the stored revisions, a sentence each."""
    for row in connection.execute(select("revisions", "ORDER BY document_id, sha256")):
        name = row[0].decode(errors="replace") if isinstance(row[0], bytes) else row[0]
        try:
            opened("revisions", row, f"a former text of document '{name}'")
        except IndexDamaged as error:
            yield str(error)


def _key(document_id: str, digest: str) -> tuple[bytes, bytes]:
    return document_id.encode("utf-8", "surrogatepass"), digest.encode("utf-8", "surrogatepass")


def _written(time: datetime) -> str:
    """In UTC to the second, so that the order of the words is the order of time. Raises ValueError without a zone."""
    if time.tzinfo is None:
        raise ValueError(f"{time} has no time zone")
    return time.astimezone(UTC).isoformat(timespec="seconds")
