"""Other people's clients: those that are installed here run, and the table of `make clients` is of these scripts."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.client import BEGIN, DOCUMENT, END, SCRIPTS, Outcome, client_of, row, serving, tried

HERE = [path for path in SCRIPTS if path.name in {"with_openai.py", "with_mcp.py", "with_fastmcp.py"}]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].splitlines()[3:]
]


@pytest.fixture(scope="module")
def environment(seeds_data: Path) -> Iterator[dict[str, str]]:
    with serving(seeds_data) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("script", HERE, ids=lambda path: path.stem)
def test_a_client_that_is_installed_here_does_all_that_the_table_says(
    script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    outcome = tried([sys.executable], script, environment, tmp_path)
    assert outcome.fault == ""
    assert next(cells[2] for cells in ROWS if cells[0] == client_of(script).name) == "; ".join(outcome.tried)


def test_every_client_has_a_row_with_its_version_and_what_came_of_it() -> None:
    clients = [client_of(path) for path in SCRIPTS]
    assert len(HERE) == 3
    assert [cells[0] for cells in ROWS] == [one.name for one in clients]
    for (_, version, _, result), one in zip(ROWS, clients, strict=True):
        assert re.fullmatch(rf"{re.escape(re.sub(r'.[a-z,]+]$', '', one.packages[0]))} \d[\w.]+", version)
        assert result == "works" or result.startswith("refused, and told why: ")


def test_a_script_that_misses_something_fails_with_its_words(tmp_path: Path) -> None:
    script = tmp_path / "with_nothing.py"
    script.write_text(
        '"""Nothing. pip: nothing"""\nimport trial\ntrial.tried("a", "xyz", "y")\ntrial.tried("b", "xyz")\n'
    )
    known = {"CLIENTS_SERVER": "", "CLIENTS_STDIO": "[]", "PYTHONPATH": str(SCRIPTS[0].parent)}
    outcome = tried([sys.executable], script, known, tmp_path)
    assert outcome.tried == ("a",) and outcome.fault.startswith("b: no “agribusiness” in: xyz")
    assert (
        row(client_of(script), outcome._replace(version="nothing 1"))
        == f"| Nothing | nothing 1 | a | fails: {outcome.fault} |"
    )
    assert row(client_of(script), Outcome("", ("refused: so",), "")) == "| Nothing |  |  | refused: so |"
