"""A run and its judgements in TREC's forms, so that trec_eval and whatever reads its files can re-check our figures.

The score of a line is its place counted from the end, not a ranker's score: tools sort by score, break ties by id and
keep few digits, and would order close scores anew. Averages over all judged questions are trec_eval's with `-c`, which
counts a question without any line in the run as zero, as we do.
"""

from collections.abc import Iterator
from pathlib import Path

from eval.run import Report

TAG = "quotewell"
NOWHERE = "no-passage-holds-a-gold-span"  # judged relevant and never found: every tool counts the question as zero


def write_trec(report: Report, folder: Path) -> tuple[Path, Path]:
    """SET.run and SET.qrels in a folder that exists. Ids are those of documents, of passages for gold files."""
    run, qrels = folder / f"{report.set_name}.run", folder / f"{report.set_name}.qrels"
    run.write_text("".join(f"{line}\n" for line in run_lines(report)), "utf-8")
    qrels.write_text("".join(f"{line}\n" for line in qrels_lines(report)), "utf-8")
    return run, qrels


def run_lines(report: Report) -> Iterator[str]:
    """`qid Q0 docid rank score tag`, also of questions that nothing answers."""
    for row in report.rows:
        for rank, unit in enumerate(row.found, start=1):
            yield f"{column(row.question_id)} Q0 {column(unit)} {rank} {len(row.found) + 1 - rank} {TAG}"


def qrels_lines(report: Report) -> Iterator[str]:
    """`qid 0 docid relevance` of every judgement on an answerable question."""
    for row in report.rows:
        gains = row.judged or ({NOWHERE: 1} if row.answerable else {})
        for unit, gain in sorted(gains.items()):
            yield f"{column(row.question_id)} 0 {column(unit)} {gain}"


def column(name: str) -> str:
    """An id without blanks, which part the columns: they, and the sign that marks them, are percent-encoded."""
    return "".join(_encoded(sign) if sign.isspace() or sign == "%" else sign for sign in name)


def _encoded(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode())
