"""The shape of the answer that a question wants, beyond its kind: a definition, a list, two sides, a development.

English and Spanish question words; what fits nothing has no shape, and costs nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from rag.language.patterns import read_patterns, when_used
from rag.language.word_lists import MEASURED, listed

Shape = Literal["definition", "list", "comparison", "timeline", ""]
Sought = Literal["duration", "place", "reason", "manner", ""]

_MOST_NAME_WORDS = 6

_TEXT = read_patterns("rag.question", "shape.txt", MEASURED=MEASURED)
_MEANING = _TEXT.family("definition")
(_GIVES_REASON,) = _TEXT.family("gives reason")
_LIST = _TEXT.family("list")
_BEING, _ROLE_WORDS, _ABSTRACT = map(_TEXT.compiled, ("BEING", "ROLE_WORDS", "ABSTRACT"))
_KIND_OF_THING, _ONE_NAME, _TIMELINE = map(_TEXT.compiled, ("KIND_OF_THING", "ONE_NAME", "TIMELINE"))
_SOUGHT: tuple[tuple[Sought, re.Pattern[str]], ...] = tuple(
    (what, when_used(pattern)) for what in get_args(Sought)[:-1] for pattern in _TEXT.families[what]
)
_FREE = re.compile(r"\b(?:of|and|the|for|in|on|de|la|del|van|von|al|with|you|to)\b")  # small words inside names

# Questions that set two things side by side, taken apart into one question for each side.
# Rules over the words alone: what both sides share is kept in both questions, and what cannot be taken apart with some
# certainty is left whole. "The war between A and B" names one thing, not two sides.

# Which words of two phrases stand for one another: "trade with China" and "Canada" differ in their last word.

_LONGEST_PART = 7  # words, of what stands on one side of "versus"
DETERMINERS = frozenset("the a an its their his her our el la los las".split())
_FUNCTION = listed("BETWEEN_SIDES")
POSSESSIVE = re.compile(r"\w(?:['’]s|s['’])$")


def alike(first: list[str], second: list[str]) -> bool:
    """Are both things of one kind? A lower case word in the singular could be anything, even a verb."""
    return bool((kinds(first[-1]) & kinds(second[-1])) - {"word"}) or (
        first[0].lower() == second[0].lower() and first[0].lower() in DETERMINERS | _FUNCTION
    )


def aligned(left: list[str], right: list[str]) -> tuple[int, int]:
    """How many words at the end of `left` and at the start of `right` are the two things set side by side."""
    before, behind = (range(1, min(len(side), _LONGEST_PART) + 1) for side in (left, right))
    sizes = product(before, behind)
    return max(sizes, key=lambda size: (_parallel(left, right, *size), -abs(size[0] - size[1]), -size[0]))


def _parallel(left: list[str], right: list[str], a: int, b: int) -> float:
    first, second, rest = left[-a:], right[:b], right[b:]
    score = 2.0 * len(kinds(first[-1]) & kinds(second[-1])) + len(kinds(first[0]) & kinds(second[0]))
    score += (1.0 + sum(x == y for x, y in zip(first, second, strict=True))) if a == b else 0.0
    if first[0].lower() in _FUNCTION or second[0].lower() in _FUNCTION:
        score += 2 if first[0].lower() == second[0].lower() else -4
    if (first[0].lower() in DETERMINERS or POSSESSIVE.search(first[0])) and not second[0].istitle():
        score += 1 if second[0].lower() in DETERMINERS or POSSESSIVE.search(second[0]) else -2
    if a < len(left) and left[-a - 1].lower() in DETERMINERS and (second[0][:1].isupper() or second[0] in DETERMINERS):
        score -= 3  # "to the US" beside "Canada": the article belongs to the first side
    if a < len(left) and is_name(left[-a - 1]) and is_name(first[0]) and a + 1 < len(left):
        score -= 3  # a name would be cut in two
    if rest and is_name(rest[0]) and is_name(second[-1]):
        score -= 3
    if rest and rest[0].lower() not in _FUNCTION and not rest[0][0].isdigit():
        score -= 1
    return score


def kinds(word: str) -> set[str]:
    """How a word looks: parallel words look alike."""
    looks = {"digit"} if word[0].isdigit() else {"name"} if word[0].isupper() else {"word"}
    if POSSESSIVE.search(word):
        looks.add("possessive")
    elif len(word) > 3 and word.lower().endswith("s") and not word.lower().endswith(("ss", "us", "is")):
        looks.add("plural")
    return looks


def is_name(word: str) -> bool:
    return word[0].isupper() and not POSSESSIVE.search(word)


_LONGEST_SIDE = 12  # words; what is longer is a sentence, not a side
_LONGEST_QUESTION = 40  # words
_VERSUS, _BETWEEN, _COMPARE = map(_TEXT.compiled, ("VERSUS", "BETWEEN", "COMPARE"))
_HOW, _CONTEST, _BY_HOW_MUCH = map(_TEXT.compiled, ("HOW", "CONTEST", "BY_HOW_MUCH"))
_OPEN, _OF_THOSE, _ASKING = map(_TEXT.compiled, ("OPEN", "OF_THOSE", "ASKING"))
_REST = _TEXT.cased("REST")
_WHICH = _TEXT.family("which")
_ENDING_IN_E = frozenset("larg clos saf lat wid simpl dens rar wis nic pur brav strang".split())


@dataclass(frozen=True, slots=True)
class Side:
    """One of two things compared: as the asker printed it, and a question for it alone."""

    label: str
    question: str


def sides(question: str) -> tuple[Side, Side] | None:
    """The two sides in the order asked; None when the question does not set two things side by side."""
    text = " ".join(question.split()).strip(" ?!.¿¡")
    if text.count(" ") >= _LONGEST_QUESTION or _BY_HOW_MUCH.search(text):
        return None
    for rule in (_between, _asked_how, _which, _versus):
        if (compared := rule(text)) and compared[0].question.casefold() != compared[1].question.casefold():
            return compared
    return None


def _between(text: str) -> tuple[Side, Side] | None:
    if match := _BETWEEN.match(text):
        return _both(match["a"], match["b"], _what)
    match = _COMPARE.match(text)
    if not match:
        return None
    a, b = (side for side in match.groups() if side)
    return _both(a, b, lambda side: side if _is_bare(side) else _what(side))


def _asked_how(text: str) -> tuple[Side, Side] | None:
    match = _HOW.match(text)
    past = bool(match) and text[4:7].lower() in ("did", "was", "wer")
    return _both(match["a"], match["b"], lambda s: s if _is_bare(s) else _what(s, past=past)) if match else None


def _which(text: str) -> tuple[Side, Side] | None:
    match = next((match for pattern in _WHICH if (match := pattern.match(text))), None)
    if not match:
        return None
    base, past = _base(match["more"].lower()), match["verb"].lower() in ("was", "were")
    return _both(match["a"], match["b"], lambda side: f"How {base} {_be(side, past=past)} {side}?")


def _base(more: str) -> str:
    """larger → large, bigger → big, heavier → heavy, more costly → costly."""
    if more in ("better", "worse") or " " in more:
        return {"better": "good", "worse": "bad"}.get(more) or more.partition(" ")[2]
    if more.endswith("ier"):
        return more.removesuffix("ier") + "y"
    stem = more.removesuffix("er")
    return stem + "e" if stem in _ENDING_IN_E else stem[:-1] if stem.endswith(("gg", "tt", "nn", "dd")) else stem


def _both(a: str, b: str, asking: Callable[[str], str]) -> tuple[Side, Side] | None:
    """Sides of phrases that stand alone but for what was said only once."""
    printed = a = re.sub(r"^both ", "", a, flags=re.IGNORECASE).rstrip(",")
    if max(len(a.split()), len(b.split())) > _LONGEST_SIDE or re.search(r"\b(?:that|which|who|and)\b", a):
        return None
    rest = _REST.search(b)
    shared = rest.group() if rest and not _REST.search(a) else ""
    b = b.removesuffix(shared)
    if " " not in a and a.islower() and "plural" not in kinds(a) and b.split()[0] not in DETERMINERS:
        a = " ".join((a, *b.split()[1:]))  # "formal or informal control"
    return Side(printed, asking(a + shared)), Side(b, asking(_completed(a, b) + shared))


def _completed(first: str, second: str) -> str:
    """ "Canada's" beside "Mexico's exports" is "Canada's exports"; "its imports" and "imports" are Mexico's."""
    if _OF_THOSE.match(second) and " of " in first:
        return f"{first.rpartition(' of ')[0]} of {_OF_THOSE.sub('', second)}"
    led = re.match(r"(?:to|from|with|in|on|for|under|by) ", second)
    if led and f" {led.group()}" in first:
        return f"{first.rpartition(f' {led.group()}')[0]} {second}"  # "exports to the US and to Canada"
    behind = re.match(r"(.+ (?:to|from|with) )(?:the )?[A-Z][\w.]*$", first)
    if behind and is_name(second.removeprefix("the ")) and " " not in second.removeprefix("the "):
        return f"{behind.group(1)}{second}"
    possessor = re.match(r"(?P<owner>.*?\w(?:['’]s|s['’])) (?P<owned>.+)$", first)
    owned = re.match(r"(?:its|their|his|her) (?P<owned>.+)$", second, flags=re.IGNORECASE)
    if owned and not possessor and " of " in first:
        return f"the {owned['owned']} of {first.rpartition(' of ')[2]}"
    if not possessor:
        return second
    if POSSESSIVE.search(second):
        return f"{second} {possessor['owned']}"
    if second.count(" ") == possessor["owned"].count(" ") == 0 and not second[0].isupper():
        return f"{possessor['owner']} {second}"
    return re.sub(r"^(?:its|their|his|her)\b", lambda _: possessor["owner"], second, flags=re.IGNORECASE)


