"""Quotewell beside other ways to search, in one run: the same documents, questions and MiniLM weights.

Who they are stands in peers.toml. Each has an environment of its own and runs in fresh processes there: one that
indexes and leaves a folder, one that opens it and answers. One that cannot run is listed with its error.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.bench.bench import figure, machine
from eval.runs.tables import Table, in_points, paragraphs, sentence
from eval.scoring.intervals import mean
from eval.scoring.judge import ranked
from eval.sets.beir import BeirSet
from eval.sets.gold import records
from eval.sets.sets import testing_questions
from index.embedding.weights import packaged_torch
from index.errors import BadInput
from index.terminal import Show

_COMPARED = ("Success@1", "RR@10", "nDCG@10")
_MOST = 200  # questions
_SECONDS = 3600  # that one process may take
_UV = Path(sys.executable).parent / "uv"
# Without what this project's pyproject.toml says of torch, which leaves out what a build for GPUs needs.
_INSTALL = (str(_UV), "pip", "install", "-q", "--no-config")


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to search; `error` says why it could not run, and then it has no costs."""

    title: str
    quality: Mapping[str, Sequence[float]]  # measure → value of each question
    costs: Sequence[float] = ()
    error: str = ""


def peers(judged: BeirSet, project: Path, work: Path, environments: Path, on: Show = lambda *_: None) -> list[Peer]:
    """Ours comes first. Environments that are missing are made. Raises BadInput for a set without judged questions."""
    told = tomllib.loads((Path(__file__).parent / "peers.toml").read_text("utf-8"))
    known = {name: each for name, each in told.items() if isinstance(each, dict)}
    documents = {
        record["_id"]: f"{record.get('title', '')}\n{record['text']}".strip() for _, record in records(judged.corpus)
    }
    asked = [one for one in testing_questions(judged) if one.id in judged.relevant][:_MOST]
    if not asked:
        raise BadInput(f"{judged.name} has no judged question to compare on; give another set")
    relevant = {one.id: judged.relevant[one.id] for one in asked}
    measured = []
    for done, (name, each) in enumerate(known.items()):
        on(f"{judged.name}: {name}", done, len(known))
        folder = work / name
        folder.mkdir(parents=True)
        (folder / "given.json").write_text(json.dumps([documents, [one.asked for one in asked]]))
        try:
            python = _environment(told, each.get("same_as", name), project, environments)
            found, costs = _measured(told, each, python, folder)
        except subprocess.SubprocessError as error:
            *_, line = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            measured.append(Peer(each["title"], {}, error=line))
            continue
        values = ranked(dict(zip(relevant, found, strict=True)), relevant, "document")
        quality = {measure: [values[name][measure] for name in relevant] for measure in _COMPARED}
        measured.append(Peer(each["title"], quality, costs))
    return measured


def _environment(told: Mapping[str, Any], name: str, project: Path, environments: Path) -> Path:
    """Its Python, made with uv where it is missing."""
    folder = environments / name
    python, made = folder / "bin" / "python", folder / ".made"
    if not made.is_file():
        common = [] if told[name].get("bare") else told["common"]
        needs = [one.format(project=project) for one in (*common, *told[name]["needs"])]
        _run(str(_UV), "venv", "-q", "--clear", "--python", told["python"], str(folder))
        _run(*_INSTALL, "--python", str(python), "--exclude-newer", told["newest"], *needs)
        made.touch()
    return python


def _measured(
    told: Mapping[str, Any], each: Mapping[str, Any], python: Path, folder: Path
) -> tuple[list[list[str]], list[float]]:
    """Of each question the ids that were found, and the costs in the order of the table."""
    own = told[each["same_as"]]["code"] if "same_as" in each else ""
    code = f"{told['in_both']}\n{own}\n{each['code']}\n{told['program']}"
    given = str(folder), str(packaged_torch())
    indexed, searched = (
        json.loads(_run(str(python), "-c", code, step, *given).splitlines()[-1]) for step in ("index", "search")
    )
    times = [1000 * (end - start) for start, end in searched["times"]]
    packages = (path for path in (python.parent.parent / "lib").rglob("*") if path.suffix != ".pyc" and path.is_file())
    size = sum(path.stat().st_size for path in packages) / 2**20
    half, most = np.quantile(times[1:] or times, (0.5, 0.95)).tolist()
    peak = max(indexed["peak"], searched["peak"])
    return searched["found"], [indexed["cpu"], searched["times"][0][1], half, most, peak, size]


def _run(*command: str) -> str:
    """What it prints. Raises SubprocessError."""
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=_SECONDS).stdout


def markdown_of_peers(found: Sequence[Peer], judged: BeirSet, *, command: str) -> str:
    """The table for the docs."""
    head = (
        *("way to search", *_COMPARED, "nDCG@10 less Quotewell's, points", "indexing, CPU s"),
        *("first answer, CPU s", "search, CPU ms", "p95", "peak, MiB", "packages, MiB"),
    )
    rows = [_row(peer, found[0]) for peer in found]
    return paragraphs(
        Table(head, rows).as_markdown(), [f"{judged.name}: written by `{command}`.", *_NOTES, f"{sentence(machine())}."]
    )


def _row(peer: Peer, ours: Peer) -> tuple[str, ...]:
    if peer.error:
        return peer.title, peer.error, *[""] * 9
    pairs = zip(peer.quality[_COMPARED[-1]], ours.quality[_COMPARED[-1]], strict=True) if peer is not ours else ()
    means = (f"{np.mean(values):.3f}" for values in peer.quality.values())
    gap = in_points(mean("", [a - b for a, b in pairs])) if peer is not ours else ""
    return peer.title, *means, gap, *map(figure, peer.costs)


_NOTES = (
    f"At most {_MOST} questions, of the half that nothing was tuned on; a difference is paired by question, with its "
    "95 % interval.",
    "Indexing and first answer: a whole fresh process, what it imports and loads included; search: with the question's "
    "embedding. Quotewell finds passages, and a document is as good as its best one.",
    "Packages: all that is installed; Quotewell's hold MiniLM, the others' do not.",
)
