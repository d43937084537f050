"""What answering and indexing cost: CPU time, memory, and what each stage takes of them.

Only CPU time is measured, all threads added up. Others who use the machine move it less than they move wall time, but
they do (caches, shared cores), so a comparison is a ratio within one run and every observation is kept.
"""

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import ParamSpec, TypeVar

import numpy as np
from rank_bm25 import BM25Okapi  # type: ignore[import-untyped]

from index.build import Builder, BuildReport
from index.embedding.embedder import load_embedder
from index.errors import BadInput, QuotewellError
from index.ranking.lexical import LexicalRanker
from index.records import Hit, Kind
from index.search import Index, open_index
from index.settings import Settings
from index.text.words import stems
from rag.answer import Reading
from rag.assistant import Assistant, assistant_over
from rag.question.analysis import Query
from rag.reading.model import Excerpt, Finding
from rag.reading.reader import Reader, load_reader
from rag.structure import BODY

_TOP = 10
P95_NEEDS = 20  # with fewer observations the 95th percentile is the largest one

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


class Clock:
    """A reader that notes the CPU time at which it last began and ended reading."""

    began = ended = 0.0

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.name = reader.name

    def finding(self, question: str, excerpt: Excerpt) -> Finding | None:
        return self._reader.finding(question, excerpt)

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        self.began = process_time()
        reading = self._reader.read(asked, hits, kinds)
        self.ended = process_time()
        return reading


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


def clocked(settings: Settings) -> tuple[Assistant, Clock]:
    """The assistant that `open_assistant` gives, with a clock around its reader. Raises as that does."""
    index = open_index(settings.data, settings)
    clock = Clock(load_reader(settings.reader, index, settings.answer_model))
    return assistant_over(index, settings, lambda _: clock), clock


def warm(assistant: Assistant, clock: Clock, questions: Sequence[str]) -> tuple[Spread, ...]:
    """CPU milliseconds of each question, asked once; its stages add up to the whole."""
    for question in questions:
        assistant.ask(f"Tell me: {question}")  # the same passages, another question
    costs: dict[str, list[float]] = {}
    for question in questions:
        start = process_time()
        assistant.index.encode(question)
        encoded = process_time()
        assistant.ask(question)
        end = process_time()
        stages = {
            "warm answer": end - start,
            "warm answer: encoding the question": encoded - start,
            "warm answer: both rankers and fusion": clock.began - encoded,
            "warm answer: reading": clock.ended - clock.began,
            "warm answer: composing and citing": end - clock.ended,
        }
        for name, seconds in stages.items():
            costs.setdefault(name, []).append(1000 * seconds)
    return tuple(Spread(name, "CPU ms", tuple(values)) for name, values in costs.items())


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
        Spread(
            "indexing unchanged files: embedded", "passages", tuple(report.embedded_passages for report, _ in again)
        ),
    )


def lexical(index: Index, questions: Sequence[str], rounds: int) -> tuple[Spread, ...]:
    """rank_bm25 against postings on the same passages and questions, round by round. Raises as `okapi`."""
    corpus = [stems(index.passage(row).search_text, index.stem) for row in range(index.passage_count)]
    if not any(corpus):  # rank_bm25 divides by the number of words
        raise BadInput("the index holds no words to measure on; add articles with: quotewell index PATH")
    asked = [stems(question, index.stem) for question in questions]
    found = [okapi(corpus, in_memory(index), asked, runs=1) for _ in range(rounds)]
    scans, postings = ([1e6 * sum(times) / len(asked) for times in way] for way in list(zip(*found, strict=True))[:2])
    ratios = tuple(scan / posting for scan, posting in zip(scans, postings, strict=True))
    return (
        Spread("BM25 by rank_bm25", "CPU µs a question", tuple(scans)),
        Spread("BM25 by postings", "CPU µs a question", tuple(postings)),
        Spread("BM25: rank_bm25 / postings", "ratio", ratios),
    )


def in_memory(index: Index) -> LexicalRanker:
    """Its postings. Raises BadInput where a search engine has them."""
    if not isinstance(index.lexical, LexicalRanker):
        raise BadInput("a search engine holds the postings; measure without the setting 'store'")
    return index.lexical


def okapi(
    corpus: Sequence[Sequence[str]], ranker: LexicalRanker, asked: Sequence[Sequence[str]], runs: int = 7
) -> tuple[list[float], list[float], float]:
    """CPU seconds of each question's ten best, by rank_bm25 and by postings, and their memory: ours by theirs.

    The library scores and its scores are sorted, as its own `get_top_n` does; ours is the median of the runs. Raises
    AssertionError where a score differs in any bit, or the order of the best that were found.
    """
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
