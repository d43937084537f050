"""Labelling one question: what is marked so far, and what each key makes of it. Pure: keys in, a new draft out.

Spans are kept in cleaned coordinates while they are marked, and become source offsets when the question is kept.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval.authoring.duplicates import kind_of
from eval.authoring.propose import NEAR_MISS, ProposedQuestion
from eval.sets.gold import GoldSpan, Question, span_in, stripped
from index.records import Document, Passage, Span, to_clean

SHOWN = 9  # passages, so that one digit names each
_WORD = re.compile(r"\S+")
_ANSWERS = "|"  # parts several answers

DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class MarkedWords:
    """Words of a document, in cleaned offsets."""

    document_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as it would be kept now. `passage` is the place of the opened one among those found."""

    candidate: ProposedQuestion
    text: str
    answerable: bool = True
    answers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    marks: tuple[MarkedWords, ...] = ()  # the last one is being marked
    passage: int | None = None


@dataclass(frozen=True, slots=True)
class KeyPress:
    """What somebody pressed or typed: one character, and words for those that take some."""

    name: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class LabelScene:
    """What a draft is labelled against."""

    passages: Sequence[Passage]
    document_of: DocumentOf


class Refused(Exception):
    """The key means nothing here; the message says what would."""


def draft_of(candidate: ProposedQuestion, document_of: DocumentOf) -> Draft:
    """As it was proposed, spans included as far as they can be quoted."""
    question = candidate.question
    answerable = question.answerable or not candidate.known
    tags = question.tags or (kind_of(question.asked),)
    marks = tuple(mark for span in question.spans if (mark := _mark_of(span, document_of)))
    return Draft(candidate, question.text, answerable, question.answers, tags, marks)


def press(draft: Draft, key: KeyPress, scene: LabelScene) -> Draft:
    """The draft after one key. Raises Refused, and leaves everything as it was."""
    if key.name.isdigit():
        return _chosen(draft, int(key.name) or 10, scene)
    act = _ACTS.get(key.name)
    if act is None:
        raise Refused(f"no such key: {key.name!r}; ? lists them")
    return act(draft, key.words, scene)


def question_of(draft: Draft, scene: LabelScene) -> Question:
    """The gold question. Raises Refused where an answerable one has nothing marked."""
    if draft.answerable and not draft.marks:
        raise Refused("nothing is marked: choose a passage and a sentence by their numbers, or u for unanswerable")
    made = tuple(dict.fromkeys(span_in(scene.document_of(mark.document_id), mark.span) for mark in draft.marks))
    spans, answers = (made, draft.answers) if draft.answerable else ((), ())
    old = draft.candidate.question
    return Question(
        old.id, draft.text, draft.answerable, answers, spans, draft.tags, old.history, old.standalone, near=""
    )


def marked_words(mark: MarkedWords, document_of: DocumentOf) -> str:
    return document_of(mark.document_id).text[mark.span.start : mark.span.end]


def _mark_of(span: GoldSpan, document_of: DocumentOf) -> MarkedWords | None:
    clean = to_clean(document_of(span.document_id), Span(span.start, span.end))
    return None if clean is None else MarkedWords(span.document_id, clean)


def _chosen(draft: Draft, number: int, scene: LabelScene) -> Draft:
    """A passage, or with one open a sentence of it; a second sentence beside the marked one is added to it."""
    if draft.passage is None:
        if number > len(scene.passages):
            raise Refused(f"there are {len(scene.passages)} passages")
        return replace(draft, passage=number - 1)
    passage = scene.passages[draft.passage]
    if number > len(passage.sentences):
        raise Refused(f"the passage has {len(passage.sentences)} sentences; p goes back to the passages")
    start, end = stripped(scene.document_of(passage.document_id).text, passage.sentences[number - 1])
    last = draft.marks[-1] if draft.marks else None
    inside = last and last.document_id == passage.document_id and passage.start <= last.span.start < passage.end
    if last and inside:
        span = Span(min(start, last.span.start), max(end, last.span.end))
        return replace(draft, answerable=True, marks=(*draft.marks[:-1], MarkedWords(last.document_id, span)))
    return replace(draft, answerable=True, marks=(*draft.marks, MarkedWords(passage.document_id, Span(start, end))))


