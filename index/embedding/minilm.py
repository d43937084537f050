"""The packaged MiniLM by onnxruntime and tokenizers; nothing here imports torch, and nothing calls home."""

import hashlib
import io
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, at the import: else it keeps a device id and looks up hosts
import onnxruntime as ort  # type: ignore[import-untyped]

from index.embedding.vectors import Encoded, Floats, OnText, encoded, unit, unit_rows
from index.embedding.weights import MINILM_ONNX, fingerprint, packaged_onnx, sha256
from index.errors import ModelMissing

# A learned projection of MiniLM's token vectors: a third of their size, and closer to what answers a question.
#
# It is made for the official weights and means nothing for others.

PROJECTION = "projection.npy"  # beside this file; written by `quotewell eval train-reader` and by nothing else
_STEPS = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """`matrix` (dim, d) takes token vectors to d numbers; `attention` (d,) says from those how much a token counts."""

    matrix: Floats
    attention: Floats
    sha256: str  # of the file

    def passage(self, one: Encoded) -> Encoded:
        """The same text with its tokens projected, rows of unit length; its vector stays as it is.

        Tokens are rounded to 20 binary digits and the matrix has 24 at most, so that float64 sums are exact, and the
        same whatever the BLAS, as long as no column of the matrix is longer than 256.
        """
        steps = np.rint(one.tokens.astype(np.float64) * _STEPS)
        return replace(one, tokens=unit_rows(steps @ self.matrix.astype(np.float64)))

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
    return Projection(np.ascontiguousarray(parts[:-1]), parts[-1], hashlib.sha256(written).hexdigest())


def projection_bytes(matrix: Floats, attention: Floats) -> bytes:
    """What `projection_from` reads; float16, so not every last bit is kept."""
    file = io.BytesIO()
    np.save(file, np.vstack([matrix, attention]).astype(np.float16), allow_pickle=False)
    return file.getvalue()


class OnnxEmbedder:
    """all-MiniLM-L6-v2 by onnxruntime and tokenizers: no torch, a fifth of a CPU second to load.

    Every text runs alone, on one thread: what it becomes depends on no other text, on no padding and on no number of
    threads. Several passages run side by side. Token vectors are projected unless `projected` is False or the weights
    are not the official ones.
    """

    max_tokens = 256  # what the model was trained with

    def __init__(self, folder: Path | None = None, *, projected: bool = True) -> None:
        folder = folder or packaged_onnx()
        model = next((folder / n for n in ("onnx/model.onnx", "model.onnx") if (folder / n).is_file()), None)
        if model is None or not (folder / "tokenizer.json").is_file():
            raise ModelMissing(f"no tokenizer.json and model.onnx in '{folder}'; check the setting model_path")
        weights = [folder / "tokenizer.json", model, *sorted(model.parent.glob(f"{model.name}_data"))]
        official = [sha256(path) for path in weights] == list(MINILM_ONNX.values())
        self._projection = load_projection() if projected and official else None
        self.name = "minilm" if projected else "minilm-384"
        self.fingerprint = fingerprint(weights, *([self._projection.sha256] if self._projection else []))
        self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.no_padding()
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.dim = int(self._session.get_outputs()[0].shape[-1])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(e.ids) for e in self._counter.encode_batch(list(texts), add_special_tokens=False)]

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]:
        pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        done = []
        try:
            for tokens, one in pool.map(self._passage, texts):
                done.append(one)
                on_text(tokens)
        finally:
            pool.shutdown(cancel_futures=True)  # whoever interrupts must not wait for the rest
        return done

    def encode_question(self, text: str) -> Encoded:
        _, one = self._forward(text)
        return self._projection.question(one) if self._projection else one

    def _passage(self, text: str) -> tuple[int, Encoded]:
        tokens, one = self._forward(text)
        return tokens, self._projection.passage(one) if self._projection else one

    def _forward(self, text: str) -> tuple[int, Encoded]:
        """How many tokens it has, special ones included, and what the model makes of it."""
        found = self._tokenizer.encode(text)
        ids = np.array([found.ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        state = self._session.run(None, {name: given[name] for name in self._inputs})[0][0]
        words_only = np.array(found.special_tokens_mask) == 0
        offsets = np.array(found.offsets, dtype=np.int32)[words_only]
        return len(state), encoded(unit(state.mean(axis=0)), state[words_only], offsets)
