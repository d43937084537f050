"""Edits of articles made by rule, each with what became of one cited sentence: the oracle for `rag.receipts.changes`.

Deterministic: the same documents give the same cases. An oracle knows the edit, so it need not search.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.records import Document, Span
from index.text.sentences import sentences
from rag.receipts.changes import State

# One cited sentence in one article, and the small steps that edits are made of.


@dataclass(frozen=True, slots=True)
class EditScene:
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
class EditOutcome:
    """What an edit leaves: the text, None for a deleted document; where the sentence, edited or not, stands now."""

    text: str | None
    state: State
    span: Span | None = None


Edit = Callable[[EditScene], EditOutcome | None]


def inserted(scene: EditScene, at: int, words: str = "") -> EditOutcome:
    addition = f"{words or scene.foreign} " if at < len(scene.text) else f" {words or scene.foreign}"
    shift = len(addition) if at <= scene.span.start else 0
    return kept(scene, scene.text[:at] + addition + scene.text[at:], shift)


def kept(scene: EditScene, text: str, shift: int) -> EditOutcome:
    """The sentence was not touched. The same words at the old place are unchanged by definition."""
    start, end = scene.span
    if text[start:end] == scene.quote:
        return EditOutcome(text, "unchanged", scene.span)
    return EditOutcome(text, "moved", Span(start + shift, end + shift))


def rewritten(scene: EditScene, new: str) -> EditOutcome | None:
    start, end = scene.span
    if not new or new == scene.quote:
        return None
    begin = start + len(new) - len(new.lstrip())
    return EditOutcome(scene.text[:start] + new + scene.text[end:], "changed", Span(begin, start + len(new.rstrip())))


def with_typo(words: str, chance: random.Random) -> str:
    places = [at for at, letter in enumerate(words[:-1]) if letter.isalpha() and words[at + 1].isalpha()]
    if not places:
        return ""
    at = chance.choice(places)
    swapped = words[at + 1] + words[at]
    return words[:at] + chance.choice([words[at + 1], words[at] * 2 + words[at + 1], swapped]) + words[at + 2 :]


def with_words(scene: EditScene, change: Callable[[list[str], int], list[str]]) -> EditOutcome | None:
    words = scene.quote.split(" ")
    return rewritten(scene, " ".join(change(words, scene.chance.randrange(len(words))))) if len(words) > 2 else None


def paragraph(scene: EditScene) -> Span:
    """The line of the sentence with the line ends behind it."""
    start = scene.text.rfind("\n", 0, scene.span.start) + 1
    end = scene.text.find("\n", scene.span.end)
    end = len(scene.text) if end < 0 else end
    return Span(start, end + len(scene.text[end:]) - len(scene.text[end:].lstrip("\n")))


LEAST_QUOTE = 25  # characters of a sentence that is cited
LEAST_ARTICLE = 1_500  # shorter documents are joined, so that there is something above and below
SEED = 20_251_122
_CLAUSE = ", as officials in both countries confirmed later,"


@dataclass(frozen=True, slots=True)
class ArticleEdit:
    """One edit of one article around or inside one cited sentence."""

    kind: str
    document: Document
    span: Span
    after: EditOutcome


def edit_cases(documents: Sequence[Document], *, most_sentences: int) -> Iterator[ArticleEdit]:
    """For up to `most_sentences` sentences of every article each kind of edit that can be made there."""
    articles = joined(documents)
    for at, document in enumerate(articles):
        spans = tuple(sentences(document.text, document.language or "en"))
        chance = random.Random(f"{SEED} {document.id}")
        usable = [span for span in spans if span.end - span.start >= LEAST_QUOTE]
        others = _sentences_of(articles[at - 1])
        for span in sorted(chance.sample(usable, min(most_sentences, len(usable)))):
            for kind, edit in EDITS.items():
                scene = EditScene(document.text, span, spans, chance.choice(others), chance)
                if len(articles) > 1 and (after := edit(scene)) is not None:
                    yield ArticleEdit(kind, document, span, after)


def joined(documents: Sequence[Document]) -> list[Document]:
    """Short documents in their order as paragraphs of articles of LEAST_ARTICLE characters; long ones as they are."""
    articles: list[Document] = []
    for document in documents:
        if articles and len(articles[-1].text) < LEAST_ARTICLE:
            last = articles.pop()
            articles.append(replace(last, text=f"{last.text}\n\n{document.text}"))
        else:
            articles.append(document)
    return articles


def _sentences_of(document: Document) -> list[str]:
    spans = sentences(document.text, document.language or "en")
    return [document.text[a:b] for a, b in spans if b - a >= LEAST_QUOTE] or [document.text]


# --- around the sentence ---


def _insertion_above(scene: EditScene, words: str = "") -> EditOutcome:
    places = [s.start for s in scene.sentences if s.start <= scene.span.start]
    return inserted(scene, scene.chance.choice(places), words)


def _edit_below(scene: EditScene, words: str = "") -> EditOutcome:
    places = [s.start for s in scene.sentences if s.start > scene.span.start] or [len(scene.text)]
    return inserted(scene, scene.chance.choice(places), words)


def _neighbours_edited(scene: EditScene) -> EditOutcome | None:
    at = scene.sentences.index(scene.span)
    if not 0 < at < len(scene.sentences) - 1:
        return None
    before, after = scene.sentences[at - 1], scene.sentences[at + 1]
    first, second = (with_typo(scene.text[a:b], scene.chance) for a, b in (before, after))
    if not first or not second:
        return None
    text = scene.text[: after.start] + second + scene.text[after.end :]
    return kept(scene, text[: before.start] + first + text[before.end :], len(first) - (before.end - before.start))


def _duplicated_after(scene: EditScene) -> EditOutcome:
    return _edit_below(scene, scene.quote)


def _paragraph_moved(scene: EditScene) -> EditOutcome | None:
    lines = paragraph(scene)
    rest = scene.text[: lines.start] + scene.text[lines.end :]
    ends = [at for at in range(len(rest) + 1) if rest[at - 1 : at] == "\n" or at in (0, len(rest))]
    places = [at for at in ends if rest[min(at, lines.start) : max(at, lines.start)].strip()]
    if not places:
        return None
    at = scene.chance.choice(places)
    moved = f"\n{scene.text[lines.start : lines.end].strip(chr(10))}\n"
    lead = len(moved) - len(moved.lstrip("\n"))
    skipped = scene.text[lines.start : scene.span.start]
    shift = at + lead + len(skipped.lstrip("\n")) - scene.span.start
    return kept(scene, rest[:at] + moved + rest[at:], shift)


def _paragraph_deleted(scene: EditScene) -> EditOutcome:
    lines = paragraph(scene)
    return _without(scene, scene.text[: lines.start] + scene.text[lines.end :])


def _without(scene: EditScene, text: str) -> EditOutcome:
    """The sentence is taken out; its words may stand elsewhere, too."""
    elsewhere = text.find(scene.quote)
    return EditOutcome(text, "gone") if elsewhere < 0 else kept(scene, text, elsewhere - scene.span.start)


# --- inside the sentence ---


def _typo_at_the_edge(scene: EditScene) -> EditOutcome | None:
    quote = scene.quote
    places = [at for at, letter in enumerate(quote) if letter.isalnum()]
    at = scene.chance.choice([places[0], places[-1]]) if places else 0
    return rewritten(scene, quote[:at] + ("x" if quote[at] != "x" else "z") + quote[at + 1 :])


def _number_changed(scene: EditScene) -> EditOutcome | None:
    digits = [at for at, letter in enumerate(scene.quote) if letter in "0123456789"]
    if not digits:
        return None
    at = scene.chance.choice(digits)
    return rewritten(scene, f"{scene.quote[:at]}{(int(scene.quote[at]) + 3) % 10}{scene.quote[at + 1 :]}")


def _spacing(scene: EditScene) -> EditOutcome | None:
    spaces = [at for at, letter in enumerate(scene.quote) if letter == " "]
    at = scene.chance.choice(spaces) if spaces else 0
    change = scene.chance.choice(["  ", "\u00a0", "\n"])
    return rewritten(scene, scene.quote[:at] + change + scene.quote[at + 1 :]) if spaces else None


def _unicode_form(scene: EditScene) -> EditOutcome | None:
    other = unicodedata.normalize("NFD", scene.quote)
    return rewritten(
        scene, other if other != scene.quote else scene.quote.replace("fi", "\ufb01").replace("'", "\u2019")
    )


def _grown_together(scene: EditScene) -> EditOutcome | None:
    """Letters stand before the first word now, so it is another word; the code points of the span only moved."""
    if not scene.quote[0].isalnum():
        return None
    at = scene.span.start
    return EditOutcome(f"{scene.text[:at]}un{scene.text[at:]}", "changed", Span(at, scene.span.end + 2))


def _sentence_rewritten(scene: EditScene) -> EditOutcome:
    start, end = scene.span
    return _without(scene, scene.text[:start] + scene.foreign + scene.text[end:])


def _then_typo(edit: Edit) -> Edit:
    """The sentence is edited too, where it stands after the first edit."""

    def both(scene: EditScene) -> EditOutcome | None:
        first = edit(scene)
        if first is None or first.text is None or first.span is None:
            return None
        return rewritten(replace(scene, text=first.text, span=first.span), with_typo(scene.quote, scene.chance))

    return both


EDITS: dict[str, Edit] = {
    "insertion above": _insertion_above, "edit below": _edit_below, "neighbours edited": _neighbours_edited,
    "duplicated before": lambda scene: _insertion_above(scene, scene.quote), "duplicated after": _duplicated_after,
    "paragraph moved": _paragraph_moved, "paragraph deleted": _paragraph_deleted,
    "sentence rewritten": _sentence_rewritten, "document deleted": lambda _: EditOutcome(None, "gone"),
    "typo inside": lambda scene: rewritten(scene, with_typo(scene.quote, scene.chance)),
    "typo at the edge": _typo_at_the_edge,
    "word replaced": lambda one: with_words(
        one, lambda said, at: [*said[:at], one.chance.choice(one.foreign.split()), *said[at + 1 :]]),
    "word left out": lambda scene: with_words(scene, lambda words, at: [*words[:at], *words[at + 1 :]]),
    "clause inserted": lambda one: with_words(one, lambda said, at: [*said[:at], said[at] + _CLAUSE, *said[at + 1 :]]),
    "number changed": _number_changed, "spacing": _spacing, "Unicode form": _unicode_form,
    "grown together": _grown_together, "insertion above, typo inside": _then_typo(_insertion_above),
    "paragraph moved, typo inside": _then_typo(_paragraph_moved),
    "duplicated, then typo": _then_typo(_duplicated_after),
}  # fmt: skip
