"""Evidence without an answer: the reader's best quotes, numbered, for people who bring a model of their own."""

from collections.abc import Sequence
from itertools import zip_longest

from rag.answers import Dropped, Quote
from rag.desk import Column, Desk


def spans(columns: Sequence[Column], desk: Desk, limit: int) -> tuple[list[Quote], list[Dropped]]:
    """At most `limit` quotes that share no word, best first, the columns in turn, sure or not; and what is left over.

    Each comes with what it leans on, unless that is quoted already. A reader gives about ten.
    """
    kept: list[Quote] = []
    dropped: list[Dropped] = []
    offered: set[tuple[str, int, int]] = set()
    for row in zip_longest(*(column.reading.quotes for column in columns)):
        for column, quote in zip(columns, row, strict=True):
            if quote is None or (place := (quote.passage.document_id, quote.start, quote.end)) in offered:
                continue
            offered.add(place)
            forms = (desk.widened(column.asked, quote), quote)
            fitting = [form for form in forms if not any(_overlap(form, other) for other in kept)]
            if fitting and len(kept) < limit:
                kept.append(fitting[0])
            else:
                dropped.append(Dropped(quote, "max_quotes" if fitting else "within"))
    return kept, dropped


def _overlap(one: Quote, other: Quote) -> bool:
    same = one.passage.document_id == other.passage.document_id
    return same and one.start < other.end and other.start < one.end
