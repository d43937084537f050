"""How the reading model counts is fitted on what the product's own reader makes of questions."""

import json
import math
import shutil
from dataclasses import asdict, replace
from operator import mul
from pathlib import Path

import pytest

from eval.sets.sets import open_set, resolve_set
from eval.training.blend import SeenAsked, fit_on, gather, outcome, write_blend
from index.embedding.minilm import OnnxEmbedder
from index.settings import load_settings
from rag.pipeline import READ_HITS
from rag.question.analysis import analyse
from rag.reading.model import ABOUT, Blend, load_read_model
from rag.reading.reader import LinearReader, ModelReader, reader_files
from rag.reading.weights import logistic

pytestmark = pytest.mark.slow

GOLD = Path(__file__).parent.parent / "eval" / "gold" / "articles-dev.jsonl"


@pytest.fixture(scope="module")
def seen(minilm: OnnxEmbedder, tmp_path_factory: pytest.TempPathFactory) -> list[SeenAsked]:
    work = tmp_path_factory.mktemp("blend")
    return gather(resolve_set(GOLD), 6, load_settings(), minilm, work, lambda *_: None)


def test_what_is_kept_reads_as_the_product_reads(seen: list[SeenAsked], minilm: OnnxEmbedder, tmp_path: Path) -> None:
    questions = resolve_set(GOLD)
    index, _ = open_set(questions, load_settings(), minilm, tmp_path, lambda *_: None)
    files = reader_files("model")
    reader = ModelReader(LinearReader(index, files.weights, "linear"), load_read_model())
    checked = 0
    for one in seen:
        if one.counts != 1.0:
            continue  # a twin, or without its documents
        asked = analyse(one.asked.text, index.stem, index.asked)
        read, blend = reader.read(asked, index.search(one.asked.text, limit=READ_HITS)), load_read_model().blend
        first, told = read.quotes[0], outcome(one, blend)
        slopes = (blend.linear_odds, blend.short_odds, blend.gap_odds)
        assert logistic(math.fsum((*map(mul, slopes, told.odds), blend.bias))) == pytest.approx(read.confidence)
        assert told.right == ((first.passage.document_id, first.start) in one.right)
        checked += 1
    assert checked >= 6


def test_every_question_is_seen_without_its_documents_and_some_as_twins(seen: list[SeenAsked]) -> None:
    assert {one.counts for one in seen} == {0.5, 1.0, 2.0}
    assert all(not one.right for one in seen if one.counts != 1.0)


def test_a_fit_says_the_same_twice_and_is_read_back(seen: list[SeenAsked], tmp_path: Path) -> None:
    said: list[str] = []
    blend = fit_on(seen, load_read_model().blend, said.append)
    assert fit_on(seen, load_read_model().blend, lambda _: None) == blend
    assert [line.partition(":")[0] for line in said[-2:]] == ["articles-dev, shipped", "articles-dev, fitted"]
    shipped = Path(__file__).parent.parent / "rag" / "reading" / ABOUT
    shutil.copy(shipped, tmp_path / ABOUT)
    write_blend(blend, tmp_path)
    about = json.loads((tmp_path / ABOUT).read_text("utf-8"))
    assert Blend(**about["blend"]) == blend
    assert about["sha256"] == json.loads(shipped.read_text("utf-8"))["sha256"]


def test_a_blend_that_reads_nothing_of_the_model_orders_by_the_linear_reader(seen: list[SeenAsked]) -> None:
    silent = Blend(**{**asdict(load_read_model().blend), "gap": 0.0})
    for one in seen:
        told = outcome(one, silent)
        assert told.right == (one.scored[0].place in one.right)
        assert outcome(one, replace(silent, passages=1)).passages == 1
