"""Questions about what somebody said, did, plans, has, and why or when: each read off one verb that a table knows.

A match becomes (question, whom it is about); the question is "" where it would read badly.
"""

import re
from collections.abc import Callable

from rag.language.word_lists import A_MONTH, SMALL_NUMBERS, TENS

# Names as they are printed, with and without titles: patterns, and the name in the form in which a question has it.

CAPITALISED = r"[^\W\d_a-z][\w’'-]*[^\W_]"
NAME = rf"(?>{CAPITALISED}(?: (?:(?:of|for|de|la|del|von|van) (?:the |la )?)?{CAPITALISED}){{0,4}})"
PERSON = rf"(?>{CAPITALISED}(?: (?:(?:de|la|del|von|van) )*{CAPITALISED}){{1,3}})(?! (?:de|la|del|von|van|of)\b)"
WHO = rf"(?P<who>(?:[Tt]he )?{NAME})(?!['’])"
ROLE = (
    r"president|minister|chancellor|director|chief|chairman|founder|leader|professor|author|analyst|economist|ambassador"
    r"|spokes(?:man|woman|person)|coach|senator|secretary|CEO|governor|mayor|officer|head|envoy|advis[eo]r|researcher"
    r"|critic|captain|manager|lawyer|journalist|actor|actress|singer|writer|scientist|historian|politician|player"
)
TITLE = re.compile(
    r"(?:(?:former|then|the|incoming|outgoing|current|new|acting|vice|deputy|U\.?S\.?|Mexican|American) |Former )*"
    r"(?:Vice President|President(?:-elect)?|Prime Minister|Foreign Minister|Minister|Secretary(?: of State)?|Senator"
    r"|Sen\.|Rep\.|Gov\.|Governor|Ambassador|Mayor|Judge|Justice|Dr\.?|Mr\.?|Ms\.?|Mrs\.?|Professor|Prof\.|General"
    r"|Director|Chancellor|King|Queen|CEO|Coach|Representative|Congress(?:man|woman)|Chairman|Chair|Sir|Captain) "
)
_NO_NAME = re.compile(  # opens a sentence like a name
    r"(?:According|After|All|Also|Although|Analysts|And|Another|April|As|At|August|Because|Before|Both|But|By|Company"
    r"|Critics|December|Despite|During|Each|Earlier|Even|Experts|February|Finally|For|Friday|From|He|Her|Here|His|How"
    r"|However|I|If|Image|In|It|Its|January|July|June|Last|Many|March|May|Meanwhile|Monday|More|Most|My|Next|No|Not"
    r"|November|Now|October|Officials|On|One|Other|Our|Over|Photo|Reciprocally|Report|Reports|Researchers|Saturday"
    r"|September|Several|She|Since|Some|Source|Study|Such|Sunday|That|The|Their|Then|There|These|They|This|Those|Though"
    r"|Thursday|Today|Tuesday|Two|Under|We|Wednesday|What|When|Where|While|Who|Why|With|Yesterday|Yet|You|Your)\b"
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


def bases(pairs: str) -> dict[str, str]:
    """Past → base: "announced:announce invested:invest_in"."""
    return dict(pair.replace("_", " ").split(":") for pair in pairs.split())


_SAYING = bases(
    "announced:announce declared:declare proposed:propose promised:promise pledged:pledge warned:warn argued:argue "
    "argues:argue contends:contend estimated:estimate estimates:estimate claimed:claim claims:claim "
    "predicted:predict threatened:threaten revealed:reveal admitted:admit denied:deny demanded:demand "
    "suggested:suggest explained:explain confirmed:confirm insisted:insist recommended:recommend concluded:conclude "
    "found:find discovered:discover reported:report"
)
_DOING = bases(
    "launched:launch introduced:introduce founded:found created:create built:build invented:invent signed:sign "
    "approved:approve released:release unveiled:unveil won:win acquired:acquire bought:buy imposed:impose "
    "published:publish wrote:write invested:invest_in sponsored:sponsor developed:develop designated:designate "
    "banned:ban rejected:reject opened:open planted:plant designed:design established:establish"
)
_VOWING = bases(
    "agreed:agree decided:decide offered:offer planned:plan pledged:pledge promised:promise refused:refuse "
    "threatened:threaten vowed:vow"
)
_OPEN = r"(?:^|^[A-Z][^,;“”]{2,40}, )"  # nothing, or one introduction: "In March, …"
_AGAIN = r"(?:also |already |recently |repeatedly |since |once again |even )?"
_NO_OBJECT = r"(?! (?:by|for|as|up|in|on|at|with|to|from|and)\b|[,.;])"
_ACTED = re.compile(
    rf"{_OPEN}{WHO}(?: \([A-Z]{{2,6}}\))?(?:, [^,;]{{3,70}},)? (?P<perfect>ha(?:s|ve) )?{_AGAIN}"
    rf"(?P<verb>{'|'.join((*_SAYING, *_DOING))})\b{_NO_OBJECT}(?P<rest>[^.;]*)"
)
_VOWED = re.compile(rf"{_OPEN}{WHO} (?P<perfect>ha(?:s|ve) )?{_AGAIN}(?P<verb>{'|'.join(_VOWING)}) to \w+")
_PLANS = re.compile(rf"{_OPEN}{WHO} (?P<verb>plan|want|seek|hope|intend|aim|expect)s to \w+")
_REASON = re.compile(
    rf"^(?P<who>(?:The )?{NAME}|The [a-z]+(?: [a-z]+)?) (?P<be>is|are|was|were|has|have|can|cannot|could) "
    r"(?P<rest>[a-z][^,;.“”]{8,60}?),? because (?!of that\b|he\b|she\b|they\b|this\b)"
)
_DATED = re.compile(
    rf"^{WHO} (?P<be>was|were) (?P<verb>founded|created|established|signed|built|opened|closed|launched|born|elected"
    r"|completed|discovered|adopted|ratified|dissolved|abolished|published|released|inaugurated)\b"
    r"(?=[^.;,]{0,60} (?:in|on) (?:\w+ ){0,3}?(?:1[5-9]|20)\d\d\b)"
)
_COUNTED = re.compile(
    rf"(?:^|, ){WHO} (?P<verb>operate|employ|seat|own|run|produce|hold)s [^.;]{{0,60}}?\b"
    rf"(?:\d[\d,]*|{'|'.join((*SMALL_NUMBERS[2:13], *TENS[2:6]))}) "
    r"(?P<what>(?:[a-z]+ )?(?:[a-z]{3,}(?<!s)s|people|women|children))\b(?! of\b| old\b)"
)
_IN_YEAR = re.compile(rf"\bin (?:(?:{A_MONTH}) )?(?:19|20)\d\d\b")


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


DEEDS: tuple[Rule, ...] = (
    ("why", _REASON, _why),
    ("did", _ACTED, _acted),
    ("plan", _VOWED, _vowed),
    ("plan", _PLANS, _asked("What does {who} {verb} to do?")),
    ("when", _DATED, _asked("When {be} {who} {verb}?")),
    ("many", _COUNTED, _asked("How many {what} does {who} {verb}?")),
)
