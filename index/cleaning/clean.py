"""Source text → clean text, and the map back: the only file that converts between the two.

Clean text is what a person would read of the article: no web boilerplate, no Markdown signs, no page breaks inside
sentences. Every clean character is either the source character that the map names, or white space put in its place.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from index.cleaning.markup import Line, lines
from index.records import Block, Document, OffsetRun, Span, plain_blocks
from index.text.language import foreign, language
from index.text.words import words

_BOILERPLATE = re.compile(
    r"""(?: image\s+source\b.* | (?:image|photo|picture)s?\s*(?:credit|courtesy|by)?\s*:.* | photo(?:graph)?\s+by\b.*
      | subscribe\s+(?:to|now|for)\b.* | if\s+you\s+want\s+to\s+subscribe\b.* | sign\s+up\s+(?:for|to|now)\b.*
      | (?:please\s+)?(?:enter\s+)?your\s+e-?mail\b.* | unlock\s+(?:articles|this|full|all)\b.*
      | become\s+a\s+(?:member|subscriber)\b.* | (?:first\s+|originally\s+)?published\s*(?:in|on|at|by)?\s*:.*
      | (?:copyright\s+)?(?:©.*|\(c\)\s*\d{4}.*) | all\s+rights\s+reserved.* )""",
    re.IGNORECASE | re.VERBOSE,
)
_BOILERPLATE_BUT_PROSE = re.compile(  # sentences may begin like this
    r"""(?: advertisement | share\s+(?:this|on)\b.* | follow\s+us\b.* | read\s+(?:more|also|next)\b.{0,80}
      | related\s+(?:articles|posts|stories)\b.* | (?:click|tap)\s+here\b.* | log\s?in\b.{0,40}
      | (?:accept\s+)?(?:all\s+)?cookies\b.{0,40} | skip\s+to\s+(?:main\s+)?content | print\s+this\b.*
      | back\s+to\s+top )""",
    re.IGNORECASE | re.VERBOSE,
)
_BOILERPLATE_CHARS = 160  # a longer line is prose that happens to begin like boilerplate
_SENTENCE_END = re.compile(r"[.!?…:;。！？：；।॥؟۔][\"'”’»)\]」』）]*$")
_FRONT_MATTER_LINES = 12
_PROSE_WORDS = 8
_COLUMNS = range(40, 121)  # the width of hard-wrapped lines
_NOTE_SHARE = 0.2  # more than that in another language at the end is part of a bilingual article


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The clean text with its map, what it is made of, and the lines that stood before the first paragraph."""

    text: str
    runs: tuple[OffsetRun, ...]
    blocks: tuple[Block, ...]
    front: tuple[str, ...]  # as read, Markdown signs removed; `formats` finds title and date here


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Lines that read as one, joined by a blank."""

    lines: tuple[Line, ...]
    heading: bool

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def prose(self) -> bool:
        """Long enough and closed like a sentence; titles, bylines and dates are not."""
        text = self.text
        return len(text) >= 200 or (bool(_SENTENCE_END.search(text)) and len(words(text)) >= _PROSE_WORDS)


def clean(source: str, *, start: int = 0) -> Cleaned:
    """Clean source[start:]; the map counts from the beginning of `source`. Never raises; may come out empty."""
    paragraphs = _mend(_paragraphs(lines(source, start)))
    front, body = _split_front([p for p in paragraphs if not _boilerplate(p)])
    return _assemble(_mark_headings(_drop_trailing_foreign(body)), tuple(p.text for p in front))


def clean_plain(source: str) -> Cleaned:
    """For text that is clean already (a JSON field): the map is the identity and nothing is dropped."""
    runs = (OffsetRun(0, 0, len(source)),) if source else ()
    return Cleaned(source, runs, plain_blocks(source), ())


def to_source(document: Document, span: Span) -> Span:
    """Where the characters of a clean span stand in the source, with the escape before the first, as in "\\$552".

    Raises ValueError for an empty or foreign span.
    """
    if not 0 <= span.start < span.end <= len(document.text):
        raise ValueError(f"span {span} is outside of document {document.id!r}")
    inside = _overlapping(document.runs, span)
    first, last = inside[0], inside[-1]
    start = first.source + max(span.start - first.clean, 0)
    escaped = start == first.source and document.source[start - 1 : start] == "\\"
    return Span(start - escaped, last.source + min(span.end - last.clean, last.length))


def to_clean(document: Document, span: Span) -> Span | None:
    """The clean span of all characters that survive from a source span; None when none does."""
    inside = [run for run in document.runs if run.source < span.end and span.start < run.source + run.length]
    if not inside or span.start >= span.end:
        return None
    first, last = inside[0], inside[-1]
    start = first.clean + max(span.start - first.source, 0)
    return Span(start, last.clean + min(span.end - last.source, last.length))


def _overlapping(runs: Sequence[OffsetRun], span: Span) -> Sequence[OffsetRun]:
    first = bisect_right(runs, span.start, key=lambda run: run.clean + run.length)
    last = bisect_right(runs, span.end - 1, key=lambda run: run.clean)
    if first >= last:
        raise ValueError(f"span {span} holds nothing but inserted white space")
    return runs[first:last]


def _boilerplate(paragraph: _Paragraph) -> bool:
    text = paragraph.text
    if len(text) > _BOILERPLATE_CHARS:
        return False
    return bool(_BOILERPLATE.fullmatch(text) or (not paragraph.prose and _BOILERPLATE_BUT_PROSE.fullmatch(text)))


def _paragraphs(source_lines: Iterable[Line]) -> list[_Paragraph]:
    """Blank lines part paragraphs; inside a block each line stands alone unless the block is hard-wrapped."""
    paragraphs: list[_Paragraph] = []
    block: list[Line] = []
    for line in [*source_lines, None]:
        if line is not None and line.text and not line.heading:
            block.append(line)
            continue
        paragraphs += _unwrap(block)
        block = []
        if line is not None and line.heading and line.text:
            paragraphs.append(_Paragraph((line,), heading=True))
    return paragraphs


def _unwrap(block: list[Line]) -> list[_Paragraph]:
    single = [_Paragraph((line,), heading=False) for line in block]
    widths = [len(line.text) for line in block]
    wrapped = len(block) > 2 and min(widths[:-1]) in _COLUMNS and max(widths) in _COLUMNS  # as in e-mail
    if not wrapped or any(_boilerplate(p) and not p.text[0].islower() for p in single):
        return single
    return [_Paragraph(tuple(block), heading=False)]


def _mend(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Join a sentence that a page break cut; a running header or a boilerplate line inside the cut goes."""
    groups: list[list[_Paragraph]] = []
    for paragraph in paragraphs:
        latest = islice(reversed(groups), 3)
        between = next((n for n, group in enumerate(latest) if not _interrupts(group[0])), None)
        if between is not None and _continues(groups[-1 - between], paragraph):
            del groups[len(groups) - between :]
            groups[-1].append(paragraph)
        else:
            groups.append([paragraph])
    return [g[0] if len(g) == 1 else _Paragraph(tuple(x for p in g for x in p.lines), heading=False) for g in groups]


