"""The tokeniser that BM25 and the readers share: text → words with their places, words → terms.

Questions and passages pass through the same functions, so a word matches however it is written. A word is
`normalise(text[start:end])` but for the dots of "U.S." and the commas of "312,000". No text makes it fail.

In scripts without spaces ICU's dictionaries tell the words apart. A term is a word without its ending, as Snowball
cuts it in the language of the text; each word of Hangul, whose particles no stemmer here cuts, is its pairs of signs.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import regex  # type: ignore[import-untyped]
import Stemmer  # type: ignore[import-not-found]
from numpy.typing import NDArray

from index.text.language import asked_in, script_of, spoken
from index.text.language import stop_words as stop_words

Stem = Literal["none", "light", "snowball"]

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\u30FC\uFF70\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # no spaces between words
_LETTER = rf"[[^\W_\u02BC{_UNSPACED}]\u2080-\u2089\u00AD\u2060-\u2064]"  # and the subscripts of CO2, and soft hyphens
_APOSTROPHE = r"['\u2018\u2019\u02BC\uFF07]"
_WORD = regex.compile(
    rf"""
      (?P<version> (?<! \w ) [vV] (?= \d+ \. \d ) )  # "v2.1" is asked for as "2.1"
    | (?P<initials> \p{{L}} (?: \. \p{{L}} )+ (?! {_LETTER} ) )
    | (?P<grouped> \d{{1,3}} (?: , \d{{3}} )++ (?! \d ) (?: \. \d+ )? )
    | (?P<decimal> \d+ (?: \. \d+ )+ )
    | (?P<word> {_LETTER}+ (?: {_APOSTROPHE} (?! [sS] (?! {_LETTER} ) ) {_LETTER}+ )* )
    | (?P<unspaced> [{_UNSPACED}] [{_UNSPACED}\p{{M}}\uFF9E\uFF9F]* )
    | (?P<sign> [[\w\p{{No}}]--[_\u02BC]] \p{{M}}* )
    | {_APOSTROPHE} [sS] (?! {_LETTER} )  # the possessive is passed over
    """,
    regex.VERBOSE | regex.VERSION1,
)
_PUNCTUATION = {"initials": ".", "grouped": ","}

# A text in ASCII and the marks of good typesetting, in lower case: the same words, by an engine that is much faster.
_PLAIN = re.compile("[\\x00-\\x7f\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026]*")
_PLAIN_WORD = re.compile(
    r"""
      (?<! [a-z0-9_] ) v (?= [0-9]+ \. [0-9] )
    | [a-z] (?: \. [a-z] )+ (?! [a-z0-9] )
    | [0-9]{1,3} (?: , [0-9]{3} )++ (?! [0-9] ) (?: \. [0-9]+ )?
    | [0-9]+ (?: \. [0-9]+ )+
    | [a-z0-9]+ (?: ' (?! s (?! [a-z0-9] ) ) [a-z0-9]+ )*
    | ' s (?! [a-z0-9] )
    """,
    re.VERBOSE,
)
_ACCENT = regex.compile("[\u0300-\u0305\u0307-\u036f]|(?<!\u0438)\u0306")  # й is a letter of its own, not an и
_SPELLING: dict[int, int | str | None] = {
    **str.maketrans("\u2018\u2019\u02bcđðħıłøŧ", "'''ddhilot", "\u00ad\u200c\u200d\u2060\u2061\u2062\u2063\u2064"),
    **{ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"},
}


class Word(NamedTuple):
    """A normalised word and where it stands: code points of the text it was found in, end exclusive."""

    text: str
    start: int
    end: int


_word = tuple.__new__  # of a Word, without the call of a function in Python


def normalise(text: str) -> str:
    """Text as it is compared: NFKC, casefold, straight apostrophes, no accents, no soft hyphens. Idempotent."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", _ACCENT.sub("", folded).translate(_SPELLING))


