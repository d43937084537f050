"""What stands in examples/ works as it stands there (the page in test_server_browser, agents in test_server_agents)."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from index.settings import Settings, load_settings
from server.app import create_app
from tests.browsing import serving

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
TESTED = {"ask.sh", "docker", "host.html", "openai_client.py", *(path.name for path in EXAMPLES.glob("mcp-*.json"))}


@pytest.fixture(scope="module")
def origin(six_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = shutil.copytree(six_data, tmp_path_factory.mktemp("examples") / "data")
    app = create_app(load_settings(data=data, embedder="hash"))
    with serving(app) as address:
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


@pytest.mark.slow
def test_the_lines_for_clients_of_openai_in_the_manual_ask(origin: str) -> None:
    page = (ROOT / "docs" / "service.md").read_text("utf-8")
    (lines,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    asked = lines.replace("http://127.0.0.1:8000", origin).replace(
        "Which sectors gained from preferential access under the USMCA?", "Who discovered Comet Harrow?"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert (done.returncode, "Ilse Brandt" in done.stdout) == (0, True), done.stderr
    assert done.stdout.splitlines()[-1].rpartition(" ")[2].startswith("http")


DOCKER = EXAMPLES / "docker"


def test_the_dockerfile_has_no_fault_that_its_linter_knows() -> None:
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([linter, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_holds_all_that_the_package_is_made_of_and_runs_as_nobody() -> None:
    lines = (DOCKER / "Dockerfile").read_text("utf-8").splitlines()
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert copied == packages | {"pyproject.toml", "requirements.lock", "README.md", "LICENSE", "quotewell.py"}
    assert {
        line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line[0] == "!"
    } == copied
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert "USER 10001" in lines and any(line.startswith("HEALTHCHECK ") for line in lines)
    python = re.findall(r"^FROM python:(\d+\.\d+)-slim", "\n".join(lines), re.MULTILINE)
    assert {f">={version}" for version in python} == {project["project"]["requires-python"]}


def test_the_compose_file_builds_from_here_and_gives_no_rights() -> None:
    service = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))["services"]["quotewell"]
    context = (DOCKER / service["build"]["context"]).resolve()
    assert (context, (context / service["build"]["dockerfile"]).exists()) == (ROOT, True)
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    settings = {name.removeprefix("QUOTEWELL_").lower() for name in service["environment"]}
    assert settings <= set(Settings.model_fields)
    assert service["ports"] == ["127.0.0.1:8000:8000"]
