"""Evidence without an answer: the reader's best quotes, numbered, for people who bring a model of their own."""

from collections.abc import Sequence

from rag.answers import Quote
from rag.desk import Column, Desk


def spans(columns: Sequence[Column], desk: Desk, limit: int) -> list[Quote]:
    """At most `limit` quotes that share no word, best first, the columns in turn; they come sure or not.

    Each comes with what it leans on, unless that is quoted already. A reader gives about ten.
    """
    longest = max(len(column.reading.quotes) for column in columns)
    kept: list[Quote] = []
    for place in range(longest):
        for column in columns:
            for quote in column.reading.quotes[place : place + 1]:
                forms = (desk.widened(column.asked, quote), quote)
                kept += [form for form in forms if not any(_overlap(form, other) for other in kept)][:1]
    return kept[:limit]


def _overlap(one: Quote, other: Quote) -> bool:
    same = one.passage.document_id == other.passage.document_id
    return same and one.start < other.end and other.start < one.end
