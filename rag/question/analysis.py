"""What a question asks for, read off its words: the terms that must be found, and the kind of answer expected."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile
from typing import Literal

from index.text.language import asked_in
from index.text.words import Stem, Word, asked_terms, cut, of_asking, stop_words, words
from rag.language.dates import When, dates_in
from rag.language.detect import language_of
from rag.language.patterns import read_patterns, when_used
from rag.language.word_lists import A_MONTH, FUNCTION, LISTS, MEASURED, SMALL_NUMBERS, TENS
from rag.question.purpose import OutOfScope, out_of_scope
from rag.question.shape import Shape, Side, Sought, asks, shape, sides, sought

Kind = Literal["how to", "who", "when", "percent", "money", "number", ""]

_NUMBERS = "|".join((*SMALL_NUMBERS[1:], *TENS[2:])) + (
    "|hundreds?|thousands?|millions?|billions?|trillions?|dozens?|half|thirds?|quarters?|once|twice"
)
_GIVEN = {"A_MONTH": A_MONTH, "NUMBERS": _NUMBERS, "MEASURED": MEASURED, "FUNCTION": "|".join(sorted(FUNCTION))}
_TEXT = read_patterns("rag.question", "analysis.txt", **_GIVEN)
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (  # the first that fits
    ("how to", _TEXT.cased("HOW_TO")),
    ("who", _TEXT.cased("WHO")),
    ("when", _TEXT.cased("WHEN")),
    ("percent", _TEXT.cased("PERCENT")),
    ("number", _TEXT.cased("COUNTED_SHARE")),
    ("percent", _TEXT.cased("SHARE")),
    ("money", _TEXT.cased("MONEY")),
    ("number", _TEXT.cased("HOW_MANY")),
    ("number", _TEXT.cased("WHICH_NUMBER")),
)
# A_STEP: a sentence begins with what is to be done; NEEDED: it says what that takes
_ASKED_FOR, _HUNG, A_STEP, NEEDED = map(_TEXT.compiled, ("ASKED_FOR", "HUNG", "A_STEP", "NEEDED"))
_FOUND: dict[Kind, re.Pattern[str]] = {
    "how to": _TEXT.compiled("A_WAY"),
    "when": _TEXT.compiled("A_TIME"),
    "percent": _TEXT.compiled("A_SHARE"),
    "money": _TEXT.compiled("A_SUM"),
    "number": _TEXT.compiled("A_NUMBER"),
}
_SOMEBODY = rf"\b(?:(?i:people|nobody|everybody|everyone|whoever)|(?:{LISTS['PERSON_NOUNS'].replace(' ', '|')})s?)\b"
_NAME = when_used(rf"(?<![.!?“\"]\s)(?<!^)\b[^\W\d_a-z]\w*(?:[ .’'-]+[^\W\d_a-z]\w*)*|{_SOMEBODY}")
_WHERE = re.compile(r"\b(?:in|at|near|of|en|de)(?: [\w.-]+){1,3}|(?:[\w.-]+ ){0,2}[\w.-]+(?=['’]s\b)")
_CODE = re.compile(r"(?:\b(\w+) )?(?<![\w-])([A-Z]{1,5})(?:-?\d|[- ]\d\d)\d*[A-Za-z]?(?![\w-])")
_COUNTED = re.compile(r"\bhow many (?:of (?:the |all )?|more |other )?(.*)")
_COUNTED_WORDS = 3  # what is counted stands among the first words behind "how many", before a verb or a stop word
_NEAR_WORDS = 5  # a number counts what stands at most so many words behind it


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question that carries meaning."""

    stem: str
    start: int
    end: int
    name: bool  # written like a name, inside the sentence
    number: bool


