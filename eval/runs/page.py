"""A run as one HTML file: no script, no request, and every word of articles and questions escaped.

jinja2 is also at home in rag/writing/compose.py, for plain text; here everything is escaped but the plots, which we
draw.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from eval.runs.compare import RIGHT, SLICED, FigureChange, Pair, RunComparison, differing
from eval.runs.compare_report import FIGURE_HEAD, figure_cells, p_text
from eval.runs.plots import curve_plot, reliability_of, reliability_plot
from eval.runs.question_view import GROUPS, QuestionView, rankers_of, views
from eval.runs.tables import cells_of
from eval.scoring.intervals import Figure, mean
from eval.scoring.latency import FIGURES as TIMES
from eval.scoring.latency import NOTE, STAGES
from eval.scoring.run import KeptPassage, Run

# What each figure of a run says, in a few words, for those who did not name it.

MEANINGS: Mapping[str, str] = json.loads((files("eval") / "templates" / "meanings.json").read_text("utf-8"))


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


def figure_rows(run: Run, asked: Sequence[QuestionView]) -> list[FigureRow]:
    """All but the times, and first what counts in the end."""
    kept = [figure for figure in run.figures if figure.name not in TIMES]
    return [_row(figure) for figure in (_mean_of(RIGHT, asked), *kept)]


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


def time_rows(run: Run, other: Run | None) -> dict[str, list[tuple[str, str, str]]]:
    """Stage → median and 95th percentile in CPU ms, each as (value, interval, value of the other run); empty where no
    time was measured."""
    if not any(figure.name in TIMES and figure.n for figure in run.figures):
        return {}
    cells = {name: (*_cells(run, name)[:2], _cells(other, name)[0]) for name in TIMES}
    return {stage: [cells[name] for name in TIMES if name.startswith(f"{stage},")] for stage in STAGES}


def _cells(run: Run | None, name: str) -> tuple[str, str, str]:
    return cells_of((run.figure(name) if run else None) or Figure(name, None, 0, None, None))


def _mean_of(name: str, asked: Sequence[QuestionView]) -> Figure:
    if name == RIGHT:
        return mean(RIGHT, [float(one.row.right) for one in asked if one.row.right is not None])
    return mean(name, [one.row.scores[name] for one in asked if name in one.row.scores])


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
    run: Run
    found: RunComparison


def page_of(run: Run, against: Against | None = None, *, times: bool = True) -> str:
    """The whole page. The same run gives the same bytes; without times, so does the same code on another machine."""
    asked = views(run, {row.id: row for row in against.run.rows} if against else {})
    reliability = reliability_of(run)
    page: str = _template().render(
        run=run,
        groups=[(group, title, [one for one in asked if one.group == group]) for group, title in GROUPS.items()],
        counts=Counter(one.group for one in asked),
        figures=figure_rows(run, asked),
        notes=[note for note in run.notes if times or note != NOTE],
        tags=tag_rows(asked),
        sliced=SLICED,
        times=time_rows(run, against.run if against else None) if times else {},
        curve=curve_plot(run, against.run.rows if against else ()),
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
    differences = differing(against.run.makings, made) if against else ()
    other = {one.name.replace("weights of", "SHA-256 of"): one.first for one in differences}
    gone = [(name, "not given", value) for name, value in other.items() if name not in rows]
    return [*((name, value, other.get(name)) for name, value in rows.items()), *gone]


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
        "moved": (("Newly failing", _surest_first(found.failing)), ("Newly right", _surest_first(found.mended))),
        "alone": (("Only in the other run", found.dropped), ("Only in this run", found.added)),
    }


def _surest_first(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: -pair[1].confidence)


def _shares(one: FigureChange) -> tuple[int, int, int] | None:
    """Questions that are better, the same and worse in this run."""
    if one.tally is None:
        return None
    wins, losses = one.tally.wins, one.tally.losses
    return (losses, one.tally.ties, wins) if one.direction < 0 else (wins, one.tally.ties, losses)
