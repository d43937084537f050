"""How often a check of a text is right about a sentence: measured on sentences that are known to be true or false."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.experiments.altered_sentences import FALSE, TRUE, AlteredSentence, Kind, cases, foreign
from eval.runs.tables import COUNTED, Table, below, counted, figure_table, paragraphs
from eval.scoring.intervals import Figure, Figures, mean
from eval.scoring.run import OnQuestion, SetName, followed
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

    set_name: SetName
    index_version: str
    figures: Figures
    notes: tuple[str, ...]
    checked: tuple[CheckedCase, ...]


def measure_support(
    name: str,
    index: Index,
    others: Sequence[Index],
    *,
    tuning: bool = False,
    progress: OnQuestion | None = None,
) -> SupportReport:
    """Sentences of every other article of the index, and up to half as many of each of the other indexes.

    `tuning` takes the half that thresholds were chosen on. Raises BadGold where no article has a sentence to check.
    """
    made = cases(index, MOST, tuning=tuning)
    if not made:
        raise BadGold(f"{name} holds no sentence that stands by itself; give a set with longer articles")
    strange = [case for other in others for case in foreign(other, MOST // 2, tuning=tuning)]
    unsaid = [replace(case, kind="unsaid") for case in made if case.kind == "verbatim"]
    alone = len(index.document_ids) == 1  # without its own article nothing is left to check a sentence against
    todo = [*made, *strange, *([] if alone else unsaid)]
    checker = Checker(index)
    checked = [_checked(case, _judge(case, checker, index)) for case in followed(todo, progress)]
    half = "the half of the articles that thresholds were chosen on" if tuning else "the half never tuned on"
    notes = (half, "made by rule: the figures say nothing of free paraphrases")
    return SupportReport(name, index.version, figures(checked), notes, tuple(checked))


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
    title = f"{report.set_name} · index {report.index_version}"
    return paragraphs(title, figure_table(report.figures), report.notes)


def markdown_of_support(reports: Sequence[SupportReport], *, command: str) -> str:
    """A row for each figure, a column for each set: value, interval and n."""
    figures = zip(*(report.figures for report in reports), strict=True)
    rows = [(row[0].name, *map(counted, row)) for row in figures]
    table = Table(("sentences", *(report.set_name for report in reports)), rows)
    return paragraphs(table.as_markdown(), below(command, said=COUNTED))


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
