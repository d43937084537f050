"""Questions that ask what something is, what was said or planned, and why. English."""

import re

from eval.authoring.patterns import AGAIN, BY_PAST, CLOSE, END, PASTS, WHO, Made, fits, named, rule
from eval.authoring.patterns import span_of as at
from rag.question.analysis import analyse
from rag.selection.definitions import defines
from rag.suggestions.patterns import NAME, ROLE, TITLE, bases

_DEFINES = 0.8  # how well a sentence must define what "What is …?" asks for
_MAKERS = (
    rf"\b(?:{ROLE}|composer|painter|poet|king|queen|saint|monk|physicist|inventor|engineer|politician|cleric"
    r"|figure|activist|reformer|artist|lawyer|soldier|theologian)\b"
)
_TO_PEOPLE = ("appointed", "arrested", "defeated", "elected", "joined", "killed", "married", "named", "became", "lost")
_SAYING = bases(
    "announced:announce argued:argue argues:argue believed:believe claimed:claim claims:claim concluded:conclude "
    "discovered:discover estimated:estimate estimates:estimate found:find predicted:predict proposed:propose "
    "reported:report showed:show stated:state suggested:suggest warned:warn"
)
_VOWING = bases("agreed:agree decided:decide planned:plan pledged:pledge promised:promise")
_WANTING = bases("seeks:seek plans:plan wants:want aims:aim hopes:hope")


def _what_is(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    human = bool(re.search(_MAKERS, match["what"]) or TITLE.match(match["who"]))
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


def _known_for(match: re.Match[str]) -> Made | None:
    who = named(match["who"])
    return Made(f"What {match['be']} {who} {match['verb']} for?", at(match, "answer"), who) if who else None


def _stands_for(match: re.Match[str]) -> Made | None:
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", match["long"]) if word[0].isupper())
    spelled = initials == match["short"]
    return Made(f"What does {match['short']} stand for?", at(match, "long"), match["short"]) if spelled else None


_THING = (
    "city|country|state|river|lake|island|mountain|building|bridge|church|university|park|airport|port|station|language"
    "|religion|company|bank|museum|library|newspaper|school|capital|county|region|province|market|sport|industry"
    "|theatre|theater|partner|exporter|importer|producer|source|ethnic group|organ|planet|element|currency|anthem|hub"
)
_MOST = "largest|second-largest|second largest|third-largest|smallest|oldest|longest|highest|tallest|busiest|main"
_SEAT = "capital|seat|official language|currency|patron saint|national anthem|administrative cent(?:re|er)"
_DONE = "|".join(verb for verb in BY_PAST if verb not in _TO_PEOPLE)
_NO_KIND = (
    "result|sign|matter|way|good|great|lot|number|key|major|little|few|bit|member|part|case|time|component|basic"
    "|example|form of"
)
_EMPTY = "result|rest|majority|end|rate|number|fact|case|problem|question|idea|aim|goal|purpose|use|existence|lack|most"
_ANSWER = r"(?P<answer>(?:an? |the )?[A-Z0-9][^,;.()]{2,60}|the [^,;.()]{4,60})"
_BE = " (?P<be>is|was|are|were) "
_REASON = r",? because (?!of (?:that|this)\b|he\b|she\b|they\b|this\b)(?P<reason>[^;.]{12,140})(?=[.;])"
_TITLE = rf"(?P<alias>(?:the )?(?:“[^”]{{3,40}}”|\"[^\"]{{3,40}}\"|{NAME}))"

CLAIMS = (
    rule(
        "what is",
        "what",
        _what_is,
        rf"^{WHO}(?: \([^)]{{2,40}}\))?{_BE}"
        rf"(?P<what>(?:an?|one of the) (?!{_NO_KIND})(?:[^,;.()]|(?<=\b[A-Z])\.){{10,110}}?)"
        r"(?=\.$|[,;(]| that | which | who | where | and (?:this|it|was|is|has) )",
    ),
    rule(
        "most",
        "what",
        _what_is_most,
        rf"^{WHO} (?P<be>is|was) the (?P<rest>(?:[\w’'-]+ )?(?:{_MOST})"
        rf"(?: [\w’'-]+){{0,2}} (?:{_THING})(?: (?:in|of|to) [^,;.()]{{3,50}})?){END}",
    ),
    rule(
        "most",
        "what",
        _what_is_most,
        rf"^{WHO} (?P<be>is|was) the (?P<rest>(?:[a-z]+ )?(?:{_SEAT})(?: city)? of [^,;.()]{{3,40}}){END}",
    ),
    rule(
        "of it",
        "what",
        _of_it,
        rf"^(?P<thing>The (?:(?!{_EMPTY})[a-z-]+ ){{1,3}}(?:of|for) (?:the )?{NAME}|"
        rf"{NAME}['’]s (?:[a-z-]+ ){{0,3}}[a-z]+){_BE}{_ANSWER}{END}",
    ),
    rule(
        "did what",
        "what",
        _did_what,
        rf"(?:^|^(?P<early>[Ii]n (?:[A-Z][a-z]+ )?\d{{4}}),? ){WHO}(?:, [^,]{{3,60}},)? {AGAIN}(?P<verb>{_DONE})"
        rf" (?P<answer>[^,;.()]{{6,90}}?)(?: (?P<when>in (?:[A-Z][a-z]+ )?\d{{4}}))?{CLOSE}",
    ),
    rule(
        "why",
        "why",
        _why,
        rf"^{WHO} (?P<be>is|are|was|were|can|cannot|could|may|must) (?P<rest>[^,;.“”]{{5,60}}?){_REASON}",
    ),
    rule("why", "why", _why_did, rf"^{WHO} {AGAIN}(?P<verb>{PASTS})(?P<rest> [^,;.“”]{{4,60}}?){_REASON}"),
    rule(
        "said",
        "said",
        _said,
        rf"^(?:In (?P<year>\d{{4}}), |[A-Z][^,;“”]{{2,50}}, )?{WHO}(?:, [^,]{{3,60}},)? {AGAIN}"
        rf"(?P<verb>{'|'.join(_SAYING)}) (?P<claim>that [^;]{{20,200}}?)(?=\.$|;)",
    ),
    rule(
        "plan",
        "said",
        _vowed,
        rf"^(?:[A-Z][^,;“”]{{2,50}}, )?{WHO} (?P<perfect>ha(?:s|ve) )?{AGAIN}"
        rf"(?P<verb>{'|'.join((*_VOWING, *_WANTING))})"
        r" (?P<answer>to [a-z](?:[^,;.()]|(?<=\b[A-Z])\.){10,110}?)(?=\.$|[,;]| if | while | because | and )",
    ),
    rule(
        "alias",
        "name",
        _alias,
        rf"^{WHO}{_BE}(?P<also>(?:also |often |commonly |sometimes )?)"
        rf"(?P<verb>known as|called|nicknamed|referred to as) {_TITLE}(?=\.?$|[,;]| and | because | in | for )",
    ),
    rule(
        "known for",
        "what",
        _known_for,
        rf"^{WHO}{_BE}(?:also |well |best |most |perhaps )*"
        rf"(?P<verb>known|famous|famed|noted|renowned|used|responsible) for (?P<answer>[^,;.()]{{6,90}}){CLOSE}",
    ),
    rule("short", "name", _stands_for, rf"(?P<long>{NAME}) \((?P<short>[A-Z]{{2,7}})\)"),
)
