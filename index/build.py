"""Files → store → generation. Only what changed is embedded again; one transaction a document.

Interrupted, it loses nothing that was committed and the search index that stands goes on answering.
"""

import json
import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from typing import NamedTuple

from index.embedding.embedder import Embedder
from index.embedding.vectors import StoredPassage
from index.engines.content import collected, fits, repointed, standing
from index.engines.engine import engine_name, engine_of
from index.errors import BadInput, IndexDamaged, IndexMismatch, IndexMissing, NotFound, QuotewellError
from index.formats import CORPORA, find, suffix
from index.plan import OnProgress, Plan, PlanReport, Stored
from index.plan import Progress as Progress
from index.ranking.content import content_of, merged, refuse_unlike
from index.records import Document
from index.settings import Settings
from index.shards import UNSAID, Embedding, Making, refuse_workers
from index.storage import generation
from index.storage.docstore import hash_of, stored_as
from index.storage.generation import Generation
from index.storage.pieces import Content
from index.storage.revisions import Keeping
from index.storage.snapshot import Snapshot
from index.storage.store import Store


@dataclass(frozen=True, slots=True)
class BuildReport(PlanReport):
    """What a build did; the counts of passages and tokens are of the documents embedded in this run."""

    embedded_passages: int
    tokens: int
    documents: int
    passages: int
    version: str


class Readied(NamedTuple):
    """A document and all that is made of it alone: storing that is quick, however long the document is."""

    document: Document
    passages: Sequence[StoredPassage]
    content: Content
    is_line: bool  # of a corpus, by what the store knew then


OURS = frozenset({"cleaner", "encoder", "terms"})  # of a recipe: what the program itself brings, and no setting says
DRAWN = 4  # documents of those that are new, and of all, that must be found again before an index answers
_UTC_NOW = partial(datetime.now, UTC)
_log = logging.getLogger(__name__)


