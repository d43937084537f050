"""The quotes that are left of a reading while one rule after another takes some away, and which rule took which.

Left and dropped together are always all that the reader offered, each once.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.text import normalise
from rag.answers import Dropped, Quote
from rag.explain import Rule

_DISCLAIMS = re.compile(
    r"\b(?:views?|opinions?) (?:and opinions? )?(?:expressed|presented)\b|\bendorsement of\b|\ball rights reserved\b"
    r"|\bsubscribe to\b|\bsign(?:ing)? up\b|\bnewsletter\b",
    re.IGNORECASE,
)  # what publishers print below every article, and what adds nothing to a better quote

Widen = Callable[[Quote], Quote]


@dataclass(frozen=True, slots=True)
class Sifted:
    """Quotes as the reader picked them; those that are left in the order in which they would be said."""

    left: tuple[Quote, ...]
    dropped: tuple[Dropped, ...] = ()

    def only(self, places: Sequence[int], rule: Rule) -> "Sifted":
        """Those at these places of `left`, in this order; the rule takes the others."""
        gone = tuple(Dropped(quote, rule) for n, quote in enumerate(self.left) if n not in places)
        return Sifted(tuple(self.left[n] for n in places), (*self.dropped, *gone))

    def first(self, most: int) -> "Sifted":
        return self.only(range(len(self.left))[:most], "max_quotes")


def close(quotes: Sequence[Quote], margin: float) -> Sifted:
    """Of quotes best first, those that come close to the best; what says the same in the same words is said once."""
    offered = Sifted(tuple(quotes))
    near = offered.only([n for n, one in enumerate(offered.left) if one.score >= quotes[0].score - margin], "margin")
    told = near.only(
        [n for n, one in enumerate(near.left) if not n or not _DISCLAIMS.search(words_of(one))], "small_print"
    )
    places: dict[str, int] = {}
    for n, quote in enumerate(told.left):
        places.setdefault(normalise(words_of(quote)), n)
    return told.only(list(places.values()), "same_words")


def widened(sifted: Sifted, widen: Widen) -> tuple[Sifted, tuple[Quote, ...]]:
    """What is left, and beside it each with what it leans on, unless it then stands within another one."""
    forms = [widen(quote) for quote in sifted.left]
    places = _outermost(forms)
    return sifted.only(places, "within"), tuple(forms[n] for n in places)


def words_of(quote: Quote) -> str:
    """What a reader picked, before it is widened."""
    return quote.passage.text[quote.start - quote.passage.start : quote.end - quote.passage.start]


def holds(outer: Quote, inner: Quote) -> bool:
    """Does the inner one stand within the outer one, or is it the same?"""
    same = outer.passage.document_id == inner.passage.document_id
    return same and outer.start <= inner.start and inner.end <= outer.end


def _outermost(quotes: Sequence[Quote]) -> list[int]:
    """Places of all but those that stand within another one, which takes the place of the first of them."""
    kept: list[int] = []
    for n, quote in enumerate(quotes):
        inside = [m for m in kept if holds(quote, quotes[m])]
        if inside:
            kept[kept.index(inside[0])] = n
            kept = [m for m in kept if m not in inside[1:]]
        elif not any(holds(quotes[m], quote) for m in kept):
            kept.append(n)
    return kept
