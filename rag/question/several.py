"""Several questions in one message, taken apart; each is then read behind those before it ("… and when?")."""

import re

_MOST = 4  # questions of one message
_FEWEST_WORDS = {"en": 3, "es": 2}  # of a question that another one may hang on: "How much and how often" is one
_ASKING = (
    r"(?:who|whom|whose|what|when|where|why|which|how|qui[eé]n(?:es)?|qu[eé]|cu[aá]l(?:es)?|cu[aá]ndo|d[oó]nde|c[oó]mo"
    r"|cu[aá]nt[oa]s?|por qu[eé])"
)
_BEFORE = r"(?:(?:in|at|to|from|for|by|on|with|of|since|a|de|en|con|por|para) )"
_ACTING = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)"
_ENDED = re.compile(r"(?<=[?？])\s*(?=\S)")
_JOINT = r"(?:[,;]? (?:and|but|y|e|as well as|plus|then)(?: also| then)?|[,;]) "
_JOINED = re.compile(rf"{_JOINT}(?=(?:{_BEFORE}?{_ASKING}\b|{_ACTING} \w+ \w+))", re.IGNORECASE)
_ASKS = re.compile(
    rf"[¿\"“ ]*(?:(?:and|but|also|so|then|y|pero),? )?{_BEFORE}?(?:{_ASKING}|{_ACTING})\b", re.IGNORECASE
)
_RELATIVE = re.compile(r"\b(?:who|which|whom|where|when|that)\b", re.IGNORECASE)


def several(message: str) -> tuple[str, ...]:
    """The questions in order, each with its mark; only the message itself where it is one question, or unclear."""
    sentences = [part.strip() for part in _ENDED.split(message) if any(c.isalnum() for c in part)]
    if len(sentences) > 1 and not all(map(_ASKS.match, sentences)):
        return (message,)
    questions = [question for sentence in sentences for question in _apart(sentence)]
    questions = [question if question.endswith(("?", "？")) else _as_question(question) for question in questions]
    return tuple(questions) if 1 < len(questions) <= _MOST else (message,)


def _apart(sentence: str) -> list[str]:
    """A sentence at the joints between its questions; what stands in front must be a question of its own."""
    found: list[str] = []
    begin, fewest = 0, _FEWEST_WORDS["es" if "¿" in sentence else "en"]
    for joint in _JOINED.finditer(sentence):
        left, right = sentence[begin : joint.start()], sentence[joint.end() :]
        if _ASKS.match(left) and len(left.split()) >= fewest and not _goes_on(left, right):
            found.append(left)
            begin = joint.end()
    return [_as_question(part) for part in (*found, sentence[begin:])] if found else [sentence]


def _goes_on(left: str, right: str) -> bool:
    """ "… the man who wrote and who fell": a relative clause that the first words of the right side only continue."""
    opening = _RELATIVE.match(right)
    behind = " ".join(left.split()[2:])
    return opening is not None and re.search(rf"\b{opening.group()}\b", behind, re.IGNORECASE) is not None


def _as_question(part: str) -> str:
    bare = part.strip(" ,;.?¿！？")
    spanish = "¿" if "¿" in part else ""
    return f"{spanish}{bare[:1].upper()}{bare[1:]}?"
