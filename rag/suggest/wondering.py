"""Questions that a sentence answers, as a person would ask them, made by rule from its words.

A rule fires only on the words of its own pattern, since a question that reads badly is worse than none. English.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.records import Document
from index.sentences import sentences
from index.text import normalise
from rag.opening import leans_back
from rag.question import analyse
from rag.suggest.deeds import DEEDS, Made, Rule
from rag.suggest.naming import CAPITALISED, NAME, PERSON, ROLE, TITLE, WHO, subject
from rag.words.definitions import defines

VAGUE = "about"  # the kind to fall back on

_LONGEST = 420  # characters; a longer sentence is a list or a table
_MOST_WORDS = 16  # of a question
_DEFINES = 0.7  # how well a sentence must define whom "Who is …?" asks for
_SCHEME = r"initiative|policy|plan|program(?:me)?|law|act|strategy|campaign|scheme|project|coalition|movement|rule"
_INITIALS = r"[A-Z](?:\.[A-Z])+\.?"  # of "U.S.-Mexico-Canada Agreement"
_SHORT_FOR = re.compile(
    rf"(?P<long>(?:{CAPITALISED}|{_INITIALS}(?:-{CAPITALISED})*)"
    rf"(?:,? (?:(?:and|of|for|the|de|on|in|to) )*{CAPITALISED}){{1,6}}) \((?P<short>[A-Z]{{2,7}})\)"
)
_IS_A = re.compile(
    rf"^{WHO}(?: \([A-Z]{{2,6}}\))? (?P<be>is|was) (?:an?|one of the) (?!result|sign|matter|way|good|great)"
)
_TITLED = re.compile(rf"\b{TITLE.pattern}(?P<who>{PERSON})")
_APPOSED = re.compile(rf"(?<![\w’'.])(?P<who>{PERSON}), (?:[\w’'.-]+ ){{0,5}}?(?:{ROLE})\b")
_CALLED = re.compile(
    rf"[“\"](?P<who>[^\W\d_a-z][\w’' -]{{3,40}}?),?[”\"] (?P<kind>{_SCHEME})\b"
    rf"|\b(?:an?|the|[a-z]+) (?:\w+ )?(?:{_SCHEME}) (?:called|known as|dubbed) "
    r"[“\"](?P<named>[A-Z][\w’' -]{3,40}?),?[”\"]"
)
_NAMED = re.compile(rf"(?<![\w'’.-])(?!the\b)[a-z]+,? (?P<who>(?:the )?{NAME})(?!['’])")
_ENDS = re.compile(  # the name; "the Trump" of "the Trump administration" is none
    r"[,.;:)]| (?:and|or|in|of|to|for|is|was|has|had|will|that|which|who|as|on|by|at|with|from|would|are|were|can"
    r"|also)\b"
)


class Wondered(NamedTuple):
    """A question and what answers it."""

    kind: str
    text: str
    sentence: str  # that it was made from
    of: str  # whom or what it is about, normalised


def wonder(document: Document) -> list[Wondered]:
    """All questions that the rules make, each text once; within a kind, what the article speaks of most comes first."""
    found: dict[str, Wondered] = {}
    for span in sentences(document.text, document.language or "en"):
        sentence = document.text[span.start : span.end]
        if len(sentence) <= _LONGEST and sentence.rstrip("”\"’'")[-1:] in (".", "!"):
            for one in _of_sentence(sentence):
                found.setdefault(normalise(one.text), one)
    text = normalise(document.text)
    return sorted(found.values(), key=lambda one: -text.count(one.of))


def _of_sentence(sentence: str) -> Iterator[Wondered]:
    for kind, pattern, make in _RULES:
        for match in pattern.finditer(sentence):
            text, of = make(match, sentence)
            if text and len(text.split()) <= _MOST_WORDS:
                yield Wondered(kind, text, sentence, normalise(of))


def _stand_for(match: re.Match[str], _: str) -> Made:
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", match["long"]) if word[0].isupper())
    spelled = re.fullmatch(".*" + ".*".join(match["short"]) + ".*", initials)
    return (f"What does {match['short']} stand for?" if spelled else ""), match["short"]


def _who(match: re.Match[str], sentence: str) -> Made:
    who = subject(match["who"])
    text = f"Who is {who}?"
    fits = len(who.split()) > 1 and defines(analyse(text, "snowball"), sentence) >= _DEFINES
    return (text if fits else ""), who


def _what(match: re.Match[str], sentence: str) -> Made:
    who = subject(match["who"])
    text = f"{'Who' if TITLE.match(match['who']) else 'What'} {match['be']} {who}?"
    person = re.search(rf"\b(?:{ROLE})\b", sentence[match.end() : match.end() + 40])
    fits = who and not person and defines(analyse(text, "snowball"), sentence) >= _DEFINES
    return (text if fits else ""), who


def _scheme(match: re.Match[str], _: str) -> Made:
    name = match["who"] or match["named"]
    return (f"What is the “{name}” {match['kind']}?" if match["who"] else f"What is “{name}”?"), name


def _about(match: re.Match[str], sentence: str) -> Made:
    who = subject(match["who"])
    whole = " " in who.removeprefix("the ") and _ENDS.match(sentence, match.end())
    return (f"What is said about {who}?" if whole and not leans_back(sentence) else ""), who


_RULES: tuple[Rule, ...] = (
    *DEEDS,
    ("scheme", _CALLED, _scheme),
    ("who", _TITLED, _who),
    ("who", _APPOSED, _who),
    ("what", _IS_A, _what),
    ("short", _SHORT_FOR, _stand_for),
    (VAGUE, _NAMED, _about),
)
