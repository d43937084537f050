"""One cited sentence in one article, and the small steps that edits are made of."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from index.records import Span
from rag.receipts.changes import State


@dataclass(frozen=True, slots=True)
class Scene:
    """An article, the cited sentence in it, all its sentences, and one of another article."""

    text: str
    span: Span
    sentences: tuple[Span, ...]
    foreign: str
    chance: random.Random

    @property
    def quote(self) -> str:
        return self.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an edit leaves: the text, None for a deleted document; where the sentence, edited or not, stands now."""

    text: str | None
    state: State
    span: Span | None = None


def inserted(scene: Scene, at: int, words: str = "") -> Outcome:
    addition = f"{words or scene.foreign} " if at < len(scene.text) else f" {words or scene.foreign}"
    shift = len(addition) if at <= scene.span.start else 0
    return kept(scene, scene.text[:at] + addition + scene.text[at:], shift)


def kept(scene: Scene, text: str, shift: int) -> Outcome:
    """The sentence was not touched. The same words at the old place are unchanged by definition."""
    start, end = scene.span
    if text[start:end] == scene.quote:
        return Outcome(text, "unchanged", scene.span)
    return Outcome(text, "moved", Span(start + shift, end + shift))


def rewritten(scene: Scene, new: str) -> Outcome | None:
    start, end = scene.span
    if not new or new == scene.quote:
        return None
    begin = start + len(new) - len(new.lstrip())
    return Outcome(scene.text[:start] + new + scene.text[end:], "changed", Span(begin, start + len(new.rstrip())))


def with_typo(words: str, chance: random.Random) -> str:
    places = [at for at, letter in enumerate(words[:-1]) if letter.isalpha() and words[at + 1].isalpha()]
    if not places:
        return ""
    at = chance.choice(places)
    swapped = words[at + 1] + words[at]
    return words[:at] + chance.choice([words[at + 1], words[at] * 2 + words[at + 1], swapped]) + words[at + 2 :]


def with_words(scene: Scene, change: Callable[[list[str], int], list[str]]) -> Outcome | None:
    words = scene.quote.split(" ")
    return rewritten(scene, " ".join(change(words, scene.chance.randrange(len(words))))) if len(words) > 2 else None


def paragraph(scene: Scene) -> Span:
    """The line of the sentence with the line ends behind it."""
    start = scene.text.rfind("\n", 0, scene.span.start) + 1
    end = scene.text.find("\n", scene.span.end)
    end = len(scene.text) if end < 0 else end
    return Span(start, end + len(scene.text[end:]) - len(scene.text[end:].lstrip("\n")))
