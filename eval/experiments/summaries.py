"""How well key sentences cover what an article's own summary says, beside its first sentences, by ROUGE (Lin 2004).

The summary is cut out of the article before it is indexed: the abstract of a paper ("Abstract: … Text: …"), or the
conclusion that answers a question of the type `conclusion`.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from eval.runs.tables import Table, below, bracketed, figure_table, paragraphs
from eval.scoring.intervals import Figures, mean
from eval.scoring.run import OnQuestion, SetName, followed
from eval.sets.beir import BeirSet
from eval.sets.gold import field, records, text
from eval.sets.sets import EvalSet, index_of
from index.embedding.embedder import Embedder
from index.errors import BadGold
from index.settings import Settings
from index.text.words import cut, words
from rag.selection.context import sentences_of
from rag.selection.key_sentences import LEAST, key_sentences

MOST_ARTICLES = 40  # of a set
MEASURES = ("ROUGE-1", "ROUGE-2", "ROUGE-L")
_ABSTRACT = re.compile(r"\n\nAbstract: (?P<summary>.{300,}?)\n\nText: (?P<text>.{3000,20000})\Z", re.DOTALL)


class Abstracted(NamedTuple):
    """An article without its own summary, and that summary."""

    document_id: str
    title: str
    text: str
    summary: str


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """Of one set: three measures of our key sentences, of as many first sentences, and their paired difference."""

    set_name: SetName
    sentences: float  # of a summary, on average
    figures: Figures


def abstracted(questions: EvalSet, most: int = MOST_ARTICLES) -> list[Abstracted]:
    """Articles of the set that hold a summary of themselves, in its order. Raises BadGold where none does."""
    if not isinstance(questions, BeirSet):
        raise BadGold(f"{questions.name} is no BEIR-style folder; give a folder of articles that have abstracts")
    concluded = {one.near: one.answers[0] for one in questions.questions if "conclusion" in one.tags and one.answers}
    found = list(_abstracted(questions.corpus, concluded))[:most]
    if not found:
        raise BadGold(f"no article of {questions.name} holds an abstract or a conclusion; give another set")
    return found


def measure_summaries(
    questions: EvalSet,
    settings: Settings,
    embedder: Embedder,
    *,
    most: int = MOST_ARTICLES,
    progress: OnQuestion | None = None,
) -> SummaryReport:
    """Key sentences as an answer to "summarise this article" shows them, and as many sentences from its start, of the
    first `most` articles. Raises BadGold where none holds an abstract or a conclusion.
    """
    articles = abstracted(questions, most)
    scores: dict[str, list[tuple[float, ...]]] = {"key sentences": [], "first sentences": []}
    chosen = 0
    with tempfile.TemporaryDirectory() as folder:
        lines = ({"_id": one.document_id, "title": one.title, "text": one.text} for one in articles)
        index = index_of(lines, settings, embedder, Path(folder))
        for article in followed(articles, progress):
            keys = key_sentences(index, article.document_id)
            whole = index.document(article.document_id).text
            firsts = sentences_of(index.passages(article.document_id))[: max(len(keys), LEAST)]
            chosen += len(keys)
            for name, spans in (("key sentences", keys), ("first sentences", firsts)):
                told = " ".join(whole[span.start : span.end] for span in spans)
                scores[name].append(rouge(told, article.summary))
    ours, firsts_of = scores["key sentences"], scores["first sentences"]
    figures = [
        mean(f"{measure}, {name}", [row[n] for row in rows])
        for n, measure in enumerate(MEASURES)
        for name, rows in scores.items()
    ]
    figures += [
        mean(f"{measure}, difference", [a[n] - b[n] for a, b in zip(ours, firsts_of, strict=True)])
        for n, measure in enumerate(MEASURES)
    ]
    return SummaryReport(questions.name, chosen / len(articles), tuple(figures))


def rouge(told: str, summary: str) -> tuple[float, float, float]:
    """F1 of single words, of pairs of words, and of the longest common run with gaps; on stems, 0..1."""
    a, b = ([cut(word.text, "snowball") for word in words(each)] for each in (told, summary))
    pairs = [Counter(pairwise(each)) for each in (a, b)]
    return (
        _f1((Counter(a) & Counter(b)).total(), len(a), len(b)),
        _f1((pairs[0] & pairs[1]).total(), pairs[0].total(), pairs[1].total()),
        _f1(LCSseq.similarity(a, b), len(a), len(b)),
    )


def text_of_summaries(report: SummaryReport) -> str:
    """The figures as an aligned table."""
    title = f"{report.set_name} · {report.sentences:.1f} sentences a summary"
    return paragraphs(title, figure_table(report.figures))


def markdown_of_summaries(reports: Sequence[SummaryReport], *, command: str) -> str:
    """A row for each set and measure."""
    rows = []
    for report in reports:
        by_name = {figure.name: figure for figure in report.figures}
        for measure in MEASURES:
            cells = [by_name[f"{measure}, {what}"] for what in ("key sentences", "first sentences", "difference")]
            rows.append((report.set_name, str(cells[0].n), measure, *map(bracketed, cells)))
    head = ("set", "articles", "measure", "key sentences", "as many first sentences", "difference")
    return paragraphs(Table(head, rows).as_markdown(), below(command))


def _abstracted(corpus: Path, concluded: dict[str, str]) -> Iterator[Abstracted]:
    for place, record in records(corpus):
        name, whole = text(place, record, "_id"), text(place, record, "text")
        title = field(place, record, "title", str) if "title" in record else ""
        conclusion = concluded.get(name, "")
        if match := _ABSTRACT.search(whole):
            yield Abstracted(name, title, match["text"], match["summary"])
        elif conclusion and conclusion in whole:
            yield Abstracted(name, title, whole.replace(conclusion, "", 1).strip(), conclusion)


def _f1(common: int, told: int, wanted: int) -> float:
    return 2 * common / (told + wanted) if common else 0.0
