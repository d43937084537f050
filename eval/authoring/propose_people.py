"""Questions that ask who, when and where, each made of one verb that a table knows. English."""

import re

from eval.authoring.patterns import (
    AGAIN,
    AGENTIVE,
    ALONE,
    BY_PARTICIPLE,
    BY_PAST,
    DATE,
    END,
    INTRO,
    PARTICIPLES,
    PASTS,
    REST,
    STOP,
    WHO,
    Made,
    date_of,
    fits,
    named,
    rest_of,
    rule,
)
from eval.authoring.patterns import span_of as at
from index.records import Span
from rag.language.dates import dates_in
from rag.suggestions.patterns import NAME, PERSON, ROLE, TITLE

_OBJECT = (
    r"(?P<object>(?:(?:the|a|an) )?(?:[a-z0-9-]+ ){0,3}?"
    rf"(?:“[^”]+”|\"[^\"]+\"|{NAME})(?: [a-z]+){{0,3}}?)"
)


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


_PASSIVE = rf" (?P<be>was|were) {AGAIN}(?P<verb>{PARTICIPLES})"
_ACTIVE = rf" {AGAIN}(?P<verb>{PASTS})"
_AGENT = rf"(?P<agent>(?:the )?{NAME})"
_AT_FIRST = rf"^(?:In|On) {DATE},? "
_LEADING = "led|headed|directed|chaired|owned|ruled|governed|commanded|inspired|operated|administered|funded"
_PLACED = "located|situated|headquartered|born|buried|based|held|baptized|educated"
_PLACE = rf"(?P<place>(?:in|at|on|near) (?:the )?(?:[a-z-]+ ){{0,4}}?{NAME}(?:, {NAME})?)"
_OWNERS = r"(?:an?|the|its|former|[A-Z]\w+['’]s)"

PEOPLE = (
    rule("when done", "when", _when_done, rf"{INTRO}{WHO}{_PASSIVE}{REST} (?:in|on) {DATE}{STOP}"),
    rule("when done", "when", _when_done, f"{_AT_FIRST}{WHO}{_PASSIVE}{REST}{STOP}"),
    rule("when did", "when", _when_did, rf"{INTRO}{WHO}{_ACTIVE}{REST} (?:in|on) {DATE}{STOP}"),
    rule("when did", "when", _when_did, f"{_AT_FIRST}{WHO}{_ACTIVE}{REST}{END}"),
    rule(
        "who did",
        "who",
        _who_did,
        rf"^(?:In \d{{4}},? )?{WHO}(?:, [^,]{{3,60}},)? {AGAIN}(?P<verb>{AGENTIVE}) {_OBJECT}"
        rf"(?: (?P<prep>in|on) {DATE})?(?=\.?$|[,;]| as | where | with | at | during | to )",
    ),
    rule(
        "done by",
        "who",
        _done_by,
        rf"^(?:In \d{{4}},? )?{WHO} (?:was|were) {AGAIN}(?P<verb>{'|'.join(BY_PARTICIPLE)})(?P<rest>(?: in \d{{4}})?)"
        rf" by {_AGENT}(?=\.?$|[,;]| in | on | during | at | as )",
    ),
    rule(
        "led by",
        "who",
        _led_by,
        rf"{INTRO}{WHO} (?P<be>is|was) (?P<verb>{_LEADING}) by {_AGENT}(?=\.?$|[,;]| in | from )",
    ),
    rule(
        "where",
        "where",
        _where,
        rf"^{WHO} (?P<be>is|was|are|were) (?P<verb>{_PLACED}) {_PLACE}(?=\.?$|[,;]| and | in | on | with | to )",
    ),
    rule(
        "after",
        "name",
        _named_after,
        rf"^{WHO} (?P<be>is|was) named (?P<after>after|for|in honou?r of) "
        rf"(?P<answer>(?:the )?(?:[a-z-]+ ){{0,3}}{NAME})(?=\.?$|[,;]| who | and | in )",
    ),
    rule(
        "who is",
        "who",
        _who_is,
        rf"(?<![\w’'.])(?P<who>{PERSON}), (?P<role>{_OWNERS} (?:[\w’'.-]+ ){{0,4}}?"
        rf"(?:{ROLE})\b(?: (?:of|at|for|in|to) [^,;.()]{{3,50}})?)(?=[,;.])",
    ),
)
