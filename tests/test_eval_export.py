"""The exported graph computes what the checkpoint says, up to its 8-bit weights, and is the same bytes twice."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from transformers import MPNetConfig, MPNetModel

from eval.reading.network import ReadingNetwork, ship
from index.embedding.minilm import PairGraph
from index.embedding.weights import packaged_onnx
from index.errors import BadInput
from rag.reading.model import ABOUT, GRAPH, load_read_model
from rag.reading.reader import reader_files

pytest.importorskip("onnx", reason="onnx is needed by `quotewell eval export-reader` alone")
export = pytest.importorskip("eval.training.export_reader")

Floats = NDArray[np.float32]
LAYERS = 2
PARTS = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
IDS = (101, 2043, 2001, 1996, 7097, 2328, 102, 1996, 7097, 2001, 2328, 1999, 5184, 1012, 102)


@pytest.fixture(scope="module")
def state() -> dict[str, Floats]:
    """A checkpoint of random weights, each product about as large as what goes in."""
    chance = np.random.default_rng(5)

    def linear(rows: int, columns: int) -> Floats:
        return (chance.standard_normal((rows, columns)) / math.sqrt(columns)).astype(np.float32)

    def norm(name: str) -> dict[str, Floats]:
        return {
            f"{name}.weight": (1 + chance.standard_normal(384) / 10).astype(np.float32),
            f"{name}.bias": (chance.standard_normal(384) / 10).astype(np.float32),
        }

    made = {
        "body.embeddings.position_embeddings.weight": linear(512, 384),
        "body.embeddings.token_type_embeddings.weight": linear(2, 384),
        **norm("body.embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        name = f"body.encoder.layer.{layer}"
        sizes = {**dict.fromkeys(PARTS, (384, 384)), "intermediate.dense": (1536, 384), "output.dense": (384, 1536)}
        for part, (rows, columns) in sizes.items():
            made[f"{name}.{part}.weight"] = linear(rows, columns)
            made[f"{name}.{part}.bias"] = linear(1, rows)[0]
        made |= norm(f"{name}.attention.output.LayerNorm") | norm(f"{name}.output.LayerNorm")
    heads = {
        "sentence.0": (384, 768),
        "sentence.2": (1, 384),
        "none.0": (384, 384),
        "none.2": (1, 384),
        "span": (2, 384),
    }
    for name, (rows, columns) in heads.items():
        made[f"{name}.weight"], made[f"{name}.bias"] = linear(rows, columns), np.zeros(rows, np.float32)
    return made


def gelu(x: Floats) -> Floats:
    curved: Floats = (x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))).astype(np.float32)
    return curved


def expected(state: dict[str, Floats], ids: tuple[int, ...], pool: Floats) -> tuple[Floats, Floats, Floats]:
    """The transformer written out in floats."""

    def linear(x: Floats, name: str) -> Floats:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def norm(x: Floats, name: str) -> Floats:
        even = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        scaled: Floats = even * state[f"{name}.weight"] + state[f"{name}.bias"]
        return scaled

    words = np.memmap(packaged_onnx() / "onnx" / "model.onnx_data", np.float32, "r", 0, (export.WORDS, export.WIDE))
    x = words[list(ids)] + state["body.embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + state["body.embeddings.token_type_embeddings.weight"][0], "body.embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"body.encoder.layer.{layer}"
        q, k, v = (linear(x, f"{name}.{part}").reshape(-1, 12, 32).swapaxes(0, 1) for part in PARTS[:3])
        shares = np.exp(q @ k.swapaxes(1, 2) / math.sqrt(32))
        seen = (shares / shares.sum(-1, keepdims=True)) @ v
        seen = linear(seen.swapaxes(0, 1).reshape(-1, 384), f"{name}.attention.output.dense")
        x = norm(x + seen, f"{name}.attention.output.LayerNorm")
        wide = gelu(linear(x, f"{name}.intermediate.dense"))
        x = norm(x + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    both = np.concatenate([pool @ x, np.broadcast_to(x[:1], (len(pool), 384))], -1)
    answers = linear(gelu(linear(both, "sentence.0")), "sentence.2")[:, 0]
    return answers, linear(gelu(linear(x[:1], "none.0")), "none.2")[0], linear(x, "span")


def test_the_graph_computes_what_the_checkpoint_says(state: dict[str, Floats]) -> None:
    pool = np.zeros((2, len(IDS)), np.float32)
    pool[0, 7:10], pool[1, 10:14] = 1 / 3, 1 / 4
    answers, none, span = PairGraph(export.graph_of(state)).run(IDS, pool)
    wanted = expected(state, IDS, pool)
    ours, theirs = np.concatenate([answers, [none], span.ravel()]), np.concatenate([one.ravel() for one in wanted])
    assert theirs.std() > 0.3  # or nothing could be told apart
    assert np.abs(ours - theirs).max() < 0.15 * theirs.std()
    assert np.corrcoef(ours, theirs)[0, 1] > 0.995


def test_the_same_checkpoint_gives_the_same_bytes_and_its_hash_beside_the_blend(
    state: dict[str, Floats], tmp_path: Path
) -> None:
    save_file(state, tmp_path / "one.safetensors")
    about = {"sha256": "", "blend": {"passages": 2}}
    (tmp_path / ABOUT).write_text(json.dumps(about), "utf-8")
    written = export.export_reader([tmp_path / "one.safetensors"], tmp_path)
    graph = (tmp_path / GRAPH).read_bytes()
    assert graph == export.graph_of(state)
    assert json.loads((tmp_path / ABOUT).read_text("utf-8")) == about | {"sha256": written}
    save_file({name: array + 2.0 for name, array in state.items()}, tmp_path / "two.safetensors")
    export.export_reader([tmp_path / "one.safetensors", tmp_path / "two.safetensors"], tmp_path)
    between = {name: (array + (array + 2.0)) / 2 for name, array in state.items()}
    assert (tmp_path / GRAPH).read_bytes() == export.graph_of(between) != graph


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A random MPNet of two layers with the vocabulary of the real one, and a checkpoint of a reader made of it."""
    torch.manual_seed(7)
    shape: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 12}
    MPNetModel(
        MPNetConfig(vocab_size=30527, intermediate_size=96, initializer_range=0.3, layer_norm_eps=1e-5, **shape)
    ).save_pretrained(tmp_path)
    network = ReadingNetwork(tmp_path)
    ship(network, tmp_path / "teacher.safetensors")
    return tmp_path