def words(text: str) -> list[Word]:
    """All words in order, possessive 's left out."""
    found: list[Word] = []
    if _PLAIN.fullmatch(text):
        whole, end = text.lower().translate(_SPELLING), 0
        for word in _PLAIN_WORD.findall(whole):  # a match object for each would take as long as all the rest
            start = whole.find(word, end)
            end = start + len(word)
            if word.isalnum():
                found.append(_word(Word, (word, start, end)))
            elif word != "'s":
                found.append(Word(_unpunctuated(word), start, end))
        return found
    for match in _WORD.finditer(text):
        kind = match.lastgroup
        if kind == "unspaced":
            found += _unspaced(match.group(), match.start())
        elif kind and (word := normalise(match.group()).replace(_PUNCTUATION.get(kind, "\0"), "")):
            found.append(Word(word, match.start(), match.end()))
    return found


def spellings(text: str) -> list[str]:
    """The texts of all words, in order: much sooner told than their places."""
    if not _PLAIN.fullmatch(text):
        return [word.text for word in words(text)]
    found = _PLAIN_WORD.findall(text.lower().translate(_SPELLING))
    return [word if word.isalnum() else _unpunctuated(word) for word in found if word != "'s"]


def _unpunctuated(word: str) -> str:
    return word.replace("." if word[0].isalpha() else ",", "")


def _unspaced(run: str, at: int) -> Iterator[Word]:
    """The words of a run of signs without spaces, by ICU's dictionaries; `at` is where the run stands."""
    for piece in _pieces_by_icu(run):
        if word := normalise(piece):
            yield Word(word, at, at + len(piece))
        at += len(piece)


@lru_cache(maxsize=8192)
def _pieces_by_icu(run: str) -> tuple[str, ...]:
    from icu4py.breakers import WordBreaker  # here: only who reads such a script pays for 30 MB of dictionaries

    return tuple(WordBreaker(run, "")) if len(run) > 1 else (run,)


# Words → terms: without words of grammar, without endings, and codes in every way in which they may be written.

# ISO 639-1 → Snowball's name. A word in another script than Latin is cut by that of its script, in every text.
_STEMMERS = {
    "ar": "arabic", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fr": "french", "hi": "hindi",
    "hy": "armenian", "it": "italian", "nl": "dutch", "pt": "portuguese", "ru": "russian",
}  # fmt: skip
_OKURIGANA = re.compile(r"(?<=[\u4e00-\u9fff])[\u3041-\u3093]+$")  # 始まり and 始まる are 始
_JOINING = "-\u2010\u2011_"  # between the parts of "E-17", "wi-fi", "max_tokens"
_CODE = re.compile(r"(?=[A-Z/-]*\d)(?=[\d/-]*[A-Z])[A-Z\d/-]+")  # … and a slash in "TX-900/B"
_ASKING = frozenset("can i'm i've i'd i'll me my our we you your".split())  # "should" is what advice says, too
_ONLY_ASKS = {  # "Wie hoch …?", where none is high; "… がありますか"
    "de": re.compile(r"\bwie (?:hoch|lang|lange|groß|weit|alt|schwer|tief|breit|oft|teuer)\b", re.IGNORECASE),
    "zh": re.compile(
        r"多(?:长时间|[久少高长大远宽深重])|(?:星期|[周週])?[几幾]|哪|怎[么麼样樣][办辦]|何[人地處处时時]|需要|[可能是]否|可以"
    ),
    "ja": re.compile(r"何[時年月日人回]|(?:あり|い|でき)?(?:ます|ました|です|でした)か\W*$"),
}
_OPENS = r"Am|Can|Could|Did|Do|Had|Have|How|If|May|Might|Must|Shall|Should|Was|Wh\w+|Will|Would"
_SPOKEN = re.compile(rf"(?:^|[^\w\s]|\b(?:[^\WA-Z]\w*|{_OPENS}))\s*\Z")  # before an "I" that is who asks, no king
_LONGEST_LETTERS = 5  # capitals before a blank or a dot and a number: "B 52", "ISO 9001", "B.104"
_BY = r"(?: ?[xX×] ?\d+(?:[.,]\d+)?)"
_MEASURES = re.compile(rf"(?<!\w)[^\W\d_]{{0,3}}\d+(?:[.,]\d+)?{_BY}+(?!\w)")  # "M8x40" is "M8 x 40" and "M8 × 40"
_SIDE = re.compile(r"[^xX]+")  # of what measures as much by as much
_PIECE = re.compile(r"\d+|[^\W\d_]+")
_HANGUL = "\uac00"
_CUT_BY_ICU = frozenset(("ja", "km", "lo", "my", "th", "zh"))


