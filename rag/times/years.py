"""Whether four digits in prose are a year, or a count, a number of something or an amount of money.

A year stands open: behind "in" or "since", before a name, in brackets. A count has a plural behind it, a number of
something has its noun before it. In doubt four digits between 1500 and 2099 are a year, all others are not.
"""

import re

_NEAR = 40  # characters on either side that are looked at
_GLUED_BEFORE = re.compile(
    r"(?:[\w/#@$€£¥§=+.,'&]|[0-9][:–—]|(?<!early)(?<!late)(?<!mid)(?<!pre)(?<!post)-)\Z", re.IGNORECASE
)
_GLUED_AFTER = re.compile(r"[\w/@%°=+&]|[.,:][0-9]|[-–—][0-9]|-[a-z]|\.[a-z]|\s*(?:to|[-–—])\s*[3-9][0-9]{3}")
_NUMBERED = re.compile(
    r"(?:[$€£¥#§]\s*|\b(?:usd|eur|mxn|gbp|us\$)\s*|\b(?:sections?|articles?|art|numbers?|nos?|nr|pages?|pp?|chapter|room"
    r"|suite|route|highway|flight|models?|version|resolution|bill|line|channel|form|code|id|ref|rule|paragraph|lot|unit"
    r"|box|extension|size|windows|boeing|airbus|iphone|asteroid|ngc|rtx|ryzen|population(?: of| was| is)?)\.?\s+)\Z",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"\b(?:over|(?:more|less|fewer) than|nearly|almost|some|approximately|roughly"
    r"|exceed(?:s|ed|ing)|least|most|only|another|total of|averag(?:e|es|ed|ing)|costs?|weigh(?:s|ed|ing)"
    r"|scor(?:es|ed|ing))\s+\Z",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s*-?\s*(?:%|(?:per ?cent|percent|people|persons?|men|women|children|dollars?|euros?|pesos?|pounds?|yen|yuan"
    r"|rupees|km|kilomet(?:er|re)s?|met(?:er|re)s?|miles?|feet|foot|ft|yards?|inch(?:es)?|kg|tons?|tonnes?|hectares?|acres?|votes?"
    r"|hours?|hrs|gmt|utc|a\.m|p\.m|million|billion|thousand|times|copies|years|days|points?|seats?|members|soldiers"
    r"|troops|students|employees|workers|words|pages|units|square|sq|cubic|mhz|hz|rpm|hp|watts?|kw|mw|calories"
    r"|or (?:more|so|fewer)|b\.?c(?:e)?)\b)"
    r"|\s+(?:[NSEW]\.? )?[A-Z]\w+ (?:Avenue|Street|Road|Drive|Lane|Boulevard|St\.|Ave\.)",
    re.IGNORECASE,
)
_PLURAL = re.compile(
    r"\s+(?!(?:was|is|has|does|as|its|his|this|thus|plus|versus|across|towards|always|perhaps|besides|whereas)\b)"
    r"[a-z]{3,}s\b"
)
_DETERMINED = re.compile(
    r"(?:\b(?:the|an?|its|his|her|their|our|this|that|[A-Z][\w.]+|[12][0-9]{3}(?: and| or|,))|['’]s?)\s+\Z"
)
_CUE = re.compile(
    r"(?:\b(?:in|since|until|till|during|before|after|by|as of|(?:the )?years?(?: of)?|early|late|mid|spring"
    r"|summer|autumn|fall|winter|circa|born|from|en|desde|hasta|año)[\s-]+|\bca?\.\s*|\()\Z",
    re.IGNORECASE,
)


def is_year(text: str, start: int, end: int) -> bool:
    """Do the four digits at text[start:end] read as a year?"""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if not is_open(text, start, end):
        return False
    year = int(text[start:end])
    plural = _PLURAL.match(after) is not None
    if _CUE.search(before):
        return not (plural and year % 100 == 0)  # "in 2007 researchers found", but "in 1500 towns"
    if not 1500 <= year < 2100 or _MEASURED.search(before):
        return False
    return not plural or _DETERMINED.search(before) is not None


def is_open(text: str, start: int, end: int) -> bool:
    """Nothing at its edges makes text[start:end] part of a longer number, a count, an amount or a label."""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if _GLUED_BEFORE.search(before) or _GLUED_AFTER.match(after):
        return False
    return not (_NUMBERED.search(before) or _COUNTED.match(after))
