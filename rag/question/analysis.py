"""What a question asks for, read off its words: the terms that must be found, and the kind of answer expected."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Literal

from index.text.words import Stem, Word, cut, stop_words, words
from rag.language.dates import When, dates_in
from rag.language.detect import language_of
from rag.language.word_lists import A_MONTH, SMALL_NUMBERS, TENS
from rag.question.comparison import Side, sides
from rag.question.out_of_scope import OutOfScope, out_of_scope
from rag.question.shape import Shape, Sought, shape, sought

Kind = Literal["who", "when", "percent", "money", "number", ""]

_DIGITS = r"\d+(?:[.,]\d+)*"
_NUMBERS = "|".join((*SMALL_NUMBERS[1:13], *TENS[2:6])) + (
    "|hundreds?|thousands?|millions?|billions?|trillions?|dozens?|half|thirds?|quarters?|once|twice"
)
_FIRST = r"^(?:(?!\b(?:what|which|how|why|where)\b).)*"  # "what did he say when it rained?" asks for no time
_NO_VERB = r"(?<!\bto )(?<!\bwho )(?<!\bthey )(?<!\bcountries )"
_NO_OBJECT = r"(?! (?:an?|the|their|its|his|her|common|in common|with)\b)"
_KINDS: tuple[tuple[Kind, str], ...] = (  # the first that fits
    (
        "who",
        r"\b(?:who|whom|whose|(?:which|what) (?:person|man|woman|minister|president|author|official)s?"
        r"|qui[eé]n(?:es)?)\b",
    ),
    (
        "when",
        rf"{_FIRST}\bwhen\b|\b(?:(?:what|which) (?:year|date|month|day|time)|how long ago|cu[aá]ndo"
        r"|en qu[eé] (?:año|mes|fecha|d[ií]a))\b",
    ),
    ("percent", r"\b(?:percent|per ?cent|percentage|proportion|porcentaje|proporci[oó]n)\b|%"),
    (
        "number",
        r"\bhow (?:long\b|many\b(?=.*\b(?:share|rate|spen[dt]|pay|paid|cost|budget)s?\b)(?!.*\b(?:dollars?|euros?)\b))",
    ),
    ("percent", rf"{_NO_VERB}\b(?:share|rate|rating)\b{_NO_OBJECT}"),
    (
        "money",
        r"\b(?:how much (?:money|aid|debt)|cost|price|budget|worth|spen[dt]|pay|paid|dollars?|euros?|cu[aá]nto dinero"
        r"|cuesta|cost[oó]|d[oó]lares)\b|[$€£]",
    ),
    ("number", r"\bhow (?:many|much|large|big|long|far|high|old|often|tall|wide|deep)\b|\bcu[aá]nt[oa]s?\b"),
    ("number", r"\b(?:what|which) (?:\w+ )?(?:number|amount|value|size|total)\b"),
)
_HOLDS: dict[Kind, str] = {
    "when": rf"\b(?:1[0-9]\d\d|20\d\d)\b|\b(?:{A_MONTH})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b",
    "percent": r"\d+(?:\.\d+)?\s?(?:%|per ?cent)|\b(?:half|(?:one|a|two|three)[ -](?:thirds?|quarters?|fifths?))\b",
    "money": rf"[$€£]\s?{_DIGITS}|{_DIGITS}\s(?:(?:million|billion|trillion) )?(?:dollars?|euros?|pesos?|pounds?)",
    "number": rf"{_DIGITS}|\b(?:{_NUMBERS})\b",
}
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
_FOUND = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _HOLDS.items()}
_NAME = re.compile(r"(?<![.!?“\"]\s)(?<!^)\b[^\W\d_a-z]\w*(?:[ .’'-]+[^\W\d_a-z]\w*)*")
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

    The last three take as long as all others together, so they are worked out when they are first asked for: a
    sentence of somebody's text is analysed the same way, and nobody wants to know whether it is out of scope.
    """

    text: str
    terms: tuple[Term, ...]
    kind: Kind
    counted: frozenset[str]  # stems, one of which is what "how many" counts; empty where nothing is counted
    sides: tuple[Side, Side] | None  # of a comparison
    shape: Shape
    subject: str  # what is to be defined, as printed; "" for every other shape
    sought: Sought

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(term.stem for term in self.terms)

    @cached_property
    def dates(self) -> tuple[When, ...]:
        return tuple(dates_in(self.text))

    @cached_property
    def language(self) -> str:
        return language_of(self.text)

    @cached_property
    def scope(self) -> OutOfScope | None:
        """What it asks for that no article can give."""
        return out_of_scope(self.text)


def analyse(question: str, stem: Stem) -> Query:
    """Terms in order, without stop words; if nothing but stop words was asked, all words count."""
    every_word = words(question)
    kept = [word for word in every_word if word.text not in stop_words()] or every_word
    first = every_word[0].start if every_word else 0
    terms = tuple(_term(question, word, stem, first) for word in kept)
    lowered = question.lower()
    kind: Kind = next((kind for kind, pattern in _PATTERNS if pattern.search(lowered)), "")
    compared = sides(question)
    shaped, subject = shape(question, compared=compared is not None)
    return Query(question, terms, kind, _counted(lowered, stem), compared, shaped, subject, sought(question))


def with_names(query: Query, is_name: Callable[[str], bool]) -> Query:
    """For a question without capitals: its words that the articles write like names are names here as well."""
    if any(character.isupper() for character in query.text):
        return query
    terms = (replace(term, name=term.name or is_name(query.text[term.start : term.end])) for term in query.terms)
    return replace(query, terms=tuple(terms))


def _counted(lowered: str, stem: Stem) -> frozenset[str]:
    match = _COUNTED.search(lowered)
    behind = words(match.group(1))[:_COUNTED_WORDS] if match else []
    kept = takewhile(lambda word: word.text not in stop_words(), behind)
    return frozenset(cut(word.text, stem) for word in kept)


def _term(question: str, word: Word, stem: Stem, first: int) -> Term:
    written = question[word.start : word.end]
    upper = written[:1].isupper() and (word.start != first or written[1:2].isupper())
    return Term(cut(word.text, stem), word.start, word.end, upper, any(c.isdigit() for c in written))


def holds_kind(query: Query, sentence: str, stem: Stem) -> float:
    """Does the sentence hold what is asked for and does not stand in the question itself? 1, 0, or ½ for a number of
    something else than what "how many" counts. 0 as well where no kind is asked for."""
    if not query.kind:
        return 0.0
    pattern = _FOUND.get(query.kind, _NAME)
    known = {match.group().lower() for match in pattern.finditer(query.text)}
    matches = [match for match in pattern.finditer(sentence) if match.group().lower() not in known]
    if not matches or not query.counted:
        return float(bool(matches))
    behind = (words(sentence[match.end() : match.end() + 80])[:_NEAR_WORDS] for match in matches)
    return 1.0 if any(cut(word.text, stem) in query.counted for near in behind for word in near) else 0.5
