"""A reader: question and passage in; for every sentence how well it answers, *none*, and the answer's words out.

What a sentence scores is linear in the mean of its token states beside the first token's; *none* in the first token's.
A sentence's gap, its score less *none* of its own passage, is what can be compared across passages.
"""

import math
import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
    with torch.autocast(q.device.type, enabled=False):
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
    """A transformers model with a head for sentences, one for *none* and one for the words that answer."""

    def __init__(self, backbone: Path, dropout: float = 0.0) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(
            backbone, local_files_only=True, hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0
        )
        kind = _PLAIN if config.model_type == "bert" else "eager"
        shape = {"config": config, "add_pooling_layer": False, "attn_implementation": kind, "dtype": torch.float32}
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

    @property
    def device(self) -> torch.device:
        return self.span.weight.device

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


def bfloat16(device: torch.device) -> torch.autocast:
    """Half precision where the device multiplies it fast; elsewhere it would cost ten times as much."""
    fast = device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast)


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
    """Questions and passages are cut into tokens once each, however many rows they stand in."""
    asked = _once(tokenizer, [row.question[:300] for row in rows])
    texts = _once(tokenizer, [_shown(row) for row in rows])
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    between = [sep] * (tokenizer.num_special_tokens_to_add(pair=True) - 2)
    ranges: dict[tuple[str, tuple[Offsets, ...]], list[Offsets]] = {}
    items = []
    for row in rows:
        text = texts[_shown(row)]
        head = [cls, *asked[row.question[:300]].ids, *between]
        room, shift = LONGEST - len(head) - 1, len(_shown(row)) - len(row.text)
        place = (_shown(row), row.sentences)
        if place not in ranges:
            ranges[place] = [text.covered(a + shift, b + shift) for a, b in row.sentences]
        cut = [(len(head) + a, len(head) + min(b, room)) if a < min(b, room) else (0, 0) for a, b in ranges[place]]
        first, last = text.covered(row.short[0] + shift, row.short[1] + shift) if row.short else (0, 0)
        span = (len(head) + first, len(head) + min(last, room) - 1) if first < min(last, room) else None
        items.append(Item([*head, *text.ids[:room], sep], cut, span, [g for g in row.good if cut[g][1]]))
    return items


def _shown(row: TrainingRow) -> str:
    return f"{row.title}: {row.text}" if row.title else row.text


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Of one text, without the marks around it; starts and ends are code points, ascending."""

    ids: list[int]
    starts: list[int]
    ends: list[int]

    def covered(self, start: int, end: int) -> Offsets:
        """The tokens that overlap these code points; the same number twice where none does."""
        first = bisect_right(self.ends, start)
        return first, max(first, bisect_left(self.starts, end))


def _once(tokenizer: Any, texts: Sequence[str]) -> dict[str, _Tokens]:
    each = list(dict.fromkeys(texts))
    found = tokenizer(each, add_special_tokens=False, return_offsets_mapping=True) if each else {"input_ids": []}
    return {
        text: _Tokens(found["input_ids"][n], *map(list, zip(*found["offset_mapping"][n], strict=True)))
        if found["input_ids"][n]
        else _Tokens([], [], [])
        for n, text in enumerate(each)
    }


def batch(items: Sequence[Item], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """What `ReadingNetwork.forward` takes."""
    longest = max(item.length for item in items)
    most = -(-max(len(item.ranges) for item in items) // _SENTENCE_STEP) * _SENTENCE_STEP
    ids = np.full((len(items), longest), pad)
    mask = np.zeros((len(items), longest), np.int64)
    pool = np.zeros((len(items), most, longest), np.float32)
    for place, item in enumerate(items):
        ids[place, : len(item.ids)] = item.ids
        mask[place, : len(item.ids)] = 1
        for j, (start, end) in enumerate(item.ranges):
            if end > start:
                pool[place, j, start:end] = 1 / (end - start)
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(pool)


def check_backbone(folder: Path) -> None:
    """Raises ModelMissing where `folder` is none of a transformers model."""
    missing = [name for name in ("config.json", "model.safetensors") if not (folder / name).is_file()]
    if missing:
        raise ModelMissing(
            f"'{folder}' holds no {missing[0]}; name the folder of a BERT or MPNet model with config.json, its "
            "tokeniser and model.safetensors"
        )


def open_backbone(folder: Path, dropout: float = 0.0) -> tuple[Any, ReadingNetwork]:
    """Tokeniser and untrained reader of a transformers folder, on a GPU where there is one. Raises ModelMissing."""
    check_backbone(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer, ReadingNetwork(folder, dropout).to("cuda" if torch.cuda.is_available() else "cpu")


def ship(model: ReadingNetwork, path: Path) -> None:
    """All but the frozen word embeddings, in half precision."""
    frozen = ("word_embeddings", "position_ids")
    kept = {name: held for name, held in model.state_dict().items() if not any(part in name for part in frozen)}
    save_file({name: held.half().contiguous() for name, held in kept.items()}, path)
