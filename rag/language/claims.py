"""A sentence taken apart and compared with another: its words of meaning, its facts with the words about them, its
negations. Who reports it is left out: "According to the bank, …" claims no more than the rest of the sentence.

The one comparison of two sentences, for articles that contradict each other and for a text beside a quote.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from index.text.words import cut, stop_words, words
from rag.language.facts import Fact, differ, facts, said_alike
from rag.language.patterns import read_patterns
from rag.language.word_lists import REPORTS, listed

NEAR_COPY = 0.6  # likeness from which on two sentences tell the same in other words here and there
SAME_SENTENCE = 0.75  # … in the same words, but for some
_SPECIFIC = 0.9  # … in words that nobody uses twice by chance, if there are
_SPECIFIC_WORDS = 5  # so many of them
_COPY_WORDS = 3  # words of meaning that two copies have in common at least
_NEAR_FACTS = 0.5  # likeness of the words about two facts from which on they are of the same thing
_DENIED = 3  # words of meaning behind a negation that it may be of
_NEAR_WORDS = 6  # words of meaning on each side that say what a fact is of
_ATTRIBUTION, _NEGATION = map(
    read_patterns("rag.language", "claims.txt", REPORTS=REPORTS).compiled, ("ATTRIBUTION", "NEGATION")
)
_PIECES = re.compile(r",? (?:and|but|while|whereas|versus|compared (?:to|with)) |[;,:] ")
_CAPITALS = re.compile(r"[^\W\d_a-z][\w.’'-]*(?: (?:of |the |and )*[^\W\d_a-z][\w.’'-]*)+")
_EMPTY = listed("EMPTY_STEMS")
_APART = listed("ORDINALS")


@dataclass(frozen=True, slots=True)
class ContentWord:
    """A word of meaning."""

    stem: str
    start: int
    end: int
    name: bool  # told apart by it: a name, an ordinal, or digits that are no fact


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact and what it is of."""

    fact: Fact
    near: frozenset[str]  # stems of its own piece of the sentence


@dataclass(frozen=True)
class Claim:
    """A sentence, taken apart."""

    terms: tuple[ContentWord, ...]
    told: tuple[StatedFact, ...]
    negations: tuple[str, ...]  # as printed
    denied: frozenset[str]  # stems of the words of meaning that these may be of
    initials: tuple[tuple[str, frozenset[str]], ...]  # "us" and the stems of "United States"

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(term.stem for term in self.terms)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(term.stem for term in self.terms if term.name)


@lru_cache(maxsize=4096)
def claim_of(text: str) -> Claim:
    """Pure; the same sentence is asked about again and again."""
    left_out = [match.span() for match in _ATTRIBUTION.finditer(text)]
    stated = facts(text)
    terms = tuple(_terms(text, [*left_out, *((fact.start, fact.end) for fact in stated)]))
    told = tuple(_told(text, fact, stated, terms) for fact in stated)
    negations = [match for match in _NEGATION.finditer(text) if not match["idiom"]]
    denied = (term.stem for match in negations for term in [t for t in terms if t.start >= match.end()][:_DENIED])
    return Claim(terms, told, tuple(match.group() for match in negations), frozenset(denied), tuple(_initials(text)))


@lru_cache(maxsize=1024)
def stems_of(text: str) -> frozenset[str]:
    """The words of meaning of a longer text, facts and reports included."""
    return frozenset(cut(word.text, "snowball") for word in words(text) if word.text not in stop_words()) - _EMPTY


def short_names(*claims: Claim) -> dict[str, str]:
    """Stem → initials, for names that one claim shortens and another spells out: united → us, nations → un."""
    known = frozenset().union(*(claim.stems for claim in claims))
    return {stem: short for claim in claims for short, long in claim.initials if short in known for stem in long}


def shortened(claim: Claim, short: dict[str, str]) -> Claim:
    """The claim with those names in their short form."""
    if not short:
        return claim
    terms = tuple(replace(t, stem=short[t.stem]) if t.stem in short else t for t in claim.terms)
    told = tuple(replace(s, near=short_stems(s.near, short)) if s.near & short.keys() else s for s in claim.told)
    return replace(claim, terms=terms, told=told)


def short_stems(stems: frozenset[str], short: dict[str, str]) -> frozenset[str]:
    return frozenset(short.get(stem, stem) for stem in stems)


def _terms(text: str, left_out: Sequence[tuple[int, int]]) -> list[ContentWord]:
    terms, passed = [], stop_words() | _EMPTY
    for word in words(text):
        stem = "" if word.text in passed else cut(word.text, "snowball")
        if not stem or stem in _EMPTY or any(start <= word.start < end for start, end in left_out):
            continue
        written = text[word.start : word.end]
        name = written[:1].isupper() or written[:1].isdigit() or word.text in _APART
        terms.append(ContentWord(stem, word.start, word.end, name))
    return terms


