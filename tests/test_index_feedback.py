"""What is kept of feedback: one row an answer, the newest so many, and no text of an article."""

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import QuotewellError
from index.records import Span
from index.settings import Settings, load_settings
from index.storage.feedback import FILE, Feedback, FeedbackStore, Judgement, QuotedPlace, read_feedback
from index.storage.merkle import revision
from index.storage.sqlite import LOG_PAGES, PAGE_BYTES, SideFile
from index.storage.store import Store

ABSTENTION = Feedback(
    answer_id="a",
    question="Who built the Tamm dam 😺?",
    standalone="",
    status="abstained",
    reason="off_corpus",
    missing=("Tamm dam",),
    quotes=(),
    index_version="v1",
    verdict="",
    reasons=(),
    comment="",
    when="2026-01-02T03:04:05+00:00",
)
ANSWERED = replace(ABSTENTION, answer_id="b", question="Who?", status="answered", reason="", missing=(), verdict="up")


def quote_of(data: Path, document_id: str, quote: str) -> QuotedPlace:
    with Store.open(data, readonly=True) as store:
        text = store.document(document_id).text
    at = text.index(quote)
    return QuotedPlace(document_id, at + 3, at + 3 + len(quote), quote, revision(text).hex(), Span(at, at + len(quote)))


def test_what_is_noted_and_judged_is_read_again_in_the_order_it_came(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 10)
    store.note(ABSTENTION)
    judged = replace(ANSWERED, verdict="down", reasons=("wrong_quote", "other"), comment="not “so”\n")
    store.judge(judged)
    assert read_feedback(tmp_path) == [ABSTENTION, judged]
    store.close()
    assert read_feedback(tmp_path) == [ABSTENTION, judged]
    assert FeedbackStore(tmp_path, 10).find("b") == Judgement("down", ("wrong_quote", "other"), "not “so”\n")


def test_without_a_file_there_is_none_and_looking_makes_no_file(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 10)
    assert read_feedback(tmp_path) == []
    assert store.find("a") is None
    assert store.counts() == {"up": 0, "down": 0, "": 0}
    store.withdraw("a")
    assert list(tmp_path.iterdir()) == []


def test_none_are_noted_where_none_are_wanted(tmp_path: Path) -> None:
    FeedbackStore(tmp_path, 0).note(ABSTENTION)
    assert list(tmp_path.iterdir()) == []


def test_a_judgement_is_changed_and_never_doubled(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 10)
    store.note(ABSTENTION)
    for verdict in ("up", "up", "down"):
        store.judge(replace(ANSWERED, answer_id="a", question="", verdict=verdict, when="2027"))
    assert read_feedback(tmp_path) == [replace(ABSTENTION, verdict="down", when="2027")]
    assert store.counts() == {"up": 0, "down": 1, "": 0}


def test_a_judged_abstention_that_is_given_again_stays_judged(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 10)
    judged = replace(ABSTENTION, verdict="down", reasons=("should_know",))
    store.judge(judged)
    store.note(ABSTENTION)
    assert read_feedback(tmp_path) == [judged]


def test_an_answer_that_is_no_longer_judged_is_forgotten_and_an_abstention_stays_noted(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 10)
    store.judge(replace(ABSTENTION, verdict="down", reasons=("should_know",), comment="it is in the orchard one"))
    store.judge(ANSWERED)
    store.withdraw("a")
    store.withdraw("b")
    store.withdraw("never there")
    assert read_feedback(tmp_path) == [ABSTENTION]


def test_a_question_that_found_nothing_again_in_a_newer_index_is_noted_once(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 10)
    newer = replace(ABSTENTION, answer_id="c", index_version="v2")
    follow_up = replace(ABSTENTION, answer_id="d", standalone="Who built the dam of 1904?")
    for one in (ABSTENTION, follow_up, newer, newer):
        store.note(one)
    assert read_feedback(tmp_path) == [follow_up, newer]


def test_a_flood_of_abstentions_pushes_out_the_oldest_of_them_and_no_judgement(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, 3)
    store.judge(ANSWERED)
    for n in range(8):
        store.note(replace(ABSTENTION, answer_id=f"n{n}", question=f"number {n}"))
    assert [one.answer_id for one in read_feedback(tmp_path)] == ["b", "n5", "n6", "n7"]
    for n in range(4):
        store.judge(replace(ANSWERED, answer_id=f"j{n}"))
    assert [one.answer_id for one in read_feedback(tmp_path)] == ["n5", "n6", "n7", "j1", "j2", "j3"]


def test_quotes_are_read_from_the_store_and_go_with_their_article(
    hash_builder: Builder, hash_settings: Settings, six_files: Path
) -> None:
    hash_builder.index([six_files])
    data = hash_settings.data
    words = "It bakes forty kinds of rye bread."
    places = (quote_of(data, "bakery", words), quote_of(data, "comet", "It returns every 61 years."))
    store = FeedbackStore(data, 10)
    store.judge(replace(ANSWERED, quotes=places))
    assert read_feedback(data)[0].quotes == places
    store.close()
    assert b"rye bread" not in (data / FILE).read_bytes()
    (six_files / "bakery.txt").write_text("The Marten bakery was sold.", encoding="utf-8")
    hash_builder.index([six_files])
    assert read_feedback(data)[0].quotes == places  # the former text is kept, for as long as the settings say
    hash_builder.delete("bakery")
    assert read_feedback(data)[0].quotes == places[1:]


