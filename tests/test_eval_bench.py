"""Costs: the figures are there, have their n, and say what was run; how large they are is the machine's affair."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.bench.bench import Bench, bench, markdown_of_bench, text_of_bench
from eval.bench.growth import block_of, exponent, growth, markdown_of_growth, plot_of_growth, scaling, zipf_texts
from eval.runs.tables import json_of, replace_block
from eval.scoring.costs import (
    Spread,
    answering,
    cold,
    cpu_seconds,
    in_memory,
    indexing,
    lexical,
    scanning,
    searching,
)
from eval.scoring.latency import P95_NEEDS
from index.build import Builder
from index.embedding.embedder import Encoded, HashEmbedder
from index.embedding.vectors import unit_rows
from index.errors import BadInput, IndexMissing, QuotewellError
from index.search import Index, open_index
from index.settings import Settings

QUESTIONS = ("When did the Marten bakery open?", "How many people does the Linden theatre seat?", "Who is Zorp?")
STAGES = ("encoding the question", "both rankers and fusion", "reading", "understanding, choosing, citing")
FOUND = Bench(
    "v1",
    1234,
    (Spread("cold answer", "CPU s", (0.5, 0.25, 1.0)), Spread("warm answer", "CPU ms", tuple(range(1, 202)))),
    False,
    ("cold: a note",),
)


def by_name(spreads: tuple[Spread, ...]) -> dict[str, Spread]:
    return {spread.name: spread for spread in spreads}


def test_cpu_seconds_are_spent_by_work_and_not_by_waiting() -> None:
    done, seconds = cpu_seconds(sum, range(200_000))
    assert done == 19_999_900_000
    assert seconds > 0


def test_a_95th_percentile_is_given_only_where_there_are_enough_observations_for_one() -> None:
    assert Spread("s", "u", tuple(range(P95_NEEDS - 1))).p95 is None
    assert Spread("s", "u", tuple(range(1, 202))).p95 == 191
    assert Spread("s", "u", (3, 1, 2)).median == 2


def test_the_stages_of_each_warm_answer_add_up_to_the_whole(hash_index: Index, hash_settings: Settings) -> None:
    spreads = by_name(answering(hash_index, hash_settings, QUESTIONS, "answer"))
    assert list(spreads) == ["answer", *(f"answer: {stage}" for stage in STAGES)]
    assert {len(spread.values) for spread in spreads.values()} == {len(QUESTIONS)}
    assert min(value for spread in spreads.values() for value in spread.values) >= 0
    whole, *stages = (spread.values for spread in spreads.values())
    assert min(whole) > 0
    assert [sum(parts) for parts in zip(*stages, strict=True)] == pytest.approx(whole)


def test_an_answer_is_measured_with_one_embedding_of_its_question(
    hash_index: Index, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in capitals is read in small letters, and was embedded as it was typed, too."""
    embedded: list[str] = []
    encode = HashEmbedder.encode_question

    def noted(self: HashEmbedder, text: str) -> Encoded:
        embedded.append(text.lower())
        return encode(self, text)

    monkeypatch.setattr(HashEmbedder, "encode_question", noted)
    answering(hash_index, hash_settings, ["WHEN DID THE MARTEN BAKERY OPEN?"], "answer")
    assert len(embedded) == len({*embedded})


