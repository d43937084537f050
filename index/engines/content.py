"""What goes into a search engine, and what stays: the vectors and postings there, all else in the generation's folder.

The store is the truth of an engine's collection, too: it is filled from it, and filled again where it is gone. A
passage is known there by its document's id and hash, so that no version of an article is taken for another; whatever
stands there that this index does not know is never found.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date
from hashlib import blake2b
from time import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.engines.engine import Engine, EnginePassage, engine_of
from index.engines.vocabulary import NOTHING, Vocabulary, bags_of
from index.errors import IndexDamaged, IndexMissing
from index.ranking.content import Places, merged
from index.ranking.lexical import okapi_damper, okapi_part
from index.settings import Settings
from index.storage.docstore import head_records
from index.storage.generation import Generation, current, load, pointed, put_aside
from index.storage.pieces import Content, Pieces
from index.text.words import TermPlaces

ENGINE = "engine"  # the array that says which collection holds the rest
_OWN = ("vectors", "lexical_", "wording_")  # arrays that are not kept where an engine has what is in them
_STAYS_S = 60.0  # longer than any snapshot answers after it was replaced
_PUBLISHED = 2  # place in a head record


class Collected(NamedTuple):
    """Which collection holds the rest of an index."""

    collection: str
    dim: int
    leaving: Mapping[str, float] = {}  # mark of a document that was replaced → when, in seconds of the clock

    def to_array(self) -> dict[str, NDArray[Any]]:
        return {ENGINE: np.frombuffer(json.dumps(self).encode(), np.uint8)}

    @classmethod
    def of(cls, content: Content) -> "Collected | None":
        """None: everything is here."""
        if ENGINE not in content.arrays:
            return None
        collection, dim, leaving = json.loads(content.arrays[ENGINE].tobytes())
        return cls(collection, dim, leaving)


def marks_of(content: Content) -> list[str]:
    """One a document: 16 hexadecimal digits over its id and hash."""
    heads = head_records(content)
    return [blake2b(json.dumps([head[0], head[-1]]).encode(), digest_size=8).hexdigest() for head in heads]


def collected(
    engine: Engine, older: Content | None, gone: frozenset[str], newer: Content, version: str, stored: Collection[str]
) -> Content:
    """The newer passages in the engine, beside the older ones or in a collection of their own; what stays here.

    `stored` are the ids of all documents: what of `gone` is not among them leaves the engine now; what was replaced, at
    a later change, since snapshots that answer still may ask for it. Raises IndexDamaged where the engine does not hold
    what the older content says.
    """
    slim = _slim(newer)
    dim = int(newer.arrays["vectors"].shape[1])
    there = Collected.of(older) if older else None
    if older is None or there is None:
        made = engine.fill(version, dim, _rows(newer, Vocabulary.of(slim)), newer.passages)
        return slim.and_(Content(Collected(made, dim).to_array(), {}))
    refuse_less(engine, there, older)
    content = merged(older, gone, slim, _joined)
    engine.upsert(there.collection, _rows(newer, Vocabulary.of(content)))
    names, marks = [head[0] for head in head_records(older)], marks_of(older)
    left = {name: mark for name, mark in zip(names, marks, strict=True) if name in gone}
    now, back = time(), {*marks_of(content)}
    leaving = {**there.leaving, **{mark: now for name, mark in left.items() if name in stored}}
    leaving = {mark: since for mark, since in leaving.items() if mark not in back}
    swept = {mark for mark, since in leaving.items() if now - since > _STAYS_S}
    engine.delete(there.collection, sorted({mark for name, mark in left.items() if name not in stored} | swept))
    leaving = {mark: since for mark, since in leaving.items() if mark not in swept}
    return content.and_(Content(there._replace(leaving=leaving).to_array(), {}))


def checked(generation: Generation, settings: Settings) -> Generation:
    """Itself. Raises IndexDamaged where it is searched elsewhere than the settings say, or where the engine lacks
    something of it, EngineUnavailable and IndexMismatch."""
    if not fits(generation.content, settings):
        raise IndexDamaged("the index is searched elsewhere than the settings say; mend it with: quotewell verify")
    there, engine = Collected.of(generation.content), engine_of(settings)
    if there and engine:
        refuse_less(engine, there, generation.content)
    return generation


def standing(settings: Settings) -> Generation | None:
    """The current one, if it is whole."""
    with suppress(IndexMissing, IndexDamaged):
        return checked(load(settings.data, current(settings.data)), settings)
    return None


def repointed(settings: Settings, version: str) -> Generation | None:
    """The one of that version if it is whole, which becomes the current one; else what is left of it is put aside."""
    try:
        return pointed(settings.data, checked(load(settings.data, version), settings))
    except IndexDamaged:
        with suppress(OSError):  # a disk that cannot be written is said once the new one is made
            put_aside(settings.data, version)
        return None


def fits(content: Content, settings: Settings) -> bool:
    """Is it searched where the settings say, so that what changed can stand beside it?"""
    return (ENGINE in content.arrays) == bool(settings.store)


def refuse_less(engine: Engine, there: Collected, content: Content) -> None:
    """Raises IndexDamaged where the engine has fewer passages than there are."""
    found = engine.count(there.collection, there.dim)
    if found < content.passages:
        raise IndexDamaged(
            f"the search engine holds {found:,} of {content.passages:,} passages; mend it with: quotewell verify"
        )


def _slim(content: Content) -> Content:
    """Without what the engine has; with the bags."""
    bags = bags_of(content)
    kept = {name: values for name, values in content.arrays.items() if not name.startswith(_OWN)}
    return Content(kept | NOTHING.changed(bags, 1).to_arrays(), content.pieces | {"bags": Pieces.of(bags)})


def _joined(older: Content, newer: Content, places: Places) -> dict[str, NDArray[Any]]:
    first = len(older.pieces["documents"])
    gone = np.setdiff1d(np.arange(first), places.documents).tolist()
    bags = older.pieces["bags"]
    counts = Vocabulary.of(older).changed(newer.pieces["bags"], 1).changed((bags[at] for at in gone), -1)
    return counts.to_arrays()


def _rows(content: Content, counts: Vocabulary) -> Iterator[EnginePassage]:
    """What the engine gets of each passage."""
    first_rows = content.arrays["document_first_rows"].tolist()
    for at, (day, mark) in enumerate(zip(days_of(content).tolist(), marks_of(content), strict=True)):
        for row in range(first_rows[at], first_rows[at + 1]):
            terms = TermPlaces.from_bytes(content.pieces["terms"][row]).numbers
            numbers, held = np.unique(terms, return_counts=True)
            weights = okapi_part(1.0, held, okapi_damper(int(held.sum()), max(counts.average, 1e-9))).tolist()
            worth = dict(zip(numbers.tolist(), weights, strict=True))
            yield EnginePassage(mark, row - first_rows[at], day, content.arrays["vectors"][row], worth, terms.tolist())


def days_of(content: Content) -> NDArray[np.int64]:
    """(documents,) when each was published, as `date.toordinal` counts; 0 where nobody says."""
    given = [head[_PUBLISHED] for head in head_records(content)]
    return np.array([date.fromisoformat(day).toordinal() if day else 0 for day in given], np.int64)
