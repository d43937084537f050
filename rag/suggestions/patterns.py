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
    "rag.suggestions", "patterns.txt", DOING="|".join((*_SAYING, *_DOING)), VOWING="|".join(_VOWING),
    NUMBERS="|".join((*SMALL_NUMBERS[2:13], *TENS[2:6])), A_MONTH=A_MONTH,
)  # fmt: skip
PIECES = _TEXT.pieces
NAME, PERSON, ROLE = PIECES["NAME"], PIECES["PERSON"], PIECES["ROLE"]
TITLE, _NO_NAME, _ACTED, _VOWED, _PLANS, _REASON, _DATED, _COUNTED, _IN_YEAR = map(
    _TEXT.cased, "TITLE NO_NAME ACTED VOWED PLANS REASON DATED COUNTED IN_YEAR".split()
)
_TIMED, _LASTS, _COSTS, _HAS, _OFTEN, _TO_DO = map(_TEXT.cased, "TIMED LASTS COSTS HAS OFTEN TO_DO".split())


def thing(printed: str) -> str:
    """A name, or what is no name as it stands inside a sentence: "the bridge at Holm", "repairs"."""
    common = re.match(r"(?:The|An?) [a-z]|[A-Z][a-z]+s(?: (?:of|at|in|for|to|from) .*)?$", printed)
    return printed[:1].lower() + printed[1:] if common and not _NO_NAME.match(printed[4:]) else subject(printed)


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
    who = thing(match["who"])
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


def _asked(template: str, named: Callable[[str], str] = subject) -> Callable[[re.Match[str], str], Made]:
    """A question with the groups of the match in it."""

    def make(match: re.Match[str], _: str) -> Made:
        who = named(match["who"])
        return (template.format_map({**match.groupdict(), "who": who}) if who else ""), who

    return make


def _dated(match: re.Match[str], sentence: str) -> Made:
    """ "Versions were released …": one word in the plural at the start is no name."""
    text, who = _asked("When {be} {who} {verb}?")(match, sentence)
    return (text if match["be"] == "was" or " " in who else ""), who


def _costs(match: re.Match[str], _: str) -> Made:
    who = thing(match["who"])
    do = "will" if match["be"] else "do" if who == match["who"].lower() and who.endswith("s") else "does"
    return (f"How much {do} {who} {match['verb']}?" if who else ""), who


def _told(asking: str) -> Callable[[re.Match[str], str], Made]:
    """What a manual tells its reader to do, asked by the reader."""
    return lambda match, _: (f"{asking} {match['what'][0].lower()}{match['what'][1:]}?", match["what"])


DEEDS: tuple[Rule, ...] = (
    ("how", _TO_DO, _told("How do I")), ("often", _OFTEN, _told("How often should I")),
    ("when", _TIMED, _asked("When {be} {who} {verb}?", thing)),
    ("long", _LASTS, _asked("How long does {who} {verb}?", thing)), ("much", _COSTS, _costs),
    ("many", _HAS, _asked("How many {what} does {who} have?", thing)), ("why", _REASON, _why),
    ("did", _ACTED, _acted), ("plan", _VOWED, _vowed), ("plan", _PLANS, _asked("What does {who} {verb} to do?")),
    ("when", _DATED, _dated), ("many", _COUNTED, _asked("How many {what} does {who} {verb}?")),
)  # fmt: skip
