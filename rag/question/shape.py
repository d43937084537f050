"""The shape of the answer that a question wants, beyond its kind: a definition, a list, two sides, a development.

English and Spanish question words; what fits nothing has no shape, and costs nothing.

Of the 207 development questions (eval/gold) 1 answer is another by its shape; 2 ask for a definition, none for a
timeline.
"""

import re
from typing import Literal, get_args

from rag.language.patterns import read_patterns

Shape = Literal["definition", "list", "comparison", "timeline", ""]
Sought = Literal["duration", "place", "reason", "manner", ""]

_MOST_NAME_WORDS = 6


_TEXT = read_patterns("rag.question", "shape.txt")
_MEANING = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _TEXT.families["definition"])
_LIST = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _TEXT.families["list"])
_BEING, _ROLE_WORDS, _ABSTRACT = map(_TEXT.compiled, ("BEING", "ROLE_WORDS", "ABSTRACT"))
_KIND_OF_THING, _ONE_NAME, _TIMELINE = map(_TEXT.compiled, ("KIND_OF_THING", "ONE_NAME", "TIMELINE"))
_SOUGHT: tuple[tuple[Sought, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern)) for what in get_args(Sought)[:-1] for pattern in _TEXT.families[what]
)
_FREE = re.compile(r"\b(?:of|and|the|for|in|on|de|la|del|van|von|al|with|you|to)\b")  # small words inside names


def shape(question: str, *, compared: bool) -> tuple[Shape, str]:
    """The shape, and what is to be defined where that is a definition, else ""; `compared`: it has two sides."""
    text = " ".join(question.split()).strip(" ?!.¿¡")
    if subject := _defined(text):
        return "definition", subject
    if compared:
        return "comparison", ""
    if _TIMELINE.search(text):
        return "timeline", ""
    lists = not _ONE_NAME.search(text) and any(pattern.search(text) for pattern in _LIST)
    return ("list" if lists else ""), ""


def sought(question: str) -> Sought:
    """A place, a reason, a length of time or a manner, as far as the question word says."""
    lowered = question.lower()
    return next((what for what, pattern in _SOUGHT if pattern.search(lowered)), "")


def _defined(text: str) -> str:
    for pattern in _MEANING:
        if (match := pattern.match(text)) and len(match["of"].split()) <= _MOST_NAME_WORDS:
            return re.sub(r"(?<=\w\w) in [a-z]+$", "", _bare(match["of"]))  # "thin film in physics"
    match = _BEING.match(text)
    if not match or len(match["of"].split()) > _MOST_NAME_WORDS:
        return ""
    of = _bare(match["of"])
    if not of or _ABSTRACT.match(of) or not _is_title(of, text):
        return ""
    if match["who"]:
        return "" if match["article"] or re.search(r" (?:of|to|for|in|at) ", of) else of
    return of if of[0].isupper() or of.count(" ") < 3 else ""


def _bare(phrase: str) -> str:
    """Without quotation marks and without "the word …"."""
    return re.sub(r"^(?:the )?(?:word|term|name|phrase|song) ", "", phrase.strip(" \"'“”‘’"), flags=re.IGNORECASE)


def _is_title(of: str, text: str) -> bool:
    """A name, a title such as "Remain in Mexico policy", or a plain noun; "central dilemma for Mexico" is neither."""
    core = _KIND_OF_THING.sub("", of)
    if of[0].isupper():
        words = _FREE.sub(" ", core).split()
        return not re.search(r"['’]s?\b(?= )", core) and all(not word[0].islower() for word in words)
    if f'"{of}"' in text or f"“{of}”" in text:
        return True
    words = of.lower().split() if " " in of else []
    unlike = any(word.endswith(("ing", "ed")) or word in ("worth", "like", "about", "for", "made") for word in words)
    return not unlike and not _ROLE_WORDS.search(core)
