"""When two questions are the same, nearly the same, or twins: compared by their words, names and numbers.

Words are cut to stems as the search cuts them; the names and numbers of a question are never near those of another.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from index.text.words import cut as stem_of
from index.text.words import normalise, stop_words, words
from rag.question.analysis import analyse

Likeness = Literal["same", "near", "twin"]

NEAR = 0.75  # least Jaccard similarity of the stems of two questions that are nearly the same
_YES_NO = frozenset("is are was were do does did has have had can could will would should may might must".split())


@dataclass(frozen=True, slots=True)
class Form:
    """A question as it is compared."""

    text: str  # every word, normalised, in order
    kind: str  # what it asks for: who, when, number, where, why, how, yesno or what
    stems: frozenset[str]  # without words of grammar and of asking
    fixed: frozenset[str]  # those of them that are a name or a number


def kind_of(question: str) -> str:
    """The tag of a question by its words: who, when, number, where, why, how, yesno, else what."""
    asked = analyse(question, "snowball")
    found = words(question)
    if found and found[0].text in _YES_NO:
        return "yesno"
    if asked.kind:
        return asked.kind if asked.kind in ("who", "when") else "number"
    sought = {"place": "where", "reason": "why", "manner": "how", "duration": "number", "": "what"}
    return sought[asked.sought]


def form_of(question: str) -> Form:
    found = [word.text for word in words(question)]
    stop = stop_words()
    fixed = {
        stem_of(word.text, "snowball")
        for number, word in enumerate(words(question))
        if word.text not in stop and _fixed(question[word.start : word.end], first=not number)
    }
    kept = frozenset(stem_of(word, "snowball") for word in found if word not in stop)
    return Form(" ".join(found) or normalise(question), kind_of(question), kept, frozenset(fixed))


def likeness(a: Form, b: Form) -> Likeness | None:
    """`same`: the same words, or the same stems asked for in the same way. `near`: most of them, and the same names
    and numbers. `twin`: all but one name or number. None: two questions."""
    if a.text == b.text or (a.stems and a.stems == b.stems and a.kind == b.kind):
        return "same"
    if a.kind != b.kind or not a.stems or not b.stems:
        return None
    if a.fixed == b.fixed:
        return "near" if len(a.stems & b.stems) / len(a.stems | b.stems) >= NEAR else None
    one_swapped = a.stems - a.fixed == b.stems - b.fixed and len(a.stems - a.fixed) > 0
    return "twin" if one_swapped and a.fixed & b.fixed and len(a.fixed - b.fixed) < 3 > len(b.fixed - a.fixed) else None


def alike(forms: Sequence[Form]) -> Iterator[tuple[int, int, Likeness]]:
    """All pairs that are alike, as places in `forms`, the lower first.

    Only questions that share one of their rarest stems are compared: sets with a Jaccard similarity of at least t
    share one of the first n - ceil(t n) + 1 stems in any fixed order (prefix filter; Chaudhuri, Ganti, Kaushik 2006).
    A twin may lack a name or two, so the names are left out of its prefix.
    """
    rarity = Counter(stem for form in forms for stem in form.stems)

    def rarest(stems: frozenset[str]) -> list[str]:
        return sorted(stems, key=lambda stem: (rarity[stem], stem))

    seen: dict[str, list[int]] = {}
    for at, form in enumerate(forms):
        prefix = rarest(form.stems)[: len(form.stems) - math.ceil(NEAR * len(form.stems)) + 1]
        keys = {f"t {form.text}", *prefix, *(f"r {stem}" for stem in rarest(form.stems - form.fixed)[:1])}
        for other in sorted({place for key in keys for place in seen.get(key, ())}):
            if found := likeness(forms[other], form):
                yield other, at, found
        for key in keys:
            seen.setdefault(key, []).append(at)


def _fixed(written: str, *, first: bool) -> bool:
    upper = written[:1].isupper() and (not first or written[1:2].isupper())
    return upper or any(character.isdigit() for character in written)
