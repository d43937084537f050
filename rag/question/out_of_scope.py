"""Does a question ask for something that no sentence of an article can give: our opinion, a sum, a poem?

What somebody in the articles thinks, expects or advises is a fact about the articles and is not meant. Whether to take
a side and what will come may well be said in one: those families only name what is missing where nothing answers.
"""

import re
from typing import NamedTuple

from rag.language.patterns import read_patterns

_TEXT = read_patterns("rag.question", "out_of_scope.txt")
_JUDGED = re.compile(rf"\b(?:{_TEXT.pieces['VALUE']}|{_TEXT.pieces['COMPARED']}|justified|right|wrong)\b")
_SAID = _TEXT.compiled("SAID")
_PATTERNS = tuple((kind, pattern) for kind in _TEXT.families for pattern in _TEXT.family(kind))
_SPACE = re.compile(r"\s+")
_APOSTROPHE = re.compile("[\u2018\u2019\u02bc]")
_MOST_CHARS = 300  # some patterns try every place of a word


_ALWAYS = frozenset(("opinion", "writing", "sum"))  # no article can give these, whatever it says


class OutOfScope(NamedTuple):
    """What is asked for that no article can give, and the words that show it."""

    kind: str  # a family of out_of_scope.txt
    words: str

    @property
    def judged(self) -> frozenset[str]:
        """The words by which the question asks to judge ("fair"); what weighs it says one of them."""
        return frozenset(_JUDGED.findall(self.words.lower())) if self.kind == "value" else frozenset()

    @property
    def declined(self) -> bool:
        """Whatever the articles say."""
        return self.kind in _ALWAYS

    @property
    def apart(self) -> bool:
        """Is no article near what is said? A remark is no question, though its words may be an article's."""
        return self.declined or self.kind == "remark"


def out_of_scope(question: str) -> OutOfScope | None:
    """For our opinion, a side to take, a forecast, arithmetic and writing to order.

    None wherever the question names whose word it asks for ("according to …"), and beyond 300 characters; English.
    """
    text = _APOSTROPHE.sub("'", _SPACE.sub(" ", question)).strip()
    if len(text) > _MOST_CHARS or _SAID.search(text):
        return None
    matches = ((kind, pattern.search(text)) for kind, pattern in _PATTERNS)
    return next((OutOfScope(kind, match.group().strip()) for kind, match in matches if match), None)
