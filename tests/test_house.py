"""The house is held to its limits: those that `make house` prints."""

from pathlib import Path

import pytest

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
