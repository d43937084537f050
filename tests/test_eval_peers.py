"""Other ways to search beside ours: each runs in its own environment, and one that cannot is listed with its error."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

from eval.bench import peers as module
from eval.bench.peers import markdown_of_peers, peers
from eval.sets.beir import BeirSet, read_beir
from index.errors import BadInput

TOLD = tomllib.loads((Path(module.__file__).parent / "peers.toml").read_text("utf-8"))
NAMES = [name for name, each in TOLD.items() if isinstance(each, dict)]
ROOT = Path(__file__).parent.parent


@pytest.fixture
def judged(tmp_path: Path) -> BeirSet:
    folder = tmp_path / "set"
    folder.mkdir()
    texts = {"bakery": "Oskar Lind runs the Marten bakery.", "comet": "Comet Harrow was last seen in 2026."}
    asked = {"q1": "Who runs the bakery?", "q2": "When was the comet seen?"}
    lines = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in texts.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    (folder / "queries.jsonl").write_text("\n".join(json.dumps({"_id": i, "text": t}) for i, t in asked.items()))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tbakery\t1\nq2\tcomet\t1\n")
    return read_beir(folder)


def environments(folder: Path, of_ours: str, of_others: str) -> Path:
    """As if all were installed: a shell script stands for each Python."""
    for name in NAMES:
        python = folder / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\n{of_ours if name == 'quotewell' else of_others}\n")
        python.chmod(0o755)
        (folder / name / ".made").touch()
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_what_runs_in_an_environment_is_python(name: str) -> None:
    each = TOLD[name]
    before = TOLD[each["same_as"]]["code"] if "same_as" in each else ""
    names = compile(f"{TOLD['in_both']}\n{before}\n{each['code']}\n{TOLD['program']}", name, "exec").co_names
    assert {"build", "opened"} <= set(names)
    assert all("==" in need or need == "{project}" for need in each.get("needs", ()))


@pytest.mark.slow
def test_ours_is_measured_and_who_cannot_run_is_listed_with_the_error(judged: BeirSet, tmp_path: Path) -> None:
    ours = f'PYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"'
    there = environments(tmp_path / "there", ours, "echo 'no such module' >&2; exit 1")
    found = peers(judged, ROOT, tmp_path / "work", there)
    assert [peer.error for peer in found] == ["", "", *["no such module"] * (len(NAMES) - 2)]
    assert found[0].quality == {"Success@1": [1.0], "RR@10": [1.0], "nDCG@10": [1.0]}
    assert all(cost > 0 for cost in found[0].costs[:2])
    table = markdown_of_peers(found, judged, command="quotewell eval peers set")
    assert table.count("no such module") == len(NAMES) - 2 and "| Quotewell | 1.000 | 1.000 | 1.000 |" in table


def test_a_set_without_judged_questions_is_refused(judged: BeirSet, tmp_path: Path) -> None:
    bare = BeirSet(judged.name, judged.corpus, judged.questions, {}, ())
    with pytest.raises(BadInput, match="no judged question"):
        peers(bare, ROOT, tmp_path / "work", tmp_path / "there")
