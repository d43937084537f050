"""Text → vectors: one forward pass gives the passage's vector and its tokens' vectors with their places in the text.

Nothing on the way from a question to its answer imports torch; only SentenceTransformerEmbedder does, when made.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.errors import ModelMissing
from index.text import words
from index.weights import fingerprint, packaged_onnx, packaged_torch

Floats = NDArray[np.float32]

_BATCH_TOKENS = 2048  # larger batches leave the cache of a core and get slower
_MOST_PADDING = 1.05  # computed tokens / real tokens in any one batch


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one forward pass says of one text."""

    vector: Floats  # (dim,) unit length
    tokens: Floats  # (t, dim) rows of unit length, special tokens left out
    offsets: NDArray[np.int32]  # (t, 2) code points of each token in the text


class Batch(NamedTuple):
    """Progress of a long embedding: texts done in this batch, their real tokens, the tokens computed for them."""

    texts: int
    tokens: int
    padded: int


OnBatch = Callable[[Batch], None]


class Embedder(Protocol):
    """Deterministic. Texts beyond `max_tokens` are cut; the splitter sees to it that none is."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """Changes when the weights change."""
        ...

    @property
    def dim(self) -> int: ...
    @property
    def max_tokens(self) -> int:
        """Special tokens included."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Of each text, special tokens not included, never cut."""
        ...

    def encode_passages(self, texts: Sequence[str], on_batch: OnBatch = lambda _: None) -> list[Encoded]: ...
    def encode_question(self, text: str) -> Encoded: ...


def load_embedder(name: str, model_path: Path | None = None) -> Embedder:
    """minilm → ONNX, hash → HashEmbedder, else a sentence-transformers name or folder. Raises ModelMissing."""
    if name == "minilm":
        return OnnxEmbedder(model_path)
    if name == "hash":
        return HashEmbedder()
    return SentenceTransformerEmbedder(str(model_path or name))


