"""How much of two texts is the same, told from a short sketch of each: the smallest hashes of their runs of words.

Broder, "On the resemblance and containment of documents" (1997).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from heapq import nsmallest

_WORD = re.compile(r"\w+")
_RUN = 5  # words
_SIZE = 128  # hashes of a sketch
_INDEXED = 8  # by which alike texts are found: of two that share 80 % of their runs, 1 pair in 400,000 shares none

Sketch = tuple[int, ...]


def sketch(text: str) -> Sketch:
    """Ascending; empty for a text of fewer than five words."""
    words = _WORD.findall(text.casefold())
    runs = {" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    return tuple(nsmallest(_SIZE, {int.from_bytes(blake2b(run.encode(), digest_size=8).digest()) for run in runs}))


def resemblance(one: Sketch, other: Sketch) -> float:
    """The share of their runs of words that two texts have in common, 0 to 1; exact for short texts."""
    known = min((sketch[-1] for sketch in (one, other) if len(sketch) == _SIZE), default=None)
    union = {run for run in (*one, *other) if known is None or run <= known}
    return len(union & {*one} & {*other}) / len(union) if union else 0.0


def alike(sketches: Mapping[str, Sketch], least: float) -> Iterator[tuple[str, str, float]]:
    """Pairs of names, each in alphabetical order, whose texts share that much or more, and how much."""
    by_hash = defaultdict[int, list[str]](list)
    for name in sorted(sketches):
        met = {other for run in sketches[name][:_INDEXED] for other in by_hash[run]}
        for other in sorted(met):
            if (share := resemblance(sketches[other], sketches[name])) >= least:
                yield other, name, share
        for run in sketches[name][:_INDEXED]:
            by_hash[run].append(name)
