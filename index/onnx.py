"""The packaged MiniLM by onnxruntime and tokenizers; nothing here imports torch, and nothing calls home."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, at the import: else it keeps a device id and looks up hosts
import onnxruntime as ort  # type: ignore[import-untyped]

from index.errors import ModelMissing
from index.projection import load_projection
from index.vectors import Encoded, OnText, encoded, unit
from index.weights import MINILM_ONNX, fingerprint, packaged_onnx, sha256


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
