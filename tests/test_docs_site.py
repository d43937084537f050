"""The documents as a site: it builds without a warning, names every page, and what its pages say to type works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from index.embedding.embedder import HashEmbedder
from index.search import open_index
from index.settings import load_settings
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


RUN = ("index.md", "receipts.md", "evaluate.md")  # in this order, since each goes on with what the first page made


def blocks(page: str, language: str = "sh") -> list[str]:
    """What stands in a block that is marked as shell: those run; a block without a mark is to be looked at."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_every_block_of_data_is_what_it_is_marked_as() -> None:
    assert [json.loads(one) for page in PAGES for one in blocks(page, "json")]
    assert [yaml.safe_load(one) for page in PAGES for one in blocks(page, "yaml")]
    assert {page for page in PAGES if blocks(page)} == set(RUN)
    assert {page for page in PAGES if blocks(page, "python")} == {
        "receipts.md",
        "service.md",
    }  # run here and by a server


@pytest.mark.slow
def test_what_the_pages_say_to_type_runs_as_it_stands(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "quotewell"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "quotewell.py"}" "$@"\n')
    command.chmod(0o755)
    environment = {"PATH": f"{command.parent}:/usr/bin:/bin", "QUOTEWELL_EMBEDDER": "hash", "HF_HUB_OFFLINE": "1"}
    (tmp_path / "work").mkdir()
    said = []
    for block in (one for page in RUN for one in blocks(page)):
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
    answer = json.loads((tmp_path / "work" / "answer.json").read_text("utf-8"))
    index = open_index(tmp_path / "work" / ".index", load_settings(embedder="hash"), HashEmbedder())
    given = {"answer": answer, "revision_of": lambda name, _: index.document(name).text.encode(), "key": None}
    exec(blocks("receipts.md", "python")[0], given | {"root": answer["corpus"]["root"]}, given)
    assert given["verdict"].ok
    assert (tmp_path / "work" / "report.html").exists() and (tmp_path / "work" / "baseline.json").exists()
    figures = json.loads((tmp_path / "work" / "before" / "mine-dev.json").read_text("utf-8"))["figures"]
    # of the articles of these pages, and no others
    assert (figures["Success@1"]["n"], figures["abstention recall"]["n"]) == (4, 2)
