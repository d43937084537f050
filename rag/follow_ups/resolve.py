"""A follow-up question → one that can be understood alone, by rules over the turns before; no language model.

Nothing is certain in this, so the caller shows the standalone form, and searches both readings where two are given.
A question that points to nothing comes back as it is, and so does any first reading that is resolved again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.follow_ups.fragments import at_another_time, complete, counted, hung, is_fragment, opening, unmarked
from rag.follow_ups.mentions import Kind, Mention, is_name, kind_of_noun, mentions, owners, with_first_names
from rag.follow_ups.noun_phrases import WORD
from rag.follow_ups.pronouns import fill
from rag.follow_ups.referents import SaidTurn, is_class
from rag.follow_ups.turns import MOST_TURNS, Turn
from rag.language.patterns import read_patterns
from rag.language.word_lists import ASKING, AUXILIARIES, FUNCTION, lexicon
from rag.question.purpose import out_of_scope

_HEARD_CHARS = 1_200
_TEXT = read_patterns("rag.follow_ups", "resolve.txt")
_PERSON, _HANGING, _ASKS_IN_SPANISH = map(_TEXT.compiled, "PERSON HANGING ASKS_IN_SPANISH".split())
_ROUNDS = 3
_TOLD_WORDS = 12
_THIN_WORDS = 2
_HEADED = r"“[^\n]*” \([^()\n]*\): “"  # an article's title and date, before its quote
_QUOTED = re.compile(rf"(?:: |^(?!{_HEADED}))“(.+?)”\s*\[\d", re.DOTALL | re.MULTILINE)
_ASKED: tuple[tuple[Kind, str], ...] = (("person", r"^(?:who|whom)\b"), ("place", r"^where\b"), ("time", r"^when\b"))
_AMPLE = 5  # telling words of a question that can stand alone, whatever it leans on
_NEARLY_AMPLE = 4  # … that is searched as it was typed as well


@dataclass(frozen=True, slots=True)
class Resolved:
    """One reading, or two where unsure, the better first; `changed`: the first is not what was typed, but perhaps that
    `hung` on the question before (", and why")."""

    readings: tuple[str, ...]
    changed: bool
    hung: bool = False


def resolve(question: str, turns: Sequence[Turn]) -> Resolved:
    """Standalone forms of a question asked after `turns`, oldest first. Never fails, whatever the texts."""
    return _resolve(question, history(turns))


def history(turns: Sequence[Turn]) -> list[SaidTurn]:
    """The last turns, each with its question in standalone form, resolved against those before it."""
    said: list[SaidTurn] = []
    for turn in [turn for turn in turns if WORD.search(turn.question)][-MOST_TURNS:]:
        said.append(_said(_answered_reading(_resolve(turn.question, said), turn), turn.answer, said))
    return said


def _answered_reading(resolved: Resolved, turn: Turn) -> str:
    """Of two things that "it" may have been, that of which the answer speaks; else the likelier reading."""
    heard = set(WORD.findall(turn.answer.lower()))
    filled = () if resolved.hung or turn.question in resolved.readings else resolved.readings
    lacking = {one: sum(word not in heard for word in WORD.findall(one.lower())) for one in filled}
    return min(lacking, key=lacking.__getitem__, default=resolved.readings[0])


def _resolve(question: str, said: Sequence[SaidTurn]) -> Resolved:
    if not said or not WORD.search(question) or _core(question, said) != question:
        return Resolved((question,), False)
    readings = _read(question, said)
    best = readings[0]
    for _ in range(_ROUNDS):
        again = _read(best, said)[0] if _core(best, said) == best else best
        if again == best:
            break
        best = again
    else:
        return Resolved((question,), False)
    own = sum(word.group().lower() not in FUNCTION for word in WORD.finditer(question))  # words that tell
    if own >= _AMPLE and _core(best, said) != best:  # it says enough: what it was hung on would only drown it
        return Resolved((question,), False)
    alternatives = (question,) if own >= _NEARLY_AMPLE else readings[1:]
    shown = tuple(dict.fromkeys((best, *alternatives)))[:2]
    return Resolved(shown, best != question, _core(best, said) != best)


def _read(question: str, said: Sequence[SaidTurn]) -> tuple[str, ...]:
    """One step: ordinals, pronouns, then what is left out."""
    last = said[-1]
    lead, rest = opening(question)
    if (again := at_another_time(rest, last)) and not _names(rest):
        return (again,)
    if lead and _ASKS_IN_SPANISH.match(rest):
        return (f"¿{rest[:1].upper()}{rest[1:]}?",)
    filled = fill(counted(rest, last), said)
    if is_fragment(lead, rest, question):
        completed = complete(filled.texts[0], last)
        return (*completed, question) if not lead and len(completed) == 1 and _names(rest) else completed
    if filled.open_:
        return (question if out_of_scope(rest) else hung(last.core, filled.texts[0]),)
    asks = lead or rest.lower().partition(" ")[0] in AUXILIARIES | ASKING
    mark = "?" if question.rstrip().endswith("?") or asks else ""
    if filled.texts[0] != rest:
        readings = tuple(_ended(text, mark) for text in filled.texts)
        thin = _thin(rest) and _PERSON.search(rest)
        other = hung(last.core, filled.texts[0]) if thin else filled.short and _ended(filled.short, mark)
        return (*readings, other) if other and len(readings) < 2 else readings
    if _HANGING.search(rest):
        return (hung(last.core, rest), question)
    if lead:
        return (_ended(rest, mark), hung(last.core, rest)) if _leans(rest) else (_ended(rest, mark),)
    return (question, hung(last.core, rest)) if _leans(rest) else (question,)


def _core(question: str, said: Sequence[SaidTurn]) -> str:
    """The question that ", and …" was hung on, where one of the turns was; else the question itself."""
    cores = (turn.core.rstrip("?!. ") for turn in said)
    return next((core for core in cores if core and question.startswith(f"{core}, and ")), question)


def _leans(rest: str) -> bool:
    """A short question that names nothing and speaks of "the" something may go on from the one before."""
    words = [word.group().lower() for word in WORD.finditer(rest)]
    telling = [word for word in words if word not in FUNCTION]
    definite = any(is_class(word) for before, word in pairwise(words) if before == "the")
    return bool(words) and words[0] in ASKING and not _names(rest) and len(telling) <= (4 if definite else 2)


def _thin(rest: str) -> bool:
    """ "What reasons did he give?": so few words of its own that it may lack what was said before."""
    if re.match(r"(?:when|where|who|whom)\b", rest, re.IGNORECASE):
        return False
    telling = [word for word in WORD.findall(rest.lower()) if word not in FUNCTION]
    return 0 < len(telling) <= _THIN_WORDS


def _names(text: str) -> bool:
    return any(is_name(m) or any(word[:1].isupper() for word in m.text.split()[1:]) for m in mentions(text))


def _said(question: str, answer: str, before: Sequence[SaidTurn]) -> SaidTurn:
    known = [mention for turn in before for mention in (*turn.mentions, *turn.heard)]
    quoted = ".\n".join(_QUOTED.findall(answer)) or ("" if "“" in answer else answer)
    every = mentions(quoted[:_HEARD_CHARS])
    heard = [mention for mention in (*every, *owners(every)) if is_name(mention) or mention.kind == "time"]
    mentioned = mentions(question, [*known, *heard])
    mentioned += owners(mentioned, [*known, *heard])
    mentioned = [_answered(mention, heard, question) for mention in mentioned]
    everywhere = [*known, *heard, *mentioned]
    named = {mention.text.lower() for mention in mentioned}
    new = [mention for mention in heard if mention.text.lower() not in named]
    core = _core(question, before)
    return SaidTurn(
        question,
        question if core == question else f"{core}?",
        _asked(question) if not _who_is(question, mentioned) else None,
        tuple(with_first_names(mentioned, everywhere)),
        tuple(with_first_names(new, everywhere)),
    )


def _who_is(question: str, mentioned: Sequence[Mention]) -> bool:
    """ "Who is Jane Roe?" asks for no other person than the one it names."""
    named = [mention for mention in mentioned if is_name(mention)]
    return len(named) == 1 and bool(re.fullmatch(rf"who (?:is|was) {re.escape(named[0].text)}\W*", question, re.I))


def _answered(mention: Mention, heard: Sequence[Mention], question: str) -> Mention:
    """What "which treaty" asked for is later the treaty of the answer, or that which the question says of it."""
    if mention.role != "asked":
        return mention
    if not mention.plural:
        named = [m for m in heard if is_name(m) and mention.head in m.text.lower().split()]
        return replace(named[0], start=mention.start, end=mention.end, role="object") if named else mention
    rest = question[mention.end :].rstrip("?!. ").strip()
    words = rest.lower().split()
    if not question.lower().startswith(("how many", "which")) or not 1 < len(words) <= _TOLD_WORDS or "," in rest:
        return mention
    if words[0] in ("were", "are") and lexicon().verb(words[1]) and words[1].endswith(("ed", "t", "n")):
        return replace(mention, text=f"{mention.text} {rest.split(' ', 1)[1]}")
    if words[0] not in AUXILIARIES and lexicon().verb(words[0]):
        return replace(mention, text=f"{mention.text} that {rest}")
    return mention


def _asked(question: str) -> Kind | None:
    low = question.lower()
    told = next((kind for kind, pattern in _ASKED if re.match(pattern, low)), None)
    noun = re.match(r"(?:in )?(?:which|what) (\w+)(?: (\w+))?", low)
    if told or not noun or noun.group(1) in AUXILIARIES:
        return told
    first, second = noun.groups()
    return kind_of_noun(first if kind_of_noun(first) != "thing" or not second else second)


def _ended(text: str, mark: str) -> str:
    opened = text[:1].upper() + text[1:]
    return f"{unmarked(opened)}{mark}"
