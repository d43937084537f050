"""Two runs beside each other: small runs made by hand, scipy as the oracle, and worked examples."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.runs.compare import RIGHT, FigureChange, RunComparison, compare
from eval.runs.compare_report import json_of_runs, markdown_of_runs, text_of_runs
from eval.runs.paired import difference_of, difference_of_means, effect_size, holm, p_of_means, tally
from eval.runs.run_file import parsed, read_compared
from eval.scoring.judge import auroc
from eval.scoring.run import Run
from index.errors import BadInput, NotFound
from quotewell import run as quotewell
from tests import make

MADE = {
    "settings": {"reader": "trained", "dense_weight": 0.5},
    "weights_sha256": {"reader": "aaaa"},
    "questions_sha256": "same",
    "embedder": "hash",
    "index_version": "v1",
}
NAMES = ("before.json", "after.json")
row = make.run_row


def run_of(rows: Sequence[Mapping[str, Any]], **other: Any) -> dict[str, Any]:
    figures = {"Success@1": {"value": 0.5, "n": 1, "low": 0.0, "high": 1.0}}
    return {"format": "quotewell-run-1", "set": "small", "made_with": MADE, "figures": figures, "rows": rows, **other}


def trial(rows: Sequence[Mapping[str, Any]], **other: Any) -> Run:
    return parsed(json.dumps(run_of(rows, **other)).encode(), "run.json")


def of(found: RunComparison, name: str) -> FigureChange:
    return next(each for each in found.figures if each.name == name)


def rows(rights: str, **other: Any) -> list[dict[str, Any]]:
    """One row a character; `x` is wrong."""
    return [row(f"q{at:02}", right=mark != "x", **other) for at, mark in enumerate(rights)]


def test_holms_adjustment_follows_the_worked_example() -> None:
    """0.005 × 4, 0.01 × 3, 0.03 × 2, and 0.04 × 1 = 0.04, which may not be less than the 0.06 before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_a_p_smaller_and_keeps_their_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(given <= made <= 1 for given, made in zip(values, adjusted, strict=True))
    assert [adjusted[at] for at in np.argsort(values, kind="stable")] == sorted(adjusted)


def test_the_test_of_means_is_scipys_on_all_pairs() -> None:
    rng = np.random.default_rng(1)
    first = rng.random(60)
    second = np.where(rng.random(60) < 0.5, first, np.clip(first + rng.normal(-0.05, 0.2, 60), 0, 1))
    found = difference_of_means(first, second)
    oracle = scipy.stats.permutation_test(
        (second - first,), np.mean, permutation_type="samples", n_resamples=9_999, rng=np.random.default_rng(2)
    )
    assert found.value == pytest.approx((second - first).mean())
    assert found.p == pytest.approx(float(oracle.pvalue), abs=0.02)


def test_a_few_changed_questions_are_tested_exactly() -> None:
    """Of 40 questions 8 turn wrong: all 8 signs alike has the chance 2 / 2^8."""
    first, second = np.ones(40), np.ones(40)
    second[:8] = 0
    assert difference_of_means(first, second).p == pytest.approx(2 / 2**8)
    assert p_of_means(first, second) == pytest.approx(2 / 2**8)


def test_the_interval_of_means_is_scipys_bca() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.random(50), rng.random(50)
    found = difference_of_means(first, second)
    oracle = scipy.stats.bootstrap((second - first,), np.mean, method="BCa", rng=np.random.default_rng(4))
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval), abs=0.01)


def test_cohens_d_is_mean_over_deviation_of_the_differences() -> None:
    """Differences 1, 0, 0, 1: mean 0.5, sample deviation sqrt(1/3)."""
    assert effect_size(np.array([0.0, 0, 0, 0]), np.array([1.0, 0, 0, 1])) == pytest.approx(0.5 / (1 / 3) ** 0.5)
    assert effect_size(np.zeros(4), np.ones(4)) is None


def test_an_answer_that_only_one_run_gives_counts_in_that_runs_mean() -> None:
    """Ten right answers in both; the second run also gives five wrong ones: 10/10 against 10/15."""
    first = np.array([1.0] * 10 + [np.nan] * 5)
    second = np.array([1.0] * 10 + [0.0] * 5)
    found = difference_of_means(first, second)
    assert found.value == pytest.approx(10 / 15 - 1)
    assert found.p == pytest.approx(2 / 2**5)
    counts = tally(first, second)
    assert (counts.wins, counts.ties, counts.losses, counts.first_only, counts.second_only) == (0, 10, 0, 0, 5)


