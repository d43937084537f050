"""The README tells the truth: its answer, its settings and its commands are those of this code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from index.settings import Settings
from quotewell import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", README, re.DOTALL)
    assert found, f"README.md needs the block {name}"
    return found.group(1)


def settings_table() -> str:
    """What stands between the markers; paste it there when this test says that it differs."""
    lines = ["| name | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{name}` | `{field.default}` | {field.description} |")
    return "\n".join(lines)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    assert block("settings").strip() == settings_table()


def test_every_command_is_named() -> None:
    named = re.search(r"`quotewell ((?:[\w-]+ \| )+[\w-]+)`", README)
    assert named
    assert set(named.group(1).split(" | ")) == set(COMMANDS)


def test_what_a_newcomer_needs_stands_in_the_first_forty_lines() -> None:
    top = "\n".join(README.splitlines()[:40])
    for wanted in ("make serve", "make test", "<!-- /answer -->", "seeds/ ──read──▶ index/"):
        assert wanted in top


@pytest.mark.slow
def test_the_answer_is_what_the_command_prints_and_its_receipts_are_true(seeds_data: Path, tmp_path: Path) -> None:
    question = re.search(r'make ask Q="([^"]+)"', README)
    assert question
    command = [sys.executable, "-c", "from quotewell import main; raise SystemExit(main())", "ask", question.group(1)]
    shutil.copytree(seeds_data, tmp_path / ".index")
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HF_HUB_OFFLINE": "1"}
    run: Any = {"cwd": tmp_path, "env": environment, "capture_output": True, "check": True, "text": True}
    done = subprocess.run(command, **run)
    assert block("answer") == f"```\n{done.stdout.strip()}\n```"
    kept = tmp_path / "answer.json"
    kept.write_bytes(subprocess.run([*command, "--json"], **(run | {"text": False})).stdout)
    checked = subprocess.run([*command[:3], "check", str(kept)], **run)
    assert "1 of 1 quotes verified" in checked.stdout
