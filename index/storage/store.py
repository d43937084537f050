"""The only truth of a corpus: documents, passages and encodings in one SQLite file, a transaction per document.

Threads: every read opens a connection of its own and so never waits; writes share one connection behind a lock.
Processes: any number read while one writes; a second writer waits for its turn, then gives up with StoreBusy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec, Self, TypeVar

from index.embedding.vectors import StoredPassage
from index.errors import IndexDamaged, IndexMismatch, IndexMissing, NotFound
from index.records import Document
from index.storage import rows
from index.storage.merkle import revision
from index.storage.revisions import Keeping, expire, forget, keep
from index.storage.snapshot import Snapshot
from index.storage.sqlite import Connection, checkpoint, connect, explained, immediate, remove_left

FILE_NAME = "corpus.db"

Given = ParamSpec("Given")
Read = TypeVar("Read")


def _now(read: Callable[Concatenate[Snapshot, Given], Read]) -> Callable[Concatenate["Store", Given], Read]:
    """What a snapshot says, of the store as it is at the moment."""

    def said(store: "Store", /, *given: Given.args, **named: Given.kwargs) -> Read:
        with store.snapshot() as now:
            return read(now, *given, **named)

    return said


class Store:
    """Made by `Store.open`; use it as a context manager, or close it."""

    def __init__(self, path: Path, writer: Connection | None, timeout_s: float) -> None:
        self.path = path
        self._writer = writer
        self._timeout_s = timeout_s
        self._lock = Lock()

    @classmethod
    def open(cls, folder: str | Path, *, create: bool = False, readonly: bool = False, timeout_s: float = 5.0) -> Self:
        """The store of a data folder; timeout_s is how long a write waits for another process to finish its own.

        Raises IndexMissing, IndexDamaged, IndexMismatch (another schema), StoreBusy, and QuotewellError where the
        folder cannot be used.
        """
        if create and readonly:
            raise ValueError("a store that is only read cannot be created")
        path = Path(folder) / FILE_NAME
        if create and not path.exists():
            rows.create_file(path, timeout_s)
        if not readonly:
            remove_left(path.parent)
        if not path.exists():
            raise IndexMissing(f"no index in '{path.parent}'; build one with: quotewell index PATH")
        if not path.is_file():
            raise IndexDamaged(f"'{path}' is not a file; move it away and build an index with: quotewell index PATH")
        with cls(path, None, timeout_s).snapshot() as now, explained(path):  # looked at before it is touched
            store = cls(path, None if readonly else connect(path, "rw", timeout_s), timeout_s)
            older = now.schema != rows.VERSION
        with ExitStack() as undo:
            undo.callback(store.close)
            if older and not readonly:
                with store._writing() as (writer, _):
                    rows.bring_up(writer)
            undo.pop_all()  # it went well: the store stays open
        return store

    def close(self) -> None:
        """The last writer to close also empties the log into the file."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A view that stays as it is while others write; keep it short, since the log grows while it is open."""
        with explained(self.path), closing(connect(self.path, "ro", self._timeout_s)) as connection:
            connection.execute("BEGIN")
            yield Snapshot(connection, self.path)

    sequence = _now(Snapshot.sequence)
    recipe = _now(Snapshot.recipe)
    count = _now(Snapshot.count)
    hashes = _now(Snapshot.hashes)
    files = _now(Snapshot.files)
    document = _now(Snapshot.document)
    verify = _now(Snapshot.verify)

    def documents(self) -> Iterator[Document]:
        """All documents by id, as they are at the first step."""
        with self.snapshot() as now:
            yield from now.documents()

    def put(
        self,
        document: Document,
        passages: Sequence[StoredPassage],
        *,
        recipe: str,
        keeping: Keeping | None = None,
        files: Iterable[str] | None = None,
    ) -> bool:
        """Adds or replaces one document with all its passages; False if it is there already, unchanged and whole.

        `recipe` names all that shaped the passages and encodings; the first document sets it. Without `keeping` the
        former text is not kept; without `files` it stands where it stood.

        Raises IndexMismatch under another recipe, StoreBusy, and ValueError for passages
        that are not this document's.
        """
        sealed = rows.rows_of(document, passages)
        with self._writing() as (writer, before):
            if other := before.other_recipe(recipe):
                raise IndexMismatch(
                    f"'{self.path}' was built with {other}, not with {recipe}; use the settings it was "
                    "built with, or move it away and build it again with: quotewell index PATH"
                )
            if files is not None:
                rows.set_files(writer, document.id, files)
            if before.recipe() == recipe and before.holds(document):
                return False
            _keep_former(writer, before, document, keeping)
            replaced = rows.remove(writer, document.id)
            rows.insert_rows(writer, sealed)
            documents = before.document_count() + (0 if replaced else 1)
            if keeping:
                expire(writer, keeping)
            rows.set_head(writer, recipe=recipe, sequence=before.sequence() + 1, documents=documents)
            return True

    def delete(self, document_id: str, keeping: Keeping | None = None) -> bool:
        """Removes a document, and its texts from the disk unless somebody is reading; False if there is none such.

        With `keeping`, former texts of others go, too, whose time is up or which are too many for what stands now.
        """
        with self._writing() as (writer, before):
            removed = rows.remove(writer, document_id)
            forget(writer, document_id)
            rows.set_files(writer, document_id, ())
            if keeping:
                expire(writer, keeping)
            if removed:
                rows.set_head(writer, sequence=before.sequence() + 1, documents=before.document_count() - 1)
        if removed:
            self.checkpoint()
        return removed

    def keep_files(self, files: Mapping[str, Iterable[str]]) -> None:
        """Where documents were read, that and nothing else of them; those that are not stored are passed over."""
        with self._writing() as (writer, before):
            for document_id in files.keys() & before.hashes().keys():
                rows.set_files(writer, document_id, files[document_id])

    def expire(self, keeping: Keeping) -> int:
        """Takes the former texts away whose time is up, or which are too many, and returns how many; `put` does it,
        too.
        """
        with self._writing() as (writer, _):
            return expire(writer, keeping)

    def replace_all(
        self,
        documents: Iterable[tuple[Document, Sequence[StoredPassage]]],
        *,
        recipe: str,
        keeping: Keeping | None = None,
    ) -> int:
        """Everything anew under another recipe, in one transaction: afterwards all of the old or all of the new.

        Documents may be read from a snapshot of this store meanwhile. Returns their number; ids must be unique.
        """
        with self._writing() as (writer, before):
            writer.execute("DELETE FROM passages")
            seen: set[str] = set()
            for document, passages in documents:
                sealed = rows.rows_of(document, passages)
                _keep_former(writer, before, document, keeping)
                rows.remove(writer, document.id)
                rows.insert_rows(writer, sealed)
                seen.add(document.id)
            rows.remove_others(writer, seen)
            if keeping:
                expire(writer, keeping)
            rows.set_head(writer, recipe=recipe, sequence=before.sequence() + 1, documents=len(seen))
        self.checkpoint()
        return len(seen)

    def keep_policy(self, policy: str) -> bool:
        """Keeps what decides when to answer, whatever becomes of the documents; "" removes it. False: as it was."""
        with self._writing() as (writer, before):
            changed = before.policy() != policy
            if changed:
                rows.set_head(writer, policy=policy, sequence=before.sequence() + 1)
            return changed

    def checkpoint(self) -> bool:
        """Empties the log, the last place where replaced and deleted text stands; False while a reader needs it."""
        with self._lock, explained(self.path):
            return checkpoint(self._opened_writer(), self._timeout_s)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Snapshot]]:
        """A write transaction and the state it starts from; committed at the end unless something was raised."""
        with self._lock, explained(self.path):
            writer = self._opened_writer()
            with immediate(writer):
                yield writer, Snapshot(writer, self.path)

    def _opened_writer(self) -> Connection:
        if self._writer is None:
            raise ValueError(f"'{self.path}' was opened for reading only")
        return self._writer


def _keep_former(writer: Connection, before: Snapshot, document: Document, keeping: Keeping | None) -> None:
    """What stands under the document's id will be replaced; a damaged text is not worth keeping."""
    if keeping is None:
        return
    with suppress(NotFound, IndexDamaged):
        text = before.document(document.id).text
        if text != document.text:
            keep(writer, document.id, text, keeping)
    forget(writer, document.id, revision(document.text).hex())