def _versus(text: str) -> tuple[Side, Side] | None:
    parts = _VERSUS.split(text)
    if len(parts) != 2 or not all(parts) or _CONTEST.search(parts[0]) or _OPEN.search(parts[0]):
        return None
    if _OF_THOSE.match(parts[1]):
        return Side(parts[0], _asking(parts[0])), Side(parts[1], _asking(_completed(*parts)))
    if parts[1].lower() == "without" and " with " in parts[0]:
        head, _, tail = parts[0].rpartition(" with ")
        return Side(f"with {tail}", _asking(parts[0])), Side(f"without {tail}", _asking(f"{head} without {tail}"))
    left, right = parts[0].split(), parts[1].split()
    if all(map(_is_bare, parts)) and not all("plural" in kinds(side[-1]) for side in (left, right)):
        return Side(parts[0], parts[0]), Side(parts[1], parts[1])  # "Cutty Sark vs Volvo 9700" share no word
    if right[0].lower() in ("its", "their", "his", "her"):
        right[0] = next((word for word in reversed(left) if POSSESSIVE.search(word)), right[0])
    verb = _verb_behind(left)
    left = left[: len(left) - len(verb)]
    a, b = aligned(left, right)
    if _ASKING.search(text) and not alike(left[-a:], right[:b]):
        return None
    shared, rest = left[:-a], [*right[b:], *verb]
    first, second = (_asking(" ".join((*shared, *side, *rest))) for side in (left[-a:], right[:b]))
    return Side(" ".join(left[-a:]), first), Side(" ".join(parts[1].split()[:b]), second)


