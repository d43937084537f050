"""Does a clause speak of what has happened or of what is to come? Read off its verbs, for one place in a sentence.

English only. In doubt there is no answer: reported speech, conditions and "to meet in June" behind a past verb.
"""

from typing import Literal

from rag.language.patterns import read_patterns

_NEAR = 300  # characters on either side of the place that are read
Tense = Literal["past", "future", ""]

_TEXT = read_patterns("rag.language", "tense.txt")
_PAST, _FUTURE, _UNSURE = map(_TEXT.cased, ("PAST", "FUTURE", "UNSURE"))
_INFINITIVE, _CLAUSE_END = map(_TEXT.cased, ("INFINITIVE", "CLAUSE_END"))


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
