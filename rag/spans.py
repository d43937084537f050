"""Evidence without an answer: the reader's best quotes, numbered, for people who bring a model of their own."""

from collections.abc import Sequence

from rag.answers import Quote
from rag.choose import once
from rag.desk import Column, Desk


def spans(columns: Sequence[Column], desk: Desk, limit: int) -> tuple[Quote, ...]:
    """At most `limit` quotes, each with what it leans on; best first, the columns in turn.

    A reader gives about ten; they come whether or not it is sure enough to answer.
    """
    longest = max(len(column.reading.quotes) for column in columns)
    found = [
        desk.widened(column.asked, quote)
        for place in range(longest)
        for column in columns
        for quote in column.reading.quotes[place : place + 1]
    ]
    return once(found)[:limit]
