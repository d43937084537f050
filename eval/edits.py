"""Edits of articles made by rule, each with what became of one cited sentence: the oracle for `rag.receipts.changes`.

Deterministic: the same documents give the same cases. An oracle knows the edit, so it need not search.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from eval.scenes import Outcome, Scene, inserted, kept, paragraph, rewritten, with_typo, with_words
from index.records import Document, Span
from index.sentences import sentences

LEAST_QUOTE = 25  # characters of a sentence that is cited
LEAST_ARTICLE = 1_500  # shorter documents are joined, so that there is something above and below
SEED = 20_251_122
_CLAUSE = ", as officials in both countries confirmed later,"


@dataclass(frozen=True, slots=True)
class Case:
    """One edit of one article around or inside one cited sentence."""

    kind: str
    document: Document
    span: Span
    after: Outcome


def edit_cases(documents: Sequence[Document], *, most_sentences: int = 3) -> Iterator[Case]:
    """For up to `most_sentences` sentences of every article each kind of edit that can be made there."""
    articles = joined(documents)
    for at, document in enumerate(articles):
        spans = tuple(sentences(document.text, document.language or "en"))
        chance = random.Random(f"{SEED} {document.id}")
        usable = [span for span in spans if span.end - span.start >= LEAST_QUOTE]
        others = _sentences_of(articles[at - 1])
        for span in sorted(chance.sample(usable, min(most_sentences, len(usable)))):
            for kind, edit in EDITS.items():
                scene = Scene(document.text, span, spans, chance.choice(others), chance)
                if len(articles) > 1 and (after := edit(scene)) is not None:
                    yield Case(kind, document, span, after)


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


def _insertion_above(scene: Scene) -> Outcome:
    return inserted(scene, scene.chance.choice([s.start for s in scene.sentences if s.start <= scene.span.start]))


def _edit_below(scene: Scene) -> Outcome:
    places = [s.start for s in scene.sentences if s.start > scene.span.start] or [len(scene.text)]
    return inserted(scene, scene.chance.choice(places))


def _neighbours_edited(scene: Scene) -> Outcome | None:
    at = scene.sentences.index(scene.span)
    if not 0 < at < len(scene.sentences) - 1:
        return None
    before, after = scene.sentences[at - 1], scene.sentences[at + 1]
    first, second = (with_typo(scene.text[a:b], scene.chance) for a, b in (before, after))
    if not first or not second:
        return None
    text = scene.text[: after.start] + second + scene.text[after.end :]
    return kept(scene, text[: before.start] + first + text[before.end :], len(first) - (before.end - before.start))


def _duplicated_before(scene: Scene) -> Outcome:
    at = scene.chance.choice([s.start for s in scene.sentences if s.start <= scene.span.start])
    return inserted(scene, at, scene.quote)


def _duplicated_after(scene: Scene) -> Outcome:
    places = [s.start for s in scene.sentences if s.start > scene.span.start] or [len(scene.text)]
    return inserted(scene, scene.chance.choice(places), scene.quote)


def _paragraph_moved(scene: Scene) -> Outcome | None:
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


def _paragraph_deleted(scene: Scene) -> Outcome:
    lines = paragraph(scene)
    text = scene.text[: lines.start] + scene.text[lines.end :]
    elsewhere = text.find(scene.quote)
    return Outcome(text, "gone") if elsewhere < 0 else kept(scene, text, elsewhere - scene.span.start)


def _document_deleted(scene: Scene) -> Outcome:
    return Outcome(None, "gone")


# --- inside the sentence ---


def _typo_inside(scene: Scene) -> Outcome | None:
    return rewritten(scene, with_typo(scene.quote, scene.chance))


def _typo_at_the_edge(scene: Scene) -> Outcome | None:
    quote = scene.quote
    places = [at for at, letter in enumerate(quote) if letter.isalnum()]
    at = scene.chance.choice([places[0], places[-1]]) if places else 0
    return rewritten(scene, quote[:at] + ("x" if quote[at] != "x" else "z") + quote[at + 1 :])


def _word_replaced(scene: Scene) -> Outcome | None:
    return with_words(
        scene, lambda words, at: [*words[:at], scene.chance.choice(scene.foreign.split()), *words[at + 1 :]]
    )


def _word_left_out(scene: Scene) -> Outcome | None:
    return with_words(scene, lambda words, at: [*words[:at], *words[at + 1 :]])


def _clause_inserted(scene: Scene) -> Outcome | None:
    return with_words(scene, lambda words, at: [*words[:at], words[at] + _CLAUSE, *words[at + 1 :]])


def _number_changed(scene: Scene) -> Outcome | None:
    digits = [at for at, letter in enumerate(scene.quote) if letter in "0123456789"]
    if not digits:
        return None
    at = scene.chance.choice(digits)
    return rewritten(scene, f"{scene.quote[:at]}{(int(scene.quote[at]) + 3) % 10}{scene.quote[at + 1 :]}")


def _spacing(scene: Scene) -> Outcome | None:
    spaces = [at for at, letter in enumerate(scene.quote) if letter == " "]
    at = scene.chance.choice(spaces) if spaces else 0
    change = scene.chance.choice(["  ", "\u00a0", "\n"])
    return rewritten(scene, scene.quote[:at] + change + scene.quote[at + 1 :]) if spaces else None


def _unicode_form(scene: Scene) -> Outcome | None:
    other = unicodedata.normalize("NFD", scene.quote)
    return rewritten(
        scene, other if other != scene.quote else scene.quote.replace("fi", "\ufb01").replace("'", "\u2019")
    )


def _grown_together(scene: Scene) -> Outcome | None:
    """Letters stand before the first word now, so it is another word; the code points of the span only moved."""
    if not scene.quote[0].isalnum():
        return None
    at = scene.span.start
    return Outcome(f"{scene.text[:at]}un{scene.text[at:]}", "changed", Span(at, scene.span.end + 2))


def _sentence_rewritten(scene: Scene) -> Outcome:
    start, end = scene.span
    text = scene.text[:start] + scene.foreign + scene.text[end:]
    elsewhere = text.find(scene.quote)
    return Outcome(text, "gone") if elsewhere < 0 else kept(scene, text, elsewhere - start)


def _above_and_inside(scene: Scene) -> Outcome | None:
    return _both(scene, _insertion_above(scene))


def _moved_and_inside(scene: Scene) -> Outcome | None:
    return _both(scene, _paragraph_moved(scene))


def _duplicated_and_inside(scene: Scene) -> Outcome | None:
    return _both(scene, _duplicated_after(scene))


def _both(scene: Scene, first: Outcome | None) -> Outcome | None:
    """The sentence is edited too, where it stands after the first edit."""
    if first is None or first.text is None or first.span is None:
        return None
    return rewritten(replace(scene, text=first.text, span=first.span), with_typo(scene.quote, scene.chance))


EDITS: dict[str, Callable[[Scene], Outcome | None]] = {
    "insertion above": _insertion_above,
    "edit below": _edit_below,
    "neighbours edited": _neighbours_edited,
    "duplicated before": _duplicated_before,
    "duplicated after": _duplicated_after,
    "paragraph moved": _paragraph_moved,
    "paragraph deleted": _paragraph_deleted,
    "sentence rewritten": _sentence_rewritten,
    "document deleted": _document_deleted,
    "typo inside": _typo_inside,
    "typo at the edge": _typo_at_the_edge,
    "word replaced": _word_replaced,
    "word left out": _word_left_out,
    "clause inserted": _clause_inserted,
    "number changed": _number_changed,
    "spacing": _spacing,
    "Unicode form": _unicode_form,
    "grown together": _grown_together,
    "insertion above, typo inside": _above_and_inside,
    "paragraph moved, typo inside": _moved_and_inside,
    "duplicated, then typo": _duplicated_and_inside,
}
