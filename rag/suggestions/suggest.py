"""Questions that the articles are known to answer: made from their sentences, asked, and kept only if answered by them.

So a suggestion never leads to "the articles do not say", nor to another article than the one it was made from.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from index.records import Document
from index.text.sentences import sentences
from index.text.words import normalise, stop_words, words
from rag.answer import Answer
from rag.language.dependence import depends_on_previous
from rag.language.patterns import read_patterns
from rag.question.analysis import analyse
from rag.selection.definitions import defines
from rag.structure import BODY, block_at
from rag.suggestions.patterns import DEEDS, PIECES, ROLE, TITLE, Made, Rule, subject

# Questions that a sentence answers, as a person would ask them, made by rule from its words.
#
# A rule fires only on the words of its own pattern, since a question that reads badly is worse than none. English.

VAGUE = "about"  # the kind to fall back on

_LONGEST = 420  # characters; a longer sentence is a list or a table
_MOST_WORDS = 16  # of a question
_DEFINES = 0.7  # how well a sentence must define whom "Who is …?" asks for
_TEXT = read_patterns("rag.suggestions", "suggest.txt", **PIECES)
_SHORT_FOR, _IS_A, _TITLED = map(_TEXT.cased, ("SHORT_FOR", "IS_A", "TITLED"))
_APPOSED, _CALLED, _NAMED = map(_TEXT.cased, ("APPOSED", "CALLED", "NAMED"))
_ENDS = _TEXT.cased("ENDS")


class Wondered(NamedTuple):
    """A question and what answers it."""

    kind: str
    text: str
    sentence: str  # that it was made from
    of: str  # whom or what it is about, normalised


def wonder(document: Document) -> list[Wondered]:
    """All questions that the rules make, each text once; within a kind, what the article speaks of most comes first."""
    questions: dict[str, Wondered] = {}
    for span in sentences(document.text, document.language or "en"):
        sentence = document.text[span.start : span.end]
        if block_at(document.blocks, span.start).kind not in BODY:
            continue
        if len(sentence) <= _LONGEST and sentence.rstrip("”\"’'")[-1:] in (".", "!"):
            for wondered in _of_sentence(sentence):
                questions.setdefault(normalise(wondered.text), wondered)
    text = normalise(document.text)
    return sorted(questions.values(), key=lambda wondered: -text.count(wondered.of))


def _of_sentence(sentence: str) -> Iterator[Wondered]:
    for kind, pattern, make in _RULES:
        for match in pattern.finditer(sentence):
            text, of = make(match, sentence)
            if text and len(text.split()) <= _MOST_WORDS:
                yield Wondered(kind, text, sentence, normalise(of))


def _stand_for(match: re.Match[str], _: str) -> Made:
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", match["long"]) if word[0].isupper())
    spelled = re.fullmatch(".*" + ".*".join(match["short"]) + ".*", initials)
    return (f"What does {match['short']} stand for?" if spelled else ""), match["short"]


def _who(match: re.Match[str], sentence: str) -> Made:
    who = subject(match["who"])
    text = f"Who is {who}?"
    fits = len(who.split()) > 1 and defines(analyse(text, "snowball"), sentence) >= _DEFINES
    return (text if fits else ""), who


def _what(match: re.Match[str], sentence: str) -> Made:
    who = subject(match["who"])
    text = f"{'Who' if TITLE.match(match['who']) else 'What'} {match['be']} {who}?"
    person = re.search(rf"\b(?:{ROLE})\b", sentence[match.end() : match.end() + 40])
    fits = who and not person and defines(analyse(text, "snowball"), sentence) >= _DEFINES
    return (text if fits else ""), who


def _scheme(match: re.Match[str], _: str) -> Made:
    name = match["who"] or match["named"]
    return (f"What is the “{name}” {match['kind']}?" if match["who"] else f"What is “{name}”?"), name


def _about(match: re.Match[str], sentence: str) -> Made:
    who = subject(match["who"])
    whole = " " in who.removeprefix("the ") and _ENDS.match(sentence, match.end())
    return (f"What is said about {who}?" if whole and not depends_on_previous(sentence) else ""), who


_RULES: tuple[Rule, ...] = (
    *DEEDS,
    ("scheme", _CALLED, _scheme),
    ("who", _TITLED, _who),
    ("who", _APPOSED, _who),
    ("what", _IS_A, _what),
    ("short", _SHORT_FOR, _stand_for),
    (VAGUE, _NAMED, _about),
)

MOST = 3  # suggestions from one article, and after one answer
TRIED = 8  # questions that are asked to find them
STARTERS = 6  # articles that the first suggestions come from

Ask = Callable[[str], Answer]


class Suggester:
    """Of one assistant on one index version; what an article gives is found once."""

    def __init__(
        self, ask: Ask, document_of: Callable[[str], Document], ids: Sequence[str], known: Mapping[str, str]
    ) -> None:
        """`known`: document id → a question that somebody wrote for it; it must be answered like every other."""
        self._ask = ask
        self._document_of = document_of
        self._ids = ids
        self._known = known
        self.of_document = lru_cache(maxsize=1024)(self._of_document)
        self.first = lru_cache(maxsize=1)(self._first)

    def after(self, answer: Answer) -> tuple[str, ...]:
        """What to ask next: from the articles that were quoted, or that came nearest; never the same question, nor one
        that the answer has just answered."""
        cited = [citation.document_id for citation in answer.citations]
        near = cited or [hit.passage.document_id for hit in answer.evidence[:1]]
        asked = {_key(answer.question), _key(answer.standalone)}
        questions = [text for name in dict.fromkeys(near[:2]) for text in self.of_document(name)]
        return tuple(text for text in dict.fromkeys(questions) if _key(text) not in asked)[:MOST]

    def _first(self) -> tuple[str, ...]:
        """To begin with: one from each of the first articles."""
        return tuple(text for name in self._ids[:STARTERS] for text in self.of_document(name)[:1])

    def _of_document(self, document_id: str) -> tuple[str, ...]:
        """At most MOST of at most TRIED questions, the surest answered first, each by another sentence."""
        kept: list[Wondered] = []
        sure = [(self._sureness(document_id, wondered), wondered) for wondered in self._tried(document_id)]
        for sureness, wondered in sorted(sure, key=lambda pair: (bool(pair[1].kind), -pair[0])):
            if sureness and len(kept) < MOST and not any(_alike(wondered, other) for other in kept):
                kept.append(wondered)
        return tuple(wondered.text for wondered in kept)

    def _tried(self, document_id: str) -> list[Wondered]:
        written = [Wondered("", self._known[document_id], "", "")] if document_id in self._known else []
        return [*written, *_mixed(wonder(self._document_of(document_id)))][:TRIED]

    def _sureness(self, document_id: str, wondered: Wondered) -> float:
        """The answer's confidence; 0 if its first quote is not the sentence that the question was made from, or the
        better part of it."""
        answer = self._ask(wondered.text)
        if answer.status != "answered" or not answer.citations:
            return 0.0
        first = answer.citations[0]
        whole = wondered.sentence in first.quote
        part = first.quote in wondered.sentence and 2 * len(first.quote) > len(wondered.sentence)
        return answer.confidence if first.document_id == document_id and (whole or part) else 0.0


def _mixed(questions: Sequence[Wondered]) -> list[Wondered]:
    """The best of each kind, then the second of each, so that not all eight are alike; the vaguest kind comes last."""
    nth = {kind: count() for kind in (wondered.kind for wondered in questions)}
    ranked = [(wondered.kind == VAGUE, next(nth[wondered.kind]), n) for n, wondered in enumerate(questions)]
    return [questions[n] for *_, n in sorted(ranked)]


def _alike(a: Wondered, b: Wondered) -> bool:
    """The same question, one that the same sentence answers, or the same asked of the same subject."""
    same = bool(a.of) and a.of == b.of and (a.kind == b.kind or VAGUE in (a.kind, b.kind))
    telling = [set(_key(wondered.text)) - stop_words() for wondered in (a, b)]
    repeats = min(map(len, telling)) > 1 and (telling[0] <= telling[1] or telling[1] <= telling[0])
    return same or repeats or _key(a.text) == _key(b.text) or bool(a.sentence and a.sentence == b.sentence)


def _key(question: str) -> tuple[str, ...]:
    return tuple(word.text for word in words(normalise(question)))
