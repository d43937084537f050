"""What is kept of an answer: the newest so many, for as long as the index is the same, and never an error."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.answer_log import FILE, Kept, KeptQuestion


def asked(n: int, version: str = "v1") -> KeptQuestion:
    return KeptQuestion(version, f'{{"question":"number {n} ä"}}')


def test_what_is_kept_is_found_again_also_by_another_process(tmp_path: Path) -> None:
    first = Kept(tmp_path, 10)
    first.keep("a", asked(1))
    assert first.find("a") == asked(1)
    assert Kept(tmp_path, 10).find("a") == asked(1)
    first.close()
    assert Kept(tmp_path, 10).find("a") == asked(1)
    assert first.find("a") == asked(1)


def test_only_the_newest_are_kept_and_asking_again_makes_new(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 3)
    for n in range(3):
        kept.keep(f"{n}", asked(n))
    kept.keep("0", asked(0))
    kept.keep("3", asked(3))
    kept.keep("4", asked(4))
    assert [name for name in "01234" if kept.find(name)] == ["0", "3", "4"]


def test_none_are_kept_and_no_file_is_made_where_none_are_wanted(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 0)
    kept.keep("a", asked(1))
    assert not kept.keeps
    assert kept.find("a") is None
    assert list(tmp_path.iterdir()) == []


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert Kept(tmp_path, 5).find("a") is None
    assert list(tmp_path.iterdir()) == []


def test_what_was_asked_of_a_former_index_is_erased_but_its_version_is_known(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 5)
    kept.keep("a", asked(1, "v1"))
    kept.keep("b", asked(2, "v2"))
    assert kept.find("a") == KeptQuestion("v1", "")
    assert kept.find("b") == asked(2, "v2")
    kept.close()
    assert b"number 1" not in (tmp_path / FILE).read_bytes()


def test_a_damaged_file_is_logged_and_breaks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    kept = Kept(tmp_path, 5)
    with caplog.at_level(logging.WARNING):
        kept.keep("a", asked(1))
    kept.keep("b", asked(2))
    assert (kept.find("a"), kept.find("b")) == (None, asked(2))
    assert "kept as 'answers.db.damaged'" in caplog.text


def test_a_folder_that_is_not_there_breaks_nothing(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "none", 5)
    kept.keep("a", asked(1))
    assert kept.find("a") is None


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 500)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: kept.keep(str(n), asked(n)), range(200)))
    assert all(kept.find(str(n)) == asked(n) for n in range(200))