@dataclass(frozen=True)
class Query:
    """A question, analysed once; all that follows reads these fields and not its words again.

    What is no field takes as long as all fields together, so it is worked out when it is first asked for: a sentence
    of somebody's text is analysed the same way, and nobody wants to know whether it is out of scope.
    """

    text: str
    terms: tuple[Term, ...]
    kind: Kind
    counted: frozenset[str]  # stems, one of which is what "how many" counts; empty where nothing is counted
    sides: tuple[Side, Side] | None  # of a comparison
    shape: Shape
    subject: str  # of what a definition or a course of events is wanted, as printed; "" for every other shape
    sought: Sought
    is_name: Callable[[str], bool] | None = field(default=None, compare=False)  # asked of words that tell it not

    def named(self, term: Term) -> bool:
        """Is it a name? Most answers want that of no term, and to ask the articles is to read them."""
        return term.name or (self.is_name is not None and self.is_name(self.text[term.start : term.end]))

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(term.stem for term in self.terms)

    @property
    def asks(self) -> bool:
        """Is it a question, and not a few words to search by?"""
        return asks(self.text)

    @property
    def brief(self) -> bool:
        """May a few words answer it: a name, number, date or place, or whether something is so?"""
        return self.shape in ("", "comparison") and self.sought not in ("reason", "manner")

    @property
    def places(self) -> frozenset[str]:
        """Stems of the words behind "in" and "of" or before "'s": where what is asked for is, if any is a place."""
        spans = [match.span() for match in _WHERE.finditer(self.text)]
        return frozenset(term.stem for term in self.terms if any(a <= term.start < b for a, b in spans))

    @cached_property
    def dates(self) -> tuple[When, ...]:
        return tuple(dates_in(self.text))

    @cached_property
    def codes(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Each code, and what finds another in its place: "A6" and "A7", or "Nimbus A6" and "Nimbus B6"."""
        found = [*_CODE.finditer(self.text)] if any(map(str.islower, self.text)) else []
        named = [f"|{c[1]} [A-Z]{{1,5}}" if c[1] and c[1].lower() not in stop_words() else "" for c in found]
        others = [rf"(?<!\w)(?:{c[2]}{more})[- ]?\d" for c, more in zip(found, named, strict=True)]
        return tuple((c[0][c.start(2) - c.start() :], re.compile(o)) for c, o in zip(found, others, strict=True))

    @cached_property
    def holds(self) -> frozenset[str]:
        """What of the kind that is asked for stands in the question itself, in lower case."""
        return frozenset(match.group().lower() for match in _FOUND.get(self.kind, _NAME).finditer(self.text))

    @cached_property
    def language(self) -> str:
        return language_of(self.text)

    @cached_property
    def spoken(self) -> str:
        """ISO 639-1 code of the language that its words are in; "en" where they do not tell."""
        return asked_in([word.text for word in words(self.text)])

    @cached_property
    def asked_for(self) -> str:
        """ "when", "how many": what is missing where nothing answers it; "" where the question begins otherwise."""
        match = _ASKED_FOR.match(_HUNG.split(self.text.lower())[-1].lstrip("¿ "))
        return match.group(1) if match else ""

    @cached_property
    def scope(self) -> OutOfScope | None:
        """What it asks for that no article can give."""
        return out_of_scope(self.text)


def analyse(question: str, stem: Stem, asked: Callable[[str], Sequence[Word]] | None = None) -> Query:
    """Terms in order, without stop words; if nothing but stop words was asked, all words count.

    `asked` gives the terms as the passages of an index write them (`Index.asked`); without it they are plain words.
    """
    every_word = words(question)
    found = asked(question) if asked else asked_terms(question, stem, lambda _: False, lambda _: "")
    kept = found or [word._replace(text=cut(word.text, stem)) for word in every_word]
    first = every_word[0].start if every_word else 0
    terms = tuple(_term(question, term, first) for term in kept)
    lowered = question.lower()
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(lowered)), "")
    compared = sides(question)
    shaped, subject = shape(question, compared=compared is not None)
    return Query(question, terms, kind, _counted(lowered, stem), compared, shaped, subject, sought(question))


def with_names(query: Query, is_name: Callable[[str], bool]) -> Query:
    """For a question without capitals: its words that the articles write like names are names here as well."""
    return query if any(character.isupper() for character in query.text) else replace(query, is_name=is_name)


def _counted(lowered: str, stem: Stem) -> frozenset[str]:
    match = _COUNTED.search(lowered)
    behind = words(match.group(1))[:_COUNTED_WORDS] if match else []
    kept = takewhile(lambda word: word.text not in stop_words(), behind)
    return frozenset(cut(word.text, stem) for word in kept)


def _term(question: str, term: Word, first: int) -> Term:
    written = question[term.start : term.end]
    upper = written[:1].isupper() and (term.start != first or written[1:2].isupper())
    upper = upper and not of_asking(question, term)
    return Term(term.text, term.start, term.end, upper, any(c.isdigit() for c in written))


def holds_kind(query: Query, sentence: str, stem: Stem) -> float:
    """Does the sentence hold what is asked for and does not stand in the question itself? 1, 0, or ½ for a number of
    something else than what "how many" counts. 0 as well where no kind is asked for."""
    if not query.kind:
        return 0.0
    pattern = _FOUND.get(query.kind, _NAME)
    matches = [match for match in pattern.finditer(sentence) if match.group().lower() not in query.holds]
    if not matches or not query.counted:
        return float(bool(matches))
    behind = (words(sentence[match.end() : match.end() + 80])[:_NEAR_WORDS] for match in matches)
    return 1.0 if any(cut(word.text, stem) in query.counted for near in behind for word in near) else 0.5
