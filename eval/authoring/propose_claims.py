"""Questions that ask what something is, what was said or planned, and why. English."""

import re

from eval.authoring.patterns import BY_PAST, PIECES, VERB_LISTS, Made, asks, fits, named, rules
from eval.authoring.patterns import span_of as at
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


_TEXT = read_patterns(
    "eval.authoring", "claims.txt", **PIECES, SAYING="|".join(_SAYING), VOWING="|".join((*_VOWING, *_WANTING)),
    DONE="|".join(verb for verb in BY_PAST if verb not in VERB_LISTS["TO_PEOPLE"].split()),
)  # fmt: skip
_MAKERS = _TEXT.cased("MAKERS")
CLAIMS = rules(
    _TEXT,
    {"what is": ("what", _what_is), "most": ("what", _what_is_most), "of it": ("what", _of_it),
     "did what": ("what", _did_what), "why": ("why", _why), "why, did": ("why", _why_did), "said": ("said", _said),
     "plan": ("said", _vowed), "alias": ("name", _alias), "short": ("name", _stands_for),
     "known for": ("what", asks("What {be} {who} {verb} for?", "answer"))},
)  # fmt: skip
