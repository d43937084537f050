"""Run files: written, read back, shown, and handed to trec_eval; a baseline is what a comparison needs of one.

A file that is no run is an error with its name and the field that does not fit, never a run that measured nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from eval.runs.tables import NOT_MEASURED, Table, bracketed, figure_table, misfit, paragraphs, sentence
from eval.scoring.figures import BINS, SHORT, TABLE, Bin, Reliability
from eval.scoring.latency import NOTE as LATENCY
from eval.scoring.rows import Row
from eval.scoring.run import Run
from index.errors import BadInput, NotFound

AGAIN = "make it again with: quotewell eval run SET --out DIR"
_RUN = TypeAdapter(Run)
_BASELINE_ROW = {field.name for field in fields(Row) if field.default is field.default_factory is MISSING}


def read_run(path: Path) -> Run:
    """A whole run. Raises NotFound, and BadInput with the file's name and the field for what is none."""
    run = parsed(_bytes_of(path), str(path))
    if run.format != "quotewell-run-1":
        raise BadInput(f"{path} is a baseline, which does not keep what was found and quoted; {AGAIN}")
    if lost := {id_ for row in run.rows for id_ in row.evidence} - run.passages.keys():
        raise BadInput(f"{path} is not a run file: passages: no {min(lost)!r}; {AGAIN}")
    return run


def read_compared(path: Path) -> Run:
    """A run or a baseline, which says what it was made with. Raises like `read_run`."""
    run = parsed(_bytes_of(path), str(path))
    if run.made_with is None:
        raise BadInput(f"{path} does not say what it was made with (made_with); {AGAIN}")
    return run


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise NotFound(f"no run file at {path}; make one with: quotewell eval run SET --out DIR")
    return path.read_bytes()


def parsed(text: bytes, name: str) -> Run:
    """Raises BadInput with the name and what does not fit.

    A run that found nothing for any question is refused too: it did not run.
    """
    if not text.strip():
        raise BadInput(f"{name} is empty; {AGAIN}")
    try:
        run = _RUN.validate_json(text, strict=True)
    except ValidationError as error:
        raise BadInput(f"{name} is not a run file: {misfit(error)}; {AGAIN}") from None
    if not run.rows:
        raise BadInput(f"{name} holds no question: that run asked nothing; {AGAIN}")
    if len({row.id for row in run.rows}) < len(run.rows):
        raise BadInput(f"{name} holds a question twice; {AGAIN}")
    if run.format == "quotewell-run-1" and not any(row.evidence for row in run.rows):
        raise BadInput(f"{name} found nothing for any question: that arm did not run; see that it searches this index")
    return run


def json_of_baseline(run: Run, leave_out: Collection[str]) -> dict[str, Any]:
    """What a baseline keeps of a run, without the figures to leave out."""
    shown = tuple(figure for figure in run.figures if figure.name not in leave_out)
    kept = replace(run, format="quotewell-baseline-1", figures=shown)
    parts: Any = dict.fromkeys(("format", "set_name", "made_with", "figures"), True)
    parts["rows"] = {"__all__": _BASELINE_ROW}
    values: dict[str, Any] = _RUN.dump_python(kept, mode="json", by_alias=True, include=parts)
    return values


# A run and its judgements in TREC's forms, so that trec_eval and whatever reads its files can re-check our figures.
#
# The score of a line is its place counted from the end, not a ranker's score: tools sort by score, break ties by id and
# keep few digits, and would order close scores anew. Averages over all judged questions are trec_eval's with `-c`,
# which counts a question without any line in the run as zero, as we do.

TAG = "quotewell"
NOWHERE = "no-passage-holds-a-gold-span"  # judged relevant and never found: every tool counts the question as zero


def write_trec(run: Run, folder: Path) -> None:
    """SET.run and SET.qrels in a folder that exists. Ids are those of documents, of passages for gold files."""
    for kind, lines in (("run", run_lines(run)), ("qrels", qrels_lines(run))):
        (folder / f"{run.set_name}.{kind}").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def run_lines(run: Run) -> Iterator[str]:
    """`qid Q0 docid rank score tag`, also of questions that nothing answers."""
    for id_, units in run.rankings.items():
        for rank, unit in enumerate(units, start=1):
            yield f"{column(id_)} Q0 {column(unit)} {rank} {len(units) + 1 - rank} {TAG}"


def qrels_lines(run: Run) -> Iterator[str]:
    """`qid 0 docid relevance` of every judgement on an answerable question."""
    for id_ in run.rankings:
        for unit, gain in sorted((run.judged[id_] or {NOWHERE: 1}).items() if id_ in run.judged else ()):
            yield f"{column(id_)} 0 {column(unit)} {gain}"


