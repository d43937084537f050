"""Does a sentence of a text that somebody wrote state anything that articles could bear out?

Questions, greetings, headings and what a writer says of himself or to his reader state nothing of the kind.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from index.text.sentences import sentences
from index.text.words import stop_words, words
from rag.language.patterns import read_patterns
from rag.language.word_lists import AUXILIARIES, lexicon

_MARKS = re.compile(r"^[\s>*•·‣▪_~`#\"'“”‘’(\[–—-]*(?:\(?\d{1,2}[.)]\s+)?[\s*_\"'“‘(\[]*")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_RULE = re.compile(r"\s*[-=*_|:+\s]+")
_ASKS = re.compile(r"\?[\"'”’)\]*_]*\s*$")
_GREETING, _CHATTER = map(read_patterns("rag.text_check", "assertions.txt").compiled, ("GREETING", "CHATTER"))
_LONGEST_LABEL = 8  # words in front of a colon that ends a sentence
_LONGEST_HEADING = 14  # words of a line without a verb and without an end
_LONGEST_SUBJECT = 5  # words; further on a sentence has begun to speak of other things
_JOINT = re.compile(r"; (?:and |but )?|, (?:and|but|while|whereas|y|pero|mientras que) ")
_PAST = re.compile(r"[a-z]{3,}(?<!e)ed")
_ENDED = re.compile(r"[.!…;][\"'”’»)\]*_]*\s*$")


def is_claim(sentence: str) -> bool:
    """True for whatever is none of these; no text makes it fail."""
    bare = sentence[_MARKS.match(sentence).end() :] if not _RULE.fullmatch(sentence) else ""  # type: ignore[union-attr]
    text_words = words(bare)
    telling = [word for word in text_words if word.text not in stop_words()]
    if not telling or _HEADING.match(sentence) or _ASKS.search(sentence):
        return False
    if _GREETING.match(bare) or _CHATTER.match(bare):
        return False
    lettered = any(word.text[0].isalpha() for word in text_words)
    if not lettered or (len(telling) < 2 and not any(c.isdigit() for c in bare)):
        return False
    return not _is_heading(bare, len(text_words))


def clauses(sentence: str) -> tuple[str, ...]:
    """The parts of a sentence that are told one after the other, each with a verb; none where it is one statement."""
    edges = [0, *(edge for match in _JOINT.finditer(sentence) for edge in match.span()), len(sentence)]
    parts = tuple(sentence[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
    return parts if len(parts) > 1 and all(is_claim(part) and _has_verb(part) for part in parts) else ()


def predicate_start(text: str) -> int:
    """Where the first word stands that may be a verb; the length of a text without one."""
    for word in words(text):
        if word.text in AUXILIARIES or lexicon().verb(word.text) or _PAST.fullmatch(word.text):
            return word.start
    return len(text)


def subject_of(text: str) -> str:
    """What stands before the first verb, of the first few words."""
    end = [word.end for word in words(text)][:_LONGEST_SUBJECT]
    return text[: min(predicate_start(text), end[-1] if end else 0)]


def _has_verb(text: str) -> bool:
    return predicate_start(text) < len(text)


def _is_heading(bare: str, count: int) -> bool:
    """A label in front of a colon, or a short line without an end and without a verb."""
    if bare.rstrip(" *_").endswith(":"):
        return count <= _LONGEST_LABEL
    return not _ENDED.search(bare) and count <= _LONGEST_HEADING and not _has_verb(bare)


# A text that a language model wrote → its sentences without their markers, and the markers that each of them carries.
# Of Markdown only the signs around words are taken away; what it says otherwise stays, and is checked like all the
# rest.

_MARKER = re.compile(r"[ \t]*\[\^?([0-9]{1,4}(?:[ \t]*[,;][ \t]*[0-9]{1,4})*)\]")
_NUMBER = re.compile(r"[0-9]+")
_LINE_SIGNS = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•]|#{1,6}|[0-9]{1,2}[.)])\s+)?")
_EMPHASIS = re.compile(r"\*+|`+|__+")


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence on one line, and the numbers in its [n], in their order."""

    text: str
    markers: tuple[int, ...]


def marked(text: str, language: str = "en") -> list[Marked]:
    """In order; a marker belongs to the sentence that it stands in or behind, one that opens a line to the first."""
    usable = text.encode(errors="replace").decode()  # half a surrogate pair has no place in any text
    return [sentence for line in usable.splitlines() for sentence in _in_line(line, language)]


def _in_line(line: str, language: str) -> Iterator[Marked]:
    text, places = _without_markers(_EMPHASIS.sub("", line[_LINE_SIGNS.match(line).end() :]))  # type: ignore[union-attr]
    spans = sentences(text, language)
    starts = [span.start for span in spans]
    for n, span in enumerate(spans):
        own = [number for at, numbers in places if max(bisect_left(starts, at) - 1, 0) == n for number in numbers]
        yield Marked(" ".join(text[span.start : span.end].split()), tuple(own))


def _without_markers(line: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """What is left, and where in it each marker stood."""
    text, places, at = "", [], 0
    for match in _MARKER.finditer(line):
        text += line[at : match.start()]
        places.append((len(text), [int(number) for number in _NUMBER.findall(match.group())]))
        at = match.end()
    return text + line[at:], places
