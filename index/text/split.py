"""Document → passages: runs of whole sentences, sized in the embedder's own tokens, overlapping by sentences.

No passage runs over a heading or is cut by the embedder in silence: what cannot fit is cut here, at a clause.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from index.records import Block, Document, Passage, Span, blocks_within, to_source
from index.text.sentences import sentences

CountTokens = Callable[[Sequence[str]], list[int]]

_APART = ("heading", "aside", "links")
_ONE_SENTENCE = ("header", "row", "code")
_NUMBER = re.compile(r"\(?\w{1,9}[.)]\s+")
_UNDER = " · "  # between a heading and what stands under it
_SPECIAL_TOKENS = 2  # [CLS] and [SEP]
_MARGIN = 4  # tokenizers that do not add up exactly over sentences
_CLAUSE = re.compile(r"[;:,–—][\"'”’)]*\s+|\s+(?=[(“])")
_WORD = re.compile(r"\s*\S{1,100}")  # an endless word is cut too; WordPiece reads a longer one as one unknown token


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How large passages are; part of what an index is built with."""

    passage_tokens: int  # aimed at; a passage is larger only if one sentence is
    max_tokens: int  # the embedder's limit, special tokens included
    overlap_sentences: int


@dataclass(frozen=True, slots=True)
class _Section:
    """Blocks below one heading that are searched together."""

    heading: str
    blocks: tuple[Block, ...]


class _Sentence(NamedTuple):
    span: Span
    block: Block


