"""The store: a dictionary that survives everything, tells damage from data, and never shows half a change."""

import hashlib
import inspect
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from index.embedding.vectors import Encoding, StoredPassage
from index.errors import BadInput, IndexDamaged, IndexMismatch, IndexMissing, NotFound, QuotewellError, StoreBusy
from index.records import Document, OffsetRun, Span, blocks_within
from index.storage.snapshot import Snapshot
from index.storage.sqlite import copy, new_folder
from index.storage.store import FILE_NAME, Store
from tests import make
from tests.conftest import until

ROOT = Path(__file__).parent.parent
RECIPE = '{"embedder":"hash"}'


def make_document(name: str, text: str) -> Document:
    return make.document(
        text,
        name,
        title=f"On {name}",
        source=f"# {text}",
        runs=(OffsetRun(0, 2, len(text)),),
        headings=(Span(0, min(1, len(text))),),
        author="A. Author",
        publisher="Publisher",
        published=date(2025, 8, 11),
        url="https://example.org/",
        inferred=("title",),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def cut(document: Document, size: int) -> list[StoredPassage]:
    stored = []
    for ordinal, start in enumerate(range(0, len(document.text), size)):
        end = min(start + size, len(document.text))
        numbers = np.random.default_rng([start, end]).normal(size=(4, 8)).astype(np.float32)
        encoding = Encoding.from_floats(numbers[0] / np.linalg.norm(numbers[0]), numbers[1:], [[0, 1], [2, 3], [3, 4]])
        spans = (Span(start, (start + end) // 2), Span((start + end) // 2, end))
        text, blocks = document.text[start:end], blocks_within(document.blocks, start, end)
        passage = make.passage(
            text, document.id, ordinal, start=start, sentences=spans, blocks=blocks, context="a title"
        )
        stored.append(StoredPassage(passage, encoding))
    return stored


def put(store: Store, name: str, text: str) -> bool:
    document = make_document(name, text)
    return store.put(document, cut(document, 20), recipe=RECIPE)


PRELUDE = "\n".join(
    [
        "import hashlib, os, signal, sys",
        "from datetime import date",
        "import numpy as np",
        "from index.embedding.vectors import Encoding, StoredPassage",
        "from index.records import Document, OffsetRun, Passage, Span, blocks_within",
        "from index.storage.store import Store",
        "from tests import make",
        f"RECIPE = {RECIPE!r}",
        *(inspect.getsource(function) for function in (make_document, cut, put)),
    ]
)


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    """Another process that runs code with `put` and the folder as sys.argv[1]."""
    command = [sys.executable, "-c", f"{PRELUDE}\n{inspect.cleandoc(code)}", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def sound_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, object]:
    """A store of four documents, as bytes and as what is read from it."""
    folder = tmp_path_factory.mktemp("sound")
    with Store.open(folder, create=True) as opened:
        for count in range(5):
            put(opened, f"d{count}", f"Sentence {count} of many. " * (10 + 60 * count))
        opened.delete("d1")
    return (folder / FILE_NAME).read_bytes(), everything(folder)


def passages_of(now: Snapshot) -> list[StoredPassage]:
    return [one for _, passages in now.whole() for one in passages]


def stored_passages(store: Store) -> list[StoredPassage]:
    with store.snapshot() as now:
        return passages_of(now)


def everything(folder: Path) -> tuple[object, ...]:
    with Store.open(folder, readonly=True) as opened, opened.snapshot() as now:
        return now.sequence(), now.recipe(), now.count(), list(now.documents()), passages_of(now)


def raw(folder: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    assert connection.execute(sql, values).rowcount == 1
    connection.commit()
    connection.close()


# --- what it holds ---


def test_what_was_put_comes_back_equal_in_a_new_process_of_reading(tmp_path: Path) -> None:
    document = replace(make_document("ä/b\0c.md", "Ein Satz. שלום. 👩🏽‍🚀 e\u0301\n"), published=None, inferred=())
    passages = cut(document, 7)
    with Store.open(tmp_path, create=True) as store:
        assert store.put(document, passages, recipe=RECIPE) is True
    with Store.open(tmp_path, readonly=True) as store:
        assert store.document("ä/b\0c.md") == document
        assert list(store.documents()) == [document]
        assert stored_passages(store) == passages
        assert store.hashes() == {document.id: document.sha256}
        assert store.count() == (1, len(passages))
        assert store.recipe() == RECIPE
        assert store.verify() == []


def test_documents_come_by_id_and_passages_by_document_and_ordinal(store: Store) -> None:
    for name in ("b", "a/c", "é", "B", "a"):
        put(store, name, f"{name} said this and that, and then some more of it. " * 6)
    assert [document.id for document in store.documents()] == ["B", "a", "a/c", "b", "é"]
    keys = [(stored.passage.document_id, stored.passage.ordinal) for stored in stored_passages(store)]
    assert keys == sorted(keys)
    assert len(keys) == store.count()[1] > 50


def test_a_document_may_have_no_passages_and_a_passage_no_tokens(store: Store) -> None:
    empty, short = make_document("empty", ""), make_document("short", "Yes.")
    vector = np.array([1.0], dtype=np.float32)
    encoding = Encoding.from_floats(vector, np.zeros((0, 1)), np.zeros((0, 2)))
    passage = StoredPassage(make.passage("Yes.", "short", blocks=short.blocks), encoding)
    store.put(empty, [], recipe=RECIPE)
    store.put(short, [passage], recipe=RECIPE)
    assert stored_passages(store) == [passage]
    assert store.verify() == []


class StoreMachine(RuleBasedStateMachine):
    """Any sequence of put, delete and reopen behaves like a dictionary."""

    names = st.sampled_from(["a", "b", "a#0", "ü"])
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.open(self.folder.name, create=True)
        self.model: dict[str, str] = {}
        self.sequence = 0

    @rule(name=names, text=texts | st.just("0" * 20 + "\r"))  # a passage of blanks, which has no block
    def put(self, name: str, text: str) -> None:
        changes = self.model.get(name) != text
        assert put(self.store, name, text) is changes
        self.model[name] = text
        self.sequence += changes

    @rule(name=names)
    def delete(self, name: str) -> None:
        assert self.store.delete(name) is (name in self.model)
        self.sequence += self.model.pop(name, None) is not None

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.folder.name)

    @invariant()
    def is_the_dictionary(self) -> None:
        documents = [make_document(name, self.model[name]) for name in sorted(self.model)]
        with self.store.snapshot() as now:
            assert list(now.documents()) == documents
            assert passages_of(now) == [stored for document in documents for stored in cut(document, 20)]
            assert now.hashes() == {document.id: document.sha256 for document in documents}
            assert now.sequence() == self.sequence

    def teardown(self) -> None:
        assert self.store.verify() == []
        self.store.close()
        self.folder.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)


# --- changes ---


def test_an_unchanged_document_writes_nothing(store: Store) -> None:
    put(store, "a", "The same words. " * 50)
    store.checkpoint()
    before = (store.path.stat().st_mtime_ns, store.sequence())
    assert put(store, "a", "The same words. " * 50) is False
    assert (store.path.stat().st_mtime_ns, store.sequence()) == before
    assert store.path.with_name(f"{FILE_NAME}-wal").stat().st_size == 0


def test_another_recipe_is_refused_until_everything_is_replaced(store: Store) -> None:
    put(store, "a", "Made one way.")
    other = make_document("b", "Made another way.")
    with pytest.raises(IndexMismatch, match=r"was built with .*hash.*, not with other"):
        store.put(other, cut(other, 9), recipe="other")
    assert (store.sequence(), list(store.hashes())) == (1, ["a"])
    assert store.replace_all([(other, cut(other, 9))], recipe="other") == 1
    assert (store.sequence(), list(store.hashes()), store.recipe()) == (2, ["b"], "other")
    assert store.verify() == []


def test_replacing_everything_is_all_or_nothing(store: Store) -> None:
    put(store, "a", "Made one way.")

    def broken() -> Iterator[tuple[Document, list[StoredPassage]]]:
        other = make_document("b", "Made another way.")
        yield other, cut(other, 9)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.replace_all(broken(), recipe="other")
    assert list(store.hashes()) == ["a"]
    assert store.verify() == []


def test_an_empty_store_takes_any_recipe(store: Store) -> None:
    assert store.recipe() is None
    put(store, "a", "First.")
    store.delete("a")
    document = make_document("a", "First.")
    assert store.put(document, [], recipe="other") is True
    assert store.recipe() == "other"


def test_what_is_not_there_is_not_found(store: Store) -> None:
    put(store, "a", "Some text.")
    for name in ("b", "", "a\0", "A", "\ud800", "' OR 1=1 --"):
        with pytest.raises(NotFound, match="quotewell documents list"):
            store.document(name)
        assert store.delete(name) is False
    assert store.sequence() == 1


def test_text_that_utf8_cannot_hold_is_a_bug_of_the_caller_and_stores_nothing(store: Store) -> None:
    sound = make_document("a", "b")
    for broken in (replace(sound, text="a\ud800"), replace(sound, title="\udfff"), replace(sound, id="\ud800")):
        with pytest.raises(ValueError, match="lone surrogate"):
            store.put(broken, [], recipe=RECIPE)
    with pytest.raises(ValueError, match="value has a lone surrogate"):
        store.put(sound, [], recipe="\ud800")
    assert (store.sequence(), store.hashes()) == (0, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "Other words, equally long"}, "has not the text"),
        ({"start": 20, "end": 20, "text": "", "sentences": ()}, "is empty"),
        ({"end": 999}, "is empty or outside"),
        ({"document_id": "b"}, "is not the passage 'a#0'"),
        ({"ordinal": 1}, "is not the passage 'a#0'"),
        ({"sentences": (Span(0, 10), Span(5, 20))}, "sentences"),
        ({"sentences": (Span(0, 21),)}, "sentences"),
    ],
)
def test_a_passage_that_is_not_the_documents_is_refused(store: Store, change: dict[str, Any], message: str) -> None:
    document = make_document("a", "Twenty letters here. And the rest.")
    first, *others = cut(document, 20)
    wrong = StoredPassage(replace(first.passage, **change), first.encoding)
    with pytest.raises(ValueError, match=message):
        store.put(document, [wrong, *others], recipe=RECIPE)
    assert store.count() == (0, 0)


