"""An answer explained: why its passages were found and stand in their order, out of what decided the answer."""

import math
from collections.abc import Sequence

from index.fuse import Shares
from index.records import Hit
from index.scope import Filters
from index.text import cut, stems, words
from rag.answers import Quote
from rag.desk import Column, Desk
from rag.explain import Explanation, Found, Sentence, Share
from rag.grounds import calibration_of, refusal_of
from rag.otherwise import removed, without


def explain(
    desk: Desk, whole: Desk, columns: Sequence[Column], evidence: Sequence[Hit], filters: Filters
) -> Explanation:
    """`desk` read the columns; `whole` reads everything, also what is later than the desk's day."""
    shares = [desk.index.shares(column.asked.text, filters=filters) for column in columns]
    told = next((column for column in columns if not column.reason), columns[0])
    deciding = deciding_of(columns)
    best = told.reading.quotes[0] if told.reading.quotes else None
    refused = next((column for column in columns if column.reason), None)
    shut_out = removed(desk, whole, told.asked, filters) if filters or desk.index.day else None
    return Explanation(
        found=tuple(_found(desk, columns, shares, hit) for hit in evidence),
        best=sentence_of(best) if best else None,
        without=without(desk, told.asked, best, filters) if best else (),
        removed=shut_out,
        log_odds=math.fsum(deciding.reading.contributions.values()),
        calibration=calibration_of(deciding.reading),
        refusal=refusal_of(refused, desk.index, shut_out) if refused else None,
    )


def deciding_of(columns: Sequence[Column]) -> Column:
    """The one whose confidence is the answer's: an answer is as sure as the least sure of what it says."""
    said = [column for column in columns if not column.reason]
    return min(said or columns, key=lambda column: column.reading.confidence)


def sentence_of(quote: Quote) -> Sentence:
    return Sentence(quote.passage.document_id, quote.start, quote.end, quote.score, quote.contributions)


def _found(desk: Desk, columns: Sequence[Column], shares: Sequence[Shares], hit: Hit) -> Found:
    """Of a hit that is one of some column's."""
    n = next(n for n, column in enumerate(columns) if any(one is hit for one in column.reading.hits))
    column, added = columns[n], shares[n][hit.row]
    best = column.reading.best.get(hit.row)
    terms = {"lexical": _by_word(desk, column.asked.text, hit.row)}
    return Found(
        passage_id=hit.passage.id,
        fused=math.fsum(added.values()),
        shares={
            name: Share(hit.ranks[name], float(hit.scores[name]), share, terms.get(name, {}))
            for name, share in sorted(added.items())
        },
        best=sentence_of(best) if best else None,
    )


def _by_word(desk: Desk, question: str, row: int) -> dict[str, float]:
    """What each word adds to the BM25 score, named as it first stands in the question."""
    index = desk.index
    written: dict[str, str] = {}
    for word in words(question):
        written.setdefault(cut(word.text, index.stem), question[word.start : word.end])
    parts = index.lexical.contributions(stems(question, index.stem), row)
    return {written.get(stem, stem): part for stem, part in parts.items()}
