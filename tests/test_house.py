"""The house is held to its limits: those that `make house` prints."""

from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.text.words import stems
from tests import house


def test_a_stranger_finds_few_rooms_and_one_meaning_for_a_word() -> None:
    assert [figure for figure in house.figures() if figure.value > figure.most] == []


@pytest.mark.slow
def test_a_question_and_a_measurement_run_through_few_modules(tmp_path: Path) -> None:
    assert [figure for figure in house.runs(tmp_path) if figure.value > figure.most] == []


def test_a_module_counts_as_run_only_when_one_of_its_functions_is_called() -> None:
    assert house.modules_run(lambda: stems) == set()
    assert "index.text.words" in house.modules_run(lambda: stems("ferries", "light"))


def test_the_tests_make_up_the_same_examples_each_time_whatever_else_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried() -> list[int | str]:
        made: list[int | str] = []

        @settings(settings.get_profile("quick"), max_examples=400)
        @given(st.integers() | st.text())
        def note(one: int | str) -> None:
            made.append(one)

        note()
        return made

    before = tried()
    (tmp_path / "of_ours.py").write_text(
        "WORDS = 'a', 'constant', 'of', 'another', 'module', 123_456_789, 987_654_321\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import_module("of_ours")
    assert tried() == before
