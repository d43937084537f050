"""Questions that the articles are known to answer: made from their sentences, asked, and kept only if answered by them.

So a suggestion never leads to "the articles do not say", nor to another article than the one it was made from.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count, pairwise, product
from typing import NamedTuple

from index.errors import BadQuestion
from index.records import Document, short_title
from index.text.sentences import sentences
from index.text.words import cut, normalise, stop_words, words
from rag.answer import Answer
from rag.follow_ups.turns import Turn
from rag.language.dependence import depends_on_previous
from rag.language.patterns import read_patterns
from rag.question.analysis import analyse
from rag.selection.definitions import defines
from rag.structure import BODY, block_at
from rag.suggestions.patterns import DEEDS, PIECES, ROLE, TITLE, Made, Rule, subject

# Questions that a sentence answers, as a person would ask them, made by rule from its words.
# A rule fires only on the words of its own pattern, since a question that reads badly is worse than none. English.

VAGUE = "about"  # the kind to fall back on

_LONGEST = 420  # characters; a longer sentence is a list or a table
_MOST_WORDS = 16  # of a question
_DEFINES = 0.7  # how well a sentence must define whom "Who is …?" asks for
_TEXT = read_patterns("rag.suggestions", "suggest.txt", **PIECES)
_SHORT_FOR, _IS_A, _TITLED = map(_TEXT.cased, ("SHORT_FOR", "IS_A", "TITLED"))
_APPOSED, _CALLED, _NAMED = map(_TEXT.cased, ("APPOSED", "CALLED", "NAMED"))
_ENDS, _ASKED = map(_TEXT.cased, ("ENDS", "ASKED"))


class Wondered(NamedTuple):
    """A question and what answers it."""

    kind: str
    text: str
    sentence: str  # that it was made from
    of: str  # whom or what it is about, normalised


_made = dict[tuple[str, int], tuple[Wondered, ...]]()  # by what the article is, without holding it
_MOST_MADE = 256


def wonder(document: Document) -> tuple[Wondered, ...]:
    """All questions that the rules make, each text once; within a kind, what the article speaks of most comes first.

    Those of the last articles are kept: beside an ingest most are as they were in the index before.
    """
    key = (document.sha256, hash(document))
    if (known := _made.get(key)) is None:
        known = _made[key] = _wonder(document)
        if len(_made) > _MOST_MADE:
            _made.pop(next(iter([*_made])), None)  # copied in one step: other threads write there
    return known


def _wonder(document: Document) -> tuple[Wondered, ...]:
    questions: dict[str, Wondered] = {}
    for span in sentences(document.text, document.language or "en"):
        sentence = document.text[span.start : span.end]
        if block_at(document.blocks, span.start).kind not in BODY:
            continue
        if len(sentence) <= _LONGEST and sentence.rstrip("”\"’'")[-1:] in (".", "!", ":"):
            for wondered in _of_sentence(sentence):
                questions.setdefault(normalise(wondered.text), wondered)
    for wondered in _headed(document):
        questions.setdefault(normalise(wondered.text), wondered)
    text = normalise(document.text)
    return tuple(sorted(questions.values(), key=lambda wondered: -text.count(wondered.of)))


def _headed(document: Document) -> Iterator[Wondered]:
    """The article's own questions, as a list of them has, each with the first sentence below it."""
    for asked, answer in pairwise(document.blocks):
        text = document.text[asked.start : asked.end].strip()
        whole = asked.kind in {"question", "heading"} and answer.kind in BODY and _ASKED.fullmatch(text)
        if whole and len(text.split()) <= _MOST_WORDS:
            first = next(iter(sentences(document.text[answer.start : answer.end], document.language or "en")))
            yield Wondered("asked", text, document.text[answer.start + first.start : answer.start + first.end], "")


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

MOST = 3  # suggestions after one answer
TRIED = 8  # questions that are asked to find them
STARTERS = 6  # articles that the first suggestions come from
_NEAR = 6  # articles that are looked at for what to ask next
_OF_ONE = 2  # suggestions from one article, while others have any
_SHARED = 0.25  # of the questions have a word that is common to all the articles
_BESIDE = 600  # characters between two sentences of the same paragraph or so

Ask = Callable[[str], Answer]


