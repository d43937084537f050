"""What the shape of an article means for reading and quoting: its blocks, seen from the sentences in them.

A sentence is judged together with what its block leads back to (the question, the table's header, the line before a
list, who speaks), and quoted as its own words.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from index.records import Block, Document, Kind, Passage, Span
from index.text.words import stems

BODY: frozenset[Kind] = frozenset({"text", "item", "row", "turn", "code"})  # what may answer
LISTED: frozenset[Kind] = frozenset({"item", "code"})
TOLD_ON: frozenset[Kind] = frozenset({"text", "item", "code", "links"})  # behind a sentence, what goes on with it
_SOON = 300  # characters between a sentence that says how and the list or code that shows it
ASIDE: frozenset[Kind] = frozenset({"aside"})  # what may where nothing of the body does
NOTHING = Span(0, 0)  # the lead of what needs none
VERSION = re.compile(  # a heading that says since when: "Version 2.1", "[2.1.0] - 2024-11-05", but not "2.1 Methods"
    r"(?:\w+ )?\[?v?\d+(?:\.\d+)+\w*\]?(?:$|\W+\d{4}\b)"
)
_CELLS = re.compile(r"\s*(?<!\\)[|│┃║]\s*| *\t *")
_DATELINE = re.compile(
    r"((?:[A-Z][A-Z.’'-]+,? )+)(?:\d+ )?(?:[A-Z]\w+\.? (?:\d+ )?)?(?:\([\w ]+\) )?[—–-]+ (?=\W?[A-Z][^A-Z])"
)
_DEFINED = re.compile(  # "HTTP – The protocol by which", "USB – A plug."
    rf"{_DATELINE.pattern}(?:An?|The) (?:(?!(?:is|are|was|were|has|have|had|will|said|\w+ed)\b)[\w’'/-]+ )*"
    r"(?:(?:that|which|who|whose|where)\b|(?!\w+ed\b)[\w’'/-]+\.$)"
)


def of_a_version(passage: Passage) -> bool:
    """Does it say what became different, as a changelog does?"""
    return any(VERSION.match(heading) for heading in passage.context.split(" · "))


def place_of(blocks: Sequence[Block], at: int) -> int:
    """Number of the block in which this character of the document stands, or else of the one before."""
    return max(bisect_right(blocks, at, key=lambda block: block.start) - 1, 0)


def block_at(blocks: Sequence[Block], at: int) -> Block:
    """The block in which this character of the document stands, or else the one before."""
    return blocks[place_of(blocks, at)]


def blocks_of(passage: Passage) -> tuple[Block, ...]:
    """Of each sentence, the block that it stands in."""
    return tuple(block_at(passage.blocks, sentence.start) for sentence in passage.sentences)


def sent_from(passage: Passage) -> tuple[Span, int]:
    """The place that an article is sent from, before the passage's first sentence ("MEXICO CITY — "), and where that
    begins; or nothing and 0. Below the first passage, and among definitions, it takes a day or two words: "HTTP – The
    protocol that …" is a glossary's."""
    first = next((block.start for block in passage.blocks if block.kind == "text"), -1)
    start, end = next((sentence for sentence in passage.sentences if sentence.start == first), NOTHING)
    sent = _DATELINE.match(passage.said(start, end)) if end else None
    defined = sum(bool(_DEFINED.match(passage.said(*one))) for one in passage.sentences) if sent else 0
    if not sent or ((passage.ordinal or defined > 1) and not re.search(r"\d|\w \w", sent.group())):
        return NOTHING, 0
    return Span(start, start + sent.end(1)), start + sent.end()


def told_in(passage: Passage) -> tuple[Span, ...]:
    """Its sentences as judged: the first without the place that an article is sent from."""
    place, begin = sent_from(passage)
    return tuple(Span(begin, s.end) if begin and s.start == place.start else s for s in passage.sentences)


def leads_of(passage: Passage) -> tuple[tuple[Span, ...], ...]:
    """For each sentence, what it is judged together with, in offsets of the passage's `search_text`.

    Of a lead outside of the passage its context tells, as far as it tells. What somebody says is judged with the
    question before it, too.
    """
    shift = len(passage.search_text) - len(passage.text) - passage.start
    return tuple(
        tuple(_shifted(passage, lead, shift) for lead in _chain(passage, block) if not overlap(lead, sentence))
        for sentence, block in zip(passage.sentences, blocks_of(passage), strict=True)
    )