def test_a_store_opened_for_reading_cannot_be_written(tmp_path: Path, store: Store) -> None:
    with Store.open(tmp_path, readonly=True) as reader, pytest.raises(ValueError, match="reading only"):
        put(reader, "a", "text")


@pytest.mark.parametrize("seed", [68, 69, 118])
def test_deleted_and_replaced_words_stand_nowhere_in_the_files(tmp_path: Path, seed: int) -> None:
    """SQLite moves rows of many sizes between pages; with these seeds copies would stay behind without the pad."""
    choice = random.Random(seed)
    kept: dict[str, str] = {}
    words: list[str] = []
    with Store.open(tmp_path, create=True) as store:
        for step in range(160):
            name = f"{choice.randrange(40):03d}"
            kept.pop(name, None)
            if choice.random() < 0.35:
                store.delete(name)
            else:
                words.append(kept.setdefault(name, f"MARK{step}X"))
                document = make_document(name, f"{words[-1]} " * choice.choice([1, 3, 30, 100]))
                store.put(replace(document, author=words[-1]), cut(document, 5000), recipe=RECIPE)
        assert store.checkpoint() is True
        assert store.path.with_name(f"{FILE_NAME}-wal").stat().st_size == 0
    left = (tmp_path / FILE_NAME).read_bytes()
    assert [word for word in words if word.encode() in left] == [word for word in words if word in kept.values()]


