"""A summary in the articles' own words: which articles are meant, and their key sentences as an answer's parts.

What is meant is named by author, title, publisher or date, or by the subject of an article; or it follows from the
turns before, or from there being one article only.
"""

import re
from collections.abc import Sequence

from index.ranking.filters import Filters
from index.records import Document, Head, Hit, short_title
from index.search import Index
from index.text.words import cut, stop_words, words
from rag.answer import AnswerPart, Frame, Quote, Reading
from rag.follow_ups.turns import Turn
from rag.question.analysis import analyse
from rag.question.purpose import Purpose
from rag.selection.key_sentences import LEAST, MOST, key_sentences

MOST_ARTICLES = 5  # that are summed up at once
_LOOKED_AT = 2000  # articles whose names are compared; of more, only those that a search finds
_FOUND = 20  # passages that a search for a subject looks at
_NAMED = 0.6  # share of the words that an article's author, title, publisher and date hold between them
_ARTICLE = re.compile(
    r"\b(?:articles?|documents?|docs?|texts?|papers?|sources?|stories|story|files?|reports?|posts?|pieces?|publications?"
    r"|art[ií]culos?|documentos?|textos?|informes?|notas?|one|corpus|collection)\b",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:everything|all|both|each|every|them|they|these|those|articles|documents|texts|papers|sources|stories|files"
    r"|reports|corpus|collection|todo|todos|todas|ambos|estos|artículos|articulos)\b",
    re.IGNORECASE,
)
_NEWEST = re.compile(r"\b(?:newest|latest|last|most recent|más reciente|último)\b", re.IGNORECASE)
_OLDEST = re.compile(r"\b(?:oldest|earliest|first|más antiguo|primero?)\b", re.IGNORECASE)
_POINTING = frozenset(
    "this that it its these those them they by from on about of the an a one ones article articles whole entire full "
    "you have has here corpus collection written published author everything all both each every newest latest last "
    "most recent oldest earliest first same said says content contents main points other your our above previous "
    "este esta esto estos ese del de la el los las sobre por todo todos ambos artículo artículos texto último más "
    "reciente antiguo primero".split()
)


def summary_parts(
    question: str, purpose: Purpose, turns: Sequence[Turn], index: Index, filters: Filters
) -> tuple[AnswerPart, ...]:
    """One for each article that is meant, at most MOST_ARTICLES; none where no article is."""
    shown = articles_meant(purpose.of, turns, index, filters)[:MOST_ARTICLES]
    most = LEAST if len(shown) > 1 or purpose.which == "about" else MOST
    parts = (_part(question, document, key_sentences(index, document.id, most), index) for document in shown)
    return tuple(part for part in parts if part.quotes)


def articles_meant(of: str, turns: Sequence[Turn], index: Index, filters: Filters) -> list[Document]:
    """Those that the words name, the newest first; none where they name a subject and no article."""
    known = _known(of, index, filters)
    for order, pick in ((_NEWEST, -1), (_OLDEST, 0)):
        dated = sorted((one for one in known if one.published), key=_day)
        if dated and order.search(of) and not _telling(of):
            return [dated[pick]]
    if telling := _telling(of):
        return _newest_first(_called(telling, known) or _on(of, index, filters))
    pointed = (
        [] if re.search(r"\b(?:everything|all|every|todos?|todas|corpus|collection)\b", of) else _before(turns, known)
    )
    if not pointed or _ALL.search(of):
        return _newest_first(pointed if len(pointed) > 1 else known)
    return pointed[:1]


def _known(of: str, index: Index, filters: Filters) -> list[Document]:
    names: Sequence[str] = index.document_ids
    if len(names) > _LOOKED_AT:
        hits = index.search(of, limit=_FOUND, filters=filters) if _telling(of) else []
        names = list(dict.fromkeys(hit.passage.document_id for hit in hits)) or names[:_LOOKED_AT]
    documents = map(index.document, names)
    return [one for one in documents if filters.passes(Head(one.id, one.author, one.published))]


def _telling(of: str) -> list[str]:
    """Stems of the words that name something."""
    spoken = [word.text for word in words(of) if not _ARTICLE.fullmatch(word.text)]
    return [cut(word, "snowball") for word in spoken if word not in stop_words() | _POINTING]


def _called(telling: Sequence[str], known: Sequence[Document]) -> list[Document]:
    """Those whose names hold most of the words, and all of them alike."""
    held = [(sum(stem in _names(one) for stem in telling), one) for one in known]
    most = max((count for count, _ in held), default=0)
    return [one for count, one in held if count == most] if most >= max(1, _NAMED * len(telling)) else []


def _names(document: Document) -> set[str]:
    day = document.published.strftime("%Y %B") if document.published else ""
    named = f"{document.author} {document.title} {document.publisher} {day}"
    return {cut(word.text, "snowball") for word in words(named)}


def _on(of: str, index: Index, filters: Filters) -> list[Document]:
    """The one whose passages a search finds first and most, where an article on some subject is meant."""
    weights: dict[str, int] = {}
    for place, hit in enumerate(index.search(of, limit=_FOUND, filters=filters) if _ARTICLE.search(of) else ()):
        name = hit.passage.document_id
        weights[name] = weights.get(name, 0) + _FOUND - place
    return [index.document(max(weights, key=lambda name: weights[name]))] if weights else []


def _before(turns: Sequence[Turn], known: Sequence[Document]) -> list[Document]:
    """Those that the last answer names which names any, in its order."""
    for turn in reversed(turns):
        at = {one.id: turn.answer.find(f"“{short_title(one.title)}”") for one in known}
        if found := sorted((one for one in known if at[one.id] >= 0), key=lambda one: at[one.id]):
            return found
    return []


def _newest_first(documents: Sequence[Document]) -> list[Document]:
    """Undated ones last, each as it stood."""
    return sorted(documents, key=_day, reverse=True)


def _day(document: Document) -> str:
    return document.published.isoformat() if document.published else ""


def _part(question: str, document: Document, quotes: Sequence[Quote], index: Index) -> AnswerPart:
    """Nothing is weighed here that could be unsure: the sentences are the article's, and it was named."""
    rows = {index.passage(row).id: row for row in index.rows_of(document.id)}
    hits = {quote.passage.id: Hit(rows[quote.passage.id], quote.passage, quote.score, {}, {}) for quote in quotes}
    reading = Reading(tuple(quotes), tuple(hits.values()), 1.0)
    return AnswerPart("", analyse(question, index.stem), reading, tuple(quotes), Frame("summary"), None, ())