def _verb_behind(asking: list[str]) -> list[str]:
    """Of "How many books does the library of Dale have" beside "the library of Osk"; none behind "to heat with oil"."""
    acted = not {"do", "does", "did"}.isdisjoint(asking[:-2]) and asking[-1].islower() and "word" in kinds(asking[-1])
    bound = "plural" in kinds(asking[-1]) or asking[-2] in _FUNCTION | DETERMINERS if acted else True
    return [] if bound else asking[-1:]


def _be(side: str, past: bool) -> str:
    head = re.split(r" (?:\(|(?:in|on|to|from|of|with|for|under|at|during) )", side)[0].split()[-1]
    plural = head.lower().endswith("s") and not head.lower().endswith(("ss", "us", "is")) and not is_name(head)
    return ("were" if plural else "was") if past else ("are" if plural else "is")


def _is_bare(side: str) -> bool:
    """Nothing but a name, of which was not said what is asked."""
    return all(
        word[0].isupper() or word[0].isdigit() for word in _REST.sub("", side).split()
    ) and not POSSESSIVE.search(side)


def _what(side: str, past: bool = False) -> str:
    return f"What {_be(side, past)} {side}?"


def _asking(text: str) -> str:
    """With a question mark where the words ask."""
    return f"{text}?" if _ASKING.match(text) else text


