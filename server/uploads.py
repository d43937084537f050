"""Files that somebody sent: read and indexed one after the other while the sender follows their operation."""

import logging
import shutil
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Literal
from uuid import uuid4

from index.errors import NotFound, QuotewellError, UnreadableFile
from index.formats import ARTICLES, File, open_file, suffix
from index.formats.document import Unread
from index.formats.metadata import Metadata
from index.records import Document
from server.live_index import Live
from server.problems import NO_ROOM, public

_log = logging.getLogger(__name__)
_KEPT = 1000  # operations that can still be asked for
MOST_WAITING = 16  # files of 10 MB at most, which wait in memory
Progress = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What became of a file so far: its documents that answers reflect, and why others do not stand there."""

    id: str
    file: str
    status: Progress = "running"
    documents: tuple[Document, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Uploads:
    """One file at a time; what was accepted is finished unless the server ends."""

    def __init__(self, live: Live, data: Path) -> None:
        self._live = live
        self._data = data
        self._operations: OrderedDict[str, Operation] = OrderedDict()
        self._lock = Lock()
        self._folder = ""  # with the file that is being read
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="uploads")

    @property
    def is_full(self) -> bool:
        """Whether as many files wait as may."""
        with self._lock:
            return sum(one.status == "running" for one in self._operations.values()) > MOST_WAITING

    def begin(self, name: str, content: bytes, document_id: str) -> Operation:
        """`document_id` is of a file that holds one document, else ids stand in it. Raises UnreadableFile."""
        if suffix(Path(name)) not in ARTICLES:
            raise UnreadableFile(f"'{name[:100]}' is of no type that is read; known are {', '.join(ARTICLES)}")
        operation = Operation(uuid4().hex, name)
        self._note(operation)
        self._worker.submit(self._work, operation, content, document_id)
        return operation

    def operation(self, operation_id: str) -> Operation:
        """Raises NotFound, also for one of long ago."""
        with self._lock:
            found = self._operations.get(operation_id)
        if found is None:
            raise NotFound(f"no operation '{operation_id[:100]}'; the last {_KEPT:,} since the server began are kept")
        return found

    def close(self) -> None:
        """A signal ends the process in the middle of a file, of which nothing stays behind."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _note(self, operation: Operation) -> None:
        with self._lock:
            self._operations[operation.id] = operation
            while len(self._operations) > _KEPT:
                self._operations.popitem(last=False)

    def _work(self, operation: Operation, content: bytes, document_id: str) -> None:
        try:
            self._index(operation, content, document_id)
            why = ""
        except QuotewellError as error:
            why = public(error, self._data)
        except Exception as error:  # whoever follows must not wait for ever, and of a bug nobody else would see it
            _log.exception("a file that was sent could not be indexed")
            why = f"{NO_ROOM if isinstance(error, OSError) else 'a fault in the server'}; its log has it"
        operation = self.operation(operation.id)  # with what stands in answers, whatever came then
        problems = (*operation.problems, *filter(None, [why]))
        done = operation.documents and not problems
        self._note(replace(operation, problems=problems, status="done" if done else "failed"))

    def _index(self, operation: Operation, content: bytes, document_id: str) -> None:
        with TemporaryDirectory(prefix="quotewell-") as self._folder:
            path = Path(self._folder) / f"file{suffix(Path(operation.file))}"
            path.write_bytes(content)
            for found in open_file(File(path, document_id, Metadata({}))):
                if isinstance(found, Unread):
                    line = found.path.removeprefix(str(path)).replace(":", "line ")
                    operation = replace(operation, problems=(*operation.problems, f"{line} {found.reason}".strip()))
                else:
                    self._live.put(found.document)
                    documents, warnings = (*operation.documents, found.document), (*operation.warnings, *found.warnings)
                    operation = replace(operation, documents=documents, warnings=warnings)
                self._note(operation)
