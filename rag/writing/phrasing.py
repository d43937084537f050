"""An answer in a language model's words, as far as its quotes bear them out; the quotes stay as they are.

Nothing of what a model says is trusted: a sentence is shown only with the quotes that say the same, or not at all.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rag.answer import Answer, Citation, Phrasing, Segment
from rag.language.dependence import depends_on_previous
from rag.language.detect import language_of
from rag.text_check.assertions import Marked, marked
from rag.text_check.statement import resting_on
from rag.writing.compose import compose, text_of

MOST_SENTENCES = 12  # that are looked at; a short answer has four

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phrased:
    """What a model said, with [n] behind its sentences; nothing of it is checked yet."""

    text: str
    model: str


class Phraser(Protocol):
    """Never raises, and is back in time; None where it has nothing to say."""

    def phrase(self, question: str, citations: Sequence[Citation]) -> Phrased | None: ...


def phrased(answer: Answer, phraser: Phraser, language: str) -> Answer:
    """The same answer told in statements; unchanged where no sentence is borne out. Its citations always stay.

    `answer` is one of quotes with plain notes: no conflict, no comparison, no course of events.
    """
    said = phraser.phrase(answer.standalone or answer.question, answer.citations)
    if said is None:
        return answer
    statements, dropped = supported(said.text, answer.citations)
    if not statements:
        _log.info("no sentence of the language model was borne out by the quotes (%d dropped)", dropped)
        return answer
    segments = tuple(_told(answer, statements, language))
    return replace(answer, text=text_of(segments, language), segments=segments, phrasing=Phrasing(said.model, dropped))


def supported(text: str, citations: Sequence[Citation]) -> tuple[tuple[Segment, ...], int]:
    """The sentences that quotes they cite bear out, with the markers of just these quotes; and how many others.

    One that leans on what stands before it ("He …") needs the sentence before it, from the same quote.
    """
    quotes = {citation.marker: citation.quote for citation in citations}
    sentences = marked(text, language_of(text))
    kept: list[Segment] = []
    before: Segment | None = None
    for sentence in sentences[:MOST_SENTENCES]:
        statement = _statement(sentence, quotes)
        leaning = statement is not None and depends_on_previous(statement.text)
        if leaning and not (before and statement and set(statement.citations) <= set(before.citations)):
            statement = None
        if statement and statement not in kept:
            kept.append(statement)
        before = statement
    return tuple(kept), len(sentences) - len(kept)


def _statement(sentence: Marked, quotes: dict[int, str]) -> Segment | None:
    cited = sorted({marker for marker in sentence.markers if marker in quotes})
    resting = resting_on(sentence.text, [quotes[marker] for marker in cited])
    return Segment("statement", sentence.text, tuple(cited[n] for n in resting)) if resting else None


def _told(answer: Answer, statements: Sequence[Segment], language: str) -> Iterator[Segment]:
    """Notes on the question, the statements with what their relative times mean, then the quotes that none uses."""
    used = {marker for statement in statements for marker in statement.citations}
    notes = [segment for segment in answer.segments if segment.kind == "note"]
    leads = [a for a, b in zip(answer.segments, answer.segments[1:], strict=False) if b.kind == "quote"]
    yield from (note for note in notes if not note.citations and note not in leads)
    for n, statement in enumerate(statements):
        yield statement
        later = {marker for other in statements[n + 1 :] for marker in other.citations}
        yield from (note for note in notes if set(note.citations) & (set(statement.citations) - later))
    unused = [citation for citation in answer.citations if citation.marker not in used]
    for segment in compose(unused, language=language):
        yield segment
        if segment.kind == "quote":
            yield from (note for note in notes if note.citations == segment.citations)
