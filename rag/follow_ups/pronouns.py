"""Pronouns and "that treaty" → the names they stand for, put in so that the question stays English."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from rag.follow_ups.mentions import Kind, Mention, Role, is_name, is_plural, kind_of_noun, mentions
from rag.follow_ups.referents import SaidTurn, WantedReferent, agrees, is_class, rank
from rag.language.patterns import read_patterns
from rag.language.word_lists import ARTICLES, AUXILIARIES, FUNCTION, PREPOSITIONS, lexicon, listed

_TEXT = read_patterns("rag.follow_ups", "pronouns.txt")
_PRONOUN, _EMPTY_IT, _EVENT = map(_TEXT.compiled, ("PRONOUN", "EMPTY_IT", "EVENT"))
_ON_IT, _DEED, _WHEN_WAS = map(_TEXT.compiled, ("ON_IT", "DEED", "WHEN_WAS"))
_BOUND = frozenset("their theirs them they its it his he him her she hers".split())
_DEMONSTRATIVES = ("this", "that", "these", "those")


class _Shape(NamedTuple):
    """What a pronoun may stand for."""

    kinds: tuple[Kind, ...]
    gender: str = ""
    plural: bool | None = None  # None: either


_SHAPES_OF = {
    "he him his": _Shape(("person", "name"), "m", False),
    "she her hers": _Shape(("person", "name"), "f", False),
    "it its": _Shape(("thing", "group", "place", "name"), "", False),
    "they them their theirs": _Shape(("person", "thing", "group", "place", "name"), "", True),
    "this that": _Shape(("thing", "name", "group"), "", False),
    "these those": _Shape(("thing", "name", "group", "person"), "", True),
    "there": _Shape(("place",)),
    "then": _Shape(("time",)),
}
_SHAPES = {word: shape for words, shape in _SHAPES_OF.items() for word in words.split()}
_NAME_WORDS = 3  # "President Jane Roe"
_JOINING = frozenset(["that", "which", "who", "if", "because", "when", "and", "before", "after", "while"])
_SUBORDINATE = listed("SUBORDINATE")


@dataclass(frozen=True, slots=True)
class Filled:
    """A question with its pronouns replaced: best first; `open_` says that one was left without a referent."""

    texts: tuple[str, ...]
    open_: bool
    short: str = ""  # the best with surnames only, as articles have them behind the first mention; "" if the same


def fill(question: str, said: Sequence[SaidTurn]) -> Filled:
    """Unchanged and alone where nothing in it points back."""
    own = mentions(question, [m for turn in said for m in (*turn.mentions, *turn.heard)])
    bare = question.rstrip("?!. ")
    if _EVENT.search(bare) or (_ON_IT.search(bare) and _DEED.match(said[-1].core)):
        return Filled((question,), True)
    first, second, short, open_, at = "", "", "", False, 0
    used = [mention.text.lower() for mention in own]
    for match in _PRONOUN.finditer(question):
        pointer = _pointer(question, match, own)
        if not pointer:
            continue
        start, end, wanted = pointer
        written = question[start:end]
        choices = _choices(wanted, written.lower(), said, used)
        if question[:start].lower().endswith(" of ") and wanted.plural:
            choices = [mention for mention in choices if mention.plural]  # "which of them"
        if not choices:
            open_ = open_ or written.lower().split()[0] != "the"
            continue
        used.append(choices[0].text.lower())
        first += question[at:start] + _put(choices[0], written, wanted.role, question[:start])
        rival = choices[1] if len(choices) > 1 else choices[0]
        short += question[at:start] + _put(_surname(choices[0]), written, wanted.role, question[:start])
        second += question[at:start] + _put(rival, written, wanted.role, question[:start])
        at = end
    texts = dict.fromkeys((first + question[at:], second + question[at:]))
    return Filled(tuple(texts), open_, short + question[at:] if short != first else "")


def _surname(person: Mention) -> Mention:
    """The same by the last word of the name; as it is where that may not be the whole surname."""
    parts = person.text.split()
    plain = person.kind == "person" and all(part[:1].isupper() for part in parts) and len(parts) <= _NAME_WORDS
    return replace(person, text=parts[-1]) if plain else person


def _choices(wanted: WantedReferent, written: str, said: Sequence[SaidTurn], used: Sequence[str]) -> list[Mention]:
    """ "that" alone is what happened, unless the question before asked when or how something was."""
    last = said[-1]
    if written in ("this", "that"):
        if not _WHEN_WAS.match(last.question):
            return []
        things = [m for m in last.mentions if m.kind != "time"]
        return rank(wanted, said[-1:], used)[:1] if len(things) == 1 and things[0].role == "subject" else []
    if written in ("there", "then"):
        kind = wanted.kinds[0]
        quiet = [replace(turn, heard=turn.heard if turn.asked == kind else ()) for turn in said[-1:]]
        return rank(wanted, quiet, used)[:1]
    if written.startswith("the "):
        return rank(wanted, said[-2:], used)[:1]
    return rank(wanted, said, () if wanted.role == "possessor" else used)


class _Pointer(NamedTuple):
    """Words at start:end of a question that point back, and what they ask of their referent."""

    start: int
    end: int
    wanted: WantedReferent


def _pointer(question: str, match: re.Match[str], own: Sequence[Mention]) -> _Pointer | None:
    """None where the words do not point back."""
    if match["other"]:
        return None  # "the latter" is counted, in rag.follow_ups.fragments
    word, noun = match["word"].lower(), (match["noun"] or "").lower()
    before = _word_before(question, match.start("word"))
    with_noun = _Pointer(match.start("word"), match.end("noun"), WantedReferent((), _role(before), noun=noun))
    if word == "the":  # "Who signed the treaty?", but not "the treaty" of "the treaty of Guadalupe Hidalgo"
        start = with_noun.start
        named = any(m.start <= start < m.end - 1 and len(m.text.split()) > 2 for m in own)
        return with_noun if is_class(noun) and not named else None
    if word in _DEMONSTRATIVES:
        if not _demonstrates(word, noun, before):
            return None
        plural = is_plural(noun) and word in ("these", "those")
        if noun and noun not in FUNCTION and (plural or not lexicon().verb(noun)):
            return with_noun  # "Who signed that treaty?"; in "When did that end?" the word behind it is a verb
    return _pronoun(question, match, own)


def _demonstrates(word: str, noun: str, before: str) -> bool:
    """Not "the man that …" and "those who …", nor "these days", which is now."""
    if (word == "that" and not _points(before, noun)) or noun in ("who", "which", "that", "with", "whose"):
        return False
    return word not in ("this", "these") or kind_of_noun(noun) != "time"


def _pronoun(question: str, match: re.Match[str], own: Sequence[Mention]) -> _Pointer | None:
    """ "Who signed it?", "What are its exports?", "How many live there?"."""
    (start, end), before = match.span("word"), _word_before(question, match.start("word"))
    word, noun = match["word"].lower(), (match["noun"] or "").lower()
    if word == "it" and (
        match["word"] == "IT" or any(m.start() <= start < m.end() for m in _EMPTY_IT.finditer(question))
    ):
        return None  # "IT companies", "Is it true that …?"
    if word in ("there", "then") and ({noun, before} & AUXILIARIES or question[end:].strip(" ?.!")):
        return None  # "Are there others?", "then why?"
    if word == "its" and noun.endswith("ed"):
        return None  # "its extended": "it's", in haste
    owned = noun not in FUNCTION if noun else bool(re.match(r" [A-Z]{2,}\b", question[end:]))  # "her US policy"
    owner = word in ("its", "their", "his") or (word == "her" and owned)
    shape = _SHAPES[word]
    wanted = WantedReferent(shape.kinds, "possessor" if owner else _role(before), shape.gender, shape.plural)
    if word in _BOUND and _bound_inside(question, start, wanted, own):
        return None  # "Why did Mexico raise its tariffs?"
    return _Pointer(start, end, wanted)


def _bound_inside(question: str, start: int, wanted: WantedReferent, own: Sequence[Mention]) -> bool:
    """Does the question name the referent itself? The subject of a clause is not what its own "it" stands for."""
    earlier = [m for m in own if m.end <= start and agrees(wanted, m)]
    if wanted.role == "possessor":
        earlier = [m for m in earlier if m.kind != "thing" or m.role in ("subject", "asked")]
    else:
        apart = [m for m in earlier if _clause_between(question[m.end : start])]
        named = [m for m in earlier if m.kind != "thing" and m.role == "object" and wanted.role == "object"]
        earlier = [*apart, *named]
    forward = _word_before(question, start) in _SUBORDINATE and len(question[:start].split()) > 1
    later = [m for m in own if m.start > start and agrees(wanted, m) and is_name(m)] if forward else []
    return bool(earlier or later)


def _clause_between(text: str) -> bool:
    words = text.lower().split()
    infinitive = any(a == "to" and lexicon().verb(b) for a, b in pairwise(words))
    return infinitive or "," in text or bool(_JOINING & set(words))


def _points(before: str, noun: str) -> bool:
    """ "that" points back behind an auxiliary, a preposition, at the start and at the end; else it joins clauses."""
    return not noun or not before or before in AUXILIARIES | PREPOSITIONS | {"and", "but", "so", "why", "how"}


def _role(before: str) -> Role:
    subject = not before or before in AUXILIARIES | {"after", "before", "when", "if", "that", "because"}
    return "subject" if subject else "object"


def _word_before(question: str, start: int) -> str:
    return (question[:start].lower().split() or [""])[-1].strip('"“,;:¿')


def _put(mention: Mention, written: str, role: Role, before: str) -> str:
    low = written.lower()
    text = mention.text
    first = text.split()[0].lower()
    if mention.role == "asked" or (mention.kind == "thing" and first in ("a", "an")):
        text = f"the {text.partition(' ')[2] if first in ('a', 'an') else text}"
    elif (first in ARTICLES and text[:1].isupper()) or (low in ("them", "those", "these") and first == "how"):
        text = text[:1].lower() + text[1:]
    elif mention.kind == "thing" and first in ("its", "their", "his", "her"):
        text = text.partition(" ")[2]
    if low == "there":
        return f"in {text}" if _word_before(before, len(before)) not in PREPOSITIONS else text
    if low == "then":
        return text if text.lower().split()[0] in PREPOSITIONS else f"in {text}"
    if low in ("its", "their", "his", "her") and role == "possessor":
        return f"{text}'" if text.endswith("s") else f"{text}'s"
    return text
