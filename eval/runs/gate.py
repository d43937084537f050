"""The gate: is this run worse than the committed baseline, so surely and so much that a change must not go in?

It fails only on a drop that is both significant (Holm over the gated figures) and larger than a stated minimum; any
other drop is a warning. Last digits that differ between machines move no question, and so fail nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval.runs import compare_report as report
from eval.runs.compare import RIGHT, FigureChange, RunComparison, compare, differing
from eval.runs.paired import NOISE
from eval.runs.run_file import json_of_baseline, read_compared
from eval.runs.tables import Table, paragraphs
from eval.scoring.intervals import LEVEL
from eval.scoring.latency import FIGURES as LATENCY
from eval.scoring.run import Run
from index.errors import BadInput, NotFound

GOLD = Path(__file__).parent.parent / "gold" / "articles-dev.jsonl"
BASELINE = Path(__file__).parent.parent / "baseline.json"
MINIMUM = 0.02
UPDATE = "run the gate again with --update-baseline"

# Few, because each further one weakens the test of all: the whole, finding, quoting, and refusing.
GATED = (RIGHT, "nDCG@10", "answer sentence hit@1", "exact citation, of all", "abstention recall", "AUROC")

# A retrained reader brings its own threshold, and is what the gate is for.
_READER = "weights of the reader"
_WITH_READER = frozenset({_READER, "weights of the reading model", "threshold"})

Grade = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class FigureVerdict:
    """What the gate says of one figure."""

    change: FigureChange
    grade: Grade
    why: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate says of a run."""

    comparison: RunComparison
    verdicts: tuple[FigureVerdict, ...]
    minimum: float

    @property
    def grade(self) -> Grade:
        grades = {verdict.grade for verdict in self.verdicts}
        return "fail" if "fail" in grades else "warn" if "warn" in grades else "pass"


def judge(baseline: Run, run: Run, *, minimum: float = MINIMUM) -> GateResult:
    """The run against the baseline. Raises BadInput when they do not differ by the code and the reader alone."""
    _refuse_other(baseline, run)
    gated = [name for name in GATED if name == RIGHT or baseline.value(name) is not None]
    comparison = compare(baseline, run, figures=gated)
    if lost := [each.name for each in comparison.figures if each.difference is None]:
        raise BadInput(f"{', '.join(lost)}: in the baseline, and not measured now; if that is meant, {UPDATE}")
    if missing := len(comparison.dropped) + len(comparison.added):
        raise BadInput(f"{missing} questions stand in only one of baseline and run; if that is meant, {UPDATE}")
    return GateResult(comparison, tuple(_verdict(each, minimum) for each in comparison.figures), minimum)


def read_baseline(path: Path) -> Run:
    """Raises NotFound, and BadInput for what is no baseline."""
    if not path.is_file():
        raise NotFound(f"no baseline at {path}; to make one, {UPDATE}")
    return read_compared(path)


def keep_baseline(run: Run, path: Path) -> bool:
    """Write the run as the baseline; False when that file stood there already."""
    text = _text_of(run).encode()
    if path.is_file() and path.read_bytes() == text:
        return False
    path.write_bytes(text)
    return True


def text_of_update(before: Run | None, now: Run) -> str:
    """What a new baseline changes."""
    if before is None:
        return f"a first baseline: {now.set_name}, {len(now.rows)} questions"
    if _same_questions(before, now):
        return report.text_of_runs(_change(before, now), ("the baseline", "this run"))
    head = f"other questions: {before.set_name}, {len(before.rows)} → {now.set_name}, {len(now.rows)}"
    names = dict.fromkeys(figure.name for figure in (*before.figures, *now.figures))
    table = [(name, report.value_text(before.value(name)), report.value_text(now.value(name))) for name in names]
    return paragraphs(head, Table(("measure", "baseline", "now"), table))


def json_of_update(before: Run | None, now: Run) -> dict[str, Any]:
    """As JSON-able values; without a baseline of the same questions, what the new one is about."""
    if before and _same_questions(before, now):
        return report.json_of_runs(_change(before, now), ("the baseline", "this run"))
    return {
        "set": now.set_name,
        "questions": len(now.rows),
        "figures": {figure.name: figure.value for figure in now.figures},
    }


