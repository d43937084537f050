"""The documents as a site: it builds without a warning, names every page, and what its pages say to type works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from quotewell import COMMANDS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CONFIG = DOCS / "site" / "mkdocs.yml"
PAGES = {path.name for path in DOCS.glob("*.md")}


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """A link that leads nowhere is one."""
    command = [
        sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", str(CONFIG), "-d", str(tmp_path / "site"),
    ]  # fmt: skip
    done = subprocess.run(
        command, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]*src="?([^" >]+)|<link rel=stylesheet href="?([^" >]+)', page.read_text("utf-8")
        )
        assert not [one for pair in loaded for one in pair if "//" in one]
    assert (tmp_path / "site" / "llms.txt").exists()


def test_every_page_is_in_the_menu_and_in_llms_txt_and_nothing_else_is() -> None:
    menu = set(re.findall(r"[\w-]+\.md", CONFIG.read_text("utf-8").partition("nav:")[2]))
    listed = set(re.findall(r"\(([\w-]+\.md)\)", (DOCS / "llms.txt").read_text("utf-8")))
    assert menu == PAGES
    assert listed == PAGES
    assert yaml.safe_load(CONFIG.read_text("utf-8"))["theme"]["font"] is False


def test_the_command_line_has_every_command() -> None:
    named = re.findall(r"^\| `quotewell ([\w-]+)", (DOCS / "command-line.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted([*COMMANDS, "version"])


def blocks(page: str) -> list[str]:
    """What stands in a block that is marked as shell: those run; a block without a mark is to be looked at."""
    return re.findall(r"^```sh\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_lines_of_the_first_page_and_of_the_evaluation_run_as_they_stand(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "quotewell"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "quotewell.py"}" "$@"\n')
    command.chmod(0o755)
    environment = {"PATH": f"{command.parent}:/usr/bin:/bin", "QUOTEWELL_EMBEDDER": "hash", "HF_HUB_OFFLINE": "1"}
    (tmp_path / "work").mkdir()
    said = []
    for block in (*blocks("index.md"), *blocks("evaluate.md")):
        done = subprocess.run(
            ["sh", "-e"],
            input=block,
            cwd=tmp_path / "work",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    assert "254 megawatts" in said[0] and "The tides at Sihwa" in said[0]
    assert (tmp_path / "work" / "report.html").exists() and (tmp_path / "work" / "baseline.json").exists()
    figures = json.loads((tmp_path / "work" / "before" / "mine-dev.json").read_text("utf-8"))["figures"]
    # of the articles of these pages, and no others
    assert (figures["Success@1"]["n"], figures["abstention recall"]["n"]) == (4, 2)
