"""What of a sentence a quote bears out, what it lacks, and what it says instead.

A quote that has another number, date or name in the place of the sentence's own, or denies what the sentence says,
contradicts it, however alike the two are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from index.text import Word, stop_words, words
from rag.conflicts.alike import aligned
from rag.conflicts.claims import Claim, Told, claim_of
from rag.conflicts.facts import differ, said_alike
from rag.opening import leans_back
from rag.support.particulars import Particular, held
from rag.support.particulars import told as told_in

_ALIKE = 0.6  # share of common words in order from which on what differs between two texts stands in each other's place
_MOST_WORDS = 120  # of two texts that are laid side by side; longer ones are compared by their facts only
_CAPITALS = re.compile(r"[^\W\d_a-z][\w.’'-]*(?: (?:of |de )?[^\W\d_a-z][\w.’'-]*)*")
_DENIED = 3  # words of meaning behind a negation that it may be of


@dataclass(frozen=True, slots=True)
class Difference:
    """What the sentence says and what the quote says in its place, both as printed."""

    said: str
    found: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """One sentence beside one quote."""

    lacking: tuple[Particular, ...]  # that the quote does not hold
    differs: tuple[Difference, ...]

    @property
    def whole(self) -> bool:
        return not self.lacking and not self.differs


@dataclass(frozen=True, slots=True)
class Source:
    """A quote and what may tell of whom it speaks: the title of its article, the sentence that it leans on."""

    quote: str
    about: str


def compare(sentence: str, parts: Sequence[Particular], source: Source) -> Agreement:
    """`parts` are the sentence's own. A name may stand in what the quote is about, if the quote names nobody else."""
    own, around = told_in(source.quote), told_in(f"{source.about}\n{source.quote}")
    silent = leans_back(source.quote) or not _names_another(sentence, source.quote)
    lacking = [one for one in parts if not held(one, own) and not (one.fact is None and silent and held(one, around))]
    facts = dict.fromkeys(_other_facts(sentence, source.quote))
    replaced = dict.fromkeys(_replaced(sentence, source.quote, parts))
    others = [one for one in replaced if not any(one.said in fact.said for fact in facts)]
    return Agreement(tuple(lacking), (*facts, *others, *_denials(sentence, source.quote)))


def _names_another(sentence: str, quote: str) -> bool:
    own = told_in(sentence)
    return any(term.stem not in own.stems for term in claim_of(quote).terms if term.name and term.start > 0)


def _replaced(sentence: str, quote: str, parts: Sequence[Particular]) -> Iterator[Difference]:
    """Laid side by side: a name or number for which the quote has other words that are names or numbers, too."""
    ours, theirs = _words(sentence), _words(quote)
    if max(len(ours), len(theirs)) > _MOST_WORDS:
        return
    matcher = SequenceMatcher(None, [w.text for w in ours], [w.text for w in theirs], autojunk=False)
    blocks = matcher.get_matching_blocks()
    if sum(block.size for block in blocks) < _ALIKE * len(ours):
        return
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "replace":
            continue
        found = quote[theirs[j1].start : theirs[j2 - 1].end]
        special = [one for one in parts if one.start < ours[i2 - 1].end and ours[i1].start < one.end]
        unsaid = [one for one in special if not held(one, told_in(found))]
        if unsaid and (instead := _telling(found)):
            yield Difference(unsaid[0].text, instead)


def _telling(text: str) -> str:
    """Its first number, date or name as printed; "" where it has none."""
    numbers = told_in(text).facts
    name = _CAPITALS.search(text)
    return numbers[0].printed if numbers else name.group() if name else ""


def _other_facts(sentence: str, quote: str) -> Iterator[Difference]:
    """Numbers and dates of the same thing that cannot both be true."""
    own, others = claim_of(sentence), claim_of(quote)
    for ours, theirs in aligned(own, others):
        if differ(ours.fact, theirs.fact):
            yield Difference(ours.fact.printed, theirs.fact.printed)
        elif instead := _misplaced(ours, theirs, own, others):
            yield Difference(ours.fact.printed, instead.fact.printed)


def _misplaced(ours: Told, theirs: Told, own: Claim, others: Claim) -> Told | None:
    """The quote has the number, but says it of something else, and another number of what the sentence speaks of."""
    rivals = [
        one
        for one in others.told
        if differ(ours.fact, one.fact) and not any(said_alike(one.fact, each.fact) for each in own.told)
    ]
    best = max(rivals, key=lambda one: len(ours.near & one.near), default=None)
    return best if best and len(ours.near & best.near) > len(ours.near & theirs.near) else None


def _denials(sentence: str, quote: str) -> Iterator[Difference]:
    """Only one of the two denies something; a quote may deny what the sentence does not speak of."""
    ours, theirs = claim_of(sentence), claim_of(quote)
    if ours.negations and not theirs.negations:
        yield Difference(ours.negations[0], "")
    elif theirs.negations and not ours.negations and _denied(quote, theirs) & ours.stems:
        yield Difference("", theirs.negations[0])


def _denied(text: str, claim: Claim) -> frozenset[str]:
    """Stems of the words of meaning behind each negation."""
    found: set[str] = set()
    at = 0
    for printed in claim.negations:
        at = text.index(printed, at) + len(printed)
        found.update([term.stem for term in claim.terms if term.start >= at][:_DENIED])
    return frozenset(found)


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[Word, ...]:
    """Without the words of grammar, which two writers seldom choose alike."""
    return tuple(word for word in words(text) if word.text not in stop_words())


def copied(sentence: str, quote: str) -> float:
    """Share of the sentence's words, grammar included, that stand in the quote in the same order; 0..1."""
    ours, theirs = [w.text for w in words(sentence)], [w.text for w in words(quote)]
    if not ours or max(len(ours), len(theirs)) > 2 * _MOST_WORDS:
        return 0.0
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(ours)