def test_a_deletion_alone_empties_the_log(store: Store) -> None:
    put(store, "a", "Words to forget.")
    assert store.delete("a") is True
    assert store.path.with_name(f"{FILE_NAME}-wal").stat().st_size == 0


# --- damage ---


def test_what_is_deleted_is_given_back_to_the_disk(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "kept", "One sentence.")
        small = store.path.stat().st_size
        for number in range(40):
            put(store, f"{number}", "A sentence that takes some room. " * 2000)
        store.checkpoint()
        assert store.path.stat().st_size > 20 * small
        for number in range(40):
            store.delete(f"{number}")
        assert store.path.stat().st_size < 20 * small
        assert store.verify() == []


def test_no_index_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"no index in '.*x'; build one with: quotewell index PATH"):
        Store.open(tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("content", [b"", b"no database at all, but text " * 40])
def test_a_file_that_is_no_index_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    for create in (True, False):
        with pytest.raises(IndexDamaged, match="quotewell index PATH"):
            Store.open(tmp_path, create=create)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_database_of_someone_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("CREATE TABLE cats (name)")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    for create in (True, False):
        with pytest.raises(IndexDamaged, match="not a Quotewell index"):
            Store.open(tmp_path, create=create)
    assert (tmp_path / FILE_NAME).read_bytes() == before
    (tmp_path / "folder" / FILE_NAME).mkdir(parents=True)
    with pytest.raises(IndexDamaged, match="is not a file"):
        Store.open(tmp_path / "folder", create=True)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="no index can be made"):
        Store.open(tmp_path / "file", create=True)


