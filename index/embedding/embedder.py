"""Text → vectors: the seam that embedders fulfil, and the one that a setting names."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from index.embedding.minilm import OnnxEmbedder as OnnxEmbedder
from index.embedding.vectors import Encoded as Encoded
from index.embedding.vectors import Floats, encoded, unit
from index.embedding.vectors import OnText as OnText
from index.embedding.weights import fingerprint, packaged_torch
from index.errors import ModelMissing
from index.text.words import words


class Embedder(Protocol):
    """Deterministic: what a text becomes depends on no other text.

    Texts beyond `max_tokens` are cut; the splitter sees to it that none is.
    """

    def __hash__(self) -> int: ...
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


def load_embedder(name: str, model_path: Path | None = None, threads: int | None = None) -> Embedder:
    """minilm and minilm-384 → ONNX, hash → HashEmbedder, else a sentence-transformers name or folder.

    `threads` embed passages side by side, by default one a core. Raises ModelMissing.
    """
    if name in ("minilm", "minilm-384"):
        return OnnxEmbedder(model_path, projected=name == "minilm", threads=threads)
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


@lru_cache(maxsize=65_536)
def _direction(word: str, dim: int) -> Floats:
    bits = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=dim).digest()
    return unit(np.frombuffer(bits, dtype=np.uint8).astype(np.float32) - 127.5)


class SentenceTransformerEmbedder:
    """Any sentence-transformers model by name or folder; the reference that OnnxEmbedder is held against.

    Making one imports torch.
    """

    languages: frozenset[str] = frozenset()  # whoever names a model chose it for the articles

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer  # seconds of import: only who asks for it pays
        from torch import set_num_threads

        set_num_threads(1)  # what a text becomes must not depend on how many there are
        official = name.rpartition("/")[2] == "all-MiniLM-L6-v2" and not Path(name).exists()
        folder = str(packaged_torch()) if official else name
        try:
            self._model = SentenceTransformer(
                folder, device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
            )
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

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]:
        done = []
        for text, size in zip(texts, self.count_tokens(texts), strict=True):
            done.append(self._forward(text, "document"))
            on_text(min(size + 2, self.max_tokens))
        return done

    def encode_question(self, text: str) -> Encoded:
        return self._forward(text, "query")

    def _forward(self, text: str, prompt: str) -> Encoded:
        """Alone: what it becomes must not depend on the length of others."""
        prefix = str(self._model.prompts.get(prompt) or "")
        outputs = self._model.encode([text], prompt=prefix or None, output_value=None, show_progress_bar=False)
        (output,) = cast(list[Any], outputs)
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
        return encoded(unit(vector), states[: len(offsets)][words_only], offsets[words_only])