def _interrupts(paragraph: _Paragraph) -> bool:
    return paragraph.heading or _boilerplate(paragraph)


def _continues(before: list[_Paragraph], paragraph: _Paragraph) -> bool:
    """Does the paragraph go on with the unfinished sentence of those before it?"""
    latest = [line.text for p in before[-_PROSE_WORDS:] for line in p.lines[-_PROSE_WORDS:]]
    prose = sum(len(text.split()) for text in latest) >= _PROSE_WORDS
    opening = paragraph.lines[0].text
    return prose and not paragraph.heading and opening[0].islower() and not _SENTENCE_END.search(latest[-1])


def _split_front(paragraphs: list[_Paragraph]) -> tuple[list[_Paragraph], list[_Paragraph]]:
    """Category, title, byline and dates before the first paragraph are about the article, not part of it."""
    first = next((n for n, p in enumerate(paragraphs) if p.prose), None)
    if first is None or first > _FRONT_MATTER_LINES:
        return [], paragraphs
    keep = first - 1 if first > 1 and paragraphs[first - 1].heading else first  # a section's heading, not the title
    return paragraphs[:keep], paragraphs[keep:]


def _drop_trailing_foreign(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """An author's note in another language at the end is not the article."""
    texts = [p.text for p in paragraphs]
    home = language("\n".join(texts))
    most = _NOTE_SHARE * sum(map(len, texts))
    keep, dropped = len(texts), 0
    while keep > 1 and foreign(texts[keep - 1], home):
        keep -= 1
        dropped += len(texts[keep])
        if dropped > most:
            return paragraphs
    return paragraphs[:keep]


def _mark_headings(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    marked = list(paragraphs)
    for n, (paragraph, following) in enumerate(pairwise(paragraphs)):
        text = paragraph.text
        short = len(text) <= 80 and len(text.split()) <= 10
        if short and following.prose and not _SENTENCE_END.search(text) and not text[0].islower() and text[-1] != ",":
            marked[n] = _Paragraph(paragraph.lines, heading=True)
    return marked


def _assemble(paragraphs: list[_Paragraph], front: tuple[str, ...]) -> Cleaned:
    """Lay the paragraphs out two line feeds apart and write down where each character came from."""
    text: list[str] = []
    runs: list[OffsetRun] = []
    headings: list[Span] = []
    at = 0
    for n, paragraph in enumerate(paragraphs):
        if n:
            text.append("\n\n")
            at += 2
        begin = at
        for m, line in enumerate(paragraph.lines):
            if m:
                text.append(" ")
                at += 1
            runs += [OffsetRun(at + run.clean, run.source, run.length) for run in line.runs]
            text.append(line.text)
            at += len(line.text)
        if lead := at - begin if paragraph.heading else paragraph.lines[0].lead:
            headings.append(Span(begin, begin + lead))
    whole = "".join(text)
    return Cleaned(whole, tuple(runs), plain_blocks(whole, headings), front)
