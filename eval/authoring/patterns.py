"""Verbs whose past, participle and base the question rules know: a question changes the form of its verb."""

import re
from collections.abc import Callable
from typing import NamedTuple

from index.records import Span
from index.text.words import stop_words
from rag.language.dates import dates_in
from rag.suggestions.patterns import NAME, subject


class Verb(NamedTuple):
    """wrote, written, write"""

    past: str
    participle: str
    base: str


_REGULAR = (
    "abandon abolish accept acquire adopt announce annex appoint approve arrest assassinate attack award bomb cancel "
    "capture cede close coin colonise colonize commission complete compose conquer construct convict create crown "
    "declare dedicate defeat demolish depose describe design designate destroy develop die discover dissolve divide "
    "elect enact end erect establish excommunicate execute exhibit exile expand formulate found graduate host impose "
    "inaugurate incorporate install introduce invade invent isolate join kill land launch liberate merge move name "
    "open ordain organise organize pass patent perform plant produce propose publish purchase receive record reject "
    "release relocate renovate repeal restore retire sack seize sponsor start suspend translate unveil visit"
)
_IRREGULAR = (
    "banned:banned:ban became:become:become began:begun:begin bought:bought:buy built:built:build drew:drawn:draw "
    "entered_into_force:entered_into_force:enter_into_force expelled:expelled:expel fell:fallen:fall "
    "fought:fought:fight held:held:hold laid:laid:lay lost:lost:lose made:made:make married:married:marry "
    "occupied:occupied:occupy overthrew:overthrown:overthrow ratified:ratified:ratify rebuilt:rebuilt:rebuild "
    "sank:sunk:sink sold:sold:sell took_effect:taken_effect:take_effect withdrew:withdrawn:withdraw won:won:win "
    "wrote:written:write"
)


def _regular(base: str) -> Verb:
    past = f"{base}d" if base.endswith("e") else f"{base}ed"
    return Verb(past, past, base)


VERBS = (*map(_regular, _REGULAR.split()), *(Verb(*forms.replace("_", " ").split(":")) for forms in _IRREGULAR.split()))
BY_PARTICIPLE = {verb.participle: verb for verb in VERBS}
BY_PAST = {verb.past: verb for verb in VERBS}
PASTS = "|".join(BY_PAST)
PARTICIPLES = "|".join((*BY_PARTICIPLE, "born", "baptised", "baptized", "buried", "signed"))
# a date is enough behind these: "When did the bridge open?"
ALONE = frozenset(
    (
        *("die", "open", "close", "end", "start", "begin", "retire", "fall", "merge", "dissolve", "sink", "withdraw"),
        *("take effect", "enter into force"),
    )
)
# whoever does this is asked for with "who"
AGENTIVE = "|".join(
    BY_PARTICIPLE[name].past
    for name in (
        *("founded", "written", "invented", "discovered", "composed", "designed", "established", "built", "created"),
        *("published", "proposed", "introduced", "coined", "conquered", "defeated", "assassinated", "killed", "won"),
        *("developed", "launched", "appointed", "commissioned", "captured", "destroyed", "crowned", "translated"),
        *("overthrown", "invaded", "occupied", "patented", "constructed", "attacked", "formulated", "banned"),
    )
)


# The pieces that the question rules are made of: subjects, dates, where a clause stops, what fits into a question.


class Made(NamedTuple):
    """A question and the place of its answer in the sentence; `of` is what it is about, as the question has it."""

    text: str
    answer: Span
    of: str


class Rule(NamedTuple):
    """`tag` is that of the gold question; `make` gives None where the question would read badly."""

    kind: str
    tag: str
    pattern: re.Pattern[str]
    make: Callable[[re.Match[str]], Made | None]


_NO_NOUN = (
    r"(?!(?:also|then|later|first|never|only|soon|once|often|still|now|had|was|were|is|are|has|have|would|could|will"
    r"|who|which|that|and|or|in|of|on|at|by|to|for|from|with|as|both|all|\w+ly|\w+ed)\b)"
)
WHO = (
    rf"(?P<who>(?:[Tt]he )?(?:U\.S\.|U\.K\.|{NAME})(?: {_NO_NOUN}[a-z]+){{0,2}}?"
    rf"|[Tt]he (?:[a-z-]+ ){{1,2}}of (?:the )?{NAME}|{NAME}['’]s (?:[a-z-]+ )?[a-z]+)(?!['’\w])"
)
INTRO = r"(?:^|^[A-Z][^,;“”]{2,50}, |[,;] (?:and |but |while )?)"
DATE = r"(?P<date>[A-Z0-9][^,;()]{2,22}?(?:, \d{4})?)"
REST = r"(?P<rest>(?: [^\s,;:.()]+){0,8}?)"  # words between the verb and what is asked for
STOP = r"(?=\.?[”\"]?$|[,;.:(]| and | but | by | with | after | when | while | because | where | who | which | to )"
END = r"(?=[.”\"]*$|[,;:(]| and (?:was|is|has|had|the|it|he|she|they)\b| but | which | who | where | while | after )"
CLOSE = r"(?=\.?$|[,;])"
AGAIN = r"(?:(?:also|first|officially|formally|finally|later|subsequently|then|eventually|originally|already|even) )?"
_NO_SUBJECT = (stop_words() - {"the"}) | {
    *("whereas", "unlike", "following", "among", "within", "without", "upon", "due", "given", "since"),
    *("today", "like", "according", "based", "several"),
}
_UNFIT = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their|this|that|these|those|which|who|and|or|but|such|there|until|later|ago|so"
    r"|when|where|while|because|after|before|between|from|same|than|not|only|by|also|another|other|more)\b"
    r"|\b(?:in|on|since) (?:[A-Z]\w+ )?\d|\bthe (?-i:(?:new|old|following|next|previous|present|current) (?![A-Z]))",
    re.IGNORECASE,
)
_LAST_DATE = re.compile(r"\b(?:in|on) (?:[A-Z][a-z]+ )?\d[\d, ]*$")


def span_of(match: re.Match[str], name: str) -> Span:
    return Span(*match.span(name))


def named(printed: str) -> str:
    """The subject inside a question: without a title, "the" small; "" for what names nothing."""
    bare = re.sub(r"^[Tt]he ", "", printed)
    if printed.split()[0].lower() in _NO_SUBJECT:
        return ""
    if re.match(r"[Tt]he [a-z]", printed) or re.search(r"U\.[SK]\.", printed):
        return f"the {bare}"
    if owner := re.match(rf"({NAME})['’]s [a-z]", printed):
        return printed if subject(owner[1]) == owner[1] else ""
    return subject(printed)


def date_of(match: re.Match[str]) -> Span | None:
    """Where the date stands, if it is nothing but one complete date."""
    found = dates_in(match["date"])
    whole = len(found) == 1 and found[0].start == 0 and found[0].end == len(match["date"].rstrip())
    return Span(match.start("date"), match.start("date") + found[0].end) if whole else None


def fits(words: str, *, dated: bool = False) -> bool:
    """Can the words stand in a question of their own? Nothing in them points elsewhere but perhaps one last date."""
    return not _UNFIT.search(f" {_LAST_DATE.sub('', words) if dated else words} ")


def rest_of(match: re.Match[str], *, dated: bool = False) -> str | None:
    """The words behind the verb with a blank before them, None where they do not fit into a question."""
    rest = match["rest"].strip()
    if not fits(rest, dated=dated):
        return None
    return f" {rest}" if rest else ""


def rule(kind: str, tag: str, make: Callable[[re.Match[str]], Made | None], pattern: str) -> Rule:
    return Rule(kind, tag, re.compile(pattern), make)
