"""The names, numbers and dates of a sentence: what may not be said in other words, and must stand where it is proved.

Numbers and dates are compared by what they are worth, names by their words; a country goes for its people.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.text import cut, stop_words, words
from rag.conflicts.facts import Fact, facts
from rag.dialogue.lexicon import FUNCTION, lexicon
from rag.missing import things
from rag.question import Asked, Term
from rag.words.values import Value, same

_ADVERBS = ("ly", "ing", "ed")  # endings of words that open a sentence without being names
_PEOPLE = ("an", "ans", "ian", "ians", "ese", "ish", "i", "is", "ean", "eans", "can", "cans", "ch")
_KIN = 4  # letters that a country and its people have in common at least
_CAPITALS = re.compile(r"[^\W\d_a-z][\w.’'-]*(?: (?:of |and |the )*[^\W\d_a-z][\w.’'-]*)+")
_MOST_CAPITALS = 8  # words in a row that may be a name
_DOTTED = re.compile(r"(?:\w\.)+\w")


@dataclass(frozen=True, slots=True)
class Particular:
    """At start:end of a sentence; `fact` is what a number or date is worth, None for a name or for mere digits."""

    text: str
    start: int
    end: int
    words: tuple[str, ...]  # normalised
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a text says, to be looked up in."""

    words: frozenset[str]  # normalised
    stems: frozenset[str]
    facts: tuple[Fact, ...]
    initials: frozenset[str]  # "us" where it spells out "United States"
    shorts: frozenset[str]  # "us" where it has "US" or "U.S."


def with_opening_name(asked: Asked, is_name: Callable[[str], bool], known: Callable[[str], bool]) -> Asked:
    """A word that opens a sentence has a capital anyway: it is a name if the articles write it as one, or if they do
    not know it and it is no word of grammar, no verb and no adverb."""
    if not asked.terms or asked.terms[0].name or asked.terms[0].number:
        return asked
    first = asked.terms[0]
    written = asked.text[first.start : first.end]
    if not written[:1].isupper() or written.lower() in FUNCTION:
        return asked
    plain = lexicon().verb(written.lower()) or written.lower().endswith(_ADVERBS)
    if is_name(written) or (not known(first.stem) and not plain):
        return replace(asked, terms=(replace(first, name=True), *asked.terms[1:]))
    return asked


def particulars(asked: Asked) -> tuple[Particular, ...]:
    """In order, none overlapping; a name next to a date is one by itself."""
    told = facts(asked.text)
    found = [Particular(f.printed, f.start, f.end, _words(f.printed), f) for f in told]
    free = [t for t in asked.terms if not any(f.start < t.end and t.start < f.end for f in told)]
    for thing in things(replace(asked, terms=tuple(free))):
        if thing.named:
            found.append(_named(thing.text, thing.terms))
    return tuple(sorted(found, key=lambda one: one.start))


def _named(text: str, terms: Sequence[Term]) -> Particular:
    printed = f"{text}." if _DOTTED.fullmatch(text) else text
    return Particular(printed, terms[0].start, terms[-1].end, _words(text), None)


@lru_cache(maxsize=4096)
def told(text: str) -> Told:
    """Pure; the same sentences are looked up in again and again."""
    found = words(text)
    return Told(
        words=frozenset(word.text for word in found),
        stems=frozenset(cut(word.text, "snowball") for word in found),
        facts=facts(text),
        initials=frozenset(_initials(text)),
        shorts=frozenset(word.text for word in found if text[word.start : word.end].isupper()),
    )


def held(one: Particular, there: Told) -> bool:
    """Does the text hold the number, the date, or every word of the name?"""
    if one.fact:
        return any(states(fact, one.fact) for fact in there.facts)
    if len(one.words) > 1 and "".join(word[0] for word in one.words) in there.shorts:
        return True
    return all(_holds_word(word, there) for word in one.words)


def states(said: Fact, claimed: Fact) -> bool:
    """Does what is said bear out what is claimed? Equal or more exact; a rounder claim is borne out, a bound only by
    its own figure or a figure within it."""
    if said.moment and claimed.moment:
        return _dates(said, claimed)
    if said.moment or claimed.moment or not said.figures or not claimed.figures:
        return False
    if len(said.figures) != len(claimed.figures) and len(claimed.figures) > 1:
        return False
    if claimed.bound and said.bound and claimed.bound != said.bound:
        return False
    values = [_value(fact, figure) for fact in (said, claimed) for figure in fact.figures[:1]]
    if said.figures == claimed.figures:
        return same(*values)
    if not same(values[0], replace(values[1], value=values[0].value)) or said.bound:
        return False
    return all(claimed.low <= figure <= claimed.high for figure in said.figures)


def _value(fact: Fact, figure: float) -> Value:
    return Value(fact.start, fact.end, figure, fact.unit)


def _dates(said: Fact, claimed: Fact) -> bool:
    """Every part of the claimed date is said: of "in March" no year is borne out."""
    a, b = said.moment, claimed.moment
    if not a or not b:
        return False
    for mine, other in ((b.month, a.month), (b.day, a.day)):
        if mine is not None and mine != other:
            return False
    if b.first is None:
        return True
    if a.first is None or a.last is None or b.last is None:
        return False
    if b.span or a.span:
        return (a.first, a.last) == (b.first, b.last)
    return b.first <= a.first and a.last <= b.last


def _holds_word(word: str, there: Told) -> bool:
    if word in there.words or cut(word, "snowball") in there.stems or word in there.initials:
        return True
    if word in lexicon().countries:
        return any(_kin(word, other) for other in there.words)
    return word.endswith(_PEOPLE) and any(_kin(other, word) for other in there.words & lexicon().countries)


def _kin(country: str, people: str) -> bool:
    """mexico and mexican, canada and canadian, china and chinese."""
    ending = next((end for end in sorted(_PEOPLE, key=len, reverse=True) if people.endswith(end)), "")
    stem = people.removesuffix(ending)
    return bool(ending) and len(stem) >= _KIN and country.startswith(stem)


def _words(text: str) -> tuple[str, ...]:
    found = [word.text for word in words(text)]
    return tuple(word for word in found if word not in stop_words()) or tuple(found)


def _initials(text: str) -> Iterator[str]:
    """Of all names of two words or more, and of all parts of them: capitals in a row are not all one name."""
    for match in _CAPITALS.finditer(text):
        first = [word.text[0] for word in words(match.group()) if word.text not in stop_words()]
        for begin in range(len(first)):
            for end in range(begin + 2, min(begin + _MOST_CAPITALS, len(first)) + 1):
                yield "".join(first[begin:end])