def column(name: str) -> str:
    """An id without blanks, which part the columns: they, and the sign that marks them, are percent-encoded."""
    return "".join(quote(sign) if sign.isspace() or sign == "%" else sign for sign in name)


# A run as text and as the Markdown tables that stand between markers in README and docs.


def only(run: Run, names: Collection[str]) -> Run:
    """The same run with these figures alone."""
    return replace(run, figures=tuple(figure for figure in run.figures if figure.name in names))


def text_of(run: Run) -> str:
    """The figures that were measured as an aligned table, the names of the others, and the notes."""
    others = " · ".join(figure.name for figure in run.figures if figure.value is None)
    measured = figure_table([figure for figure in run.figures if figure.value is not None])
    return paragraphs(
        _title(run), measured, f"{NOT_MEASURED}, too few questions: {others}" if others else "", run.notes
    )


def markdown_of(run: Run, *, command: str, short: bool = False) -> str:
    """The figures that were measured, as a Markdown table with the command that gives them.

    Left out is what another run on the same code would change, and in the short form what a newcomer need not know.
    """
    shown = SHORT if short else TABLE
    measured = [figure for figure in run.figures if figure.value is not None and figure.name in shown]
    notes = [f"{sentence(note)}." for note in run.notes if note != LATENCY]
    return paragraphs(figure_table(measured).as_markdown(), [f"{_title(run)}: written by `{command}`.", *notes])


def _title(run: Run) -> str:
    asked = run.questions
    counts = f"{asked.answerable} answerable and {asked.unanswerable} unanswerable questions"
    return f"{run.set_name} · {counts} · index {run.index_version}"


# Runs of several sets as Markdown, a line a set: what is compared across sets stands below one another.

GROUPS = (
    ("Success@1", "RR@10", "nDCG@10", "R@10"),
    ("answer sentence hit@1", "answer in a quote", "token F1", "exact citation, of answered"),
    ("AUROC", "AURC", "coverage at 90 % precision", "calibration error"),
)


def markdown_of_sets(runs: Sequence[Run], *, command: str) -> str:
    """A table for each group of figures; an empty cell is a figure that the set cannot measure."""
    tables = (_of_group(names, runs).as_markdown() for names in GROUPS)
    return paragraphs(*tables, f"Intervals are 95 %. Written by `{command}`.")


def _of_group(names: Sequence[str], runs: Sequence[Run]) -> Table:
    rows = []
    for run in runs:
        cells = [bracketed(run.figure(name), digits=2, unmeasured="") for name in names]
        if any(cells):
            rows.append((run.set_name, f"{run.questions.answerable} / {run.questions.unanswerable}", *cells))
    return Table(("set", "answerable / not", *names), rows)


# How far the confidences of a run can be believed, bin by bin.

_BAR = 30  # characters of a whole bar
_BIN_HEAD = ("confidence", "n", "said", "right", "95 % interval")


def text_of_reliability(found: Reliability) -> str:
    """The figures, then a line a bin with a bar for the share right and a mark where the confidence lies."""
    table = Table((*_BIN_HEAD, ""), [(*_bin_cells(one), _bar(one)) for one in found.bins])
    return paragraphs(_said(found), table, "bar: share right; |: where the confidence says it ends")


def markdown_of_reliability(found: Reliability) -> str:
    """The bins as a table and the figures below it."""
    table = Table(_BIN_HEAD, list(map(_bin_cells, found.bins)))
    return paragraphs(table.as_markdown(), [f"* {line}" for line in _said(found)])


def _bin_cells(one: Bin) -> tuple[str, ...]:
    interval = f"{one.low:.2f} to {one.high:.2f}"
    return f"{one.lowest:.2f} to {one.highest:.2f}", str(one.n), f"{one.confidence:.2f}", f"{one.right:.2f}", interval


def _said(found: Reliability) -> list[str]:
    if not found.bins:
        return ["no answer to judge"]
    brier = found.brier
    interval = f", 95 % interval {brier.low:.3f} to {brier.high:.3f}" if brier.low is not None else ""
    return [
        f"{brier.n} answers: mean confidence {found.confidence.value:.3f}, {found.right.value:.3f} of them right",
        f"Brier score {brier.value:.3f}{interval}",
        *(
            f"expected calibration error, {BINS} bins of {one.bins}: {one.value:.3f} "
            f"(a perfect probability: up to {one.by_chance:.3f} by chance)"
            for one in found.errors
        ),
    ]


def _bar(one: Bin) -> str:
    filled = round(one.right * _BAR)
    cells = ["█" if at < filled else "·" for at in range(_BAR + 1)]
    cells[round(one.confidence * _BAR)] = "|"
    return "".join(cells)
