"""The tokeniser that BM25 and the readers share: text → words with their places, words → stems.

Questions and passages pass through the same functions, so a word matches however it is written. A word is
`normalise(text[start:end])` but for the dots of "U.S." and the commas of "312,000". No text makes it fail.
"""

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple

import regex  # type: ignore[import-untyped]
import Stemmer  # type: ignore[import-not-found]

Stem = Literal["none", "light", "snowball"]

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # scripts without spaces
_LETTER = rf"[[^\W_\u02BC{_UNSPACED}]\u2080-\u2089\u00AD]"  # and the subscripts of CO2, and soft hyphens
_APOSTROPHE = r"['\u2018\u2019\u02BC\uFF07]"
_WORD = regex.compile(
    rf"""
      (?P<initials> \p{{L}} (?: \. \p{{L}} )+ (?! {_LETTER} ) )
    | (?P<grouped> \d{{1,3}} (?: , \d{{3}} )++ (?! \d ) (?: \. \d+ )? )
    | (?P<decimal> \d+ (?: \. \d+ )+ )
    | (?P<word> {_LETTER}+ (?: {_APOSTROPHE} (?! [sS] (?! {_LETTER} ) ) {_LETTER}+ )* )
    | (?P<sign> [[\w\p{{No}}]--[_\u02BC]] \p{{M}}* )
    | {_APOSTROPHE} [sS] (?! {_LETTER} )  # the possessive is passed over
    """,
    regex.VERBOSE | regex.VERSION1,
)
_PUNCTUATION = {"initials": ".", "grouped": ","}
_ACCENT = regex.compile("[\u0300-\u036f]")
_SPELLING = str.maketrans("\u2018\u2019\u02bc", "'''", "\u00ad\u200c\u200d")


class Word(NamedTuple):
    """A normalised word and where it stands: code points of the text it was found in, end exclusive."""

    text: str
    start: int
    end: int


def normalise(text: str) -> str:
    """Text as it is compared: NFKC, casefold, straight apostrophes, no accents, no soft hyphens. Idempotent."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).translate(_SPELLING).casefold()
    return unicodedata.normalize("NFKC", _ACCENT.sub("", unicodedata.normalize("NFKD", folded)))


def words(text: str) -> list[Word]:
    """All words in order, possessive 's left out; in scripts without spaces each sign is a word."""
    found = []
    for match in _WORD.finditer(text):
        kind = match.lastgroup
        if kind and (word := normalise(match.group()).replace(_PUNCTUATION.get(kind, "\0"), "")):
            found.append(Word(word, match.start(), match.end()))
    return found


def stems(text: str, stem: Stem) -> list[str]:
    """The terms of a text for BM25: words in order, repetitions included, stop words out, endings cut.

    A question of stop words alone ("Who is it?") has no terms.
    """
    stop = stop_words()
    return [cut(word.text, stem) for word in words(text) if word.text not in stop]


@cache
def stop_words() -> frozenset[str]:
    """Words of grammar and of asking. rank_bm25 gives words in most passages a floor, so they would outweigh others."""
    return frozenset((files("index.text") / "stopwords.txt").read_text("utf-8").split())


def cut(word: str, stem: Stem) -> str:
    """A normalised word without its ending; unchanged for "none"."""
    if stem == "none":
        return word
    return _without_plural(word) if stem == "light" else _snowball(word)


def _without_plural(word: str) -> str:
    """The s-stemmer of Harman 1991, "How effective is suffixing?": the first rule whose ending fits, or none."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss", "aies", "eies", "aes", "ees", "oes")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


@lru_cache(maxsize=65_536)
def _snowball(word: str) -> str:
    """A fresh stemmer each time, as one may not be shared between threads; the cache makes that rare."""
    return str(Stemmer.Stemmer("english").stemWord(word))
