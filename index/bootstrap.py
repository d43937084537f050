"""Before anything is asked: the search index of what the store holds now, whatever happened before.

The store is the truth and says which version it wants. Where that is not on the disk, whole, it is made from the store,
which embeds nothing: after a crash, a full disk, damage, a restored file, a pointer to another version. Where it cannot
be made, or while another process is about to publish it, an older one may answer: without what the store does not hold
any more, and saying that it is behind.
"""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from index.embedding.embedder import Embedder
from index.engines.content import checked, standing
from index.engines.engine import engine_name
from index.errors import IndexDamaged, IndexMissing, QuotewellError
from index.lazy import later
from index.settings import Settings
from index.storage.docstore import stored_as
from index.storage.generation import Generation, current, is_at_work, load, pointed, publish, unwritten, version_of
from index.storage.store import Store

if TYPE_CHECKING:
    from index.seeding import seed
    from index.verify import renew
else:  # asking must not pay for all that builds an index
    seed = later("index.seeding:seed")
    renew = later("index.verify:renew")

BEHIND = "-behind"  # in the version of an index that lacks what the store holds

_WAITS = "catching up: another process is writing articles, and what was published before answers until it is done"
_MAKES = "catching up: the search index is made again from the store"

_log = logging.getLogger(__name__)


def newest(
    settings: Settings,
    embedder: Embedder | None = None,
    serving: Generation | None = None,
    meanwhile: Callable[[Generation], object] = lambda _: None,
    waits: bool = True,
) -> Generation:
    """What answers from now on; `serving`: what did so far. Its `problem` is empty when all is as it should be.

    `waits`: for what others will publish who write and have deleted nothing. Before one is made from the store,
    `meanwhile` gets an older one to answer, if there is one. Raises IndexMissing where nothing was ever stored, and
    what keeps the index from being made where there is no older one.
    """
    data, engine = settings.data, engine_name(settings)
    try:
        with Store.open(data, readonly=True) as store, store.snapshot() as now:
            recipe, policy = now.recipe(), now.policy()
            version = version_of(recipe or "", now.each_hash(), policy, engine)
    except IndexMissing:  # an index without its store answers as it is
        return serving or load(data, current(data))
    except QuotewellError as error:
        older = serving or standing(settings)
        if older is None:
            raise
        return _behind(older, None, f"catching up is not possible: {error}")
    if recipe is None:  # nor is anything stored
        with suppress(IndexDamaged):
            version = version_of(load(data, current(data)).manifest.recipe, (), policy, engine)
    if serving is not None and serving.manifest.version == version:
        return serving
    with suppress(IndexDamaged):
        return pointed(data, checked(load(data, version), settings))
    older = serving or standing(settings)
    stored: Mapping[str, str] | None = None
    try:
        with Store.open(data, readonly=True) as store:  # only here: who merely opens what stands holds nothing of it
            stored = store.hashes()
        if older and waits and is_at_work(data) and not (stored_as(older.content).keys() - older.gone) - stored.keys():
            return _behind(older, None, _WAITS)
        if older:
            meanwhile(_behind(older, stored, _MAKES))
        _log.warning(
            "the search index in '%s' is missing, damaged or of an earlier state or version: making it again", data
        )
        return renew(settings, embedder, serving)
    except QuotewellError as error:
        if older is None:
            raise
        return _behind(older, stored, f"catching up is not possible: {error}")


def ready(settings: Settings) -> None:
    """Index the bundled articles if nothing else was ever put into the default data folder; tells it on stderr.

    A folder that somebody named is not filled: what is missing there is for its owner to say.
    """
    try:
        current(settings.data)
    except IndexMissing:
        if "data" not in settings.model_fields_set:
            seed(settings)


def refuse_nothing(settings: Settings) -> None:
    """Raises IndexMissing where nothing was ever indexed; all else is mended or said later."""
    with suppress(IndexDamaged):
        with suppress(IndexMissing), Store.open(settings.data, readonly=True) as store:
            if store.recipe() is not None:
                return
        current(settings.data)


LEAST = 100  # passages that may come and go before the index is written again


def outgrown(serving: Generation, *, quiet: bool) -> bool:
    """Whether so much changed since the index on the disk that it is time to write it again.

    While nobody writes (`quiet`), so does what was deleted, and what may take half of the room of all that stands.
    """
    changed, passages = serving.changed, serving.manifest.passages
    return changed > max(LEAST, passages // 8) or (quiet and (serving.deleted or 2 * changed > passages))


def written(data: Path, serving: Generation) -> Generation:
    """What was kept in memory, on the disk if that is possible by now. Raises IndexDamaged."""
    try:
        return publish(data, serving.content, serving.manifest)
    except OSError as error:
        return replace(serving, problem=unwritten(data, error))


def _behind(older: Generation, stored: Mapping[str, str] | None, problem: str) -> Generation:
    """The older one without the documents that are stored otherwise or no more; `stored`: id → sha256, None: all stay.

    Its version tells it from the whole: equal versions give equal answers.
    """
    gone = older.gone
    if stored is not None:
        gone = frozenset(name for name, digest in stored_as(older.content).items() if digest != stored.get(name))
    left_out = f"-{sha256(json.dumps(sorted(gone)).encode()).hexdigest()[:8]}" if gone else ""
    version = f"{older.manifest.version.partition(BEHIND)[0]}{BEHIND}{left_out}"
    return replace(older, manifest=replace(older.manifest, version=version), gone=gone, problem=problem)