def test_degenerate_data_say_so_instead_of_giving_an_interval() -> None:
    same = difference_of_means(np.ones(20), np.ones(20))
    assert (same.value, same.low, same.p, same.note) == (0.0, None, 1.0, "no question differs")
    shifted = difference_of_means(np.zeros(20), np.ones(20))
    assert (shifted.low, shifted.high) == (None, None)
    assert shifted.note == "no interval: every question differs by the same amount"
    few = difference_of_means(np.zeros(9), np.ones(9))
    assert (few.p, few.note) == (None, "not tested: fewer than 10 questions")


def test_a_figure_that_is_no_mean_has_scipys_stratified_bootstrap() -> None:
    rng = np.random.default_rng(5)
    answerable = np.arange(60) < 40
    first = rng.random(60) + answerable * 0.3
    second = first + rng.normal(0, 0.3, 60)

    def minus(places: np.ndarray[Any, Any]) -> float | None:
        kind = answerable[places]
        before, after = (auroc(run[places][kind], run[places][~kind]) for run in (first, second))
        return None if before is None or after is None else after - before

    strata = [np.flatnonzero(answerable), np.flatnonzero(~answerable)]
    found = difference_of(minus, strata)
    assert found is not None

    def of_both(*halves: np.ndarray[Any, Any]) -> float:
        return minus(np.concatenate(halves).astype(int)) or 0.0

    oracle = scipy.stats.bootstrap(
        strata, of_both, vectorized=False, n_resamples=1_999, method="percentile", rng=np.random.default_rng(6)
    )
    assert found.value == minus(np.arange(60))
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval), abs=0.02)
    assert found.p is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.p < 0.05) is not (found.low <= 0 <= found.high)