def test_a_store_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    code = """
        def kill(event, arguments):
            if event == "os.link":
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(kill)
        Store.open(sys.argv[1], create=True)
    """
    process = start(code, tmp_path)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / FILE_NAME).exists()
    with Store.open(tmp_path, create=True) as store:
        assert put(store, "a", "text") is True


def test_another_schema_is_refused(tmp_path: Path, store: Store) -> None:
    raw(tmp_path, "UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(IndexMismatch, match="schema 99, this Quotewell reads schema 3"):
        Store.open(tmp_path)


@pytest.mark.parametrize("key", ["sequence", "documents", "recipe"])
def test_a_damaged_or_incomplete_head_is_refused(tmp_path: Path, key: str) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "a", "text")
        raw(tmp_path, "UPDATE meta SET value = '0' WHERE key = ?", key)
        with pytest.raises(IndexDamaged, match=r"the head of .* is damaged"):
            store.sequence()
        raw(tmp_path, "DELETE FROM meta WHERE key = ?", key)
        with pytest.raises(IndexDamaged, match=f"its head has lost {key}"):
            put(store, "a", "text")


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("UPDATE documents SET text = replace(text, 'true', 'grue') WHERE id = 'b'", "document 'b'"),
        ("UPDATE documents SET published = NULL WHERE id = 'b'", "document 'b'"),
        ("UPDATE documents SET source = CAST(x'ff' AS TEXT) WHERE id = 'b'", "document 'b'"),
        ("UPDATE documents SET author = 1.5 WHERE id = 'b'", "document 'b'"),
        ("UPDATE passages SET vector = zeroblob(32) WHERE ordinal = 1", "passage 1 of document 'b'"),
        ("UPDATE passages SET text_end = text_end - 1 WHERE ordinal = 1", "passage 1 of document 'b'"),
        ("UPDATE passages SET tokens = x'00' WHERE ordinal = 1", "passage 1 of document 'b'"),
        ("DELETE FROM passages WHERE ordinal = 1", "document 'b' has 2 passages where 3 were stored"),
        ("DELETE FROM documents WHERE id = 'a'", "1 documents where 2 were stored"),
    ],
)
def test_changed_bytes_are_caught_on_reading_named_by_verify_and_mended_by_put(
    tmp_path: Path, sql: str, named: str
) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "a", "")
        put(store, "b", "What is written here is true, and it is quoted so.")
        raw(tmp_path, sql)
        with pytest.raises(IndexDamaged, match=named):
            stored_passages(store)
        assert any(named in problem for problem in store.verify())
        if "id = 'a'" not in sql:
            assert put(store, "b", "What is written here is true, and it is quoted so.") is True
            assert store.verify() == []


def test_a_damaged_document_can_be_deleted_and_leaves_the_others_readable(tmp_path: Path, store: Store) -> None:
    put(store, "a", "Sound.")
    put(store, "b", "Soon damaged.")
    raw(tmp_path, "UPDATE documents SET title = 'x' WHERE id = 'b'")
    assert store.document("a").text == "Sound."
    with pytest.raises(IndexDamaged, match=r"document 'b' in .* see: quotewell verify"):
        store.document("b")
    assert store.delete("b") is True
    assert store.verify() == []


@pytest.mark.parametrize("sql", ["UPDATE meta SET value = '9'", "DELETE FROM meta"])
def test_a_head_that_nothing_can_mend_asks_for_a_backup_and_not_for_verify(
    tmp_path: Path, store: Store, sql: str
) -> None:
    put(store, "a", "Sound.")
    raw(tmp_path, f"{sql} WHERE key = 'sequence'")
    with pytest.raises(IndexDamaged, match=r"head .*restore a backup, or .*quotewell index PATH$"):
        store.verify()


