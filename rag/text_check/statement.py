"""Does a quote say what a sentence in somebody else's words says? Stricter than `Checker`, which says "partly" as well.

Each word of the sentence but a few of grammar stands in the quote, all close together; its names and numbers come in
the quote's order; nothing that the quote denies, doubts or only supposes is told as a fact. This needs no index and no
model. What is left open: the same words in another order can still mean something else.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from index.text.words import cut, stop_words, words
from rag.language.patterns import read_patterns
from rag.language.word_lists import listed
from rag.question.analysis import analyse
from rag.text_check.agreement import Particular, QuoteContext, compare, particulars, told, with_opening_name
from rag.text_check.assertions import clauses, is_claim

_FREE = listed("FREE")  # words that a sentence may have of its own
_SAME = {"are": "is", "were": "was", "have": "has", "does": "do"}  # number may change, tense may not
_DOUBTS = listed("DOUBTS")
_TEXT = read_patterns("rag.text_check", "assertions.txt")
_ASIDE = _TEXT.cased("ASIDE")
_MAY = re.compile(r"\bMay\b")  # the month
_DOUBTED = 3  # words of meaning behind a word of doubt that it may be of, and one before it
_WAYS = frozenset({"to", "by", "from"})  # "rose to 8" is not "rose by 8"
_SIGNS = frozenset(".,;:!?'’‘()-–—%$€£/&…")
_QUOTED = re.compile('[“"«„]([^“”"«»„]+)[”"»“]')
_MOST_CHARACTERS = 1_000  # of a sentence; a longer one is no sentence


def resting_on(sentence: str, quotes: Sequence[str]) -> tuple[int, ...]:
    """The places of those quotes that bear the sentence out: each alone, or one for each of its clauses; else none."""
    if len(sentence) > _MOST_CHARACTERS:
        return ()
    alone = tuple(n for n, quote in enumerate(quotes) if bears_out(sentence, quote))
    if alone:
        return alone
    parts = [_first(part, quotes) for part in clauses(sentence)]
    resting = [n for n in parts if n is not None]
    return tuple(sorted(set(resting))) if len(resting) == len(parts) else ()


def bears_out(sentence: str, quote: str) -> bool:
    """Does one quote say all of it? False for what states nothing, too."""
    if not (is_claim(sentence) and _in_its_signs(sentence, quote) and _in_its_words(sentence, quote)):
        return False
    parts = _particulars(sentence, quote)
    return (
        _in_its_order(parts, quote)
        and _in_one_place(sentence, quote)
        and _as_sure(sentence, quote)
        and compare(sentence, parts, QuoteContext(quote, about="")).whole
    )


def _first(part: str, quotes: Sequence[str]) -> int | None:
    """The first quote that bears a clause out; the clause must say by name of whom it speaks."""
    for n, quote in enumerate(quotes):
        if any(particular.fact is None for particular in _particulars(part, quote)) and bears_out(part, quote):
            return n
    return None


def _in_its_signs(sentence: str, quote: str) -> bool:
    """What it puts in quotation marks stands there, and it brings no signs but those of plain prose."""
    printed = " ".join(quote.split())
    if any(match[1].strip(" .,") not in printed for match in _QUOTED.finditer(sentence)):
        return False
    rest = _QUOTED.sub("", sentence)
    return all(c.isalnum() or c in _SIGNS or c == " " or c in quote for c in rest) and not set('“”"«»„') & set(rest)


def _in_its_words(sentence: str, quote: str) -> bool:
    ours, theirs = _stems(sentence), _stems(quote)
    if not set(ours) - _FREE <= set(theirs):
        return False
    ways = {pair for pair in pairwise(ours) if pair[0] in _WAYS and pair[1][:1].isdigit()}
    return ways <= set(pairwise(theirs))


def _in_its_order(parts: Sequence[Particular], quote: str) -> bool:
    """Who did what to whom is told by order, and which number is whose. A date may move if the quote has but one."""
    dates = sum(fact.moment is not None for fact in told(quote).facts)
    fixed = [part for part in parts if dates > 1 or not (part.fact and part.fact.moment)]
    rest = iter(_stems(quote))
    return all(_stem(word) in rest for part in fixed for word in part.words)


def _in_one_place(sentence: str, quote: str) -> bool:
    """In the shortest stretch of the quote that has all of its words, nobody else is named: who is passed over may be
    the one of whom a part of it is told. What stands between two commas may be passed over, unless it says who says so.
    """
    wanted = set(_stems(sentence)) - _FREE
    return any(_is_near(wanted, text) for text in (quote, _ASIDE.sub(" ", quote)))


def _is_near(wanted: set[str], text: str) -> bool:
    theirs = _stems(text)
    if not wanted <= set(theirs):
        return False
    names = {
        _stem(word)
        for particular in particulars(analyse(text, "snowball"))
        if particular.fact is None
        for word in particular.words
    }
    begin, end = _stretch(theirs, wanted)
    return not (names & set(theirs[begin:end])) - wanted


def _stretch(stems: Sequence[str], wanted: set[str]) -> tuple[int, int]:
    """The first of the shortest; all of `wanted` stand in `stems`."""
    best, last = (0, len(stems)), dict.fromkeys(wanted, -1)
    for n, stem in enumerate(stems):
        if stem in wanted:
            last[stem] = n
            begin = min(last.values())
            if begin >= 0 and n + 1 - begin < best[1] - best[0]:
                best = begin, n + 1
    return best


def _as_sure(sentence: str, quote: str) -> bool:
    """A word of doubt next to what the sentence says must be in the sentence as well."""
    ours = set(_stems(sentence))
    theirs = [stem for stem in _stems(_MAY.sub("", quote)) if stem not in _FREE]
    doubts = {_stem(word) for word in _DOUBTS}
    for n, stem in enumerate(theirs):
        near = {*theirs[max(n - 1, 0) : n], *theirs[n + 1 : n + 1 + _DOUBTED]}
        if stem in doubts and stem not in ours and near & ours:
            return False
    return True


def _particulars(sentence: str, quote: str) -> tuple[Particular, ...]:
    """The word that opens it is a name if the quote never writes it without a capital."""
    small = {quote[word.start : word.end] for word in words(quote)}
    query = analyse(sentence, "snowball")
    named = with_opening_name(query, lambda written: written.lower() not in small, lambda _: True)
    return particulars(named)


@lru_cache(maxsize=1024)
def _stems(text: str) -> tuple[str, ...]:
    """All words in order, those of grammar too."""
    return tuple(_stem(word.text) for word in words(text))


def _stem(word: str) -> str:
    return _SAME.get(word, word if word in _FREE else cut(word, "snowball"))


# Does a quote say literally that what a question asks is so, or that it is not?

YesNo = Literal["yes", "no", ""]

_ASKED, _OPEN, _NAMED, _LATER = map(_TEXT.compiled, "ASKED OPEN NAMED LATER".split())
_DOING = frozenset(("do", "does", "did"))
_LONGEST_SUBJECT = 6  # words before the verb of the statement


def verdict(question: str, quote: str) -> YesNo:
    """Yes or no only where the quote has the question's words in their order, its numbers and names, and no doubt.

    "" for every other quote, and for what is no plain question of yes and no.
    """
    asked = _ASKED.fullmatch(" ".join(question.split()))
    if not asked or _OPEN.search(asked["rest"]) or _NAMED.search(asked["rest"]):
        return ""
    verb, rest = asked["verb"].lower(), asked["rest"].split()
    if not _in_order(asked["rest"], quote) or (_LATER.search(quote) and verb not in ("will", "would")):
        return ""
    if any(bears_out(statement, quote) for statement in _statements(verb, rest, "")):
        return "yes"
    return "no" if any(bears_out(statement, quote) for statement in _statements(verb, rest, "not")) else ""


def _in_order(asked: str, quote: str) -> bool:
    """Who is larger than whom is told by order alone."""
    said = iter([cut(word.text, "snowball") for word in words(quote)])
    telling = (word.text for word in words(asked) if word.text not in stop_words())
    return all(cut(word, "snowball") in said for word in telling)


def _statements(verb: str, rest: list[str], negation: str) -> Iterator[str]:
    """With the verb behind each of the first words, since only one of these places is behind the subject."""
    for n in range(1, min(_LONGEST_SUBJECT, len(rest) - 1) + 1):
        middle = [] if verb in _DOING and not negation else [verb, negation]
        yield " ".join(filter(None, (*rest[:n], *middle, *rest[n:]))) + "."
        if not middle:
            return