def terms(text: str, stem: Stem, language: str = "") -> list[Word]:
    """The terms of a passage with their places: in order, repetitions included, stop words left out.

    Those of a code overlap: "E-17" is e, 17 and e17, and so is "E17". `language`: of the text that this is a part of,
    as `spoken` tells it; "": its own.
    """
    found = words(text)
    language = language or spoken([word.text for word in found])
    stop = stop_words(language)
    if _PLAIN.fullmatch(text):  # as below, without asking for the script of every word
        plain = [Word(cut(word, stem, language), start, end) for word, start, end in found if word not in stop]
    else:
        plain = [term for word in found if word.text not in stop for term in _terms_of(word, stem, language)]
    more = [*_joined(text, found, stem), *_pieces(text, found)]
    return sorted(plain + more, key=_place) if more else plain


def asked_terms(text: str, stem: Stem, holds: Callable[[str], int], term_of: Callable[[str], str]) -> list[Word]:
    """The terms of a question as the passages write them; in order, stop words left out.

    `holds`: how many passages hold the term? `term_of` a normalised word, whatever the language of its passage; "" for
    one that none holds. A code that some passage joins is joined here as well, and what of its parts is nowhere goes.
    """
    found = words(text)
    language = asked_in([word.text for word in found])
    stop = stop_words(language)
    asks = [*_ONLY_ASKS[language].finditer(text)] if language in _ONLY_ASKS else []
    codes = [code for code in _joined(text, found, stem) if holds(code.text)]
    kept = list(codes)
    for word in found:
        only = next((one for one in asks if one.start() <= word.start and word.end <= one.end()), None)
        if word.text in stop or of_asking(text, word) or (only and language != "de"):
            continue
        own = _terms_of(word, stem, language)
        if known := [term for term in own if holds(term.text)] or _held_pieces(word, holds):
            kept += known
        elif other := term_of(word.text):
            kept.append(word._replace(text=other))
        elif not only and not any(code.start <= word.start and word.end <= code.end for code in codes):
            kept += own if len(own) == 1 else [word]
    return sorted(kept, key=_place)


def of_asking(text: str, word: Word) -> bool:
    """Does it tell only of who asks, as in "How can I …?"? "I" may be the number of a king, too."""
    spoken = word.text == "i" and (text[word.start] == "i" or _SPOKEN.search(text, 0, word.start))
    return bool(spoken) or word.text in _ASKING


def stems(text: str, stem: Stem) -> list[str]:
    """The texts of the terms of a passage. A text of stop words alone ("Who is it?") has none."""
    return [term.text for term in terms(text, stem)]


def _place(term: Word) -> tuple[int, int]:
    return term.start, term.end


def _terms_of(word: Word, stem: Stem, language: str) -> list[Word]:
    """One, but of Hangul every two neighbouring signs, as Lucene's CJKBigramFilter has it."""
    text, start, end = word
    if text[0] >= _HANGUL and 2 < len(text) == end - start and script_of(text) == "ko":
        return _pairs(word)
    return [Word(cut(text, stem, language), start, end)]


def _pairs(word: Word) -> list[Word]:
    return [Word(a + b, word.start + n, word.start + n + 2) for n, (a, b) in enumerate(pairwise(word.text))]


def _joined(text: str, found: Sequence[Word], stem: Stem) -> Iterator[Word]:
    """What is written in parts, without what parts it; measures with an x between them."""
    for measures in _MEASURES.finditer(text):
        if not measures.group().isalnum():
            whole = normalise(measures.group()).replace(" ", "").replace("×", "x").replace(",", ".")
            yield Word(whole, *measures.span())
    run: list[Word] = []
    for left, right in pairwise(found):
        sign = text[left.end] if right.start - left.end == 1 else ""
        if sign in (" ", ".") and right.text.isdecimal() and left.end - left.start <= _LONGEST_LETTERS:
            written = text[left.start : left.end]
            if written.isupper() and written.isalpha():
                yield _one([left, right], stem)
        slash = sign == "/" and _CODE.fullmatch(text, (run or [left])[0].start, right.end)
        if slash or (sign and sign in _JOINING):
            yield from [_one(run, stem)] if run and slash else []  # "TX-900"
            run = [*(run or [left]), right]
        elif run:
            yield _one(run, stem)
            run = []
    if run:
        yield _one(run, stem)