@settings(max_examples=80, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), damage=st.sampled_from(["flip", "zero", "cut"]), bit=st.integers(0, 7))
def test_a_damaged_file_gives_the_old_content_or_an_error_never_another_content(
    sound_store: tuple[bytes, object], where: float, damage: str, bit: int
) -> None:
    sound_file, sound = sound_store
    place = int(where * len(sound_file))
    content = bytearray(sound_file)
    if damage == "flip":
        content[place] ^= 1 << bit
    elif damage == "zero":
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    else:
        del content[place:]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, FILE_NAME).write_bytes(content)
        try:
            assert everything(Path(folder)) == sound
        except (IndexDamaged, IndexMismatch):
            return


# --- other threads and processes ---


def test_a_second_writer_waits_and_then_says_who_is_busy(tmp_path: Path) -> None:
    code = """
        with Store.open(sys.argv[1]) as store, store._writing():
            print("holding", flush=True)
            sys.stdin.read()
    """
    with Store.open(tmp_path, create=True, timeout_s=0.05) as store:
        put(store, "a", "Before.")
        process = start(code, tmp_path)
        assert process.stdout is not None and process.stdout.readline() == "holding\n"
        with pytest.raises(StoreBusy, match=f"another process is writing to '.*{FILE_NAME}'; try again"):
            put(store, "a", "After.")
        assert store.checkpoint() is False
        assert store.document("a").text == "Before."
        finish(process)
        assert put(store, "a", "After.") is True


