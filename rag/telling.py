"""Columns of quotes and reasons → the segments of an answer, with notes beside the quotes."""

from collections.abc import Sequence

from index.records import Document, Hit
from index.search import Index
from rag.answers import Citation, Segment
from rag.compose import Times, abstention, compose, side, spelled
from rag.desk import Column
from rag.hearing import Heard
from rag.times.relative import Relative, relative_notes
from rag.times.timeline import lead_in
from rag.words.tongue import other_language

_NEAREST = 2


def tell(heard: Heard, columns: Sequence[Column], citations: Sequence[Citation], index: Index) -> tuple[Segment, ...]:
    """`citations` are those of all columns' quotes, in their order."""
    language = heard.language
    segments = [spelled(heard.respelled, language)] if heard.respelled else []
    rest = list(citations)
    for column in columns:
        segments += [side(column.label, language)] if column.label else []
        if column.reason:
            nearest = [] if column.label else _nearest(column.reading.hits, index)
            other = other_language(language, nearest)
            segments.append(abstention(column.reason, nearest, index.day, language, other))
        else:
            own, rest = rest[: len(column.quotes)], rest[len(column.quotes) :]
            segments += compose(own, column.frame, _times(own, language, index), language)
    return tuple(segments)


def _times(citations: Sequence[Citation], language: str, index: Index) -> Times:
    """What relative words in the quotes mean; an inferred date is good for a year, not for a day."""
    times: dict[int, list[Relative]] = {}
    for one in citations:
        found = relative_notes(one.quote, one.published, lead_in(index.document(one.document_id).text, one.start))
        sure = [each for each in found if "published" not in one.inferred or each.when.precision == "year"]
        times[one.marker] = [each for each in sure if language == "en" or each.meaning.isdigit()]
    return times


def _nearest(hits: Sequence[Hit], index: Index) -> list[Document]:
    names = list(dict.fromkeys(hit.passage.document_id for hit in hits))[:_NEAREST]
    return [index.document(name) for name in names]
