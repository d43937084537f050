"""How often a check of a text is right about a sentence: measured on sentences that are known to be true or false."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.experiments.altered_sentences import FALSE, TRUE, AlteredSentence, Kind, cases, foreign
from eval.runs.tables import counted, json_figure, text_of_figures
from eval.scoring.intervals import Figure, mean
from eval.scoring.run import OnQuestion
from index.errors import BadGold
from index.ranking.filters import Filters
from index.search import Index
from rag.text_check.sentence import Checker, SupportOfSentence

MOST = 150  # sentences that cases are made of


@dataclass(frozen=True, slots=True)
class CheckedCase:
    """A case and what was said of it."""

    kind: Kind
    text: str
    original: str
    document_id: str
    state: str
    cites_original: bool  # a span of the article that it was made of is shown
    differs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SupportReport:
    """One set's figures and the cases behind them."""

    set_name: str
    index_version: str
    figures: tuple[Figure, ...]
    checked: tuple[CheckedCase, ...]
    notes: tuple[str, ...]


def measure_support(
    name: str,
    index: Index,
    others: Sequence[Index],
    *,
    tuning: bool = False,
    most: int = MOST,
    progress: OnQuestion | None = None,
) -> SupportReport:
    """Sentences of every other article of the index, and up to half as many of each of the other indexes.

    `tuning` takes the half that thresholds were chosen on. Raises BadGold where no article has a sentence to check.
    """
    made = cases(index, most, tuning=tuning)
    if not made:
        raise BadGold(f"{name} holds no sentence that stands by itself; give a set with longer articles")
    strange = [case for other in others for case in foreign(other, most // 2, tuning=tuning)]
    unsaid = [
        AlteredSentence("unsaid", case.text, case.document_id, case.original)
        for case in made
        if case.kind == "verbatim"
    ]
    alone = len(index.document_ids) == 1  # without its own article nothing is left to check a sentence against
    todo = [*made, *strange, *([] if alone else unsaid)]
    checker = Checker(index)
    checked = []
    for case in todo:
        checked.append(_checked(case, _judge(case, checker, index)))
        if progress:
            progress(len(checked), len(todo))
    half = "the half of the articles that thresholds were chosen on" if tuning else "the half never tuned on"
    notes = (half, "made by rule: the figures say nothing of free paraphrases")
    return SupportReport(name, index.version, figures(checked), tuple(checked), notes)


def _judge(case: AlteredSentence, checker: Checker, index: Index) -> SupportOfSentence:
    if case.kind != "unsaid":
        return checker.judge(case.text)
    rest = frozenset(index.document_ids) - {case.document_id}
    return Checker(index, Filters(documents=rest)).judge(case.text)


def figures(checked: Sequence[CheckedCase]) -> tuple[Figure, ...]:
    """Supported is right for true sentences only; a sentence of another set is right when it is unsupported."""

    def share(name: str, kinds: Sequence[Kind], state: str) -> Figure:
        return mean(name, [one.state == state for one in checked if one.kind in kinds])

    said = [one for one in checked if one.state == "supported"]
    return (
        *(share(f"{kind}: supported", (kind,), "supported") for kind in TRUE),
        mean("true: supported by its own article", [one.cites_original for one in said if one.kind in TRUE]),
        *(share(f"{kind} swapped: supported", (kind,), "supported") for kind in FALSE),
        share("any swapped: supported", FALSE, "supported"),
        mean("swapped: says what differs", [bool(one.differs) for one in checked if one.kind in FALSE]),
        share("foreign: unsupported", ("foreign",), "unsupported"),
        share("foreign: supported", ("foreign",), "supported"),
        share("article removed: supported", ("unsaid",), "supported"),
    )


def text_of_support(report: SupportReport) -> str:
    """The figures as an aligned table with its notes."""
    return text_of_figures(f"{report.set_name} · index {report.index_version}", report.figures, report.notes)


def markdown_of_support(reports: Sequence[SupportReport], *, command: str) -> str:
    """A row for each figure, a column for each set: value, interval and n."""
    lines = [f"| sentences | {' | '.join(report.set_name for report in reports)} |", f"|---|{'---:|' * len(reports)}"]
    for row in zip(*(report.figures for report in reports), strict=True):
        lines.append(f"| {row[0].name} | {' | '.join(counted(figure) for figure in row)} |")
    return "\n".join([*lines, "", f"Cells are value, 95 % interval, n. Written by `{command}`."])


def json_of_support(report: SupportReport, *, rows: bool = True) -> dict[str, Any]:
    """The report as JSON-able values; what was not measured is null."""
    found: dict[str, Any] = {
        "set": report.set_name,
        "index_version": report.index_version,
        "figures": {each.name: json_figure(each) for each in report.figures},
        "notes": list(report.notes),
    }
    return {**found, "checked": [asdict(one) for one in report.checked]} if rows else found


def _checked(case: AlteredSentence, judged: SupportOfSentence) -> CheckedCase:
    return CheckedCase(
        kind=case.kind,
        text=case.text,
        original=case.original,
        document_id=case.document_id,
        state=judged.state,
        cites_original=any(span.quote.passage.document_id == case.document_id for span in judged.spans),
        differs=tuple((one.said, one.found) for span in judged.spans[:1] for one in span.agreement.differs),
    )
