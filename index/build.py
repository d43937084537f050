"""Files → store → generation. Only what changed is embedded again; one transaction a document.

Interrupted, it loses nothing that was committed and the search index that stands goes on answering.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from index import generation
from index.embed import Batch, Embedder
from index.encoding import Encoding, StoredPassage
from index.errors import IndexDamaged, IndexMismatch, IndexMissing, NotFound
from index.formats import read
from index.formats.document import Unread
from index.lexical import LexicalRanker
from index.records import Document, Passage
from index.settings import Settings
from index.shelf import pack_documents, pack_passages
from index.snapshot import Snapshot
from index.split import SplitRule, split
from index.store import Store
from index.text import stems

CLEANER = 1  # raised when the same file would clean to another text
TERMS = 1  # raised when the same text would be cut into other words
_GROUP_PASSAGES = 512  # embedded together, so that batches are of one length


class Progress(NamedTuple):
    """How far a build is; `total` grows while files are read."""

    step: str  # reading, embedding, publishing
    done: int
    total: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; the counts of passages and tokens are of the documents embedded in this run."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
    deleted: tuple[str, ...]
    unread: tuple[Unread, ...]
    embedded_passages: int
    tokens: int
    padding_ratio: float  # computed tokens / real tokens, 1.0 is none wasted
    documents: int
    passages: int
    version: str


def recipe(settings: Settings, embedder: Embedder) -> str:
    """Canonical JSON of everything that shapes an index."""
    parts = {
        "cleaner": CLEANER,
        "embedder": embedder.name,
        "fingerprint": embedder.fingerprint,
        "overlap_sentences": settings.overlap_sentences,
        "passage_tokens": settings.passage_tokens,
        "stem": settings.stem,
        "terms": TERMS,
    }
    return json.dumps(parts, sort_keys=True)


class Builder:
    """Brings one data folder up to date; holds the embedder so that a server need not load it twice."""

    def __init__(self, data: Path, settings: Settings, embedder: Embedder) -> None:
        self._data = data
        self._recipe = recipe(settings, embedder)
        self._stem = settings.stem
        self._embedder = embedder
        self._rule = SplitRule(settings.passage_tokens, embedder.max_tokens, settings.overlap_sentences)
        self._batches: list[Batch] = []

    def index(
        self,
        paths: Sequence[Path],
        *,
        prune: bool = False,
        rebuild: bool = False,
        on_progress: OnProgress = lambda _: None,
    ) -> BuildReport:
        """Add and update what stands below the paths; with `prune`, delete what does not stand there any more."""
        found = read(paths)
        first = next(found, None)  # a path that is not there is an error before anything is created
        with Store.open(self._data, create=True) as store:
            before = self._prepare(store, rebuild)
            unread: list[Unread] = []
            wanted: dict[str, str] = {}

            def changed() -> Iterator[Document]:
                for number, item in enumerate(chain([first] if first else [], found), start=1):
                    on_progress(Progress("reading", number, number))
                    if isinstance(item, Unread):
                        unread.append(item)
                        continue
                    wanted[item.id] = item.sha256
                    if before.get(item.id) != item.sha256:
                        yield item

            put = self._put(store, changed(), on_progress)
            deleted = [name for name in before if prune and name not in wanted]
            for name in deleted:
                store.delete(name)
            on_progress(Progress("publishing", 0, 1))
            manifest = self.publish(store)
            on_progress(Progress("publishing", 1, 1))
        tokens, padded = sum(b.tokens for b in self._batches), sum(b.padded for b in self._batches)
        return BuildReport(
            added=tuple(name for name in put if name not in before),
            updated=tuple(name for name in put if name in before),
            unchanged=len(wanted) - len(put),
            deleted=tuple(deleted),
            unread=tuple(unread),
            embedded_passages=sum(b.texts for b in self._batches),
            tokens=tokens,
            padding_ratio=padded / tokens if tokens else 1.0,
            documents=manifest.documents,
            passages=manifest.passages,
            version=manifest.version,
        )

    def put(self, document: Document) -> generation.Manifest:
        """Add or replace one document and publish; how a running server takes one."""
        with Store.open(self._data, create=True) as store:
            self._prepare(store, rebuild=False)
            self._put(store, iter([document]), lambda _: None)
            return self.publish(store)

    def delete(self, document_id: str) -> generation.Manifest:
        """Raises NotFound."""
        with Store.open(self._data) as store:
            if not store.delete(document_id):
                raise NotFound(f"no document '{document_id}' in '{self._data}'; list them with: quotewell documents")
            return self.publish(store)

    def publish(self, store: Store) -> generation.Manifest:
        """The store's present state as the current generation; nothing is written when it stands already."""
        with store.snapshot() as snapshot:
            made = snapshot.recipe() or self._recipe
            version = generation.version_of(made, snapshot.hashes())
            standing = _standing(self._data, version)
            if standing:
                return standing
            arrays = self._arrays(snapshot)
            count = snapshot.count().documents
            return generation.publish(self._data, arrays, version, snapshot.sequence(), made, count)

    def _prepare(self, store: Store, rebuild: bool) -> dict[str, str]:
        if rebuild:
            store.replace_recipe(self._recipe)
        made = store.recipe()
        if made not in (None, self._recipe) and store.count().documents:
            raise IndexMismatch(
                f"'{self._data}' was built with {made}; the settings now say {self._recipe}; "
                "use those it was built with, or build everything again with: quotewell index PATH --rebuild"
            )
        return store.hashes()

    def _put(self, store: Store, documents: Iterator[Document], on_progress: OnProgress) -> list[str]:
        put: list[str] = []
        done = 0
        for group in self._groups(documents):
            texts = [passage.search_text for _, passages in group for passage in passages]
            total = done + len(texts)

            def tell(batch: Batch, total: int = total) -> None:
                nonlocal done
                done += batch.texts
                self._batches.append(batch)
                on_progress(Progress("embedding", done, total))

            encoded = iter(self._embedder.encode_passages(texts, tell))
            for document, passages in group:
                store.put(
                    document,
                    [
                        StoredPassage(p, Encoding.from_floats(e.vector, e.tokens, e.offsets))
                        for p, e in zip(passages, encoded, strict=False)
                    ],
                    recipe=self._recipe,
                )
                put.append(document.id)
        return put

    def _groups(self, documents: Iterator[Document]) -> Iterator[list[tuple[Document, list[Passage]]]]:
        group: list[tuple[Document, list[Passage]]] = []
        for document in documents:
            group.append((document, split(document, self._rule, self._embedder.count_tokens)))
            if sum(len(passages) for _, passages in group) >= _GROUP_PASSAGES:
                yield group
                group = []
        if group:
            yield group

    def _arrays(self, snapshot: Snapshot) -> generation.Arrays:
        stored = list(snapshot.passages())
        passages = [one.passage for one in stored]
        lexical = LexicalRanker.build([stems(p.search_text, self._stem) for p in passages])
        return (
            generation.arrays_of([one.encoding for one in stored], self._embedder.dim)
            | {f"lexical_{name}": values for name, values in lexical.to_arrays().items()}
            | pack_passages(passages, list(snapshot.hashes()))
            | pack_documents(snapshot.documents())
        )


def _standing(data: Path, version: str) -> generation.Manifest | None:
    """The generation of that version if it is whole; it becomes the current one."""
    try:
        manifest = generation.load(data, version).manifest
    except IndexDamaged:
        generation.put_aside(data, version)
        return None
    try:
        if generation.current(data) != version:
            generation.point_to(data, version)
    except IndexMissing:
        generation.point_to(data, version)
    return manifest
