"""Is everything on the disk what was written, and does the search index agree with the store? Mends what can be.

The store is the truth and is never changed here; a search index is a cache, made again whenever it is in doubt.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.build import Builder
from index.embedding.embedder import Embedder, load_embedder
from index.engines.content import checked
from index.engines.engine import engine_name
from index.errors import IndexDamaged, IndexMissing, QuotewellError
from index.settings import Settings
from index.shards import SHAPING, UNSAID
from index.storage.generation import Generation, load, published, put_aside, version_of
from index.storage.sqlite import copy
from index.storage.store import FILE_NAME, Store


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`problems` are of the store and remain; `mended` were of the search index and are gone."""

    documents: int
    passages: int
    version: str
    problems: tuple[str, ...]
    mended: tuple[str, ...]


def verify(settings: Settings) -> VerifyReport:
    """Read every stored row and every published file against its hash.

    Raises IndexMissing, IndexMismatch for another schema, IndexDamaged where the store cannot be read at all, and
    QuotewellError where the search index cannot be written.
    """
    with Store.open(settings.data, readonly=True) as store:
        problems = tuple(store.verify())
        count = store.count()
        with store.snapshot() as snapshot:
            recipe = snapshot.recipe()
            wanted = version_of(recipe or "", snapshot.each_hash(), snapshot.policy(), engine_name(settings))
        mended: list[str] = []
        if not problems and recipe is not None:
            mended += _put_damaged_aside(settings)
            if mended or published(settings.data) != wanted:
                made = builder_as_built(settings).publish(store)
                if made.problem:
                    raise QuotewellError(made.problem)
                mended.append("the search index was made again from the store")
    return VerifyReport(*count, published(settings.data) or "", problems, tuple(mended))


def renew(settings: Settings, embedder: Embedder | None = None, serving: Generation | None = None) -> Generation:
    """Make the search index of what the store holds; embeds nothing. As `Builder.publish` does."""
    with Store.open(settings.data, readonly=True) as store:
        return builder_as_built(settings, embedder).publish(store, serving)


def builder_as_built(settings: Settings, embedder: Embedder | None = None) -> Builder:
    """A builder that goes on as the store was built, if there is one, whatever the settings say now."""
    own = settings.model_copy(update=_made(settings.data))
    if embedder is None or embedder.name != own.embedder:
        embedder = load_embedder(own.embedder, own.model_path)
    return Builder(own.data, own, embedder)


def _made(data: Path) -> dict[str, object]:
    recipe = None
    with suppress(IndexMissing), Store.open(data, readonly=True) as store:
        recipe = store.recipe()
    made = UNSAID | json.loads(recipe) if recipe else {}
    return {name: made[name] for name in SHAPING if name in made}


def _put_damaged_aside(settings: Settings) -> list[str]:
    said: list[str] = []
    for folder in sorted((settings.data / "generations").glob("[!.]*/")):
        try:
            checked(load(settings.data, folder.name), settings)
        except IndexDamaged as error:
            put_aside(settings.data, folder.name)
            said.append(f"put aside: {error}")
    return said


# Backups: what others cannot make again, in another place, and whether it is whole.


def read_whole(own: Path, beside: Iterable[Path], folder: Path) -> tuple[int, int]:
    """A backup's articles and passages, all of it checked in a copy. Raises QuotewellError or ValueError."""
    _taken(own, folder / FILE_NAME)
    copied(beside, folder, _taken)
    for keys in folder.glob("*.json"):
        try:
            json.loads(keys.read_bytes())
        except ValueError as error:
            raise ValueError(f"{keys.name} is damaged") from error
    with Store.open(folder, readonly=True) as store:
        for problem in store.verify():
            raise ValueError(problem.replace(str(folder / FILE_NAME), str(own)))
        return store.count()


def _taken(file: Path, place: Path) -> None:
    """Of a backup, beside which nothing is left as long as nobody has it open."""
    (copy if Path(f"{file}-wal").exists() else shutil.copyfile)(file, place)


def copied(files: Iterable[Path], folder: Path, take: Callable[[Path, Path], object] = copy) -> None:
    """What others cannot make again; the store last, to know all that they know."""
    for file in sorted(filter(Path.is_file, files), key=lambda one: one.name == FILE_NAME):
        if file.suffix == ".db":
            take(file, folder / file.name)
        elif file.suffix == ".json":
            with Path(shutil.copy2(file, folder)).open("rb+") as made:
                os.fsync(made.fileno())
