"""Which of the quotes that a reader found are shown, what they are together, and why the others are not shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.records import Document
from index.text import stop_words, words
from rag.answers import Dropped, Frame, Quote, Reading
from rag.conflicts.find import find_conflict
from rag.question import Asked
from rag.sift import Sifted, Widen, close, holds, widened, words_of
from rag.times.timeline import chronological
from rag.words.definitions import defines

TIMELINE_QUOTES = 5
_DEFINITION_MARGIN = 1.5  # what defines may score so much less than a quote that only names the subject
_GRADES = 0.05  # grades of a definition that are no further apart are the same
_TOLD_NAMES = 0.5  # share of the question's names that a sentence about the same thing has at least
_STEM = 4  # characters that two forms of a word share at least
_COURSE = frozenset(
    (
        "develop development evolve evolution unfold progress shift proceed grow history timeline chronology sequence "
        "course happen happened order time change changed changes evolved developed"
    ).split()
)
_TIMELINE_MARGIN = 3.0  # a course of events is told by sentences that are further from the question than an answer is

DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Choice:
    """Quotes in the order in which they are said; each is one that the reader offered, the dropped are all others."""

    quotes: tuple[Quote, ...]
    frame: Frame
    dropped: tuple[Dropped, ...]


def choose(
    asked: Asked, reading: Reading, document_of: DocumentOf, widen: Widen, *, margin: float, most: int
) -> Choice:
    """From a reading with at least one quote: the best and those that come close to it, with what they lean on."""
    near = Sifted(())
    if asked.shape == "timeline":
        near = _about(asked, close(reading.quotes, margin + _TIMELINE_MARGIN))
        if told := _told(near, document_of, widen):
            return told
    conflict = find_conflict(asked, reading.quotes, document_of)
    if conflict and any(holds(quote, reading.quotes[0]) for quote in conflict.quotes):  # else it is beside the point
        places = [reading.quotes.index(quote) for quote in conflict.quotes]
        differing = Sifted(reading.quotes).only(places, "not_in_conflict")
        differing = differing.first(max(most, 2))  # one alone would be a side taken
        frame = Frame("conflict", differs=conflict.kind, copies=conflict.copies)
        return Choice(tuple(map(widen, differing.left)), frame, differing.dropped)
    kept = (near if near.left else close(reading.quotes, margin)).first(most)
    if asked.shape == "definition":
        kept = _defining(asked, close(reading.quotes, margin + _DEFINITION_MARGIN), kept).first(most)
    kept, quotes = widened(kept, widen)
    return Choice(quotes, Frame(), kept.dropped)


def _defining(asked: Asked, all_near: Sifted, kept: Sifted) -> Sifted:
    """Those of `kept` that define, or else of all; the best of equals stays first. `kept` where none does."""
    for sifted in (kept, all_near):
        grades = [defines(asked, words_of(quote)) for quote in sifted.left]
        least = max(grades, default=0.0) - _GRADES
        places = [n for n, grade in enumerate(grades) if grade and grade >= least]
        if places:
            return sifted.only(sorted(places, key=lambda n: -grades[n]), "not_defining")
    return kept


def _about(asked: Asked, near: Sifted) -> Sifted:
    return near.only([n for n, one in enumerate(near.left) if _of_subject(asked, words_of(one))], "off_subject")


def _of_subject(asked: Asked, sentence: str) -> bool:
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


def _told(near: Sifted, document_of: DocumentOf, widen: Widen) -> Choice | None:
    """The quotes that name a time, in order of time; a single one is no course of events."""
    kept, quotes = widened(near, widen)
    timed = [one for one in chronological(quotes, document_of) if one.when and one.when.end]
    if len(timed) < 2:
        return None
    kept = kept.only([quotes.index(one.quote) for one in timed], "untimed").first(TIMELINE_QUOTES)
    moments = timed[:TIMELINE_QUOTES]
    frame = Frame("timeline", moments=tuple(one.shown for one in moments))
    return Choice(tuple(one.quote for one in moments), frame, kept.dropped)
