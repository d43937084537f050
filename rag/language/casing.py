"""Is a word a name? Asked where the question itself cannot tell, because it is written without capitals.

Read off the passages that hold the word; a capital at the start of a sentence or inside a heading says nothing.

Of the 207 development questions (eval/gold) no answer is another by it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from index.search import Index
from index.text.words import Stem, cut, normalise, words

_PASSAGES = 12  # that are looked at; more would not change what most of them do
_NEIGHBOURS = 2  # a word among capitalised words on both sides stands in a heading
_SENTENCE_START = re.compile(r"(?:^|[.!?:…\n•\]][\"'”’»)\]]*|[\"“‘«(\[*_#-])\s*$")

_FIRST_OF_TWO = re.compile(r" [^\W\d_a-z][^\W\d_A-Z]")  # "Esteban Moctezuma is …"


class Casing:
    """Of one index; what was found of a word is kept."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.is_name = lru_cache(maxsize=4096)(self._is_name)

    def _is_name(self, word: str) -> bool:
        """Do most of the passages' sentences that hold the word, in any form, write it with a capital?"""
        stem = cut(normalise(word), self._index.stem)
        passages = [self._index.passage(scored.row) for scored in self._index.lexical.rank([stem], _PASSAGES)]
        seen = [upper for passage in passages for upper in _capitals(passage.text, stem, self._index.stem)]
        return 2 * sum(seen) > len(seen)


def _capitals(text: str, stem: str, how: Stem) -> Iterator[bool]:
    """For each place where that can be told: is the word written with a capital?"""
    text_words = words(text)
    for at, word in enumerate(text_words):
        if cut(word.text, how) != stem:
            continue
        about = [*text_words[max(0, at - _NEIGHBOURS) : at], *text_words[at + 1 : at + 1 + _NEIGHBOURS]]
        upper = [text[other.start].isupper() for other in about]
        if _SENTENCE_START.search(text[max(0, word.start - 8) : word.start]):
            if _FIRST_OF_TWO.match(text, word.end):
                yield True
        elif not (text[word.start].isupper() and len(upper) == 2 * _NEIGHBOURS and all(upper)):
            yield text[word.start].isupper()
