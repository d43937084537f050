"""The one Assistant that answers now, and its replacement when the index changes, here or in another process.

An Assistant is immutable and a request takes the reference once, so no answer mixes two versions. Everything that
replaces the reference holds the lock; nothing that answers waits for it.
"""

import json
import logging
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from json import loads
from threading import Event, Lock, Thread

from index.build import Builder
from index.embedding.embedder import Embedder, load_embedder
from index.errors import IndexDamaged, IndexMismatch, IndexMissing, NotFound, QuotewellError
from index.records import Document
from index.settings import Settings
from index.storage.generation import current, load, outdated
from index.verify import builder_as_built, renew
from rag.assistant import Assistant, open_assistant
from server.problems import public

# Questions that somebody wrote for the bundled articles; like those made by rule they are shown only if answered.


@cache
def written() -> dict[str, str]:
    """Document id → question."""
    table: dict[str, str] = loads(files("server").joinpath("suggestions.json").read_text(encoding="utf-8"))
    return table


POLL_S = 0.3
MOST_DELAY_S = 5.0  # between attempts at an index that cannot be used; each reads all of it

_LOADING = IndexMissing("the index is still being loaded; try again in a moment")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """What answers, and why what stands on the disk does not, if it does not."""

    assistant: Assistant | None
    problem: QuotewellError | None


class Live:
    """Loads in the background from `start` on, watches until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedder: Embedder | None = None
        self._state = State(None, _LOADING)
        self._lock = Lock()
        self._stopping = Event()
        self._tried = Event()
        self._watcher = Thread(target=self._watch, name="index watcher", daemon=True)

    def start(self) -> None:
        self._watcher.start()

    def stop(self) -> None:
        self._stopping.set()
        self._watcher.join(timeout=1)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until the first attempt to load has ended, well or not."""
        return self._tried.wait(timeout_s)

    @property
    def state(self) -> State:
        return self._state

    @property
    def watching(self) -> bool:
        return self._watcher.is_alive()

    @property
    def assistant(self) -> Assistant:
        """Take it once a request. Raises what kept it from being loaded."""
        state = self._state
        if state.assistant is None:
            problem = state.problem or _LOADING
            raise type(problem)(str(problem))  # one of its own for each request, since a raised one grows a traceback
        return state.assistant

    @property
    def embedder_name(self) -> str | None:
        return self._embedder.name if self._embedder else None

    def put(self, document: Document) -> bool:
        """Add or replace, and answer from it before this returns; True when it is new. Raises as Builder.put does."""
        with self._lock:
            added = not _holds(self._state.assistant, document.id)
            self._builder().put(document)
            self._refresh()
            return added

    def delete(self, document_id: str) -> None:
        """Gone from answers before this returns. Raises NotFound and what Builder.delete raises."""
        with self._lock:
            self._builder().delete(document_id)
            self._refresh()

    def _builder(self) -> Builder:
        return builder_as_built(self._settings, self._embedder)

    def _watch(self) -> None:
        delay_s = POLL_S
        try:
            while True:
                with self._lock:
                    costly = self._attempt()
                self._tried.set()
                delay_s = min(2 * delay_s, MOST_DELAY_S) if costly else POLL_S
                if self._stopping.wait(delay_s):
                    return
        finally:
            if self._state.problem is _LOADING:  # a bug ends this thread; what is said must not stay a promise
                self._state = State(None, QuotewellError("the index could not be loaded; the server's log says why"))
            self._tried.set()

    def _attempt(self) -> bool:
        """Refresh; True when it failed after reading all of an index, which should not be done too often."""
        try:
            self._refresh()
        except IndexMissing as error:
            self._report(error)
        except QuotewellError as error:
            self._report(error)
            return True
        except OSError as error:  # another process removed the generation while it was opened
            self._report(IndexDamaged(f"the index changed while it was opened: {error}"))
        return False

    def _refresh(self) -> None:
        """The current generation, opened beside the one that answers if it is another. Call with the lock held."""
        serving = self._state.assistant
        version = current(self._settings.data)
        if serving is None or serving.index.version != version:
            serving = self._open()
            _log.info("answering from index %s, %d documents", serving.index.version, len(serving.index.document_ids))
        self._state = State(serving, None)

    def _open(self) -> Assistant:
        if outdated(self._settings.data):
            renew(self._settings, self._embedder)
        if self._embedder is None:
            self._embedder = self._recorded_embedder()
        try:
            return open_assistant(settings=self._settings, embedder=self._embedder, known=written(), phrase=True)
        except IndexMismatch:  # it may have been built anew with another model
            self._embedder = self._recorded_embedder()
            return open_assistant(settings=self._settings, embedder=self._embedder, known=written(), phrase=True)

    def _recorded_embedder(self) -> Embedder:
        """The one that the index was built with."""
        data = self._settings.data
        recipe = json.loads(load(data, current(data)).manifest.recipe)
        return load_embedder(str(recipe["embedder"]), self._settings.model_path)

    def _report(self, error: QuotewellError) -> None:
        """What answers goes on answering; a problem is logged when it is new. Call with the lock held."""
        before, told = self._state, public(error, self._settings.data)
        if str(before.problem) != told:
            _log.warning("the index on disk cannot be used: %s", error)
        self._state = State(before.assistant, type(error)(told))


def _holds(assistant: Assistant | None, document_id: str) -> bool:
    try:
        return assistant is not None and bool(assistant.index.document(document_id))
    except NotFound:
        return False
