"""Questions that the articles are known to answer: made from their sentences, asked, and kept only if answered by them.

So a suggestion never leads to "the articles do not say", nor to another article than the one it was made from.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import count

from index.records import Document
from index.text import normalise, stop_words, words
from rag.answers import Answer
from rag.suggest.wondering import VAGUE, Wondered, wonder

MOST = 3  # suggestions from one article, and after one answer
TRIED = 8  # questions that are asked to find them
STARTERS = 6  # articles that the first suggestions come from

Ask = Callable[[str], Answer]


class Suggester:
    """Of one assistant on one index version; what an article gives is found once."""

    def __init__(
        self, ask: Ask, document_of: Callable[[str], Document], ids: Sequence[str], known: Mapping[str, str]
    ) -> None:
        """`known`: document id → a question that somebody wrote for it; it must be answered like every other."""
        self._ask = ask
        self._document_of = document_of
        self._ids = ids
        self._known = known
        self.of_document = lru_cache(maxsize=1024)(self._of_document)
        self.first = lru_cache(maxsize=1)(self._first)

    def after(self, answer: Answer) -> tuple[str, ...]:
        """What to ask next: from the articles that were quoted, or that came nearest; never the same question, nor one
        that the answer has just answered."""
        cited = [citation.document_id for citation in answer.citations]
        near = cited or [hit.passage.document_id for hit in answer.evidence[:1]]
        asked = {_key(answer.question), _key(answer.standalone)}
        found = [text for name in dict.fromkeys(near[:2]) for text in self.of_document(name)]
        return tuple(text for text in dict.fromkeys(found) if _key(text) not in asked)[:MOST]

    def _first(self) -> tuple[str, ...]:
        """To begin with: one from each of the first articles."""
        return tuple(text for name in self._ids[:STARTERS] for text in self.of_document(name)[:1])

    def _of_document(self, document_id: str) -> tuple[str, ...]:
        """At most MOST of at most TRIED questions, the surest answered first, each by another sentence."""
        kept: list[Wondered] = []
        sure = [(self._sureness(document_id, one), one) for one in self._tried(document_id)]
        for sureness, one in sorted(sure, key=lambda pair: (bool(pair[1].kind), -pair[0])):
            if sureness and len(kept) < MOST and not any(_alike(one, other) for other in kept):
                kept.append(one)
        return tuple(one.text for one in kept)

    def _tried(self, document_id: str) -> list[Wondered]:
        written = [Wondered("", self._known[document_id], "", "")] if document_id in self._known else []
        return [*written, *_mixed(wonder(self._document_of(document_id)))][:TRIED]

    def _sureness(self, document_id: str, one: Wondered) -> float:
        """The answer's confidence; 0 if its first quote is not the sentence that the question was made from, or the
        better part of it."""
        answer = self._ask(one.text)
        if answer.status != "answered" or not answer.citations:
            return 0.0
        first = answer.citations[0]
        whole = one.sentence in first.quote
        part = first.quote in one.sentence and 2 * len(first.quote) > len(one.sentence)
        return answer.confidence if first.document_id == document_id and (whole or part) else 0.0


def _mixed(found: Sequence[Wondered]) -> list[Wondered]:
    """The best of each kind, then the second of each, so that not all eight are alike; the vaguest kind comes last."""
    place = {kind: count() for kind in (one.kind for one in found)}
    ranked = [(one.kind == VAGUE, next(place[one.kind]), n) for n, one in enumerate(found)]
    return [found[n] for *_, n in sorted(ranked)]


def _alike(a: Wondered, b: Wondered) -> bool:
    """The same question, one that the same sentence answers, or the same asked of the same subject."""
    same = bool(a.of) and a.of == b.of and (a.kind == b.kind or VAGUE in (a.kind, b.kind))
    telling = [set(_key(one.text)) - stop_words() for one in (a, b)]
    repeats = min(map(len, telling)) > 1 and (telling[0] <= telling[1] or telling[1] <= telling[0])
    return same or repeats or _key(a.text) == _key(b.text) or bool(a.sentence and a.sentence == b.sentence)


def _key(question: str) -> tuple[str, ...]:
    return tuple(word.text for word in words(normalise(question)))
