"""Whoever opens an index answers from what the store holds, whatever stands on the disk; tests/rigs says after what."""

import errno
import gc
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from index import bootstrap, search, verify
from index.bootstrap import BEHIND
from index.build import Builder
from index.cli import restore
from index.embedding.embedder import Encoded, HashEmbedder, OnText
from index.errors import IndexDamaged, IndexMissing, NotFound, QuotewellError, StoreBusy
from index.records import Span
from index.settings import Settings
from index.storage import generation
from index.storage.generation import Generation, at_work, current, load
from index.storage.sqlite import copy
from index.storage.store import Store
from server import live_index
from server.live_index import Live, _Write
from tests.conftest import until
from tests.make import document
from tests.rigs.points import (
    NEW,
    Points,
    answers_equal_the_store,
    broken,
    builder_of,
    delete,
    full,
    indexed,
    opened,
    put,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return indexed(tmp_path / "one")


def unpublished(settings: Settings, work: Callable[[Builder, Path], object]) -> None:
    """The store has it, the search index could not be written, and the process is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "publish", lambda *_: full(OSError))
        with suppress(QuotewellError):
            work(builder_of(settings), settings.data.parent / "articles")


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
    copy(settings.data / "corpus.db", tmp_path / "backup.db")
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


def test_where_the_store_can_be_read_once_and_no_more_what_stands_answers_and_says_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: Store) -> None:
        raise StoreBusy("another process holds it")

    before = opened(settings)
    unpublished(settings, put)
    monkeypatch.setattr(Store, "hashes", locked)
    index = opened(settings)
    assert (index.version, index.document_ids) == (f"{before.version}{BEHIND}", before.document_ids)
    assert "not possible" in index.generation.problem


def test_a_server_says_that_it_is_catching_up_while_the_index_is_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In /readyz and in the version that each answer bears; what is gone from the store is not cited meanwhile."""
    unpublished(settings, put)
    unpublished(settings, delete)
    begun, may_end = Event(), Event()
    made = verify.renew

    def slowly(*given: Any) -> Generation:
        begun.set()
        may_end.wait()
        return made(*given)

    monkeypatch.setattr(bootstrap, "renew", slowly)
    live = Live(settings)
    live.start()
    begun.wait()
    assert str(live.state.problem).startswith("catching up")
    assert BEHIND in live.assistant.index.version
    assert live.assistant.index.document_ids[:] == ("bakery", "ferry")
    may_end.set()
    until(lambda: live.state.problem is None)
    assert live.assistant.index.document_ids == ("bakery", "ferry", "museum")
    live.stop()


# -- a server that writes: what changed is in memory beside the index on the disk --


def serving(settings: Settings) -> Live:
    """As it is before anything is written; nothing watches."""
    live = Live(settings)
    live._attempt()
    return live


def test_a_write_to_a_server_writes_no_index_and_whoever_opens_it_has_it_all_the_same(settings: Settings) -> None:
    live, before = serving(settings), current(settings.data)
    assert live.put(document(NEW, "museum", sha256="m"))
    live._write_back()
    assert current(settings.data) == before
    assert "museum" in live.assistant.index.document_ids
    assert answers_equal_the_store(settings).version == live.assistant.index.version


def test_an_index_that_has_grown_is_written_by_the_watcher(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    live = serving(settings)
    monkeypatch.setattr(bootstrap, "LEAST", 0)
    live.put(document(NEW, "museum", sha256="m"))
    live._write_back()
    assert current(settings.data) == live.assistant.index.version
    assert live.assistant.index.generation.written


def test_files_of_an_index_that_was_replaced_are_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "LEAST", 0)
    live = serving(settings)

    def gone() -> int:
        links = [*Path("/proc/self/fd").iterdir()]
        return sum(str(link.readlink()).endswith(" (deleted)") for link in links if link.is_symlink())

    gc.disable()  # it comes when it likes, with many objects seldom
    try:
        counts = []
        for number in range(8):
            live.put(document(NEW, "museum", sha256=str(number)))
            live._write_back()
            counts.append(gone())  # those of the one before, at most
        assert counts[2:] == counts[2:3] * 6
    finally:
        gc.enable()


def test_an_index_that_is_large_beside_what_stands_is_written_once_nobody_writes(settings: Settings) -> None:
    live = serving(settings)
    live.put(document("The museum shows a lamp.\n\n" * 400, "museum", sha256="long"))
    live._write_back()
    assert live.assistant.index.generation.changed > 0
    live._write_back()
    before = current(settings.data)
    assert before == live.assistant.index.version
    live.put(document(NEW, "museum", sha256="m"))
    assert live.assistant.index.generation.changed < bootstrap.LEAST
    live._write_back()
    assert current(settings.data) == before
    live._write_back()
    assert current(settings.data) == live.assistant.index.version


def test_a_server_follows_a_backup_that_is_restored_and_writes_on(settings: Settings, tmp_path: Path) -> None:
    live = serving(settings)
    copy(settings.data / "corpus.db", tmp_path / "backup.db")
    live.put(document(NEW, "museum", sha256="m"))
    live.delete("comet")
    restore(tmp_path / "backup.db", settings.data)
    ids = live.assistant.index.document_ids
    assert "comet" in ids and "museum" not in ids
    live.put(document(NEW, "museum", sha256="m"))
    assert {*answers_equal_the_store(settings).document_ids} == {*live.assistant.index.document_ids} == {*ids, "museum"}


def test_deleted_text_goes_from_the_disk_once_nobody_writes(settings: Settings) -> None:
    live = serving(settings)

    def stands() -> bool:
        files = [path for path in settings.data.rglob("*") if path.is_file()]
        return any(b"Comet Harrow" in path.read_bytes() for path in files)

    live.delete("comet")
    live._write_back()
    assert stands()  # for the length of a poll
    live._write_back()
    assert not stands()
    assert current(settings.data) == live.assistant.index.version


def test_what_is_damaged_while_it_is_served_is_made_again(settings: Settings) -> None:
    live = serving(settings)
    wanted = live.assistant.index.document("bakery").text
    live = serving(settings)
    (settings.data / "generations" / current(settings.data) / "documents.bin").write_bytes(b"")
    with pytest.raises(IndexDamaged):
        live.assistant.index.document("bakery")
    live._attempt()
    assert live.assistant.index.document("bakery").text == wanted
    assert live.state.problem is None


def test_who_looks_while_an_index_still_cannot_be_written_never_reads_that_all_is_well(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server looks again and again whether it can be by now."""
    states = []

    class Watched(Live):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "_state":
                states.append(self.state)

    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    unpublished(settings, put)
    monkeypatch.setattr(generation, "_write_files", no_space)
    live = Watched(settings)
    for _ in range(3):
        live._attempt()
        live._write_back()
    assert len(states) > 3
    assert all(state.problem for state in states)
    assert "No space left on device" in str(states[-1].problem)
    monkeypatch.undo()
    live._write_back()
    assert live.state.problem is None


# -- a long article, which is embedded for minutes --


class Held(HashEmbedder):
    """Embeds what says so only when it may."""

    def __init__(self) -> None:
        self.begun, self.may_end = Event(), Event()
        self.sizes: list[int] = []

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]:
        self.sizes.append(len(texts))
        if any("slow" in text for text in texts):
            self.begun.set()
            assert self.may_end.wait(60)
        return super().encode_passages(texts, on_text)


@pytest.fixture
def held(settings: Settings) -> Iterator[tuple[Live, Held, Future[bool]]]:
    """A server in which an article about the museum is being embedded."""
    live, embedder = serving(settings), Held()
    live._embedder = embedder
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(live.put, document(f"{NEW} Trams to it are slow.", "museum", sha256="slow"))
        assert embedder.begun.wait(60)
        try:
            yield live, embedder, begun
        finally:
            embedder.may_end.set()


def test_while_an_article_is_embedded_others_are_written_and_deleted(
    held: tuple[Live, Held, Future[bool]], settings: Settings
) -> None:
    live, embedder, begun = held
    with ThreadPoolExecutor(1) as pool:  # in threads of their own: who waits for the lock would hang
        assert pool.submit(live.put, document("The mill of Brin is old.", "mill", sha256="1")).result(60)
        pool.submit(live.delete, "comet").result(60)
    assert list(live.assistant.index.document_ids) == ["bakery", "ferry", "mill"]
    embedder.may_end.set()
    assert begun.result(60)
    assert list(live.assistant.index.document_ids) == ["bakery", "ferry", "mill", "museum"]
    assert answers_equal_the_store(settings).version == live.assistant.index.version


@pytest.mark.parametrize("later", ["put", "delete", "put and deleted"])
def test_of_two_writes_of_one_article_the_one_that_came_last_stands(
    later: str, held: tuple[Live, Held, Future[bool]], settings: Settings
) -> None:
    """Whoever deletes what is still being embedded does not get it back minutes later."""
    live, embedder, begun = held
    if later.startswith("put"):
        live.put(document("The museum is open.", "museum", sha256="new"))
    if later != "put":
        live.delete("museum")
        with pytest.raises(NotFound):
            live.delete("museum-2")
    embedder.may_end.set()
    assert begun.result(60) is False
    stands = {"museum": "The museum is open."} if later == "put" else {}
    found = answers_equal_the_store(settings)
    assert {name: found.document(name).text for name in found.document_ids if name == "museum"} == stands
    assert live.assistant.index.version == found.version


def test_no_write_that_came_later_is_overtaken_while_others_leave(settings: Settings) -> None:
    """Writes come and go without the lock: a place in their list is no place a moment later."""

    class Leaving(list[_Write]):
        def index(self, one: _Write, *_: Any) -> int:
            at = super().index(one)
            del self[:at]
            return at

    live, writes = Live(settings), [_Write("other"), _Write("other"), _Write("museum"), _Write("museum")]
    live._writes = Leaving(writes)
    live._overtake(writes[2])
    assert not any(one.overtaken for one in writes)


def test_a_write_that_fails_lets_an_earlier_one_be_done(
    held: tuple[Live, Held, Future[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, embedder, begun = held
    with monkeypatch.context() as then:
        then.setattr(Store, "put", lambda *_, **__: broken(OSError))
        with pytest.raises(OSError, match="Input/output"):
            live.put(document("The museum is open.", "museum", sha256="new"))
    embedder.may_end.set()
    assert begun.result(60)
    assert "slow" in live.assistant.index.document("museum").text


def test_a_long_article_is_embedded_in_parts_and_makes_the_index_that_its_store_makes(settings: Settings) -> None:
    """All at once its token vectors, four times as large as what is kept, would be in memory together."""
    live, embedder = serving(settings), Held()
    live._embedder = embedder
    lines = "\n\n".join(f"Lamp {number} of Brin shines." for number in range(1200))
    live.put(
        document(lines, "lamps", [Span(found.start(), found.end()) for found in re.finditer("L.*[02468] .*", lines)])
    )
    assert max(embedder.sizes) <= 512 < sum(embedder.sizes)
    kept = live.assistant.index.generation.content
    shutil.rmtree(settings.data / "generations")
    made = verify.renew(settings).content
    assert {name: values.tobytes() for name, values in kept.arrays.items()} == {
        name: values.tobytes() for name, values in made.arrays.items()
    }
    assert {name: list(of) for name, of in kept.pieces.items()} == {name: list(of) for name, of in made.pieces.items()}


# -- several processes over one folder --


def test_what_another_process_deletes_or_replaces_is_cited_no_more_from_then_on(settings: Settings) -> None:
    """Nobody waits for the look that comes by itself: no watcher runs here."""
    one, other = serving(settings), serving(settings)
    assert "comet" in other.assistant.index.document_ids
    one.delete("comet")
    assert list(other.assistant.index.document_ids) == ["bakery", "ferry"]
    other.put(document("The ferry is sunk.", "ferry", sha256="new"))
    assert one.assistant.index.document("ferry").text == "The ferry is sunk."
    builder_of(settings).delete("ferry")  # as the command line does it
    assert [list(live.assistant.index.document_ids) for live in (one, other)] == [["bakery"], ["bakery"]]


def test_whoever_has_written_gives_the_store_another_time(settings: Settings) -> None:
    """Also where a reader keeps the log from being emptied into it, and twice within a tick of the system's clock."""
    times = set()
    for _ in range(20):
        with at_work(settings.data):
            pass
        times.add((settings.data / "corpus.db").stat().st_mtime_ns)
    assert len(times) == 20


def test_what_one_has_replaced_is_seen_though_another_still_writes(settings: Settings) -> None:
    """As while a folder is indexed for hours: one of those who write has said that it is done."""
    live = serving(settings)
    with at_work(settings.data):
        builder_of(settings).put(document("The ferry is sunk.", "ferry", sha256="new"), live._serving())
        assert live.assistant.index.document("ferry").text == "The ferry is sunk."


def test_where_it_takes_long_to_see_what_another_deleted_nobody_is_answered_from_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = serving(settings)
    monkeypatch.setattr(live_index, "ABREAST_S", 0.01)
    with live._lock:
        builder_of(settings).delete("ferry", live._serving())
        with pytest.raises(IndexMissing, match="try again"):
            live.assistant  # noqa: B018
    assert "ferry" not in live.assistant.index.document_ids


def test_no_article_begins_a_new_store_in_place_of_one_that_is_gone(settings: Settings) -> None:
    """Moved away, or on a disk that is not there for the moment: what is in it would be given up for one article."""
    live, store = serving(settings), settings.data / "corpus.db"
    away = store.rename(settings.data.parent / "away.db")
    with pytest.raises(IndexMissing, match="put it back"):
        live.put(document(NEW, "museum", sha256="m"))
    with pytest.raises(IndexMissing):
        live.delete("comet")
    assert not store.exists()
    assert list(live.assistant.index.document_ids) == ["bakery", "comet", "ferry"]
    away.rename(store)
    assert live.put(document(NEW, "museum", sha256="m"))
    assert list(answers_equal_the_store(settings).document_ids) == ["bakery", "comet", "ferry", "museum"]


def test_who_looks_at_a_store_that_nobody_wrote_looks_at_its_file_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = serving(settings)
    monkeypatch.setattr(live, "_attempt", lambda: pytest.fail("looked"))
    assert live.is_abreast
    assert "comet" in live.assistant.index.document_ids
