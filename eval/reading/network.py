"""A reader: question and passage in; for every sentence how well it answers, *none*, and the answer's words out.

What a sentence scores is linear in the mean of its token states beside the first token's; *none* in the first token's.
A sentence's gap, its score less *none* of its own passage, is what can be compared across passages.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AttentionInterface, AutoConfig, AutoModel, AutoTokenizer
from transformers.masking_utils import AttentionMaskInterface, eager_mask
from transformers.models.mpnet.modeling_mpnet import MPNetSelfAttention

from eval.reading.rows import Offsets, TrainingRow
from index.errors import ModelMissing

os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "8192"  # every new shape compiles a kernel

LONGEST = 320  # tokens of question and passage together
_STEP = 32  # lengths are rounded up to it: every new shape compiles a kernel
_SENTENCE_STEP = 8
NO_SENTENCE = -1e4
_SCALE = ":scale"  # of a file of 8 bits: one factor a row of the matrix of that name

Tensor = torch.Tensor


# Attention for training on processors: no dropout, all in the activations' own type, softmax unpromoted. It is
# registered with transformers for BERT, and put into MPNet.

_PLAIN = "plain"
_LEAST = -1e4  # bfloat16 and float16 both hold it


def _attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """q, k, v: (batch, heads, tokens, width); bias broadcasts to (batch, heads, tokens, tokens)."""
    with torch.autocast("cpu", enabled=False):
        b, h, n, d = q.shape
        q = (q * (1 / math.sqrt(d))).reshape(b * h, n, d)
        scores = torch.bmm(q, k.reshape(b * h, n, d).transpose(1, 2))
        if bias is not None:
            scores = (scores.view(b, h, n, n) + bias.to(scores.dtype)).view(b * h, n, n)
        return torch.bmm(torch.softmax(scores, -1), v.reshape(b * h, n, d)).view(b, h, n, d)


def _plain(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **_: Any
) -> tuple[Tensor, None]:
    bias = attention_mask
    if bias is not None and bias.dtype == torch.bool:
        bias = torch.zeros_like(bias, dtype=query.dtype).masked_fill(~bias, _LEAST)
    return _attend(query, key, value, None if bias is None else bias.clamp(min=_LEAST)).transpose(1, 2), None


def _mpnet(
    self: Any,
    hidden_states: Tensor,
    attention_mask: Tensor | None = None,
    position_bias: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor]:
    shape = (*hidden_states.shape[:-1], -1, self.attention_head_size)
    q, k, v = (make(hidden_states).view(shape).transpose(1, 2) for make in (self.q, self.k, self.v))
    bias = position_bias
    if attention_mask is not None:
        mask = attention_mask.clamp(min=_LEAST)
        bias = mask if bias is None else bias + mask
    out = _attend(q, k, v, bias).transpose(1, 2).reshape(*hidden_states.shape[:-1], self.all_head_size)
    return (self.o(out),)


AttentionInterface.register(_PLAIN, _plain)
AttentionMaskInterface.register(_PLAIN, eager_mask)
MPNetSelfAttention.forward = _mpnet  # type: ignore[method-assign, assignment]


class ReadingNetwork(nn.Module):
    def __init__(self, backbone: Path) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(
            backbone, local_files_only=True, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        kind = _PLAIN if config.model_type == "bert" else "eager"
        shape = {"config": config, "add_pooling_layer": False, "attn_implementation": kind}
        self.body = AutoModel.from_pretrained(backbone, local_files_only=True, use_safetensors=True, **shape)
        wide = config.hidden_size
        self.sentence = nn.Sequential(nn.Linear(2 * wide, wide), nn.GELU(), nn.Linear(wide, 1))
        self.none = nn.Sequential(nn.Linear(wide, wide), nn.GELU(), nn.Linear(wide, 1))
        self.span = nn.Linear(wide, 2)
        for name, weights in self.body.named_parameters():
            if "word_embeddings" in name:
                weights.requires_grad_(False)  # a half of the small model; the packaged graph supplies them

    def forward(self, ids: Tensor, mask: Tensor, pool: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ids, mask: (batch, tokens); pool: (batch, sentences, tokens), rows sum to 1, or to 0 where there is none.

        Returns the sentences' logits (batch, sentences), *none* (batch,), and start and end (batch, tokens, 2).
        """
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        first = states[:, 0]
        means = torch.bmm(pool.to(states.dtype), states)
        both = torch.cat([means, first[:, None].expand_as(means)], -1)
        score = self.sentence(both).squeeze(-1).float().masked_fill(pool.sum(-1) == 0, NO_SENTENCE)
        return score, self.none(first).squeeze(-1).float(), self.span(states).float()

    def load(self, path: Path) -> None:
        """A checkpoint of `train`, or a .safetensors file without word embeddings, of half precision or of 8 bits."""
        if path.suffix != ".safetensors":
            self.load_state_dict(torch.load(path, weights_only=True)["model"])
            return
        held = {name: weights.float() for name, weights in load_file(path).items()}
        scales = {name.removesuffix(_SCALE): held.pop(name)[:, None] for name in list(held) if name.endswith(_SCALE)}
        state = {name: weights * scales.get(name, 1.0) for name, weights in held.items()}
        missing, unknown = self.load_state_dict(state, strict=False)
        wrong = [name for name in missing if "word_embeddings" not in name and "position_ids" not in name]
        if wrong or unknown:
            raise ModelMissing(
                f"'{path}' is of another model: it lacks {wrong[:3]} and holds {unknown[:3]}; give weights of this one"
            )


