"""What kind of message it is: a question of fact, small talk, a question about the articles themselves, a summary.

Only words are looked at, so all but small talk is a guess: where the articles have nothing of what is meant ("Who wrote
Hamlet?"), whoever answers it hands it on as a question of fact.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal
from unicodedata import normalize

from rag.language.patterns import read_patterns

MessageKind = Literal["fact", "talk", "about", "summary"]

_SPACE = re.compile(r"\s+")
_APOSTROPHE = re.compile("[\u2018\u2019\u02bc]")
_WHETHER = re.compile(r"^(?:if|whether|si) ", re.IGNORECASE)
_PIECE = re.compile(r"[,.!?;:]+")
_MOST_PIECES = 4
_ASKING = (
    r"(?:who|what|when|where|why|how|(?:which|what) \w+|how (?:many|much|long|old|far|often)(?: (?!the\b)[a-z]+)?)"
)
_SUBJECT = r"(?:(?:the|an?|his|her|its|their|my|our|your|this|that|these|those|it|he|she|they|we|you|I|there)\b|[A-Z])"
_TURNED = re.compile(  # "who the ambassador is", as it stands behind "could you tell me"
    rf"(?P<asking>{_ASKING}) (?P<subject>{_SUBJECT}[^,;?]*?) "
    r"(?P<verb>is|are|was|were|has|have|had|can|could|will|would|should|must)(?P<rest>\b[^,;?]*)",
)
_FEWEST_WORDS = 2  # of a question
_MOST_CHARS = 300  # a longer message is none of these
_OPENING = " ¿¡\"'“"
_EDGES = " \t\n.!?,;:¿¡…-–—()\"'“”"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a message is for. `which` is the family of purpose.txt behind the kind: "greeting", "author", "points" …

    `of` is what is meant as it was typed ("the article by Ellis", "tariffs", "everything"), "" where nothing is named;
    `who` is the author or publisher whose word is asked for.
    """

    kind: MessageKind
    which: str = ""
    of: str = ""
    who: str = ""

    @property
    def names(self) -> bool:
        """May a later message go on from it? Neither from small talk nor from "tell me more"."""
        return self.kind != "talk" and self.which != "more"


FACT = Purpose("fact")


def purposes(message: str) -> Iterator[Purpose]:
    """All that the message may be for, the likeliest first; at last always a question of fact."""
    for said in dict.fromkeys((message, asked_inside(message))):
        text = _read(said).strip(_EDGES)
        plain = _plain(text) if len(text) <= _MOST_CHARS else ""
        for kind, which, pattern in _patterns():
            if match := pattern.fullmatch(plain):
                named = {
                    name: text[slice(*match.span(name))].strip(_EDGES) for name in match.groupdict() if match[name]
                }
                who = next((words for name, words in named.items() if name.startswith(("who", "quien"))), "")
                of = next((words for name, words in named.items() if name.startswith(("of", "de"))), "")
                yield Purpose(kind, which, of, who)
    yield from _chat(message)
    yield FACT


def _chat(message: str) -> Iterator[Purpose]:
    """Several pieces of small talk ("Thanks, that was helpful. Bye!"): the first that is more than assent."""
    pieces = [piece for piece in (part.strip(_EDGES) for part in _PIECE.split(_read(message))) if piece]
    if 1 < len(pieces) <= _MOST_PIECES:
        talk = [
            next((which for kind, which, p in _patterns() if kind == "talk" and p.fullmatch(_plain(piece))), "")
            for piece in pieces
        ]
        if all(talk):
            yield Purpose("talk", next((which for which in talk if which != "assent"), "assent"))


def purpose_of(message: str) -> Purpose:
    """The likeliest."""
    return next(purposes(message))


def asked_inside(message: str) -> str:
    """The question without what is said around it for courtesy ("could you tell me …"); else the message as it is."""
    text = _read(message)
    begin = opened = len(text) - len(text.lstrip(_OPENING))
    before, behind = _courtesies()
    plain = _plain(text)
    while match := next((found for pattern in before if (found := pattern.match(plain, begin))), None):
        begin = match.end()
    end = next((found.start() for pattern in behind if (found := pattern.search(plain, begin))), len(text))
    inside = _WHETHER.sub("", text[begin:end]) if begin > opened else text[begin:end]
    if len(inside.split()) < _FEWEST_WORDS or (begin == opened and end == len(text)):
        return message
    if begin > opened and (turned := _TURNED.fullmatch(inside.rstrip(" .?!"))):
        inside = "{asking} {verb} {subject}{rest}".format(**turned.groupdict()) + inside[turned.end() :]
    asked = inside if inside[-1] in ".?!" or "?" not in text else f"{inside}?"
    return f"{text[:opened]}{asked[:1].upper()}{asked[1:]}"


def _read(message: str) -> str:
    return _SPACE.sub(" ", _APOSTROPHE.sub("'", normalize("NFC", message))).strip()


def _plain(text: str) -> str:
    """In lower case without accents, character by character, so that places stay."""
    return "".join(normalize("NFD", character)[0].lower()[0] for character in text)


@cache
def _families() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """Compiled when first needed: that takes as long as many answers."""
    families = read_patterns("rag.question", "purpose.txt").families
    return {family: tuple(map(re.compile, patterns)) for family, patterns in families.items()}


def _courtesies() -> tuple[tuple[re.Pattern[str], ...], tuple[re.Pattern[str], ...]]:
    return _families()["courtesy before"], _families()["courtesy behind"]


@cache
def _patterns() -> tuple[tuple[MessageKind, str, re.Pattern[str]], ...]:
    kinds: dict[str, MessageKind] = {"talk": "talk", "about": "about", "summary": "summary"}
    named = ((family.partition(" "), patterns) for family, patterns in _families().items())
    return tuple((kinds[of[0]], of[2], each) for of, patterns in named if of[0] in kinds for each in patterns)
