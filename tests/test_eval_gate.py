"""The gate: what fails it, what only warns, and what it refuses to judge; small runs made by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.runs.gate import BASELINE, GOLD, MINIMUM, GateResult, judge, keep_baseline, read_baseline, text_of_judgement
from eval.runs.run_file import parsed, read_compared
from eval.scoring.judge import ranked_names
from eval.scoring.run import Run
from index.build import Builder
from index.errors import BadInput, NotFound
from quotewell import run as quotewell
from tests import make

MADE: dict[str, Any] = {
    "settings": {"reader": "trained", "dense_weight": 0.5, "threshold": 0.4},
    "weights_sha256": {"embedder": "eeee", "reader": "aaaa"},
    "questions_sha256": "same",
    "embedder": "minilm",
    "index_version": "v1",
}
FIGURE = {"value": 0.5, "n": 1, "low": 0.0, "high": 1.0}
ANSWERED = ("nDCG@10", "answer sentence hit@1", "exact citation, of all")


def row(at: int, mark: str) -> dict[str, Any]:
    """`r` right, `x` wrong, `n` right and ranked lower; an answerable question."""
    scores = dict.fromkeys(ANSWERED, float(mark != "x")) | ({"nDCG@10": 0.99} if mark == "n" else {})
    told: dict[str, Any] = {"tags": [], "status": "answered", "confidence": 0.9, "scores": scores}
    return make.run_row(f"q{at:03}", right=mark != "x", question=f"What of {at}?", **told)


def run_of(rows: Sequence[Mapping[str, Any]], figures: Sequence[str] = (), **made: Any) -> Run:
    fields = {"format": "quotewell-run-1", "set": "small", "made_with": {**MADE, **made}, "rows": rows}
    return parsed(json.dumps({**fields, "figures": dict.fromkeys(figures, FIGURE)}).encode(), "this run")


def trial(marks: str, *, figures: Sequence[str] = ANSWERED, **made: Any) -> Run:
    return run_of([row(at, mark) for at, mark in enumerate(marks)], figures, **made)


def grades(found: GateResult) -> dict[str, str]:
    return {verdict.change.name: verdict.grade for verdict in found.verdicts}


def test_the_same_run_passes_without_a_warning() -> None:
    found = judge(trial("r" * 90 + "x" * 10), trial("r" * 90 + "x" * 10))
    assert found.grade == "pass"
    assert set(grades(found).values()) == {"pass"}


def test_a_sure_and_large_drop_fails_and_names_the_questions() -> None:
    found = judge(trial("r" * 100), trial("x" * 12 + "r" * 88))
    assert found.grade == "fail"
    assert grades(found)["exact citation, of all"] == "fail"
    text = text_of_judgement(found, BASELINE)
    assert "gate FAILED: small · 100 questions" in text
    assert "newly failing: 12\n  q000: right quote → wrong quote: What of 0?" in text
    assert "if that is meant, run the gate again with --update-baseline" in text


def test_a_small_drop_that_may_be_chance_passes_with_a_warning() -> None:
    found = judge(trial("r" * 100), trial("x" + "r" * 99))
    assert found.grade == "warn"
    assert {verdict.why for verdict in found.verdicts} == {f"may be chance, at most {MINIMUM:g}"}


def test_a_large_drop_that_may_be_chance_passes_with_a_warning() -> None:
    """Three of twelve: 25 points, and yet p = 2 / 2^3."""
    found = judge(trial("r" * 12), trial("xxx" + "r" * 9))
    assert found.grade == "warn"
    assert {verdict.why for verdict in found.verdicts} == {"may be chance"}


def test_a_sure_drop_below_the_minimum_passes_with_a_warning() -> None:
    """Every question loses one point of a hundred: as sure as can be, and too little to matter."""
    found = judge(trial("r" * 50), trial("n" * 50))
    assert grades(found)["nDCG@10"] == "warn"
    assert "sure, but at most 0.02" in text_of_judgement(found, BASELINE)
    assert judge(trial("r" * 50), trial("n" * 50), minimum=0.005).grade == "fail"


def test_a_gain_passes_however_large() -> None:
    found = judge(trial("x" * 50 + "r" * 50), trial("r" * 100))
    assert found.grade == "pass"
    assert len(found.comparison.mended) == 50


def test_the_last_digits_of_another_machine_fail_nothing_and_warn_of_nothing() -> None:
    noisy = [row(at, "r") for at in range(60)]
    for each in noisy:
        each["scores"] = {name: value - 1e-8 for name, value in each["scores"].items()}
    assert judge(trial("r" * 60), run_of(noisy, ANSWERED)).grade == "pass"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"settings": {**MADE["settings"], "dense_weight": 0.9}}, "other settings: dense_weight 0.5 → 0.9"),
    ({"settings": {**MADE["settings"], "threshold": 0.9}}, "other settings: threshold 0.4 → 0.9"),
    ({"questions_sha256": "other"}, "of other questions"),
    ({"index_version": "v2"}, "index version v1 → v2"),
    ({"embedder": "hash"}, "embedder minilm → hash"),
    ({"weights_sha256": {"embedder": "ffff", "reader": "aaaa"}}, "weights of the embedder eeee → ffff"),
]


@pytest.mark.parametrize(("made", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_baseline_made_otherwise_is_refused_and_the_way_out_is_named(made: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as raised:
        judge(trial("r" * 20), trial("r" * 20, **made))
    assert "run the gate again with --update-baseline" in str(raised.value)


def test_a_retrained_reader_is_judged_with_the_threshold_it_brings() -> None:
    made: dict[str, Any] = {
        "settings": {**MADE["settings"], "threshold": 0.6},
        "weights_sha256": {"embedder": "eeee", "reader": "bbbb"},
    }
    found = judge(trial("r" * 20), trial("r" * 20, **made))
    assert found.grade == "pass"
    assert "weights of the reader: aaaa → bbbb" in text_of_judgement(found, BASELINE)


def test_a_figure_or_a_question_that_went_missing_is_an_error_and_no_zero() -> None:
    now = trial("r" * 20)
    with pytest.raises(BadInput, match=r"AUROC: in the baseline, and not measured now"):
        judge(trial("r" * 20, figures=(*ANSWERED, "AUROC")), now)
    with pytest.raises(BadInput, match="1 questions stand in only one of baseline and run"):
        judge(trial("r" * 21), now)


def test_an_arm_that_did_not_run_is_an_error_and_no_zero() -> None:
    silent = [{**row(at, "x"), "status": "abstained", "evidence": []} for at in range(20)]
    with pytest.raises(BadInput, match="this run found nothing for any question: that arm did not run"):
        run_of(silent)


def test_a_baseline_is_read_back_as_it_was_and_written_once(tmp_path: Path) -> None:
    path, whole = tmp_path / "baseline.json", trial("rrxn")
    assert keep_baseline(whole, path)
    assert not keep_baseline(whole, path)
    kept = read_baseline(path)
    assert [(each.id, each.right, each.scores) for each in kept.rows] == [
        (each.id, each.right, each.scores) for each in whole.rows
    ]
    assert judge(kept, whole).grade == "pass"
    lines = path.read_text("utf-8").splitlines()
    assert sum('"question"' in line for line in lines) == 4
    with pytest.raises(NotFound, match="no baseline at"):
        read_baseline(tmp_path / "none.json")


def test_the_committed_baseline_is_of_the_committed_questions() -> None:
    kept = read_compared(BASELINE)
    asked = [json.loads(line)["id"] for line in GOLD.read_text("utf-8").splitlines()]
    assert [each.id for each in kept.rows] == asked
    assert kept.makings.settings["reader"] == "model"
    assert {*ranked_names("passage"), "AUROC", "AURC"} <= {figure.name for figure in kept.figures}
    assert not any("CPU ms" in name for name in [figure.name for figure in kept.figures])


FACTS = {
    "bakery": ["Marten bakery opened", "forty kinds of rye bread", "Oskar Lind"],
    "bridge": ["Sollen bridge carries trams", "closed for repairs", "cost $12 million"],
    "comet": ["Ilse Brandt", "every 61 years", "last seen from Earth"],
    "ferry": ["leaves at nine", "old customs house", "six hours"],
    "orchard": ["red apples", "Frost destroyed half", "hardier pears"],
}


@pytest.fixture
def asked(tmp_path: Path, six_articles: dict[str, str]) -> Path:
    """Fifteen questions, each in the words of its answer."""
    path, lines = tmp_path / "facts.jsonl", []
    for document, facts in FACTS.items():
        for at, fact in enumerate(facts):
            start = six_articles[document].index(fact)
            span = {"document_id": document, "start": start, "end": start + len(fact), "quote": fact}
            fields = {"id": f"{document}-{at}", "text": f"What about {fact}?", "answerable": True, "answers": []}
            lines.append(json.dumps({**fields, "spans": [span], "tags": ["what"]}))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_command_exits_four_on_a_planted_drop_and_two_without_a_baseline(
    tmp_path: Path, asked: Path, six_files: Path, hash_builder: Builder, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    hash_builder.index([six_files])
    baseline = tmp_path / "baseline.json"
    gate = ["eval", "gate", str(asked), "--baseline", str(baseline), "--data", str(tmp_path / "data")]
    assert quotewell(gate) == 2
    assert "no baseline at" in capsys.readouterr().err
    monkeypatch.setenv("QUOTEWELL_THRESHOLD", "1")  # so sure is no answer: the run is as silent as can be
    assert quotewell([*gate, "--update-baseline"]) == 0
    assert "a first baseline: facts, 15 questions" in capsys.readouterr().out
    kept = json.loads(baseline.read_text("utf-8"))
    for each in kept["rows"]:
        each["any_right"], each["status"] = True, "answered"
        each["scores"]["exact citation, of all"] = 1.0
    baseline.write_text(json.dumps(kept), encoding="utf-8")
    assert quotewell([*gate, "--json"]) == 4
    said = json.loads(capsys.readouterr().out)
    assert (said["grade"], len(said["newly_failing"])) == ("fail", 15)
    assert quotewell([*gate, "--update-baseline"]) == 0
    assert "newly failing: 15" in capsys.readouterr().out
    monkeypatch.setenv("QUOTEWELL_DENSE_WEIGHT", "0.9")
    assert quotewell(gate) == 2
    assert "made with other settings: dense_weight 0.5 → 0.9" in capsys.readouterr().err
    baseline.write_text("<<<<<<< merge", encoding="utf-8")
    assert quotewell(gate) == 2
    assert "baseline.json is not a run file" in capsys.readouterr().err


@pytest.mark.slow
def test_answers_are_as_good_as_the_committed_baseline(seeds_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make gate`, on the index that the tests share; the questions that changed stand in the output."""
    assert quotewell(["eval", "gate", "--data", str(seeds_data)]) == 0, capsys.readouterr().out
