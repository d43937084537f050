"""Does a sentence of a text that somebody wrote state anything that articles could bear out?

Questions, greetings, headings and what a writer says of himself or to his reader state nothing of the kind.
"""

import re

from index.text import stop_words, words
from rag.dialogue.lexicon import AUXILIARIES, lexicon

_MARKS = re.compile(r"^[\s>*•·‣▪_~`#\"'“”‘’(\[–—-]*(?:\(?\d{1,2}[.)]\s+)?[\s*_\"'“‘(\[]*")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_RULE = re.compile(r"\s*[-=*_|:+\s]+")
_ASKS = re.compile(r"\?[\"'”’)\]*_]*\s*$")
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|thanks|thank you|cheers|sincerely|regards"
    r"|(?:kind|best|warm) regards|sure|certainly|of course|absolutely|great question|good question|you['’]re welcome"
    r"|welcome|okay|ok|yes|no|sorry|hola|gracias|buenos d[ií]as|saludos|claro)(?: [\w'’-]+){0,4}\W*$",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"(?:(?:so|and|but|well|now|okay|ok|sure|certainly|of course|honestly|personally|also|as requested|yes|no)[,!.:]? )"
    r"*"
    r"(?:i|i['’](?:m|ve|d|ll)|let me|let us|let['’]s|here(?:['’]s| is| are)|below (?:is|are)"
    r"|in my (?:\w+ )?(?:opinion|view)"
    r"|my|(?:please )?feel free|please|hope|hopefully|as an? (?:\w+ )?(?:ai|language model|assistant|llm)\b"
    r"|do you|can you|would you|if you (?:have|need|want|would like|['’]d like)|you can|you may|don['’]t hesitate"
    r"|thank you|thanks|happy to|glad to|creo que|yo)(?![\w'’])",
    re.IGNORECASE,
)
_LONGEST_LABEL = 8  # words in front of a colon that ends a sentence
_LONGEST_HEADING = 14  # words of a line without a verb and without an end
_LONGEST_SUBJECT = 5  # words; further on a sentence has begun to speak of other things
_JOINT = re.compile(r"; (?:and |but )?|, (?:and|but|while|whereas|y|pero|mientras que) ")
_PAST = re.compile(r"[a-z]{3,}(?<!e)ed")
_ENDED = re.compile(r"[.!…;][\"'”’»)\]*_]*\s*$")


def is_claim(sentence: str) -> bool:
    """True for whatever is none of these; no text makes it fail."""
    bare = sentence[_MARKS.match(sentence).end() :] if not _RULE.fullmatch(sentence) else ""  # type: ignore[union-attr]
    found = words(bare)
    telling = [word for word in found if word.text not in stop_words()]
    if not telling or _HEADING.match(sentence) or _ASKS.search(sentence):
        return False
    if _GREETING.match(bare) or _CHATTER.match(bare):
        return False
    lettered = any(word.text[0].isalpha() for word in found)
    if not lettered or (len(telling) < 2 and not any(c.isdigit() for c in bare)):
        return False
    return not _is_heading(bare, len(found))


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


def _is_heading(bare: str, found: int) -> bool:
    """A label in front of a colon, or a short line without an end and without a verb."""
    if bare.rstrip(" *_").endswith(":"):
        return found <= _LONGEST_LABEL
    return not _ENDED.search(bare) and found <= _LONGEST_HEADING and not _has_verb(bare)
