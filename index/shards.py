"""Documents → what is stored of them: by threads of this process, by other processes, or by those that Ray knows.

What a shard of documents becomes is said by its recipe and by nothing else, so that it may be made anywhere. Whoever
asked writes it, alone and in order: what is written need not be made again.
"""

import json
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, TypeVar

from index.embedding.embedder import Embedder, Encoded, OnText, load_embedder
from index.embedding.vectors import Encoding, StoredPassage
from index.errors import BadInput, IndexMismatch, QuotewellError
from index.plan import OnProgress, Progress
from index.records import Document, Passage
from index.settings import Settings
from index.text.split import SplitRule, split

CLEANER = 9  # raised when the same file would clean to another text
ENCODER = 2  # raised when the same text would be encoded to other numbers
TERMS = 7  # raised when the same text would be cut into other words
UNSAID = {"token_vectors": "stored"}  # what a recipe means that does not say it: those from before the choice
Item = TypeVar("Item")
Made = tuple[Document, Sequence[StoredPassage]]
Shard = tuple[list[Sequence[StoredPassage]], int]  # of each document; and how many tokens all of them have
Pool = tuple[Callable[[Mapping[str, Any], str, Sequence[Document]], Future[Shard]], int]  # and its processes
SHAPING = ("embedder", "overlap_sentences", "passage_tokens", "stem", "token_vectors")  # settings in a recipe
_GROUP_PASSAGES = 512  # embedded together, so that all cores have work
_SHARD_CHARACTERS = 30_000  # sent to another process together: about two seconds of work


def recipe(settings: Settings, embedder: Embedder) -> str:
    """Canonical JSON of everything that shapes an index."""
    model = {"embedder": embedder.name, "fingerprint": embedder.fingerprint}
    program = {"cleaner": CLEANER, "encoder": ENCODER, "terms": TERMS}
    parts = settings.model_dump(include={*SHAPING}) | model | program
    return json.dumps({key: part for key, part in parts.items() if UNSAID.get(key) != part}, sort_keys=True)


class Embedding:
    """Counts what is embedded in one run."""

    def __init__(self, on_progress: OnProgress) -> None:
        self.done = self.tokens = self._total = 0
        self._on_progress = on_progress

    def of(self, texts: int) -> OnText:
        """Counts a group of so many texts."""
        self._total += texts

        def on_text(tokens: int) -> None:
            self.done += 1
            self.tokens += tokens
            self._on_progress(Progress("embedding", self.done, self._total))

        return on_text

    def add(self, texts: int, tokens: int) -> None:
        """What was embedded elsewhere."""
        self.done, self._total, self.tokens = self.done + texts, self._total + texts, self.tokens + tokens
        self._on_progress(Progress("embedding", self.done, self._total))


