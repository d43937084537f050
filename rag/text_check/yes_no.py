"""Does a quote say literally that what a question asks is so, or that it is not?"""

from collections.abc import Iterator
from typing import Literal

from index.text.words import cut, stop_words, words
from rag.language.patterns import read_patterns
from rag.text_check.statement import bears_out

Verdict = Literal["yes", "no", ""]

_TEXT = read_patterns("rag.text_check", "assertions.txt")
_ASKED, _OPEN, _NAMED, _LATER = map(_TEXT.compiled, "ASKED OPEN NAMED LATER".split())
_DOING = frozenset(("do", "does", "did"))
_LONGEST_SUBJECT = 6  # words before the verb of the statement


def verdict(question: str, quote: str) -> Verdict:
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
