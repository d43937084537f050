"""Any extractive question-answering model of transformers in the place of the reading model.

Trained on questions of which some have no answer (SQuAD 2.0), it scores every run of words, and none of them by its
first token. A sentence's gap is how far its best run is ahead of none; the best run of all is the short answer.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from index.embedding.vectors import Floats
from index.embedding.weights import fingerprint
from index.errors import ModelMissing
from index.records import Span
from rag.reading.model import ABSENT, Blend, Excerpt, Finding, likeliest_words

_WINDOW = 512  # tokens of question and passage, at most: a third of them the question, an eighth shared by two windows
_GRID = 64  # steps to 1, to which logits are rounded, so that a last bit decides nothing


class AnswerModel:
    """By folder or name of a model on this disk; making one imports torch. Deterministic on one machine.

    `blend` is that of the packaged model, as nobody has fitted one for this.
    """

    def __init__(self, name: str, blend: Blend) -> None:
        import torch  # seconds of import: only who asks for it pays
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        torch.set_num_threads(1)  # what a passage becomes must not depend on how many there are
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name, local_files_only=True)
            self._model: Any
            self._model, about = AutoModelForQuestionAnswering.from_pretrained(
                name, local_files_only=True, use_safetensors=True, output_loading_info=True
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissing(
                f"answer_model '{name}' cannot be loaded: {error}; name the folder of a question-answering model"
            ) from error
        if about["missing_keys"]:
            raise ModelMissing(
                f"answer_model '{name}' answers no questions: it lacks {sorted(about['missing_keys'])[0]}; name one "
                "that was trained for question answering"
            )
        self._model.eval()
        if not self._tokenizer.is_fast or self._tokenizer.cls_token_id is None:
            raise ModelMissing(f"answer_model '{name}' does not say where its tokens stand, or has none for no answer")
        weights = sorted(Path(name).rglob("*.safetensors")) if Path(name).is_dir() else []
        self.sha256 = fingerprint(weights) if weights else hashlib.sha256(name.encode()).hexdigest()
        self.blend = blend
        self._torch = torch

    def read(self, question: str, excerpt: Excerpt) -> Finding:
        """What is beyond the window is read in windows that overlap; a sentence counts as it does best."""
        title = f"{excerpt.title}: " if excerpt.title else ""
        gaps = [ABSENT] * len(excerpt.sentences)
        best = Finding((), None, ABSENT)
        for none, span, places in self._windows(question, title + excerpt.text):
            for n, sentence in enumerate(excerpt.sentences):
                start, end = sentence.start + len(title), sentence.end + len(title)
                held = [k for k, (first, last) in enumerate(places) if start <= first < last <= end]
                if not held:
                    continue
                begin, stop, words = likeliest_words(span[held[0] : held[-1] + 1])
                if words - none <= gaps[n]:
                    continue
                gaps[n] = words - none
                if best.answer is None or gaps[n] > best.answer_gap:
                    place = Span(places[held[begin]][0] - len(title), places[held[stop]][1] - len(title))
                    best = Finding((), place, gaps[n])
        return replace(best, gaps=tuple(gaps))

    def _windows(self, question: str, text: str) -> list[tuple[float, Floats, list[tuple[int, int]]]]:
        """Of each window the logit of no answer, those of start and end (tokens, 2), and the tokens' places in the
        text, (0, 0) for those that are none of it."""
        most = min(self._tokenizer.model_max_length, self._model.config.max_position_embeddings - 2, _WINDOW)
        asked = self._tokenizer(
            question, add_special_tokens=False, truncation=True, max_length=most // 3, return_offsets_mapping=True
        )["offset_mapping"]
        coded = self._tokenizer(
            question[: asked[-1][1]] if asked else "",
            text,
            truncation="only_second",
            max_length=most,
            stride=most // 8,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        found = []
        for n, ids in enumerate(coded["input_ids"]):
            given = {name: self._torch.tensor([coded[name][n]]) for name in self._tokenizer.model_input_names}
            with self._torch.inference_mode():
                logits = self._model(**given)
            span = np.stack([logits.start_logits[0].numpy(), logits.end_logits[0].numpy()], axis=1)
            span = np.rint(span * _GRID) / _GRID
            whose = coded.sequence_ids(n)
            places = [place if of == 1 else (0, 0) for place, of in zip(coded["offset_mapping"][n], whose, strict=True)]
            found.append((float(span[ids.index(self._tokenizer.cls_token_id)].sum()), span, places))
        return found
