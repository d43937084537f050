"""Writes the reading model that ships: layers and heads of a checkpoint, or of several their mean, as one ONNX graph.

The word embeddings are not in it: the graph names them as external data of the packaged MiniLM, where they stand at
the start of `model.onnx_data`, so that no byte ships twice. Weights are 8-bit with one scale a column; what they are
multiplied with is rounded to 8 bits with one scale a token, so that no token's figures depend on another passage, and
the sums of products are exact whatever the processor and the number of threads.

Needs the package `onnx` (`pip install -e ".[train]"`), which nothing else does.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
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

LAYERS, HEADS, WIDE, WORDS = 6, 12, 384, 30522  # of all-MiniLM-L6-v2
WORD_EMBEDDINGS = {"location": "model.onnx_data", "offset": "0", "length": str(4 * WORDS * WIDE)}
_OPSET, _IR = 21, 10
_EPSILON = 1e-12  # of its layer norms
_LEAST = 0.2  # a token's largest magnitude, at least; what GELU gives is above -0.17, so its minimum is not looked for
_MIDDLE = 128  # the byte that stands for 0
_MICROSOFT = "com.microsoft"

Array = NDArray[Any]
State = Mapping[str, Array]


class Graph:
    """Nodes and weights in the order in which they are added; names are given here."""

    def __init__(self) -> None:
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


def graph_of(state: State) -> bytes:
    """The graph of one checkpoint, word embeddings left out; the same bytes for the same weights.

    ids (1, t) int64 and pool (sentences, t) → answers (sentences,), none (1,), span (t, 2), as
    `index.embedding.minilm.PairGraph` runs it.
    """
    state = {name: array.astype(np.float32) for name, array in state.items()}
    g = Graph()
    words = TensorProto(name="words", data_type=TensorProto.FLOAT, dims=[WORDS, WIDE])
    words.data_location = TensorProto.EXTERNAL
    for key, value in WORD_EMBEDDINGS.items():
        words.external_data.add(key=key, value=value)
    x = _embedded(g, state)
    for layer in range(LAYERS):
        x = _layer(g, x, state, f"body.encoder.layer.{layer}")
    _heads(g, x, state)
    ints, floats = TensorProto.INT64, TensorProto.FLOAT
    graph = helper.make_graph(
        g.nodes,
        "reader",
        [_tensor("ids", ints, 1, "tokens"), _tensor("pool", floats, "sentences", "tokens")],
        [_tensor("answers", floats, "sentences"), _tensor("none", floats, 1), _tensor("span", floats, "tokens", 2)],
        [words, *g.weights],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="quotewell")
    return bytes(model.SerializeToString(deterministic=True))


def export_reader(checkpoints: Sequence[Path], folder: Path) -> str:
    """Write the graph of .safetensors files as training writes them, and its hash, which is returned, beside the blend.

    Of several the weights are averaged: a start and what was trained from it together know what either does (WiSE-FT,
    Wortsman et al. 2022). The blend that stands in `folder` stays: it was fitted for another model, and must be fitted
    again. Raises BadInput where a file is no such checkpoint.
    """
    try:
        states = [load_file(checkpoint) for checkpoint in checkpoints]
        graph = graph_of(
            {name: np.mean([one[name].astype(np.float32) for one in states], axis=0) for name in states[0]}
        )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        names = ", ".join(f"'{checkpoint}'" for checkpoint in checkpoints)
        raise BadInput(f"{names} is no checkpoint of the reading model: {error}; name a .safetensors") from error
    about = json.loads((folder / ABOUT).read_text("utf-8"))
    about["sha256"] = hashlib.sha256(graph).hexdigest()
    (folder / GRAPH).write_bytes(graph)
    (folder / ABOUT).write_text(f"{json.dumps(about, indent=1)}\n", "utf-8")
    return str(about["sha256"])


def _tensor(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _embedded(g: Graph, state: State) -> str:
    places = state["body.embeddings.position_embeddings.weight"][:WINDOW]
    places = places + state["body.embeddings.token_type_embeddings.weight"][0]  # trained with one kind of token alone
    first, tokens = g.weight(np.array([0], np.int64)), g.op("Shape", "ids", start=1)
    at = g.op("Slice", g.op("Cast", g.weight(places.astype(np.float16)), to=TensorProto.FLOAT), first, tokens)
    return _norm(g, g.op("Add", g.op("Gather", "words", "ids"), at), state, "body.embeddings.LayerNorm")


def _layer(g: Graph, x: str, state: State, name: str) -> str:
    even = _even(g, x)
    parts = (_product(g, even, state, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
    seen = g.op("MultiHeadAttention", *parts, domain=_MICROSOFT, num_heads=HEADS)
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
    return g.op("LayerNormalization", x, *parts, axis=-1, epsilon=_EPSILON)
