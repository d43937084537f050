"""Where the time of an answer goes: CPU time of all threads, one question after the other.

CPU and not wall time, because others who use the machine move it less. The index and the reader are wrapped, nothing
inside the assistant knows of it; what is no other stage is the rest.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import process_time
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from eval.scoring.intervals import Figure, Sample, together
from index.records import Hit, Kind
from index.search import Index
from index.settings import Settings
from rag.answer import Answer, Reading
from rag.assistant import assistant_over
from rag.question.analysis import Query
from rag.reading.reader import Reader, load_reader
from rag.structure import BODY

P95_NEEDS = 20  # with fewer observations the 95th percentile is the largest one
STAGES = ("encode", "search", "read", "rest", "all")
FIGURES = tuple(f"{stage}, {name} CPU ms" for stage in STAGES for name in ("median", "p95"))
NOTE = "CPU ms: of all threads, one question at a time, after one that is not counted"

_WARM = "What is this about?"
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Timed:
    """An assistant that knows what its last answer cost; every question is asked of the same index and reader."""

    def __init__(self, index: Index, settings: Settings) -> None:
        """Answers as `open_assistant` does. Asks one question, so that the first one that counts finds all warm."""
        self.index = index
        self._spent = dict.fromkeys(STAGES, 0.0)
        watched = cast(Index, _TimedIndex(index, self._clocked))
        self._assistant = assistant_over(
            watched,
            settings,
            lambda seen: _TimedReader(load_reader(settings.reader, seen, settings.answer_model), self._clocked),
        )
        self.threshold = self._assistant.rules.threshold
        self.ask(_WARM, limit=1)

    def ask(self, question: str, *, limit: int) -> Answer:
        """Raises BadQuestion."""
        self._spent = dict.fromkeys(STAGES, 0.0)
        return self._clocked("all", self._assistant.ask, question, limit=limit)

    def last(self) -> dict[str, float]:
        """CPU milliseconds of the last answer by stage; the others add up to `all`."""
        whole = self._spent["all"]
        rest = 2 * whole - sum(self._spent.values())
        return {stage: 1000 * seconds for stage, seconds in (self._spent | {"rest": rest}).items()}

    def _clocked(self, stage: str, work: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> _T:
        start = process_time()
        try:
            return work(*given, **named)
        finally:
            self._spent[stage] += process_time() - start


class _TimedIndex:
    """An index whose `search` is clocked, and `encode`, whoever wants it first; all else is the index itself."""

    def __init__(self, index: Index, clocked: Callable[..., Any]) -> None:
        self._index = index
        self._clocked = clocked
        self.encode = partial(clocked, "encode", index.encode)

    def search(self, question: str, **named: Any) -> list[Hit]:
        self.encode(question)  # as it is read here, not as it was typed; a search would else be charged for it
        found: list[Hit] = self._clocked("search", self._index.search, question, **named)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


class _TimedReader:
    """A reader whose reading is clocked."""

    def __init__(self, reader: Reader, clocked: Callable[..., Any]) -> None:
        self.name = reader.name
        self.finding = reader.finding
        self._reader = reader
        self._clocked = clocked

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        reading: Reading = self._clocked("read", self._reader.read, asked, hits, kinds)
        return reading


def latency_figures(latencies: Sequence[Mapping[str, float]]) -> tuple[Figure, ...]:
    """Median and 95th percentile of each stage; too few observations for a percentile are not measured."""
    taken = [[latency[stage] for stage in STAGES] for latency in latencies if latency]
    sample = np.array(taken, dtype=np.float64).reshape(len(taken), len(STAGES))
    return together(FIGURES, (sample,), _spread, n=len(sample))


def _spread(sample: Sample) -> list[float | None]:
    """In the order of FIGURES."""
    medians = nearest_rank(sample, 1 / 2).tolist()
    tails = nearest_rank(sample, 0.95).tolist() if len(sample) >= P95_NEEDS else [None] * len(STAGES)
    return [value for pair in zip(medians, tails, strict=True) for value in pair]


def nearest_rank(sample: Sample, share: float) -> Sample:
    """(n, …) → (…): the least of at least one observation that at least `share` of them do not exceed."""
    at = max(math.ceil(share * len(sample) - 1e-9), 1) - 1  # 1e-9 for the binary 0.95: of twenty the nineteenth
    found: Sample = np.partition(sample, at, axis=0)[at]
    return found
