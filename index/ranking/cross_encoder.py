"""Any cross-encoder of sentence-transformers as one more ranker: it reads question and passage together, and orders."""

from collections.abc import Sequence
from dataclasses import replace

from index.errors import ModelMissing
from index.records import Hit

RERANKED = 50  # hits that it orders; those behind them stay where they are


class CrossEncoderRanker:
    """By folder or name of a model on this disk; making one imports torch. Deterministic on one machine."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder  # seconds of import: only who asks for it pays
        from torch import set_num_threads

        set_num_threads(1)  # what a passage scores must not depend on how many there are
        try:
            self._model = CrossEncoder(
                name, device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            raise ModelMissing(
                f"reranker '{name}' cannot be loaded: {error}; name a model folder on this disk"
            ) from error
        if not any("SequenceClassification" in kind for kind in self._model.config.architectures or ()):
            raise ModelMissing(f"reranker '{name}' is no cross-encoder; name one that was trained to score pairs")
        if self._model.num_labels != 1:
            raise ModelMissing(
                f"reranker '{name}' gives {self._model.num_labels} scores a passage; name one that gives one"
            )

    def ordered(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The first RERANKED by its score, each passage read alone with its title; equals by passage id."""
        pairs = [(question, f"{hit.passage.context}\n{hit.passage.text}") for hit in hits[:RERANKED]]
        scores = self._model.predict(pairs, batch_size=1, show_progress_bar=False).tolist() if pairs else []
        scored = [replace(hit, score=score) for hit, score in zip(hits, scores, strict=False)]
        return [*sorted(scored, key=lambda hit: (-hit.score, hit.passage.id)), *hits[RERANKED:]]
