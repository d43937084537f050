"""Where an edited sentence stands now, and what was edited, word by word.

Rare words of the quote and of what stood around it vote for places, so that a long text is only scanned, never
compared; only the few best places are aligned.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import Literal, NamedTuple

from index.records import Span

Op = Literal["equal", "delete", "insert"]
Diff = tuple[tuple[Op, str], ...]

MOST_KEYS = 64
MOST_PLACES = 3
_MOST_HITS = 200  # a key that stands more often says nothing of the place
_LONG = 500  # characters of a quote beyond which one alignment must do
_SURE = 0.95  # so alike that no other alignment is tried
_CLEARLY = 0.15  # so much more alike must be what fewer surroundings hold
_MOST_FUZZY = 80  # characters of two replaced pieces that are compared letter by letter
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\w\u0300-\u036f\u200d])+|\s+|.", re.DOTALL)
_INK = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\w\u0300-\u036f\u200d])+|[^\w\s]")
_KEY = re.compile(rf"[{_UNSPACED}]{{2}}|(?:(?![{_UNSPACED}])\w){{4,}}")
_ENDS = ".!?\u2026\u3002\uff01\uff1f"
_STOP = re.compile(rf"[{_ENDS}][\"'\u201d\u2019\u00bb)\]]*\s+|\n\s*")


class Edited(NamedTuple):
    """The best place: what stands there now, and how alike it is to what was quoted, 0 to 1."""

    span: Span
    similarity: float


class _Sought(NamedTuple):
    prefix: str
    quote: str
    suffix: str


def edited(text: str, prefix: str, quote: str, suffix: str, at: Iterable[int] = ()) -> Edited | None:
    """The place in the text that is most like the quote; `at` names starts to try, else its words are looked for.

    Of equally good places the first that was tried counts. None where no word of it stands.
    """
    sought = _Sought(prefix, quote, suffix)
    starts = list(at) or _places(text, sought)
    found = [place for start in starts if (place := _aligned(text, sought, start))]
    return max(found, key=lambda place: place.similarity, default=None)


def word_diff(old: str, new: str) -> Diff:
    """By words, white space and signs. Equal and deleted parts make the old text, equal and inserted ones the new."""
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    parts: list[tuple[Op, str]] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("equal", "".join(a[a1:a2])))
            continue
        if a1 < a2:
            parts.append(("delete", "".join(a[a1:a2])))
        if b1 < b2:
            parts.append(("insert", "".join(b[b1:b2])))
    return tuple(parts)


def similarity(old: str, new: str) -> float:
    """2 M / (a + b) over characters that are no white space (Ratcliff and Obershelp 1988).

    M counts those of equal words, and of replaced words those that an alignment of their letters finds.
    """
    size = _ink(old) + _ink(new)
    matched, deleted = 0.0, ""
    for op, part in word_diff(old, new):
        if op == "equal":
            matched += _ink(part)
        elif op == "insert" and deleted:
            matched += _fuzzy(deleted, part)
        deleted = part if op == "delete" else ""
    return 2 * matched / size if size else float(old == new)


def _fuzzy(old: str, new: str) -> float:
    if max(len(old), len(new)) > _MOST_FUZZY:
        return 0.0
    ratio = SequenceMatcher(None, old, new, autojunk=False).ratio()
    return ratio * (_ink(old) + _ink(new)) / 2 if ratio > 0.5 else 0.0


def _ink(text: str) -> int:
    return len(text) - sum(map(str.isspace, text))


def _places(text: str, sought: _Sought) -> list[int]:
    """Starts for which most of the rare words vote; each word votes for where the quote began, seen from it."""
    whole = "".join(sought)
    keys = {match.group(): match.start() - len(sought.prefix) for match in _KEY.finditer(whole)}
    names = list(keys)[:: -(-len(keys) // MOST_KEYS)] if keys else []
    width = max(64, len(sought.quote) // 2)
    votes: defaultdict[int, float] = defaultdict(float)
    for name in names:
        hits = list(islice(occurrences(text, name), _MOST_HITS + 1))
        if len(hits) <= _MOST_HITS:
            for hit in hits:
                votes[max(0, hit - keys[name]) // width] += 1 / len(hits)
    summed = {bucket: votes[bucket] + votes.get(bucket + 1, 0.0) for bucket in list(votes)}
    best = sorted(summed, key=lambda bucket: (-summed[bucket], bucket))[:MOST_PLACES]
    return [bucket * width + width // 2 for bucket in best]


def occurrences(text: str, words: str) -> Iterable[int]:
    """Where the words stand, ascending."""
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _aligned(text: str, sought: _Sought, start: int) -> Edited | None:
    """The quote in the window around the place, held by what stood on both its sides, or else on one of them."""
    size = len(sought.quote)
    begin = max(0, start - size - 160)
    window = _Window(text[begin : start + 2 * size + 160], begin == 0, start + 2 * size + 160 >= len(text))
    best: Edited | None = None
    others = (sought._replace(suffix=""), sought._replace(prefix="")) if size <= _LONG else ()
    for held in (sought, *others):
        if span := _span(held, window):
            alike = similarity(sought.quote, window.text[slice(*span)])
            if best is None or alike > best.similarity + _CLEARLY:
                best = Edited(Span(begin + span.start, begin + span.end), alike)
        if best and best.similarity > _SURE:
            break
    return best


class _Window(NamedTuple):
    """A part of a text, and whether that begins and ends with it."""

    text: str
    opens: bool
    closes: bool


def _span(sought: _Sought, window: _Window) -> Span | None:
    blocks, left, right = _blocks(sought, window.text)
    blocks = _trimmed(blocks, len(sought.quote))
    if not blocks:
        return None
    first, last = blocks[0], blocks[-1]
    end = last.b + last.size
    low, high = first.b, end
    if first.a > 0 or 0 < left <= first.b:
        low = _left(window, left if left <= first.b else 0, first.b)
    if last.a + last.size < len(sought.quote) or right >= end:
        high = _right(window, right if right >= end else -1, end, whole=last.a + last.size == len(sought.quote))
    return Span(low, high) if window.text[low:high].strip() else None


class _Block(NamedTuple):
    """`size` characters that are the same at `a` of the quote and at `b` of the window."""

    a: int
    b: int
    size: int


def _blocks(sought: _Sought, window: str) -> tuple[list[_Block], int, int]:
    """Blocks inside the quote, the end of the prefix in the window (0: not found), the begin of the suffix (-1)."""
    a, b = _tokens("".join(sought)), _tokens(window)
    head, tail = len(sought.prefix), len(sought.prefix) + len(sought.quote)
    blocks, left, right = [], 0, -1
    matcher = SequenceMatcher(None, [token for _, token in a], [token for _, token in b], autojunk=False)
    for i, j, n in matcher.get_matching_blocks():
        for (begin, token), (where, _) in zip(a[i : i + n], b[j : j + n], strict=True):
            end = begin + len(token)
            if end <= head:
                left = where + len(token) if end >= len(sought.prefix.rstrip()) else left
            elif begin >= tail:
                right = where if right < 0 and not sought.suffix[: begin - tail].strip() else right
            elif head <= begin and end <= tail:
                blocks.append(_Block(begin - head, where, len(token)))
    return blocks, left, right


def _tokens(text: str) -> list[tuple[int, str]]:
    return [(match.start(), match.group()) for match in _INK.finditer(text)]


def _trimmed(blocks: list[_Block], size: int) -> list[_Block]:
    """Without the blocks at either end that stretch the span by more than they match."""
    ink = list(blocks)
    while len(ink) > 1:
        whole = _share(ink, size)
        shorter = max((ink[1:], ink[:-1]), key=lambda some: _share(some, size))
        if _share(shorter, size) <= whole:
            break
        ink = shorter
    return ink


def _share(blocks: Sequence[_Block], size: int) -> float:
    span = blocks[-1].b + blocks[-1].size - blocks[0].b
    return 2 * sum(block.size for block in blocks) / (size + span)


def _left(window: _Window, anchor: int, first: int) -> int:
    """The begin: behind what stood before, or behind the last sentence that ends before the first matched word."""
    stops = [stop.end() for stop in _STOP.finditer(window.text, anchor, first)]
    begin = stops[-1] if stops else anchor if anchor or window.opens else first
    return first - len(window.text[begin:first].lstrip())


def _right(window: _Window, anchor: int, last: int, *, whole: bool) -> int:
    """The end: before what stood behind (-1: not found), or with the first sentence that ends behind the last word."""
    if whole and window.text[:last].rstrip()[-1:] in _ENDS:
        return last
    stop = _STOP.search(window.text, last, anchor if anchor >= 0 else len(window.text))
    closed = len(window.text) if window.closes else last
    end = stop.end() if stop else anchor if anchor >= 0 else closed
    return last + len(window.text[last:end].rstrip())
