"""What a question asks for, read off its words: the terms that must be found, and the kind of answer expected."""

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from index.text import Stem, Word, cut, stop_words, words

Kind = Literal["who", "when", "percent", "money", "number", ""]

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DIGITS = r"\d+(?:[.,]\d+)*"
_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundreds?|thousands?|"
    "millions?|billions?|trillions?|dozens?|half|thirds?|quarters?|once|twice"
)
_KINDS: tuple[tuple[Kind, str], ...] = (  # the first that fits
    ("who", r"\b(?:who|whom|whose|(?:which|what) (?:person|man|woman|minister|president|author|official)s?)\b"),
    ("when", r"\b(?:when|(?:what|which) (?:year|date|month|day|time)|how long ago)\b"),
    ("percent", r"\b(?:percent|percentage|proportion|share|rate|rating)\b|%"),
    (
        "money",
        r"\b(?:how much (?:money|aid|debt)|cost|price|budget|worth|spen[dt]|pay|paid|dollars?|euros?)\b|[$€£]",
    ),
    ("number", r"\bhow (?:many|much|large|big|long|far|high|old|often|tall|wide|deep)\b"),
    ("number", r"\b(?:what|which) (?:\w+ )?(?:number|amount|value|size|total)\b"),
)
_HOLDS: dict[Kind, str] = {
    "when": rf"\b(?:1[0-9]\d\d|20\d\d)\b|\b(?:{_MONTHS})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b",
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


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, analysed once."""

    text: str
    terms: tuple[Term, ...]
    kind: Kind
    counted: frozenset[str]  # stems, one of which is what "how many" counts; empty where nothing is counted

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(term.stem for term in self.terms)


def analyse(question: str, stem: Stem) -> Asked:
    """Terms in order, without stop words; if nothing but stop words was asked, all words count."""
    found = words(question)
    kept = [word for word in found if word.text not in stop_words()] or found
    first = found[0].start if found else 0
    terms = tuple(_term(question, word, stem, first) for word in kept)
    lowered = question.lower()
    kind: Kind = next((kind for kind, pattern in _PATTERNS if pattern.search(lowered)), "")
    return Asked(question, terms, kind, _counted(lowered, stem))


def _counted(lowered: str, stem: Stem) -> frozenset[str]:
    found = _COUNTED.search(lowered)
    behind = words(found.group(1))[:_COUNTED_WORDS] if found else []
    kept = takewhile(lambda word: word.text not in stop_words(), behind)
    return frozenset(cut(word.text, stem) for word in kept)


def _term(question: str, word: Word, stem: Stem, first: int) -> Term:
    written = question[word.start : word.end]
    upper = written[:1].isupper() and (word.start != first or written[1:2].isupper())
    return Term(cut(word.text, stem), word.start, word.end, upper, any(c.isdigit() for c in written))


def holds_kind(asked: Asked, sentence: str, stem: Stem) -> float:
    """Does the sentence hold what is asked for and does not stand in the question itself? 1, 0, or ½ for a number of
    something else than what "how many" counts. 0 as well where no kind is asked for."""
    if not asked.kind:
        return 0.0
    pattern = _FOUND.get(asked.kind, _NAME)
    known = {match.group().lower() for match in pattern.finditer(asked.text)}
    found = [match for match in pattern.finditer(sentence) if match.group().lower() not in known]
    if not found or not asked.counted:
        return float(bool(found))
    behind = (words(sentence[match.end() : match.end() + 80])[:_NEAR_WORDS] for match in found)
    return 1.0 if any(cut(word.text, stem) in asked.counted for near in behind for word in near) else 0.5
