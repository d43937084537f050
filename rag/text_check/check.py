"""Any text, sentence by sentence: which verbatim spans of the articles bear it out, and what in it none of them says.

"Supported" means that one span says it with every name, number and date, and says none of them otherwise. It never
means true: who did what to whom, irony and what follows from what are beyond comparing words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from index.errors import BadQuestion
from index.ranking.filters import EVERYTHING, Filters
from index.records import Span, plain
from index.search import Index
from index.text.sentences import sentences
from rag.answer import Citation
from rag.citations import cite
from rag.language.detect import language_of
from rag.text_check.agreement import Mismatch
from rag.text_check.sentence import Checker, State

MOST_CHARACTERS = 20_000
MOST_SENTENCES = 200


@dataclass(frozen=True, slots=True)
class SentenceSupport:
    """One sentence, at start:end of the text that was given (code points), and what the articles say of it."""

    text: str
    start: int
    end: int
    state: State
    citations: tuple[int, ...]  # markers of the spans that bear it out or speak of it, best first
    missing: tuple[str, ...]  # its names, numbers and dates that stand nowhere in the articles
    elsewhere: tuple[str, ...]  # … that stand in the articles, but in none of these spans
    differs: tuple[Mismatch, ...]  # what the best of these spans says in another way


@dataclass(frozen=True, slots=True)
class TextCheck:
    """The sentences of a text in order; markers count from 1, and a span that two of them rest on is cited once."""

    sentences: tuple[SentenceSupport, ...]
    citations: tuple[Citation, ...]
    index_version: str


def check_text(text: str, index: Index, *, filters: Filters = EVERYTHING) -> TextCheck:
    """What the articles of an index, or of its view at a day, say of every sentence; spans come from those that pass.

    Raises BadQuestion for a text without words, of more than MOST_CHARACTERS or MOST_SENTENCES, or with characters
    that are no text; never anything else. The time it takes grows with the number of sentences.
    """
    checker = Checker(index, filters)
    judged = [(sentence, checker.judge(text[sentence.start : sentence.end])) for sentence in split(text)]
    quotes = {span.quote.place: span.quote for _, judgement in judged for span in judgement.spans}
    markers = {place: marker for marker, place in enumerate(quotes, start=1)}
    checked = (
        SentenceSupport(
            text=text[sentence.start : sentence.end],
            start=sentence.start,
            end=sentence.end,
            state=judgement.state,
            citations=tuple(markers[span.quote.place] for span in judgement.spans),
            missing=judgement.missing,
            elsewhere=judgement.elsewhere,
            differs=judgement.spans[0].agreement.differs if judgement.spans else (),
        )
        for sentence, judgement in judged
    )
    return TextCheck(tuple(checked), cite([*quotes.values()], index.document, index.twins), index.version)


def split(text: str) -> list[Span]:
    """The sentences of a usable text. Raises BadQuestion."""
    if not any(c.isalnum() for c in text):
        raise BadQuestion("the text is empty; give sentences to check")
    if len(text) > MOST_CHARACTERS:
        raise BadQuestion(f"the text has {len(text):,} characters; at most {MOST_CHARACTERS:,} are checked at once")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadQuestion("the text holds a character that is no text (NUL or half a surrogate pair); remove it")
    spans = sentences(text, language_of(text))
    if len(spans) > MOST_SENTENCES:
        raise BadQuestion(f"the text has {len(spans)} sentences; at most {MOST_SENTENCES} are checked at once")
    return spans


# A checked text as other programs see it; its citations have the form of an answer's, so what checks those checks
# these.


def text_check_fields(
    check: TextCheck, citation_fields: Callable[[Citation], Mapping[str, Any]] = plain
) -> dict[str, Any]:
    """JSON-able. A sentence names its spans by the markers of `citations`; `start:end` are code points of the text.

    Without `citation_fields`, a citation has its own fields and no receipt.
    """
    return {**plain(check), "citations": [dict(citation_fields(citation)) for citation in check.citations]}
