"""Which of two articles says all that the other says, told from a short sketch of each.

How much of two texts is the same is told by the smallest hashes of their runs of words: Broder, "On the resemblance and
containment of documents" (1997). Where they are alike, and one says nothing that the other does not, the other alone is
searched, and nothing is lost.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from heapq import nsmallest
from typing import NamedTuple

from index.records import Document

ALIKE = 0.8  # share of runs of words in common from which on two articles may be one

_WORD = re.compile(r"\w+|[$€£¥₹%‰°]|[-−](?=\d)")  # what makes another fact of a number is none to be left out
_STATEMENT_END = re.compile(r"(?<=[.!?…])[\"'”’»)]*\s+")
_RUN = 5  # words
_SIZE = 128  # hashes of a sketch
INDEXED = 8  # by which alike texts are found: of two that share 80 % of their runs, 1 pair in 400,000 shares none


class Sketch(NamedTuple):
    """Of what is the article's own: furniture and lists of links do not count."""

    runs: tuple[int, ...]  # hashes, ascending; empty for a text of fewer than five words
    said: frozenset[int]  # hashes of all its sentences and lines
    facts: int  # how many of author, publisher, date and address are known


def sketch(document: Document) -> Sketch:
    """Signs, case and white space do not count."""
    own = [document.text[b.start : b.end] for b in document.blocks if b.kind not in ("aside", "links")]
    words = words_of(" ".join(own)).split()
    runs = {" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    said = {words_of(part) for block in own for part in _STATEMENT_END.split(block)} - {""}
    known = (document.author, document.publisher, document.published, document.url)
    return Sketch(tuple(nsmallest(_SIZE, map(_hash, runs))), frozenset(map(_hash, said)), sum(map(bool, known)))


def words_of(text: str) -> str:
    """The words alone, with a blank between."""
    return " ".join(_WORD.findall(text.casefold()))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def resemblance(one: Sketch, other: Sketch) -> float:
    """The share of their runs of words that two texts have in common, 0 to 1; exact for short texts."""
    known = min((sketch.runs[-1] for sketch in (one, other) if len(sketch.runs) == _SIZE), default=None)
    union = {run for run in (*one.runs, *other.runs) if known is None or run <= known}
    return len(union & {*one.runs} & {*other.runs}) / len(union) if union else 0.0


def alike(sketches: Mapping[str, Sketch]) -> Iterator[tuple[str, str, float]]:
    """Pairs of names, each in alphabetical order, whose texts may be one, and the share that is the same."""
    by_hash = defaultdict[int, list[str]](list)
    for name in sorted(sketches):
        met = {other for run in sketches[name].runs[:INDEXED] for other in by_hash[run]}
        for other in sorted(met):
            if (share := resemblance(sketches[other], sketches[name])) >= ALIKE:
                yield other, name, share
        for run in sketches[name].runs[:INDEXED]:
            by_hash[run].append(name)


def held_by(
    sketches: Mapping[str, Sketch], pairs: Iterable[tuple[str, str, float]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Name → the names, ascending, of those that say all that it says; nothing where there are none.

    `pairs`: as `alike` finds them, where somebody has asked it.

    Of two that say the same the one is held of which more is known, and else the first by name. An order: what is held
    is held, in the end, by one that is not, whatever is taken away.
    """
    held = defaultdict[str, set[str]](set)
    for one, other, _ in alike(sketches) if pairs is None else pairs:
        a, b = sketches[one], sketches[other]
        if a.said >= b.said and (a.said != b.said or a.facts >= b.facts):
            held[other].add(one)
        elif b.said >= a.said:
            held[one].add(other)
    return {name: tuple(sorted(holders)) for name, holders in held.items()}
