"""An answer → the text of a chat message, and where in it which source is cited.

Chat clients show Markdown, so lines become paragraphs, and the words of a quote that answer are bold. But for those
signs quotes stay as they stand in their article, to the character; no mark reaches over a sign.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from rag.answer import Answer, Citation
from rag.language.detect import language_of
from rag.writing.compose import say

_STATING = {"quote", "statement", "about"}  # kinds of segments that sources support; notes are our own words
BOLD = "**"
_RULE = "\n\n---\n\n"
_LISTED = re.compile(r"\d+\. \[.*\]\(\S+\)")
_MARKUP = re.compile(r"([\\`*_\[\]<>&~$|!#^])")  # what means something in the text of a link
_URL_SAFE = "/:?#[]@!$&'*+,;=%~"


@dataclass(frozen=True, slots=True)
class SourceMark:
    """`text[start:end]` (code points) is what this marker's source supports; a quote with bold words has several."""

    marker: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CitedText:
    """Marks are in order of their markers, then of the text."""

    text: str
    marks: tuple[SourceMark, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What a marker stands for; absolute web address, ISO date if stated. No other marker has the same label."""

    marker: int
    title: str
    label: str
    url: str
    date: str | None
    document_id: str


def cited_text(answer: Answer) -> CitedText:
    """What is said; in mode evidence the quotes, numbered, each with the article it is from."""
    return _joined(_quoted(answer) if answer.mode == "evidence" else _told(answer))


def sources_of(answer: Answer, base: str) -> tuple[Source, ...]:
    """One for each citation, by marker. `base`: this server's address without a slash at the end."""
    often = Counter(citation.title for citation in answer.citations)
    return tuple(
        Source(
            marker=one.marker,
            title=one.title,
            label=f"{one.title} [{one.marker}]" if often[one.title] > 1 else one.title,
            url=f"{base}{one.url}" if one.url.startswith("/") else one.url,
            date=_day(one) or None,
            document_id=one.document_id,
        )
        for one in sorted(answer.citations, key=lambda citation: citation.marker)
    )


def sources_list(sources: Sequence[Source]) -> str:
    """As Markdown below a rule, for clients that show no citations; nothing in a title can be markup. "" for none."""
    lines = [
        f"{one.marker}. [{_escaped(one.title)}]({quote(one.url, safe=_URL_SAFE)}){f', {one.date}' if one.date else ''}"
        for one in sources
    ]
    return _RULE + "\n".join(lines) if lines else ""


def next_questions(answer: Answer) -> str:
    """As Markdown, where there is no answer to go on from; chat clients show no others unless they ask for them."""
    if answer.status == "answered" or not answer.follow_ups:
        return ""
    lead = say(language_of(answer.question)).could_ask()
    return "\n\n" + "\n".join((f"{lead}\n", *(f"- {_escaped(question)}" for question in answer.follow_ups)))


def without_sources(text: str) -> str:
    """A message of ours as it was before `sources_list` was put behind it."""
    said, rule, listed = text.rpartition(_RULE.rstrip())
    lines = [line.strip() for line in listed.splitlines() if line.strip()]
    return said.rstrip() if rule and lines and all(map(_LISTED.match, lines)) else text


def _told(answer: Answer) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """(what stands before it, piece, its markers), in order; the segments all stand in the text."""
    cited = {citation.marker: citation for citation in answer.citations}
    at = 0
    for segment in answer.segments:
        begin = answer.text.index(segment.text, at)
        before, markers = answer.text[at:begin].replace("\n", "\n\n"), segment.citations
        if segment.kind == "quote":
            yield from _emphasised(before, cited[markers[0]], markers)
        else:
            yield before, segment.text, markers if segment.kind in _STATING else ()
        at = begin + len(segment.text)
    yield answer.text[at:].replace("\n", "\n\n"), "", ()


def _quoted(answer: Answer) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    words = say(language_of(answer.question))
    if not answer.citations:
        yield str(words.no_passage()), "", ()
        return
    before = "“" if answer.status == "answered" else f"{words.unsure()}\n\n“"
    for citation in answer.citations:
        yield from _emphasised(before, citation, (citation.marker,))
        named = ", ".join(filter(None, (citation.author, citation.title, _day(citation))))
        before = f"” [{citation.marker}]\n\n— {named}\n\n“"
    yield before.removesuffix("\n\n“"), "", ()


def _emphasised(
    before: str, citation: Citation, markers: tuple[int, ...]
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """The quote in pieces, the words that answer between signs; in one piece where Markdown would not read them."""
    head, words, tail = citation.pieces
    opens = words[:1].isalnum() or not head[-1:].isalnum()
    closes = words[-1:].isalnum() or not tail[:1].isalnum()
    if not words or not (opens and closes) or "*" in citation.quote or "\n" in words:
        yield before, citation.quote, markers
    else:
        yield before, head, markers
        yield BOLD, words, markers
        yield BOLD, tail, markers


def _joined(parts: Iterator[tuple[str, str, tuple[int, ...]]]) -> CitedText:
    pieces: list[str] = []
    marks: list[SourceMark] = []
    at = 0
    for before, text, markers in parts:
        begin, at = at + len(before), at + len(before) + len(text)
        marks += [SourceMark(marker, begin, at) for marker in markers if text]
        pieces += [before, text]
    return CitedText("".join(pieces), tuple(sorted(marks, key=lambda mark: (mark.marker, mark.start))))


def _day(citation: Citation) -> str:
    """Where the article states it: a date that was only inferred would look certain here."""
    return "" if citation.published is None or "published" in citation.inferred else citation.published.isoformat()


def _escaped(title: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(title.split()))