class Builder:
    """Brings one data folder up to date; holds the embedder so that a server need not load it twice."""

    def __init__(
        self, data: Path, settings: Settings, embedder: Embedder, clock: Callable[[], datetime] = _UTC_NOW
    ) -> None:
        self._data, self._settings = data, settings.model_copy(update={"data": data})
        self._making = Making(settings, embedder)
        self._recipe = self._making.recipe
        self._stem = settings.stem
        self._embedder = embedder
        self._clock = clock
        self._keep_days = settings.keep_revisions_days
        self._put: Readied | None = None  # what went into the store last
        self._written: str | None = None  # the document that was put or deleted last

    def index(
        self,
        paths: Sequence[Path],
        *,
        prune: bool = False,
        rebuild: bool = False,
        workers: str = "",
        on_progress: OnProgress = lambda _: None,
    ) -> BuildReport:
        """Add and update what stands below the paths; `prune` deletes what stood there and does not any more.

        `rebuild` makes everything anew under the present settings, documents from elsewhere included; what an earlier
        Quotewell cleaned or encoded otherwise is made anew unasked, and that is logged. `workers` embed instead of this
        process: so many others, or `ray`. Raises NotFound for a path, BadInput for workers that there are not, before
        anything is written, IndexMismatch for other settings, and QuotewellError where no search index can be written.
        """
        refuse_workers(workers)
        found = find(paths)
        self._reach_engine()
        embedding = Embedding(on_progress)
        with Store.open(self._data, create=True) as store, generation.at_work(self._data):
            rebuild = rebuild or self._is_of_earlier_program(store)
            plan = Plan(found, _stored(store), on_progress, everything=rebuild)
            roots = paths if prune else None
            if rebuild:
                documents = chain(plan.changed(), plan.others(store.documents(), roots))
                encoded = self._making.made(documents, embedding, workers)
                store.replace_all(encoded, recipe=self._recipe, keeping=self._keeping())
                gone = plan.gone(roots)
            else:
                self._bring_up_to_date(store, plan, embedding, workers)
                gone = self._dropped(store, plan, roots)
            store.keep_files(plan.files())
            store.expire(self._keeping())
            store.checkpoint()
            on_progress(Progress("publishing", 0, 1))
            published = self.publish(store)
            on_progress(Progress("publishing", 1, 1))
        if published.problem:
            raise QuotewellError(f"the articles are stored, but {published.problem}")
        manifest = published.manifest
        seen = plan.report(gone)
        return BuildReport(
            **{field.name: getattr(seen, field.name) for field in fields(seen)},
            embedded_passages=embedding.done,
            tokens=embedding.tokens,
            documents=manifest.documents,
            passages=manifest.passages,
            version=manifest.version,
        )

    def plan(
        self, paths: Sequence[Path], *, prune: bool = False, on_progress: OnProgress = lambda _: None
    ) -> PlanReport:
        """What `index` would do, with nothing written. Raises as `index` does."""
        found = find(paths)
        stored, everything = Stored(), False
        with suppress(IndexMissing), Store.open(self._data, readonly=True) as store:
            stored, everything = _stored(store), self._is_of_earlier_program(store)
        plan = Plan(found, stored, on_progress, everything=everything)
        for _ in plan.changed():
            pass
        return plan.report(plan.gone(paths if prune else None))

    def prepared(self, document: Document) -> Readied:
        """What takes time, for which no write waits. Raises EngineUnavailable and IndexMismatch before all of it."""
        self._reach_engine()
        with Store.open(self._data, create=True) as store:
            self._refuse_other_recipe(store, but={"cleaner"})  # the text came cleaned, whatever did it
            is_line = document.id in _lines(store.files([document.id]))
        ((_, passages),) = self._making.made([document], Embedding(lambda _: None))
        return Readied(document, passages, self._content_of([(document, passages)], [document.id] * is_line), is_line)

    def put(self, given: Document | Readied, serving: Generation | None = None) -> Generation:
        """Add or replace one document and publish; `serving` as in `publish`. Raises as `prepared` does."""
        one = given if isinstance(given, Readied) else self.prepared(given)
        with Store.open(self._data, create=True) as store, generation.at_work(self._data):
            going_on = self._refuse_other_recipe(store, but={"cleaner"})
            files = None if store.files([one.document.id]) else [""]
            new = store.put(one.document, one.passages, recipe=going_on, keeping=self._keeping(), files=files)
            self._put, self._written = one if new else None, one.document.id
            store.checkpoint()
            return self.publish(store, serving)

    def delete(self, document_id: str, serving: Generation | None = None) -> Generation:
        """Raises NotFound."""
        with Store.open(self._data) as store, generation.at_work(self._data):
            self._refuse_other_recipe(store, but=OURS)  # what is taken away is made by no recipe
            if not store.delete(document_id, self._keeping()):
                raise NotFound(f"no document '{document_id}' in '{self._data}'; list them with: quotewell documents")
            self._written = document_id
            return self.publish(store, serving)

    def keep_policy(self, policy: str) -> generation.GenerationManifest:
        """What decides when to answer, as canonical JSON; "" removes it. Raises IndexMissing."""
        with Store.open(self._data) as store, generation.at_work(self._data):
            self._refuse_other_recipe(store, but=OURS)
            store.keep_policy(policy)
            return self.publish(store).manifest

    def publish(self, store: Store, serving: Generation | None = None) -> Generation:
        """The store's present state as the current generation; nothing is written when it stands already.

        Done again if another process wrote meanwhile: it may have published the newer state first. Where it cannot be
        written it is in memory, and its `problem` says why. With `serving`, which answers in this process, what
        changed since is kept in memory beside it: a document costs what it costs and not the whole index, and whoever
        else opens the index does the same. A server writes it once that is outgrown.
        """
        with store.snapshot() as snapshot:
            sequence, published = snapshot.sequence(), self._published(snapshot, serving)
        if store.sequence() == sequence:
            return published
        with store.snapshot() as snapshot:
            return self._published(snapshot, serving)

    def _published(self, snapshot: Snapshot, serving: Generation | None) -> Generation:
        made = snapshot.recipe() or self._recipe
        stored = snapshot.hashes()
        version = generation.version_of(made, stored.items(), snapshot.policy(), engine_name(self._settings))
        whole = repointed(self._settings, version) if serving is None else None
        if whole:
            return whole
        older = serving or standing(self._settings)
        beside = older if older and older.manifest.recipe == made and fits(older.content, self._settings) else None
        try:
            return self._made(snapshot, stored, version, beside, serving is None)
        except IndexDamaged:
            if beside is None:
                raise
            return self._made(snapshot, stored, version, None, serving is None)

    def _changes(self, stored: Mapping[str, str], older: Generation) -> tuple[frozenset[str], list[str]]:
        """Which documents the older one has and the store has not, or otherwise; and which of the store's it lacks.

        Its own records are read only where its name tells that more changed since than what was written last.
        """
        known: Mapping[str, str | None]
        if (name := self._written) is not None:
            before, had = [*stored.items()], hash_of(older.content, name)
            at = bisect_left(before, (name,))
            before[at : at + (name in stored)] = [] if had is None else [(name, had)]
            version = generation.version_of(older.manifest.recipe, before, engine=engine_name(self._settings))
        if name is not None and version == older.manifest.content:
            known, names = {name: had}, [name] * (name in stored)
        else:
            known, names = stored_as(older.content), [*stored]
        gone = frozenset(name for name, had in known.items() if had is not None and stored.get(name) != had)
        return gone, [name for name in names if known.get(name) != stored[name]]

    def _made(
        self, snapshot: Snapshot, stored: Mapping[str, str], version: str, older: Generation | None, write: bool
    ) -> Generation:
        """Of what changed since the older one, beside that; without one, of everything."""
        made = snapshot.recipe() or self._recipe
        gone, new = self._changes(stored, older) if older else (frozenset(), [*stored])
        newer = self._content(snapshot, stored, new if older else None)
        before, engine = older.content if older else None, engine_of(self._settings)
        if engine:
            content = collected(engine, before, gone, newer, version, stored)
        else:
            content = merged(before, gone, newer) if before else newer
        drawn = sorted({*new[-DRAWN:], *Random(snapshot.sequence()).sample([*stored], min(DRAWN, len(stored)))})
        looked_at = stored if write or older is None else {name: stored[name] for name in drawn}
        stem = self._stem if made == self._recipe else None
        refuse_unlike(content, len(stored), looked_at, snapshot.drawn(drawn), stem)
        manifest = generation.GenerationManifest(
            generation.FORMAT, version, snapshot.sequence(), made, len(stored), content.passages, {}, snapshot.policy()
        )
        problem = ""
        if write:
            try:
                return generation.publish(self._data, content, manifest)
            except OSError as error:
                problem = generation.unwritten(self._data, error)
        rows = newer.passages
        lost = rows + (older.manifest.passages - content.passages if older else 0)
        return Generation(
            self._data / "generations" / version,
            manifest,
            content,
            written=False,
            changed=rows + lost + (older.changed if older else 0),
            deleted=not gone <= stored.keys() or bool(older and older.deleted),
            problem=problem,
        )

    def _bring_up_to_date(self, store: Store, plan: Plan, embedding: Embedding, workers: str) -> None:
        """Each new or changed document in a transaction of its own."""
        self._refuse_other_recipe(store)
        for document, passages in self._making.made(plan.changed(), embedding, workers):
            files = plan.files_of(document.id)
            store.put(document, passages, recipe=self._recipe, keeping=self._keeping(), files=files)

    def _dropped(self, store: Store, plan: Plan, roots: Sequence[Path] | None) -> list[str]:
        """The documents that stand nowhere any more, deleted. Raises BadInput when that cannot be told."""
        try:
            gone = plan.gone(roots)
        except BadInput:  # what was added counts all the same
            self.publish(store)
            raise
        for name in gone:
            store.delete(name)
        return gone

    def _reach_engine(self) -> None:
        """Raises EngineUnavailable where what the settings name is down, before work is done in vain."""
        if engine := engine_of(self._settings):
            engine.alive()

    def _keeping(self) -> Keeping:
        return Keeping(self._clock(), self._keep_days)

    def _is_of_earlier_program(self, store: Store) -> bool:
        """Whether nothing but the program changed since. Raises IndexMismatch where settings did, too."""
        made = self._refuse_other_recipe(store, but=OURS)
        if made != self._recipe:
            changed = _differences(made, self._recipe)
            _log.warning("'%s' is of an earlier Quotewell (%s): everything in it is made anew", self._data, changed)
        return made != self._recipe

    def _refuse_other_recipe(self, store: Store, but: AbstractSet[str] = frozenset()) -> str:
        """The recipe that the store goes on with: its own, which differs from this builder's in nothing but `but`.

        Before anything is embedded for nothing; whatever another process does meanwhile, `put` refuses.
        """
        with store.snapshot() as now:
            made = now.other_recipe(self._recipe) or self._recipe
        differing = _differing(made, self._recipe)
        if differing <= but:
            return made
        differences = _differences(made, self._recipe)
        if differing <= OURS:
            raise IndexMismatch(
                f"'{self._data}' is of an earlier Quotewell ({differences}); make everything in it anew with: "
                f"quotewell index --data {self._data}"
            )
        raise IndexMismatch(
            f"'{self._data}' was built with {differences}; use the settings it was "
            f"built with, or build everything again with: quotewell index --rebuild --data {self._data}"
        )

    def _content(self, snapshot: Snapshot, stored: Mapping[str, str], document_ids: Sequence[str] | None) -> Content:
        """Of these documents, or of all."""
        lines, put = _lines(snapshot.files(document_ids)), self._put
        if put:
            name = put.document.id
            now = document_ids, stored.get(name), name in lines
            if now == ([name], put.document.sha256, put.is_line):
                return put.content
        return self._content_of(snapshot.whole(document_ids), lines)

    def _content_of(self, found: Iterable[tuple[Document, Sequence[StoredPassage]]], lines: Collection[str]) -> Content:
        return content_of(found, self._stem, self._embedder.dim, lines, self._data)


def _differing(made: str, wanted: str) -> frozenset[str]:
    """The parts on which two recipes do not agree."""
    old, new = (UNSAID | json.loads(recipe) for recipe in (made, wanted))
    return frozenset(key for key in {*old, *new} if old.get(key) != new.get(key))


def _differences(made: str, wanted: str) -> str:
    """What two recipes do not agree on, as a person would say it."""
    old, new = (UNSAID | json.loads(recipe) for recipe in (made, wanted))
    now = {key: "it is now" if key in OURS else "the settings now say" for key in _differing(made, wanted)}
    return ", ".join(f"{key} {old.get(key)!r} where {now[key]} {new.get(key)!r}" for key in sorted(now))


def _stored(store: Store) -> Stored:
    with store.snapshot() as now:
        return Stored(now.hashes(), now.files(), store.document)


def _lines(files: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The documents that are lines of a corpus: judgements name them, so all are kept, whatever others say."""
    return frozenset(name for name, paths in files.items() if any(suffix(Path(path)) in CORPORA for path in paths))
