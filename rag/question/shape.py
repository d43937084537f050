"""The shape of the answer that a question wants, beyond its kind: a definition, a list, two sides, a development.

English and Spanish question words; what fits nothing has no shape, and costs nothing.

Of the 207 development questions (eval/gold) 1 answer is another by its shape; 2 ask for a definition, none for a
timeline.
"""

import re
from typing import Literal

Shape = Literal["definition", "list", "comparison", "timeline", ""]
Sought = Literal["place", "reason", "duration", "manner", ""]

_MOST_NAME_WORDS = 6


def _any_case(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_MEANING = _any_case(
    r"^what (?:do|does|did) (?:the (?:letters|acronym|term|word|name|phrase) )?(?P<of>.+?) (?:mean|stand for)$",
    r"^(?:what (?:is|are|was) )?(?:the )?(?:meaning|definition|full (?:form|name)) (?:of|for) (?P<of>.+)$",
    r"^what is meant by (?P<of>.+)$",
    r"^what (?:is|are|was) (?P<of>.+?) (?:short for|an? (?:acronym|abbreviation) (?:of|for))$",
    r"^(?:define|explain what) (?P<of>.+?)(?: (?:is|are|means?))?$",
    r"^(?P<of>.+?) (?:meaning|definition|stands for)$",
    r"^(?:tell me |explain |say )?(?:who|what) (?P<of>.+?) (?:is|was|means?)$",
    r"^qu[eé] significan? (?P<of>.+)$",
)
_BEING = re.compile(
    r"^(?:(?P<who>who|qui[eé]n(?:es)?)|what|qu[eé])(?:['’]s| is| was| are| were| es| son| fue| era| eran) "
    r"(?P<article>the |an? |el |la |los |las |una? )?(?P<of>.+)$",
    re.IGNORECASE,
)
_ROLE_WORDS = re.compile(
    r"(?:['’]s?\b|\b(?:of|to|for|between|in|on|at|by|about|that|which|who|when|than|times|plus|my|your|his|her|its"
    r"|their|going|doing|being|saying|like|de|del|entre|para)\b)",
    re.IGNORECASE,
)
_ABSTRACT = re.compile(
    r"^(?:reason|cause|purpose|aim|goal|difference|result|outcome|point|name|number|date|capital|population|weather"
    r"|time|price|cost|size|answer|problem|status|plan|total|share|rate|percentage|main|biggest|largest|most|first|last"
    r"|next|current|new|best|only|two|three|four|five|other|some|wrong|left|known|said|planned|it|this|that|he|she"
    r"|they)\b",
    re.IGNORECASE,
)
_KIND_OF_THING = re.compile(
    r" (?:policy|program(?:me)?|plan|initiative|agreement|treaty|act|law|party|movement|doctrine|strategy|fund|system"
    r"|scheme|project|principle|method|model|theory|effect|virus|disease|test|protocol)$",
    re.IGNORECASE,
)
_FREE = re.compile(r"\b(?:of|and|the|for|in|on|de|la|del|van|von|al|with|you|to)\b")  # small words inside names
_PLURAL = r"(?!\w*(?:ss|us|is|ics|news|series|gas|bias|always|does|has|was)\b)\w{2,}s\b"
_BEHIND = (  # after "what drives" stands an object, after "what rights" a verb that is not in the present
    r"(?= (?:are|were|do|did|have|had|can|could|will|would|should|must|might|may|got|of|in|from|to|for|by|on|used|that"
    r"|who|is|was|has|does)\b| \w+ed\b|$)"
)
_LIST = _any_case(
    rf"\b(?:what|which) (?!does|is|was|has|causes|makes|drives)(?:[\w'’-]+ ){{0,3}}?{_PLURAL}{_BEHIND}",
    rf"\b(?:which|what) (?:two|three|four|five|six|seven|eight|nine|ten|\d+|other|people) {_PLURAL}",
    rf"^(?:what|which|who) (?:are|were|else) (?:the |some |all )?(?:[\w'’-]+ ){{0,3}}?{_PLURAL}(?!.* (?:called"
    rf"|known as)$)",
    r"\bwhat (?:else|all|things) |\ba list of\b",
    r"^(?:please )?(?:list|enumerate|name(?! of\b)|give (?:me )?(?:a list of|all|the)) ",
    r"^what (?:did|does|do|has|have|had) [\w\s.'’-]+? (?:do|done)\b(?! for a living)",
    r"^cu[aá]les (?:son|fueron|eran)\b|\b(?:qu[eé]|cu[aá]les) \w+s (?:son|fueron|se|han|est[aá]n)\b",
    r"^(?:enumer[ae]|nombr[ae]|lista)\b",
)
_ONE_NAME = re.compile(r"^(?:what|who) (?:is|are|was|were) .* (?:called|known as|named)$", re.IGNORECASE)
_TIMELINE = re.compile(
    r"\bhow (?:did|do|does|has|have|had|is|was)\b.+\b(?:develop|evolve|change|unfold|progress|shift|proceed|grow)"
    r"(?:d|ed|ing|n)?\b|^(?:what (?:is|was) )?(?:the )?(?:history|timeline|chronology|evolution|sequence|course) of\b"
    r"|\bin what order\b|\bwhat (?:has )?happened (?:after|since|then|next|between)\b"
    r"|\bc[oó]mo (?:ha )?(?:evolucionad?[oó]|cambiad?[oó]|se desarroll[oó])\b",
    re.IGNORECASE,
)
_SOUGHT: tuple[tuple[Sought, str], ...] = (
    ("duration", r"\bhow long\b(?! ago)|\bhow many (?:more )?(?:years?|yrs?|months?|weeks?|days?|hours?|minutes?)\b"),
    ("duration", r"\bcu[aá]nto tiempo\b|\bcu[aá]nt[oa]s (?:años|meses|semanas|d[ií]as|horas)\b"),
    ("place", r"\bwhere\b|\b(?:in|at|to|from) (?:what|which) (?:\w+ )?(?:cit|countr|place|state|town|region|location)"),
    ("place", r"\ba?d[oó]nde\b"),
    ("reason", r"\bwhy\b|\bhow come\b|\b(?:what|which|for what) (?:\w+ )?(?:reasons?|causes?d?|prompted|led)\b"),
    ("reason", r"\bpor qu[eé]\b"),
    ("manner", r"\bhow (?!many|much|large|big|long|far|high|old|often|tall|wide|deep)|\bin what ways?\b|\bc[oó]mo\b"),
)
_SOUGHT_PATTERNS = tuple((what, re.compile(pattern)) for what, pattern in _SOUGHT)


def shape(question: str, *, compared: bool) -> tuple[Shape, str]:
    """The shape, and what is to be defined where that is a definition, else ""; `compared`: it has two sides."""
    text = " ".join(question.split()).strip(" ?!.¿¡")
    if subject := _defined(text):
        return "definition", subject
    if compared:
        return "comparison", ""
    if _TIMELINE.search(text):
        return "timeline", ""
    lists = not _ONE_NAME.search(text) and any(pattern.search(text) for pattern in _LIST)
    return ("list" if lists else ""), ""


def sought(question: str) -> Sought:
    """A place, a reason, a length of time or a manner, as far as the question word says."""
    lowered = question.lower()
    return next((what for what, pattern in _SOUGHT_PATTERNS if pattern.search(lowered)), "")


def _defined(text: str) -> str:
    for pattern in _MEANING:
        if (match := pattern.match(text)) and len(match["of"].split()) <= _MOST_NAME_WORDS:
            return re.sub(r"(?<=\w\w) in [a-z]+$", "", _bare(match["of"]))  # "thin film in physics"
    match = _BEING.match(text)
    if not match or len(match["of"].split()) > _MOST_NAME_WORDS:
        return ""
    of = _bare(match["of"])
    if not of or _ABSTRACT.match(of) or not _is_title(of, text):
        return ""
    if match["who"]:
        return "" if match["article"] or re.search(r" (?:of|to|for|in|at) ", of) else of
    return of if of[0].isupper() or of.count(" ") < 3 else ""


def _bare(phrase: str) -> str:
    """Without quotation marks and without "the word …"."""
    return re.sub(r"^(?:the )?(?:word|term|name|phrase|song) ", "", phrase.strip(" \"'“”‘’"), flags=re.IGNORECASE)


def _is_title(of: str, text: str) -> bool:
    """A name, a title such as "Remain in Mexico policy", or a plain noun; "central dilemma for Mexico" is neither."""
    core = _KIND_OF_THING.sub("", of)
    if of[0].isupper():
        words = _FREE.sub(" ", core).split()
        return not re.search(r"['’]s?\b(?= )", core) and all(not word[0].islower() for word in words)
    if f'"{of}"' in text or f"“{of}”" in text:
        return True
    words = of.lower().split() if " " in of else []
    unlike = any(word.endswith(("ing", "ed")) or word in ("worth", "like", "about", "for", "made") for word in words)
    return not unlike and not _ROLE_WORDS.search(core)
