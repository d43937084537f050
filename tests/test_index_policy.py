"""A policy belongs to the truth: it names the version, and outlives every change of documents until it is removed."""

from pathlib import Path
from typing import Literal

import pytest

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import IndexDamaged, IndexMismatch, IndexMissing
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.storage.generation import current, load, version_of
from index.storage.sqlite import Connection, connect, copy
from index.storage.store import FILE_NAME, Store
from index.verify import verify

POLICY = '{"threshold":0.5}'


def kept(settings: Settings) -> str:
    """The policy in the store, the same as in the current generation."""
    manifest = load(settings.data, current(settings.data)).manifest
    with Store.open(settings.data, readonly=True) as store, store.snapshot() as now:
        assert now.policy() == manifest.policy
    return manifest.policy


def test_a_policy_names_another_version_of_the_same_content(hash_builder: Builder, hash_index: Index) -> None:
    plain = hash_index.manifest
    manifest = hash_builder.keep_policy(POLICY)
    assert (plain.policy, plain.content) == ("", plain.version)
    assert (manifest.policy, manifest.content) == (POLICY, plain.version)
    assert manifest.version.startswith(f"{plain.version}-")
    assert manifest.sequence == plain.sequence + 1
    assert hash_builder.keep_policy(POLICY + " ").version not in (plain.version, manifest.version)


def test_removing_the_policy_gives_the_version_before_it(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings
) -> None:
    hash_builder.keep_policy(POLICY)
    assert hash_builder.keep_policy("").version == hash_index.version
    assert kept(hash_settings) == ""
    assert current(hash_settings.data) == hash_index.version


def test_keeping_the_same_policy_again_writes_nothing(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings
) -> None:
    first = hash_builder.keep_policy(POLICY)
    with Store.open(hash_settings.data) as store:
        assert store.keep_policy(POLICY) is False
        assert store.sequence() == first.sequence
    assert hash_builder.keep_policy(POLICY) == first


def test_a_policy_changes_what_names_the_index_and_nothing_that_is_found(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings
) -> None:
    hash_builder.keep_policy(POLICY)
    again = open_index(hash_settings.data, hash_settings, HashEmbedder())
    assert again.search("night ferry", limit=5) == hash_index.search("night ferry", limit=5)
    assert again.manifest.files == hash_index.manifest.files


def test_a_policy_survives_put_delete_index_and_rebuild(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings, six_files: Path
) -> None:
    hash_builder.keep_policy(POLICY)
    document = hash_index.document("ferry")
    hash_builder.delete("ferry")
    assert kept(hash_settings) == POLICY
    hash_builder.put(document)
    assert kept(hash_settings) == POLICY
    (six_files / "new.txt").write_text("A new article says something new.", "utf-8")
    hash_builder.index([six_files])
    assert kept(hash_settings) == POLICY
    other = load_settings(data=hash_settings.data, embedder="hash", passage_tokens=32)
    Builder(other.data, other, HashEmbedder()).index([six_files], rebuild=True)
    assert kept(hash_settings) == POLICY


def test_a_backup_holds_the_policy(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings, tmp_path: Path
) -> None:
    hash_builder.keep_policy(POLICY)
    with Store.open(hash_settings.data) as store:
        (tmp_path / "copy").mkdir()
        copy(store.path, tmp_path / "copy" / FILE_NAME)
    copied = hash_settings.model_copy(update={"data": tmp_path / "copy"})
    assert verify(copied).version == current(hash_settings.data)
    assert kept(copied) == POLICY


def test_an_index_made_again_from_the_store_has_the_policy(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings
) -> None:
    version = hash_builder.keep_policy(POLICY).version
    (hash_settings.data / "generations" / version / "vectors.npy").write_bytes(b"damaged")
    found = verify(hash_settings)
    assert (found.version, len(found.mended)) == (version, 2)
    assert kept(hash_settings) == POLICY
    assert verify(hash_settings).mended == ()


def test_what_may_only_be_read_is_verified(
    hash_index: Index, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reading(path: Path, mode: Literal["ro", "rw", "rwc"], *more: float) -> Connection:
        assert mode != "rw"  # in a folder that is mounted to be read, nothing can be opened so
        return connect(path, mode, *more)

    monkeypatch.setattr("index.storage.store.connect", reading)
    assert verify(hash_settings).version == current(hash_settings.data)


def test_a_damaged_policy_is_noticed(hash_builder: Builder, hash_index: Index, hash_settings: Settings) -> None:
    hash_builder.keep_policy(POLICY)
    writer = connect(hash_settings.data / FILE_NAME, "rw", 1.0)
    writer.execute("UPDATE meta SET value = '{\"threshold\":0.1}' WHERE key = 'policy'")
    writer.close()
    with pytest.raises(IndexDamaged, match="does not match|do not match"):
        Store.open(hash_settings.data, readonly=True)


def test_without_an_index_or_under_other_settings_nothing_is_kept(
    hash_builder: Builder, hash_settings: Settings, six_files: Path
) -> None:
    with pytest.raises(IndexMissing):
        hash_builder.keep_policy(POLICY)
    hash_builder.index([six_files])
    other = load_settings(data=hash_settings.data, embedder="hash", stem="none")
    with pytest.raises(IndexMismatch, match="stem"):
        Builder(other.data, other, HashEmbedder()).keep_policy(POLICY)
    assert kept(hash_settings) == ""


def test_a_version_without_a_policy_is_the_content_and_with_one_the_content_and_a_dash() -> None:
    content = version_of("{}", [("a", "1")])
    assert len(content) == 16
    assert version_of("{}", [("a", "1")], POLICY).partition("-")[0] == content
    assert len(version_of("{}", [("a", "1")], POLICY)) == 25
