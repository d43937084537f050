"""Does a sentence say who or what something is? So that "Who is X?" and "What is X?" are answered by that sentence.

Copular and appositive patterns as in Hildebrandt, Katz and Lin 2004, "Answering Definition Questions with Multiple
Knowledge Sources", read off the words around the subject.
"""

import re
from functools import lru_cache

from rag.language.patterns import read_patterns
from rag.question.analysis import Query

_X = "\ue000"  # stands for the subject, so that the patterns need to be compiled only once
_SURNAME = 0.9  # what is said of "Sheinbaum" is worth less than what is said of "Claudia Sheinbaum"
_LATE = 0.9  # and so is what is said late in a sentence
_EARLY_CHARACTERS = 40
_TEXT = read_patterns("rag.selection", "definitions.txt", SUBJECT=_X)
_THING = _TEXT.pieces["THING"]
_GRADED = tuple((float(grade), pattern) for grade in _TEXT.families for pattern in _TEXT.family(grade))


def defines(query: Query, sentence: str) -> float:
    """0..1: 1 for "X is a …", less for an apposition, a title or an abbreviation spelled out, and less late in the
    sentence; 0 where no definition is asked for or the sentence does not name the subject."""
    if not query.subject:
        return 0.0
    whole, surname = _names(query.subject, query.kind == "who")
    marked, found = whole.subn(_X, sentence)
    if found:
        return _best(marked)
    if surname is None:
        return 0.0
    marked, found = surname.subn(_X, sentence)
    return _SURNAME * _best(marked) if found else 0.0


def _best(marked: str) -> float:
    matches = ((grade, pattern.search(marked)) for grade, pattern in _GRADED)
    return max(
        (grade * (1 if match.start() < _EARLY_CHARACTERS else _LATE) for grade, match in matches if match), default=0
    )


@lru_cache(maxsize=256)
def _names(subject: str, person: bool) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """The subject as it may be printed; and a person's surname, as most sentences have nothing else."""
    words = re.findall(r"[^\W_]+", subject) or [subject]
    if len(words) > 1 and re.fullmatch(_THING, words[-1], re.IGNORECASE) and not person:
        *words, last = words
        tail = rf"(?: {last})?"  # "the Remain in Mexico policy" is printed as “Remain in Mexico”
    else:
        tail = r"(?:s|es)?"
    name = r"[\s'’\"“”.-]{1,3}".join(re.escape(word) for word in words)
    acronym = subject.isupper() and len(subject) > 1  # "ICE" is not "ice"
    whole = re.compile(rf"(?<!\w){name}{tail}(?!\w)", re.NOFLAG if acronym else re.IGNORECASE)
    if not person or len(words) < 2 or len(words[-1]) < 3:
        return whole, None
    return whole, re.compile(rf"(?<!\w){re.escape(words[-1][0].upper() + words[-1][1:])}(?!\w)")
