"""Does a sentence lean on the one before it? Read off its first words: "He …", "This …", "However, the agreement …".

Where the words are resolved inside the sentence ("It is true that …", "This Tuesday", "For its part, Mexico …") it
stands alone.
"""

import re

from rag.language.word_lists import A_MONTH

_TO_THIS_END = (  # they only link
    r"To this end|For this reason|In this (?:context|regard|respect|sense|way|light|framework)|With this in mind"
    r"|Within this framework"
)
_LINK = (
    r"(?:(?:However|But|And|Yet|Still|So|Or|Nor|Moreover|Furthermore|Also|Then|Instead|Meanwhile|Nevertheless"
    r"|Nonetheless|Therefore|Thus|Hence|Consequently|Earlier|Later|Afterwards|Since then|In addition|Additionally"
    rf"|As a result|In fact|{_TO_THIS_END}|Indeed|For example|For instance|In turn|In contrast|By contrast|Similarly"
    r"|Likewise|Finally|Still|Even so|At the same time|On the other hand|In particular|Reciprocally|Rather),? )?"
)
_PRONOUN = re.compile(
    rf"{_LINK}(?:he|she|they|his|her|their|its|him|them|such|the (?:former|latter|same|two|three)|neither|both of them"
    r"|(?:some|many|most|all|one|none|each|several|few) of (?:them|these|those|which)|both (?:countries|nations|sides"
    r"|leaders|parties|governments|men|women|companies|teams|presidents))\b(?! (?:who|as)\b)",
    re.IGNORECASE,
)
_IT = re.compile(rf"{_LINK}it(?:['’]s)?\b", re.IGNORECASE)
_EMPTY_IT = re.compile(
    rf"{_LINK}it(?:['’]s| (?:is|was|seems|appears|remains|became|has been|(?:will|would|may|might|can|could|should"
    r"|must) be))? ?"
    r"(?:(?:not|also|very|still|now|more|quite|highly|most|yet|often|therefore|too|always|widely|generally) )*"
    r"(?:clear|true|likely|unlikely|possible|impossible|important|essential|necessary|hard|difficult|easy|unclear"
    r"|uncertain|worth|vital|crucial|critical|estimated|believed|expected|reported|said|thought|known|hoped|feared"
    r"|argued|alleged|claimed|understood|announced|revealed|time|no (?:secret|surprise|coincidence|wonder|accident)"
    r"|common|rare|natural|imperative|fair|safe|evident|obvious|doubtful|interesting|notable|early|late|up to|better"
    r"|best|turns? out|turned out|emerged|follows|happens|happened|takes|took|rained|seems|appears|that|as if"
    r"|because)\b",
    re.IGNORECASE,
)
_THIS = re.compile(rf"{_LINK}(?:this|these|those)\b", re.IGNORECASE)
_OWN_TIME = re.compile(
    rf"{_LINK}(?:this|these|those) (?:(?:past|coming) )?(?:mon|tues|wednes|thurs|fri|satur|sun)?(?:day|days|morning"
    r"|afternoon|evening|week|weekend|month|year|summer|spring|autumn|fall|winter|decade|century|time|article|report"
    r"|paper|page|website|document|chapter|who|whose)\b",
    re.IGNORECASE,
)
_THAT = re.compile(
    rf"{_LINK}that (?:same|is|was|would|will|means|meant|has|had|led|leads|number|figure|year|month|week|day|night"
    rf"|decision"
    r"|policy|treaty|agreement|law|deal|move|plan|meeting|way|included|includes|changed|makes|made|left|came)\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(  # a noun that names nothing by itself, with nothing behind it that would
    rf"{_LINK}the (?:new |latest |proposed |same |resulting )?(?:agreement|deal|treaty|accord|plan|proposal|measures?"
    r"|policy|decision|move|law|bill|order|designation|ruling|meeting|summit|incident|attack|operation|episode"
    r"|confrontation|initiative|program(?:me)?|amount|figure|increase|decline|changes?|scenario|approach|announcement"
    r"|amendment|visit|company|firm|group|countries|nations|duo|pair|couple|team|film|book|album|song|building"
    r"|battle)\b"
    r"(?!['’]| (?:of|between|on|that|for|with|in|to|known|called|which|who|by|from|against|at|behind|over|about"
    r"|signed)\b)",
    re.IGNORECASE,
)
_BEHIND_INTRODUCTION = re.compile(
    rf"{_LINK}(?P<introduction>[^,;:“\"]{{2,60}}), (?P<pronoun>he|she|they|it|this|these|those|his|her|their|its)\b"
    r"(?! (?:is|was|will be|would be|seems) (?:clear|likely|possible|important|expected|estimated|hard|difficult|worth"
    r"|necessary|essential|imperative|true|vital|crucial|unlikely|unclear|said|reported)\b)",
    re.IGNORECASE,
)
_CLAUSE = r"(?:although|though|even though|while|whether|since|when|if|as|after|before|because|once|unless|until|given)"
_IN_CLAUSE = re.compile(  # "Whether he follows through or not, the …"; "Although he was tired, Trump …" is resolved
    rf"(?i:{_LINK}{_CLAUSE} (?:he|she|they|this|these|those|his|her|their|its|it(?! (?:is|was|seems|remains)))\b)"
    r"[^,]*, (?![A-Z])"
)
_TITLED = re.compile(  # somebody who is named elsewhere
    rf"(?i:{_LINK}the (?:former |late )?(?:president|prime minister|minister|governor|mayor|senator|judge|king|queen"
    r"|author|actor|actress|singer|coach|player|director|chief executive|ceo|suspect|defendant|victim|candidate"
    r"|congressman|general"
    r"))\b(?! (?:[A-Z]|of\b|in\b|who\b|for\b|and\b))(?!['’-])"
)
_POINTING = re.compile(  # "In this scenario, …", "During the meeting, …", but "To this end, Mexico …" only links
    rf"(?!(?:{_TO_THIS_END}),)"
    r"(?:in|to|with|for|by|at|from|after|before|during|under|within|despite|beyond|because of|on) "
    r"(?:(?:this|these|such|that)(?! (?:day|week|month|year|week|summer|spring|autumn|winter|morning|tuesday)\b)"
    r"|the (?:meeting|same(?! time\b)|process|summit|visit|latter|ceremony|talks))\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=\s)(?!I\b)[^\W\d_a-z]\w+")


