"""A summary in the articles' own words: the key sentences of those that are meant, as parts of an answer."""

import re
from collections.abc import Sequence

from index.records import Head, Hit
from index.search import Index
from rag.answer import AnswerPart, Frame, Reading
from rag.catalogue import Catalogue
from rag.follow_ups.turns import Turn
from rag.question.analysis import analyse
from rag.question.purpose import Purpose
from rag.selection.choose import words_of
from rag.selection.key_sentences import LEAST, MOST, key_sentences

MOST_ARTICLES = 5  # that are summed up at once
_ONE = re.compile(
    r"(?:it|this|that|(?:the|this|that|your|last) (?:\w+ )?(?:article|document|doc|text|paper|report|story|piece|post)"
    r"|(?:el|este|ese) (?:artículo|articulo|texto|documento|informe))?",
    re.IGNORECASE,
)


_ON_ONE = re.compile(
    r"(?:the|an?|this|that|el|un) (?:\w+ )?(?:article|document|text|paper|report|story|piece|post|one|artículo|texto) "
    r"(?:about|on|regarding|concerning|covering|that|sobre|acerca)\b",
    re.IGNORECASE,
)  # one article, told by its subject: the one that is most on it


def summary_parts(
    question: str, purpose: Purpose, turns: Sequence[Turn], catalogue: Catalogue
) -> tuple[AnswerPart, ...]:
    """One for each article that is meant, the newest MOST_ARTICLES where there are more; none where no article is.

    An article that says the same as another is left out, and so is what was quoted before, where more is asked for.
    """
    shown = _meant(purpose, turns, catalogue)[:MOST_ARTICLES]
    most = LEAST if len(shown) > 1 or purpose.which == "about" else MOST
    heard = "\n".join(turn.answer for turn in turns) if purpose.which == "more" else ""
    parts = (_part(question, head, most, catalogue.index, heard) for head in shown)
    return tuple({tuple(map(words_of, part.quotes)): part for part in parts if part.quotes}.values())


def _meant(purpose: Purpose, turns: Sequence[Turn], catalogue: Catalogue) -> Sequence[Head]:
    """In the order of the answer that named them, of which "it" is the first; else the newest first."""
    meant = catalogue.meant(purpose.of, turns)
    named = catalogue.named_in(turns)
    if named and set(meant) == set(named):
        return named[:1] if _ONE.fullmatch(purpose.of) else named
    if _ON_ONE.match(purpose.of):
        return meant[:1]
    return [head for head in catalogue.newest_first if head in set(meant)]


def _part(question: str, head: Head, most: int, index: Index, heard: str) -> AnswerPart:
    """Nothing is weighed here that could be unsure: the sentences are the article's, and it was named."""
    quotes = key_sentences(index, head.id, most, heard)
    rows = {index.passage(row).id: row for row in index.rows_of(head.id)}
    hits = {quote.passage.id: Hit(rows[quote.passage.id], quote.passage, quote.score, {}, {}) for quote in quotes}
    reading = Reading(quotes, tuple(hits.values()), 1.0)
    return AnswerPart("", analyse(question, index.stem), reading, quotes, Frame("summary"), None, ())