def split(document: Document, rule: SplitRule, count_tokens: CountTokens) -> list[Passage]:
    """Passages in reading order; every sentence that is not a heading is in at least one."""
    passages: list[Passage] = []
    for section in _sections(document):
        context = _context((document.title, section.heading.rstrip(".")), rule.max_tokens // 4, count_tokens)
        leads = _leads(document, section, rule.max_tokens // 8, count_tokens)
        taken = sum(count_tokens([context])) + max(count_tokens([*leads.values()]), default=0)
        room = rule.max_tokens - _SPECIAL_TOKENS - _MARGIN - taken
        pieces, sizes = _fit(document, section.blocks, room, count_tokens)
        together = _together(document, pieces, sizes, min(rule.passage_tokens, room))
        for first, last in _windows(
            [sum(sizes[a:b]) for a, b in together], min(rule.passage_tokens, room), rule.overlap_sentences
        ):
            inside = pieces[together[first][0] : together[last - 1][1]]
            begins, lead = inside[0].span.start, inside[0].block.lead
            outside = "" if begins <= lead.start < inside[-1].span.end else leads.get(lead, "")
            whole = " · ".join(filter(None, (context, outside)))
            passages.append(_passage(document, len(passages), tuple(piece.span for piece in inside), whole))
    return passages


def _passage(document: Document, ordinal: int, inside: tuple[Span, ...], context: str) -> Passage:
    start, end = inside[0].start, inside[-1].end
    name = f"{document.id}#{ordinal}"
    text, blocks = document.text[start:end], blocks_within(document.blocks, start, end)
    return Passage(name, document.id, ordinal, text, start, end, inside, blocks, context)


def _sections(document: Document) -> list[_Section]:
    """What is not the article itself, and lists of links, are sections of their own and so dilute no other."""
    sections: list[_Section] = []
    heading = ""
    leads = {Span(block.start, block.end): block.lead for block in document.blocks if block.kind == "heading"}
    for apart, blocks in groupby(document.blocks, key=lambda block: block.kind if block.kind in _APART else "text"):
        inside = tuple(blocks)
        if apart == "heading":
            spans, at = [Span(block.start, block.end) for block in inside], inside[0].lead
            while at.end and at.start < spans[0].start:  # what it is under
                spans, at = [at, *spans], leads.get(at, Span(0, 0))
            texts = (document.text[span.start : span.end] for span in spans)
            heading = _UNDER.join(text for text in texts if text != document.title)
        else:
            sections += (_Section(heading, run) for run in _ascending(document, inside))
    return sections


def _ascending(document: Document, blocks: Sequence[Block]) -> list[tuple[Block, ...]]:
    """Runs of blocks that follow each other in the source, too: not a block and what was moved from its middle behind
    it, since no stretch of the source would be those two alone."""
    runs: list[tuple[Block, ...]] = []
    end = -1
    for block in blocks:
        there = to_source(document, Span(block.start, block.end))
        runs[-1:] = [(*runs[-1], block)] if there.start >= end > 0 else [*runs[-1:], (block,)]
        end = there.end
    return runs


def _leads(document: Document, section: _Section, most_tokens: int, count_tokens: CountTokens) -> dict[Span, str]:
    """What introduces blocks of the section, as it is searched with those that stand in another passage."""
    spans = {block.lead for block in section.blocks if block.lead.start < block.lead.end}
    texts = {span: document.text[span.start : span.end] for span in sorted(spans)}
    kept = {span: text for span, text in texts.items() if text not in (*section.heading.split(_UNDER), document.title)}
    return {span: _context((text,), most_tokens, count_tokens) for span, text in kept.items()}


def _together(document: Document, pieces: Sequence[_Sentence], sizes: Sequence[int], aim: int) -> list[tuple[int, int]]:
    """Runs [first, last) of sentences that are not parted, of a list and what introduces it, where they fit."""
    runs: list[tuple[int, int]] = []
    for first, last in _bundles(pieces):
        if last - first > 1 and sum(sizes[first:last]) <= aim:
            runs.append((first, last))
        else:
            runs += [(n, n + 1) for n in range(first, last)]
    return runs


def _bundles(pieces: Sequence[_Sentence]) -> Iterator[tuple[int, int]]:
    """Runs [first, last) of sentences that belong together: what introduces blocks, and they."""
    introducing = {piece.block.lead.start for piece in pieces if piece.block.lead.end}
    first = 0
    for n, (before, piece) in enumerate(pairwise(pieces), start=1):
        introduced = piece.block.lead.end and piece.block.lead.start >= pieces[first].block.start
        if not introduced and not (before.block == piece.block and piece.block.start in introducing):
            yield first, n
            first = n
    if pieces:
        yield first, len(pieces)


def _context(texts: Sequence[str], most_tokens: int, count_tokens: CountTokens) -> str:
    """Title and heading, shortened by words so that they never crowd out the text."""
    words = " · ".join(filter(None, dict.fromkeys(text.strip() for text in texts))).split()
    while words and count_tokens([" ".join(words)])[0] > most_tokens:
        words = words[: len(words) * 3 // 4]
    return " ".join(words)


def _fit(
    document: Document, blocks: Sequence[Block], room: int, count_tokens: CountTokens
) -> tuple[list[_Sentence], list[int]]:
    """The sentences, those too long for one passage cut into clauses, with their sizes in tokens."""
    text = document.text
    whole = [_Sentence(span, block) for block in blocks for span in _sentences(document, block)]
    sizes = count_tokens([text[slice(*one.span)] for one in whole])
    pieces: list[_Sentence] = []
    for one, size in zip(whole, sizes, strict=True):
        cut = [one.span] if size <= room else _cut(text, one.span, room, count_tokens)
        pieces += [_Sentence(span, one.block) for span in cut]
    return pieces, count_tokens([text[slice(*piece.span)] for piece in pieces])


def _sentences(document: Document, block: Block) -> list[Span]:
    """What a number, or a speaker's name, stands before is part of the first sentence and does not end it."""
    if block.kind in _ONE_SENTENCE:
        return [Span(block.start, block.end)]
    number = _NUMBER.match(document.text, block.start, block.end) if block.kind == "item" else None
    begin = number.end() if number else block.lead.end if block.start == block.lead.start else block.start
    inside = [
        Span(begin + s.start, begin + s.end) for s in sentences(document.text[begin : block.end], document.language)
    ]
    return [Span(block.start, inside[0].end), *inside[1:]] if inside else [Span(block.start, block.end)]


def _cut(text: str, span: Span, room: int, count_tokens: CountTokens) -> list[Span]:
    """Cut one long sentence after clauses, and after words where a clause is too long as well."""
    inside = text[span.start : span.end]
    clauses = _pieces(inside, [m.end() for m in _CLAUSE.finditer(inside)])
    sizes = count_tokens([inside[c.start : c.end] for c in clauses])
    atoms: list[Span] = []
    for clause, size in zip(clauses, sizes, strict=True):
        if size <= room:
            atoms.append(clause)
        else:
            words = _pieces(inside, [m.end() for m in _WORD.finditer(inside, clause.start, clause.end)])
            atoms += [w for w in words if clause.start <= w.start < clause.end]
    sizes = count_tokens([inside[a.start : a.end] for a in atoms])
    cut: list[Span] = []
    for first, last in _windows(sizes, room, 0):
        piece = inside[atoms[first].start : atoms[last - 1].end]
        start = span.start + atoms[first].start + len(piece) - len(piece.lstrip())
        cut.append(Span(start, start + len(piece.strip())))
    return cut


def _pieces(text: str, cuts: Sequence[int]) -> list[Span]:
    edges = sorted({0, *cuts, len(text)})
    return [Span(a, b) for a, b in pairwise(edges)]


def _windows(sizes: Sequence[int], aim: int, overlap: int) -> list[tuple[int, int]]:
    """Greedy windows [first, last) of at most `aim` in sum (or one item); each begins `overlap` before the last end."""
    windows: list[tuple[int, int]] = []
    first = 0
    while first < len(sizes):
        last, total = first + 1, sizes[first]
        while last < len(sizes) and total + sizes[last] <= aim:
            total += sizes[last]
            last += 1
        windows.append((first, last))
        if last == len(sizes):
            break
        back = last - overlap
        while back < last and (back <= first or sum(sizes[back : last + 1]) > aim):
            back += 1  # the overlap must leave room for something new
        first = back
    return windows
