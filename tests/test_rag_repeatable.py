"""The same question, index and settings give the same bytes: in another process, with more threads, from a copy."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index.build import Builder
from index.embedding.embedder import Embedder, HashEmbedder, load_embedder
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.text.words import words
from rag import Assistant, open_assistant
from rag.receipts.receipt import answer_id
from tests import make

MANY = int(os.environ.get("MANY_QUESTIONS", "50"))  # 1,000 were asked once; they take minutes
ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
SIMD = " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", ()))  # what numpy can do without
KERNELS = {
    "as it is": {},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "the least": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": SIMD, "FAISS_OPT_LEVEL": "generic"},
}
CHILD = """
import hashlib, json, os, sys
from pathlib import Path
wanted = json.load(sys.stdin)
if wanted["threads"] == 1:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
from concurrent.futures import ThreadPoolExecutor
from index.build import Builder
from index.embedding.embedder import load_embedder
from index.settings import load_settings
from rag import Assistant, open_assistant
from rag.assistant import AskOptions
settings = load_settings(data=wanted["data"])
if wanted["articles"]:
    embedder = load_embedder(settings.embedder, None)
    Builder(settings.data, settings, embedder).index([Path(wanted["articles"])])
assistant = open_assistant(settings=settings)
def ask(question):
    fields = assistant.answered(question, AskOptions(phrase=True)).fields
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()
with ThreadPoolExecutor(wanted["threads"]) as pool:
    print(json.dumps(list(pool.map(ask, wanted["questions"]))))
