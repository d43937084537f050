"""What kind of message it is: of fact, small talk, about the articles, a summary, beyond them; and its questions.

Only words are looked at, so all but small talk is a guess: where the articles have nothing of what is meant ("Who wrote
Hamlet?"), whoever answers it hands it on as a question of fact.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from index.embedding.embedder import Embedder
from index.embedding.vectors import settled
from index.search import Index
from rag.language.patterns import read_patterns, when_used

MessageKind = Literal["fact", "talk", "about", "summary"]
_KINDS: Mapping[str, MessageKind] = {"talk": "talk", "about": "about", "summary": "summary"}
_PURPOSES = read_patterns("rag.question", "purpose.txt")
_FAMILIES = {
    family: tuple(map(when_used, texts)) for family, texts in _PURPOSES.families.items() if family[:5] != "like "
}
_NAMED = tuple((family.partition(" "), patterns) for family, patterns in _FAMILIES.items())
_PATTERNS = tuple((_KINDS[of[0]], of[2], each) for of, patterns in _NAMED if of[0] in _KINDS for each in patterns)
_ALIKE = 0.66  # least cosine; of 1,147 questions of development sets none comes closer than .51, but for small talk

_SPACE = re.compile(r"\s+")
_APOSTROPHE = re.compile("[\u2018\u2019\u02bc]")
_WHETHER = re.compile(r"^(?:if|whether|si) ", re.IGNORECASE)
_PIECE = re.compile(r"[,.!?;:]+")
_MOST_PIECES = 4
_TEXT = read_patterns("rag.question", "several.txt")
_JOINED, _ASKS, _RELATIVE = map(_TEXT.compiled, "JOINED ASKS RELATIVE".split())
_TURNED, _BOTH = map(_TEXT.cased, "TURNED BOTH".split())
_FEWEST_WORDS = 2  # of a question
_MOST_CHARS = 300  # a longer message is none of these; some patterns try every place of a word
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
        """May a later message go on from it? Neither from small talk nor from "tell me more" or "shorter"."""
        return self.kind != "talk" and self.which not in ("more", "less")


FACT = Purpose("fact")


def purposes(message: str) -> Iterator[Purpose]:
    """All that the message may be for, the likeliest first; at last always a question of fact."""
    for said in dict.fromkeys((message, asked_inside(message))):
        text = _read(said).strip(_EDGES)
        plain = _plain(text) if len(text) <= _MOST_CHARS else ""
        for kind, which, pattern in _PATTERNS:
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
            next((which for kind, which, p in _PATTERNS if kind == "talk" and p.fullmatch(plain)), "")
            for plain in map(_plain, pieces)
        ]
        if all(talk):
            yield Purpose("talk", next((which for which in talk if which != "assent"), "assent"))


def purpose_of(message: str) -> Purpose:
    """The likeliest."""
    return next(purposes(message))


def alike(message: str, index: Index) -> Purpose | None:
    """What the example that comes closest to the message is for; None where none comes close.

    Meant for what the articles do not answer.
    """
    known, vectors = _examples(index.embedder)
    near = vectors @ index.encode(message).vector.astype(np.float64)
    closest = int(near.argmax())
    return known[closest] if near[closest] >= _ALIKE else None


@lru_cache(maxsize=2)
def _examples(embedder: Embedder) -> tuple[tuple[Purpose, ...], NDArray[np.float64]]:
    """Purposes, and the vectors of their examples, a row each."""
    named = [(family.split(), example) for family, examples in _PURPOSES.families.items() for example in examples]
    known = [(_KINDS[of[1]], of[2], example) for of, example in named if of[0] == "like"]
    vectors = [settled(embedder.encode_question(example)).vector for *_, example in known]
    return tuple(Purpose(kind, which) for kind, which, _ in known), np.stack(vectors).astype(np.float64)


def asked_behind(fragment: str) -> str:
    """ "When", behind a question about an article: the family of what is asked of it; else ""."""
    plain = _plain(_read(fragment).strip(_EDGES))
    return next((of[2] for of, each in _NAMED if of[0] == "behind" and any(p.fullmatch(plain) for p in each)), "")


def asked_inside(message: str) -> str:
    """The question without what is said around it for courtesy ("could you tell me …"); else the message as it is."""
    text = _read(message)
    begin = opened = len(text) - len(text.lstrip(_OPENING))
    before, behind = _FAMILIES["courtesy before"], _FAMILIES["courtesy behind"]
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


# Several questions in one message, taken apart; each is then read behind those before it ("… and when?").

_MOST_QUESTIONS = 4  # questions of one message
_FEWEST_OF_ONE = {"en": 3, "es": 2}  # of a question that another one may hang on: "How much and how often" is one
_NUMBER = re.compile(r"(?:[-*•]|[\[(]?(?:Q?\d\d?[.:)\]]{1,2}|[a-z]{1,3}[)\]]))\s+(?=\w)")  # in a list of questions
_ENDED = re.compile(r"(?<=[?？])\s*(?=\S)")


def several(message: str) -> tuple[str, ...]:
    """The questions in order, each with its mark; only the message itself where it is one question, or unclear."""
    if both := _BOTH.fullmatch(message.strip()):  # "Who are Waltz and Homan?"
        be = "is" if both["be"].lower() == "are" else "was"
        return tuple(f"{both['who']} {be} {one}?" for one in re.split(r",? and |, ", both["names"]))
    sentences = [_NUMBER.sub("", part.strip()) for part in _ENDED.split(message) if any(map(str.isalnum, part))]
    if len(sentences) > 1 and not all(map(_ASKS.match, sentences)):
        return (message,)
    questions = [question for sentence in sentences for question in _apart(sentence)]
    questions = [question if question.endswith(("?", "？")) else _as_question(question) for question in questions]
    return tuple(questions) if 1 < len(questions) <= _MOST_QUESTIONS else (message,)


def _apart(sentence: str) -> list[str]:
    """A sentence at the joints between its questions; what stands in front must be a question of its own."""
    found: list[str] = []
    begin, fewest = 0, _FEWEST_OF_ONE["es" if "¿" in sentence else "en"]
    for joint in _JOINED.finditer(sentence):
        left, right = sentence[begin : joint.start()], sentence[joint.end() :]
        if _ASKS.match(left) and len(left.split()) >= fewest and not _goes_on(left, right):
            found.append(left)
            begin = joint.end()
    return [_as_question(part) for part in (*found, sentence[begin:])] if found else [sentence]


def _goes_on(left: str, right: str) -> bool:
    """ "… the man who wrote and who fell": a relative clause that the first words of the right side only continue."""
    opening = _RELATIVE.match(right)
    behind = " ".join(left.split()[2:])
    return opening is not None and re.search(rf"\b{opening.group()}\b", behind, re.IGNORECASE) is not None


def _as_question(part: str) -> str:
    bare = part.strip(" ,;.?¿！？")
    spanish = "¿" if "¿" in part else ""
    return f"{spanish}{bare[:1].upper()}{bare[1:]}?"


# Does a question ask for something that no sentence of an article can give: our opinion, a sum, a poem?
#
# What somebody in the articles thinks, expects or advises is a fact about the articles and is not meant. A side to
# take and what will come may well be said in one: those families only name what is missing where nothing answers.

_SCOPE = read_patterns("rag.question", "out_of_scope.txt")
_JUDGED = re.compile(rf"\b(?:{_SCOPE.pieces['VALUE']}|{_SCOPE.pieces['COMPARED']}|justified|right|wrong)\b")
_SAID = _SCOPE.compiled("SAID")
_BEYOND = tuple((kind, pattern) for kind in _SCOPE.families for pattern in _SCOPE.family(kind))
_ALWAYS = frozenset(("opinion", "writing", "sum"))  # no article can give these, whatever it says


class OutOfScope(NamedTuple):
    """What is asked for that no article can give, and the words that show it."""

    kind: str  # a family of out_of_scope.txt
    words: str

    @property
    def judged(self) -> frozenset[str]:
        """The words by which the question asks to judge ("fair"); what weighs it says one of them."""
        return frozenset(_JUDGED.findall(self.words.lower())) if self.kind == "value" else frozenset()

    @property
    def declined(self) -> bool:
        """Whatever the articles say."""
        return self.kind in _ALWAYS

    @property
    def apart(self) -> bool:
        """Is no article near what is said? A remark is no question, though its words may be an article's."""
        return self.declined or self.kind == "remark"


def out_of_scope(question: str) -> OutOfScope | None:
    """For our opinion, a side to take, a forecast, arithmetic and writing to order.

    None wherever the question names whose word it asks for ("according to …"), and beyond 300 characters; English.
    """
    text = _APOSTROPHE.sub("'", _SPACE.sub(" ", question)).strip()
    if len(text) > _MOST_CHARS or _SAID.search(text):
        return None
    matches = ((kind, pattern.search(text)) for kind, pattern in _BEYOND)
    return next((OutOfScope(kind, match.group().strip()) for kind, match in matches if match), None)
