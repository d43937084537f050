"""What a question asks for, read off its words: the terms that must be found, and the kind of answer expected."""

import re
from dataclasses import dataclass
from typing import Literal

from index.text import Stem, Word, cut, stop_words, words

Kind = Literal["who", "when", "number", ""]

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("who", re.compile(r"\b(?:who|whom|whose|which (?:person|man|woman|minister|president|author|official)s?)\b")),
    ("when", re.compile(r"\b(?:when|(?:what|which) (?:year|date|month|day|time)|how long ago)\b")),
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|large|big|long|far|high|old|often|tall|wide|deep)\b"
            r"|\b(?:what|which) (?:\w+ )?(?:share|percent|percentage|proportion|number|amount|value|rate|cost|size)\b"
        ),
    ),
)
_DATE = re.compile(rf"\b(?:1[0-9]\d\d|20\d\d)\b|\b(?:{_MONTHS})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|"
    r"million|billion|trillion|dozen|half|third|quarter|once|twice)s?\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?“\"]\s)(?<!^)\b[^\W\d_a-z]\w*(?:[ .’'-]+[^\W\d_a-z]\w*)*")


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
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(lowered)), "")
    return Asked(question, terms, kind)


def _term(question: str, word: Word, stem: Stem, first: int) -> Term:
    written = question[word.start : word.end]
    upper = written[:1].isupper() and (word.start != first or written[1:2].isupper())
    return Term(cut(word.text, stem), word.start, word.end, upper, any(c.isdigit() for c in written))


def holds_kind(kind: Kind, sentence: str, asked: str) -> bool:
    """Does the sentence hold something of the kind that is asked for and that the question does not hold itself?"""
    if kind == "when":
        return any(m.group().lower() not in asked.lower() for m in _DATE.finditer(sentence))
    if kind == "number":
        return any(m.group().lower() not in asked.lower() for m in _NUMBER.finditer(sentence))
    if kind == "who":
        return any(m.group().lower() not in asked.lower() for m in _NAME.finditer(sentence))
    return False