def test_the_large_model_s_graph_reads_the_word_pieces_of_the_small_one(large: Path) -> None:
    folder = large / "exported"
    sha256 = export.export_reader([large / "teacher.safetensors"], folder, large)
    assert json.loads((folder / ABOUT).read_text("utf-8")).keys() == {"blend", "sha256"}  # of its own
    ids = IDS * 12  # so far apart that distances are told in steps
    pool = np.zeros((2, len(ids)), np.float32)
    pool[0, 7:10], pool[1, 110:114] = 1 / 3, 1 / 4
    answers, none, span = PairGraph((folder / GRAPH).read_bytes()).run(ids, pool)
    own = torch.tensor([[{101: 0, 102: 2}.get(one, one + 4) for one in ids]])
    network = ReadingNetwork(large)
    network.load(large / "teacher.safetensors")
    with torch.no_grad():
        wanted = network(own, torch.ones_like(own), torch.from_numpy(pool)[None])
    theirs = np.concatenate([one.numpy().ravel() for one in wanted])
    ours = np.concatenate([answers, [none], span.ravel()])
    assert np.corrcoef(ours, theirs)[0, 1] > 0.995
    assert load_read_model(folder).sha256 == sha256 == reader_files("model", str(folder)).model.sha256  # type: ignore[union-attr]


def test_a_large_model_s_checkpoint_alone_says_what_it_lacks(large: Path) -> None:
    with pytest.raises(BadInput, match="--backbone"):
        export.export_reader([large / "teacher.safetensors"], large / "exported")


@pytest.mark.parametrize("content", [b"no checkpoint", b""])
def test_a_file_that_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match="is no checkpoint of the reading model"):
        export.export_reader([tmp_path / "one.safetensors"], tmp_path)


def test_another_model_s_checkpoint_is_refused(tmp_path: Path) -> None:
    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "one.safetensors")
    with pytest.raises(BadInput, match="is no checkpoint of the reading model"):
        export.export_reader([tmp_path / "one.safetensors"], tmp_path)
