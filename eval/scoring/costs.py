"""What answering and indexing cost: CPU time, memory, and what each stage takes of them.

Only CPU time is measured, all threads added up. Others who use the machine move it less than they move wall time, but
they do (caches, shared cores), so a comparison is a ratio within one run and every observation is kept.
"""

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi  # type: ignore[import-untyped]

from eval.scoring.latency import P95_NEEDS, Timed
from index.build import Builder, BuildReport
from index.embedding.embedder import load_embedder
from index.errors import BadInput, QuotewellError
from index.ranking.dense import DenseRanker
from index.ranking.lexical import LexicalRanker
from index.search import Index
from index.settings import Settings
from index.text.words import stems

_TOP = 10
_OF_ANSWER = {
    "all": "", "encode": ": encoding the question", "search": ": both rankers and fusion", "read": ": reading",
    "rest": ": understanding, choosing, citing",
}  # fmt: skip

_ANSWERED = (0, 3)  # exit codes of `ask`: an answer, and "the articles do not say"
# The peak is asked of the process itself: what wait() tells of a child includes the memory of its parent before exec.
_ASK = """
import json, sys
sys.dont_write_bytecode = False  # as after any installation, whatever the variable says here
from pathlib import Path
from quotewell import main
code = main()
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print(json.dumps({"torch": "torch" in sys.modules, "peak_kb": peaks}), file=sys.stderr)
raise SystemExit(code)
"""
# Memory that is its own: what maps a file is the system's to give back.
_OPEN = """
import json, sys
from pathlib import Path
from time import perf_counter
from index.embedding.embedder import load_embedder
from index.engines import engine as engines
from index.engines.engine import engine_of
from index.search import open_index
from index.settings import Settings

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

given, questions, graph = map(json.loads, sys.argv[1:])
if graph:
    engines.EXACT_TO = 0
settings = Settings(**given)
embedder = load_embedder(settings.embedder, settings.model_path)
embedder.encode_question("first")
before = resident()
start = perf_counter()
index = open_index(settings.data, settings, embedder)
opened = perf_counter() - start
for question in questions[:3]:
    index.search(question, limit=10)
times, found = [], []
for question in questions:
    start = perf_counter()
    hits = index.search(question, limit=10)
    times.append(perf_counter() - start)
    ranked = {ranker.name: [one.row for one in ranker.rank(question, settings.depth)[:10]] for ranker in index.rankers}
    found.append({"fused": [hit.row for hit in hits], **ranked})
engine = engine_of(settings)
said = {"passages": index.passage_count, "opened": opened, "times": times, "found": found, "held": resident() - before}
print(json.dumps(said | {"engine": engine.version if engine else ""}))
"""

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Spread:
    """Observations of one cost, as they came; at least one."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p95(self) -> float | None:
        """None where there are too few observations for one."""
        return float(np.quantile(self.values, 0.95)) if len(self.values) >= P95_NEEDS else None


def cold(data: Path, question: str, runs: int) -> tuple[tuple[Spread, ...], bool]:
    """CPU seconds and peak memory of fresh processes that answer one question, and whether any loaded torch.

    One more process runs first and is not counted: it reads the files, and may compile them. The peak is left out
    where the system does not tell it. Raises QuotewellError when a process fails.
    """
    command = [sys.executable, "-c", _ASK, "ask", question, "--data", str(data)]
    seen = [_fresh(command) for _ in range(runs + 1)][1:]
    peaks = [peak / 1024 for _, _, peaks in seen for peak in peaks]
    spreads = [Spread("cold answer", "CPU s", tuple(seconds for seconds, _, _ in seen))]
    if peaks:
        spreads.append(Spread("cold answer: peak memory", "MiB", tuple(peaks)))
    return tuple(spreads), any(torch for _, torch, _ in seen)


def searching(index: Index, questions: Sequence[str], limit: int) -> tuple[Spread, ...]:
    """CPU ms of a search, its question new to the index, beside those of the bare embedding of such a question."""
    index.search("What is this about?", limit=limit)  # what is loaded once is no cost of a search
    bare = [cpu_seconds(index.embedder.encode_question, f"About: {question}")[1] for question in questions]
    whole = [cpu_seconds(partial(index.search, limit=limit), f"Found: {question}")[1] for question in questions]
    return (
        Spread("a question's embedding alone", "CPU ms", tuple(1000 * seconds for seconds in bare)),
        Spread("search", "CPU ms", tuple(1000 * seconds for seconds in whole)),
        Spread("search / embedding alone", "ratio", tuple(a / b for a, b in zip(whole, bare, strict=True))),
    )


def answering(index: Index, settings: Settings, questions: Sequence[str], name: str) -> tuple[Spread, ...]:
    """CPU ms of each question, asked once, of passages that were read before; its stages add up to the whole."""
    timed, taken = Timed(index, settings), []
    for question in questions:
        timed.ask(f"Tell me: {question}", limit=settings.limit)  # the same passages, another question
    for question in questions:
        timed.ask(question, limit=settings.limit)
        taken.append(timed.last())
    named = {f"{name}{said}": tuple(one[stage] for one in taken) for stage, said in _OF_ANSWER.items()}
    return tuple(Spread(of, "CPU ms", values) for of, values in named.items())


def scanning(vectors: NDArray[np.float32], asked: Sequence[NDArray[np.float32]], runs: int = 7) -> tuple[Spread, ...]:
    """Each question's ten best vectors: all scored, and those alone whose signs are like its own, at whatever size."""
    flat, signs = DenseRanker(vectors, exact=len(vectors)), DenseRanker(vectors, exact=0)
    ways = [[[cpu_seconds(one.rank, vector, _TOP) for _ in range(runs)] for vector in asked] for one in (flat, signs)]
    slow, fast = ([1000 * statistics.median(seconds for _, seconds in each) for each in way] for way in ways)
    wanted, found = ([{scored.row for scored in each[0][0]} for each in way] for way in ways)
    alike = (100 * len(a & b) / len(a) for a, b in zip(wanted, found, strict=True))
    return (
        Spread("vectors: all scored", "CPU ms", tuple(slow)),
        Spread("vectors: those of like signs", "CPU ms", tuple(fast)),
        Spread("vectors: all / like signs", "ratio", tuple(a / b for a, b in zip(slow, fast, strict=True))),
        Spread("vectors: ten best found by signs", "%", tuple(alike)),
        Spread("vectors: memory of a passage", "bytes", (signs.nbytes / len(vectors),)),
    )


