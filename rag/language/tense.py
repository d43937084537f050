"""Does a clause speak of what has happened or of what is to come? Read off its verbs, for one place in a sentence.

English only. In doubt there is no answer: reported speech, conditions and "to meet in June" behind a past verb.
"""

import re
from typing import Literal

_NEAR = 300  # characters on either side of the place that are read
Tense = Literal["past", "future", ""]

_IRREGULAR = (
    "was|were|had|did|said|told|began|became|came|went|made|took|gave|got|held|led|left|lost|met|paid|ran|saw|sent|sold"
    "|spoke|stood|struck|thought|threw|won|wrote|rose|fell|grew|broke|brought|built|bought|caught|chose|drew|drove|fought"
    "|found|flew|kept|knew|meant|shot|showed|sank|spent|stole|taught|tore|understood|wore|hit|overcame|withdrew|shook"
    "|beat|swore|underwent|forbade|sought|arose|froze|hid|fled|bet|blew|burnt|dealt|laid|lay|rode|sang|slept|swept"
)
_PAST = re.compile(
    rf"(?<!\bbe )(?<!\bis )(?<!\bare )(?<!\bget )(?<!\bbeing )\b(?!(?:need|indeed|hundred|proceed|exceed|succeed|speed"
    rf"|breed|feed|bleed|seed|weed|heed|embed|shed|united|expected|scheduled|slated|planned|proposed|limited|sacred"
    rf"|red|bed|led)\b)(?:[a-z]{{2,}}ed|{_IRREGULAR})\b"
)
_FUTURE = re.compile(
    r"\b(?:will|shall|won['’]t|upcoming|forthcoming|(?:is|are) (?:\w+ )?(?:to|due|set|going|scheduled|expected|slated"
    r"|planned|likely|planning|expecting|hoping)|(?:plans?|hopes?|expects?|intends?|aims?) (?:to|for|on)|expires?"
    r"|takes? effect|scheduled (?:to|for)|expected (?:to|in|on)|slated (?:to|for)|planned for|\w+['’]ll)\b"
)
_UNSURE = re.compile(
    r"\b(?:if|unless|would|could|should|might|may|must|can|cannot|every|each|usually|typically|annual|annually|normally"
    r"|often|always|whenever)\b"
)
_INFINITIVE = re.compile(
    r"\bto (?!(?:the|an?|his|her|its|their|our|this|that|these|those|be|all|some|more|most|about|around|just|over|under"
    r"|nearly|almost|at|in|on|people|both|him|them|us|you|me|it|date|[a-z]+ing)\b)[a-z]{2,}\b"
)
_CLAUSE_END = re.compile(r"[,;:()—–]|\b(?:and|but|that|while|which|who|whereas|although|because|after|before)\b")


def tense_at(sentence: str, start: int, end: int) -> Tense:
    """The tense of the clause around sentence[start:end]; of the next one if that has no verb that tells."""
    opens = max(0, start - _NEAR)
    sentence, start, end = sentence[opens : end + _NEAR], start - opens, end - opens
    whole = _tense(sentence, start)
    if whole != "mixed":
        return "" if whole == "none" else whole
    ends = [0, *(match.start() for match in _CLAUSE_END.finditer(sentence)), len(sentence)]
    opens = max(at for at in ends if at <= start)
    closes = [at for at in ends if at >= end] or [len(sentence)]
    for close in closes[:3]:
        tense = _tense(sentence[opens:close], start - opens)
        if tense != "none":
            return "" if tense == "mixed" else tense
    return ""


def _tense(clause: str, at: int) -> Literal["past", "future", "", "mixed", "none"]:
    past = [match.end() for match in _PAST.finditer(clause)]
    future = _FUTURE.search(clause) is not None
    if (past and future) or (_UNSURE.search(clause) and (past or future)):
        return "mixed"
    if future:
        return "future"
    if not past:
        return "none" if not _UNSURE.search(clause) else "mixed"
    before = [end for end in past if end <= at]
    return "" if before and _INFINITIVE.search(clause, before[-1], max(at, before[-1])) else "past"
