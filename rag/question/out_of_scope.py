"""Does a question ask for something that no sentence of an article can give: our opinion, a sum, a poem, small talk?

What somebody in the articles thinks, expects or advises is a fact about the articles and is not meant.

Of the 207 development questions (eval/gold) none is refused by it alone; it is the reason of 8 of the 31 refusals.
"""

import re
from functools import cache
from typing import NamedTuple

_START = r"^(?:(?:so|and|but|ok|okay|please|well|hey|hi|hello|there)[, ]+)*"
_PLEASE = r"(?:please |kindly |(?:can|could|would|will) you (?:please |kindly )?|i (?:want|need) you to |let's )?"
_ORDER = _START + _PLEASE
_THINK = r"(?:think|believe|agree|prefer|recommend|suggest|like|love|hate|feel|consider)"
_VIEW = r"(?:opinion|view|take|thoughts?|guess|advice|favou?rite|prediction|verdict|recommendation|feelings?)"
_VALUE = (
    r"(?:good|bad|great|terrible|wise|smart|stupid|clever|foolish|fair|unfair|moral|immoral|ethical|worth it|honest|"
    r"nice|decent|evil|brave|boring|interesting|overrated|beautiful|ugly|sensible|reasonable|trustworthy|competent)"
)
_COMPARED = r"(?:better|worse|nicer|smarter|right|wrong|to blame|(?:the )?(?:best|worst|greatest))"
_JUDGED = (
    r"(?:idea|thing|move|decision|choice|plan|deal|policy|man|woman|person|president|leader|politician|"
    r"investment|name|guy|people|thinker|job|solution|sign|argument)"
)
_DAY = r"(?:today|tonight|tomorrow|(?:this|next) (?:morning|evening|week|month|year))"
_FAR = r"(?:20[3-9]\d|2[1-9]\d\d)"  # years that articles of our time can only guess at
_YEARS = r"in (?:\w+ )?(?:ten|twenty|fifty|hundred|\d+) years"
_SCALE = r"(?: ?%| percent| (?:thousand|million|billion|trillion))"
_FIGURE = rf"[$€£]?\d[\d.,]*{_SCALE}?(?: (?:dollars|euros|pesos|pounds|people))?"
_BY = r"(?:times|plus|minus|divided by|multiplied by|to the power of|[-+*x\u00d7\u00f7/^])"
_WORK_OUT = r"(?:calculate|compute|work out|multiply|subtract|divide|add|convert|sum up)"
_TEXTS = r"(?:articles?|documents?|texts?|pages?|corpus|sources?|everything|news|(?:all )?of (?:this|it|them))"
_OF_TEXTS = rf"(?:in|across|over|among|from|of) (?:all |the |these |those |this |both |every |each |your )*{_TEXTS}\b"
_NAMED = r"(?:mention|use|appear|name|say|said|refer|cite|occur|contain)(?:ed|d|s|red to)?\b"
_MIDDLE = r"(?:average|mean|median|total|overall|sum|most (?:common|frequent|used|mentioned))"
_FIGURES = r"(?:figures|numbers|percentages|amounts|values|rates|shares|dates|years)"
_WRITE_UP = r"(?:write|compose|draft|create|generate|make|make up|invent|tell|sing|give)"
_WRITTEN = (
    r"(?:poem|haiku|song|story|essay|joke|limerick|letter|e-?mail|tweet|post|speech|script|code|program|function|"
    r"recipe|riddle|rap|slogan|headline)s?\b"
)
_SHORTEN = r"(?:summari[sz]e|sum up|condense|outline)"
_REWORD = r"(?:translate|paraphrase|rewrite|rephrase|proofread|shorten)"
_GREETING = (
    r"(?:hi|hello|hey|hiya|howdy|yo|good (?:morning|afternoon|evening|night|day)|greetings|thanks|thank you|thx|cheers|"
    r"bye|goodbye|see you|ok|okay|cool|great|nice|lol|sorry|please|help|test|testing)"
)
_TO_WHOM = r"(?:there|you|everyone|all|again|so much|very much|a lot|bot|friend|quotewell|then|me|one|two|three)"
_MACHINE = r"(?:there|okay|happy|sad|human|alive|real|conscious|an? (?:\w+ )?(?:bot|robot|human|person|machine|ai|llm))"

