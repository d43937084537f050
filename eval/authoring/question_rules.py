"""Questions made of one sentence: what, what was said or planned, why; who, when, where, how many. English."""

import re

from eval.authoring.patterns import BY_PARTICIPLE, BY_PAST, PIECES, VERB_LISTS, Made, asks, fits, named, rest_of, rules
from eval.authoring.patterns import span_of as at
from index.records import Span
from rag.language.dates import dates_in
from rag.language.patterns import read_patterns
from rag.question.analysis import analyse
from rag.selection.definitions import defines
from rag.suggestions.patterns import TITLE, bases

_DEFINES = 0.8  # how well a sentence must define what "What is …?" asks for
_SAYING, _VOWING, _WANTING = (bases(VERB_LISTS[name]) for name in ("SAYING", "VOWING", "WANTING"))


def _what_is(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    human = bool(_MAKERS.search(match["what"]) or TITLE.match(match["who"]))
    maybe = " " in who and not who.startswith("the ") and re.search(r"\b(?:he|she|his|her|who)\b", match.string)
    if not who or (human and (" " not in who or who.startswith("the "))) or (maybe and not human):
        return None
    if re.fullmatch("the [a-z-]+", who):  # "the input", of something told before
        return None
    text = f"{'Who' if human else 'What'} {match['be']} {who}?"
    bare = re.match(r"one of the [\w-]+(?: and [\w -]+?)? (?:in|of)\b", match["what"])  # of what it does not say
    good = len(match["what"].split()) > 2 and not bare and defines(analyse(text, "snowball"), match.string) >= _DEFINES
    return Made(text, at(match, "what"), who) if good else None


def _what_is_most(match: re.Match[str]) -> Made | None:
    rest = match["rest"].strip()
    fit = named(match["who"]) and match["who"].removeprefix("The ")[0].isupper() and fits(rest)
    return Made(f"What {match['be']} the {rest}?", at(match, "who"), rest) if fit else None


def _of_it(match: re.Match[str]) -> Made | None:
    thing = match["thing"][0].lower() + match["thing"][1:] if match["thing"].startswith("The ") else match["thing"]
    return Made(f"What {match['be']} {thing}?", at(match, "answer"), thing) if fits(thing) else None


def _did_what(match: re.Match[str]) -> Made | None:
    who, when = named(match["who"]), match["when"] or match["early"]
    loose = r"(?:by|for|as|up|in|on|at|with|to|from|and|that|into|against|over|of|out|the same|his|her|its|their)\b"
    if (
        not who
        or not when
        or re.search(r"[A-Z]\w* [a-z]+ing\b| and \w+ed ", match["answer"])
        or len(match["answer"].split()) < 2
        or re.match(loose, match["answer"])
    ):
        return None
    when = when[0].lower() + when[1:]
    return Made(f"What did {who} {BY_PAST[match['verb']].base} {when}?", at(match, "answer"), who)


def _why(match: re.Match[str]) -> Made | None:
    who, rest = named(match["who"]), match["rest"].rstrip(" ,")
    be, no = ("can", "not ") if match["be"] == "cannot" else (match["be"], "")
    return Made(f"Why {be} {who} {no}{rest}?", at(match, "reason"), who) if who and fits(rest) else None


def _why_did(match: re.Match[str]) -> Made | None:
    who, rest = named(match["who"]), match["rest"].rstrip(" ,")
    text = f"Why did {who} {BY_PAST[match['verb']].base}{rest}?"
    return Made(text, at(match, "reason"), who) if who and fits(rest) else None


def _said(match: re.Match[str]) -> Made | None:
    who, verb = named(match["who"]), match["verb"]
    when = f" in {match['year']}" if match["year"] else ""
    text = f"What does {who} {_SAYING[verb]}?" if verb.endswith("s") else f"What did {who} {_SAYING[verb]}{when}?"
    return Made(text, at(match, "claim"), who) if who else None


def _vowed(match: re.Match[str]) -> Made | None:
    who, verb, perfect = named(match["who"]), match["verb"], match["perfect"]
    if verb in _WANTING:
        text = f"What does {who} {_WANTING[verb]} to do?"
    else:
        text = f"What {perfect}{who} {verb} to do?" if perfect else f"What did {who} {_VOWING[verb]} to do?"
    return Made(text, at(match, "answer"), who) if who else None


def _alias(match: re.Match[str]) -> Made | None:
    who, verb = named(match["who"]), match["verb"].removesuffix(" as")
    tail = verb if verb in ("called", "nicknamed") else f"{verb} as"
    also = "also " if match["also"].strip() == "also" else ""
    return Made(f"What {match['be']} {who} {also}{tail}?", at(match, "alias"), who) if who else None


def _stands_for(match: re.Match[str]) -> Made | None:
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", match["long"]) if word[0].isupper())
    spelled = initials == match["short"]
    return Made(f"What does {match['short']} stand for?", at(match, "long"), match["short"]) if spelled else None


_CLAIMS = read_patterns(
    "eval.authoring", "claims.txt", **PIECES, SAYING="|".join(_SAYING), VOWING="|".join((*_VOWING, *_WANTING)),
    DONE="|".join(verb for verb in BY_PAST if verb not in VERB_LISTS["TO_PEOPLE"].split()),
)  # fmt: skip
_MAKERS = _CLAIMS.cased("MAKERS")
CLAIMS = rules(
    _CLAIMS,
    {
        "what is": ("what", _what_is),
        "most": ("what", _what_is_most),
        "of it": ("what", _of_it),
        "did what": ("what", _did_what),
        "why": ("why", _why),
        "why, did": ("why", _why_did),
        "said": ("said", _said),
        "plan": ("said", _vowed),
        "alias": ("name", _alias),
        "known for": ("what", asks("What {be} {who} {verb} for?", "answer")),
        "short": ("name", _stands_for),
    },
)


# Who, when, where, how many, how much and how long, each made of one verb of a table.


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
    {
        "when done": ("when", _when_done),
        "when did": ("when", _when_did),
        "who did": ("who", _who_did),
        "done by": ("who", _done_by),
        "led by": ("who", _led_by),
        "where": ("where", asks("Where {be} {who} {verb}?", "place")),
        "after": ("name", asks("Who or what {be} {who} named {after}?", "answer")),
        "who is": ("who", _who_is),
    },
)
_COUNTS = read_patterns(
    "eval.authoring", "counts.txt", **PIECES, DOES="|".join(_DOES), PAYING="|".join(_PAYING), LASTING="|".join(_LASTING)
)
_EMPTY = _COUNTS.cased("EMPTY")
COUNTS = rules(
    _COUNTS,
    {
        "many": ("number", _how_many),
        "many did": ("number", _many_did),
        "many were": ("number", _many_were),
        "much": ("number", _how_much),
        "population": ("number", _population),
        "cost": ("number", asks("How much did {who} cost?", "number")),
        "share": ("number", _share),
        "accounts": ("number", _accounts),
        "long": ("number", _how_long),
    },
)
