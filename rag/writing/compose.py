"""Citations → the short text of an answer. All our own words stand in templates/; jinja2 is at home here."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import islice
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from index.records import Document, Hit, Span, short_title
from index.search import Index
from rag.answer import PLAIN, AnswerPart, Citation, Frame, Reason, Segment
from rag.language.detect import LANGUAGES, name_of, other_language
from rag.language.relative_dates import Relative, lead_in, relative_notes
from rag.selection.context import left_out
from rag.structure import block_at, by_columns
from rag.text_check.statement import verdict
from rag.understand import Understood

Times = Mapping[int, Sequence[Relative]]  # by marker
NO_TIMES: Times = MappingProxyType({})
_MACRO = re.compile(r"\{%- macro (\w+)")  # begins one, which goes on to the next


class Around(NamedTuple):
    """What the article's blocks tell of a quote."""

    header: int = 0  # marker of the quote of its table's header, or of the name of who speaks; 0 for none
    columns: str = ""  # the row with the names of its columns, where it is one
    left_out: int = 0  # lines of the list or code that it begins and that are too much to quote


_ALONE = Around()
NOTHING_AROUND: Mapping[int, Around] = MappingProxyType({})  # by marker


def compose(
    citations: Sequence[Citation],
    frame: Frame = PLAIN,
    times: Times = NO_TIMES,
    language: str = "en",
    around: Mapping[int, Around] = NOTHING_AROUND,
) -> tuple[Segment, ...]:
    """The citations in order, each a quote with its marker; a note that names article and date heads those of one
    article that follow each other.

    The frame says what they are together: a plain answer, statements that differ, a course of events in order, or a
    summary.
    `times`: what "last year" and the like mean in the quote of a marker; said beside the quote, never inside it.
    `around`: what the quote of a marker belongs to; it follows its header without another note.
    """
    segments: list[Segment] = list(_opening(citations, frame, language))
    for n, citation in enumerate(citations):
        of = around.get(citation.marker, _ALONE)
        follows = n > 0 and of.header == citations[n - 1].marker
        if lead := "" if follows else _lead(citations, n, frame, language):
            segments.append(Segment("note", lead, ()))
        segments.append(Segment("quote", citation.quote, (citation.marker,)))
        if of.columns:
            segments.append(Segment("note", str(say(language).row(of.columns)), (of.header, citation.marker)))
        if of.left_out:
            segments.append(Segment("note", str(say(language).left_out(of.left_out)), (citation.marker,)))
        segments += [_meant(citation, time, language) for time in times.get(citation.marker, ())]
    return tuple(segments)


def text_of(segments: Sequence[Segment], language: str = "en") -> str:
    """The segments as one plain text: quotes in quotation marks with [n] behind them, a line each; the first of an
    article stands behind the note that heads it.

    Statements have no quotation marks; those that follow each other share a line.
    """
    lines: list[str] = []
    before = ""
    for segment in segments:
        if segment.kind == "quote":
            told = str(say(language).quote(segment.text, segment.citations))
            lines[-1:] = [f"{lines[-1]} {told}"] if before == "head" else [*lines[-1:], told]
        elif segment.kind == "about" and segment.citations:
            lines.append(str(say(language).statement(segment.text, segment.citations)))
        elif segment.kind == "statement":
            told = str(say(language).statement(segment.text, segment.citations))
            lines[-1:] = [f"{lines[-1]} {told}"] if before == "statement" else [*lines[-1:], told]
        else:
            lines.append(segment.text)
        before = "head" if segment.kind == "note" and not segment.citations else segment.kind  # others are of a quote
    return "\n".join(lines)


def abstention(
    reason: Reason,
    nearest: Sequence[Document],
    day: date | None = None,
    language: str = "en",
    other: str = "",
    asked_for: str = "",
) -> Segment:
    """What is said when the articles do not say; it names the nearest articles and claims nothing.

    `asked_for`: "when", "how many".
    `day`: only articles up to it were read. `other`: the language of the articles, where the question is in another.
    """
    words = say(language)
    named = [
        str(words.article(short_title(d.title), d.published, "published" in d.inferred, d.author)) for d in nearest
    ]
    code = "near_miss" if other and reason.code == "off_corpus" else reason.code
    lacking, apart = ((), ()) if other else (reason.missing, reason.apart)  # words of another language tell nothing
    parts = (
        words.abstained(code, lacking, apart, named, day, reason.because.get("kind", "side"), asked_for),
        words.other_language(other),
    )
    return Segment("note", " ".join(str(part) for part in parts if part), ())


def side(label: str, language: str = "en") -> Segment:
    """The head of one column of a comparison."""
    return Segment("comparison", str(say(language).side(label)), ())


def asked(question: str) -> Segment:
    """The head of the answer to one of several questions."""
    return Segment("question", question, ())


def spelled(changes: Sequence[tuple[str, str]], language: str = "en") -> Segment:
    """Says which words were read as others: (typed, read)."""
    return Segment("note", str(say(language).spelled(changes)), ())


def by_words(spoken: str, language: str = "en") -> Segment:
    """Says that only words were compared; `spoken` is the ISO 639-1 code of their language, where we speak no other."""
    return Segment("note", str(say(language).by_words(name_of(spoken if language == "en" else language))), ())


