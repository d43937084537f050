"""Whoever opens an index answers from what the store holds, whatever stands on the disk; tests/rigs says after what."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from index import search
from index.bootstrap import BEHIND
from index.build import Builder
from index.errors import QuotewellError
from index.settings import Settings
from index.storage import generation
from index.storage.generation import at_work, current, load
from index.storage.store import Store
from tests.make import document
from tests.rigs.points import (
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
