"""The one Assistant that answers now, and its replacement when the index changes, here or in another process.

An Assistant is immutable and a request takes the reference once, so no answer mixes two versions. Everything that
replaces the reference holds the lock; nothing that answers waits for it, and no article is embedded under it.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from json import loads
from pathlib import Path
from threading import Event, Lock, Thread

from index.bootstrap import newest, outgrown, written
from index.build import Builder
from index.embedding.embedder import Embedder
from index.errors import IndexDamaged, IndexMismatch, IndexMissing, NotFound, QuotewellError
from index.records import Document
from index.search import index_of
from index.settings import Settings
from index.storage.generation import Generation, is_at_work
from index.storage.store import FILE_NAME, Store
from index.verify import builder_as_built
from rag.assistant import Assistant, Extras, assistant_over
from rag.writing.chat_model import chat_model
from server.problems import public

# Questions that somebody wrote for the bundled articles; like those made by rule they are shown only if answered.


@cache
def known_questions() -> dict[str, str]:
    """Document id → question."""
    table: dict[str, str] = loads(files("server").joinpath("suggestions.json").read_text(encoding="utf-8"))
    return table


POLL_S = 0.3
MOST_DELAY_S = 5.0  # between attempts at an index that cannot be used; each reads all of it
ABREAST_S = 5.0  # that a question waits until what others wrote is seen: on a busy machine a look takes a second
GIVES_WAY_S = 0.2  # that a write waits for questions, at each step; it goes on however many there are

_GONE = "the store of the articles is gone: one article would begin another, without them; put it back"
_LOADING = IndexMissing("the index is still being loaded; try again in a moment")
_BEHIND = "another process wrote to the store, and it takes long to see what; try again in a moment"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """What answers, and what keeps it from being all that the store holds, on the disk, if anything does."""

    assistant: Assistant | None
    problem: QuotewellError | None


@dataclass(slots=True, eq=False)
class _Write:
    """One that has come and is not done: of a long article for minutes."""

    document_id: str
    overtaken: bool = False  # one for the same article came later and is done: as if this had been done just before it


Follower = Callable[[Assistant | None, Assistant], None]


class Live:
    """Loads in the background from `start` on, watches until `stop`."""

    def __init__(self, settings: Settings, idle: Event | None = None) -> None:
        """`idle`: set while nobody is answered."""
        self._settings, self._idle = settings, idle
        self._embedder: Embedder | None = None
        self._state = State(None, _LOADING)
        self._seen: object = None  # of the store, when what answers was all that it held; None: not so
        self._looked: object = None  # at its file, which looked so when the last look began
        self._stamp: object = None  # of the last look that came to something
        self._before: Generation | None = None  # what answered when it was last looked at
        self._lock = Lock()
        self._stopping = Event()
        self._tried = Event()
        self._followers: dict[object, Follower] = {}
        self._writes: list[_Write] = []  # in the order in which they came
        self._watcher = Thread(target=self._watch, name="index watcher", daemon=True)

    def start(self) -> None:
        self._watcher.start()

    def stop(self) -> None:
        self._stopping.set()
        self._watcher.join(timeout=1)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until the first attempt to load has ended, well or not."""
        return self._tried.wait(timeout_s)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Called in some thread whenever another index answers, with what answered before; what it returns ends it."""
        key = object()
        self._followers[key] = follower
        return lambda: self._followers.pop(key, None) and None

    @property
    def state(self) -> State:
        return self._state

    @property
    def watching(self) -> bool:
        return self._watcher.is_alive()

    @property
    def assistant(self) -> Assistant:
        """Take it once a request. Raises what kept it from being loaded.

        What another process deletes is cited by none that shares the folder from then on: who asks looks at the file.
        """
        if not self.is_abreast:
            if self._lock.acquire(timeout=ABREAST_S):
                try:
                    if not self.is_abreast:  # the one before looked
                        self._attempt()
                finally:
                    self._lock.release()
            elif not self.is_abreast:  # what answers may hold what is gone
                raise IndexMissing(_BEHIND)
        state = self._state
        if state.assistant is None:
            problem = state.problem or _LOADING
            raise type(problem)(str(problem))  # one of its own for each request, since a raised one grows a traceback
        return state.assistant

    @property
    def is_abreast(self) -> bool:
        """Whether nobody wrote since the last look, or nothing answers yet: then `assistant` waits for nobody."""
        stamp = _stamp(self._settings.data)
        return stamp in (self._stamp, None) or self._state.assistant is None

    @property
    def embedder_name(self) -> str | None:
        return self._embedder.name if self._embedder else None

    def put(self, document: Document) -> bool:
        """Add or replace, and answer from it before this returns; True when it is new. Raises as Builder.put does."""
        if self._state.assistant and _stamp(self._settings.data) is None:
            raise IndexMissing(_GONE)
        with self._write(document.id) as own, self._following():
            builder = self._builder()
            self._give_way()
            prepared = builder.prepared(document)
            self._give_way()
            with self._lock:
                if own.overtaken:
                    return False
                before = self._state.assistant
                added = before is None or not before.index.holds(document.id)
                self._answer_from(builder.put(prepared, self._serving()))
                self._overtake(own)
                return added

    def _give_way(self) -> None:
        """To whoever is being answered: both would share one interpreter, and each would be slower."""
        if self._idle:
            self._idle.wait(GIVES_WAY_S)

    def delete(self, document_id: str) -> None:
        """Gone from answers before this returns, and before it raises if the store has lost it. As Builder.delete."""
        with self._write(document_id) as own, self._following(), self._lock:
            try:
                self._answer_from(self._builder().delete(document_id, self._serving()))
            except NotFound:
                if not self._overtake(own):  # what is being embedded is gone, too
                    raise
            self._overtake(own)

    @contextmanager
    def _write(self, document_id: str) -> Iterator[_Write]:
        own = _Write(document_id)
        self._writes.append(own)
        try:
            yield own
        finally:
            self._writes.remove(own)

    def _overtake(self, own: _Write) -> bool:
        """Those for the same article that came earlier are done now; whether there are any. Call with the lock held."""
        writes = [*self._writes]  # others come and go meanwhile
        earlier = [one for one in writes[: writes.index(own)] if one.document_id == own.document_id]
        for one in earlier:
            one.overtaken = True
        return bool(earlier)

    @contextmanager
    def _following(self) -> Iterator[None]:
        """Whatever fails, and wherever it does, answers follow what the store holds by then."""
        try:
            yield
        except BaseException:
            with self._lock:
                self._attempt()
            raise

    def _serving(self) -> Generation | None:
        """What answers, unless that is less than all or in doubt. Call with the lock held."""
        serving = self._answering()
        return serving if serving and self._state.problem is None and not serving.is_damaged else None

    def _answering(self) -> Generation | None:
        serving = self._state.assistant
        return serving.index.generation if serving else None

    def _builder(self) -> Builder:
        return builder_as_built(self._settings, self._embedder)

    def _watch(self) -> None:
        delay_s, ends = POLL_S, False
        try:
            while not ends:
                with self._lock:
                    costly = self._attempt()
                self._tried.set()
                self._write_back()
                delay_s = min(2 * delay_s, MOST_DELAY_S) if costly else POLL_S
                ends = self._stopping.wait(delay_s)
        finally:
            if self._state.problem is _LOADING:  # a bug ends this thread; what is said must not stay a promise
                self._state = State(None, QuotewellError("the index could not be loaded; the server's log says why"))
            self._tried.set()

    def _attempt(self) -> bool:
        """Refresh; True when it failed after reading all of an index, which should not be done too often."""
        self._looked = _stamp(self._settings.data)
        try:
            self._refresh()
            return self._state.problem is not None and not is_at_work(self._settings.data)
        except IndexMissing as error:
            self._report(error)
        except QuotewellError as error:
            self._report(error)
            return True
        except OSError as error:  # another process removed the generation while it was opened
            self._report(IndexDamaged(f"the index changed while it was opened: {error}"))
        finally:
            self._stamp = self._looked
        return False

    def _write_back(self) -> None:
        """What is in memory alone, onto the disk: when what stands there is outgrown, or could not be written before.
        It is quiet where nobody has written for the length of a poll. Writes go on meanwhile.
        """
        now = self._answering()
        quiet, self._before = self._before is now, now
        if now is None or now.written or now.gone or now.is_damaged:
            return
        if not (now.problem or outgrown(now, quiet=quiet)):
            return
        try:
            made = written(self._settings.data, now)
        except IndexDamaged:  # noticed at the next look
            return
        with self._lock:
            if self._answering() is now and (made.written or made.problem != now.problem):
                self._answer_from(made)
        gc.collect()  # what answered before holds itself by its caches, and files open that have gone from the folder

    def _refresh(self) -> None:
        """What the store holds now, if that is not what answers already. Call with the lock held."""
        seen = _seen(self._settings.data)
        serving = self._answering()
        damaged = serving is not None and serving.is_damaged
        if damaged:
            _log.warning("the search index is damaged on the disk: looking for a whole one")
        if seen != self._seen or seen is None or damaged:
            before = None if damaged else serving
            waits = serving is None or self._looked == self._stamp  # else one of those who write has ended
            self._answer_from(newest(self._settings, self._embedder, before, self._answer_from, waits))
            self._seen = seen if self._state.problem is None else None

    def _answer_from(self, generation: Generation) -> None:
        """Opened beside what answers, unless it answers already. Call with the lock held."""
        before, now = self._state.assistant, self._answering()
        same = now and (now.manifest.version, now.written) == (generation.manifest.version, generation.written)
        serving = before
        if serving is None or not same or serving.index.generation.is_damaged:
            serving = self._open(generation)
            _log.info("answering from index %s, %d documents", serving.index.version, serving.index.document_count)
        if generation.problem:  # never without it, not even for a moment: somebody may look just then
            self._report(QuotewellError(generation.problem), serving)
        else:
            self._state = State(serving, None)
        self._stamp = self._looked  # it has nothing that is gone: nobody waits until the rest is made
        if before is not serving:
            for follower in list(self._followers.values()):
                try:
                    follower(before, serving)
                except Exception:  # whatever a follower's bug is, answers go on
                    _log.exception("a change of the index could not be told")

    def _open(self, generation: Generation) -> Assistant:
        try:
            index = index_of(generation, self._settings, self._embedder)
        except IndexMismatch:  # it may have been built anew with another model
            index = index_of(generation, self._settings)
        self._embedder = index.embedder
        return assistant_over(index, self._settings, extras=Extras(known_questions(), chat_model(self._settings)))

    def _report(self, error: QuotewellError, serving: Assistant | None = None) -> None:
        """A problem is logged when it is new; None: what answers goes on answering. Call with the lock held."""
        before, told = self._state, public(error, self._settings.data)
        if str(before.problem) != told:
            _log.warning("the index on disk cannot be used: %s", error)
        self._state = State(serving or before.assistant, type(error)(told))


def _seen(data: Path) -> object:
    """Equal as long as nobody has written to the store; None where there is none."""
    with suppress(QuotewellError), Store.open(data, readonly=True) as store:
        return _stamp(data), store.sequence()
    return None


def _stamp(data: Path) -> object:
    """Another one whenever somebody has written; None where there is no store."""
    with suppress(OSError):
        found = (data / FILE_NAME).stat()
        return found.st_ino, found.st_mtime_ns
    return None
