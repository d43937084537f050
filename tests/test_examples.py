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

import jsonschema_rs
import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from index.settings import Settings, load_settings
from server.app import create_app
from tests.browsing import serving
from tests.conftest import until

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


def curl_lines() -> list[str]:
    """What the documents say to type that asks a server, block by block, and what stands alone between backticks."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    blocks = [block for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE) if "curl " in block]
    return blocks + re.findall(r"`(curl [^`\n]+ http[^`\n]+)`", text)


@pytest.mark.slow
def test_every_curl_line_of_the_documents_runs_as_it_stands(six_data: Path, tmp_path: Path) -> None:
    """Against a server that lets nobody write without a key; only its port is another one, and failures are fatal."""
    if not (curl := shutil.which("curl")):
        pytest.fail("CI has no curl") if os.environ.get("CI") == "true" else pytest.skip("curl is not installed")
    data = shutil.copytree(six_data, tmp_path / ".index")
    (tmp_path / "bin").mkdir()
    for name, runs in (
        ("quotewell", f'"{sys.executable}" "{ROOT / "quotewell.py"}"'),
        ("curl", f"{curl} --fail-with-body -sS"),
    ):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {runs} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "notes.md").write_text("# Notes\n\nThe mole of Brin was built of granite in 1874.\n")
    app = create_app(load_settings(data=data, embedder="hash", without_key="ask"))
    said = []
    with serving(app) as address:
        for lines in curl_lines():
            done = subprocess.run(
                ["sh", "-e"],
                input=lines.replace("http://127.0.0.1:8000", address),
                cwd=tmp_path,
                env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
            said.append(done.stdout)
    assert len(said) >= 2
    for told in ('"id":"lamp"', '"file":"notes.md"', "quotewell_answers_total{"):
        assert told in "".join(said)


def test_every_metric_and_label_of_the_dashboard_in_the_manual_is_one_that_a_server_gives(six_data: Path) -> None:
    page = (ROOT / "docs" / "operate.md").read_text("utf-8")
    (queries,) = (block for block in re.findall(r"^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "rate(" in block)
    asked = re.findall(r"(quotewell_\w+)(?:\{([^}]*)\})?", queries)
    app = create_app(load_settings(data=six_data, embedder="hash", threshold=1.0))
    with TestClient(app) as client:
        app.state.live.wait()
        client.post("/ask", json={"question": "What is the capital of Atlantis?"})
        client.post("/ask", content="not JSON", headers={"Content-Type": "application/json"})
        until(lambda: 'status="4xx"' in client.get("/metrics").text)
        given = list(text_string_to_metric_families(client.get("/metrics").text))
    found: dict[str, list[dict[str, str]]] = {}
    for sample in (sample for family in given for sample in family.samples):
        found.setdefault(sample.name, []).append(sample.labels)
    assert len(asked) >= 5
    for name, labels in asked:
        wanted = dict(re.findall(r'(\w+)="([^"]*)"', labels.replace("5xx", "4xx")))  # it gives no 5xx
        assert any(wanted.items() <= one.items() for one in found.get(name, [])), (name, labels)
    assert set(re.findall(r"by \((\w+)\)", queries)) <= {
        label for every in found.values() for one in every for label in one
    }


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


def test_the_compose_file_keeps_to_the_specification_and_one_that_does_not_is_found() -> None:
    """By its schema (github.com/compose-spec/compose-spec), which has a licence of its own."""
    schema = jsonschema_rs.validator_for(
        json.loads((ROOT / "tests" / "files" / "compose-spec.json").read_text("utf-8"))
    )
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    assert list(schema.iter_errors(compose)) == []
    compose["services"]["quotewell"]["tmpfs"] = {"path": "/tmp"}
    compose["services"]["quotewell"]["volume"] = []
    assert len(list(schema.iter_errors(compose))) == 2