def indexing(corpus: Path, settings: Settings, work: Path, runs: int) -> tuple[Spread, ...]:
    """Build the corpus into `work`/0, `work`/1 …, each twice: the second time nothing has changed."""
    embedder = load_embedder(settings.embedder, settings.model_path)
    first: list[tuple[BuildReport, float]] = []
    again: list[tuple[BuildReport, float]] = []
    for number in range(runs):
        own = settings.model_copy(update={"data": work / str(number)})
        builder = Builder(own.data, own, embedder)
        for builds in (first, again):
            builds.append(cpu_seconds(builder.index, [corpus]))
    return (
        Spread("indexing: passages", "per CPU s", tuple(report.embedded_passages / cpu for report, cpu in first)),
        Spread("indexing: tokens", "per CPU s", tuple(report.tokens / cpu for report, cpu in first)),
        Spread("indexing unchanged files", "CPU s", tuple(cpu for _, cpu in again)),
        Spread("indexing unchanged files: embedded", "passages", tuple(one.embedded_passages for one, _ in again)),
    )


def lexical(index: Index, questions: Sequence[str], runs: int = 7) -> tuple[Spread, ...]:
    """Each question's ten best by rank_bm25 and by postings, and the memory of these: ours by theirs.

    The library scores and its scores are sorted, as its own `get_top_n` does; ours is the median of the runs. Raises
    BadInput for an index without words, and AssertionError where a score differs in any bit, or the order of the best.
    """
    corpus = [stems(index.passage(row).search_text, index.stem) for row in range(index.passage_count)]
    if not any(corpus):  # rank_bm25 divides by the number of words
        raise BadInput("the index holds no words to measure on; add articles with: quotewell index PATH")
    asked = [stems(question, index.stem) for question in questions]
    scans, postings, memory = okapi(corpus, in_memory(index), asked, runs)
    return (
        Spread("BM25: ten best by rank_bm25", "CPU ms", tuple(1000 * seconds for seconds in scans)),
        Spread("BM25: ten best by postings", "CPU ms", tuple(1000 * seconds for seconds in postings)),
        Spread("BM25: rank_bm25 / postings", "ratio", tuple(a / b for a, b in zip(scans, postings, strict=True))),
        Spread("BM25: memory of postings / rank_bm25", "ratio", (memory,)),
    )


