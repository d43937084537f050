"""Token vectors kept or made again: the same numbers, the same answers, and fewer bytes."""

from pathlib import Path

import numpy as np
import pytest

from index.build import Builder
from index.doctor import Diagnosis, examine
from index.embedding.embedder import Embedder, HashEmbedder, OnnxEmbedder
from index.errors import IndexMismatch
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.storage.store import Store
from index.verify import builder_as_built
from rag.assistant import open_assistant

SEEDS = Path(__file__).parent.parent / "seeds"
QUESTIONS = (
    "Who discovered comet Harrow?",
    "How much did the bridge cost?",
    "Who is it?",
    "What does Atlantis export?",
)


class Counting(HashEmbedder):
    """Counts how often passages are embedded, and how many."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def encode_passages(self, texts, on_text=lambda _: None):  # type: ignore[no-untyped-def]
        self.calls.append(len(texts))
        return super().encode_passages(texts, on_text)


def built(folder: Path, source: Path, embedder: Embedder, **changes: str) -> tuple[Index, Settings]:
    settings = load_settings(data=folder, embedder=embedder.name, **changes)
    Builder(settings.data, settings, embedder).index([source])
    return open_index(settings.data, settings, embedder), settings


def test_recomputed_encodings_are_the_stored_ones(tmp_path: Path, six_files: Path) -> None:
    stored, _ = built(tmp_path / "stored", six_files, HashEmbedder())
    again, _ = built(tmp_path / "again", six_files, HashEmbedder(), token_vectors="recomputed")
    rows = [3, 0, 5, 0]
    assert again.encodings(rows) == stored.encodings(rows) == [stored.encodings([row])[0] for row in rows]
    assert again.encodings([]) == stored.encodings([]) == []


def test_both_ways_give_the_same_answers(tmp_path: Path, six_files: Path) -> None:
    said = []
    for kept in ("stored", "recomputed"):
        _, settings = built(tmp_path / kept, six_files, HashEmbedder(), token_vectors=kept)
        answers = [open_assistant(settings=settings).ask(question) for question in QUESTIONS]
        said.append([(a.text, a.confidence, a.evidence, a.citations, a.reason) for a in answers])
    assert said[0] == said[1]


def test_what_is_recomputed_is_kept_neither_in_the_index_nor_in_the_store(tmp_path: Path, six_files: Path) -> None:
    stored, _ = built(tmp_path / "stored", six_files, HashEmbedder())
    again, settings = built(tmp_path / "again", six_files, HashEmbedder(), token_vectors="recomputed")
    assert [index.generation.content.pieces["tokens"].sizes.sum() > 0 for index in (stored, again)] == [True, False]
    assert np.array_equal(stored.generation.array("vectors"), again.generation.array("vectors"))
    with Store.open(settings.data) as store, store.snapshot() as now:
        assert all(len(one.encoding.tokens) == 0 for _, passages in now.whole() for one in passages)
        assert store.verify() == []


def test_passages_that_are_read_together_are_embedded_together(tmp_path: Path, six_files: Path) -> None:
    embedder = Counting()
    index, _ = built(tmp_path / "again", six_files, embedder, token_vectors="recomputed")
    embedder.calls.clear()
    index.encodings([4, 2, 1])
    assert embedder.calls == [3]


def test_the_index_says_which_way_it_was_built_whatever_the_settings_say(tmp_path: Path, six_files: Path) -> None:
    again, settings = built(tmp_path / "again", six_files, HashEmbedder(), token_vectors="recomputed")
    other = settings.model_copy(update={"token_vectors": "stored"})
    assert open_index(settings.data, other, HashEmbedder()).encodings([1]) == again.encodings([1])
    with pytest.raises(IndexMismatch, match="token_vectors 'recomputed' where the settings now say 'stored'"):
        Builder(settings.data, other, HashEmbedder()).index([six_files])
    assert builder_as_built(other).index([six_files]).unchanged == 6
    assert Builder(settings.data, other, HashEmbedder()).index([six_files], rebuild=True).embedded_passages == 6
    assert open_index(settings.data, settings, HashEmbedder()).generation.content.pieces["tokens"].sizes.sum() > 0


def test_an_index_of_stored_tokens_goes_on_as_it_was_built(tmp_path: Path, six_files: Path) -> None:
    """Its recipe does not name the choice, as those from before it do not."""
    index, settings = built(tmp_path / "stored", six_files, HashEmbedder())
    assert "token_vectors" not in index.recipe
    other = settings.model_copy(update={"token_vectors": "recomputed"})
    with pytest.raises(IndexMismatch, match="token_vectors 'stored' where the settings now say 'recomputed'"):
        Builder(settings.data, other, HashEmbedder()).index([six_files])
    assert builder_as_built(other).index([six_files]).unchanged == 6


@pytest.mark.slow
def test_the_real_embedder_gives_the_same_tokens_again(minilm: OnnxEmbedder, seeds_data: Path, tmp_path: Path) -> None:
    """Alone, together with others of another length, and in the batches of building: the same int8 and scales."""
    stored = open_index(seeds_data, load_settings(data=seeds_data), minilm)
    again, _ = built(tmp_path / "again", SEEDS, minilm, token_vectors="recomputed")
    rows = list(range(0, stored.passage_count, 3))
    kept = stored.encodings(rows)
    assert again.encodings(rows) == kept
    assert [again.encodings([row])[0] for row in rows] == kept
    assert again.encodings(rows[::-1]) == kept[::-1]


@pytest.mark.parametrize("kept", ["stored", "recomputed"])
def test_the_doctor_says_what_a_passage_costs(
    tmp_path: Path, six_files: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    index, settings = built(tmp_path / "data", six_files, HashEmbedder(), token_vectors=kept)
    other = Diagnosis("other", "ok", "", "")
    checks = examine(settings.data, lambda _: other)
    assert other in checks
    (size,) = [check for check in checks if check.name == "size"]
    files = {path.name: path.stat().st_size for path in index.generation.folder.glob("*.*") if path.stem != "manifest"}
    tokens = sum(count for name, count in files.items() if name.startswith("token"))
    assert size.state == "ok"
    assert f"{sum(files.values()) // 6:,} bytes a passage" in size.says
    assert f"{tokens // 6:,} for token vectors ({kept}) and {files['vectors.npy'] // 6:,} for its own" in size.says