class Suggester:
    """Of one assistant on one index version; what an article gives, and how a question is answered, is found once."""

    def __init__(
        self, ask: Ask, document_of: Callable[[str], Document], ids: Sequence[str], known: Mapping[str, str]
    ) -> None:
        """`known`: document id → a question that somebody wrote for it; it must be answered like every other."""
        self._ask = ask
        self._document_of = document_of
        self._ids = ids
        self._known = known
        self._wondered = lru_cache(maxsize=1024)(self._wondered_of)
        self._sureness = lru_cache(maxsize=4096)(self._sureness_of)
        self.first = lru_cache(maxsize=1)(self._first)

    def after(self, answer: Answer, turns: Sequence[Turn] = ()) -> tuple[str, ...]:
        """What to ask next: of the same people and things, from sentences beside what was quoted or like it, also of
        other articles; nothing that was asked or told in this conversation. Then what an article says as a whole, last
        what else these articles answer."""
        told = _Told.by(answer, turns)
        names = self._near(answer)
        offered = [(name, one) for name in names for one in self._wondered(name) if told.new(one)]
        told = told.without(_common([one for _, one in offered]))
        close = [(told.closeness(self._document_of(name), one), n) for n, (name, one) in enumerate(offered)]
        ranked = [(offered[n], near > 0) for near, n in sorted(close, key=lambda pair: (-pair[0], pair[1]))]
        texts = self._picked([pair for pair, near in ranked if near])
        whole = next(
            (one for one in map(self._whole, names) if _key(one) not in told.asked and self._answered(one)), ""
        )
        texts += [whole] if whole and len(texts) < MOST else []
        texts += self._picked([pair for pair, near in ranked if not near]) if len(texts) < MOST else []
        return tuple(texts[:MOST])

    def _picked(self, ranked: Sequence[tuple[str, Wondered]]) -> list[str]:
        """The first that are answered, from several articles where these have any, and not alike."""
        kept: list[tuple[str, Wondered]] = []
        for most, (name, one) in product((_OF_ONE, MOST), ranked[:TRIED]):
            of_one = sum(other == name for other, _ in kept) < most
            if len(kept) < MOST and of_one and not any(_alike(one, other) for _, other in kept):
                kept += [(name, one)] if self._sureness(name, one) else []
        return [one.text for _, one in kept]

    def _first(self) -> tuple[str, ...]:
        """To begin with: one from each of a few articles, spread over all; where these give few, what some say as a
        whole."""
        step = max(1, len(self._ids) // STARTERS)
        found: dict[str, None] = {}
        for name in self._ids[::step][: 2 * STARTERS]:
            if len(found) < STARTERS and (best := self._surest(name)):
                found.setdefault(best)
        for name in self._ids[::step]:
            if len(found) < MOST and self._answered(whole := self._whole(name)):
                found.setdefault(whole)
        return tuple(found)

    def _whole(self, document_id: str) -> str:
        return f"What are the key points of “{short_title(self._document_of(document_id).title)}”?"

    def _near(self, answer: Answer) -> list[str]:
        """The articles that were quoted, then those that came near, then any."""
        cited = [citation.document_id for citation in answer.citations]
        evidence = [hit.passage.document_id for hit in answer.evidence]
        return list(dict.fromkeys((*cited, *evidence, *self._ids[:_NEAR])))[:_NEAR]

    def _surest(self, document_id: str) -> str:
        """Of its first TRIED questions, the one written for it, else the surest, vague ones last."""
        tried = self._wondered(document_id)[:TRIED]
        sure = [(found, one) for one in tried if (found := self._sureness(document_id, one))]
        best = max(sure, key=lambda pair: (not pair[1].kind, pair[1].kind != VAGUE, pair[0]), default=None)
        return best[1].text if best else ""

    def _wondered_of(self, document_id: str) -> tuple[Wondered, ...]:
        """What was written for it, then what the rules make of it, the best of each kind first."""
        written = [Wondered("", self._known[document_id], "", "")] if document_id in self._known else []
        return (*written, *_mixed(wonder(self._document_of(document_id))))

    def _sureness_of(self, document_id: str, wondered: Wondered) -> float:
        """The answer's confidence; 0 if its first quote is not the sentence that the question was made from, or the
        better part of it."""
        answer = self._reply(wondered.text)
        if answer is None or not answer.citations:
            return 0.0
        first = answer.citations[0]
        whole = wondered.sentence in first.quote
        part = first.quote in wondered.sentence and 2 * len(first.quote) > len(wondered.sentence)
        return answer.confidence if first.document_id == document_id and (whole or part) else 0.0

    @cached_property
    def _answered(self) -> Callable[[str], bool]:
        return lru_cache(maxsize=1024)(lambda text: self._reply(text) is not None)

    def _reply(self, question: str) -> Answer | None:
        """None where it is not answered, or is no question: what an article's title makes of it is not in our hands."""
        try:
            answer = self._ask(question)
        except BadQuestion:
            return None
        return answer if answer.status == "answered" else None


@dataclass(frozen=True, slots=True)
class _Told:
    """What was asked and quoted last, and before."""

    asked: frozenset[tuple[str, ...]]  # keys of all questions of the conversation
    quotes: tuple[tuple[str, str], ...]  # of the last answer: document id and words
    heard: str  # all that was shown
    stems: frozenset[str]  # of the last question and its quotes

    @classmethod
    def by(cls, answer: Answer, turns: Sequence[Turn]) -> "_Told":
        questions = (answer.question, answer.standalone, *(turn.question for turn in turns))
        quotes = tuple((citation.document_id, citation.quote) for citation in answer.citations)
        heard = "\n".join((*(quote for _, quote in quotes), *(turn.answer for turn in turns)))
        last = " ".join((answer.question, answer.standalone, *(quote for _, quote in quotes)))
        return cls(frozenset(map(_key, questions)), quotes, heard, _stems(last))

    def without(self, common: frozenset[str]) -> "_Told":
        """Told apart by other words than these."""
        return replace(self, stems=self.stems - common)

    def new(self, one: Wondered) -> bool:
        """Neither asked, in other words or not, nor told."""
        again = any(_repeats(_key(one.text), key) for key in self.asked)
        return not again and not (one.sentence and one.sentence in self.heard)

    def closeness(self, document: Document, one: Wondered) -> float:
        """Of the same things, in like words, from beside what was quoted: a sum of three shares; less where vague."""
        of, words_of_it = _stems(one.of), _stems(f"{one.text} {one.sentence}")
        same = len(of & self.stems) / max(len(of), 1)
        like = len(words_of_it & self.stems) / max(len(words_of_it), 1)
        at = document.text.find(one.sentence) if one.sentence else -1
        places = [document.text.find(quote) for name, quote in self.quotes if name == document.id]
        beside = any(at >= 0 <= place and abs(at - place) <= _BESIDE for place in places)
        return same + like + 0.5 * beside + 0.25 * bool(places) - 0.75 * (one.kind == VAGUE)


def _common(offered: Sequence[Wondered]) -> frozenset[str]:
    """Stems that so many of the questions are about that they tell none of them apart."""
    held = Counter(stem for one in offered for stem in _stems(f"{one.text} {one.sentence}"))
    return frozenset(stem for stem, count in held.items() if count > max(_SHARED * len(offered), 2))


def _stems(text: str) -> frozenset[str]:
    spoken = (word.text for word in words(normalise(text)))
    return frozenset(cut(word, "snowball") for word in spoken if word not in stop_words())


def _mixed(questions: Sequence[Wondered]) -> list[Wondered]:
    """The best of each kind, then the second of each, so that not all eight are alike; the vaguest kind comes last."""
    nth = {kind: count() for kind in (wondered.kind for wondered in questions)}
    ranked = [(wondered.kind == VAGUE, next(nth[wondered.kind]), n) for n, wondered in enumerate(questions)]
    return [questions[n] for *_, n in sorted(ranked)]


def _alike(a: Wondered, b: Wondered) -> bool:
    """The same question, one that the same sentence answers, or the same asked of the same subject."""
    same = bool(a.of) and a.of == b.of and (a.kind == b.kind or VAGUE in (a.kind, b.kind))
    return same or _repeats(_key(a.text), _key(b.text)) or bool(a.sentence and a.sentence == b.sentence)


def _repeats(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """The same question, or with a few more words."""
    telling = [set(key) - stop_words() for key in (a, b)]
    return a == b or (min(map(len, telling)) > 1 and (telling[0] <= telling[1] or telling[1] <= telling[0]))


def _key(question: str) -> tuple[str, ...]:
    return tuple(word.text for word in words(normalise(question)))