def test_two_writing_processes_take_turns(tmp_path: Path) -> None:
    code = """
        with Store.open(sys.argv[1], create=True, timeout_s=60) as store:
            print("ready", flush=True)
            sys.stdin.readline()
            for count in range(25):
                put(store, f"{os.getpid()}-{count}", f"Document {count}. " * count)
    """
    processes = [start(code, tmp_path) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        finish(process)
    with Store.open(tmp_path) as store:
        assert (store.count()[0], store.sequence(), store.verify()) == (50, 50, [])


def test_a_snapshot_does_not_see_what_another_process_writes(tmp_path: Path, store: Store) -> None:
    put(store, "a", "Old words.")
    put(store, "b", "To be deleted.")
    with store.snapshot() as now:
        code = "store = Store.open(sys.argv[1]); put(store, 'a', 'New.'); store.delete('b'); put(store, 'c', 'More.')"
        finish(start(code, tmp_path))
        assert now.sequence() == 2
        assert [document.text for document in now.documents()] == ["Old words.", "To be deleted."]
        assert [stored.passage.text for stored in passages_of(now)] == ["Old words.", "To be deleted."]
        assert now.verify() == []
        assert store.checkpoint() is False
    assert store.sequence() == 5
    assert [document.text for document in store.documents()] == ["New.", "More."]
    assert store.checkpoint() is True


def test_threads_read_whole_states_while_one_writes(store: Store) -> None:
    done = Event()
    wrong: list[object] = []

    def read() -> None:
        while not done.is_set():
            with store.snapshot() as now:
                documents = [document.id for document in now.documents()]
                passages = {stored.passage.document_id for stored in passages_of(now)}
                if not (len(documents) == now.sequence() and passages == set(documents)):
                    wrong.append((now.sequence(), documents))

    threads = [Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for count in range(30):
        put(store, f"{count:02d}", f"Words of document {count}.")
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.sequence() == 30


@pytest.mark.parametrize(
    ("killed_before", "survives"),
    [
        ("DELETE FROM documents", "old"),
        ("INSERT OR REPLACE INTO passages", "old"),
        ("INSERT OR REPLACE INTO meta", "old"),
        ("COMMIT", "old"),
        ("PRAGMA wal_checkpoint", "new"),
    ],
)
def test_a_process_killed_inside_a_put_leaves_the_old_or_the_new(
    tmp_path: Path, killed_before: str, survives: str
) -> None:
    code = f"""
        store = Store.open(sys.argv[1], create=True)
        put(store, "a", "old " * 100)
        def kill(statement):
            if statement.startswith({killed_before!r}):
                os.kill(os.getpid(), signal.SIGKILL)
        store._writer.set_trace_callback(kill)
        put(store, "a", "new " * 2000)
        store.checkpoint()
    """
    process = start(code, tmp_path)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with Store.open(tmp_path, readonly=True) as store:
        assert store.verify() == []
        assert store.document("a").text.split()[0] == survives
        assert store.sequence() == {"old": 1, "new": 2}[survives]
    with Store.open(tmp_path) as store:
        assert put(store, "b", "Writing goes on.") is True


@pytest.mark.slow
def test_a_process_killed_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    code = """
        store = Store.open(sys.argv[1], create=True)
        done = store.sequence()
        while True:
            done += 1
            put(store, f"{done % 7}", f"version {done} " * (done % 50 + 1))
            print(done, flush=True)
    """
    choice = random.Random(5)
    for _ in range(12):
        with start(code, tmp_path) as process:
            assert process.stdout is not None
            for _ in range(choice.randrange(1, 40)):
                acknowledged = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split()  # communicate() would lose what this reader has buffered
        acknowledged = int(rest[-1]) if rest else acknowledged
        with Store.open(tmp_path, readonly=True) as store:
            assert store.verify() == []
            assert store.sequence() in (acknowledged, acknowledged + 1)
            assert store.document(f"{acknowledged % 7}").text.startswith(f"version {acknowledged} ")


def test_a_folder_of_one_that_was_killed_is_taken_away_by_the_next_that_writes(tmp_path: Path, store: Store) -> None:
    code = """
        from pathlib import Path
        from index.storage.sqlite import new_folder
        with new_folder(Path(sys.argv[1])) as folder:
            (folder / "corpus.db").touch()
            print(folder, flush=True)
            sys.stdin.read()
    """
    with start(code, tmp_path) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        Store.open(tmp_path).close()
        with new_folder(tmp_path):
            assert (folder / "corpus.db").exists()  # beside one that is in use
        process.kill()
    Store.open(tmp_path, readonly=True).close()
    assert folder.exists()
    Store.open(tmp_path).close()
    assert {path.name for path in tmp_path.iterdir()} == {f"{FILE_NAME}{end}" for end in ("", "-wal", "-shm")}


def test_a_full_disk_stops_writing_only_until_there_is_room(store: Store) -> None:
    put(store, "a", "Here before.")
    assert store._writer is not None
    (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
    store._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(QuotewellError, match="full; see to free space"):
        put(store, "b", "Too much. " * 500)
    assert (store.sequence(), list(store.hashes()), store.verify()) == (1, ["a"], [])
    store._writer.execute("PRAGMA max_page_count = 1000000")
    assert put(store, "b", "Too much. " * 500) is True


def test_a_backup_made_while_writing_holds_all_that_was_acknowledged_before(tmp_path: Path, store: Store) -> None:
    acknowledged: list[str] = []
    stop = Event()

    def write() -> None:
        while not stop.is_set():
            put(store, f"{len(acknowledged):04d}", "Words that are kept. " * 100)
            acknowledged.append(f"{len(acknowledged):04d}")

    writer = Thread(target=write)
    writer.start()
    for count in range(3):

        def enough(wanted: int = 10 * (count + 1)) -> bool:
            return len(acknowledged) >= wanted

        until(enough)
        before = list(acknowledged)
        folder = tmp_path / f"copy{count}"
        folder.mkdir()
        copy(store.path, folder / FILE_NAME)
        assert [entry.name for entry in folder.iterdir()] == [FILE_NAME]
        with Store.open(folder) as made:
            assert made.verify() == []
            assert list(made.hashes())[: len(before)] == before
            assert made.count()[0] == made.sequence()
            assert put(made, "more", "A restored store can be written.") is True
    stop.set()
    writer.join()


def test_a_backup_overwrites_nothing_and_a_failed_one_leaves_nothing(tmp_path: Path, store: Store) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(BadInput, match=r"'.*taken' exists already"):
        copy(store.path, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"
    with pytest.raises(BadInput, match="cannot be written"):
        copy(store.path, tmp_path / "nowhere" / "copy")
    store.close()
    (tmp_path / FILE_NAME).write_bytes(b"damaged " * 1000)
    with pytest.raises(IndexDamaged):
        copy(store.path, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
