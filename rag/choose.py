"""Which of the quotes that a reader found are shown, and what they are together."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.records import Document
from index.text import normalise, stop_words, words
from rag.answers import Frame, Quote, Reading
from rag.conflicts.find import find_conflict
from rag.question import Asked
from rag.times.timeline import chronological
from rag.words.definitions import defines

TIMELINE_QUOTES = 5
_DEFINITION_MARGIN = 1.5  # what defines may score so much less than a quote that only names the subject
_GRADES = 0.05  # grades of a definition that are no further apart are the same
_TOLD_NAMES = 0.5  # share of the question's names that a sentence about the same thing has at least
_DISCLAIMS = re.compile(
    r"\b(?:views?|opinions?) (?:and opinions? )?(?:expressed|presented)\b|\bendorsement of\b|\ball rights reserved\b"
    r"|\bsubscribe to\b|\bsign(?:ing)? up\b|\bnewsletter\b",
    re.IGNORECASE,
)  # what publishers print below every article, and what adds nothing to a better quote
_STEM = 4  # characters that two forms of a word share at least
_COURSE = frozenset(
    (
        "develop development evolve evolution unfold progress shift proceed grow history timeline chronology sequence "
        "course happen happened order time change changed changes evolved developed"
    ).split()
)
_TIMELINE_MARGIN = 3.0  # a course of events is told by sentences that are further from the question than an answer is

DocumentOf = Callable[[str], Document]
Widen = Callable[[Quote], Quote]


@dataclass(frozen=True, slots=True)
class Choice:
    """Quotes in the order in which they are said."""

    quotes: tuple[Quote, ...]
    frame: Frame


def choose(
    asked: Asked, reading: Reading, document_of: DocumentOf, widen: Widen, *, margin: float, most: int
) -> Choice:
    """From a reading with at least one quote: the best and those that come close to it, with what they lean on."""
    near: list[Quote] = []
    if asked.shape == "timeline":
        near = [quote for quote in _close(reading, margin + _TIMELINE_MARGIN) if _about(asked, words_of(quote))]
        if told := _told(near, document_of, widen):
            return told
    conflict = find_conflict(asked, reading.quotes, document_of)
    if conflict and any(_holds(quote, reading.quotes[0]) for quote in conflict.quotes):  # else it is beside the point
        quotes = tuple(widen(quote) for quote in conflict.quotes[: max(most, 2)])  # one alone would be a side taken
        return Choice(quotes, Frame("conflict", differs=conflict.kind, copies=conflict.copies))
    close = (near or _close(reading, margin))[:most]
    if asked.shape == "definition":
        close = _defining(asked, _close(reading, margin + _DEFINITION_MARGIN), close)[:most]
    return Choice(once([widen(quote) for quote in close]), Frame())


def _defining(asked: Asked, quotes: Sequence[Quote], close: list[Quote]) -> list[Quote]:
    """Those of `close` that define, or else of all; the best of equals stays first. `close` where none does."""
    graded = [(defines(asked, words_of(quote)), quote) for quote in quotes]
    pool = [one for one in graded if one[0] and one[1] in close] or [one for one in graded if one[0]]
    least = max((grade for grade, _ in pool), default=0.0) - _GRADES
    pool = [one for one in pool if one[0] >= least]
    return [quote for _, quote in sorted(pool, key=lambda one: -one[0])] or close


def _about(asked: Asked, sentence: str) -> bool:
    """Does it speak of what is said to develop: all the nouns of the question, and half of its names?"""
    spoken = [word.text for word in words(sentence)]
    telling = [term for term in asked.terms if asked.text[term.start : term.end].lower() not in _COURSE | stop_words()]
    nouns = [term for term in telling if not term.name and not term.number]
    names = [term for term in telling if term.name]
    said = sum(_stands(term.stem, spoken) for term in names)
    return all(_stands(term.stem, spoken) for term in nouns) and said >= _TOLD_NAMES * len(names)


def _stands(stem: str, spoken: Sequence[str]) -> bool:
    """In whichever form: "ferries" for the stem "ferri" of "ferry", "Mexican" for "mexico"."""
    start = stem[: max(_STEM, len(stem) - 1)]
    return any(word == stem or (len(start) >= _STEM and word.startswith(start)) for word in spoken)


def words_of(quote: Quote) -> str:
    """What a reader picked, before it is widened."""
    return quote.passage.text[quote.start - quote.passage.start : quote.end - quote.passage.start]


def _told(quotes: Sequence[Quote], document_of: DocumentOf, widen: Widen) -> Choice | None:
    """The quotes that name a time, in order of time; a single one is no course of events."""
    dated = chronological(once([widen(quote) for quote in quotes]), document_of)
    moments = [one for one in dated if one.when and one.when.end][:TIMELINE_QUOTES]
    if len(moments) < 2:
        return None
    return Choice(tuple(one.quote for one in moments), Frame("timeline", moments=tuple(one.shown for one in moments)))


def _close(reading: Reading, margin: float) -> list[Quote]:
    """Best first; what says the same in the same words is said once."""
    chosen: dict[str, Quote] = {}
    for quote in reading.quotes:
        if quote.score < reading.quotes[0].score - margin:
            continue
        if not chosen or not _DISCLAIMS.search(words_of(quote)):
            chosen.setdefault(normalise(words_of(quote)), quote)
    return list(chosen.values())


def once(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Without those that stand within another one, which takes the place of the first of them."""
    kept: list[Quote] = []
    for quote in quotes:
        inside = [n for n, other in enumerate(kept) if _holds(quote, other)]
        if inside:
            kept[inside[0]] = quote
            kept = [other for n, other in enumerate(kept) if n not in inside[1:]]
        elif not any(_holds(other, quote) for other in kept):
            kept.append(quote)
    return tuple(kept)


def _holds(outer: Quote, inner: Quote) -> bool:
    same = outer.passage.document_id == inner.passage.document_id
    return same and outer.start <= inner.start and inner.end <= outer.end