class OnnxEmbedder:
    """all-MiniLM-L6-v2 by onnxruntime and tokenizers: no torch, a fifth of a CPU second to load."""

    name = "minilm"
    max_tokens = 256  # what the model was trained with

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or packaged_onnx()
        model = next((folder / n for n in ("onnx/model.onnx", "model.onnx") if (folder / n).is_file()), None)
        if model is None or not (folder / "tokenizer.json").is_file():
            raise ModelMissing(f"no tokenizer.json and model.onnx in '{folder}'; check the setting model_path")
        weights = [folder / "tokenizer.json", model, *sorted(model.parent.glob(f"{model.name}_data"))]
        self.fingerprint = fingerprint(weights)
        self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.enable_padding()
        options = ort.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not eat a core
        self._session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.dim = int(self._session.get_outputs()[0].shape[-1])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(e.ids) for e in self._counter.encode_batch(list(texts), add_special_tokens=False)]

    def encode_passages(self, texts: Sequence[str], on_batch: OnBatch = lambda _: None) -> list[Encoded]:
        encoded: dict[int, Encoded] = {}
        for rows in _batches([n + 2 for n in self.count_tokens(texts)], self.max_tokens):
            batch, seen = self._forward([texts[row] for row in rows])
            encoded.update(zip(rows, batch, strict=True))
            on_batch(seen)
        return [encoded[row] for row in range(len(texts))]

    def encode_question(self, text: str) -> Encoded:
        return self._forward([text])[0][0]

    def _forward(self, texts: list[str]) -> tuple[list[Encoded], Batch]:
        tokenized = self._tokenizer.encode_batch(texts)
        ids = np.array([t.ids for t in tokenized], dtype=np.int64)
        mask = np.array([t.attention_mask for t in tokenized], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        encoded = []
        for state, seen, token in zip(states, mask, tokenized, strict=True):
            real = np.flatnonzero(seen)
            offsets = np.array(token.offsets, dtype=np.int32)[real]
            words_only = np.array(token.special_tokens_mask)[real] == 0
            encoded.append(_encoded(_unit(state[real].mean(axis=0)), state[real][words_only], offsets[words_only]))
        return encoded, Batch(len(texts), int(mask.sum()), mask.size)


class SentenceTransformerEmbedder:
    """Any sentence-transformers model by name or folder; the reference that OnnxEmbedder is held against."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer  # seconds of import: only who asks for it pays

        official = name.rpartition("/")[2] == "all-MiniLM-L6-v2" and not Path(name).exists()
        folder = str(packaged_torch()) if official else name
        try:
            self._model = SentenceTransformer(folder, device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelMissing(f"model '{name}' cannot be loaded: {error}; name a model folder on this disk") from error
        self.name = name
        weights = sorted(Path(folder).rglob("*.safetensors")) if Path(folder).is_dir() else []
        self.fingerprint = fingerprint(weights) if weights else hashlib.sha256(name.encode()).hexdigest()[:16]
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 512)
        self._tokenizer: Any = self._model.tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        tokenized = self._tokenizer(["", *texts], add_special_tokens=False, verbose=False)  # it fails on no texts
        return [len(ids) for ids in tokenized["input_ids"][1:]]

    def encode_passages(self, texts: Sequence[str], on_batch: OnBatch = lambda _: None) -> list[Encoded]:
        sizes = [n + 2 for n in self.count_tokens(texts)]
        encoded: dict[int, Encoded] = {}
        for rows in _batches(sizes, self.max_tokens):
            encoded.update(zip(rows, self._forward([texts[row] for row in rows], "document"), strict=True))
            kept = [min(sizes[row], self.max_tokens) for row in rows]
            on_batch(Batch(len(rows), sum(kept), max(kept) * len(rows)))
        return [encoded[row] for row in range(len(texts))]

    def encode_question(self, text: str) -> Encoded:
        return self._forward([text], "query")[0]

    def _forward(self, texts: list[str], prompt: str) -> list[Encoded]:
        prefix = str(self._model.prompts.get(prompt) or "")
        outputs = self._model.encode(
            texts, prompt=prefix or None, output_value=None, batch_size=len(texts), show_progress_bar=False
        )
        return [self._one(prefix, text, output) for text, output in zip(texts, outputs, strict=True)]

    def _one(self, prefix: str, text: str, output: Any) -> Encoded:
        marks = self._tokenizer(
            prefix + text,
            truncation=True,
            max_length=self.max_tokens,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        offsets = np.array(marks["offset_mapping"], dtype=np.int32) - len(prefix)
        states = output["token_embeddings"].float().numpy()[output["attention_mask"].numpy().astype(bool)]
        words_only = (np.array(marks["special_tokens_mask"]) == 0) & (offsets[:, 0] >= 0)
        vector = output["sentence_embedding"].float().numpy()
        return _encoded(_unit(vector), states[: len(offsets)][words_only], offsets[words_only])


class HashEmbedder:
    """No model: every word has a fixed pseudo-random direction and a passage is the mean of its words.

    Deterministic and explainable; for tests, crash rigs and machines without weights.
    """

    name = "hash"
    fingerprint = "blake2b-64"
    dim = 64
    max_tokens = 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(words(text)) for text in texts]

    def encode_passages(self, texts: Sequence[str], on_batch: OnBatch = lambda _: None) -> list[Encoded]:
        encoded = [self.encode_question(text) for text in texts]
        count = sum(len(one.tokens) for one in encoded)
        on_batch(Batch(len(texts), count, count))
        return encoded

    def encode_question(self, text: str) -> Encoded:
        found = words(text)[: self.max_tokens - 2]
        tokens = np.array([_direction(word.text, self.dim) for word in found], dtype=np.float32)
        tokens = tokens.reshape(len(found), self.dim)
        offsets = np.array([(word.start, word.end) for word in found], dtype=np.int32).reshape(len(found), 2)
        mean = tokens.mean(axis=0) if len(found) else _direction("", self.dim)
        return Encoded(_unit(mean), tokens, offsets)


def _direction(word: str, dim: int) -> Floats:
    bits = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=dim).digest()
    return _unit(np.frombuffer(bits, dtype=np.uint8).astype(np.float32) - 127.5)


def _encoded(vector: Floats, states: Floats, offsets: NDArray[np.int32]) -> Encoded:
    norms = np.linalg.norm(states, axis=1, keepdims=True)
    return Encoded(vector, (states / np.maximum(norms, 1e-12)).astype(np.float32), offsets)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)


def _batches(sizes: Sequence[int], most: int) -> Iterator[list[int]]:
    """Rows sorted by length; a batch ends before it is too large, or padded by more than _MOST_PADDING."""
    order = sorted(range(len(sizes)), key=lambda row: (sizes[row], row))
    batch: list[int] = []
    real = 0
    for row in order:
        size = min(sizes[row], most)
        computed = size * (len(batch) + 1)
        if batch and (computed > _BATCH_TOKENS or computed > _MOST_PADDING * (real + size)):
            yield batch
            batch, real = [], 0
        batch.append(row)
        real += size
    if batch:
        yield batch