def _told(text: str, fact: Fact, every_fact: Sequence[Fact], terms: Sequence[ContentWord]) -> StatedFact:
    """The words about a fact: up to the next fact of its unit, or to where the piece between the two ends."""
    alike = [other for other in every_fact if other.unit == fact.unit]
    before = max((_border(text, other.end, fact.start) for other in alike if other.end <= fact.start), default=0)
    behind = min(
        (_border(text, fact.end, other.start) for other in alike if other.start >= fact.end), default=len(text)
    )
    left = [term.stem for term in terms if before <= term.start < fact.start][-_NEAR_WORDS:]
    right = [term.stem for term in terms if fact.end <= term.start < behind][:_NEAR_WORDS]
    return StatedFact(fact, frozenset((*left, *right)))


def _border(text: str, start: int, end: int) -> int:
    """Where, between two facts, the words about the first end: at the last joint of the sentence, or behind all."""
    joints = [start + match.start() for match in _PIECES.finditer(text[start:end])]
    return joints[-1] if joints else end


def _initials(text: str) -> list[tuple[str, frozenset[str]]]:
    runs = []
    for match in _CAPITALS.finditer(text):
        inside = [word for word in words(match.group()) if word.text not in stop_words()]
        if len(inside) > 1:
            stems = frozenset(cut(word.text, "snowball") for word in inside)
            runs.append((cut("".join(word.text[0] for word in inside), "snowball"), stems))
    return runs


# Whether two claims speak of the same thing: how many words they have in common, and which facts belong together.


def likeness(a: Claim, b: Claim) -> float:
    """Share of common words of meaning, 0..1 (Dice 1945); 0 where too few are common to tell."""
    common = len(a.stems & b.stems)
    enough = common >= _COPY_WORDS or (a.stems == b.stems and common > 1)
    return _dice(a.stems, b.stems) if enough else 0.0


def swapped(ours: frozenset[str], theirs: frozenset[str], a: Claim, b: Claim) -> bool:
    """Each has a word that the other's whole sentence has not: one was put in the place of the other."""
    return bool(ours - b.stems and theirs - a.stems)


def specific(a: Claim, b: Claim) -> bool:
    """So long a sentence in the same words is the same statement, whatever its article is called."""
    return likeness(a, b) >= _SPECIFIC and len(a.stems & b.stems) >= _SPECIFIC_WORDS


def aligned(a: Claim, b: Claim) -> list[tuple[StatedFact, StatedFact]]:
    """Facts of one unit that are of the same thing, each once: equal ones first, then by the words about them."""
    ranked = sorted(
        (
            (said_alike(ours.fact, theirs.fact), _dice(ours.near, theirs.near), -abs(m - n), -m, -n)
            for m, ours in enumerate(a.told)
            for n, theirs in enumerate(b.told)
            if ours.fact.unit == theirs.fact.unit
        ),
        reverse=True,
    )
    left, right, pairs = set(range(len(a.told))), set(range(len(b.told))), []
    for same, near, _, m, n in ranked:
        if -m in left and -n in right:
            left.remove(-m)
            right.remove(-n)
            ours, theirs = a.told[-m], b.told[-n]
            if same or (near >= _NEAR_FACTS and not swapped(ours.near, theirs.near, a, b)):
                pairs.append((ours, theirs))
    return pairs


def told_twice(a: Claim, b: Claim) -> bool:
    """One article's own long sentence again with at most one fact changed; parallel ones tell different things."""
    changed = sum(differ(ours.fact, theirs.fact) for ours, theirs in aligned(a, b))
    return specific(a, b) and changed <= 1 and len(a.told) == len(b.told)


def of_other_time(question: Claim, a: Claim, b: Claim) -> bool:
    """The question names years, and the two are not of the same one; two copies may both be of another."""
    wanted = years_of(question)
    ours, theirs = years_of(a), years_of(b)
    if not wanted:
        return False
    if wanted & ours and wanted & theirs:
        return not wanted & ours & theirs
    fits = {not years or bool(wanted & years) for years in (ours, theirs)}
    return len(fits) == 2 or (fits == {False} and likeness(a, b) < NEAR_COPY)


def apart_in_time(a: Claim, b: Claim) -> bool:
    """Both name years, or months, and none is the same: figures of then and of now do not differ about one thing."""
    months = [{told.fact.moment.month for told in claim.told if told.fact.moment} - {None} for claim in (a, b)]
    return any(ours and theirs and not ours & theirs for ours, theirs in (months, (years_of(a), years_of(b))))


def of_a_month(claim: Claim) -> bool:
    return any(told.fact.moment and told.fact.moment.month for told in claim.told)


def years_of(claim: Claim) -> frozenset[int]:
    """That it names."""
    moments = [told.fact.moment for told in claim.told if told.fact.moment]
    return frozenset(year for m in moments if m.first and m.last for year in range(m.first, m.last + 1))


def _dice(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
