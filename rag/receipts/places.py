"""Where the very words of a citation stand in a text, and which of several places is the cited one."""

import unicodedata
from collections.abc import Iterable
from itertools import takewhile

from index.records import Span
from rag.receipts.alignment import edited
from rag.receipts.cited import Cited

LEAST_SIMILARITY = 0.5  # on the edits of `eval/edits.py` the deleted reach 0.38 and the edited begin at 0.53
_CONTEXT = 64  # code points on either side, where the former text is known
_ABOUT = 8  # code points of surroundings that may agree by chance: a full stop, a blank, "The"
_MOST_OCCURRENCES = 1_000  # that are compared by context, those nearest to the former place


def with_context(cited: Cited, old_text: str | None) -> Cited:
    """More of what stood around, where the former text is known and holds the quote."""
    if old_text is None or old_text[cited.start : cited.end] != cited.quote:
        return cited
    prefix = old_text[max(0, cited.start - _CONTEXT) : cited.start]
    return cited.between(prefix, old_text[cited.end : cited.end + _CONTEXT])


def stands(text: str, cited: Cited, at: int) -> bool:
    """Whether the words stand there and nothing has grown on to them that was not there before."""
    return text.startswith(cited.quote, at) and not any(_grows(text, cited, at))


def _grows(text: str, cited: Cited, at: int) -> tuple[bool, bool]:
    """Left and right: does a sign stand where a blank was, or a letter that makes another word of the quote's?"""
    end = at + len(cited.quote)
    left, right = text[max(0, at - 2) : at], text[end : end + 2]
    known = bool(cited.prefix or cited.suffix)  # else nothing is known of what stood around
    blank_left = known and not cited.prefix[-1:].strip() and bool(cited.prefix or not cited.start)
    blank_right = known and not cited.suffix[:1].strip()
    return (
        bool(blank_left and left[-1:].strip())
        or (_joined(left, cited.quote) and not _joined(cited.prefix, cited.quote)),
        bool(blank_right and right[:1].strip())
        or (_joined(cited.quote, right) and not _joined(cited.quote, cited.suffix)),
    )


def grown(text: str, cited: Cited) -> Span | None:
    """The words with what has grown on to them, where they stand in the most alike surroundings."""
    places = _found(text, cited)
    if not places:
        return None
    at = max(places, key=lambda place: (_alike(text, cited, place), -abs(place - cited.start)))
    end = at + len(cited.quote)
    left, right = _grows(text, cited, at)
    before, after = text[max(0, at - _CONTEXT) : at], text[end : end + _CONTEXT]
    return Span(at - len(before.split()[-1]) if left else at, end + len(after.split()[0]) if right else end)


def _joined(left: str, right: str) -> bool:
    """Whether the two make one word, number or sign where they meet."""
    if not left or not right:
        return False
    a, b = left[-1], right[0]
    if unicodedata.category(b)[0] == "M" or "\u200d" in (a, b):
        return True
    if a.isalnum() and b.isalnum():
        return True
    if b in ".,:" and a.isdigit():
        return right[1:2].isdigit()
    return b.isdigit() and (a in "-\u2212+" or (a in ".,:" and left[-2:-1].isdigit()))


def nearest(text: str, cited: Cited, old_text: str | None) -> int | None:
    """Where the same words stand in the most alike surroundings."""
    places = _occurrences(text, cited)
    if not places:
        return None
    best = max(_alike(text, cited, place) for place in places)
    tied = [place for place in places if _alike(text, cited, place) == best]
    before = _occurrences(old_text, cited) if old_text else []
    if len(before) == len(places) and cited.start in before and (same := places[before.index(cited.start)]) in tied:
        return same  # as many as before: the n-th is the n-th
    return min(tied, key=lambda place: abs(place - cited.start))


def _occurrences(text: str, cited: Cited) -> list[int]:
    return [place for place in _found(text, cited) if stands(text, cited, place)]


def _found(text: str, cited: Cited) -> list[int]:
    """Where the code points of the quote stand, ascending; of very many those nearest to the former place."""
    places, at = [], text.find(cited.quote)
    while at >= 0:
        places.append(at)
        at = text.find(cited.quote, at + 1)
    if len(places) > _MOST_OCCURRENCES:
        places = sorted(sorted(places, key=lambda place: abs(place - cited.start))[:_MOST_OCCURRENCES])
    return places


def _alike(text: str, cited: Cited, at: int) -> int:
    """How many code points around the words are the same as around the cited ones."""
    return _same_around(text, cited, Span(at, at + len(cited.quote)))


def _same_around(text: str, cited: Cited, span: Span) -> int:
    before = text[max(0, span.start - len(cited.prefix)) : span.start]
    after = text[span.end : span.end + len(cited.suffix)]
    return _same(reversed(before), reversed(cited.prefix)) + _same(after, cited.suffix)


def _same(a: Iterable[str], b: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def in_place(text: str, cited: Cited, place: int) -> Span | None:
    """An edited form of the words, in surroundings more like the cited ones than those of the repetition at `place`.

    Where both are about as much alike, the nearer one is the cited one.
    """
    alike = _alike(text, cited, place)
    if alike == len(cited.prefix) + len(cited.suffix):
        return None
    sides = ((cited.prefix[-32:], len(cited.prefix[-32:])), (cited.suffix[:32], -len(cited.quote)))
    starts = [max(0, at + shift) for side, shift in sides if side.strip() and (at := text.find(side)) >= 0]
    hidden = text.replace(cited.quote, " " * len(cited.quote))
    best = edited(hidden, cited.prefix, cited.quote, cited.suffix, [*starts, cited.start])
    if best is None or best.similarity < LEAST_SIMILARITY or cited.quote in text[slice(*best.span)]:
        return None
    own, nearer = _same_around(text, cited, best.span), abs(best.span.start - cited.start) < abs(place - cited.start)
    return best.span if own > alike or (own + _ABOUT >= alike and nearer) else None
