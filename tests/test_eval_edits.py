"""Generated edits: each oracle is true of the text it leaves, the same cases come every time, the figures add up."""

import json
from pathlib import Path

import pytest

from eval.experiments.article_edits import EDITS, LEAST_ARTICLE, edit_cases, joined
from eval.experiments.changes import (
    WAYS,
    ChangesReport,
    json_of_changes,
    judged_documents,
    markdown_of_changes,
    measure_changes,
    text_of_changes,
)
from eval.sets.beir import read_beir
from eval.sets.sets import half
from index.errors import BadInput
from index.records import Document
from tests import make


@pytest.fixture(scope="module")
def report(seeds: list[Document]) -> ChangesReport:
    return measure_changes(seeds, set_name="seeds", most_sentences=1)


def test_every_oracle_is_true_of_the_text_that_its_edit_leaves(seeds: list[Document]) -> None:
    cases = list(edit_cases(seeds, most_sentences=4))
    assert {case.kind for case in cases} == set(EDITS)
    for case in cases:
        quote, after = case.document.text[case.span.start : case.span.end], case.after
        if after.text is None or after.span is None:
            assert after.state == "gone" and quote not in (after.text or ""), case.kind
            continue
        now = after.text[after.span.start : after.span.end]
        assert after.text != case.document.text, case.kind
        assert (now == quote) == (after.state in ("unchanged", "moved")), case.kind
        assert (after.span == case.span and now == quote) == (after.state == "unchanged"), case.kind


def test_the_same_articles_give_the_same_cases(seeds: list[Document]) -> None:
    first, second = (list(edit_cases(seeds, most_sentences=2)) for _ in range(2))
    assert first == second


def test_short_documents_are_joined_to_articles_with_something_above_and_below() -> None:
    short = [make.document("Words. " * 60, f"d{n}") for n in range(9)]
    articles = joined(short)
    assert [article.id for article in articles] == ["d0", "d4", "d8"]
    assert all(len(article.text) >= LEAST_ARTICLE for article in articles[:-1])


def test_what_is_said_of_the_bundled_articles_is_right_and_unchanged_never_wrong(report: ChangesReport) -> None:
    figures = {figure.name: figure.value for figure in report.figures}
    for way in WAYS:
        right = figures[f"state right, {way}"]
        assert right is not None and right >= 0.99
        assert figures[f"falsely unchanged, {way}"] == 0
    assert report.articles == 4
    assert sum(kept.n for kept, _ in report.kinds.values()) == len(report.said)


def test_a_report_reads_the_same_as_text_as_markdown_and_as_json(report: ChangesReport) -> None:
    found = json.loads(json.dumps(json_of_changes(report)))
    name = f"state right, {WAYS[0]}"
    value = f"{found['figures'][name]['value']:.4f}"
    assert f"{name}" in text_of_changes(report) and value in text_of_changes(report)
    table = markdown_of_changes([report], command="some command")
    assert f"| seeds | {len(report.said)} | {name} | {value} |" in table
    assert "Written by `some command`." in table
    assert set(found["kinds"]) == set(report.kinds)
    for wrong in found["wrong"]:
        assert wrong["expected"] != wrong["said"]


def test_nothing_to_edit_is_an_error() -> None:
    with pytest.raises(BadInput, match="give at least two articles"):
        measure_changes([], set_name="none")


def test_only_documents_that_a_half_is_judged_by_are_taken(tmp_path: Path) -> None:
    lines = [json.dumps({"_id": f"d{n}", "title": "T", "text": f"Some text number {n}."}) for n in range(4)]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps({"_id": f"q{n}", "text": "Who?"}) for n in range(4)))
    (tmp_path / "qrels.tsv").write_text("\n".join(f"q{n}\td{n}\t1" for n in range(4)))
    assert [document.id for document in judged_documents(half(read_beir(tmp_path), tuning=True))] == ["d0", "d2"]