def _cleared(draft: Draft, _: str, __: LabelScene) -> Draft:
    if not draft.marks:
        raise Refused("nothing is marked")
    return replace(draft, marks=draft.marks[:-1])


def _typed(draft: Draft, words: str, scene: LabelScene) -> Draft:
    """Only these words: of the marked ones, else of the opened passage."""
    if draft.marks:
        mark = draft.marks[-1]
    elif draft.passage is not None:
        passage = scene.passages[draft.passage]
        mark = MarkedWords(passage.document_id, Span(passage.start, passage.end))
    else:
        raise Refused("choose a passage first")
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    found = re.search(pattern, marked_words(mark, scene.document_of)) if pattern else None
    if found is None:
        raise Refused("these words do not stand in what is marked or open, letter for letter")
    span = Span(mark.span.start + found.start(), mark.span.start + found.end())
    return replace(draft, answerable=True, marks=(*draft.marks[:-1], MarkedWords(mark.document_id, span)))


def _moved(start: int, end: int) -> Callable[[Draft, str, LabelScene], Draft]:
    """By so many words at either end, to the right."""

    def act(draft: Draft, _: str, scene: LabelScene) -> Draft:
        if not draft.marks:
            raise Refused("nothing is marked")
        mark = draft.marks[-1]
        words = [Span(*word.span()) for word in _WORD.finditer(scene.document_of(mark.document_id).text)]
        inside = [
            place for place, word in enumerate(words) if word.start < mark.span.end and mark.span.start < word.end
        ]
        first, last = inside[0] + start, inside[-1] + end
        if first < 0 or last >= len(words) or first > last:
            raise Refused("there is no further word")
        begin = words[first].start if start else mark.span.start
        stop = words[last].end if end else mark.span.end
        return replace(draft, marks=(*draft.marks[:-1], MarkedWords(mark.document_id, Span(begin, stop))))

    return act


def _answered(draft: Draft, words: str, scene: LabelScene) -> Draft:
    """The words typed, or without any those marked."""
    if not words.strip() and not draft.marks:
        raise Refused("type the answer, or mark it first")
    given = words if words.strip() else marked_words(draft.marks[-1], scene.document_of)
    return replace(draft, answers=tuple(part.strip() for part in given.split(_ANSWERS) if part.strip()))


def _unanswerable(draft: Draft, _: str, __: LabelScene) -> Draft:
    if not draft.answerable:
        return replace(draft, answerable=True, tags=tuple(tag for tag in draft.tags if tag != NEAR_MISS))
    tags = draft.tags if NEAR_MISS in draft.tags or "off-topic" in draft.tags else (*draft.tags, NEAR_MISS)
    return replace(draft, answerable=False, tags=tags)


def _edited(draft: Draft, words: str, _: LabelScene) -> Draft:
    if not words.strip():
        raise Refused("type the question")
    return replace(draft, text=" ".join(words.split()))


_ACTS: dict[str, Callable[[Draft, str, LabelScene], Draft]] = {
    "p": lambda draft, *_: replace(draft, passage=None),
    "c": _cleared, "w": _typed, "]": _moved(0, 1), "[": _moved(0, -1), "{": _moved(-1, 0),
    "}": _moved(1, 0), "a": _answered, "u": _unanswerable, "e": _edited,
    "t": lambda draft, words, _: replace(draft, tags=tuple(dict.fromkeys(words.replace(",", " ").split()))),
}  # fmt: skip
TAKES_WORDS = {"a": "answer", "e": "question", "t": "tags", "w": "words of the article", "n": "question"}
