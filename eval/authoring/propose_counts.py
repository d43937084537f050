"""Questions that ask how many, how much, how long and which share. English."""

import re

from eval.authoring.patterns import BY_PAST, PIECES, Made, fits, named, rest_of, rules
from eval.authoring.patterns import span_of as at
from rag.language.patterns import read_patterns
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
    if not who or rest is None or not fits(match["what"]) or (not rest and _EMPTY.search(match["what"])):
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


_TEXT = read_patterns(
    "eval.authoring", "counts.txt", **PIECES, DOES="|".join(_DOES), PAYING="|".join(_PAYING), LASTING="|".join(_LASTING)
)
_EMPTY = _TEXT.cased("EMPTY")
COUNTS = rules(
    _TEXT,
    {
        "many": ("number", _how_many),
        "many did": ("number", _many_did),
        "many were": ("number", _many_were),
        "much": ("number", _how_much),
        "population": ("number", _population),
        "cost": ("number", _cost),
        "share": ("number", _share),
        "accounts": ("number", _accounts),
        "long": ("number", _how_long),
    },
)