"""


def questions(index: Index, count: int) -> list[str]:
    """Words of one article each, now and then of two, some with a word that no article holds."""
    chance = random.Random(4)
    passages = [index.passage(row) for row in range(index.passage_count)]
    made = []
    for n in range(count):
        some = [word.text for word in words(chance.choice(passages).text)]
        if n % 5 == 0:
            some += [word.text for word in words(chance.choice(passages).text)]
        picked = chance.sample(some, min(chance.randint(2, 8), len(some)))
        lead = chance.choice(["What about", "Who", "When did", "How many", "Why does", "Is it true that", "¿Qué"])
        made.append(f"{lead} {' '.join(picked)}{' Atlantis' if n % 17 == 0 else ''}?")
    return made


def hashes(
    data: Path, asked: list[str], threads: int, kernels: Mapping[str, str] | None = None, articles: Path | None = None
) -> list[str]:
    """From a process of its own, with another order of its sets, the given number of threads and kind of processor.

    Where there are `articles`, it indexes them first.
    """
    numbers = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED")}
    wanted = json.dumps(
        {"data": str(data), "questions": asked, "threads": threads, "articles": str(articles) if articles else ""}
    )
    command = [sys.executable, "-c", CHILD]
    own = {name: value for name, value in os.environ.items() if name not in KERNELS["the least"]}
    environment = {**(os.environ if kernels is None else own | dict(kernels)), **numbers, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=wanted, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def from_both(data: Path, copy: Path, asked: list[str]) -> tuple[list[str], list[str]]:
    """From one thread, and from two over the index saved elsewhere and loaded from there."""
    shutil.copytree(data, copy)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(hashes, data, asked, 1), pool.submit(hashes, copy, asked, 2)
        return one.result(), two.result()


def built(data: Path, source: Path, embedder: Embedder) -> Settings:
    settings = load_settings(data=data, embedder=embedder.name)
    Builder(data, settings, embedder).index([source])
    return settings


def test_two_processes_and_a_copy_give_the_same_bytes(six_files: Path, tmp_path: Path) -> None:
    settings = built(tmp_path / "data", six_files, HashEmbedder())
    asked = questions(open_index(settings.data, settings, HashEmbedder()), 60)
    one, two = from_both(settings.data, tmp_path / "copy", asked)
    assert one == two
    assert len(set(one)) > 40


def test_an_index_built_twice_gives_the_same_bytes(six_files: Path, tmp_path: Path) -> None:
    told = []
    for name in ("first", "second"):
        settings = built(tmp_path / name, six_files, HashEmbedder())
        assistant = open_assistant(settings=settings)
        asked = questions(assistant.index, 30)
        told.append([json.dumps(make.answer_fields(assistant.ask(one), assistant.basis)) for one in asked])
    assert told[0] == told[1]


@pytest.mark.slow
def test_many_questions_give_the_same_bytes(seeds_data: Path, tmp_path: Path) -> None:
    """The real articles and the real embedder; one thread against two, the second process reads a copy."""
    embedder = load_embedder("minilm", None)
    settings = load_settings(data=seeds_data)
    asked = questions(open_index(settings.data, settings, embedder), MANY)
    one, two = from_both(settings.data, tmp_path / "copy", asked)
    assert one == two
    assert len(set(one)) > 0.98 * MANY


@pytest.mark.slow
def test_another_kind_of_processor_gives_the_same_bytes(six_files: Path, tmp_path: Path) -> None:
    """Whichever kernels multiply, on one thread or two, and whichever made the index; two articles are twins."""
    (six_files / "ship.txt").write_text((six_files / "ferry.txt").read_text("utf-8") + "\n", "utf-8")
    shutil.copyfile(next(SEEDS.glob("003_*.txt")), six_files / "long.txt")
    settings = built(tmp_path / "here", six_files, load_embedder("minilm", None))
    asked = ["When does the night ferry leave?", *questions(open_index(settings.data, settings), 15)]

    def answers(name: str, threads: int) -> list[str]:
        return hashes(tmp_path / f"{name}-{threads}", asked, threads, KERNELS[name], six_files)

    expected = hashes(settings.data, asked, 1)
    for name in KERNELS:
        assert [answers(name, threads) for threads in (1, 2)] == [expected, expected], name


def test_the_id_is_made_with_the_fields_and_names_all_of_them(hash_index: Index, hash_settings: Settings) -> None:
    assistant = open_assistant(settings=hash_settings)
    answer = assistant.ask("Who discovered comet Harrow?")
    fields = make.answer_fields(answer, assistant.basis)
    assert answer.id == fields["id"] == answer_id(fields)
    for name in fields.keys() - {"id"}:
        said = name != "confidence"  # which is measured, and may differ between processors
        assert (answer_id(fields | {name: "changed"}) != answer.id) is said, name
    first, *rest = fields["evidence"]
    measured = {"score", "ranks"}
    for name in first:
        changed = answer_id(fields | {"evidence": [first | {name: "changed"}, *rest]})
        assert (changed != answer.id) is (name not in measured), name


def test_numbers_are_rounded_once(hash_index: Index, hash_settings: Settings) -> None:
    assistant = open_assistant(settings=hash_settings)
    fields = make.answer_fields(assistant.ask("Who discovered comet Harrow?", explain=True), assistant.basis)
    assert fields["confidence"] == round(fields["confidence"], 4)
    for hit in fields["evidence"]:
        assert [hit["score"], *hit["scores"].values()] == [round(n, 6) for n in (hit["score"], *hit["scores"].values())]


ALONE = """
import json, sys
from time import process_time, thread_time
from rag import Assistant, open_assistant
assistant = open_assistant(data=sys.argv[1])
assistant.ask("What is the first question about?")
before = process_time(), thread_time()
for question in json.load(sys.stdin):
    assistant.ask(question)
print(json.dumps([process_time() - before[0], thread_time() - before[1]]))
"""


def test_who_asks_in_a_program_of_theirs_pays_for_no_thread_but_their_own(seeded: Assistant, seeds_data: Path) -> None:
    """The command tells FAISS and BLAS so; a program has not. Their threads wait at full speed for more to do: that
    cost 56 of 90 CPU ms an answer on a busy machine, and one product that is long enough brings it about."""
    asked = [
        f"{question} And then, in all of these years, which of them came first?"
        for question in questions(seeded.index, 9)
    ]
    many = os.environ | {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}
    command = [sys.executable, "-c", ALONE, str(seeds_data)]
    done = subprocess.run(
        command, input=json.dumps(asked), env=many, cwd=ROOT, capture_output=True, text=True, check=True
    )
    whole, own = json.loads(done.stdout)
    assert whole < 1.1 * own
