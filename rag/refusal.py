"""Why the articles do not answer a question: asked only after it was found that they do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from index.records import Hit
from index.scope import Filters
from index.text import Stem
from rag.answers import Reason
from rag.evidence import Counted, rarity
from rag.judgement import wants_judgement
from rag.missing import apart, missing, telling
from rag.question import Asked
from rag.times.dates import dates_in
from rag.times.period import Period

# Log odds that a question is about none of the articles' subjects: logistic regression on the tuning halves of
# squad2-dev-half, multihoprag-facts and qed-nq and on articles-dev. Near misses are unanswerable questions, swapped
# names and removed articles whose names are left; the others are questions of the other sets, and removed articles
# whose names are gone. Every set and way of making counts the same.
BIAS = 1.46
COSINE = -6.17  # highest cosine of question and passage
KNOWN = -4.03  # share of the question's terms, weighted by rarity, that stand anywhere
SIZE = 1.46  # log10 of the number of passages: among many, one is alike by chance
_LARGEST = 5_000  # passages; nothing larger was fitted on

_YEARS = range(1500, 2100)  # numbers that are read as years wherever they stand; for an earlier one also those from
_EARLIEST = 1000
_STRAY = 0.01  # share of all years mentioned that may lie beyond a year that is "outside": a model number, a far goal
_PERIODS = 200  # years of one period that are looked up


class Searched(Counted, Protocol):
    """What telling the reason needs of an index."""

    @property
    def stem(self) -> Stem: ...
    def search(self, question: str, *, limit: int, filters: Filters = ...) -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Unreached:
    """A time that the articles do not reach, first to last day."""

    first: date
    last: date
    side: Literal["later", "earlier", "published"]  # where they have next to nothing; published: no article of then
    beyond: int  # passages with years on that side, each year counting by itself
    years: int  # the same of all years; 0 where only days of publication were looked at


def refusal(
    asked: Asked, index: Searched, hits: Sequence[Hit], *, unfiltered: bool, period: Period | None = None
) -> Reason:
    """The reason for which nothing is answered, with what the articles lack.

    `hits` are those that were read; `unfiltered`: without its filters, or without its day, it would have been answered;
    `period`: first and last day that is asked about, where the question says so in words without a year.
    """
    if unfiltered:
        return Reason("filtered", (), ())
    if wants_judgement(asked.text):
        return Reason("needs_judgement", (), ())
    off = off_corpus_odds(asked, index, hits) > 0
    lacking, separate = missing(asked, index, words_too=off), apart(asked, index)
    if outside(asked.text, index, period):
        return Reason("date_outside", lacking, separate)
    return Reason("off_corpus", lacking, ()) if off else Reason("near_miss", lacking, separate)


def off_corpus_odds(asked: Asked, index: Searched, hits: Sequence[Hit]) -> float:
    """Log odds that the articles are not about what is asked; above 0 they are not. Infinite without hits."""
    return sum(off_corpus_parts(asked, index, hits).values()) if hits else math.inf


def off_corpus_parts(asked: Asked, index: Searched, hits: Sequence[Hit]) -> dict[str, float]:
    """The summands of these log odds, by name."""
    weights = {term.stem: rarity(index, term.stem) for term in telling(asked)}
    known = sum(weight for stem, weight in weights.items() if index.lexical.document_frequency(stem))
    share = known / max(sum(weights.values()), 1e-9)
    cosine = max((float(hit.scores.get("dense", 0.0)) for hit in hits), default=0.0)  # none where only BM25 found it
    size = math.log10(min(max(index.passage_count, 1), _LARGEST))
    return {"bias": BIAS, "cosine": COSINE * cosine, "known": KNOWN * share, "size": SIZE * size}


def outside(question: str, index: Searched, period: Period | None) -> bool:
    """Does the question ask about a time that the articles do not reach?"""
    return unreached(question, index, period) is not None


def unreached(question: str, index: Searched, period: Period | None) -> Unreached | None:
    """A time that the question asks about and the articles do not reach; None where there is none.

    With a year: it is mentioned nowhere, nearly all years that are lie to one side of it, and nothing was published in
    it or beyond. Without one, but with a period: there are dated articles, and none was published in it.
    """
    written = dates_in(question)
    if written:
        begin = _YEARS.start if all(when.first.year >= _YEARS.start for when in written) else _EARLIEST
        counts = {year: index.lexical.document_frequency(str(year)) for year in range(begin, _YEARS.stop)}
        found = (_beyond(question, (when.first, when.last), counts, index) for when in written)
        return next((one for one in found if one), None)
    if period is None or not _published(question, index, date.min, date.max) or _published(question, index, *period):
        return None
    return Unreached(*period, "published", 0, 0)


def _beyond(question: str, period: Period, counts: dict[int, int], index: Searched) -> Unreached | None:
    """Is there nothing of the period, and next to nothing on one side of it?"""
    first, last = period
    if any(index.lexical.document_frequency(str(year)) for year in range(first.year, last.year + 1)[:_PERIODS]):
        return None
    total = sum(counts.values())
    stray = _STRAY * total
    if not stray:
        return None
    later = sum(count for year, count in counts.items() if year > last.year)
    earlier = sum(count for year, count in counts.items() if year < first.year)
    if later <= stray and not _published(question, index, date(first.year, 1, 1), date.max):
        return Unreached(first, last, "later", later, total)
    if earlier <= stray and not _published(question, index, date.min, date(last.year, 12, 31)):
        return Unreached(first, last, "earlier", earlier, total)
    return None


def _published(question: str, index: Searched, first: date, last: date) -> bool:
    """Is there an article with a date in first to last?"""
    return bool(index.search(question, limit=1, filters=Filters(published_from=first, published_to=last)))
