"""What is installed is what was tested: the lock, the extras, the wheel."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from quotewell import OPTIONAL
from tests.sizes import APART, BEGIN, END, parts, size, table
from tests.test_architecture import HOMES

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
LOCKED = [Requirement(line) for line in re.findall(r"^([\w.-]+==[^\\\n]+)", LOCK, re.MULTILINE)]
PINS = {
    canonicalize_name(one.name): str(one.specifier).removeprefix("==")
    for one in LOCKED
    if one.marker is None or one.marker.evaluate()
}
UNLOCKED = {"torch"}  # which build there is depends on the machine
NOT_INSTALLED = ("server/widget", "__pycache__")


def asked_for() -> list[Requirement]:
    extras = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name not in APART}
    lines = [*PROJECT["dependencies"], *(line for lines in extras.values() for line in lines)]
    return [found for line in lines if (found := Requirement(line)).name != PROJECT["name"]]


def test_the_lock_holds_what_the_project_asks_for() -> None:
    """Where it does not: make lock."""
    wrong = [
        str(one)
        for one in asked_for()
        if one.name not in UNLOCKED and not one.specifier.contains(PINS.get(canonicalize_name(one.name), "0"))
    ]
    assert wrong == []


def test_what_is_not_locked_is_pinned() -> None:
    lines = [Requirement(line) for name in APART for line in PROJECT["optional-dependencies"][name]]
    assert lines and all(re.fullmatch(r"==[\d.]+", str(one.specifier)) for one in lines)


def test_every_locked_package_has_its_hashes() -> None:
    entries = re.split(r"\n(?=\w)", LOCK)[1:]  # before the first stand comments
    assert len(entries) == len(LOCKED) > 100
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_torch_is_pinned_to_one_version_wherever_it_is_named() -> None:
    named = [str(one.specifier) for one in asked_for() if one.name in UNLOCKED]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    described = re.search(r'name = "torch"\nversion = "([^"]+)"', project)
    installed = re.search(r"torch(==\S+)", (ROOT / "Makefile").read_text("utf-8"))
    assert described and installed
    assert {*named, f"=={described.group(1)}", installed.group(1)} == {installed.group(1)}


def test_the_version_is_the_newest_in_the_changelog_and_that_of_the_interface(described: dict[str, Any]) -> None:
    newest = re.search(r"^## (\S+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert {newest.group(1), described["info"]["version"]} == {PROJECT["version"]}


def test_what_is_installed_here_is_what_is_locked() -> None:
    """Where it is not: remove .venv; make sets it up again."""
    here = {canonicalize_name(found.metadata["Name"]): found.version for found in distributions()}
    assert {name: here[name] for name in PINS.keys() & here.keys() if here[name] != PINS[name]} == {}


def test_a_plain_installation_is_the_light_one_and_the_manual_says_what_each_part_weighs() -> None:
    found = parts()
    assert not {"torch", "sentence-transformers", "transformers", "scipy", "mcp"} & found[""]
    assert {"torch", "sentence-transformers"} <= found["models"] <= found["eval"] <= found["test"]
    assert size("numpy") > 10e6
    assert table(lambda names: 1.5).count("| 1.5 |") == len(found)
    told = (ROOT / "docs" / "operate.md").read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    named = set(re.findall(r"^\| `\.(?:\[(\w+)\])?`", told, re.MULTILINE))
    assert named == set(found) == {"", *PROJECT["optional-dependencies"]} - APART


OF_OTHER_MODELS = (*("index/embedding/embedder.py", "index/ranking/cross_encoder.py"), "rag/reading/answer_model.py")


def test_only_measuring_agents_and_other_models_need_an_extra() -> None:
    """An optional library has its home where no plain question passes, and an extra brings it."""
    extras = {
        canonicalize_name(one.name)
        for name, lines in PROJECT["optional-dependencies"].items()
        if name != "test"
        for one in map(Requirement, lines)
    }
    assert {canonicalize_name(name) for name in OPTIONAL} <= extras
    for name in OPTIONAL:
        for home in HOMES[name]:
            assert home.startswith(("eval/", "server/mcp_tools/", *OF_OTHER_MODELS)), name


WITHOUT = f"""
import sys
sys.modules.update(dict.fromkeys({OPTIONAL!r}))
import server.app
from quotewell import run
raise SystemExit(run(sys.argv[1:]))
"""


def without_extras(*words: str) -> subprocess.CompletedProcess[str]:
    """`quotewell` where no optional library can be imported."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QUOTEWELL_EMBEDDER": "hash"}
    command = [sys.executable, "-c", WITHOUT, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_asking_and_serving_need_no_extra(six_data: Path) -> None:
    done = without_extras("ask", "Who discovered Comet Harrow?", "--data", str(six_data))
    assert (done.returncode, "Ilse Brandt" in done.stdout) == (0, True), done.stderr


@pytest.mark.slow
def test_what_needs_an_extra_says_how_to_install_it() -> None:
    done = without_extras("eval", "--help")
    assert done.returncode == 1
    assert re.fullmatch(r"error: \w+ is not installed; .*pip install '\.\[agents,eval\]'\n", done.stderr)


def built(kind: str, source: Path, out: Path) -> None:
    """An sdist or a wheel."""
    build = f"from setuptools.build_meta import build_{kind}\nbuild_{kind}({str(out)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True)


@pytest.mark.slow
def test_the_wheel_made_from_an_sdist_holds_every_module_and_every_file_and_answers(tmp_path: Path) -> None:
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    wheels.mkdir()
    packages = ("index", "rag", "server", "eval", "seeds")
    for name in packages:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("quotewell.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built("sdist", source, wheels)
    (archive,) = wheels.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    built("wheel", unpacked, wheels)
    (wheel,) = wheels.glob("*.whl")
    held = {name for name in ZipFile(wheel).namelist() if not name.startswith(PROJECT["name"] + "-")}
    wanted = {"quotewell.py"} | {
        path.relative_to(ROOT).as_posix()
        for name in packages
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix != ".md" and not any(part in path.as_posix() for part in NOT_INSTALLED)
    }
    assert held == wanted
    assert {f"{name}/py.typed" for name in ("index", "rag", "server", "eval")} <= held
    away = tmp_path / "away"
    away.mkdir()
    ZipFile(wheel).extractall(away)
    for words, said in ((["doctor"], "makes vectors of 384"), (["ask", "Who is Mexico's ambassador?"], "Moctezuma")):
        command = [sys.executable, "-m", "quotewell", *words]
        done = subprocess.run(
            command, cwd=away, env={"PYTHONPATH": str(away), "PATH": ""}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, said in done.stdout) == (0, True), done.stderr
