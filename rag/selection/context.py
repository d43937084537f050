"""A quote made to stand on its own: with what its first words refer to, with its speaker, with the rest of its list.

A widened quote is still one verbatim stretch of whole sentences, holds the quote it was made of, and runs over no
heading. Widening it again changes nothing.

Of the 207 development questions (eval/gold) it changes 40 answers in form; none is right or wrong by it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from index.records import Document, Passage, Span
from index.text.words import words
from rag.answer import Quote
from rag.language.dependence import depends_on_previous, hangs_on_a_pronoun
from rag.language.word_lists import SPEAKS
from rag.question.shape import Shape

MOST_CHARACTERS = 1200  # of a widened quote
_MOST_SENTENCES = 3  # of a quote that is widened for its first words or its speaker: two before or behind it
_MOST_ITEMS = 12  # of a list

_ITEM = re.compile(r"(?:[-*•·‣▪–—]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s")
_ANNOUNCES = re.compile(r"(?::|\bthe following|\bas follows)[.:]?[\"”’*]*$", re.IGNORECASE)
_COUNTS = re.compile(r"(?:first|second|third|fourth|fifth|sixth|final|last)(?:ly)?(?:,| of all)", re.IGNORECASE)
_ALSO = re.compile(
    r"(?:additionally|in addition|also|(?:he|she|it|they)(?: ha[sd]| have| will)? also)\b", re.IGNORECASE
)
_SPEECH = re.compile(rf"\b(?:{SPEAKS})\b", re.IGNORECASE)
_FINISHED = re.compile(r"[.!?…:;][\"'”’»)\]*]*$")


@dataclass(frozen=True, slots=True)
class _Place:
    """Sentences first..last of a document."""

    document: Document
    sentences: Sequence[Span]
    first: int
    last: int
    asked: frozenset[str] = frozenset()  # the question's words

    def text(self, n: int) -> str:
        return self.document.text[self.sentences[n].start : self.sentences[n].end]

    def follows(self, n: int) -> bool:
        """Is there a sentence before number n, in the same section?"""
        if not 0 < n < len(self.sentences):
            return False
        before, after = self.sentences[n - 1].end, self.sentences[n].start
        return not any(before <= heading.start < after for heading in self.document.headings)

    def starts_line(self, n: int) -> bool:
        before = self.document.text[max(self.sentences[n].start - 80, 0) : self.sentences[n].start]
        return not before.rpartition("\n")[2].strip(" \t-*•·‣▪")

    def reach(self, first: int, last: int) -> "_Place":
        """The place from first to last, if that is not too much to quote."""
        size = self.sentences[last].end - self.sentences[first].start
        return replace(self, first=first, last=last) if size <= MOST_CHARACTERS else self


def sentences_of(passages: Iterable[Passage]) -> tuple[Span, ...]:
    """The sentences of one document in order; those that passages share come once."""
    return tuple(sorted({sentence for passage in passages for sentence in passage.sentences}))


def with_context(
    quote: Quote,
    document: Document,
    sentences: Sequence[Span],
    shape: Shape = "",
    asked: frozenset[str] = frozenset(),
) -> Quote:
    """The quote in whole sentences, with what it leans on; `sentences` are all those of the document, in order.

    `asked`: the question's words, where one is known. What "this agreement" points at is then quoted only if it holds
    one of them that the quote lacks: else the asker has named it. What "he" points at is always quoted. Lists are
    completed only where the question has that shape. A quote that is in no sentence comes back as it is.
    """
    starts = [sentence.start for sentence in sentences]
    first, last = bisect_right(starts, quote.start) - 1, bisect_right(starts, quote.end - 1) - 1
    if first < 0 or quote.end > sentences[last].end or quote.start >= sentences[first].end:
        return quote
    place = _Place(document, sentences, first, last, asked)
    rules: tuple[Callable[[_Place], _Place], ...] = (_unbroken, _with_speaker, _with_antecedent)
    if shape == "list":
        rules = (_with_list, _with_count, *rules)  # first, as what a long list leans on is left out
    while True:
        before = place
        for rule in rules:
            place = rule(place)
        if place == before:
            return replace(quote, start=sentences[place.first].start, end=sentences[place.last].end)


def _unbroken(place: _Place) -> _Place:
    """A sentence that a page break or a splitter cut in two is put together."""
    if place.follows(place.first) and _is_cut(place, place.first):
        place = place.reach(place.first - 1, place.last)
    if place.follows(place.last + 1) and _is_cut(place, place.last + 1):
        place = place.reach(place.first, place.last + 1)
    return place


def _is_cut(place: _Place, n: int) -> bool:
    before, after = place.text(n - 1), place.text(n)
    return after[:1].islower() and not _FINISHED.search(before) and not _ITEM.match(after)


def _with_antecedent(place: _Place) -> _Place:
    if place.last - place.first + 1 < _MOST_SENTENCES and place.follows(place.first):
        opening = re.sub(r"^[*_#>\s-]+", "", place.text(place.first))
        leans = place.first == place.last and depends_on_previous(opening) and _adds(place, place.first - 1)
        if leans or hangs_on_a_pronoun(opening):
            return place.reach(place.first - 1, place.last)
    return place


def _adds(place: _Place, n: int) -> bool:
    """Does sentence number n hold a word of the question that the one behind it lacks? True where nothing was asked."""
    before, own = ({word.text for word in words(place.text(m))} for m in (n, n + 1))
    return not place.asked or bool(place.asked & before - own)


def _with_speaker(place: _Place) -> _Place:
    """Direct speech is quoted from its first to its last mark, with the sentence that says whose it is."""
    if place.last - place.first + 1 >= _MOST_SENTENCES:
        return place
    text = " ".join(place.text(n) for n in range(place.first, place.last + 1))
    opened, closed = _marks(text)
    if opened > closed and place.follows(place.last + 1):
        return place.reach(place.first, place.last + 1)
    if closed > opened and place.follows(place.first):
        return place.reach(place.first - 1, place.last)
    if opened != closed or text[:1] not in '“"«' or _SPEECH.search(_outside(text)):
        return place
    if place.follows(place.first) and _SPEECH.search(_outside(place.text(place.first - 1))):
        return place.reach(place.first - 1, place.last)
    if place.follows(place.last + 1) and _SPEECH.search(_outside(place.text(place.last + 1))[:60]):
        return place.reach(place.first, place.last + 1)
    return place


def _marks(text: str) -> tuple[int, int]:
    """How many quotation marks open and how many close; a straight one opens at the start of a word."""
    straight_open = len(re.findall(r"(?<!\S)\(?\"(?=\S)", text))
    straight = text.count('"')
    return text.count("“") + text.count("«") + straight_open, text.count("”") + text.count(
        "»"
    ) + straight - straight_open


def _outside(text: str) -> str:
    return re.sub(r"“[^”]*”?|«[^»]*»?|\"[^\"]*\"?", " ", text)


def _with_list(place: _Place) -> _Place:
    """A list with the sentence that announces it, from whichever of its sentences the quote ends in."""
    first = place.last
    while place.last - first < _MOST_ITEMS and _is_item(place, first) and place.follows(first):
        first -= 1
    if not _ANNOUNCES.search(place.text(first)) and not _is_item(place, first + 1):
        return place
    end = place.last
    while end - first < _MOST_ITEMS and place.follows(end + 1) and _is_item(place, end + 1):
        end += 1
    first = min(first, place.first)
    while end > place.last and place.sentences[end].end - place.sentences[first].start > MOST_CHARACTERS:
        end -= 1
    return place.reach(first, end) if end > first else place


def _is_item(place: _Place, n: int) -> bool:
    """A line with a bullet or a number, or a short one that is no whole sentence."""
    if n >= len(place.sentences) or not place.starts_line(n):
        return False
    text = place.text(n)
    marked = _ITEM.match(text) or place.document.text[: place.sentences[n].start].endswith(("- ", "* ", "• "))
    return bool(marked) or (len(text) <= 160 and not text.endswith((".", "?", "!", ":")))


def _with_count(place: _Place) -> _Place:
    """ "First, …", "Second, …" belong together, and "He also …" belongs to what he did before."""
    first, last = place.first, place.last
    if _COUNTS.match(place.text(first)):
        earlier = (n for n in range(first, max(first - _MOST_ITEMS, -1), -1) if _COUNTS.match(place.text(n)))
        first = _reached(place, first, min(earlier, default=first))
    if _COUNTS.match(place.text(first)):
        later = (n for n in range(last, min(last + 4, len(place.sentences))) if _COUNTS.match(place.text(n)))
        last = _reached(place, last, max(later, default=last))
    if last - first + 1 < _MOST_ITEMS and place.follows(last + 1) and _ALSO.match(place.text(last + 1)):
        last += 1
    return place.reach(first, last)


def _reached(place: _Place, start: int, goal: int) -> int:
    """As far from start to goal as no heading stands between."""
    low, high = min(start, goal), max(start, goal)
    return goal if all(place.follows(n) for n in range(low + 1, high + 1)) else start