def test_a_search_is_measured_beside_the_embedding_alone_with_no_question_known(
    hash_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []
    encode = HashEmbedder.encode_question

    def noted(self: HashEmbedder, text: str) -> Encoded:
        embedded.append(text)
        return encode(self, text)

    monkeypatch.setattr(HashEmbedder, "encode_question", noted)
    alone, search, ratio = searching(hash_index, QUESTIONS, 3)
    assert len(embedded) == 1 + 2 * len(QUESTIONS) == len({*embedded})  # each search embeds its own
    assert ratio.values == pytest.approx([a / b for a, b in zip(search.values, alone.values, strict=True)])


def test_a_scan_by_signs_is_measured_beside_that_of_all_with_what_both_find() -> None:
    dice = np.random.default_rng(3)
    middles = unit_rows(dice.standard_normal((60, 64), np.float32))
    vectors = unit_rows(np.repeat(middles, 100, axis=0) + dice.standard_normal((6000, 64), np.float32) / 40)
    spreads = by_name(scanning(vectors, list(middles[:5]), runs=1))
    assert spreads["vectors: ten best found by signs"].values == (100,) * 5  # of a hundred each that are nearly alike
    assert spreads["vectors: memory of a passage"].values == (4 * 64 + 64 / 8,)
    scattered = by_name(scanning(-vectors[:50], [vectors[0]], runs=1))
    assert scattered["vectors: ten best found by signs"].values == (100,)  # of few, all are scored


def test_indexing_is_measured_anew_each_run_and_unchanged_files_embed_nothing(
    six_files: Path, hash_settings: Settings, tmp_path: Path
) -> None:
    spreads = by_name(indexing(six_files, hash_settings, tmp_path / "work", 2))
    assert {len(spread.values) for spread in spreads.values()} == {2}
    assert min(spreads["indexing: passages"].values) > 0
    assert spreads["indexing: tokens"].median > spreads["indexing: passages"].median
    assert min(spreads["indexing unchanged files"].values) > 0
    assert spreads["indexing unchanged files: embedded"].values == (0, 0)
    own = hash_settings.model_copy(update={"data": tmp_path / "work" / "1"})
    assert open_index(own.data, own, HashEmbedder()).passage_count == 6


def test_the_ratio_of_bm25_is_that_of_its_two_ways_question_by_question(hash_index: Index) -> None:
    scans, postings, ratios, memory = (spread.values for spread in lexical(hash_index, QUESTIONS, 1))
    assert ratios == pytest.approx([scan / posting for scan, posting in zip(scans, postings, strict=True)])
    assert (len(ratios), len(memory)) == (len(QUESTIONS), 1)
    assert min(*ratios, *memory) > 0


def test_a_score_that_differs_in_one_bit_ends_the_measurement(hash_index: Index) -> None:
    dampers = in_memory(hash_index)._dampers
    dampers[:] = dampers * (1 + 2**-52)
    with pytest.raises(AssertionError, match="not rank_bm25's"):
        lexical(hash_index, QUESTIONS, 1)


def test_an_index_without_words_cannot_be_measured(hash_settings: Settings, hash_builder: Builder) -> None:
    hash_builder.index([_one_article(hash_settings.data.parent)])
    hash_builder.delete("only")
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())
    with pytest.raises(BadInput, match="no words to measure on"):
        lexical(index, QUESTIONS, 1)


