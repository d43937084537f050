"""Embedding by other processes and by Ray: the same index, and what was committed is not made again."""

import importlib.util
import json
import multiprocessing
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from index.build import Builder, BuildReport
from index.embedding.embedder import HashEmbedder
from index.errors import BadInput, IndexMismatch, QuotewellError
from index.settings import Settings
from index.shards import _processes, make, recipe
from index.storage.store import Store
from tests.conftest import piped, until
from tests.test_cli_process import ROOT, caller, environment, stored
from tests.test_index_build import files_of

MANY = 40
SMALL = "index.shards._SHARD_CHARACTERS"
needs_ray = pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed: make engines does")


def boats(folder: Path) -> Path:
    """So many short articles, most of which say a little more than the one before."""
    lines = (json.dumps({"_id": f"d{n:02}", "text": f"Note {n} is about the {n}th boat. " * n}) for n in range(1, 41))
    path = folder / "boats.jsonl"
    path.write_text("\n".join(lines))
    return path


def built(settings: Settings, path: Path, name: str, **how: Any) -> tuple[BuildReport, dict[str, bytes]]:
    """With the bytes of its search index."""
    data = settings.data.parent / name
    report = Builder(data, settings.model_copy(update={"data": data}), HashEmbedder()).index([path], **how)
    return report, files_of(data)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["2", pytest.param("ray", marks=needs_ray)])
def test_the_index_and_the_count_are_the_same_whoever_embeds(
    workers: str, tmp_path: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SMALL, 2000)
    path = boats(tmp_path)
    here, there = (built(hash_settings, path, name, workers=who) for name, who in (("here", ""), ("there", workers)))
    assert here == there
    assert here[0].embedded_passages >= MANY


STUCK_AFTER_20 = """
import multiprocessing, sys
sys.path.insert(0, sys.argv[1])
import quotewell
import index.shards
from index.storage.store import Store
index.shards._SHARD_CHARACTERS = 100
put, written = Store.put, []
def stuck(self, *given, **more):
    if len(written) == 20:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        sys.stdin.read()
    written.append(given)
    return put(self, *given, **more)
Store.put = stuck
sys.exit(quotewell.run(["index", "boats.jsonl", "--workers", "2"]))
"""


def has_ended(process: int) -> bool:
    """Whether or not somebody has asked what became of it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_half_way_it_leaves_no_process_and_goes_on_where_it_was(how: signal.Signals, tmp_path: Path) -> None:
    boats(tmp_path)
    process = piped(sys.executable, "-c", STUCK_AFTER_20, ROOT, cwd=tmp_path, env=environment())
    assert process.stdout is not None
    workers = [int(one) for one in process.stdout.readline().split()]
    assert len(workers) == 2
    process.send_signal(how)
    _, said = process.communicate()
    assert process.returncode == (-how if how == signal.SIGKILL else 130)
    assert "Traceback" not in said
    until(lambda: all(map(has_ended, workers)))
    assert stored(tmp_path) == 20
    again = caller(tmp_path)("index", "boats.jsonl", "--workers", "2", "--json")
    report = json.loads(again.stdout)
    assert (len(report["added"]), report["unchanged"], report["documents"]) == (MANY - 20, 20, MANY)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_told_of_and_costs_nothing_that_was_committed(
    tmp_path: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SMALL, 1)
    path, builder = boats(tmp_path), Builder(hash_settings.data, hash_settings, HashEmbedder())

    def kill(progress: Any) -> None:
        if progress.step == "embedding":
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(QuotewellError, match="a worker was ended.*run the same command again"):
        builder.index([path], workers="1", on_progress=kill)
    with Store.open(hash_settings.data) as store:
        kept = store.count()[0]
    assert 1 <= kept < MANY
    assert (report := builder.index([path], workers="1")).unchanged == kept
    assert report.documents == MANY


@pytest.mark.parametrize("workers", ["0", "-1", "two", "Ray", "1000", "9" * 30])
def test_other_workers_are_refused(workers: str, six_files: Path, hash_builder: Builder) -> None:
    with pytest.raises(BadInput, match=f"a number of processes, at most 999, or ray; not '{re.escape(workers)}'"):
        hash_builder.index([six_files], workers=workers)


def test_without_ray_it_says_what_to_install(
    six_files: Path, hash_builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(QuotewellError, match=r"pip install '.\[ray\]'"):
        hash_builder.index([six_files], workers="ray")


def test_a_worker_with_another_model_or_program_makes_nothing() -> None:
    with pytest.raises(IndexMismatch, match="install the same on every machine"):
        make({"embedder": "hash"}, '{"encoder": 0}', [])


@needs_ray
@pytest.mark.slow
def test_workers_of_ray_that_are_killed_cost_nothing(
    tmp_path: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SMALL, 1)
    path, killed = boats(tmp_path), list[int]()

    def kill(progress: Any) -> None:
        if progress.step == "embedding" and not killed:
            killed.extend(int(one.parent.name) for one in Path("/proc").glob("[0-9]*/cmdline") if is_worker_of_ray(one))
            for process in killed:
                os.kill(process, signal.SIGKILL)

    report, made = built(hash_settings, path, "there", workers="ray", on_progress=kill)
    assert killed
    assert (report, made) == built(hash_settings, path, "here")


def is_worker_of_ray(command_line: Path) -> bool:
    """By the name that Ray gives it: at work, or free."""
    try:
        return command_line.read_bytes().startswith((b"ray::make", b"ray::IDLE"))
    except OSError:
        return False


def test_ctrl_c_while_a_worker_starts_is_for_the_parent_alone() -> None:
    before, hashed = signal.pthread_sigmask(signal.SIG_BLOCK, []), dict[str, Any](embedder="hash")
    with _processes("1") as (submit, _):
        made = submit(hashed, recipe(Settings(**hashed), HashEmbedder()), [])
        for child in multiprocessing.active_children():
            os.kill(int(child.pid or 0), signal.SIGINT)
        assert made.result() == ([], 0)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
