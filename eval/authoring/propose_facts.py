"""Questions that ask who, when, where, how many, how much and how long, each made of one verb of a table. English."""

import re

from eval.authoring.patterns import BY_PARTICIPLE, BY_PAST, PIECES, VERB_LISTS, Made, asks, fits, named, rest_of, rules
from eval.authoring.patterns import span_of as at
from index.records import Span
from rag.language.dates import dates_in
from rag.language.patterns import read_patterns
from rag.suggestions.patterns import TITLE, bases

_ALONE = frozenset(verb.replace("_", " ") for verb in VERB_LISTS["ALONE"].split())
_DOES, _PAYING, _LASTING = (bases(VERB_LISTS[name]) for name in ("HAVING", "PAYING", "LASTING"))


def _date_of(match: re.Match[str]) -> Span | None:
    """Where the date stands, if it is nothing but one complete date."""
    found = dates_in(match["date"])
    whole = len(found) == 1 and found[0].start == 0 and found[0].end == len(match["date"].rstrip())
    return Span(match.start("date"), match.start("date") + found[0].end) if whole else None


def _when_done(match: re.Match[str]) -> Made | None:
    who, date, rest = named(match["who"]), _date_of(match), rest_of(match)
    if not who or date is None or rest is None:
        return None
    return Made(f"When {match['be']} {who} {match['verb']}{rest}?", date, who)


def _when_did(match: re.Match[str]) -> Made | None:
    who, date, rest, base = named(match["who"]), _date_of(match), rest_of(match), BY_PAST[match["verb"]].base
    if not who or date is None or rest is None or (not rest and base not in _ALONE):
        return None
    return Made(f"When did {who} {base}{rest}?", date, who)


def _who_did(match: re.Match[str]) -> Made | None:
    who, thing = named(match["who"]), match["object"]
    if not who or who.startswith("the ") or not fits(thing) or len(match["who"]) < 4:
        return None
    when = f" {match['prep']} {match['date'].strip()}" if match["date"] and dates_in(match["date"]) else ""
    bare = match["who"].removeprefix("The ")
    title = TITLE.match(bare)
    start = match.end("who") - len(bare) + (title.end() if title else 0)
    return Made(f"Who {match['verb']} {thing}{when}?", Span(start, match.end("who")), thing)


def _done_by(match: re.Match[str]) -> Made | None:
    who, agent = named(match["who"]), named(match["agent"])
    if not who or not agent or re.search(r"\b(?:Act|Law|Charter|Treaty|Order)$", agent):
        return None
    return Made(f"Who {BY_PARTICIPLE[match['verb']].past} {who}{match['rest']}?", at(match, "agent"), who)


def _led_by(match: re.Match[str]) -> Made | None:
    who, agent = named(match["who"]), named(match["agent"])
    return Made(f"Who {match['be']} {who} {match['verb']} by?", at(match, "agent"), who) if who and agent else None


def _who_is(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"Who is {who}?", at(match, "role"), who) if " " in who else None


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


PEOPLE = rules(
    read_patterns("eval.authoring", "people.txt", **PIECES),
    {"when done": ("when", _when_done), "when did": ("when", _when_did), "who did": ("who", _who_did),
     "done by": ("who", _done_by), "led by": ("who", _led_by), "who is": ("who", _who_is),
     "where": ("where", asks("Where {be} {who} {verb}?", "place")),
     "after": ("name", asks("Who or what {be} {who} named {after}?", "answer"))},
)  # fmt: skip
_TEXT = read_patterns(
    "eval.authoring", "counts.txt", **PIECES, DOES="|".join(_DOES), PAYING="|".join(_PAYING), LASTING="|".join(_LASTING)
)
_EMPTY = _TEXT.cased("EMPTY")
COUNTS = rules(
    _TEXT,
    {"many": ("number", _how_many), "many did": ("number", _many_did), "many were": ("number", _many_were),
     "much": ("number", _how_much), "population": ("number", _population), "share": ("number", _share),
     "cost": ("number", asks("How much did {who} cost?", "number")), "accounts": ("number", _accounts),
     "long": ("number", _how_long)},
)  # fmt: skip