def _one(parts: Sequence[Word], stem: Stem) -> Word:
    return Word(cut("".join(part.text for part in parts), stem), parts[0].start, parts[-1].end)


def _pieces(text: str, found: Sequence[Word]) -> Iterator[Word]:
    """Parts of words that may be asked for alone: letters and digits of codes that are written in one, capitals among
    them ("AX7713B", not "1990s"), and pairs of signs where ICU sees a long word ("東京" in "東京タワー").
    """
    for word in found:
        if word.text.isascii():
            if not (word.text.isalpha() or word.text.isdecimal()) and word.text.isalnum():
                written = text[word.start : word.end]
                pieces = _SIDE if _MEASURES.fullmatch(written) else _PIECE
                if written.isascii() and (pieces is _SIDE or not written.islower()):
                    yield from (
                        Word(piece.group().lower(), word.start + piece.start(), word.start + piece.end())
                        for piece in pieces.finditer(written)
                    )
        elif 2 < len(word.text) == word.end - word.start and script_of(word.text) in ("ja", "zh"):
            yield from _pairs(word)


def _held_pieces(word: Word, holds: Callable[[str], int]) -> list[Word]:
    """A word that ICU cut otherwise here than in the passages, in the longest pieces that some of them hold.

    Nothing where a sign is left that does not ask: with another sign it is another word.
    """
    if script_of(word.text) not in _CUT_BY_ICU or word.end - word.start != len(word.text):
        return []
    pieces: list[Word] = []
    at = 0
    while at < len(word.text):
        end = next((end for end in range(len(word.text), at, -1) if holds(word.text[at:end])), 0)
        if end:
            pieces.append(Word(word.text[at:end], word.start + at, word.start + end))
        elif word.text[at] not in "几幾何多少哪":
            return []
        at = end or at + 1
    return pieces


def cut(word: str, stem: Stem, language: str = "en") -> str:
    """A normalised word without its ending, as the language of its script or else the given one has it.

    Unchanged for "none", and where Snowball does not know the language.
    """
    if stem == "none":
        return word
    return _without_plural(word) if stem == "light" else _snowball(word, language)


def _without_plural(word: str) -> str:
    """The s-stemmer of Harman 1991, "How effective is suffixing?": the first rule whose ending fits, or none."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss", "aies", "eies", "aes", "ees", "oes")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


@lru_cache(maxsize=65_536)
def _snowball(word: str, language: str) -> str:
    """A fresh stemmer each time, as one may not be shared between threads; the cache makes that rare."""
    name = _STEMMERS.get(script_of(word) or language)
    return str(Stemmer.Stemmer(name).stemWord(word)) if name else _OKURIGANA.sub("", word)


# Terms as an index keeps them: as numbers, with their places.


class TermPlaces(NamedTuple):
    """The terms of a passage by their numbers (`term_number`), and where in its `search_text` each begins."""

    numbers: NDArray[np.int64]  # (t,) in order, repetitions included
    starts: NDArray[np.int32]  # (t,) ascending, code points

    @classmethod
    def of(cls, terms: Sequence[Word]) -> "TermPlaces":
        """Of a passage's terms as `terms` gives them."""
        numbers = np.array([term_number(term.text) for term in terms], np.int64)
        return cls(numbers, np.array([term.start for term in terms], np.int32))

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return self.numbers.tobytes() + self.starts.tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes) -> "TermPlaces":
        """What `to_bytes` was called on."""
        count = len(kept) // 12
        return cls(np.frombuffer(kept, np.int64, count), np.frombuffer(kept, np.int32, offset=8 * count))


@lru_cache(maxsize=65_536)
def term_number(term: str) -> int:
    """64 bits of its hash: the same in every index, however it came to be; two terms of one number are never met."""
    return int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True)
