"""Questions about what somebody said, did, plans, has, and why or when: each read off one verb that a table knows.

A match becomes (question, whom it is about); the question is "" where it would read badly.
"""

import re
from collections.abc import Callable

from rag.language.patterns import read_patterns
from rag.language.word_lists import A_MONTH, SMALL_NUMBERS, TENS


def bases(pairs: str) -> dict[str, str]:
    """Past → base: "announced:announce invested:invest_in"."""
    return dict(pair.replace("_", " ").split(":") for pair in pairs.split())


_VERBS = {name: bases(pairs) for name, pairs in read_patterns("rag.suggestions", "verbs.txt").pieces.items()}
_SAYING, _DOING, _VOWING = _VERBS["SAYING"], _VERBS["DOING"], _VERBS["VOWING"]

# Names as they are printed, with and without titles: patterns, and the name in the form in which a question has it.

_TEXT = read_patterns(
    "rag.suggestions",
    "patterns.txt",
    DOING="|".join((*_SAYING, *_DOING)),
    VOWING="|".join(_VOWING),
    NUMBERS="|".join((*SMALL_NUMBERS[2:13], *TENS[2:6])),
    A_MONTH=A_MONTH,
)
PIECES = _TEXT.pieces
NAME, PERSON, ROLE = PIECES["NAME"], PIECES["PERSON"], PIECES["ROLE"]
TITLE, _NO_NAME, _ACTED, _VOWED, _PLANS, _REASON, _DATED, _COUNTED, _IN_YEAR = (
    _TEXT.cased(name)
    for name in ("TITLE", "NO_NAME", "ACTED", "VOWED", "PLANS", "REASON", "DATED", "COUNTED", "IN_YEAR")
)


def subject(printed: str) -> str:
    """The name without its title, "the" before it where it takes one; "" for what is no name."""
    bare = re.sub(r"^[Tt]he ", "", printed)
    if title := TITLE.match(bare):
        bare = bare[title.end() :]
    if not bare or _NO_NAME.match(bare) or re.search(r"['’]s?(?: |$)|^[^A-Z]", bare):
        return ""
    return f"the {bare}" if printed[:4].lower() == "the " and not title else bare


Made = tuple[str, str]  # question, whom or what it is about
Rule = tuple[str, re.Pattern[str], Callable[[re.Match[str], str], Made]]  # kind, pattern, what is made of a match


def _why(match: re.Match[str], _: str) -> Made:
    who = subject(match["who"]) or (match["who"][0].lower() + match["who"][1:] if match["who"][:4] == "The " else "")
    be, no = ("can", "not ") if match["be"] == "cannot" else (match["be"], "")
    return (f"Why {be} {who} {no}{match['rest']}?" if who else ""), who


def _acted(match: re.Match[str], _: str) -> Made:
    who, verb = subject(match["who"]), match["verb"]
    base = _SAYING.get(verb) or _DOING[verb]
    when = _IN_YEAR.search(match["rest"])
    if match["perfect"]:
        text = f"What {match['perfect']}{who} {verb}?"
    elif verb.endswith("s"):
        text = f"What does {who} {base}?"
    else:
        text = f"What did {who} {base}{' ' + when.group() if when else ''}?"
    return (text if who else ""), who


def _vowed(match: re.Match[str], _: str) -> Made:
    who, verb, perfect = subject(match["who"]), match["verb"], match["perfect"]
    asked = f"What {perfect}{who} {verb} to do?" if perfect else f"What did {who} {_VOWING[verb]} to do?"
    return (asked if who else ""), who


def _asked(template: str) -> Callable[[re.Match[str], str], Made]:
    """A question with the groups of the match in it."""

    def make(match: re.Match[str], _: str) -> Made:
        who = subject(match["who"])
        return (template.format_map({**match.groupdict(), "who": who}) if who else ""), who

    return make


def _dated(match: re.Match[str], sentence: str) -> Made:
    """ "Versions were released …": one word in the plural at the start is no name."""
    text, who = _asked("When {be} {who} {verb}?")(match, sentence)
    return (text if match["be"] == "was" or " " in who else ""), who


DEEDS: tuple[Rule, ...] = (
    ("why", _REASON, _why),
    ("did", _ACTED, _acted),
    ("plan", _VOWED, _vowed),
    ("plan", _PLANS, _asked("What does {who} {verb} to do?")),
    ("when", _DATED, _dated),
    ("many", _COUNTED, _asked("How many {what} does {who} {verb}?")),
)
