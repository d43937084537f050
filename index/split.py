"""Document → passages: runs of whole sentences, sized in the embedder's own tokens, overlapping by sentences.

No passage runs over a heading or is cut by the embedder in silence: what cannot fit is cut here, at a clause.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.records import Document, Passage, Span, blocks_within
from index.text.sentences import sentences

CountTokens = Callable[[Sequence[str]], list[int]]

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
    heading: str
    sentences: tuple[Span, ...]


def split(document: Document, rule: SplitRule, count_tokens: CountTokens) -> list[Passage]:
    """Passages in reading order; every sentence that is not a heading is in at least one."""
    passages: list[Passage] = []
    for section in _sections(document):
        context = _context(document.title, section.heading, rule.max_tokens // 4, count_tokens)
        room = rule.max_tokens - _SPECIAL_TOKENS - _MARGIN - sum(count_tokens([context]))
        pieces, sizes = _fit(document.text, section.sentences, room, count_tokens)
        for first, last in _windows(sizes, min(rule.passage_tokens, room), rule.overlap_sentences):
            passages.append(_passage(document, len(passages), tuple(pieces[first:last]), context))
    return passages


def _passage(document: Document, ordinal: int, inside: tuple[Span, ...], context: str) -> Passage:
    start, end = inside[0].start, inside[-1].end
    name = f"{document.id}#{ordinal}"
    text, blocks = document.text[start:end], blocks_within(document.blocks, start, end)
    return Passage(name, document.id, ordinal, text, start, end, inside, blocks, context)


def _sections(document: Document) -> list[_Section]:
    sections: list[_Section] = []
    begin, heading = 0, ""
    for span in [*document.headings, Span(len(document.text), len(document.text))]:
        inside = sentences(document.text[begin : span.start], document.language)
        if inside:
            shifted = tuple(Span(begin + s.start, begin + s.end) for s in inside)
            sections.append(_Section(heading, shifted))
        begin, heading = span.end, document.text[span.start : span.end]
    return sections


def _context(title: str, heading: str, most_tokens: int, count_tokens: CountTokens) -> str:
    """Title and heading, shortened by words so that they never crowd out the text."""
    words = " · ".join(filter(None, (title.strip(), heading.strip().rstrip(".")))).split()
    while words and count_tokens([" ".join(words)])[0] > most_tokens:
        words = words[: len(words) * 3 // 4]
    return " ".join(words)


def _fit(text: str, spans: Sequence[Span], room: int, count_tokens: CountTokens) -> tuple[list[Span], list[int]]:
    """The sentences, those too long for one passage cut into clauses, with their sizes in tokens."""
    sizes = count_tokens([text[s.start : s.end] for s in spans])
    pieces: list[Span] = []
    for span, size in zip(spans, sizes, strict=True):
        pieces += [span] if size <= room else _cut(text, span, room, count_tokens)
    return pieces, count_tokens([text[s.start : s.end] for s in pieces])


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