class Making:
    """How documents are split and embedded."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self.recipe = recipe(settings, embedder)
        self._settings, self._embedder = settings.model_dump(include={*SHAPING, "model_path"}), embedder
        self._rule = SplitRule(settings.passage_tokens, embedder.max_tokens, settings.overlap_sentences)
        self._keeps_tokens = settings.token_vectors == "stored"

    def made(self, documents: Iterable[Document], embedding: Embedding, workers: str = "") -> Iterator[Made]:
        """In order. `workers`: "" here, else how many processes of this machine, or ray.

        Raises IndexMismatch where one has another Quotewell or model, and QuotewellError
        where one ended or Ray is not installed.
        """
        return self._elsewhere(documents, embedding, workers) if workers else self._here(documents, embedding)

    def _here(self, documents: Iterable[Document], embedding: Embedding) -> Iterator[Made]:
        pieces = ((document, split(document, self._rule, self._embedder.count_tokens)) for document in documents)
        for group in _groups(pieces, lambda one: len(one[1]), _GROUP_PASSAGES):
            texts = [passage.search_text for _, passages in group for passage in passages]
            on_text, parts = embedding.of(len(texts)), range(0, len(texts), _GROUP_PASSAGES)
            encoded = chain.from_iterable(  # what comes out is four times as large as what is kept of it
                self._embedder.encode_passages(texts[at : at + _GROUP_PASSAGES], on_text) for at in parts
            )
            for document, passages in group:
                yield document, [self._stored(passage, next(encoded)) for passage in passages]

    def _stored(self, passage: Passage, encoded: Encoded) -> StoredPassage:
        encoding = Encoding.from_floats(encoded.vector, encoded.tokens, encoded.offsets)
        return StoredPassage(passage, encoding if self._keeps_tokens else encoding.bare())

    def _elsewhere(self, documents: Iterable[Document], embedding: Embedding, workers: str) -> Iterator[Made]:
        """Twice as many shards are under way as there are processes, so that none waits while one is stored."""
        with _ray() if workers == "ray" else _processes(workers) as (submit, processes):
            under_way: deque[tuple[list[Document], Future[Shard]]] = deque()
            shards = _groups(documents, lambda one: len(one.text), _SHARD_CHARACTERS)
            while True:
                for shard in islice(shards, 2 * processes - len(under_way)):
                    under_way.append((shard, submit(self._settings, self.recipe, shard)))
                if not under_way:
                    return
                sent, future = under_way.popleft()
                passages, tokens = future.result()
                embedding.add(sum(map(len, passages)), tokens)
                yield from zip(sent, passages, strict=True)


def make(settings: Mapping[str, Any], wanted: str, documents: Sequence[Document]) -> Shard:
    """What a worker does, on one core. Raises IndexMismatch where it has another recipe than the one that is wanted."""
    making, embedding = _making(Settings(**settings)), Embedding(lambda _: None)
    if making.recipe != wanted:
        raise IndexMismatch(f"a worker makes {making.recipe}, not {wanted}: install the same on every machine")
    return [passages for _, passages in making.made(documents, embedding)], embedding.tokens


@cache
def _making(settings: Settings) -> Making:
    return Making(settings, load_embedder(settings.embedder, settings.model_path, threads=1))


def _groups(items: Iterable[Item], size: Callable[[Item], int], full: int) -> Iterator[list[Item]]:
    group, so_far = list[Item](), 0
    for item in items:
        group.append(item)
        so_far += size(item)
        if so_far >= full:
            yield group
            group, so_far = [], 0
    if group:
        yield group


def refuse_workers(workers: str) -> None:
    """Raises BadInput for what is neither "", nor a number of processes, nor ray."""
    if workers not in ("", "ray") and not (workers.isdecimal() and len(workers) < 4 and int(workers)):
        raise BadInput(f"workers are a number of processes, at most 999, or ray; not '{workers}'")


@contextmanager
def _processes(workers: str) -> Iterator[Pool]:
    pool = ProcessPoolExecutor(int(workers), get_context("spawn"), _end_with_parent)

    def submit(*shard: Any) -> Future[Shard]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # whoever is started never sees Ctrl-C
        try:
            return pool.submit(make, *shard)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield submit, int(workers)
    except BrokenProcessPool as error:
        raise QuotewellError("a worker was ended, perhaps for want of memory; run the same command again") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Where the parent is killed, its workers end too, which Python leaves out."""
    if parent := parent_process():
        Thread(target=lambda: wait([parent.sentinel]) and os._exit(1), daemon=True).start()


@contextmanager
def _ray() -> Iterator[Pool]:
    """Of the cluster that RAY_ADDRESS names; without that Ray starts one of this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it would call home
    try:
        import ray
    except ImportError as error:
        raise QuotewellError("Ray is not installed; run: pip install '.[ray]'") from error
    try:
        ray.init(log_to_driver=False, logging_level="error")
    except ConnectionError as error:
        raise QuotewellError(f"no Ray answers at the address in RAY_ADDRESS: {error}") from error
    try:
        far = ray.remote(make)
        yield lambda *shard: far.remote(*shard).future(), int(ray.cluster_resources()["CPU"])
    except ray.exceptions.RayError as error:
        if isinstance(cause := getattr(error, "cause", None), QuotewellError):
            raise cause from error
        raise QuotewellError(f"Ray ended, run the same command again: {error}") from error
    finally:
        ray.shutdown()
