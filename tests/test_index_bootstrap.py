"""Whoever opens an index answers from what the store holds, whatever failed while the two were written.

Every call that writes is a point at which the disk may be full, the write fail, or the process be killed. Points are
drawn by a seed, which is printed; RIG_SEED repeats a run and RIG_POINTS draws more of them for each operation.
"""

import errno
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import search
from index.bootstrap import BEHIND
from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import QuotewellError
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.storage import generation
from index.storage.generation import at_work, current, load
from index.storage.store import Store
from index.verify import verify
from tests.make import document

SEED = int(os.environ.get("RIG_SEED") or random.randrange(1_000_000))
POINTS = int(os.environ.get("RIG_POINTS") or 6)
ROOT = Path(__file__).parent.parent
ARTICLES = {
    "bakery": "The Marten bakery opened in 1987. Oskar Lind runs it.",
    "comet": "Comet Harrow was last seen in 2026. It returns every 61 years.",
    "ferry": "The night ferry to Aldra leaves at nine. In winter the crossing takes six hours.",
}
QUESTIONS = ("Who runs the Marten bakery?", "When was comet Harrow last seen?", "When does the night ferry leave?")
NEW = "The museum of Brin shows old lamps. It is closed on Mondays."

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


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")


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


OPERATIONS = {work.__name__: work for work in (put, delete, prune, rebuild)}


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


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return indexed(tmp_path / "one")


def indexed(folder: Path) -> Settings:
    """Of a new folder with the articles and their index."""
    (folder / "articles").mkdir(parents=True)
    for name, text in ARTICLES.items():
        (folder / "articles" / f"{name}.txt").write_text(text)
    settings = load_settings(data=folder / "data", embedder="hash")
    builder_of(settings).index([folder / "articles"])
    return settings


def unpublished(settings: Settings, work: Callable[[Builder, Path], object]) -> None:
    """The store has it, the search index could not be written, and the process is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "publish", lambda *_: full(OSError))
        with suppress(QuotewellError):
            work(builder_of(settings), settings.data.parent / "articles")


# -- errors and kills at the calls that write --


@pytest.mark.parametrize("name", OPERATIONS)
def test_after_an_error_at_any_write_answers_equal_the_store(tmp_path: Path, name: str) -> None:
    counting = Points()
    one = indexed(tmp_path / "counted")
    with counting.installed():
        OPERATIONS[name](builder_of(one), one.data.parent / "articles")
    draw = random.Random(f"{SEED} {name}")
    say(f"RIG_SEED={SEED}: {name} writes {counting.count} times, {POINTS} points")
    for at in sorted(draw.sample(range(1, counting.count + 1), min(POINTS, counting.count))):
        fail, lasting, after = draw.choice((full, broken)), draw.random() < 0.7, draw.random() < 0.3
        told = f"{name}: {fail.__name__} at {at}, {lasting=}, {after=}, {SEED=}"
        say(told)
        own = indexed(tmp_path / f"{at}")
        with Points(at, fail, lasting=lasting, after=after).installed():
            acknowledged = False
            with suppress(QuotewellError, OSError):
                OPERATIONS[name](builder_of(own), own.data.parent / "articles")
                acknowledged = True
            index = answers_equal_the_store(own)  # though it lasts
            if acknowledged and name in ("delete", "prune"):
                assert "comet" not in index.document_ids, told
        index = answers_equal_the_store(own)
        assert current(own.data) == index.version, told
        assert verify(own).problems == ()
        with suppress(QuotewellError):  # deleted already
            OPERATIONS[name](builder_of(own), own.data.parent / "articles")
        assert answers_equal_the_store(own).document_ids == opened(one).document_ids, told


def die(name: str, data: str, at: str) -> None:
    """Runs in a process of its own and does not come back."""
    settings = load_settings(data=data, embedder="hash")
    with Points(int(at), killed).installed():
        OPERATIONS[name](builder_of(settings), settings.data.parent / "articles")


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_after_a_kill_at_any_write_answers_equal_the_store(tmp_path: Path, name: str) -> None:
    draw = random.Random(f"{SEED} {name} killed")
    at = draw.randint(1, 20)
    say(f"RIG_SEED={SEED}: {name} killed at {at}")
    own = indexed(tmp_path / "own")
    code = "import sys; from tests.test_index_bootstrap import die; die(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, name, str(own.data), str(at)], cwd=ROOT, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    index = answers_equal_the_store(own)
    assert current(own.data) == index.version


def test_the_rig_sees_an_index_that_is_opened_as_it_stands(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    unpublished(settings, delete)
    monkeypatch.setattr(search, "newest", lambda own, *_: load(own.data, current(own.data)))
    with pytest.raises(AssertionError):
        answers_equal_the_store(settings)
    monkeypatch.undo()
    answers_equal_the_store(settings)


# -- what stands, and what is wanted --


def test_a_pointer_to_an_older_generation_is_noticed(settings: Settings) -> None:
    before = current(settings.data)
    delete(builder_of(settings), settings.data)
    wanted = current(settings.data)
    (settings.data / "generations" / "CURRENT").write_text(before)
    assert answers_equal_the_store(settings).version == wanted
    assert current(settings.data) == wanted


def test_a_store_that_is_restored_from_a_backup_is_what_answers(settings: Settings, tmp_path: Path) -> None:
    with Store.open(settings.data, readonly=True) as store:
        store.backup(tmp_path / "backup.db")
    delete(builder_of(settings), settings.data)
    (tmp_path / "backup.db").replace(settings.data / "corpus.db")
    assert "comet" in answers_equal_the_store(settings).document_ids


def test_in_a_folder_that_is_only_read_the_index_is_made_in_memory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unpublished(settings, delete)
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = {path: path.stat().st_mtime_ns for path in settings.data.rglob("*")}
    with Points(1, lambda _: broken(OSError), lasting=True).installed():
        index = answers_equal_the_store(settings)
    assert not index.generation.written
    assert "kept in memory" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in settings.data.rglob("*")} == before


def test_while_others_write_what_was_published_answers_and_says_that_it_is_behind(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before = opened(settings)
    unpublished(settings, put)
    with at_work(settings.data):
        index = opened(settings)
        assert (index.version, index.document_ids) == (f"{before.version}{BEHIND}", before.document_ids)
        assert "catching up: another process" in caplog.text
        unpublished(settings, delete)  # of which nothing may be cited, whoever is at work
        answers_equal_the_store(settings)


def test_where_the_store_is_damaged_nothing_that_it_deleted_or_replaced_is_cited(settings: Settings) -> None:
    unpublished(settings, delete)
    unpublished(settings, lambda builder, _: builder.put(document("The ferry is sold.", "ferry", sha256="f")))
    with sqlite3.connect(settings.data / "corpus.db") as connection:
        connection.execute("UPDATE passages SET row_sha256 = x'00' WHERE document_id = 'ferry'")
    connection.close()
    index = opened(settings)
    assert index.document_ids == ("bakery",)
    assert BEHIND in index.version and "not possible" in index.generation.problem
    assert [hit.passage.document_id for hit in index.search("comet ferry bakery", limit=9)] == ["bakery"]
