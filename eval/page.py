"""A run as one HTML file: no script, no request, and every word of articles and questions escaped.

jinja2 is also at home in rag/compose.py, for plain text; here everything is escaped but the plots, which we draw.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from eval.compare import differing
from eval.compare_report import FIGURE_HEAD, figure_cells, p_text
from eval.contrast import SLICED, FigureChange, Pair, RunComparison
from eval.curves import curve_plot, reliability_of, reliability_plot
from eval.drill import QuestionView, rankers_of, views
from eval.latency import FIGURES as TIMES
from eval.overview import figure_rows, notes_of, tag_rows, time_rows
from eval.runs import KeptPassage, Run
from eval.trials import Outcome, Trial
from eval.verdicts import GROUPS


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
