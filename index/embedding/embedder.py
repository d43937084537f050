"""Text → vectors: the seam that embedders fulfil, and the one that a setting names."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from index.embedding.minilm import OnnxEmbedder
from index.embedding.sentence_transformer import SentenceTransformerEmbedder
from index.embedding.vectors import Encoded, Floats, OnText, unit
from index.text.words import words

__all__ = [
    "Embedder",
    "Encoded",
    "HashEmbedder",
    "OnText",
    "OnnxEmbedder",
    "SentenceTransformerEmbedder",
    "load_embedder",
]


class Embedder(Protocol):
    """Deterministic: what a text becomes depends on no other text.

    Texts beyond `max_tokens` are cut; the splitter sees to it that none is.
    """

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """Changes when the weights change."""
        ...

    @property
    def dim(self) -> int: ...
    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of those whose meaning its vectors tell; empty: it does not say, and is trusted with any."""
        ...

    @property
    def max_tokens(self) -> int:
        """Special tokens included."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Of each text, special tokens not included, never cut."""
        ...

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]: ...
    def encode_question(self, text: str) -> Encoded: ...


def load_embedder(name: str, model_path: Path | None = None) -> Embedder:
    """minilm and minilm-384 → ONNX, hash → HashEmbedder, else a sentence-transformers name or folder.

    Raises ModelMissing.
    """
    if name in ("minilm", "minilm-384"):
        return OnnxEmbedder(model_path, projected=name == "minilm")
    if name == "hash":
        return HashEmbedder()
    return SentenceTransformerEmbedder(str(model_path or name))


class HashEmbedder:
    """No model: every word has a fixed pseudo-random direction and a passage is the mean of its words.

    Deterministic and explainable; for tests, crash rigs and machines without weights.
    """

    name = "hash"
    fingerprint = "blake2b-64"
    dim = 64
    languages: frozenset[str] = frozenset()
    max_tokens = 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(words(text)) for text in texts]

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]:
        done = []
        for text in texts:
            done.append(self.encode_question(text))
            on_text(len(done[-1].tokens))
        return done

    def encode_question(self, text: str) -> Encoded:
        found = words(text)[: self.max_tokens - 2]
        tokens = np.array([_direction(word.text, self.dim) for word in found], dtype=np.float32)
        tokens = tokens.reshape(len(found), self.dim)
        offsets = np.array([(word.start, word.end) for word in found], dtype=np.int32).reshape(len(found), 2)
        mean = tokens.mean(axis=0) if len(found) else _direction("", self.dim)
        return Encoded(unit(mean), tokens, offsets)


def _direction(word: str, dim: int) -> Floats:
    bits = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=dim).digest()
    return unit(np.frombuffer(bits, dtype=np.uint8).astype(np.float32) - 127.5)
