"""Writes a reading model: layers and heads of a checkpoint, or of several their mean, as one ONNX graph.

Of MiniLM, which ships, the word embeddings are not in it: the graph names them as external data of the packaged MiniLM,
where they stand at the start of `model.onnx_data`, so that no byte ships twice. Of MPNet, the large model, they come
from its folder into the graph, which also turns MiniLM's word pieces into MPNet's: its vocabulary is the same one
behind four marks. Weights are 8-bit with one scale a column; what they are
multiplied with is rounded to 8 bits with one scale a token, so that no token's figures depend on another passage, and
the sums of products are exact whatever the processor and the number of threads.

Needs the package `onnx` (`pip install -e ".[train]"`), which nothing else does.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors import SafetensorError
from safetensors.numpy import load_file

from index.errors import BadInput
from rag.reading.model import ABOUT, GRAPH, WINDOW

HEADS, WIDE, WORDS = 12, 384, 30522  # of all-MiniLM-L6-v2
WORD_EMBEDDINGS = {"location": "model.onnx_data", "offset": "0", "length": str(4 * WORDS * WIDE)}
_OPSET, _IR = 21, 10
_FAR, _BUCKETS = "body.encoder.relative_attention_bias.weight", 32  # how MPNet tells how far two tokens are apart
_FARTHEST = 128
_MARKS = {101: 0, 102: 2}  # [CLS] and [SEP] → <s> and </s>
_BEFORE = 4  # marks before MiniLM's vocabulary in MPNet's
_FIRST_PLACE = 2  # of MPNet's position embeddings
_LEAST = 0.2  # a token's largest magnitude, at least; what GELU gives is above -0.17, so its minimum is not looked for
_MIDDLE = 128  # the byte that stands for 0
_MICROSOFT = "com.microsoft"
_OF_MPNET = {
    "attention.LayerNorm": "attention.output.LayerNorm", "attention.attn.q": "attention.self.query",
    "attention.attn.k": "attention.self.key", "attention.attn.v": "attention.self.value",
    "attention.attn.o": "attention.output.dense",
}  # fmt: skip

Array = NDArray[Any]
State = Mapping[str, Array]


class Graph:
    """Nodes and weights in the order in which they are added; names are given here."""

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon  # of the layer norms
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, array: Array) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def number(self, value: float) -> str:
        return self.weight(np.array(value, np.float32))

    def op(self, kind: str, *inputs: str, out: str = "", domain: str = "", **attributes: Any) -> str:
        out = out or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], domain=domain, **attributes))
        return out


def graph_of(state: State, words: Array | None = None) -> bytes:
    """The graph of one checkpoint; the same bytes for the same weights. `words`: MPNet's word embeddings.

    ids (1, t) int64 and pool (sentences, t) → answers (sentences,), none (1,), span (t, 2), as
    `index.embedding.minilm.PairGraph` runs it.
    """
    state = {_renamed(name): array.astype(np.float32) for name, array in state.items()}
    g = Graph(1e-5 if _FAR in state else 1e-12)
    tokens = g.op("Shape", "ids", start=1)
    if _FAR in state:
        x, far = _embedded(g, state, _own_words(g, words), _FIRST_PLACE, tokens), _apart(g, state[_FAR], tokens)
    else:
        places = state["body.embeddings.token_type_embeddings.weight"][0]  # trained with one kind of token alone
        state["body.embeddings.position_embeddings.weight"] += places
        x, far = _embedded(g, state, g.op("Gather", "words", "ids"), 0, tokens), ""
    for layer in range(sum(name.endswith(".intermediate.dense.bias") for name in state)):
        x = _layer(g, x, state, f"body.encoder.layer.{layer}", far)
    _heads(g, x, state)
    ints, floats = TensorProto.INT64, TensorProto.FLOAT
    graph = helper.make_graph(
        g.nodes,
        "reader",
        [_tensor("ids", ints, 1, "tokens"), _tensor("pool", floats, "sentences", "tokens")],
        [_tensor("answers", floats, "sentences"), _tensor("none", floats, 1), _tensor("span", floats, "tokens", 2)],
        g.weights if far else [_packaged_words(), *g.weights],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="quotewell")
    return bytes(model.SerializeToString(deterministic=True))


def export_reader(checkpoints: Sequence[Path], folder: Path, backbone: Path | None = None) -> str:
    """Write the graph of .safetensors files as training writes them, and its hash, which is returned, beside the blend.

    Of several the weights are averaged: a start and what was trained from it together know what either does (WiSE-FT,
    Wortsman et al. 2022). The blend that stands in `folder`, or else the packaged one, was fitted for another model,
    and must be fitted again. `backbone` is the folder of an MPNet. Raises BadInput where a file is no such checkpoint.
    """
    try:
        states = [load_file(checkpoint) for checkpoint in checkpoints]
        words = load_file(backbone / "model.safetensors")["embeddings.word_embeddings.weight"] if backbone else None
        graph = graph_of(
            {name: np.mean([one[name].astype(np.float32) for one in states], axis=0) for name in states[0]}, words
        )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        names = ", ".join(f"'{checkpoint}'" for checkpoint in checkpoints)
        raise BadInput(f"{names} is no checkpoint of the reading model: {error}; name a .safetensors") from error
    folder.mkdir(parents=True, exist_ok=True)
    kept = (folder / ABOUT).exists()  # if not, all but the blend tells of the packaged model
    about = json.loads((folder / ABOUT if kept else files("rag.reading").joinpath(ABOUT)).read_text("utf-8"))
    about = {**(about if kept else {"blend": about["blend"]}), "sha256": hashlib.sha256(graph).hexdigest()}
    (folder / GRAPH).write_bytes(graph)
    (folder / ABOUT).write_text(f"{json.dumps(about, indent=1)}\n", "utf-8")
    return str(about["sha256"])


def _renamed(name: str) -> str:
    """As BERT has it: "layer.0.attention.attn.q.weight" of MPNet is "layer.0.attention.self.query.weight"."""
    for own, other in _OF_MPNET.items():
        name = name.replace(own, other)
    return name


def _tensor(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _packaged_words() -> onnx.TensorProto:
    words = TensorProto(name="words", data_type=TensorProto.FLOAT, dims=[WORDS, WIDE])
    words.data_location = TensorProto.EXTERNAL
    for key, value in WORD_EMBEDDINGS.items():
        words.external_data.add(key=key, value=value)
    return words


def _own_words(g: Graph, words: Array | None) -> str:
    """MPNet's word embeddings (1, t, wide) of MiniLM's ids, kept in 8 bits with one scale a word."""
    if words is None:
        raise ValueError("it is of an MPNet, whose word embeddings it does not hold: give --backbone, its folder")
    own = g.op("Add", "ids", g.weight(np.array(_BEFORE, np.int64)))
    for mark, other in _MARKS.items():
        is_mark = g.op("Equal", "ids", g.weight(np.array(mark, np.int64)))
        own = g.op("Where", is_mark, g.weight(np.array(other, np.int64)), own)
    whole, scale = _eight_bits(words.T.astype(np.float32))
    rows = g.op("Cast", g.op("Gather", g.weight(whole.T), own), to=TensorProto.FLOAT)
    return g.op("Mul", rows, g.op("Gather", g.weight(scale[:, None]), own))


def _apart(g: Graph, bias: Array, tokens: str) -> str:
    """What MPNet adds to the attention of two tokens for their distance: (1, heads, t, t)."""
    far = np.arange(WINDOW)[:, None] - np.arange(WINDOW)[None, :]  # of the one that is seen, behind the one that sees
    side, exact = _BUCKETS // 2, _BUCKETS // 4
    ahead, n = (far < 0) * side, np.abs(far)
    grown = np.log(np.maximum(n, 1) / exact) / np.log(_FARTHEST / exact) * (side - exact)
    buckets = ahead + np.where(n < exact, n, np.minimum(exact + grown.astype(np.int64), side - 1))
    corner = g.op("Concat", tokens, tokens, axis=0)
    seen = g.op("Slice", g.weight(buckets.astype(np.uint8)), g.weight(np.zeros(2, np.int64)), corner)
    of_heads = g.op("Gather", g.weight(bias), g.op("Cast", seen, to=TensorProto.INT64))
    return g.op("Unsqueeze", g.op("Transpose", of_heads, perm=[2, 0, 1]), g.weight(np.array([0], np.int64)))


def _embedded(g: Graph, state: State, words: str, first: int, tokens: str) -> str:
    places = state["body.embeddings.position_embeddings.weight"][first : first + WINDOW]
    start = g.weight(np.array([0], np.int64))
    at = g.op("Slice", g.op("Cast", g.weight(places.astype(np.float16)), to=TensorProto.FLOAT), start, tokens)
    return _norm(g, g.op("Add", words, at), state, "body.embeddings.LayerNorm")


def _layer(g: Graph, x: str, state: State, name: str, far: str) -> str:
    even = _even(g, x)
    parts = [_product(g, even, state, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    seen = g.op("MultiHeadAttention", *parts, *(["", "", far] if far else []), domain=_MICROSOFT, num_heads=HEADS)
    out = _product(g, _even(g, seen), state, f"{name}.attention.output.dense")
    x = _norm(g, g.op("Add", out, x), state, f"{name}.attention.output.LayerNorm")
    wide = g.op("Gelu", _product(g, _even(g, x), state, f"{name}.intermediate.dense"))
    out = _product(g, _even(g, wide, signed=False), state, f"{name}.output.dense")
    return _norm(g, g.op("Add", out, x), state, f"{name}.output.LayerNorm")


def _heads(g: Graph, x: str, state: State) -> None:
    states = g.op("Squeeze", x, g.weight(np.array([0], np.int64)))
    first = g.op("Gather", states, g.weight(np.array([0], np.int64)))
    sentences = g.op("MatMul", "pool", states)
    both = g.op("Concat", sentences, g.op("Expand", first, g.op("Shape", sentences)), axis=-1)
    _head(g, both, state, "sentence", "answers")
    _head(g, first, state, "none", "none")
    g.op("Add", _floats(g, states, state, "span"), g.weight(state["span.bias"]), out="span")


def _head(g: Graph, x: str, state: State, name: str, out: str) -> None:
    hidden = g.op("Gelu", g.op("Add", _floats(g, x, state, f"{name}.0"), g.weight(state[f"{name}.0.bias"])))
    logits = g.op("Add", _floats(g, hidden, state, f"{name}.2"), g.weight(state[f"{name}.2.bias"]))
    g.op("Squeeze", logits, g.weight(np.array([1], np.int64)), out=out)


def _floats(g: Graph, x: str, state: State, name: str) -> str:
    """A product in floats with weights that ship in 8 bits: for the few rows of the heads."""
    whole, scale = _eight_bits(state[f"{name}.weight"].T)
    return g.op("MatMul", x, g.op("Mul", g.op("Cast", g.weight(whole), to=TensorProto.FLOAT), g.weight(scale)))


def _even(g: Graph, x: str, *, signed: bool = True) -> tuple[str, str]:
    """Bytes around _MIDDLE in steps of 1/127 of each token's largest magnitude, and that magnitude (1, t, 1)."""
    axis = g.weight(np.array([-1], np.int64))
    top = g.op("ReduceMax", x, axis, keepdims=1)
    least = g.op("Neg", g.op("ReduceMin", x, axis, keepdims=1)) if signed else g.number(_LEAST)
    top = g.op("Max", top, least)
    step, middle = g.number(1 / 127), g.weight(np.array(_MIDDLE, np.uint8))
    return g.op("QuantizeLinear", g.op("Mul", x, g.op("Reciprocal", top)), step, middle), top


def _product(g: Graph, even: tuple[str, str], state: State, name: str) -> str:
    x, top = even
    whole, scale = _eight_bits(state[f"{name}.weight"].T)
    step, middle = g.number(1 / 127), g.weight(np.array(_MIDDLE, np.uint8))
    y = g.op("MatMulIntegerToFloat", x, g.weight(whole), step, g.weight(scale), middle, domain=_MICROSOFT)
    return g.op("Add", g.op("Mul", y, top), g.weight(state[f"{name}.bias"]))


def _eight_bits(matrix: Array) -> tuple[Array, Array]:
    """(in, out) → int8 of the same shape, and one scale a column."""
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-8) / 127
    return np.rint(matrix / scale).astype(np.int8), scale.astype(np.float32)


def _norm(g: Graph, x: str, state: State, name: str) -> str:
    parts = (g.weight(state[f"{name}.{part}"]) for part in ("weight", "bias"))
    return g.op("LayerNormalization", x, *parts, axis=-1, epsilon=g.epsilon)
