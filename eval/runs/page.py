"""A run as one HTML file: no script, no request, and every word of articles and questions escaped.

jinja2 is also at home in rag/writing/compose.py, for plain text; here everything is escaped but the plots, which we
draw.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from eval.runs.compare import RIGHT, SLICED, FigureChange, Pair, RunComparison, differing
from eval.runs.compare_report import FIGURE_HEAD, figure_cells, p_text
from eval.runs.plots import curve_plot, reliability_of, reliability_plot
from eval.runs.question_view import GROUPS, QuestionView, rankers_of, views
from eval.runs.run_file import KeptFigure, KeptPassage, Outcome, Run, Trial
from eval.runs.tables import cells_of
from eval.scoring.intervals import Figure, mean
from eval.scoring.latency import FIGURES as TIMES
from eval.scoring.latency import NOTE, STAGES

# What each figure of a run says, in a few words, for those who did not name it.

MEANINGS: Mapping[str, str] = {
    RIGHT: "of all questions: a right quote, or rightly none",
    "Success@1": "a right passage stands first",
    "Success@3": "a right passage is among the first three",
    "Success@5": "a right passage is among the first five",
    "RR@10": "1 / place of the first right passage",
    "nDCG@10": "right passages of the first ten, the higher the better",
    "R@10": "share of the right ones among the first ten",
    "R@20": "share of the right ones among the first twenty",
    "R@100": "share of the right ones among the first hundred",
    "Judged@10": "share of the first ten that somebody judged",
    "answer sentence hit@1": "the first quote is right",
    "exact citation, of answered": "some quote is right, of answers given",
    "exact citation, of all": "some quote is right, of answerable questions",
    "answer in a quote": "a quote holds the gold answer's words",
    "token F1": "words shared by first quote and gold",
    "spans whole in a passage": "the most that this splitting allows",
    "quotes, of answered": "quotes in an answer",
    "words, of answered": "words in an answer",
    "abstention precision": "of refusals, those of unanswerable questions",
    "abstention recall": "of unanswerable questions, those refused",
    "AUROC": "chance that an answerable question is surer than an unanswerable one",
    "AURC": "mean risk over all thresholds; 0 is best",
    "coverage at 80 % precision": "answerable questions answered right where 80 % of answers are right",
    "coverage at 90 % precision": "the same where 90 % are",
    "coverage at 95 % precision": "the same where 95 % are",
    "calibration error": "distance of confidence and share right; 0 is best",
    "Brier score, of answered": "squared distance of confidence and rightness; 0 is best",
}


# What a page says of a whole run: its figures, its slices and its times, as the cells of tables.


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of the summary; `bar` are low, value and high, 0..100, for shares that were measured."""

    name: str
    meaning: str
    value: str
    interval: str
    n: str
    bar: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class TagRow:
    """A slice: each figure of SLICED as (value, interval), and the questions that are not right."""

    tag: str
    n: int
    cells: tuple[tuple[str, str], ...]
    failed: tuple[QuestionView, ...]


@dataclass(frozen=True, slots=True)
class TimeRow:
    """A stage: median and 95th percentile in CPU ms, each as (value, interval, value of the other run)."""

    stage: str
    cells: tuple[tuple[str, str, str], ...]


def figure_rows(run: Run, asked: Sequence[QuestionView]) -> list[FigureRow]:
    """All but the times, and first what counts in the end."""
    kept = [_figure(name, figure) for name, figure in run.figures.items() if name not in TIMES]
    return [_row(figure) for figure in (_mean_of(RIGHT, asked), *kept)]


def notes_of(run: Run, *, times: bool) -> list[str]:
    return [note for note in run.notes if times or note != NOTE]


