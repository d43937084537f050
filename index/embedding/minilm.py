"""The packaged MiniLM by onnxruntime and tokenizers; nothing here imports torch, and nothing calls home."""

import hashlib
import io
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer, normalizers

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, at the import: else it keeps a device id and looks up hosts
os.environ["HF_HUB_OFFLINE"] = "1"  # whatever library opens a model, none fetches one
import onnxruntime as ort  # type: ignore[import-untyped]

from index.embedding.vectors import Encoded, Floats, OnText, encoded, times, unit, unit_rows
from index.embedding.weights import MINILM_ONNX, fingerprint, packaged_onnx, sha256
from index.errors import ModelMissing

# A learned projection of MiniLM's token vectors: a third of their size, and closer to what answers a question.
#
# It is made for the official weights and means nothing for others.

PROJECTION = "projection.npy"  # beside this file; written by `quotewell eval train-reader` and by nothing else
_STEPS = 2**20
_WIDE = {chr(0xFF01 + n): chr(0x21 + n) for n in range(94)}
_READ_AS = _WIDE | dict(zip("łŁøØđĐıæÆœŒ", "l L o O d D i ae AE oe OE".split(), strict=True))  # as who asks writes them


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """`matrix` (dim, d) takes token vectors to d numbers; `attention` (d,) says from those how much a token counts."""

    matrix: NDArray[np.float64]
    attention: Floats
    sha256: str  # of the file

    def passage(self, one: Encoded) -> Encoded:
        """The same text with its tokens projected, rows of unit length; its vector stays as it is.

        Tokens are rounded to 20 binary digits and the matrix has 24 at most, so that float64 sums are exact, and the
        same whatever the BLAS, as long as no column of the matrix is longer than 256.
        """
        steps = np.rint(one.tokens.astype(np.float64) * _STEPS)
        return replace(one, tokens=unit_rows(times(steps, self.matrix)))

    def question(self, one: Encoded) -> Encoded:
        """As `passage`, and the importance of each token: softmax of its product with `attention`."""
        projected = self.passage(one)
        drawn = (projected.tokens.astype(np.float64) * self.attention).sum(axis=1).tolist()
        shares = [math.exp(one - max(drawn)) for one in drawn]
        importance = np.array(shares, np.float32) / np.float32(max(math.fsum(shares), 1e-12))
        return replace(projected, importance=importance)


@cache
def load_projection() -> Projection:
    """From the package. Raises ModelMissing where its file is missing or no projection."""
    try:
        written = files("index.embedding").joinpath(PROJECTION).read_bytes()
        return projection_from(written)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"index/embedding/{PROJECTION} cannot be read: {error}; install quotewell again") from error


def projection_from(written: bytes) -> Projection:
    """From the bytes of a .npy of float16, (dim + 1, d), whose last row is the attention. Raises ValueError."""
    whole = np.load(io.BytesIO(written), allow_pickle=False)
    if whole.ndim != 2 or whole.dtype != np.float16 or not np.isfinite(whole).all():
        raise ValueError(f"it holds {whole.dtype} {whole.shape}, not finite float16 (dim + 1, d)")
    parts = whole.astype(np.float32)
    return Projection(parts[:-1].astype(np.float64), parts[-1], hashlib.sha256(written).hexdigest())


def projection_bytes(matrix: Floats, attention: Floats) -> bytes:
    """What `projection_from` reads; float16, so not every last bit is kept."""
    file = io.BytesIO()
    np.save(file, np.vstack([matrix, attention]).astype(np.float16), allow_pickle=False)
    return file.getvalue()


@dataclass(eq=False)
class _Question:
    """What a thread waits for: the states of its word pieces, an error, or its turn to run others with its own."""

    ids: tuple[int, ...]
    woken: Event = field(default_factory=Event)
    turn: "list[_Question]" = field(default_factory=list)
    state: Floats | None = None
    error: Exception | None = None


