"""Planting is deterministic and changes what it says; the measure counts what was found and what was shown wrongly."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from eval.experiments.conflicts import (
    Banner,
    ConflictBench,
    ConflictReport,
    figures,
    markdown_of_conflicts,
    measure,
    text_of_conflicts,
)
from eval.experiments.planted_conflicts import Plant, plants
from eval.runs.tables import json_of
from eval.scoring.judge import judge_for
from eval.sets.beir import BeirSet
from eval.sets.gold import Question
from index.embedding.embedder import HashEmbedder
from index.errors import BadGold
from index.records import Hit, Kind
from index.search import Index, open_index
from index.settings import Settings
from rag.answer import Quote, Reading
from rag.language.facts import differ, facts
from rag.question.analysis import Query
from rag.reading.model import Excerpt, Finding
from rag.structure import BODY
from tests import make

ASKED = {
    "bakery": ("When did the Marten bakery open on Quarry Street?", "1987"),
    "bridge": ("When was the Sollen bridge closed for repairs?", "March 2019"),
    "comet": ("Who discovered Comet Harrow?", "Ilse Brandt"),
    "ferry": ("How long does the winter crossing take?", "six hours"),
    "orchard": ("How much of the harvest did frost destroy in 2021?", "half"),
    "theatre": ("How many people does the Linden theatre seat?", "312"),
}


class FirstSentences:
    """Reads the sentences of the hits in their order, as sure of one as of another."""

    name = "first"

    def __init__(self, *, refuses: bool = False) -> None:
        self._refuses = refuses

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        quotes = [Quote(hit.passage, span.start, span.end, 1.0) for hit in hits for span in hit.passage.sentences]
        wanted = {word for word in asked.text.lower().split() if len(word) > 4}
        quotes.sort(
            key=lambda quote: -sum(word in quote.passage.text[quote.start : quote.end].lower() for word in wanted)
        )
        return Reading(tuple(quotes[:10]), tuple(hits), 1.0)

    def finding(self, question: str, excerpt: Excerpt) -> Finding | None:
        """No model reads, or one that finds no answer anywhere."""
        return Finding((-1.0,), None, -1.0) if self._refuses else None


def the_set(folder: Path) -> BeirSet:
    questions = tuple(Question(f"q-{name}", text, True, (answer,), (), ()) for name, (text, answer) in ASKED.items())
    return BeirSet("six", folder, questions, {f"q-{name}": {name: 1} for name in ASKED}, ())


@pytest.fixture
def made(hash_index: Index, six_files: Path) -> list[Plant]:
    questions = the_set(six_files)
    return plants(questions.questions, dict(judge_for(questions, hash_index).keys), hash_index, 10)


@pytest.fixture
def report(hash_index: Index, hash_settings: Settings, six_files: Path) -> ConflictReport:
    bench = ConflictBench(hash_settings, HashEmbedder(), lambda _: FirstSentences())
    return measure(the_set(six_files), hash_index, bench)


def test_the_same_plants_are_made_every_time(made: list[Plant], hash_index: Index, six_files: Path) -> None:
    questions = the_set(six_files)
    again = plants(questions.questions, dict(judge_for(questions, hash_index).keys), hash_index, 10)
    assert made == again
    assert len({plant.document_id for plant in made}) == len(made) >= 4


def test_a_planted_number_or_date_contradicts_the_original_and_a_copy_does_not(made: list[Plant]) -> None:
    for plant in (plant for plant in made if plant.change != "other subject"):
        changed = any(differ(a, b) for a in facts(plant.original) for b in facts(plant.text))
        assert changed is (plant.change in ("number", "date")), plant
        assert (" not " in plant.text) is (plant.change == "negation")


def test_most_caps_the_plants(hash_index: Index, six_files: Path) -> None:
    questions = the_set(six_files)
    assert len(plants(questions.questions, dict(judge_for(questions, hash_index).keys), hash_index, 2)) == 2


def test_planted_contradictions_are_found_and_untouched_articles_bear_no_banner(report: ConflictReport) -> None:
    found = {figure.name: figure for figure in report.figures}
    assert found["precision, planted"].value == 1.0
    assert found["recall, planted"].value is not None
    assert found["recall, planted"].value >= 0.6
    assert found["banner on untouched articles"].value == 0.0
    assert found["banner on untouched articles"].n == len(ASKED)


def test_a_banner_that_the_reading_model_refuses_is_not_counted(
    hash_index: Index, hash_settings: Settings, six_files: Path
) -> None:
    bench = ConflictBench(hash_settings, HashEmbedder(), lambda _: FirstSentences(refuses=True))
    found = {figure.name: figure.value for figure in measure(the_set(six_files), hash_index, bench).figures}
    assert (found["precision, planted"], found["recall, planted"]) == (None, 0.0)


def test_measuring_leaves_the_index_as_it_was(
    report: ConflictReport, hash_index: Index, hash_settings: Settings
) -> None:
    after = open_index(hash_settings.data, hash_settings, HashEmbedder())
    assert after.version == hash_index.version == report.index_version
    assert sorted(after.document_ids) == sorted(ASKED)


def test_a_set_without_anything_to_change_is_refused(hash_settings: Settings, tmp_path: Path) -> None:
    index = make.index(tmp_path, {"plain": "Red apples grow there because people like to eat them."})
    questions = BeirSet(
        "plain", tmp_path, (Question("q", "What grows?", True, ("Red apples",), (), ()),), {"q": {"plain": 1}}, ()
    )
    with pytest.raises(BadGold, match="plain"):
        measure(questions, index, ConflictBench(hash_settings, HashEmbedder(), lambda _: FirstSentences()))


def banner(change: str | None, *, shown: bool, right: bool) -> Banner:
    values = ("1", "2") if shown else ()
    one = Banner("q", "?", None, "", "", (), (), values, read=True, found=right, right=right)
    return replace(one, change=change)  # type: ignore[arg-type]


def test_figures_are_counted_by_hand() -> None:
    """Three plants contradict: two found, one missed. A copy bears a false banner. One of four untouched ones does."""
    rows = [
        banner("number", shown=True, right=True),
        banner("date", shown=True, right=True),
        banner("negation", shown=False, right=False),
        banner("copy", shown=True, right=False),
        *(banner(None, shown=n == 0, right=False) for n in range(4)),
    ]
    found = {figure.name: (figure.value, figure.n) for figure in figures(rows)}
    assert found["precision, planted"] == (2 / 3, 3)
    assert found["recall, planted"] == (2 / 3, 3)
    assert found["recall, negation"] == (0.0, 1)
    assert found["banner on a copy"] == (1.0, 1)
    assert found["banner on another subject"] == (None, 0)
    assert found["banner on untouched articles"] == (0.25, 4)


def test_a_report_reads_as_text_markdown_and_json(report: ConflictReport) -> None:
    assert "precision, planted" in text_of_conflicts(report)
    table = markdown_of_conflicts([report], command="quotewell eval conflicts six")
    assert "| six | 1.000 [1.000, 1.000] n=" in table
    assert "`quotewell eval conflicts six`" in table
    record = json.loads(json.dumps(json_of(report)))
    assert record["figures"]["precision, planted"]["value"] == 1.0
    assert len(record["banners"]) == len(report.banners)