def text_of_judgement(found: GateResult, baseline: Path) -> str:
    """The verdict, the figures and the questions that changed."""
    head = {"pass": "passed", "warn": "passed, with warnings", "fail": "FAILED"}[found.grade]
    comparison = found.comparison
    table = Table(("measure", "baseline", "now", "difference", "Holm", "n"), list(map(_cells, found.verdicts)))
    said = ["verdict", *(f"{each.grade}: {each.why}" if each.why else each.grade for each in found.verdicts)]
    lines = zip(table.as_text().splitlines(), said, strict=True)
    return paragraphs(
        f"gate {head}: {comparison.set_name} · {comparison.common} questions · baseline {baseline}",
        [f"{line}  {verdict}" for line, verdict in lines],
        report.setting_lines(comparison),
        *(report.headed(head, lines) for head, lines in report.questions_in(comparison)),
        f"if that is meant, {UPDATE}" if found.grade == "fail" else "",
    )


def json_of_judgement(found: GateResult) -> dict[str, Any]:
    """As JSON-able values."""
    figures = [{**report.json_of_figure(each.change), "grade": each.grade, "why": each.why} for each in found.verdicts]
    return {
        "set": found.comparison.set_name,
        "grade": found.grade,
        "minimum": found.minimum,
        "level": LEVEL,
        "questions": found.comparison.common,
        "figures": figures,
        "newly_failing": [report.json_of_pair(pair) for pair in found.comparison.failing],
        "newly_right": [report.json_of_pair(pair) for pair in found.comparison.mended],
    }


def _refuse_other(baseline: Run, run: Run) -> None:
    if not _same_questions(baseline, run):
        raise BadInput(
            f"the baseline is of other questions ({baseline.set_name}) than the run ({run.set_name}); "
            f"if that is meant, {UPDATE}"
        )
    differences = differing(baseline.makings, run.makings)
    retrained = any(each.name == _READER for each in differences)
    others = [each for each in differences if not (retrained and each.name in _WITH_READER)]
    if others:
        listed = ", ".join(f"{each.name} {each.first} → {each.second}" for each in others)
        raise BadInput(f"the baseline was made with other settings: {listed}; to see and accept the change, {UPDATE}")


def _verdict(change: FigureChange, minimum: float) -> FigureVerdict:
    drop = -change.gain
    if drop <= NOISE:
        return FigureVerdict(change, "pass", "")
    if change.sure and drop > minimum:
        return FigureVerdict(change, "fail", f"sure, and more than {minimum:g}")
    if change.sure:
        return FigureVerdict(change, "warn", f"sure, but at most {minimum:g}")
    return FigureVerdict(change, "warn", "may be chance" if drop > minimum else f"may be chance, at most {minimum:g}")


def _cells(verdict: FigureVerdict) -> tuple[str, ...]:
    change = verdict.change
    value = change.difference.value if change.difference else 0.0
    shown = f"{change.first:.3f}", f"{change.second:.3f}", f"{value:+.3f}"
    return change.name, *shown, report.p_text(change.adjusted), str(change.n)


def _change(before: Run, now: Run) -> RunComparison:
    """All that a baseline keeps."""
    kept = dict.fromkeys((RIGHT, *(figure.name for figure in (*before.figures, *now.figures))))
    return compare(before, now, figures=[name for name in kept if name not in LATENCY])


def _same_questions(before: Run, now: Run) -> bool:
    return before.makings.questions_sha256 == now.makings.questions_sha256


def _text_of(run: Run) -> str:
    """One line a question and numbers to nine digits, so that what changes in the file can be read."""
    exact = json.dumps(json_of_baseline(run, LATENCY))
    fields = json.loads(exact, parse_float=lambda number: round(float(number), 9))
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in fields.pop("rows"))
    figures = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in fields.pop("figures").items())
    head = json.dumps(fields, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{head},\n "figures": {{\n{figures}\n }},\n "rows": [\n{rows}\n ]\n}}\n'
