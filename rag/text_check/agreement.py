"""What of a sentence a quote bears out, what it lacks, and what it says instead.

A quote that has another number, date or name in the place of the sentence's own, or denies what the sentence says,
contradicts it, however alike the two are.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from index.text.words import Word, cut, stop_words, words
from rag.language.claims import Claim, StatedFact, aligned, claim_of
from rag.language.dependence import depends_on_previous
from rag.language.facts import Fact, differ, facts, said_alike, states
from rag.language.word_lists import FUNCTION, lexicon
from rag.question.analysis import Query, Term
from rag.refusal import things

# The names, numbers and dates of a sentence: what may not be said in other words, and must stand where it is proved.
# Numbers and dates are compared by what they are worth, names by their words; a country goes for its people.

_ADVERBS = ("ly", "ing", "ed")  # endings of words that open a sentence without being names
_PEOPLE = ("an", "ans", "ian", "ians", "ese", "ish", "i", "is", "ean", "eans", "can", "cans", "ch")
_KIN = 4  # letters that a country and its people have in common at least
_CAPITALISED = re.compile(r"[^\W\d_a-z][\w.’'-]*(?: (?:of |and |the )*[^\W\d_a-z][\w.’'-]*)+")
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
class Particulars:
    """What a text says, to be looked up in."""

    words: frozenset[str]  # normalised
    stems: frozenset[str]
    facts: tuple[Fact, ...]
    initials: frozenset[str]  # "us" where it spells out "United States"
    shorts: frozenset[str]  # "us" where it has "US" or "U.S."


def with_opening_name(query: Query, is_name: Callable[[str], bool], known: Callable[[str], bool]) -> Query:
    """A word that opens a sentence has a capital anyway: it is a name if the articles write it as one, or if they do
    not know it and it is no word of grammar, no verb and no adverb."""
    if not query.terms or query.terms[0].name or query.terms[0].number:
        return query
    first = query.terms[0]
    written = query.text[first.start : first.end]
    if not written[:1].isupper() or written.lower() in FUNCTION:
        return query
    plain = lexicon().verb(written.lower()) or written.lower().endswith(_ADVERBS)
    if is_name(written) or (not known(first.stem) and not plain):
        return replace(query, terms=(replace(first, name=True), *query.terms[1:]))
    return query


def particulars(query: Query) -> tuple[Particular, ...]:
    """In order, none overlapping; a name next to a date is one by itself."""
    told = facts(query.text)
    found = [Particular(f.printed, f.start, f.end, _words_of(f.printed), f) for f in told]
    free = [t for t in query.terms if not any(f.start < t.end and t.start < f.end for f in told)]
    for thing in things(replace(query, terms=tuple(free))):
        if thing.named:
            found.append(_named(thing.text, thing.terms))
    return tuple(sorted(found, key=lambda particular: particular.start))


def names_somebody(query: Query) -> bool:
    """Or something: is there a name in it?"""
    return any(particular.fact is None for particular in particulars(query))


def _named(text: str, terms: Sequence[Term]) -> Particular:
    printed = f"{text}." if _DOTTED.fullmatch(text) else text
    return Particular(printed, terms[0].start, terms[-1].end, _words_of(text), None)


@lru_cache(maxsize=4096)
def told(text: str) -> Particulars:
    """Pure; the same sentences are looked up in again and again."""
    text_words = words(text)
    return Particulars(
        words=frozenset(word.text for word in text_words),
        stems=frozenset(cut(word.text, "snowball") for word in text_words),
        facts=facts(text),
        initials=frozenset(_initials(text)),
        shorts=frozenset(word.text for word in text_words if text[word.start : word.end].isupper()),
    )


def held(particular: Particular, there: Particulars) -> bool:
    """Does the text hold the number, the date, or every word of the name?"""
    if particular.fact:
        return any(states(fact, particular.fact) for fact in there.facts)
    if len(particular.words) > 1 and "".join(word[0] for word in particular.words) in there.shorts:
        return True
    return all(_holds_word(word, there) for word in particular.words)


def _holds_word(word: str, there: Particulars) -> bool:
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


def _words_of(text: str) -> tuple[str, ...]:
    text_words = [word.text for word in words(text)]
    return tuple(word for word in text_words if word not in stop_words()) or tuple(text_words)


def _initials(text: str) -> Iterator[str]:
    """Of all names of two words or more, and of all parts of them: capitals in a row are not all one name."""
    for match in _CAPITALISED.finditer(text):
        first = [word.text[0] for word in words(match.group()) if word.text not in stop_words()]
        for begin in range(len(first)):
            for end in range(begin + 2, min(begin + _MOST_CAPITALS, len(first)) + 1):
                yield "".join(first[begin:end])


_ALIKE = 0.6  # share of common words in order from which on what differs between two texts stands in each other's place
_MOST_WORDS = 120  # of two texts that are laid side by side; longer ones are compared by their facts only
_CAPITALS = re.compile(r"[^\W\d_a-z][\w.’'-]*(?: (?:of |de )?[^\W\d_a-z][\w.’'-]*)*")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What the sentence says and what the quote says in its place, both as printed."""

    said: str
    found: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """One sentence beside one quote."""

    lacking: tuple[Particular, ...]  # that the quote does not hold
    differs: tuple[Mismatch, ...]

    @property
    def whole(self) -> bool:
        return not self.lacking and not self.differs