def neighbours(passage: Passage) -> tuple[range, ...]:
    """For each sentence, the numbers of those that it reads on from or into, itself among them: one before, one behind.

    Rows, items and answers to other questions are no neighbours.
    """
    blocks = blocks_of(passage)
    joined = [reads_on(before, after) for before, after in pairwise(blocks)]
    joined = [False, *joined, False]  # of n: does it read on from n - 1?
    return tuple(range(n - joined[n], n + 1 + joined[n + 1]) for n in range(len(blocks)))


def example_behind(blocks: Sequence[Block], at: int, end: int) -> int | None:
    """Number of the list or code that shows what ends there, in block number `at`, and follows soon; None without."""
    near = bisect_right(blocks, end + _SOON, key=lambda block: block.start)
    behind = takewhile(lambda n: blocks[n].kind in TOLD_ON, range(at + 1, near))
    return next((n for n in behind if blocks[n].kind in LISTED), None)


def reads_on(before: Block, after: Block) -> bool:
    """Is what stands in the second block told on from the first, which is the one before it?"""
    return before == after or (before.kind == after.kind in {"text", "aside", "turn"} and before.lead == after.lead)


def section(document: Document, number: str, most: int) -> Span | None:
    """From the heading with that number to the end of what stands under it, or of as many of its blocks as have at
    `most` characters; else the paragraph that begins with it."""
    named = re.compile(rf"(?:[^\W\d]{{0,12}}\W{{0,3}})?{re.escape(number)}(?!\w|[.,-]\d)", re.IGNORECASE)
    begin = [block for block in document.blocks if named.match(document.text, block.start, block.end)]
    if head := next((block for block in begin if block.kind == "heading"), None):
        behind = document.blocks[document.blocks.index(head) + 1 :]
        under = takewhile(lambda b: b.kind != "heading" or head.start <= b.lead.start != b.lead.end, behind)
        return Span(
            head.start,
            max((b.end for b in under if b.kind != "heading" and b.end - head.start <= most), default=head.end),
        )
    return next((Span(block.start, block.end) for block in begin if block.kind in {"text", "item"}), None)


def by_columns(header: str, row: str) -> str:
    """A row with the names of its columns: "Canoe · Price: 9 euros · Seats: 2"; the first cell names the row."""
    names, (first, *cells) = _CELLS.split(header.strip()), _CELLS.split(row.strip())
    named = names[1:] if len(names) == len(cells) + 1 else [""] * len(cells)
    told = (f"{name}: {cell}" if name else cell for name, cell in zip(named, cells, strict=True) if cell)
    return " · ".join(filter(None, (first, *told)))


def names_row(row: str, words: frozenset[str]) -> bool:
    """Do the words, which are stems, hold all of a cell that is no bare number?"""
    named = (set(stems(cell, "snowball")) for cell in _CELLS.split(row) if any(map(str.isalpha, cell)))
    return any(own and own <= words for own in named)


def _chain(passage: Passage, block: Block) -> Iterator[Span]:
    """Its lead, and what that leads back to; as far as the passage reaches, and one step beyond.

    Of a paragraph before a list or code the last sentence introduces it; what stands before a table says no row.
    """
    lead, before = block.lead, passage.end
    if block.kind == "turn" and (at := place_of(passage.blocks, lead.start)) and lead.start >= passage.start:
        question = passage.blocks[at - 1]
        if question.kind == "question":
            yield Span(question.start, question.end)
    while lead != NOTHING and lead.start < before:
        inside = lead.start >= passage.start
        told = [s for s in passage.sentences if lead.start <= s.start and s.end <= lead.end]
        yield told[-1] if told and inside and block.kind in {"item", "code"} else lead
        above = block_at(passage.blocks, lead.start)
        if not inside or above.kind == "header":
            return
        block, lead, before = above, above.lead, lead.start


def _shifted(passage: Passage, lead: Span, shift: int) -> Span:
    inside = passage.start <= lead.start and lead.end <= passage.end
    return Span(lead.start + shift, lead.end + shift) if inside else Span(0, len(passage.context))


def overlap(a: Span, b: Span) -> bool:
    """Do they share a character?"""
    return a.start < b.end and b.start < a.end
