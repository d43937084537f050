"""Former texts: there under their own hash as long as they are kept, gone with their document, and never mixed up."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import IndexDamaged
from index.records import Document
from index.settings import Settings
from index.storage import revisions
from index.storage.merkle import revision
from index.storage.revisions import LEAST, Keeping
from index.storage.rows import BY_HASH, CREATE, FILES, REVISIONS, sealed
from index.storage.sqlite import LEAST_FREE, PAGE_BYTES, copy
from index.storage.store import FILE_NAME, Store
from tests import make

RECIPE = '{"embedder":"hash"}'
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def article(name: str, text: str, title: str = "") -> Document:
    digest = sha256(f"{title}{text}".encode()).hexdigest()
    return make.document(text, name, title=title, sha256=digest)


def after(days: float, keep: int = 90) -> Keeping:
    return Keeping(START + timedelta(days=days), keep)


def put(store: Store, name: str, text: str, keeping: Keeping | None = None, title: str = "") -> bool:
    return store.put(article(name, text, title), [], recipe=RECIPE, keeping=keeping or after(0))


def read(store: Store, name: str, text: str) -> bytes | None:
    with store.snapshot() as now:
        return now.revision(name, revision(text).hex())


def replaced(store: Store, name: str, text: str) -> datetime | None:
    with store.snapshot() as now:
        return now.replaced(name, revision(text).hex())


def test_a_revision_is_named_by_the_sha256_of_its_utf8_bytes_and_comes_back_as_these_bytes(store: Store) -> None:
    old, new = "Ein Satz. שלום 👩🏽‍🚀 e\u0301\n", "Ein Satz."
    assert revision(old).hex() == sha256(old.encode("utf-8")).hexdigest()
    put(store, "ä/b", old)
    assert read(store, "ä/b", old) == old.encode()
    put(store, "ä/b", new, after(3))
    assert (read(store, "ä/b", old), read(store, "ä/b", new)) == (old.encode(), new.encode())
    assert replaced(store, "ä/b", old) == START + timedelta(days=3)
    assert replaced(store, "ä/b", new) is None
    assert store.verify() == []


def test_what_never_stood_there_is_none(store: Store) -> None:
    put(store, "a", "Old.")
    put(store, "a", "New.")
    put(store, "b", "Else.")
    assert read(store, "b", "Old.") is None
    with store.snapshot() as now:
        for name, digest in (("a", ""), ("a", "\ud800"), ("\ud800", "x"), ("c", revision("Old.").hex())):
            assert now.revision(name, digest) is None


def test_a_former_text_goes_on_the_first_write_after_its_time_and_its_hash_stays(store: Store) -> None:
    put(store, "a", "First words.")
    put(store, "a", "Second words.", after(0))
    put(store, "other", "A write just before.", after(89.9))
    assert read(store, "a", "First words.") == b"First words."
    put(store, "other", "A write just after.", after(90))
    assert read(store, "a", "First words.") is None
    assert replaced(store, "a", "First words.") == START
    assert read(store, "other", "A write just before.") == b"A write just before."
    assert store.verify() == []


def test_expiring_alone_takes_away_what_is_due_and_changes_no_document(store: Store) -> None:
    for day, text in enumerate(["One.", "Two.", "Three.", "Four."]):
        put(store, "a", text, after(day))
    before = store.sequence()
    assert store.expire(after(3, keep=2)) == 1
    assert [read(store, "a", text) for text in ("One.", "Two.", "Three.")] == [None, b"Two.", b"Three."]
    assert store.expire(after(3, keep=2)) == 0
    assert store.expire(after(3, keep=0)) == 2
    assert [read(store, "a", text) for text in ("Two.", "Three.", "Four.")] == [None, None, b"Four."]
    assert (store.sequence(), store.document("a").text) == (before, "Four.")


def which(store: Store, names: Iterable[str], texts: Iterable[str]) -> list[bool]:
    """Of each former text, whether it can be read."""
    return [read(store, name, text) is not None for name, text in zip(names, texts, strict=True)]


def test_former_texts_take_so_much_room_and_then_the_oldest_go(store: Store) -> None:
    texts = [f"{number} is the number. " * (LEAST // 200) for number in range(60)]  # each takes a tenth and more
    for number, text in enumerate(texts):
        put(store, "a", text, after(number))
    store.checkpoint()
    stand = which(store, "a" * 59, texts[:-1])
    assert stand == sorted(stand) and 5 < sum(stand) < 10
    assert [replaced(store, "a", text) for text in texts[:-1]] == [START + timedelta(days=n) for n in range(1, 60)]
    assert store.path.stat().st_size < 2 * LEAST + PAGE_BYTES * LEAST_FREE
    assert store.verify() == []


def test_the_more_stands_the_more_former_texts_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "LEAST", 0)
    names, text = [f"d{number:02d}" for number in range(40)], "It is about as long as others. " * 1000
    for name in names:
        put(store, name, f"{name} {text}")
    for day, name in enumerate(names[:30]):
        put(store, name, f"New is {name} {text}", after(day))
    former = [f"{name} {text}" for name in names[:30]]
    stand = which(store, names[:30], former)
    assert stand == sorted(stand) and 18 < sum(stand) < 28
    for name in names[30:]:
        store.delete(name, after(30))
    fewer = which(store, names[:30], former)
    assert fewer == sorted(fewer) and 0.65 * sum(stand) < sum(fewer) < 0.85 * sum(stand)
    assert store.verify() == []


def test_hashes_take_no_more_room_either(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "LEAST", 1 << 15)
    for number in range(200):
        put(store, "a", f"Number {number}.", after(number, keep=0))
    known = [replaced(store, "a", f"Number {number}.") is not None for number in range(199)]
    assert known == sorted(known) and 25 < sum(known) < 40
    assert store.verify() == []


def test_hashes_however_many_leave_room_for_the_last_texts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "LEAST", 1 << 15)
    texts = [f"Number {number}." for number in range(300)]  # written within a second, as a program does
    for text in texts:
        put(store, "a", text, after(1))
    stand = which(store, "a" * 299, texts[:-1])
    assert stand == sorted(stand) and sum(stand) >= 2


def test_with_no_days_no_text_is_kept(store: Store, tmp_path: Path) -> None:
    put(store, "a", "SECRETWORD " * 900, after(0, keep=0))
    put(store, "a", "Public.", after(1, keep=0))
    store.checkpoint()
    assert read(store, "a", "SECRETWORD " * 900) is None
    assert replaced(store, "a", "SECRETWORD " * 900) == START + timedelta(days=1)
    assert b"SECRETWORD" not in (tmp_path / FILE_NAME).read_bytes()


def test_without_a_clock_nothing_is_kept(store: Store) -> None:
    store.put(article("a", "Old."), [], recipe=RECIPE)
    store.put(article("a", "New."), [], recipe=RECIPE)
    assert (read(store, "a", "Old."), replaced(store, "a", "Old.")) == (None, None)


def test_a_clock_without_a_zone_is_a_bug_and_zones_are_told_apart(store: Store) -> None:
    put(store, "a", "Old.")
    with pytest.raises(ValueError, match="no time zone"):
        put(store, "a", "New.", Keeping(datetime(2026, 1, 1), 90))
    put(store, "a", "New.", Keeping(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5))), 90))
    assert replaced(store, "a", "Old.") == datetime(2026, 1, 1, 7, tzinfo=UTC)


def test_a_new_title_over_the_same_text_makes_no_revision(store: Store) -> None:
    put(store, "a", "The same.", title="One")
    put(store, "a", "The same.", title="Two")
    assert (read(store, "a", "The same."), replaced(store, "a", "The same.")) == (b"The same.", None)


def test_a_text_that_comes_back_is_no_former_text_any_more(store: Store) -> None:
    for day, text in enumerate(["One.", "Two.", "One."]):
        put(store, "a", text, after(day))
    assert (replaced(store, "a", "One."), replaced(store, "a", "Two.")) == (None, START + timedelta(days=2))
    put(store, "a", "Three.", after(9))
    assert replaced(store, "a", "One.") == START + timedelta(days=9)
    assert read(store, "a", "One.") == b"One."


@pytest.mark.parametrize("size", [1, 20, 400, 3000])
def test_deleting_a_document_leaves_none_of_its_words_on_the_disk(store: Store, tmp_path: Path, size: int) -> None:
    for n in range(12):
        put(store, f"d{n % 4}", f"MARK{n:02d}X " * size, after(n))
    for name in ("d0", "d2", "d3"):
        assert store.delete(name) is True
    left = (tmp_path / FILE_NAME).read_bytes()
    words = [f"MARK{n:02d}X" for n in range(12)]
    assert [word for word in words if word.encode() in left] == ["MARK01X", "MARK05X", "MARK09X"]
    assert store.path.with_name(f"{FILE_NAME}-wal").stat().st_size == 0
    assert [read(store, "d0", f"MARK{n:02d}X " * size) for n in (0, 4, 8)] == [None, None, None]
    assert replaced(store, "d0", "MARK00X " * size) is None
    assert store.verify() == []


def test_an_expired_text_stands_nowhere_in_the_files(store: Store, tmp_path: Path) -> None:
    for n in range(30):
        put(store, f"d{n % 3}", f"MARK{n:02d}X " * (1 + 90 * (n % 5)), after(n, keep=5))
    store.checkpoint()
    left = (tmp_path / FILE_NAME).read_bytes()
    marks = [f"MARK{n:02d}X" for n in range(30)]
    assert [mark for mark in marks if mark.encode() in left] == marks[-8:]  # three stand, five days of others are kept


def test_replacing_everything_keeps_former_texts_of_the_documents_that_stay(store: Store) -> None:
    put(store, "same", "As it is.")
    put(store, "changed", "Once.")
    put(store, "gone", "Away.")
    put(store, "gone", "Away now.")
    new = [article("same", "As it is."), article("changed", "Now."), article("new", "New.")]
    assert store.replace_all([(one, []) for one in new], recipe="other", keeping=after(1)) == 3
    assert list(store.hashes()) == ["changed", "new", "same"]
    assert read(store, "changed", "Once.") == b"Once."
    assert [read(store, "gone", text) for text in ("Away.", "Away now.")] == [None, None]
    assert replaced(store, "same", "As it is.") is None
    assert store.verify() == []


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", "z", ""]), st.integers(0, 4)),
        min_size=1,
        max_size=12,
    )
)
def test_any_history_reads_like_a_dictionary_of_texts_with_times(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    """Each step replaces a text, or deletes the document where the text is empty, some days later."""
    keep, day = 5, 0
    current: dict[str, str] = {}
    former: dict[tuple[str, str], int] = {}
    with Store.open(tmp_path_factory.mktemp("history"), create=True) as store:
        for name, text, days in steps:
            day += days
            if not text:
                store.delete(name)
                current.pop(name, None)
                former = {key: when for key, when in former.items() if key[0] != name}
            elif current.get(name) != text:
                if name in current:
                    former[name, current[name]] = day
                former.pop((name, text), None)
                current[name] = text
                put(store, name, text, after(day, keep))
            store.expire(after(day, keep))
            for key in [(n, t) for n in "ab" for t in "xyz"]:
                standing = current.get(key[0]) == key[1] or (key in former and former[key] + keep > day)
                assert read(store, *key) == (key[1].encode() if standing else None), key
                when = former.get(key)
                assert replaced(store, *key) == (None if when is None else START + timedelta(days=when))
        assert store.verify() == []


# --- damage and earlier schemas ---


def raw(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    assert connection.execute(sql).rowcount == 1
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "change", ["text = 'Olb.'", "replaced = '2027-01-01T00:00:00+00:00'", "text = NULL", "text = CAST(x'ff' AS TEXT)"]
)
def test_a_changed_byte_is_caught_on_reading_and_named_by_verify(store: Store, tmp_path: Path, change: str) -> None:
    put(store, "a", "Old.")
    put(store, "a", "New.")
    raw(tmp_path, f"UPDATE revisions SET {change}")
    with pytest.raises(IndexDamaged, match="a former text of document 'a' is damaged"):
        read(store, "a", "Old.")
    assert any("a former text of document 'a'" in problem for problem in store.verify())
    assert store.document("a").text == "New."


def test_a_damaged_former_text_goes_when_its_time_is_up_and_a_damaged_document_is_not_kept(
    store: Store, tmp_path: Path
) -> None:
    put(store, "a", "Old.")
    put(store, "a", "New.")
    raw(tmp_path, "UPDATE revisions SET text = 'Olb.'")
    raw(tmp_path, "UPDATE documents SET text = 'Nev.'")
    assert put(store, "a", "Newer.", after(100)) is True
    assert store.verify() == []
    assert [read(store, "a", text) for text in ("Old.", "New.", "Nev.")] == [None, None, None]


def make_schema_1(folder: Path, documents: dict[str, str]) -> None:
    """A store as it was before there were revisions."""
    with Store.open(folder, create=True) as store:
        for name, text in documents.items():
            put(store, name, text)
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("DROP TABLE revisions")
    connection.execute("DROP TABLE files")
    connection.execute("DROP INDEX documents_by_hash")
    connection.execute("ALTER TABLE documents RENAME COLUMN blocks TO headings")
    connection.execute("ALTER TABLE documents DROP COLUMN pages")
    connection.execute(
        "UPDATE meta SET value = ?, row_sha256 = ? WHERE key = 'schema'", sealed("meta", ("schema", "1"))[1:]
    )
    connection.commit()
    tables = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    connection.close()
    later = {*REVISIONS, FILES, BY_HASH}
    earlier = {sql.replace("blocks", "headings").replace("pages TEXT, ", "") for sql in set(CREATE) - later}
    assert tables == earlier


def test_a_store_without_revisions_is_read_as_it_is(tmp_path: Path) -> None:
    make_schema_1(tmp_path, {"a": "Old.", "b": "More."})
    before = (tmp_path / FILE_NAME).read_bytes()
    with Store.open(tmp_path, readonly=True) as store:
        assert [document.text for document in store.documents()] == ["Old.", "More."]
        assert (read(store, "a", "Old."), read(store, "a", "Else.")) == (b"Old.", None)
        assert replaced(store, "a", "Old.") is None
        assert store.verify() == []
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_store_without_revisions_gets_them_when_it_is_opened_for_writing_and_loses_nothing(tmp_path: Path) -> None:
    make_schema_1(tmp_path, {"a": "Old.", "b": "More."})
    with Store.open(tmp_path, readonly=True) as store:
        before = (list(store.documents()), store.sequence(), store.recipe(), store.hashes())
    for _ in range(2):
        with Store.open(tmp_path) as store:
            assert (list(store.documents()), store.sequence(), store.recipe(), store.hashes()) == before
            assert store.verify() == []
    with Store.open(tmp_path) as store:
        put(store, "a", "New.", after(1))
        assert read(store, "a", "Old.") == b"Old."
        assert store.verify() == []


def test_a_backup_holds_the_former_texts_too(store: Store, tmp_path: Path) -> None:
    put(store, "a", "Old.")
    put(store, "a", "New.")
    (tmp_path / "copy").mkdir()
    copy(store.path, tmp_path / "copy" / FILE_NAME)
    with Store.open(tmp_path / "copy") as made:
        assert read(made, "a", "Old.") == b"Old."


# --- through the builder ---


class Clock:
    def __init__(self) -> None:
        self.days = 0

    def __call__(self) -> datetime:
        return START + timedelta(days=self.days)


def test_the_builder_keeps_what_an_index_run_replaces_for_as_long_as_the_settings_say(
    hash_settings: Settings, six_files: Path
) -> None:
    clock = Clock()
    builder = Builder(hash_settings.data, hash_settings, HashEmbedder(), clock)
    builder.index([six_files])
    with Store.open(hash_settings.data, readonly=True) as store:
        old = store.document("ferry").text
        (six_files / "ferry.txt").write_text("The ferry leaves at ten from the old pier.", encoding="utf-8")
        clock.days = 1
        builder.index([six_files])
        assert read(store, "ferry", old) == old.encode()
        assert replaced(store, "ferry", old) == START + timedelta(days=1)
        clock.days = 90
        builder.index([six_files])
        assert read(store, "ferry", old) == old.encode()
        clock.days = 91
        builder.index([six_files])
        assert read(store, "ferry", old) is None


def test_the_builder_keeps_what_one_put_replaces_and_forgets_it_with_the_document(
    hash_settings: Settings, six_files: Path
) -> None:
    builder = Builder(hash_settings.data, hash_settings, HashEmbedder())
    builder.index([six_files])
    with Store.open(hash_settings.data, readonly=True) as store:
        first = store.document("ferry")
        builder.put(replace(article("ferry", "The ferry sank in the harbour."), title="Ferry"))
        assert read(store, "ferry", first.text) == first.text.encode()
        version = builder.index([six_files]).version  # the file says again what it said
        assert read(store, "ferry", "The ferry sank in the harbour.") == b"The ferry sank in the harbour."
        assert builder.index([six_files], rebuild=True).version == version  # former texts are no part of an index
        assert read(store, "ferry", "The ferry sank in the harbour.") is not None
        builder.delete("ferry")
        assert read(store, "ferry", "The ferry sank in the harbour.") is None
        assert read(store, "ferry", first.text) is None