def _opening(citations: Sequence[Citation], frame: Frame, language: str) -> Iterator[Segment]:
    if frame.kind == "conflict":
        first, second = citations[0].published, citations[1].published
        newer = bool(first and second and first > second)
        same_article = len({citation.document_id for citation in citations}) == 1
        text = say(language).differ(frame.differs, newer, frame.copies, same_article)
        yield Segment("conflict", str(text), tuple(citation.marker for citation in citations))
    elif frame.kind == "timeline":
        yield Segment("note", str(say(language).timeline()), ())


def _lead(citations: Sequence[Citation], n: int, frame: Frame, language: str) -> str:
    """What heads a quote; "" where the one before it is of the same article and needs no time of its own."""
    citation, words = citations[n], say(language)
    same = n > 0 and citations[n - 1].document_id == citation.document_id
    title, inferred = short_title(citation.title), "published" in citation.inferred
    if frame.kind == "timeline" and frame.moments[n]:
        return str(words.moment(frame.moments[n], title, citation.published, inferred, citation.author, same))
    heading = words.summary if frame.kind == "summary" else words.lead
    return "" if same else str(heading(title, citation.published, inferred, citation.author))


def _meant(citation: Citation, time: Relative, language: str) -> Segment:
    text = say(language).relative(time.words, time.meaning, "published" in citation.inferred)
    return Segment("note", str(text), (citation.marker,))


@cache
def say(language: str) -> Any:
    """The macros of a language's template; English where there is none.

    Each is compiled when it is first said: an answer has four of the thirty, and all take longer than it does.
    """
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters["quoted"] = lambda word: f"“{word}”"
    template = files("rag.writing") / "templates" / f"{language if language in LANGUAGES else 'en'}.j2"
    head, *named = _MACRO.split(template.read_text("utf-8"))
    texts = {name: f"{head}{{%- macro {name}{text}" for name, text in zip(named[::2], named[1::2], strict=True)}
    macros = {name: _when_said(environment, text, name) for name, text in texts.items()}
    environment.globals |= macros
    return SimpleNamespace(**macros)


def _when_said(environment: Environment, text: str, name: str) -> Callable[..., Any]:
    macro = cache(lambda: getattr(environment.from_string(text).module, name))
    return lambda *given: macro()(*given)


# Columns of quotes and reasons → the segments of an answer, with notes beside the quotes.

_NEAREST = 2
_LOOKED_AT = 6  # articles, for two of different titles


def segments_of(
    understood: Understood, parts: Sequence[AnswerPart], citations: Sequence[Citation], index: Index
) -> tuple[Segment, ...]:
    """`citations` are those of all columns' quotes, in their order."""
    language = understood.language
    segments = [spelled(understood.respelled, language)] if understood.respelled else []
    rest = list(citations)
    for part in parts:
        segments += [asked(part.question)] if part.question else []
        segments += [side(part.label, language)] if part.label else []
        if part.reason:
            declined = part.query.scope is not None and part.query.scope.apart
            nearest = [] if declined or part.label or len(parts) > 1 else _nearest(part.reading.hits, index)
            other = other_language(language if language != "en" else part.query.spoken, nearest)
            segments.append(abstention(part.reason, nearest, index.day, language, other, part.query.asked_for))
        else:
            own, rest = rest[: len(part.quotes)], rest[len(part.quotes) :]
            said = verdict(part.query.text, own[0].quote) if part.frame == PLAIN else ""
            segments += [Segment("note", str(say(language).verdict(said)), ())] if said else []
            segments += [by_words(part.reading.by_words, language)] if part.reading.by_words else []
            segments += compose(own, part.frame, _times(own, language, index), language, _around(own, index))
    return tuple(segments)


def _around(citations: Sequence[Citation], index: Index) -> Mapping[int, Around]:
    """Of those of which there is anything to tell."""
    markers = {(citation.document_id, citation.start, citation.end): citation.marker for citation in citations}
    found: dict[int, Around] = {}
    for citation in citations:
        document = index.document(citation.document_id)
        block = block_at(document.blocks, citation.start)
        header = markers.get((citation.document_id, *block.lead), 0) if block.kind in {"row", "turn"} else 0
        row = by_columns(document.text[slice(*block.lead)], citation.quote) if header and block.kind == "row" else ""
        found[citation.marker] = Around(header, row, left_out(Span(citation.start, citation.end), document))
    return found


def _times(citations: Sequence[Citation], language: str, index: Index) -> Times:
    """What relative words in the quotes mean; an inferred date is good for a year, not for a day."""
    times: dict[int, list[Relative]] = {}
    for citation in citations:
        found = relative_notes(
            citation.quote, citation.published, lead_in(index.document(citation.document_id).text, citation.start)
        )
        sure = [each for each in found if "published" not in citation.inferred or each.when.precision == "year"]
        times[citation.marker] = [each for each in sure if language == "en" or each.meaning.isdigit()]
    return times


def _nearest(hits: Sequence[Hit], index: Index) -> list[Document]:
    documents = (index.document(name) for name in dict.fromkeys(hit.passage.document_id for hit in hits))
    return list({document.title: document for document in islice(documents, _LOOKED_AT)}.values())[:_NEAREST]