MARKS = st.text("rx", min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(MARKS, MARKS)
def test_a_run_compared_with_itself_is_all_ties_with_p_one(answerable: str, unanswerable: str) -> None:
    questions = [
        *rows(answerable),
        *(row(f"u{at}", right=mark == "r", answerable=False) for at, mark in enumerate(unanswerable)),
    ]
    whole = trial(questions)
    found = compare(whole, whole)
    assert {each.difference.value for each in found.figures if each.difference} == {0.0}
    assert {each.p for each in found.figures if each.difference} <= {1.0, None}
    assert all(each.tally.wins == each.tally.losses == 0 for each in found.figures if each.tally)
    assert of(found, RIGHT).p == of(found, RIGHT).adjusted == 1.0
    assert (found.failing, found.mended, found.dropped, found.added, found.settings) == ((), (), (), (), ())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_swapping_the_runs_turns_every_sign_around(pairs: list[tuple[bool, bool]]) -> None:
    one, other = (
        trial([row(f"q{at}", right=right[side]) for at, right in enumerate(pairs)]) for side in (0, 1)
    )  # fmt: skip
    there, back = of(compare(one, other), "Success@1"), of(compare(other, one), "Success@1")
    assert there.difference is not None
    assert back.difference is not None
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.p == back.p
    assert there.tally is not None
    assert back.tally is not None
    assert (there.tally.wins, there.tally.losses) == (back.tally.losses, back.tally.wins)


def test_newly_failing_and_newly_right_questions_come_with_their_text_and_what_happened() -> None:
    before = [*rows("rrxx"), row("u", answerable=False)]
    after = [*rows("xrrx"), row("u", right=False, answerable=False)]
    found = compare(trial(before), trial(after))
    assert [one.id for one, _ in found.failing] == ["q00", "u"]
    assert [one.id for one, _ in found.mended] == ["q02"]
    text = text_of_runs(found, NAMES)
    assert "newly failing: 2\n  q00: right quote → abstained: What of q00? [when]" in text
    assert "  u: abstained → answered, though unanswerable: What of u? [when]" in text
    assert "newly right: 1\n  q02: abstained → right quote: What of q02? [when]" in text


def test_questions_of_one_run_alone_are_counted_shown_and_not_compared() -> None:
    found = compare(trial(rows("rrx")), trial([*rows("rr"), row("new", right=False)]))
    assert (found.common, [one.id for one in found.dropped], [one.id for one in found.added]) == (2, ["q02"], ["new"])
    assert of(found, "Success@1").second == 1.0
    text = text_of_runs(found, NAMES)
    assert "only in the first run, not compared: 1\n  q02: What of q02? [when]" in text
    assert "only in the second run, not compared: 1\n  new: What of new? [when]" in text


def test_a_figure_that_one_run_lacks_is_not_measured_and_never_zero() -> None:
    without = [{**each, "scores": {}} for each in rows("r" * 12)]
    bare = trial(without, figures={})
    change = of(compare(trial(rows("r" * 12)), bare), "Success@1")
    assert (change.first, change.second, change.difference) == (1.0, None, None)
    assert change.note == "not measured in the second run"
    assert "not measured" in text_of_runs(compare(trial(rows("r" * 12)), bare), NAMES)


def test_slices_are_tested_from_twenty_questions_on_and_say_their_n() -> None:
    before = [*rows("r" * 24), *(row(f"w{at}", tags=["who"]) for at in range(5))]
    after = [*rows("x" * 10 + "r" * 14), *(row(f"w{at}", tags=["who"], right=False) for at in range(5))]
    found = {(each.tag, each.figure): each for each in compare(trial(before), trial(after)).slices}
    large, small = found["when", RIGHT], found["who", RIGHT]
    assert (large.n, large.first, large.second) == pytest.approx((24, 1.0, 14 / 24))
    assert large.p == pytest.approx(2 / 2**10)
    assert (small.n, small.p, small.adjusted) == (5, None, None)


def test_less_is_better_where_it_is_and_neither_where_neither_is() -> None:
    before = [row(f"q{at}", scores={"Brier score, of answered": 0.2, "words, of answered": 9.0}) for at in range(12)]
    after = [row(f"q{at}", scores={"Brier score, of answered": 0.1, "words, of answered": 5.0}) for at in range(12)]
    found = compare(trial(before), trial(after))
    assert of(found, "Brier score, of answered").gain == pytest.approx(0.1)
    assert of(found, "words, of answered").gain == 0
    assert "12 / 0 / 0" in text_of_runs(found, NAMES)
    assert "0 more / 0 / 12 less" in text_of_runs(found, NAMES)


def test_settings_and_weights_that_differ_are_shown() -> None:
    made = {**MADE, "settings": {"reader": "plain", "dense_weight": 0.5}, "weights_sha256": {"reader": "bbbb"}}
    found = compare(trial(rows("rr")), trial(rows("rr"), made_with=made))
    assert [(each.name, each.first, each.second) for each in found.settings] == [
        ("reader", "trained", "plain"),
        ("weights of the reader", "aaaa", "bbbb"),
    ]


def test_runs_of_other_questions_are_refused() -> None:
    other = trial(rows("rr"), made_with={**MADE, "questions_sha256": "other"})
    with pytest.raises(BadInput, match=r"not of the same questions: small \(same\) and small \(other\)"):
        compare(trial(rows("rr")), other)
    with pytest.raises(BadInput, match="no question in common"):
        compare(trial([row("a")]), trial([row("b")]))
    with pytest.raises(BadInput, match="'a' is not the same in both runs"):
        compare(trial([row("a")]), trial([row("a", question="Another?")]))


def test_a_set_that_grew_is_compared_on_the_questions_that_both_runs_ask() -> None:
    """b is asked in other words and c is new: neither counts, both are named, and a note says what that means."""
    before = trial([row("a"), row("b")])
    grown = [row("a", right=False), row("b", question="In other words?"), row("c", right=False)]
    after = trial(grown, made_with={**MADE, "questions_sha256": "other"})
    found = compare(before, after, common=True)
    assert (found.common, [one.id for one, _ in found.failing]) == (1, ["a"])
    assert ([one.id for one in found.dropped], [one.id for one in found.added]) == (["b"], ["b", "c"])
    told = json_of_runs(found, NAMES)["notes"]
    assert "the sets are not the same" in told[0]
    assert told[0] in text_of_runs(found, NAMES)
    assert f"{told[0]}." in markdown_of_runs(found, NAMES, command="")
    assert compare(before, before, common=True).notes == ()
    unanswerable = trial([row("a"), row("u", answerable=False)])  # what b lacks is not taken from the whole of a
    assert of(compare(unanswerable, trial([row("a")]), common=True), "abstention recall").first is None
    timed = {"all, median CPU ms": {"value": 50.0, "n": 3, "low": 40.0, "high": 60.0}}  # of all questions of a run
    slow = trial(grown, made_with={**MADE, "questions_sha256": "other"}, figures=timed)
    assert not [each for each in compare(before, slow, common=True).figures if "CPU" in each.name]
    assert [each for each in compare(slow, slow).figures if "CPU" in each.name]
    with pytest.raises(BadInput, match="no question in common"):
        compare(before, trial([row("z")]), common=True)


def test_last_digits_move_no_slice() -> None:
    one = [row(f"q{at}", scores={"nDCG@10": 0.5}) for at in range(3)]
    other = [row(f"q{at}", scores={"nDCG@10": 0.5 + 1e-9}) for at in range(3)]
    found = compare(trial(one), trial(other))
    assert [each.figure for each in found.slices] == [RIGHT, "nDCG@10"]
    assert not any(each.moved for each in found.slices)
    assert "by tag" not in text_of_runs(found, NAMES)


BROKEN = [
    ("", "is empty"),
    ("{", "is not a run file"),
    ("[]", "is not a run file"),
    (json.dumps(run_of([])), "holds no question"),
    (json.dumps(run_of([row("a"), row("a")])), "holds a question twice"),
    (json.dumps(run_of([row("a", confidence="high")])), "rows.0.confidence"),
    (json.dumps(run_of([row("a", scores={"Success@1": float("nan")})])), "is not a run file"),
    (json.dumps(run_of([row("a")], made_with=None)), "made_with"),
    (json.dumps(run_of([row("a")], format="quotewell-run-9")), "format"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_a_broken_run_file_is_an_error_with_its_name(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=reason) as raised:
        read_compared(path)
    assert "broken.json" in str(raised.value)


def test_an_arm_that_found_nothing_is_an_error_and_no_loss() -> None:
    with pytest.raises(BadInput, match="found nothing for any question: that arm did not run"):
        trial([row("a", right=False, evidence=[]), row("b", right=False, evidence=[])])


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="make one with: quotewell eval run"):
        read_compared(tmp_path / "none.json")


def test_markdown_and_json_say_the_same_as_the_records() -> None:
    found = compare(trial(rows("r" * 12)), trial(rows("x" * 8 + "r" * 4)))
    change = of(found, "Success@1")
    assert change.difference is not None
    written = next(each for each in json_of_runs(found, NAMES)["figures"] if each["measure"] == "Success@1")
    assert written["difference"] == change.difference.value == pytest.approx(-8 / 12)
    assert written["p_holm"] == change.adjusted
    assert json.loads(json.dumps(json_of_runs(found, NAMES), allow_nan=False))["newly_failing"][0]["id"] == "q00"
    table = markdown_of_runs(found, NAMES, command="quotewell eval compare A B")
    assert "| Success@1 | 1.000 | 0.333 | -0.667 |" in table
    assert "- q00: right quote → abstained: What of q00? [when]" in table


@pytest.mark.slow
def test_no_other_eval_command_waits_for_scipys_statistics() -> None:
    code = "import sys, eval.cli; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=False).returncode == 0


def test_the_command_compares_files_and_folders_and_writes_markdown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, marks in (("a", "rrr"), ("b", "rrx")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "small.json").write_text(json.dumps(run_of(rows(marks))), encoding="utf-8")
    (tmp_path / "a" / "alone.json").write_text("", encoding="utf-8")
    assert quotewell(["eval", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 0
    told = capsys.readouterr()
    assert [each["set"] for each in json.loads(told.out)["comparisons"]] == ["small"]
    assert "alone.json is only in" in told.err
    files = [str(tmp_path / folder / "small.json") for folder in ("a", "b")]
    notes = tmp_path / "notes.md"
    for _ in range(2):
        assert quotewell(["eval", "compare", *files, "--write", str(notes)]) == 0
    assert "newly failing: 1" in capsys.readouterr().out
    assert notes.read_text("utf-8").count("<!-- eval:compare-small -->") == 1
    assert "| Success@1 | 1.000 | 0.667 |" in notes.read_text("utf-8")
    assert quotewell(["eval", "compare", str(tmp_path / "a" / "alone.json"), files[1]]) == 2
    assert "alone.json is empty" in capsys.readouterr().err
    assert quotewell(["eval", "compare", str(tmp_path / "a"), files[1]]) == 2
