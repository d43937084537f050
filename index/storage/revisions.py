"""Former texts of documents that were replaced, each under its own SHA-256, as long as a setting says.

When its time is up a text goes and its hash stays, so that a reader is told "no longer kept" and not "unknown".
A deleted document takes both with it. The clock is the caller's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from index.errors import IndexDamaged
from index.storage.merkle import revision
from index.storage.rows import COLUMNS, HASH, insert, opened, sealed, select
from index.storage.sqlite import Connection

# A row without text needs no pad to hide it behind.
_BARE = insert("revisions").replace("(", "(pad, ", 1).replace("VALUES (", "VALUES (zeroblob(0), ")
_ONE = "WHERE document_id = CAST(? AS TEXT) AND sha256 = CAST(? AS TEXT)"
_EXPIRED = f"SELECT rowid, {', '.join((*COLUMNS['revisions'], HASH))} FROM revisions WHERE text IS NOT NULL"


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
    """Texts whose time is up go, their hashes stay; returns how many went. A damaged row goes as a whole."""
    until = _written(keeping.now - timedelta(days=keeping.days)) if keeping.days else "9999"
    rows = writer.execute(f"{_EXPIRED} AND replaced <= ?", (until,)).fetchall()
    for rowid, *row in rows:
        writer.execute("DELETE FROM revisions WHERE rowid = ?", (rowid,))
        try:
            document_id, digest, replaced, _ = opened("revisions", tuple(row), "")
        except IndexDamaged:
            continue
        writer.execute(_BARE, sealed("revisions", (document_id.decode(), digest.decode(), replaced.decode(), None)))
    return len(rows)


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
