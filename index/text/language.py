"""Which language a text is in: by py3langid where it is long enough, else by its script and its words of grammar."""

from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

_LEAST_WORDS = 12  # below that a guess is worth nothing
_LEAST_SURE = 0.9


@cache
def _identifier() -> Any:
    # a third of a second of import, which nobody who only asks should pay
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language(text: str) -> str:
    """ISO 639-1 code of the text's language, "" when it is too short to tell."""
    if len(text.split()) < _LEAST_WORDS:
        return ""
    return str(_identifier().classify(text[:4000])[0])


def foreign(text: str, home: str) -> bool:
    """Is this text surely in another language than `home`? Never when `home` is "", unknown."""
    if not home or len(text.split()) < _LEAST_WORDS:
        return False
    code, sure = _identifier().classify(text[:4000])
    return bool(sure >= _LEAST_SURE) and code != home


# By its words: a question has too few of them for a model of letters, and a passage must be told as fast as it is cut.

# the first code point of Unicode blocks, up to the next → the language that they are read as; "" is Latin, or none
_SCRIPTS = {
    0x0: "", 0x370: "el", 0x400: "ru", 0x530: "hy", 0x590: "he", 0x600: "ar", 0x780: "", 0x900: "hi", 0x980: "",
    0xE00: "th", 0xE80: "lo", 0xF00: "", 0x1000: "my", 0x10A0: "", 0x1100: "ko", 0x1200: "", 0x1780: "km", 0x1800: "",
    0x1F00: "el", 0x2000: "", 0x2E80: "zh", 0x3040: "ja", 0x3100: "zh", 0xA000: "", 0xAC00: "ko", 0xD800: "",
    0xF900: "zh", 0xFB00: "", 0x20000: "zh",
}  # fmt: skip
_BEGINS, _READ_AS = tuple(_SCRIPTS), tuple(_SCRIPTS.values())
_OTHER_SCRIPT = "\u0370"  # no letter before it is of another script than Latin
_LEAST_TOLD = 2  # words of grammar without which a text in Latin script counts as English


@lru_cache(maxsize=65_536)
def script_of(word: str) -> str:
    """ISO 639-1 code of the language as which the script of a word is read; "" for Latin, and for digits."""
    return _READ_AS[bisect(_BEGINS, ord(word[0])) - 1] if word else ""


def spoken(words: Sequence[str]) -> str:
    """ISO 639-1 code of the language of a text's normalised words; "en" where nothing tells.

    In Latin script words of grammar tell it, in another one every word does. Languages of one script that the lists
    do not know are taken for one of those that they do know, the same one in passage and question most often.
    """
    by_grammar = _by_grammar()
    told: Counter[str] = Counter()
    for languages, times in Counter(map(by_grammar.get, words)).items():
        told.update(dict.fromkeys(languages or (), times))
    if max(words, default="") >= _OTHER_SCRIPT:
        told.update(script_of(word) for word in words if word[0] >= _OTHER_SCRIPT and word not in by_grammar)
    del told[""]
    if told["ja"]:
        told["ja"] += told.pop("zh", 0)  # beside kana, Han is Japanese
    best, most = max(told.items(), key=lambda item: (item[1], item[0] == "en", item[0]), default=("en", 0))
    return best if most >= _LEAST_TOLD or best in _READ_AS else "en"


_WHO_ASKS = frozenset("can could i may my our should we would you your".split())  # in no list, as articles seldom do


def asked_in(words: Sequence[str]) -> str:
    """As `spoken`, of a question: "Can I come in?" is no Italian, though "i", "come" and "in" are."""
    return spoken([*words, *("the" for word in words if word in _WHO_ASKS)])


def of_other_script(language: str) -> bool:
    """Is a language, by its ISO 639-1 code, told by another script than Latin?"""
    return bool(language) and language in _READ_AS


@cache
def stop_words(language: str = "en") -> frozenset[str]:
    """Words of grammar and of asking of a language, and of all that are not written in Latin letters.

    rank_bm25 gives words in most passages a floor, so they would outweigh others.
    """
    return frozenset().union(*(words for of, words in _lists().items() if of == language or of in _READ_AS))


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    """By ISO 639-1 code: its lists of words, normalised."""
    lists: dict[str, frozenset[str]] = {}
    text = (files("index.text") / "stopwords.txt").read_text("utf-8")
    for entry in text.replace("\n ", " ").splitlines():
        language, _, words = entry.partition(": ")
        lists[language] = frozenset(words.split())
    return lists


@cache
def _by_grammar() -> Mapping[str, tuple[str, ...]]:
    """Word → the languages to whose grammar it belongs."""
    lists = _lists()
    every = frozenset().union(*lists.values())
    return {word: tuple(language for language in lists if word in lists[language]) for word in every}