class Together:
    """Questions that several threads ask at the same time run together: at most one thread a core runs the model, and
    takes all that wait by then. Nobody waits for others to come, so that one alone is as fast as before.

    Only those of one length stand in one run, for then nothing is padded, and each comes out as it does alone, bit for
    bit.
    """

    def __init__(self, run: Callable[[NDArray[np.int64]], Floats], at_once: int) -> None:
        """`run` takes ids (n, t) and gives states (n, t, dim)."""
        self._run = run
        self._free = at_once
        self._lock = Lock()
        self._waiting: list[_Question] = []

    def state(self, ids: Sequence[int]) -> Floats:
        """(t, dim), whoever ran it. Raises what the run raised."""
        own = _Question(tuple(ids))
        with self._lock:
            if self._free:
                self._free -= 1
                own.turn.append(own)
            else:
                self._waiting.append(own)
        if not own.turn:
            own.woken.wait()
        if own.turn:
            self._take_turn(own.turn)
        if own.state is None:
            raise own.error or RuntimeError("a question was woken before it was run")
        return own.state

    def _take_turn(self, taken: list[_Question]) -> None:
        """Runs them with all that wait; then it is the turn of the first that has come meanwhile."""
        with self._lock:
            taken += self._waiting
            self._waiting = []
        by_length: dict[int, list[_Question]] = {}
        for one in taken:
            by_length.setdefault(len(one.ids), []).append(one)
        for alike in by_length.values():
            try:
                states = self._run(np.array([one.ids for one in alike], np.int64))
                for one, state in zip(alike, states, strict=True):
                    one.state = state
            except Exception as error:  # each thread raises it as its own
                for one in alike:
                    one.error = error
            for one in alike:
                one.woken.set()
        with self._lock:
            if self._waiting:
                first = self._waiting.pop(0)
                first.turn.append(first)
                first.woken.set()
            else:
                self._free += 1


class OnnxEmbedder:
    """all-MiniLM-L6-v2 by onnxruntime and tokenizers: no torch, a fifth of a CPU second to load.

    Every passage runs alone, a question at most beside others of its length, and each run on one thread: what a text
    becomes depends on no other text, on no padding and on no number of threads. Several passages run side by side.
    Token vectors are projected unless `projected` is False or the weights are not the official ones.
    """

    max_tokens = 256  # what the model was trained with
    languages = frozenset({"en"})

    def __init__(self, folder: Path | None = None, *, projected: bool = True, threads: int | None = None) -> None:
        folder = folder or packaged_onnx()
        model = next((folder / n for n in ("onnx/model.onnx", "model.onnx") if (folder / n).is_file()), None)
        if model is None or not (folder / "tokenizer.json").is_file():
            raise ModelMissing(f"no tokenizer.json and model.onnx in '{folder}'; check the setting model_path")
        weights = [folder / "tokenizer.json", model, *sorted(model.parent.glob(f"{model.name}_data"))]
        official = [sha256(path) for path in weights] == list(MINILM_ONNX.values())
        self._projection = load_projection() if projected and official else None
        self.name = "minilm" if projected else "minilm-384"
        self.fingerprint = fingerprint(weights, *([self._projection.sha256] if self._projection else []))
        self._tokenizer = _uncut(folder)
        self._session = ort.InferenceSession(str(model), _one_thread(), providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.dim = int(self._session.get_outputs()[0].shape[-1])
        self._threads = threads or len(os.sched_getaffinity(0))
        self._together = Together(self._states, self._threads)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(e.ids) for e in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]:
        pool = ThreadPoolExecutor(self._threads)
        done = []
        try:
            for tokens, one in pool.map(self._passage, texts):
                done.append(one)
                on_text(tokens)
        finally:
            pool.shutdown(cancel_futures=True)  # whoever interrupts must not wait for the rest
        return done

    def encode_question(self, text: str) -> Encoded:
        found = self._cut(text)
        one = _encoded(found, self._together.state(found.ids))
        return self._projection.question(one) if self._projection else one

    def _passage(self, text: str) -> tuple[int, Encoded]:
        """How many tokens it has, special ones included, and what becomes of it."""
        found = self._cut(text)
        one = _encoded(found, self._states(np.array([found.ids], np.int64))[0])
        return len(found.ids), self._projection.passage(one) if self._projection else one

    def _cut(self, text: str) -> Encoding:
        """Its first tokens, as many as the model was trained with, between the special ones."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        found.truncate(self.max_tokens - self._tokenizer.num_special_tokens_to_add(is_pair=False))
        return self._tokenizer.post_process(found)

    def _states(self, ids: NDArray[np.int64]) -> Floats:
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states: Floats = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        return states


def _encoded(found: Encoding, state: Floats) -> Encoded:
    words_only = np.array(found.special_tokens_mask) == 0
    offsets = np.array(found.offsets, dtype=np.int32)[words_only]
    return encoded(unit(state.mean(axis=0)), state[words_only], offsets)


class PairTokens(NamedTuple):
    """A text's word pieces, no special ones; `offsets` are the code points (start, end) of each."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


