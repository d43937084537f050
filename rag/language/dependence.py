"""Does a sentence lean on the one before it? Read off its first words: "He …", "This …", "However, the agreement …".

Where the words are resolved inside the sentence ("It is true that …", "This Tuesday", "For its part, Mexico …") it
stands alone.
"""

import re

from rag.language.patterns import read_patterns
from rag.language.word_lists import A_MONTH

_TEXT = read_patterns("rag.language", "dependence.txt")
_CLAUSE = _TEXT.pieces["CLAUSE"]
_EMPTY_IT, _OWN_TIME, _BEHIND_INTRODUCTION = map(_TEXT.compiled, ("EMPTY_IT", "OWN_TIME", "BEHIND_INTRODUCTION"))
_POINTS_BACK = tuple(map(_TEXT.compiled, ("THIS", "THAT", "DEFINITE", "POINTING")))
_NAMELESS = (*map(_TEXT.compiled, ("PRONOUN", "IT")), *map(_TEXT.cased, ("TITLED", "IN_CLAUSE")))
_NAME = re.compile(r"(?<=\s)(?!I\b)[^\W\d_a-z]\w+")


def depends_on_previous(sentence: str) -> bool:
    """Do the first words point at something that stands before the sentence? Never for direct speech."""
    if _EMPTY_IT.match(sentence) or _OWN_TIME.match(sentence):
        return False
    if any(pattern.match(sentence) for pattern in (*_NAMELESS, *_POINTS_BACK)):
        return True
    behind = _BEHIND_INTRODUCTION.match(sentence)
    return behind is not None and not _resolves(behind["introduction"], behind["pronoun"].lower())


def hangs_on_a_pronoun(sentence: str) -> bool:
    """Is what it speaks of named by nothing but "he", "she", "it" or "the president"? Then it leans in any case."""
    return depends_on_previous(sentence) and not any(pattern.match(sentence) for pattern in _POINTS_BACK)


def _resolves(introduction: str, pronoun: str) -> bool:
    """Is the pronoun a name before it? "When Trump arrived, he …", but not "Through the Enemies Act, he …"."""
    names = [name for name in _NAME.findall(introduction) if not re.fullmatch(A_MONTH, name)]
    person = pronoun in ("he", "she", "his", "her")
    return bool(names) and (not person or bool(re.match(rf"(?:{_CLAUSE}|according)\b", introduction, re.IGNORECASE)))
