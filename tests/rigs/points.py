"""The calls that write, one of which fails: the disk is full, the device gives an error, the process is killed."""

import errno
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.bootstrap import BEHIND
from index.build import Builder
from index.cli import restore as put_back
from index.embedding.embedder import HashEmbedder
from index.errors import NotFound
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.storage.feedback import Feedback, FeedbackStore
from index.storage.sqlite import copy
from index.storage.store import FILE_NAME, Store
from server.live_index import Live
from tests.make import document
from tests.rigs import rig

ARTICLES = {
    "bakery": "The Marten bakery opened in 1987. Oskar Lind runs it.",
    "comet": "Comet Harrow was last seen in 2026. It returns every 61 years.",
    "ferry": "The night ferry to Aldra leaves at nine. In winter the crossing takes six hours.",
}
QUESTIONS = ("Who runs the Marten bakery?", "When was comet Harrow last seen?", "When does the night ferry leave?")
NEW = "The museum of Brin shows old lamps. It is closed on Mondays."
ANSWER = "0" * 32

Fail = Callable[[type[Exception]], None]


def full(kind: type[Exception]) -> None:
    """There is no space left."""
    if kind is OSError:
        raise OSError(errno.ENOSPC, "No space left on device")
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def broken(kind: type[Exception]) -> None:
    """The device gives an error."""
    if kind is OSError:
        raise OSError(errno.EIO, "Input/output error")
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    raise error


def killed(_: type[Exception]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Points:
    """Counts the calls that write. The one of number `at` fails, before it is done or `after`; `lasting`: all later."""

    def __init__(self, at: int = 0, fail: Fail = full, *, lasting: bool = False, after: bool = False) -> None:
        self.at, self.fail, self.lasting, self.after = at, fail, lasting, after
        self.count = 0

    def call(self, kind: type[Exception], work: Callable[[], Any], *, after: bool) -> Any:
        self.count += 1
        fails = self.at and (self.count == self.at or (self.lasting and self.count > self.at))
        if fails and not after:
            self.fail(kind)
        done = work()
        if fails and after:
            self.fail(kind)
        return done

    @contextmanager
    def installed(self) -> Iterator[None]:
        points, opened = self, Path.open

        class Writes(sqlite3.Connection):
            def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
                run = partial(super().execute, sql, *given)
                writes = sql.startswith(("INSERT", "DELETE", "UPDATE", "COMMIT", "CREATE")) or "checkpoint" in sql
                made: sqlite3.Cursor = points.call(sqlite3.Error, run, after=points.after) if writes else run()
                return made

        def open_to_write(path: Path, mode: str = "r", *given: Any, **more: Any) -> Any:
            run = partial(opened, path, mode, *given, **more)
            return points.call(OSError, run, after=False) if "w" in mode else run()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Writes))
            patch.setattr(Path, "open", open_to_write)
            for owner, name in ((os, "fsync"), (Path, "mkdir"), (Path, "rename"), (np, "save")):
                patch.setattr(owner, name, self._counted(getattr(owner, name)))
            yield

    def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **more: Any) -> Any:
            return self.call(OSError, partial(write, *given, **more), after=self.after)

        return counted


def put(builder: Builder, _: Path) -> None:
    builder.put(document(NEW, "museum", sha256="m"))


def delete(builder: Builder, _: Path) -> None:
    builder.delete("comet")


def prune(builder: Builder, articles: Path) -> None:
    (articles / "comet.txt").unlink(missing_ok=True)
    builder.index([articles], prune=True)


def rebuild(builder: Builder, articles: Path) -> None:
    (articles / "bakery.txt").write_text("The Marten bakery opened in 1987. Ida Lind runs it.")
    builder.index([articles], rebuild=True)


def update(builder: Builder, articles: Path) -> None:
    (articles / "bakery.txt").write_text("The Marten bakery opened in 1987. Ida Lind runs it.")
    builder.index([articles])


def judge(_: Builder, articles: Path) -> None:
    said = Feedback(ANSWER, "Who?", "", "answered", "", (), (), "v", "up", (), "", "2026-11-29T12:00:00+00:00")
    FeedbackStore(articles.parent / "data", 10).judge(said)


def serve(_: Builder, articles: Path) -> None:
    """As a server does it, which keeps what changed in memory; then it writes that."""
    live = Live(load_settings(data=articles.parent / "data", embedder="hash"))
    live._attempt()
    live.put(document(NEW, "museum", sha256="m"))
    live.delete("comet")
    live._write_back()
    live._write_back()
    assert live.state.problem is None, live.state.problem


def restore(builder: Builder, articles: Path) -> None:
    """Of a backup that was made before an article was deleted."""
    kept = articles.parent / "kept.db"
    kept.unlink(missing_ok=True)
    copy(articles.parent / "data" / FILE_NAME, kept)
    with suppress(NotFound):  # deleted already
        builder.delete("comet")
    with redirect_stdout(StringIO()):
        put_back(kept, articles.parent / "data")


OPERATIONS = {work.__name__: work for work in (put, update, delete, prune, rebuild, judge, serve, restore)}
DELETES = ("delete", "prune", "serve")


def opened(settings: Settings) -> Index:
    return open_index(settings.data, settings, HashEmbedder())


def builder_of(settings: Settings) -> Builder:
    return Builder(settings.data, settings, HashEmbedder())


def answers_equal_the_store(settings: Settings) -> Index:
    """Nothing that is deleted is found, nothing that is stored is missing, no word differs."""
    with Store.open(settings.data, readonly=True) as store:
        stored = {one.id: one.text for one in store.documents()}
    index = opened(settings)
    assert {name: index.document(name).text for name in index.document_ids} == stored
    found = [hit.passage for question in QUESTIONS for hit in index.search(question, limit=9)]
    assert all(passage.text in stored[passage.document_id] for passage in found)
    assert {passage.document_id for passage in found} >= stored.keys() & ARTICLES.keys()
    assert BEHIND not in index.version
    return index


def indexed(folder: Path) -> Settings:
    """Of a new folder with the articles and their index."""
    return rig.indexed(folder, ARTICLES)