def test_without_a_store_there_are_no_quotes_to_read(tmp_path: Path) -> None:
    place = QuotedPlace("bakery", 0, 3, "The", "0" * 64, Span(0, 3))
    FeedbackStore(tmp_path, 10).judge(replace(ANSWERED, quotes=(place,)))
    assert read_feedback(tmp_path) == [ANSWERED]


WORDS = ["CREATE TABLE IF NOT EXISTS words (word TEXT)"]


def test_a_log_never_grows_beyond_what_is_moved_into_the_file_at_once(tmp_path: Path) -> None:
    side = SideFile(tmp_path / "some.db", WORDS)
    log = tmp_path / "some.db-wal"
    for size in (1, 400, *[1] * 60):  # one is longer than the log may be
        with side.writing(durable=False) as connection:
            connection.execute("INSERT INTO words VALUES (?)", ("long " * 2000 * size,))
    assert log.stat().st_size < 2 * LOG_PAGES * PAGE_BYTES
    side.close()
    assert not log.exists()


def test_a_damaged_file_is_kept_aside_and_a_new_one_is_begun_by_itself(tmp_path: Path) -> None:
    side = SideFile(tmp_path / "some.db", WORDS)
    side.path.write_bytes(b"no database " * 1000)
    with pytest.raises(QuotewellError, match=r"kept as 'some\.db\.damaged'"), side.reading():
        pass
    with side.writing(durable=True) as connection:
        connection.execute("INSERT INTO words VALUES ('new')")
    side.close()
    assert (tmp_path / "some.db.damaged").read_bytes() == b"no database " * 1000


def test_of_two_that_meet_the_same_damage_the_second_leaves_the_new_file_alone(tmp_path: Path) -> None:
    first, second = (SideFile(tmp_path / "some.db", WORDS) for _ in range(2))
    ruined = sqlite3.DatabaseError("file is not a database")
    ruined.sqlite_errorcode = sqlite3.SQLITE_NOTADB
    with pytest.raises(QuotewellError), second.reading():
        with pytest.raises(QuotewellError), first.writing(durable=False):
            raise ruined
        with first.writing(durable=True) as connection:
            connection.execute("INSERT INTO words VALUES ('new')")
        raise ruined
    with second.reading() as connection:
        assert connection.execute("SELECT word FROM words").fetchall() == [(b"new",)]
    first.close()
    second.close()


def removed(path: Path) -> None:
    path.unlink()


def restored(path: Path) -> None:
    backup = path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as into:
        source.backup(into)
    backup.replace(path)


def linked(path: Path) -> None:
    path.with_name("elsewhere.db").touch()
    path.unlink()
    path.symlink_to(path.with_name("elsewhere.db"))


@pytest.mark.parametrize("exchange", [removed, restored, linked])
def test_a_judgement_goes_into_the_file_that_stands_there_whatever_was_open(
    tmp_path: Path, exchange: Callable[[Path], None]
) -> None:
    """Else it is acknowledged and gone with the file that nobody sees any more."""
    store = FeedbackStore(tmp_path, 5)
    store.judge(replace(ANSWERED, answer_id="1" * 32))
    exchange(tmp_path / FILE)
    store.judge(ANSWERED)
    assert ANSWERED.answer_id in [one.answer_id for one in read_feedback(tmp_path)]
    store.close()
    assert ANSWERED.answer_id in [one.answer_id for one in read_feedback(tmp_path)]


def test_a_damaged_file_breaks_no_answer_and_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    store = FeedbackStore(tmp_path, 5)
    with caplog.at_level(logging.WARNING):
        store.note(ABSTENTION)
        store.note(ABSTENTION)
    assert "kept as 'feedback.db.damaged'" in caplog.text
    assert [one.answer_id for one in read_feedback(tmp_path)] == [ABSTENTION.answer_id]  # the second found a new file


def test_a_full_disk_breaks_no_answer_and_a_judgement_that_is_lost_says_so(tmp_path: Path) -> None:
    """The folder is not there: as with a full disk, nothing can be written."""
    store = FeedbackStore(tmp_path / "none", 5)
    store.note(ABSTENTION)
    with pytest.raises(QuotewellError, match="free space"):
        store.judge(ANSWERED)


def test_a_file_that_was_only_begun_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    assert read_feedback(tmp_path) == []


def test_many_threads_and_two_stores_lose_nothing(tmp_path: Path) -> None:
    stores = [FeedbackStore(tmp_path, 500), FeedbackStore(tmp_path, 500)]

    def note(n: int) -> None:
        stores[n % 2].note(replace(ABSTENTION, answer_id=str(n), question=str(n)))
        stores[n % 2].judge(replace(ANSWERED, answer_id=f"j{n % 10}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(60)))
    assert {one.answer_id for one in read_feedback(tmp_path)} == {*map(str, range(60)), *(f"j{n}" for n in range(10))}


def test_the_settings_that_keep_no_former_text_keep_no_quote_of_it(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", embedder="hash", keep_revisions_days=0)
    builder = Builder(settings.data, settings, HashEmbedder())
    path = tmp_path / "note.txt"
    path.write_text("Rain fell all day.", encoding="utf-8")
    builder.index([path])
    place = quote_of(settings.data, "note", "Rain fell all day.")
    FeedbackStore(settings.data, 10).judge(replace(ANSWERED, quotes=(place,)))
    path.write_text("The sun shone all day.", encoding="utf-8")
    builder.index([path])
    assert read_feedback(settings.data) == [ANSWERED]