def tag_rows(asked: Sequence[QuestionView]) -> list[TagRow]:
    """The most frequent tags first."""
    tags = {tag: [one for one in asked if tag in one.row.tags] for one in asked for tag in one.row.tags}
    return [
        TagRow(
            tag,
            len(own),
            tuple(cells_of(_mean_of(name, own))[:2] for name in SLICED),
            tuple(one for one in own if one.group not in ("right", "unjudged")),
        )
        for tag, own in sorted(tags.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def time_rows(run: Run, before: Mapping[str, KeptFigure]) -> list[TimeRow]:
    """Empty where no time was measured."""
    missing = KeptFigure(None, 0, None, None)
    rows = []
    for stage in STAGES:
        names = [name for name in TIMES if name.startswith(f"{stage},")]
        here, there = ([cells_of(_figure(n, of.get(n, missing))) for n in names] for of in (run.figures, before))
        cells = ((own[0], own[1], other[0]) for own, other in zip(here, there, strict=True))
        rows.append(TimeRow(stage, tuple(cells)))
    return rows if any(name in run.figures and run.figures[name].n for name in TIMES) else []


def _mean_of(name: str, asked: Sequence[QuestionView]) -> Figure:
    if name == RIGHT:
        return mean(RIGHT, [float(one.outcome.right) for one in asked if one.outcome.right is not None])
    return mean(name, [one.row.scores[name] for one in asked if name in one.row.scores])


def _figure(name: str, kept: KeptFigure) -> Figure:
    return Figure(name, kept.value, kept.n, kept.low, kept.high)


def _row(figure: Figure) -> FigureRow:
    low, value, high = figure.low, figure.value, figure.high
    drawn = None
    if low is not None and value is not None and high is not None and low >= 0 and high <= 1:
        drawn = (100 * low, 100 * value, 100 * high)
    return FigureRow(figure.name, MEANINGS.get(figure.name, ""), *cells_of(figure), drawn)


@dataclass(frozen=True, slots=True)
class Against:
    """The run that a page compares with; in `found` it is the first."""

    name: str
    trial: Trial
    found: RunComparison


def page_of(run: Run, against: Against | None = None, *, times: bool = True) -> str:
    """The whole page. The same run gives the same bytes; without times, so does the same code on another machine."""
    asked = views(run, {row.id: row for row in against.trial.rows} if against else {})
    before = against.trial.figures if against else {}
    reliability = reliability_of(run)
    page: str = _template().render(
        run=run,
        groups=[(group, title, [one for one in asked if one.group == group]) for group, title in GROUPS.items()],
        counts=Counter(one.group for one in asked),
        figures=figure_rows(run, asked),
        notes=notes_of(run, times=times),
        tags=tag_rows(asked),
        sliced=SLICED,
        times=time_rows(run, before) if times else [],
        curve=curve_plot(run, against.trial.rows if against else ()),
        said=reliability_plot(reliability),
        reliability=reliability,
        made=_made(run, against),
        rankers=rankers_of(run),
        passages=_passages(run, asked),
        anchors={one.row.id: one.anchor for one in asked},
        against=_changes(against, times=times) if against else None,
    )
    return page


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("eval"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2")


def _made(run: Run, against: Against | None) -> list[tuple[str, str, str | None]]:
    """(name, this run, the other run where it differs) of all that shaped the answers."""
    if not run.made_with:
        return []
    made = run.made_with
    rows = {
        **{name: "none" if value in (None, "") else str(value) for name, value in made.settings.items()},
        **{f"SHA-256 of the {name}": digest for name, digest in made.weights_sha256.items()},
        "embedder": made.embedder,
        "index version": made.index_version,
        "SHA-256 of the questions": made.questions_sha256,
    }
    other = {one.name.replace("weights of", "SHA-256 of"): one.first for one in _differing(run, against)}
    gone = [(name, "not given", value) for name, value in other.items() if name not in rows]
    return [*((name, value, other.get(name)) for name, value in rows.items()), *gone]


def _differing(run: Run, against: Against | None) -> Sequence[Any]:
    return differing(against.trial.made_with, run.made_with) if against and run.made_with else ()


def _passages(run: Run, asked: Sequence[QuestionView]) -> Mapping[str, tuple[str, KeptPassage]]:
    """Id → anchor and passage, of all that were found for questions that are not right.

    With those of the others a page of many questions would be too large; theirs are shown where something is marked.
    """
    wanted = {place.passage_id for one in asked if one.group != "right" for place in one.places}
    return {
        passage_id: (f"p{at}", run.passages[passage_id])
        for at, passage_id in enumerate(run.passages, start=1)
        if passage_id in wanted
    }


def _changes(against: Against, *, times: bool) -> dict[str, Any]:
    found = against.found
    return {
        "name": against.name,
        "common": found.common,
        "head": FIGURE_HEAD,
        "figures": [(figure_cells(one), _shares(one)) for one in found.figures if times or one.name not in TIMES],
        "slices": [(one, p_text(one.p), p_text(one.adjusted)) for one in found.slices if one.moved],
        "moved": (("Newly failing", _pairs(found.failing)), ("Newly right", _pairs(found.mended))),
        "alone": (("Only in the other run", found.dropped), ("Only in this run", found.added)),
    }


def _pairs(pairs: Sequence[Pair]) -> list[tuple[Outcome, Outcome]]:
    return sorted(pairs, key=lambda pair: -pair[1].confidence)


def _shares(one: FigureChange) -> tuple[int, int, int] | None:
    """Questions that are better, the same and worse in this run."""
    if one.tally is None:
        return None
    wins, losses = one.tally.wins, one.tally.losses
    return (losses, one.tally.ties, wins) if one.direction < 0 else (wins, one.tally.ties, losses)