def test_no_questions_and_no_index_are_errors_that_say_so(hash_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no questions"):
        bench(hash_settings, [], tmp_path / "work")
    with pytest.raises(IndexMissing):
        bench(hash_settings, QUESTIONS, tmp_path / "work", runs=1)


@pytest.mark.slow
def test_a_fresh_process_that_fails_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(QuotewellError, match=r"ended with 5: .*mend that first"):
        cold(tmp_path / "nothing", QUESTIONS[0], 1)


@pytest.mark.slow
def test_one_run_measures_everything_on_the_index_that_was_named(
    hash_index: Index, hash_settings: Settings, tmp_path: Path
) -> None:
    """A cold answer is a process of its own, with its own memory and no torch."""
    ballast = bytearray(1 << 30)  # 1 GiB touched here must not count as the child's
    ballast[:: 1 << 12] = b"x" * len(ballast[:: 1 << 12])
    steps: list[str] = []
    asked = [*QUESTIONS, f" {QUESTIONS[0]}"]
    found = bench(hash_settings, asked, tmp_path / "work", runs=1, on=lambda step, *_: steps.append(step))
    assert (found.index_version, found.passages, found.torch_loaded) == (hash_index.version, 6, False)
    assert steps == ["indexing", "cold answers", "warm answers", "BM25 and vectors"]
    spreads = by_name(found.spreads)
    assert min(spreads["cold answer"].values) > 0
    assert 10 < spreads["cold answer: peak memory"].median < 1024
    assert len(spreads["warm answer"].values) == len(QUESTIONS)  # the repeated one is asked once
    assert found.notes[0].endswith("of 1; torch was not loaded")
    assert spreads.keys() >= {"cold answer", "search / embedding alone", "warm answer", "without the model: reading"}
    assert spreads.keys() >= {"indexing: tokens", "BM25: rank_bm25 / postings", "vectors: all / like signs"}


def test_the_table_is_aligned_and_gives_n_and_spread() -> None:
    assert text_of_bench(FOUND).splitlines() == [
        "CPU time and memory · 1,234 passages · index v1",
        "",
        "cost         unit      n   min  mean  median  p95   max",
        "cold answer  CPU s     3  0.25  0.58    0.50       1.00",
        "warm answer  CPU ms  201  1.00   101     101  191   201",
        "",
        "cold: a note",
    ]


def test_json_gives_every_observation() -> None:
    told = json.loads(json.dumps(json_of(FOUND)))
    assert told["spreads"][0] == {"name": "cold answer", "unit": "CPU s", "values": [0.5, 0.25, 1.0]}
    assert (told["passages"], told["torch_loaded"], told["notes"]) == (1234, False, ["cold: a note"])


def test_the_markdown_table_stands_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- eval:bench -->\n<!-- /eval:bench -->\nafter\n", "utf-8")
    table = markdown_of_bench(replace(FOUND, spreads=FOUND.spreads[:1]), command="quotewell eval bench")
    assert replace_block(page, "bench", table)
    lines = page.read_text("utf-8").splitlines()
    assert lines[2:5] == [
        "| cost | unit | n | min | mean | median | p95 | max |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
        "| cold answer | CPU s | 3 | 0.25 | 0.58 | 0.50 |  | 1.00 |",
    ]
    assert lines[6:8] == [
        "CPU time and memory · 1,234 passages · index v1: written by `quotewell eval bench`.",
        "Cold: a note.",
    ]


def _one_article(folder: Path) -> Path:
    path = folder / "only.txt"
    path.write_text("The only article speaks of one lighthouse near the northern coast.\n", "utf-8")
    return path


@pytest.mark.slow
def test_growth_is_measured_at_each_size_with_its_exponent(hash_settings: Settings, tmp_path: Path) -> None:
    found = growth([60, 20], hash_settings, tmp_path)
    assert found.sizes == (20, 60)
    assert all(len(of.values) == 2 and min(of.values) > 0 for of in found.costs)
    costs = {of.name: of.values for of in found.costs}
    for name in ("index on disk", "index: read when it is opened"):
        assert costs[name][0] < costs[name][1]
    assert costs.keys() >= {"search", "answer: reading", "one article replaced, until it is found"}
    assert costs.keys() >= {"index: memory / read", "vectors: all / like signs"}
    page = markdown_of_growth(found, command="quotewell eval growth --size 20 --size 60")
    assert page.startswith("| cost | unit | 20 | 60 | exponent |")
    assert "written by `quotewell eval growth --size 20 --size 60`." in page
    assert json_of(found)["sizes"] == [20, 60]
    drawn = plot_of_growth(found)
    assert drawn == plot_of_growth(found) and drawn.startswith("<svg") and "times that of 20" in drawn
    assert f"building: {exponent(found.sizes, found.costs[0].values):.2f}" in drawn


def test_the_exponent_is_that_of_a_power_of_the_size() -> None:
    assert exponent((10, 100, 1_000), (3, 30, 300)) == pytest.approx(1)
    assert exponent((10, 1_000), (5, 50)) == pytest.approx(0.5)
    assert exponent((10, 1_000), (0, 0)) == pytest.approx(0)  # a cost below what the clock tells grows not at all


def test_made_texts_are_the_same_again_and_one_size_fits_no_line(hash_settings: Settings, tmp_path: Path) -> None:
    assert [*zipf_texts(3)] == [*zipf_texts(3)]
    assert [len(text.split()) for text in zipf_texts(2)] == [98, 98]
    with pytest.raises(BadInput, match="two sizes"):
        growth([5, 5], hash_settings, tmp_path)


@pytest.mark.slow
def test_an_engine_that_looks_at_all_vectors_finds_what_memory_finds(tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed: pip install '.[milvus]'")
    found = scaling([60], str(tmp_path / "lite.db"), tmp_path / "work")
    costs = {(of.name, of.unit): of.values for of in found.costs}
    assert costs["passages", ""][0] > 30
    assert {values for (name, _), values in costs.items() if name.startswith("ten best")} == {(100.0,)}
    assert min(values[0] for (name, _), values in costs.items() if name.startswith("search")) > 0
    assert "milvus_lite" in markdown_of_growth(found, command="quotewell eval scaling --size 60")


def test_an_engine_that_cannot_be_used_ends_the_measurement_with_its_message(tmp_path: Path) -> None:
    with pytest.raises(QuotewellError, match="is no address of a search engine"):
        scaling([20], "milvus+http://nowhere", tmp_path)


def test_the_table_of_each_engine_has_a_place_of_its_own_in_the_documents() -> None:
    """By its address, so that a run over PostgreSQL never replaces what was measured over Milvus."""
    kinds = {
        "": "scaling",
        "milvus+http://db:19530/name": "scaling",
        "postgresql://db:5432/app/name": "scaling-postgres",
    }
    assert {store: block_of(store, graph=False) for store in kinds} == kinds
    assert {block_of(store, graph=True) for store in kinds} == {"scaling-graph", "scaling-postgres-graph"}
    page = (Path(__file__).parent.parent / "docs" / "scaling.md").read_text("utf-8")
    for block in {*kinds.values(), "scaling-graph"}:
        assert page.count(f"<!-- eval:{block} -->") == page.count(f"<!-- /eval:{block} -->") == 1
