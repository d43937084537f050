"""Questions that ask how many, how much, how long and which share. English."""

import re

from eval.authoring.patterns import AGAIN, BY_PAST, INTRO, PASTS, REST, STOP, WHO, Made, fits, named, rest_of, rule
from eval.authoring.patterns import span_of as at
from rag.suggestions.patterns import bases

_DOES = bases(
    "comprises:comprise contains:contain covers:cover employs:employ has:have holds:hold houses:house "
    "includes:include offers:offer operates:operate owns:own produces:produce runs:run seats:seat serves:serve"
)
_PAYING = bases(
    "allocated:allocate borrowed:borrow contributed:contribute donated:donate earned:earn exported:export gave:give "
    "granted:grant imported:import invested:invest owed:owe paid:pay pledged:pledge provided:provide raised:raise "
    "received:receive spent:spend"
)
_LASTING = {"lasted": "did {} last", "lasts": "does {} last", "takes": "does {} take", "took": "did {} take"}


def _how_many(match: re.Match[str]) -> Made | None:
    who, tail = named(match["who"]), match["tail"].rstrip()
    do, base = ("did", "have") if match["verb"] == "had" else ("does", _DOES[match["verb"]])
    good = who and fits(match["what"])
    return Made(f"How many {match['what']} {do} {who} {base}{tail}?", at(match, "number"), who) if good else None


def _many_did(match: re.Match[str]) -> Made | None:
    who, rest = named(match["who"]), rest_of(match, dated=True)
    if not who or rest is None or not fits(match["what"]) or (not rest and re.search(_EMPTY, match["what"])):
        return None
    return Made(f"How many {match['what']} did {who} {BY_PAST[match['verb']].base}{rest}?", at(match, "number"), who)


def _many_were(match: re.Match[str]) -> Made | None:
    rest = rest_of(match, dated=True)
    timeless = match["verb"] in ("live", "lived", "work", "worked") and not match["year"]
    if rest is None or timeless or not fits(match["what"]):
        return None
    when = f" in {match['year']}" if match["year"] else ""
    return Made(f"How many {match['what']} {match['verb']}{rest}{when}?", at(match, "number"), rest.strip())


def _how_much(match: re.Match[str]) -> Made | None:
    who, rest, base = named(match["who"]), rest_of(match, dated=True), _PAYING[match["verb"]]
    if not who or not rest:
        return None
    if worth := re.match(r" worth of (\w+)(?= )", rest):
        text = f"What value of {worth[1]} did {who} {base}{rest[worth.end() :]}?"
    else:
        text = f"How much did {who} {base}{rest}?"
    return Made(text, at(match, "number"), who)


def _population(match: re.Match[str]) -> Made | None:
    who, be = named(match["who"]), "was" if match["verb"] == "had" else "is"
    return Made(f"What {be} the population of {who}?", at(match, "number"), who) if who else None


def _cost(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"How much did {who} cost?", at(match, "number"), who) if who else None


def _share(match: re.Match[str]) -> Made | None:
    whose, rest = match["whose"], rest_of(match)
    if rest is None or not fits(whose):
        return None
    return Made(f"What percentage of {whose} {match['verb']}{rest}?", at(match, "number"), whose)


def _accounts(match: re.Match[str]) -> Made | None:
    who, whose = named(match["who"]), match["whose"].strip()
    good = who and fits(whose, dated=True)
    return Made(f"What percentage of {whose} did {who} account for?", at(match, "number"), who) if good else None


def _how_long(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"How long {_LASTING[match['verb']].format(who)}?", at(match, "number"), who) if who else None


_EMPTY = r"\b(?:attempts|efforts|steps|times|kinds|types|ways|forms|parts|sides|reasons)$"
_NUMBER_WORD = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty"
_ABOUT = (
    r"(?:(?:[Aa]bout|[Aa]round|[Oo]ver|[Nn]early|[Aa]lmost|[Aa]pproximately|[Ss]ome|[Rr]oughly|[Mm]ore than|[Aa]t least"
    r"|[Aa]n estimated) )?"
)
_NUMBER = rf"(?P<number>{_ABOUT}(?:\d[\d,.]*\d|\d|{_NUMBER_WORD})(?: (?:million|billion|trillion|thousand|hundred))?)"
_MONEY = rf"(?P<number>{_ABOUT}[$€£]\s?\d[\d.,]*\d?(?: (?:million|billion|trillion))?)"
_PERCENT = (
    r"(?P<number>(?:(?:about|around|over|nearly|more than) )?\d+(?:\.\d+)?(?:%| percent| per cent)(?: \([^)]*\))?)"
)
_PLURAL = (
    r"(?P<what>(?:[a-z-]+ |[A-Z][a-z]+-[a-z]+ ){0,2}(?:[a-z]{3,}(?<!s)s|people|women|children|men))\b"
    r"(?! of\b| old\b| later\b| ago\b|-)"
)
_WERE = "(?:were|are|have been|died|live|lived|took|voted|attended|fled|worked|work|crossed|signed)(?: legally)?"
_SHARED = "is|are|was|were|has|have|had|live|lived|go|goes|went|come|came|speak|spoke|voted|believe|support|supported"

COUNTS = (
    rule(
        "many",
        "number",
        _how_many,
        rf"(?:^|^[A-Z][^,;]{{2,40}}, ){WHO} (?P<verb>{'|'.join(_DOES)}|had) (?:[^.;]{{3,60}}, with )?{_NUMBER} "
        rf"{_PLURAL}(?P<tail>(?: (?:in|on) [A-Z][\w ]{{2,25}})?)"
        r"(?=[.,;(]|$| and | that | which | with | for | who | distributed | across )",
    ),
    rule("many did", "number", _many_did, rf"{INTRO}{WHO} {AGAIN}(?P<verb>{PASTS}) {_NUMBER} {_PLURAL}{REST}{STOP}"),
    rule(
        "many were",
        "number",
        _many_were,
        rf"^(?:In (?P<year>\d{{4}}), |[A-Z][^,;“”]{{2,40}}, )?{_NUMBER} {_PLURAL}"
        rf" (?P<verb>{_WERE})(?P<rest>(?: [^\s,;:.()]+){{1,10}}?)(?=\.?$|[,;])",
    ),
    rule("much", "number", _how_much, rf"{INTRO}{WHO} {AGAIN}(?P<verb>{'|'.join(_PAYING)}) {_MONEY}{REST}{STOP}"),
    rule("population", "number", _population, rf"^{WHO} (?P<verb>has|had) a (?:total )?population of {_NUMBER}\b"),
    rule("cost", "number", _cost, rf"(?:^|^[A-Z][^,;]{{2,40}}, ){WHO} cost {_MONEY}"),
    rule(
        "share",
        "number",
        _share,
        rf"{_PERCENT} of (?P<whose>(?:the )?[\w’'. -]{{3,50}}?) "
        rf"(?P<verb>{_SHARED})\b(?P<rest>(?: [^\s,;:.()]+){{1,10}}?)(?=\.?$|[,;])",
    ),
    rule(
        "accounts",
        "number",
        _accounts,
        rf"{INTRO}{WHO} accounted for {_PERCENT}"
        r" of (?P<whose>(?:the )?[\w’'-]+(?: [\w’'-]+){0,6}?)(?=\.?$|[,;]| and )",
    ),
    rule(
        "long",
        "number",
        _how_long,
        rf"^{WHO} (?P<verb>{'|'.join(_LASTING)}) (?:for )?{_NUMBER[:-1]} (?:years|months|weeks|days|hours|minutes))",
    ),
)