@dataclass(frozen=True, slots=True)
class QuoteContext:
    """A quote and what may tell of whom it speaks: the title of its article, the sentence that it leans on."""

    quote: str
    about: str


def compare(sentence: str, parts: Sequence[Particular], source: QuoteContext) -> Agreement:
    """`parts` are the sentence's own. A name may stand in what the quote is about, if the quote names nobody else."""
    own, around = told(source.quote), told(f"{source.about}\n{source.quote}")
    silent = depends_on_previous(source.quote) or not _names_another(sentence, source.quote)
    elsewhere = [part for part in parts if part.fact is None and silent and held(part, around)]
    lacking = tuple(part for part in parts if not held(part, own) and part not in elsewhere)
    others = tuple(dict.fromkeys(_other_facts(sentence, source.quote)))
    replaced = dict.fromkeys(_replaced(sentence, source.quote, parts))
    names = (mismatch for mismatch in replaced if not any(mismatch.said in other.said for other in others))
    return Agreement(lacking, (*others, *names, *_denials(sentence, source.quote)))


def _names_another(sentence: str, quote: str) -> bool:
    own = told(sentence)
    return any(term.stem not in own.stems for term in claim_of(quote).terms if term.name and term.start > 0)


def _replaced(sentence: str, quote: str, parts: Sequence[Particular]) -> Iterator[Mismatch]:
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
        instead_of = quote[theirs[j1].start : theirs[j2 - 1].end]
        special = [part for part in parts if part.start < ours[i2 - 1].end and ours[i1].start < part.end]
        unsaid = [part for part in special if not held(part, told(instead_of))]
        if unsaid and (instead := _telling(instead_of)):
            yield Mismatch(unsaid[0].text, instead)


def _telling(text: str) -> str:
    """Its first number, date or name as printed; "" where it has none."""
    numbers = told(text).facts
    name = _CAPITALS.search(text)
    return numbers[0].printed if numbers else name.group() if name else ""


def _other_facts(sentence: str, quote: str) -> Iterator[Mismatch]:
    """Numbers and dates of the same thing that cannot both be true."""
    own, others = claim_of(sentence), claim_of(quote)
    for ours, theirs in aligned(own, others):
        if differ(ours.fact, theirs.fact):
            yield Mismatch(ours.fact.printed, theirs.fact.printed)
        elif instead := _misplaced(ours, theirs, own, others):
            yield Mismatch(ours.fact.printed, instead.fact.printed)


def _misplaced(ours: StatedFact, theirs: StatedFact, own: Claim, others: Claim) -> StatedFact | None:
    """The quote has the number, but says it of something else, and another number of what the sentence speaks of."""
    rivals = [
        rival
        for rival in others.told
        if differ(ours.fact, rival.fact) and not any(said_alike(rival.fact, each.fact) for each in own.told)
    ]
    best = max(rivals, key=lambda rival: len(ours.near & rival.near), default=None)
    return best if best and len(ours.near & best.near) > len(ours.near & theirs.near) else None


def _denials(sentence: str, quote: str) -> Iterator[Mismatch]:
    """Only one of the two denies something; a quote may deny what the sentence does not speak of."""
    ours, theirs = claim_of(sentence), claim_of(quote)
    if ours.negations and not theirs.negations:
        yield Mismatch(ours.negations[0], "")
    elif theirs.negations and not ours.negations and theirs.denied & ours.stems:
        yield Mismatch("", theirs.negations[0])


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
