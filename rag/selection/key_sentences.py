"""The sentences that stand for an article: near the centre of all it says, early rather than late, unlike each other.

Centroid, position and redundancy as in MEAD (Radev, Jing, Styś and Tam 2004), over sentence vectors instead of words
(Rossiello, Basile and Semeraro 2017), redundancy weighed as maximal marginal relevance (Carbonell and Goldstein 1998).
A sentence's vector is the mean of its token vectors, which the passage's own embedding pass gave; it and the centre are
rounded to so few digits that every product and sum here is exact, so that equal articles have equal key sentences.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Encoding
from index.records import Head, Hit, Passage, Span
from index.search import Index
from rag.answer import PLAIN, AnswerPart, Frame, Quote, Reading
from rag.catalogue import Catalogue
from rag.follow_ups.turns import Turn
from rag.language.dependence import depends_on_previous
from rag.language.patterns import read_patterns
from rag.language.quantities import values
from rag.question.analysis import analyse
from rag.question.purpose import Purpose
from rag.reading.similarity import edges_of
from rag.selection.context import MOST_CHARACTERS
from rag.structure import section

Floats = NDArray[np.float64]

LEAST, MOST = 3, 6  # sentences of a summary
_OF_EACH = 9  # one of so many sentences of an article
_POSITION = 0.2  # what standing first adds; the second has half of it, the third a third …
_UNLIKE = 0.3  # how much likeness to a sentence that is chosen already counts against one
_STEPS = 1024  # to a length of 1, of a sentence's vector
_SHORTEST, _LONGEST = 36, 420  # characters; shorter ones are labels, longer ones lists
_SHORTEST_DENSE = 12  # … of a script in which a character is a word
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_TEXT = read_patterns("rag.selection", "key_sentences.txt")
_CONNECTS, SMALL_PRINT, _ONE = map(_TEXT.compiled, "CONNECTS SMALL_PRINT ONE".split())
_ON_ONE, _IN_ONE, _SENTENCES = map(_TEXT.compiled, "ON_ONE IN_ONE SENTENCES".split())
_FINISHED = _TEXT.cased("FINISHED")


def key_sentences(
    index: Index, document_id: str, most: int = MOST, heard: str = "", least: int = LEAST
) -> tuple[Quote, ...]:
    """`least` to `most` sentences in reading order, by the article's length; fewer only where it has no more, none of
    an empty one, and none that stands in what was `heard`.

    A quote's score is how central it is with what its place adds and its likeness to others takes away.
    """
    rows = index.rows_of(document_id)
    passages = [index.passage(row) for row in rows]
    vectors = sentence_vectors(passages, index.encodings(rows))
    if not vectors:
        return ()
    places = sorted(vectors)
    homes = {sentence: passage for passage in reversed(passages) for sentence in passage.sentences}
    texts = [homes[place].said(*place) for place in places]
    once = [n for n, text in enumerate(texts) if texts.index(text) == n and text not in heard]
    if not once:
        return ()
    fit = [n for n in once if stands_alone(texts[n])]
    wanted = min(most, max(least, len(places) // _OF_EACH))
    offered = fit if len(fit) >= wanted else once
    chosen = _chosen(np.stack([vectors[place] for place in places]), offered, wanted)
    return tuple(
        Quote(homes[places[n]], *places[n], score=sum(parts.values()), contributions=parts)
        for n, parts in sorted(chosen.items())
    )


def stands_alone(text: str) -> bool:
    """May it be quoted without its neighbours: a sentence that leans on nothing, no label or list, no notice?"""
    least = _SHORTEST_DENSE if _DENSE.search(text) else _SHORTEST
    return least <= len(text) <= _LONGEST and leans_on_nothing(text) and not SMALL_PRINT.search(text)


def leans_on_nothing(text: str) -> bool:
    """Is it a whole sentence that needs none before it, and no row of a table?"""
    whole = "|" not in text and _FINISHED.search(text) is not None
    return whole and not (_CONNECTS.match(text) or depends_on_previous(text))


def sentence_vectors(passages: Sequence[Passage], encodings: Sequence[Encoding]) -> dict[Span, Floats]:
    """By place in the document, a vector of length 1 for each sentence with a token; where passages share one, as the
    first of them has it."""
    found: dict[Span, Floats] = {}
    for passage, encoding in zip(passages, encodings, strict=True):
        tokens = encoding.tokens * encoding.scales[:, np.newaxis].astype(np.float64)
        for sentence, (first, last) in zip(
            passage.sentences, pairwise(edges_of(passage, encoding.offsets[:, 0])), strict=True
        ):
            if first < last and sentence not in found:
                found[sentence] = _direction(tokens[first:last].sum(axis=0) / (last - first))
    return found


def _direction(vector: Floats) -> Floats:
    """At length 1, in whole steps; the length is exact, since it is one of a vector in whole steps."""
    whole = np.rint(vector * _STEPS) / _STEPS
    length = float(np.sqrt(np.square(whole).sum()))
    return np.asarray(np.rint(whole / length * _STEPS) / _STEPS) if length else whole


def _chosen(vectors: Floats, offered: Sequence[int], wanted: int) -> dict[int, dict[str, float]]:
    """By number of the sentence what makes up its score, the best first."""
    central = vectors @ _direction(vectors[offered].sum(axis=0) / len(offered))
    chosen: dict[int, dict[str, float]] = {}
    while len(chosen) < min(wanted, len(offered)):
        left = [n for n in offered if n not in chosen]
        likest = (vectors[left] @ vectors[list(chosen)].T).max(axis=1) if chosen else np.zeros(len(left))
        weighed = [
            {"central": float(central[n]), "position": _POSITION / (1 + n), "unlike": -_UNLIKE * float(like)}
            for n, like in zip(left, likest, strict=True)
        ]
        best = max(range(len(left)), key=lambda k: (sum(weighed[k].values()), -left[k]))
        chosen[left[best]] = weighed[best]
    return chosen


# A summary in the articles' own words: the key sentences of those that are meant, as parts of an answer.

MOST_ARTICLES = 5  # that are summed up at once
_SEARCHED = 40  # passages, for the article that has a section of some number


def summary_parts(
    question: str, purpose: Purpose, turns: Sequence[Turn], catalogue: Catalogue
) -> tuple[AnswerPart, ...]:
    """One for each article that is meant, the newest MOST_ARTICLES where there are more; none where no article is.

    An article that says the same as another is left out, and so is what was quoted before, where more is asked for.
    What stands under a numbered heading is quoted as a whole.
    """
    if purpose.which == "section":
        return _section(question, purpose.of.split()[-1].lstrip("§vV"), catalogue)
    shown = _meant(purpose, turns, catalogue)[:MOST_ARTICLES]
    most = LEAST if len(shown) > 1 or purpose.which == "about" else MOST
    counted = _counted(question)
    bounds = (counted, counted) if counted else (1, 1) if purpose.which == "less" else (LEAST, most)
    heard = "\n".join(turn.answer for turn in turns) if purpose.which == "more" else ""
    parts = (_part(question, head, bounds, catalogue.index, heard) for head in shown)
    return tuple({tuple(one.words for one in part.quotes): part for part in parts if part.quotes}.values())


def _meant(purpose: Purpose, turns: Sequence[Turn], catalogue: Catalogue) -> Sequence[Head]:
    """In the order of the answer that named them, of which "it" is the first; else the newest first."""
    meant = catalogue.meant(purpose.of, turns)
    named = catalogue.named_in(turns)
    if named and set(meant) == set(named):
        return named[:1] if _ONE.fullmatch(purpose.of) and purpose.which != "less" else named
    if _ON_ONE.match(purpose.of):
        return meant[:1]
    return [head for head in catalogue.newest_first if head in set(meant)]


def _counted(question: str) -> int:
    """How many sentences are asked for, at most MOST: "in three sentences", "5 key points"; 0: it is not said."""
    if _IN_ONE.search(question):
        return 1
    counts = (int(one.value) for one in values(question) if _SENTENCES.match(question, one.end))
    return min(next(counts, 0), MOST)


def _section(question: str, number: str, catalogue: Catalogue) -> tuple[AnswerPart, ...]:
    """Of the article that search finds first of those with a section of that number."""
    index = catalogue.index
    for hit in index.search(question, limit=_SEARCHED, filters=catalogue.filters):
        document = index.document(hit.passage.document_id)
        if found := section(document, number, MOST_CHARACTERS):
            quote = Quote(next(one for one in index.passages(document.id) if one.end >= found.end), *found, 1.0)
            return (
                AnswerPart(
                    "", analyse(question, index.stem), Reading((quote,), (hit,), 1.0), (quote,), PLAIN, None, ()
                ),
            )
    return ()


def _part(question: str, head: Head, bounds: tuple[int, int], index: Index, heard: str) -> AnswerPart:
    """Nothing is weighed here that could be unsure: the sentences are the article's, and it was named."""
    least, most = bounds
    quotes = key_sentences(index, head.id, most, heard, least)
    rows = {index.passage(row).id: row for row in index.rows_of(head.id)}
    hits = {quote.passage.id: Hit(rows[quote.passage.id], quote.passage, quote.score, {}, {}) for quote in quotes}
    reading = Reading(quotes, tuple(hits.values()), 1.0)
    return AnswerPart("", analyse(question, index.stem), reading, quotes, Frame("summary"), None, ())