_OPINION = (
    rf"\b(?:do|would|did|don't|wouldn't) you (?:\w+ )?{_THINK}\b",
    r"\bwhat (?:would|do) you (?:\w+ )?(?:say|guess|rate|rank|pick|choose|make of)\b",
    rf"\b(?:what is|what's|what are|give me|tell me|share|need) your (?:\w+ )?{_VIEW}\b",
    r"\b(?:in your|your (?:personal|honest|own)) (?:opinion|view)\b|\bif you were\b",
    r"\bare you (?:for|against|in favou?r|on \w+ side|sure)\b|\bwhose side are you\b",
    rf"{_START}(?:can|could|would|will|have|are) you\b",
    rf"{_START}(?:which|who|whose|why) (?:\w+ ){{0,3}}(?:do|did|would|are) you\b",
    rf"{_START}do you (?!need|have to|get|pay|put|use|call)\w+",
)
_ADVICE = (
    rf"{_START}(?:should|shouldn't|ought)\b",
    r"\bshould (?:i|my)\b|\bwhat (?:should|can) (?:i|we) do (?:about|if|when|with|now)\b",
    r"\badvise me\b|\bany (?:advice|tips)\b|\bis it worth \w+ing\b",
    rf"{_START}(?:is|was|would|will|isn't|wouldn't) (?:it|this|that)(?: be)? (?:an? )?(?:\w+ )?{_VALUE}"
    rf"(?: {_JUDGED}\b| (?:to|that|for|if|of)\b|\?|$)",
    rf"\b(?:is|are|was|were|be) [\w' .,-]*\ban? (?:\w+ )?{_VALUE} {_JUDGED}\b",
    rf"{_START}(?:is|are|was|were) [\w' .,-]+ (?:{_VALUE}|justified|right|wrong)(?: (?:to|that|about)\b[^?]*)?\?$",
    rf"{_START}(?:who|which)(?:'s| (?:\w+ ){{0,4}}(?:is|was|are)) {_COMPARED}(?:[:,]? [\w .,'-]+\bor\b|\?|$)",
    rf"{_START}(?:who|which)(?:'s| (?:\w+ )?is) (?:the )?(?:better|worse|nicer|smarter)\b",
    r"\bwho deserves\b|\b(?:good|best|nice|funny) (?:name|gift|present) for (?:a|an|my)\b",
    rf"{_START}(?:how|what) (?:can|do) i (?:persuade|convince|tell|get|make|become|lose|earn)\b",
)
_FORECAST = (
    rf"\bwhat (?:will|is going to|might|would) (?:\w+ ){{0,6}}(?:happen|be|look|become|cost)\b.*"
    rf"\b(?:{_FAR}|{_DAY}|{_YEARS}|years from now|in (?:the )?(?:far |distant )?future)\b",
    r"\bwhat will happen(?: next| then| after(?:wards| that))?\?*$|\bwhat happens next\?*$",
    rf"\b(?:will|shall|going to) .*(?<!\bby) (?:{_FAR}|{_DAY}|{_YEARS})\?*$",
    rf"{_START}(?:is there|are there|are we|is the world) (?:ever )?going to\b",
    rf"{_START}will there (?:ever )?be (?:an?|another)\b",
    rf"{_ORDER}(?:predict|forecast|guess|speculate)\b",
    r"\bwho (?:will|is going to|do you think will) (?:win|be the next)\b",
    r"\bhow likely is it\b|\bwhat are the (?:odds|chances)\b",
    r"\bwhat(?: is|'s) the (?:probability|likelihood) (?:of|that)\b",
    rf"\bweather\b.*\b{_DAY}|\bwhat(?:'s| is)? (?:the )?(?:weather|time|date) (?:is it )?(?:right )?(?:now|today)\b",
)
_SUM = (
    rf"{_ORDER}{_WORK_OUT} (?:up )?(?:[\w']+ ){{0,4}}{_FIGURE}",
    rf"{_ORDER}(?:calculate|compute|work out) (?:the|what|how)\b",
    rf"\b(?:what is|what's|how much is|how much are|how many is) {_FIGURE} ?"
    rf"(?:{_BY}|over|of|in|as a (?:share|percentage) of) ?{_FIGURE}",
    r"^(?:if|suppose|assuming|given) .*\d.*\d.*\b(?:what (?:is|are)|how (?:much|many))\b",
    rf"{_ORDER}(?:add|count|sum|tally|total) (?:up |together )?(?:all|every|each|both|these|the)\b",
    rf"^{_FIGURE} ?{_BY} ?{_FIGURE} ?=?\??$",
    rf"\b(?:sum|difference|product|quotient|ratio|average|mean) (?:of|between) {_FIGURE},? (?:and )?{_FIGURE}",
    rf"\b{_FIGURE} (?:divided|multiplied) by {_FIGURE}|\b(?:square|cube) root of \d|\bfactorial of \d",
    rf"\bhow (?:much|many) (?:\w+ )*(?:more|less|fewer) is {_FIGURE} than {_FIGURE}",
)
_AGGREGATE = (
    rf"\bhow (?:many|often|frequently)\b.* {_TEXTS} {_NAMED}",
    rf"\bhow (?:many times|often|frequently)\b.* {_NAMED}.*\b{_OF_TEXTS}",
    rf"\bhow many (?:\w+ )?(?:{_TEXTS}|words|sentences|passages) (?:are|do|does|in|have|mention|talk)\b"
    rf"(?=.*(?:{_OF_TEXTS}|\byou\b|\bthere\b| {_NAMED}| about ))",
    rf"\bwhat(?: is|'s| are| was) the {_MIDDLE}\b.*(?:\b{_OF_TEXTS}|\b(?:all|these|those) (?:the )?{_FIGURES}\b)",
    rf"\b(?:which|what) \w+ .*\bmost (?:often|frequently|times) {_OF_TEXTS}",
    rf"{_ORDER}(?:count|list|name|rank|sort|collect) (?:all|every|each|how many)\b.*\b{_OF_TEXTS}",
    rf"\b{_MIDDLE} of (?:all|these|those|every|both) (?:of )?(?:the )?(?:\w+ )?{_FIGURES}\b",
)
_WRITE = (
    rf"{_ORDER}{_WRITE_UP}(?: me| us)? (?:\w+ ){{0,4}}{_WRITTEN}",
    rf"{_ORDER}(?:{_SHORTEN}|explain)(?: me| for me)? (?:\w+ ){{0,2}}{_TEXTS}",
    rf"{_ORDER}(?:{_SHORTEN}(?: (?:it|that|this))?(?: for me)?[.!? ]*$|{_REWORD}\b)",
    r"\b(?:give|write|make)(?: me| us)? (?:an?|the) (?:\w+ )?(?:summary|overview|digest|gist|main points)\b|^tl;?dr\b",
    rf"{_ORDER}(?:tell|show|surprise|entertain)(?: me| us)?(?: something| anything)?(?: \w+)?[.!?]*$",
    rf"{_ORDER}(?:pretend|imagine|act as|play the role|role-?play|ignore (?:all|your|the|previous))\b",
)
_CHAT = (
    rf"^{_GREETING}(?:[ ,!.]+(?:{_TO_WHOM}|{_GREETING}))*[ ,!.?]*$|^(?:thanks|thank you|thx|sorry|bye)\b",
    rf"{_START}what(?:'s| is) (?:new|up|happening|going on)\b[^\w]*$",
    rf"{_START}how (?:are|r) (?:you|u)\b|\bhow(?:'s| is) it going\b|^what'?s up\b|{_START}are you {_MACHINE}\b",
    rf"{_START}(?:who|what) (?:are|r) (?:you|u)(?: exactly| really| called)?\?*$|\bhow old are you\b",
    r"\bwhat(?:'s| is) your (?:name|age|job|purpose|birthday|gender)\b|\btell me about yourself\b",
    r"^who (?:made|built|created|programmed|trained|owns) you\b|\bwhat can (?:you do|i ask)\b|\bwhere do you live\b",
    rf"{_START}can you (?:help|hear|understand|speak|talk)(?: me| to me)?\?*$",
    r"^do you (?:speak|dream|sleep|have feelings)\b",
    r"^(?:i love|i hate|i like) you\b|^i(?:'m| am) (?:so )?(?:bored|sad|happy|hungry|lonely|tired)\b",
)
_KINDS = {
    "opinion": _OPINION,
    "advice": _ADVICE,
    "forecast": _FORECAST,
    "sum": _SUM,
    "count over articles": _AGGREGATE,
    "writing to order": _WRITE,
    "small talk": _CHAT,
}
_SAID = re.compile(  # whose word is asked for
    r"\baccording to\b|\bin the (?:view|opinion|eyes|words) of\b|\bsuggest that\b|"
    r"\b(?:author|article|report|minister|president)s? "
    r"(?:think|believe|say|argue|recommend|suggest|claim|advise|expect)s?\b",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_APOSTROPHE = re.compile("[\u2018\u2019\u02bc]")
_MOST_CHARS = 300  # longer ones are no small talk, and some patterns try every place of a word


class OutOfScope(NamedTuple):
    """What is asked for that no article can give, and the words that show it."""

    kind: str  # a key of _KINDS
    words: str


def out_of_scope(question: str) -> OutOfScope | None:
    """For our opinion, advice, a forecast, arithmetic, counts over articles, writing to order and small talk.

    None wherever the question names whose word it asks for ("according to …"), and beyond 300 characters; English.
    """
    text = _APOSTROPHE.sub("'", _SPACE.sub(" ", question)).strip()
    if len(text) > _MOST_CHARS or _SAID.search(text):
        return None
    matches = ((kind, pattern.search(text)) for kind, pattern in _patterns())
    return next((OutOfScope(kind, match.group().strip()) for kind, match in matches if match), None)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compiled when first needed: that takes as long as many answers."""
    return tuple(
        (kind, re.compile(pattern, re.IGNORECASE)) for kind, patterns in _KINDS.items() for pattern in patterns
    )
