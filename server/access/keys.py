"""Keys: made, listed and revoked by `quotewell keys`, and kept as hashes in one small file of the data folder.

A running server sees at once what a command changed. A key is 256 random bits, so its SHA-256 tells nobody anything,
and each is drawn anew: none follows from another.
"""

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from index.errors import BadInput, NotFound, QuotewellError
from index.options import Data, Json, same_data
from index.settings import load_settings
from index.storage.sqlite import sync_folder
from index.terminal import emit, emit_json, tell

FILE = "keys.json"
MOST_NAME_CHARS = 100

Right = Literal["widget", "ask", "ingest", "admin"]
RIGHTS: tuple[Right, ...] = get_args(Right)  # each includes those before it


class Key(BaseModel):
    """What is known of a key; the key itself is shown once and kept nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(pattern="^[0-9a-f]{8}$")]
    name: Annotated[str, Field(max_length=MOST_NAME_CHARS)]
    scope: Right
    created: str  # ISO 8601 in UTC
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


_KEYS: TypeAdapter[tuple[Key, ...]] = TypeAdapter(tuple[Key, ...])


class Keys:
    """Of one data folder; several processes may share the file."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self._seen: object = None
        self._all: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """In the order in which they were made. Raises QuotewellError for a file that is damaged or may not be read."""
        seen = self._state()
        if seen is None or seen != self._seen:
            self._all = self._read() if seen else ()
            self._seen = seen
        return self._all

    def find(self, secret: str) -> Key | None:
        """The key that this is, if it is one. Takes as long for one that is nearly right. Raises as `all` does."""
        given = sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        found = [key for key in self.all() if hmac.compare_digest(key.sha256, given)]
        return found[0] if found else None

    def create(self, name: str, scope: Right) -> tuple[Key, str]:
        """What is kept of it, and the key. Raises as `all` does, and OSError where it cannot be written."""
        secret = f"qw_{secrets.token_urlsafe(32)}"
        with self._alone():
            now = datetime.now(UTC).isoformat(timespec="seconds")
            hashed = sha256(secret.encode()).hexdigest()
            key = Key(id=secrets.token_hex(4), name=name, scope=scope, created=now, sha256=hashed)
            self._write((*self.all(), key))
        return key, secret

    def revoke(self, name: str) -> Key:
        """By its id, or by its name if no other has it. Raises NotFound, and as `create` does."""
        with self._alone():
            keys = self.all()
            found = [key for key in keys if key.id == name] or [key for key in keys if key.name == name]
            if len(found) != 1:
                several = (
                    f"{len(found)} keys are named {name!r}; give an id of" if found else f"no key is {name!r}; see"
                )
                raise NotFound(f"{several} quotewell keys list --data {self._path.parent}")
            self._write([key for key in keys if key is not found[0]])
        return found[0]

    def _state(self) -> object:
        """Another whenever the file was written; None without one."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise QuotewellError(f"'{self._path}' cannot be read: {error.strerror}; see to the rights") from error
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> tuple[Key, ...]:
        try:
            return _KEYS.validate_json(self._path.read_bytes())
        except OSError as error:
            raise QuotewellError(f"'{self._path}' cannot be read: {error.strerror}; see to the rights") from error
        except ValidationError as error:
            raise QuotewellError(
                f"'{self._path}' is damaged, so that no key opens anything; move it away and make new keys"
            ) from error

    def _write(self, keys: Sequence[Key]) -> None:
        """All or nothing, also when the power fails; nobody else on this machine may read it."""
        text = json.dumps([key.model_dump() for key in keys], indent=1) + "\n"
        fresh = self._path.with_name(f"{FILE}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync_folder(self._path.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While this process changes the file, others wait; the folder's own lock may be held for hours."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(f"{FILE}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


commands = typer.Typer(rich_markup_mode=None, add_completion=False)


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, to know it by in the list.")],
    scope: Annotated[Right, typer.Option(help="Each may do what those before it may.")] = "ask",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, once: nothing that is kept leads back to it."""
    if not 1 <= len(name) <= MOST_NAME_CHARS or not name.isprintable():
        raise BadInput(f"the name of a key is 1 to {MOST_NAME_CHARS} printable characters")
    settings = load_settings(data=data)
    key, secret = Keys(settings.data).create(name, scope)
    if as_json:
        emit_json(_shown(key) | {"key": secret})
        return
    emit(secret)
    tell(
        f"made for '{settings.data}'; this is the only time that the key is shown; "
        f"programs send it as: Authorization: Bearer {secret[:6]}…"
    )


@commands.command("list")
def list_keys(data: Data = None, as_json: Json = False) -> None:
    """Show the id, scope, day and name of every key, and no key."""
    settings = load_settings(data=data)
    keys = Keys(settings.data).all()
    if as_json:
        emit_json({"keys": [_shown(key) for key in keys]})
        return
    for key in keys:
        emit(f"{key.id}  {key.scope:<6}  {key.created[:10]}  {key.name}")
    if not keys:
        tell(f"there is no key; make one: quotewell keys create NAME --scope ask{same_data(settings)}")


@commands.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, or its name.")], data: Data = None, as_json: Json = False
) -> None:
    """Take a key back: a running server refuses it from now on."""
    gone = Keys(load_settings(data=data).data).revoke(key)
    if as_json:
        emit_json({"revoked": _shown(gone)})
    else:
        emit(f"revoked {gone.id} ({gone.name})")


def _shown(key: Key) -> dict[str, str]:
    return key.model_dump(exclude={"sha256"})
