"""What would have been: the question without one of its words, or without filters. Every statement is a rerun."""

from dataclasses import replace

from index.records import Document, Head
from index.scope import EVERYTHING, Filters
from rag.answers import Quote, Reading
from rag.desk import CONFIDENCE_DIGITS, READ_HITS, Desk
from rag.evidence import rarity
from rag.explain import Removed, Sentence, Without
from rag.question import Asked

MOST_TERMS = 8  # each is a rerun


def without(desk: Desk, asked: Asked, best: Quote, filters: Filters) -> tuple[Without, ...]:
    """For each of the question's terms, at most the eight rarest, in the question's order: where the quote goes."""
    stems = list(dict.fromkeys(term.stem for term in asked.terms))
    rarest = sorted(stems, key=lambda stem: -rarity(desk.index, stem))[:MOST_TERMS]
    return tuple(_without(desk, asked, stem, best, filters) for stem in stems if stem in rarest)


def removed(desk: Desk, whole: Desk, asked: Asked, filters: Filters) -> Removed | None:
    """None where the first quote of all articles is of one that the filters and the day let pass."""
    reading = _read(whole, asked.text, EVERYTHING)
    if not reading.quotes:
        return None
    best = reading.quotes[0]
    document = whole.index.document(best.passage.document_id)
    by = _shut_out(document, filters)
    if desk.index.day and not Filters(published_to=desk.index.day).passes(_head(document)):
        by = (*by, "as_of")
    if not by:
        return None
    sentence = Sentence(document.id, best.start, best.end, best.score, best.contributions)
    return Removed(sentence, document.text[best.start : best.end], by, round(reading.confidence, CONFIDENCE_DIGITS))


def _without(desk: Desk, asked: Asked, stem: str, best: Quote, filters: Filters) -> Without:
    spans = [(term.start, term.end) for term in asked.terms if term.stem == stem]
    reading = _read(desk, left_of(asked.text, spans), filters)
    place = (best.passage.document_id, best.start, best.end)
    there = [(one.passage.document_id, one.start, one.end) for one in reading.quotes]
    rank = there.index(place) + 1 if place in there else None
    start, end = spans[0]
    return Without(asked.text[start:end], rank, round(reading.confidence, CONFIDENCE_DIGITS))


def left_of(question: str, spans: list[tuple[int, int]]) -> str:
    """The question without these ascending spans, and without the blanks that they leave."""
    kept, at = [], 0
    for start, end in spans:
        kept.append(question[at:start])
        at = end
    return " ".join("".join((*kept, question[at:])).split())


def _read(desk: Desk, question: str, filters: Filters) -> Reading:
    if not any(character.isalnum() for character in question):  # nothing is left to ask
        return Reading((), (), 0.0)
    return desk.surest((question,), READ_HITS, filters)[1]


def _shut_out(document: Document, filters: Filters) -> tuple[str, ...]:
    """Names of the filters that the document does not pass."""
    single = {
        "documents": replace(EVERYTHING, documents=filters.documents),
        "authors": replace(EVERYTHING, authors=filters.authors),
        "published_from": replace(EVERYTHING, published_from=filters.published_from),
        "published_to": replace(EVERYTHING, published_to=filters.published_to),
    }
    return tuple(name for name, one in single.items() if not one.passes(_head(document)))


def _head(document: Document) -> Head:
    return Head(document.id, document.author, document.published)
