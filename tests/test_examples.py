"""What stands in examples/ works as it stands there (the page in test_server_browser, agents in test_server_agents)."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.settings import load_settings
from server.app import create_app
from tests.browsing import listening

EXAMPLES = Path(__file__).parent.parent / "examples"
TESTED = {"ask.sh", "host.html", "openai_client.py", *(path.name for path in EXAMPLES.glob("mcp-*.json"))}


@pytest.fixture(scope="module")
def origin(six_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = shutil.copytree(six_data, tmp_path_factory.mktemp("examples") / "data")
    app = create_app(load_settings(data=data, embedder="hash"))
    with listening(app, lifespan=True) as address:
        app.state.live.wait()
        yield address


def test_every_example_is_one_that_a_test_runs() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == TESTED


@pytest.mark.parametrize("question", ["Who discovered comet Harrow?", 'Who wrote "The Borrowed Umbrella" \\ why?'])
def test_the_curl_line_asks(origin: str, question: str) -> None:
    if not shutil.which("curl"):
        pytest.fail("CI has no curl") if os.environ.get("CI") == "true" else pytest.skip("curl is not installed")
    done = subprocess.run(["sh", EXAMPLES / "ask.sh", question, origin], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["question"] == question


def test_the_curl_line_shows_what_is_wrong_with_a_question(origin: str) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    done = subprocess.run(["sh", EXAMPLES / "ask.sh", " ", origin], capture_output=True, check=False)
    assert done.returncode != 0
    assert "ask something in words" in json.loads(done.stdout)["detail"]
