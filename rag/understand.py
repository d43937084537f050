"""What was asked, before anything is searched: the question usable, standing alone, spelt as the corpus spells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.errors import BadQuestion
from rag.follow_ups.resolve import resolve
from rag.follow_ups.turns import Turn
from rag.language.detect import language_of
from rag.language.patterns import read_patterns
from rag.question.purpose import asked_inside
from rag.question.spelling import Respelt, Speller

_SHOUTED = re.compile(r"[^\W\d_]{2,}(?![^\s?!.,;:])")  # a word of letters alone, no code
_THERE = read_patterns("rag.question", "several.txt").compiled("THERE")
_STRAIGHT = r"What \g<be> the \g<of>"  # "What were the changes?", as models of reading have learnt to be asked


@dataclass(frozen=True, slots=True)
class Understood:
    """One question and the ways to read it, the likeliest first."""

    question: str  # as it was typed
    readings: tuple[str, ...]
    follows: bool  # it leans on the turns before it, and the readings say what it leans on
    respelled: tuple[tuple[str, str], ...]  # (typed, read)
    language: str  # ISO 639-1 of the question, as far as there are templates for it


def understand(question: str, history: Sequence[Turn], speller: Speller, *, respells: bool = True) -> Understood:
    """From a usable question and the turns before it, oldest first; words are as typed without `respells`."""
    resolved = resolve(
        _THERE.sub(_STRAIGHT, quiet(question)), [replace(t, question=quiet(asked_inside(t.question))) for t in history]
    )
    spelt = [speller.respell(reading) if respells else Respelt(reading) for reading in resolved.readings]
    return Understood(
        question=question,
        readings=tuple(dict.fromkeys(respelt.text for respelt in spelt)),
        follows=resolved.changed,
        respelled=tuple(change for change in spelt[0].changes if change[0].lower() in question.lower()),
        language=language_of(question),
    )


def quiet(question: str) -> str:
    """A question in capitals in small letters: its capitals tell no name. A code or an abbreviation stays as it is."""
    return question.lower() if question.isupper() and len(_SHOUTED.findall(question)) > 1 else question


def usable(question: str, most: int) -> str:
    """The question without surrounding blanks. Raises BadQuestion."""
    text = question.strip()
    if not text or not any(c.isalnum() or c >= "🌀" for c in text):
        raise BadQuestion("the question is empty; ask something in words")
    if len(text) > most:
        raise BadQuestion(f"the question has {len(text):,} characters; at most {most:,} are read")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadQuestion("the question holds a character that is no text (NUL or half a surrogate pair); remove it")
    return text