class PairGraph:
    """A graph that reads a question beside a text, and takes its word embeddings from the packaged MiniLM.

    Its own file holds no word embeddings: it names them as external data in the folder of the packaged export, whose
    hash is checked. One sequence runs alone on one thread, its 8-bit products are exact sums on every processor, and
    what comes out is rounded, so that the last digits of floats decide nothing.
    """

    _INPUTS = {"ids": 2, "pool": 2}  # name → dimensions
    _OUTPUTS = {"answers": 1, "none": 1, "span": 2}
    _GRID = 64  # steps of a logit: far finer than its meaning, far coarser than the noise of floats

    def __init__(self, graph: bytes) -> None:
        """Raises ModelMissing where the bytes are no such graph, or the packaged MiniLM is not there."""
        folder = packaged_onnx()
        self._tokenizer = _uncut(folder)
        options = _one_thread()
        if not _dot_products():  # sums of two products would saturate, were not both sides unsigned: exact, but slow
            options.add_session_config_entry("session.x64quantprecision", "1")
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder / "onnx"))
        try:
            self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no class of their own
            line = str(error).strip().partition("\n")[0]
            raise ModelMissing(f"onnxruntime cannot open the reading model: {line}; install quotewell again") from error
        for kind, wanted, given in (
            ("inputs", self._INPUTS, self._session.get_inputs()),
            ("outputs", self._OUTPUTS, self._session.get_outputs()),
        ):
            found = {one.name: len(one.shape) for one in given}
            if found != wanted:
                raise ModelMissing(f"the reading model has the {kind} {found}, not {wanted}; install quotewell again")

    def tokens(self, text: str) -> PairTokens:
        """Never cut."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        return PairTokens(tuple(found.ids), tuple(found.offsets))

    def run(self, ids: Sequence[int], pool: Floats) -> tuple[Floats, float, Floats]:
        """One sequence of t ids, and pool (sentences, t) of which each row adds up to 1.

        Returns the sentences' logits (sentences,), that of *none*, and those of start and end of the answer (t, 2),
        all in steps of 1/64.
        """
        given = {"ids": np.array([ids], np.int64), "pool": pool}
        found = self._session.run(list(self._OUTPUTS), given)
        answers, none, span = (np.rint(one * self._GRID) / self._GRID for one in found)
        return answers, float(none[0]), span


def _one_thread() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return options


def _dot_products() -> bool:
    """Does the processor sum four 8-bit products at once (VNNI)? One that does and is not known to is only slower."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", ())
    return not {"AVX512_CLX", "AVX512_ICL", "AVX512_SPR"}.isdisjoint(found)


@cache  # parsed once for embedder and reading model: nothing about it is ever set again
def _uncut(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    known = (normalizers.Replace(sign, written) for sign, written in _READ_AS.items())
    tokenizer.normalizer = normalizers.Sequence([*known, tokenizer.normalizer])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
