"""Sentences made true and false by rule, and the figures that say how often a check is right about them."""

from pathlib import Path

import pytest

from eval.experiments.text_check import (
    FALSE,
    CheckedCase,
    cases,
    figures,
    foreign,
    markdown_of_support,
    measure_support,
    text_of_support,
)
from eval.runs.tables import json_of
from index.errors import BadGold
from index.search import Index
from rag.language.facts import facts
from tests import make


@pytest.fixture
def library(tmp_path: Path) -> Index:
    return make.index(
        tmp_path / "a",
        {
            "a": "In March 2019, the old bridge over the river Vey was closed for repairs by Engineer Lindqvist. "
            "The repairs of the bridge cost more than $12 million, and the town of Aldra also paid half of them.",
            "b": "The comet was officially discovered by the astronomer Brandt in 1904. Who saw the comet first?",
            "c": "The director Novak said that the Linden theatre seats 312 people on two floors in 2021.",
        },
    )


def test_cases_come_from_every_other_article_and_are_the_same_each_time(library: Index) -> None:
    tuning, testing = (cases(library, 20, tuning=half) for half in (True, False))
    assert {case.document_id for case in tuning} == {"a", "c"}
    assert {case.document_id for case in testing} == {"b"}
    assert tuning == cases(library, 20, tuning=True)


def test_only_statements_are_made_into_cases(library: Index) -> None:
    assert all(not case.original.endswith("?") for case in cases(library, 20, tuning=False))


def test_a_false_case_differs_from_its_sentence_in_the_one_thing(library: Index) -> None:
    made = [case for half in (True, False) for case in cases(library, 20, tuning=half)]
    assert {"verbatim", "paraphrase", "number", "date", "name"} <= {case.kind for case in made}
    for case in made:
        ours, theirs = ({(f.figures, f.moment) for f in facts(text)} for text in (case.text, case.original))
        if case.kind in ("number", "date"):
            assert len(ours - theirs) == 1, case
        if case.kind in ("verbatim", "paraphrase"):
            assert ours == theirs, case
        assert (case.text == case.original) == (case.kind == "verbatim")


def test_a_paraphrase_moves_a_phrase_and_changes_how_it_is_said(library: Index) -> None:
    texts = [c.text for half in (True, False) for c in cases(library, 20, tuning=half) if c.kind == "paraphrase"]
    assert "The old bridge over the river Vey was closed for repairs by Engineer Lindqvist in March 2019." in texts
    assert any(text.startswith("In 1904, the comet was discovered") for text in texts)


def test_foreign_sentences_are_as_they_stand(library: Index) -> None:
    assert {(case.kind, case.text == case.original) for case in foreign(library, 5, tuning=True)} == {("foreign", True)}


def test_figures_count_each_kind_by_itself() -> None:
    def one(kind: str, state: str, *, own: bool = True, differs: bool = False) -> CheckedCase:
        shown = (("a", "b"),) if differs else ()
        return CheckedCase(kind, "t", "o", "d", state, own, shown)  # type: ignore[arg-type]

    found = {
        figure.name: (None if figure.value is None else round(figure.value, 2), figure.n)
        for figure in figures(
            [
                *(one("verbatim", "supported"), one("verbatim", "partly"), one("paraphrase", "supported", own=False)),
                *(one("number", "supported"), one("date", "partly", differs=True), one("name", "unsupported")),
                *(one("foreign", "unsupported"), one("foreign", "partly"), one("unsaid", "partly")),
            ]
        )
    }
    assert found["verbatim: supported"] == (0.5, 2)
    assert found["true: supported by its own article"] == (0.5, 2)
    assert found["any swapped: supported"] == (0.33, 3)
    assert found["swapped: says what differs"] == (0.33, 3)
    assert found["name of the article swapped: supported"] == (None, 0)
    assert (found["foreign: unsupported"], found["foreign: supported"]) == ((0.5, 2), (0.0, 2))
    assert found["article removed: supported"] == (0.0, 1)


def test_a_run_checks_every_case_and_prints_what_it_found(library: Index, tmp_path: Path) -> None:
    other = make.index(
        tmp_path / "b", {"x": "Green turtles lay their eggs on the beaches of Costa Rica in the summer."}
    )
    seen: list[tuple[int, int]] = []
    report = measure_support("six", library, [other], tuning=True, progress=lambda *at: seen.append(at))
    assert seen[-1] == (len(report.checked), len(report.checked))
    found = {figure.name: figure.value for figure in report.figures}
    assert found["verbatim: supported"] == 1.0
    assert found["any swapped: supported"] == 0.0
    assert found["foreign: unsupported"] == 1.0
    assert found["article removed: supported"] == 0.0
    assert not any(one.state == "supported" for one in report.checked if one.kind in FALSE)
    assert "verbatim: supported" in text_of_support(report)
    assert text_of_support(report).startswith(f"six · index {library.version}")
    assert json_of(report)["figures"]["verbatim: supported"]["value"] == 1.0
    table = markdown_of_support([report, report], command="quotewell eval support")
    assert table.splitlines()[0] == "| sentences | six | six |"
    assert "quotewell eval support" in table


def test_a_set_without_sentences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadGold, match="no sentence that stands by itself"):
        measure_support("short", make.index(tmp_path / "s", {"a": "Why not?", "b": "It is."}), [])