@dataclass(frozen=True, slots=True)
class Item:
    """A row as tokens. A sentence that was cut off has the range (0, 0)."""

    ids: list[int]
    ranges: list[Offsets]  # of tokens, a sentence each
    span: Offsets | None  # first and last token of the words of the answer
    good: list[int]

    @property
    def length(self) -> int:
        """Padded, in tokens."""
        return -(-len(self.ids) // _STEP) * _STEP


def encode(tokenizer: Any, rows: Sequence[TrainingRow]) -> list[Item]:
    heads = [f"{row.title}: " if row.title else "" for row in rows]
    texts = [head + row.text for head, row in zip(heads, rows, strict=True)]
    shape = {"truncation": "only_second", "max_length": LONGEST, "return_offsets_mapping": True}
    encoded = tokenizer([row.question[:300] for row in rows], texts, **shape)
    return [_item(encoded, place, row, len(head)) for place, (row, head) in enumerate(zip(rows, heads, strict=True))]


def _item(encoded: Any, place: int, row: TrainingRow, shift: int) -> Item:
    part, offsets = encoded.sequence_ids(place), encoded["offset_mapping"][place]
    at = [(k, a - shift, b - shift) for k, (a, b) in enumerate(offsets) if part[k] == 1 and b > shift and b > a]
    ranges = []
    for start, end in row.sentences:
        inside = [k for k, a, b in at if a < end and start < b]
        ranges.append((inside[0], inside[-1] + 1) if inside else (0, 0))
    answer = [k for k, a, b in at if a < row.short[1] and row.short[0] < b] if row.short else []
    span = (answer[0], answer[-1]) if answer else None
    return Item(encoded["input_ids"][place], ranges, span, [g for g in row.good if ranges[g][1]])


def batch(items: Sequence[Item], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """What `ReadingNetwork.forward` takes."""
    longest = max(item.length for item in items)
    most = -(-max(len(item.ranges) for item in items) // _SENTENCE_STEP) * _SENTENCE_STEP
    ids = torch.full((len(items), longest), pad, dtype=torch.long)
    mask = torch.zeros(len(items), longest, dtype=torch.long)
    pool = torch.zeros(len(items), most, longest)
    for place, item in enumerate(items):
        ids[place, : len(item.ids)] = torch.tensor(item.ids)
        mask[place, : len(item.ids)] = 1
        for j, (start, end) in enumerate(item.ranges):
            if end > start:
                pool[place, j, start:end] = 1 / (end - start)
    return ids, mask, pool


def check_backbone(folder: Path) -> None:
    """Raises ModelMissing where `folder` is none of a transformers model."""
    missing = [name for name in ("config.json", "model.safetensors") if not (folder / name).is_file()]
    if missing:
        raise ModelMissing(
            f"'{folder}' holds no {missing[0]}; name the folder of a BERT or MPNet model with config.json, its "
            "tokeniser and model.safetensors"
        )


def open_backbone(folder: Path) -> tuple[Any, ReadingNetwork]:
    """Tokeniser and untrained reader of a transformers folder. Raises ModelMissing."""
    check_backbone(folder)
    return AutoTokenizer.from_pretrained(folder, local_files_only=True), ReadingNetwork(folder)


def ship(model: ReadingNetwork, path: Path) -> None:
    """All but the frozen word embeddings, in half precision."""
    frozen = ("word_embeddings", "position_ids")
    kept = {name: held for name, held in model.state_dict().items() if not any(part in name for part in frozen)}
    save_file({name: held.half().contiguous() for name, held in kept.items()}, path)
