"""Where a noun phrase ends: by capitals, by known names, and as a run of words that are no grammar and no verb."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rag.language.word_lists import ARTICLES, FUNCTION, POSSESSIVES, PREPOSITIONS, lexicon

WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:[-.\u2019'&][^\W_]+)*")
_GENITIVE = re.compile(r"(?:[\u2019']s|(?<=s)[\u2019'])$", re.IGNORECASE)
_NOT_ADVERBS = frozenset(["family", "supply", "assembly", "monopoly", "anomaly"])
DETERMINING = frozenset(["which", "what", "whose", "many", "much"])
_ADJECTIVES = frozenset(["free", "new", "old", "own", "main", "first", "high", "low", "good", "big"])  # before a noun
_JOINS = frozenset(["of", "de", "la", "del", "der", "von", "van", "bin", "da", "dos"])


@dataclass(frozen=True, slots=True)
class Token:
    text: str  # without the possessive 's
    start: int
    end: int
    owner: bool
    low: str


def token(match: re.Match[str]) -> Token:
    bare = _GENITIVE.sub("", match.group())
    return Token(bare, match.start(), match.start() + len(bare), bare != match.group(), bare.lower())


def phrase_end(tokens: Sequence[Token], at: int, text: str, familiar: Collection[str]) -> int:
    """The index behind the noun phrase that begins at `at`; `at` itself where none does."""
    first = at + 1 if tokens[at].low in ARTICLES else at
    named = max(known_end(tokens, first, familiar), capitals_end(tokens, first, text))
    if named > first:
        if tokens[at].low == "that":
            return at  # "that Mexico agreed": the name begins at the next word
        grows = first != at or (at > 0 and tokens[at - 1].low in DETERMINING)
        noun = named
        while not tokens[noun - 1].owner and grows and _noun(tokens, noun) and _close(tokens, noun, text):
            noun += 1
        while noun > named and tokens[noun - 1].low in _ADJECTIVES:
            noun -= 1
        return noun
    stop = first
    while _noun(tokens, stop) and (stop == first or _close(tokens, stop, text)):
        if stop > first and max(known_end(tokens, stop, familiar), capitals_end(tokens, stop, text)) > stop:
            break
        stop += 1
        if tokens[stop - 1].owner:
            return stop
    if stop == first:
        return at
    return _with_of(tokens, at, stop, text) if first != at else stop


def _with_of(tokens: Sequence[Token], at: int, stop: int, text: str) -> int:
    """ "the amendment" grows to "the amendment on elections"; what stands behind "in" or "by" seldom belongs to it."""
    if stop >= len(tokens) or tokens[stop].low not in ("of", "on", "between") or not _close(tokens, stop, text):
        return stop
    last = stop + 1 + (stop + 1 < len(tokens) and tokens[stop + 1].low in ARTICLES)
    if tokens[stop - 1].low.endswith("ing"):
        return at  # "the signing of the Treaty": the treaty is what will be spoken of
    end = max(last, capitals_end(tokens, last, text))
    while (_noun(tokens, end) or _capital(tokens, end, text)) and _close(tokens, end, text):
        end += 1
    if tokens[stop].low == "between" and end < len(tokens) - 1 and tokens[end].low == "and":
        end += 1 + (tokens[end + 1].low in ARTICLES)
        while (_noun(tokens, end) or _capital(tokens, end, text)) and _close(tokens, end, text):
            end += 1
    return end if end > last else stop


def _close(tokens: Sequence[Token], at: int, text: str) -> bool:
    return not text[tokens[at - 1].end : tokens[at].start].strip("\u2019's \"“”")


def known_end(tokens: Sequence[Token], at: int, familiar: Collection[str]) -> int:
    for stop in range(min(len(tokens), at + 6), at, -1):
        phrase = " ".join(token.low for token in tokens[at:stop])
        pronoun = phrase == "us" and tokens[at].text != "US" and not (at and tokens[at - 1].low in ARTICLES)
        if (phrase in familiar or phrase in lexicon().countries) and not pronoun:
            return stop
        if f"the {phrase}" in familiar:
            return stop
    return at


def capitals_end(tokens: Sequence[Token], at: int, text: str) -> int:
    stop = at
    while _capital(tokens, stop, text) and (stop == at or (not tokens[stop - 1].owner and _close(tokens, stop, text))):
        if stop > at and tokens[stop - 1].low in lexicon().countries and tokens[stop].low in _first_names():
            return stop
        stop += 1
        joined = stop
        while joined < len(tokens) and (
            tokens[joined].low in _JOINS or (joined > stop and tokens[joined].low == "the")
        ):
            joined += 1
        in_title = joined == stop and tokens[stop - 1].low in lexicon().verbs and stop + 1 < len(tokens)
        if in_title and tokens[stop].low in ("in", "to") and _capital(tokens, stop + 1, text):
            joined = stop + 1  # "Remain in Mexico"
        if joined > stop and _capital(tokens, joined, text) and _close(tokens, joined, text):
            stop = joined
    return stop


def _first_names() -> frozenset[str]:
    return lexicon().women | lexicon().men


def _capital(tokens: Sequence[Token], at: int, text: str) -> bool:
    """A capital that tells: not the one that opens a sentence, unless what opens it looks like a name."""
    if at >= len(tokens) or not tokens[at].text[:1].isupper() or tokens[at].text == "I":
        return False
    if at and tokens[at - 1].text.endswith(".") and tokens[at].low in FUNCTION:
        return False
    before = text[: tokens[at].start].rstrip(' \n"“”\u2018\u2019¿¡(')
    if (before and before[-1] not in ".!?:") or (at and tokens[at - 1].text.endswith(".")):
        return True
    if tokens[at].low in FUNCTION:
        return False
    behind = at + 1 < len(tokens) and tokens[at + 1].text[:1].isupper() and tokens[at + 1].low not in FUNCTION
    behind = behind and _close(tokens, at + 1, text)  # "However, Trump"
    known = tokens[at].low in lexicon().countries or tokens[at].low in _first_names()
    return behind or known or tokens[at].owner or (len(tokens[at].text) > 1 and tokens[at].text.isupper())


def _noun(tokens: Sequence[Token], at: int) -> bool:
    """A word that can stand in a noun phrase: no grammar, and no verb unless an article or "which" precedes it."""
    if at >= len(tokens) or tokens[at].low in FUNCTION:
        return False
    low, before = tokens[at].low, tokens[at - 1] if at else None
    if low.endswith("ly") and len(low) > 5 and low not in _NOT_ADVERBS and not _plain(tokens, at + 1):
        return False
    participle = low.endswith("ed") and len(low) > 4 and not _plain(tokens, at + 1)
    if not (participle or lexicon().verb(low)) or tokens[at].text[1:2].isupper():
        return True
    if low.endswith("ing") and before and _plain(tokens, at + 1):
        return before.low in ARTICLES or _plain(tokens, at - 1)
    if not before or (low.endswith("ing") and before.low in PREPOSITIONS):
        return False
    return before.owner or before.low in ARTICLES | POSSESSIVES | DETERMINING | (PREPOSITIONS - {"to"})


def _plain(tokens: Sequence[Token], at: int) -> bool:
    """Surely a noun or an adjective: no grammar, no form of a verb."""
    return at < len(tokens) and tokens[at].low not in FUNCTION and not lexicon().verb(tokens[at].low)