def shape(question: str, *, compared: bool) -> tuple[Shape, str]:
    """The shape, and of what a definition or a course of events is wanted, else ""; `compared`: it has two sides."""
    text = " ".join(question.split()).strip(" ?!.¿¡")
    if subject := _defined(text):
        return "definition", subject
    if compared:
        return "comparison", ""
    if timeline := _TIMELINE.search(text):
        return "timeline", next(filter(None, timeline.groups()), text)
    lists = not _ONE_NAME.search(text) and any(pattern.search(text) for pattern in _LIST)
    return ("list" if lists else ""), ""


def sought(question: str) -> Sought:
    """A place, a reason, a length of time or a manner, whichever is asked first ("How do I set where it is kept?")."""
    lowered = question.lower()
    found = [(match.start(), what) for what, pattern in _SOUGHT if (match := pattern.search(lowered))]
    return min(found, key=lambda one: one[0], default=(0, ""))[1]


def gives_reason(text: str) -> bool:
    """Does it say so in words: "because", "for lack of", "in order to"?"""
    return _GIVES_REASON.search(text) is not None


def asks(text: str) -> bool:
    """Is it a question, and not a few words to search by?"""
    return text.rstrip().endswith("?") or _ASKING.search(text.lower()) is not None


def _defined(text: str) -> str:
    for pattern in _MEANING:
        if (match := pattern.match(text)) and len(match["of"].split()) <= _MOST_NAME_WORDS:
            return re.sub(r"(?<=\w\w) in [a-z]+$", "", _bare(match["of"]))  # "thin film in physics"
    match = _BEING.match(text)
    if not match or len(match["of"].split()) > _MOST_NAME_WORDS:
        return ""
    of = _bare(match["of"])
    titled = of[:1].isupper() and " " in of  # "Plan Mexico" is no plan of anything
    if not of or (_ABSTRACT.match(of) and not titled) or not _is_title(of, text):
        return ""
    if match["who"]:
        return "" if match["article"] or re.search(r" (?:of|to|for|in|at) ", of) else of
    return of if of[0].isupper() or of.count(" ") < 3 else ""


def _bare(phrase: str) -> str:
    """Without quotation marks and without "the word …"."""
    return re.sub(r"^(?:the )?(?:word|term|name|phrase|song) ", "", phrase.strip(" \"'“”‘’"), flags=re.IGNORECASE)


def _is_title(of: str, text: str) -> bool:
    """A name, a title such as "Remain in Mexico policy", or a plain noun; "central dilemma for Mexico" is neither."""
    core = _KIND_OF_THING.sub("", of)
    if of[0].isupper():
        words = _FREE.sub(" ", core).split()
        return not re.search(r"['’]s?\b(?= )", core) and all(not word[0].islower() for word in words)
    if f'"{of}"' in text or f"“{of}”" in text:
        return True
    words = of.lower().split() if " " in of else []
    unlike = any(word.endswith(("ing", "ed")) or word in ("worth", "like", "about", "for", "made") for word in words)
    return not unlike and not _ROLE_WORDS.search(core)
