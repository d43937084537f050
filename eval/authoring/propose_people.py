"""Questions that ask who, when and where, each made of one verb that a table knows. English."""

import re

from eval.authoring.patterns import ALONE, BY_PARTICIPLE, BY_PAST, PIECES, Made, date_of, fits, named, rest_of, rules
from eval.authoring.patterns import span_of as at
from index.records import Span
from rag.language.dates import dates_in
from rag.language.patterns import read_patterns
from rag.suggestions.patterns import TITLE


def _when_done(match: re.Match[str]) -> Made | None:
    who, date, rest = named(match["who"]), date_of(match), rest_of(match)
    if not who or date is None or rest is None:
        return None
    return Made(f"When {match['be']} {who} {match['verb']}{rest}?", date, who)


def _when_did(match: re.Match[str]) -> Made | None:
    who, date, rest, base = named(match["who"]), date_of(match), rest_of(match), BY_PAST[match["verb"]].base
    if not who or date is None or rest is None or (not rest and base not in ALONE):
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


def _where(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"Where {match['be']} {who} {match['verb']}?", at(match, "place"), who) if who else None


def _named_after(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"Who or what {match['be']} {who} named {match['after']}?", at(match, "answer"), who) if who else None


def _who_is(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"Who is {who}?", at(match, "role"), who) if " " in who else None


PEOPLE = rules(
    read_patterns("eval.authoring", "people.txt", **PIECES),
    {
        "when done": ("when", _when_done),
        "when did": ("when", _when_did),
        "who did": ("who", _who_did),
        "done by": ("who", _done_by),
        "led by": ("who", _led_by),
        "where": ("where", _where),
        "after": ("name", _named_after),
        "who is": ("who", _who_is),
    },
)