def in_memory(index: Index) -> LexicalRanker:
    """Its postings. Raises BadInput where a search engine has them."""
    if not isinstance(index.lexical, LexicalRanker):
        raise BadInput("a search engine holds the postings; measure without the setting 'store'")
    return index.lexical


def okapi(
    corpus: Sequence[Sequence[str]], ranker: LexicalRanker, asked: Sequence[Sequence[str]], runs: int = 7
) -> tuple[list[float], list[float], float]:
    """As `lexical`, of a corpus and questions in terms: CPU seconds of both, of each question, and the memory."""
    library = BM25Okapi(corpus)
    scans, postings = [], []
    for terms in asked:
        expected, scan = cpu_seconds(library.get_scores, terms)
        order, sort = cpu_seconds(lambda scores: np.argsort(-scores, kind="stable")[:_TOP], expected)
        found, times = zip(*(cpu_seconds(ranker.rank, terms, _TOP) for _ in range(runs)), strict=True)
        first = [row for row in order.tolist() if expected[row] > 0]
        rows = [one.row for one in found[0]][: len(first)]
        if ranker.scores(terms).tobytes() != expected.tobytes() or rows != first:
            raise AssertionError("a BM25 score or rank from postings is not rank_bm25's")
        scans.append(scan + sort)
        postings.append(statistics.median(times))
    theirs = sum(map(sys.getsizeof, (*library.doc_freqs, library.idf, library.doc_freqs, library.doc_len)))
    return scans, postings, ranker.nbytes / theirs


def cpu_seconds(work: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> tuple[_T, float]:
    """What the work gives, and the CPU seconds of all threads of this process meanwhile."""
    start = process_time()
    done = work(*given, **named)
    return done, process_time() - start


def opened_alone(given: Mapping[str, object], questions: Sequence[str], *, graph: bool = False) -> dict[str, Any]:
    """What a process of its own tells that opens the index of these settings and searches it: `opened` and `times`, in
    seconds of the clock, the rows that it `found`, the MiB that it `held`, its `passages`, and of what `engine`.

    Raises QuotewellError.
    """
    command = [sys.executable, "-c", _OPEN, json.dumps(given), json.dumps(questions), json.dumps(graph)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise QuotewellError(f"a process that searched ended with: {done.stderr.strip().splitlines()[-1]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _fresh(command: Sequence[str]) -> tuple[float, bool, list[int]]:
    """CPU seconds of the process, whether it loaded torch, and its peak memory in KiB if that can be told."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = done.stderr.decode("utf-8", "replace").splitlines()
    if done.returncode not in _ANSWERED:
        raise QuotewellError(f"a fresh process ended with {done.returncode}: {' '.join(told[:-1])}; mend that first")
    facts = json.loads(told[-1])
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, facts["torch"], facts["peak_kb"]