def depends_on_previous(sentence: str) -> bool:
    """Do the first words point at something that stands before the sentence? Never for direct speech."""
    if _EMPTY_IT.match(sentence) or _OWN_TIME.match(sentence):
        return False
    if any(
        pattern.match(sentence) for pattern in (_PRONOUN, _IT, _THIS, _THAT, _DEFINITE, _TITLED, _POINTING, _IN_CLAUSE)
    ):
        return True
    behind = _BEHIND_INTRODUCTION.match(sentence)
    return behind is not None and not _resolves(behind["introduction"], behind["pronoun"].lower())


def hangs_on_a_pronoun(sentence: str) -> bool:
    """Is what it speaks of named by nothing but "he", "she", "it" or "the president"? Then it leans in any case."""
    return depends_on_previous(sentence) and not any(
        pattern.match(sentence) for pattern in (_THIS, _THAT, _DEFINITE, _POINTING)
    )


def _resolves(introduction: str, pronoun: str) -> bool:
    """Is the pronoun a name before it? "When Trump arrived, he …", but not "Through the Enemies Act, he …"."""
    names = [name for name in _NAME.findall(introduction) if not re.fullmatch(A_MONTH, name)]
    person = pronoun in ("he", "she", "his", "her")
    return bool(names) and (not person or bool(re.match(rf"(?:{_CLAUSE}|according)\b", introduction, re.IGNORECASE)))
