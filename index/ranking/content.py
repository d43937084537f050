"""What an index is made of: all of it from the store, or what stands already with what changed put in its place.

Both give the same, bit for bit, so that nobody can tell from an answer how an index came to be.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import StoredPassage
from index.errors import IndexDamaged
from index.ranking.lexical import LexicalRanker, Written, joined, laid_out, narrowed, restored, saved, spelled, wording
from index.records import Document, Head, document_of, passage_of
from index.storage.docstore import HELD_BY, Told, head_lines, holders, pack_heads, pack_told, record, stored_as
from index.storage.merkle import revision
from index.storage.pieces import Content, Lines, Packing
from index.text.twins import INDEXED, Sketch, held_by, sketch
from index.text.words import Stem, TermPlaces, terms

Numbers = NDArray[np.int64]


def content_of(
    found: Iterable[tuple[Document, Sequence[StoredPassage]]],
    stem: Stem,
    dim: int,
    alone: Collection[str] = frozenset(),
    folder: Path | None = None,
) -> Content:
    """Of documents by id, each with its passages in order; they are read once, and no encoding is held longer.

    Many are in a file of the `folder` without a name, so that memory does not grow with what is read piece by piece.
    `dim` is that of vectors; the documents `alone` are not held by others, whatever these say. `document_runs` is
    uint64 (documents, INDEXED), by which articles that say the same are found, 0 where there is none.
    """
    told, sketches, vectors, written, token_dim = list[Told](), dict[str, Sketch](), bytearray(), Written(), dim
    documents, passages, tokens, places = (Packing(folder) for _ in range(4))
    for document, stored in found:
        documents.add(record(document))
        size = len(document.text), len(stored)
        told.append((Head.of(document), document.sha256, revision(document.text), *size))
        if document.id not in alone:
            sketches[document.id] = sketch(document)
        for one in stored:
            text, token_dim = one.passage.search_text, one.encoding.tokens.shape[1]
            of_text = terms(text, stem)
            written.add(spelled(text, of_text))
            vectors += one.encoding.vector.data
            passages.add(record(one.passage))
            tokens.add(one.encoding.token_bytes())
            places.add(TermPlaces.of(of_text).to_bytes())
    lexical = LexicalRanker.of(written)
    arrays = {
        "vectors": np.frombuffer(vectors, np.float32).reshape(len(written), dim),
        "token_dim": np.array([token_dim]),
        "document_runs": _runs([sketches.get(head.id) for head, *_ in told]),
    }
    arrays |= {f"lexical_{name}": values for name, values in lexical.to_arrays().items()}
    arrays |= {f"wording_{name}": values for name, values in wording(lexical.numbers, written).items()}
    packed = {"documents": documents, "passages": passages, "tokens": tokens, "terms": places}
    pieces = {name: packing.pieces() for name, packing in packed.items()}
    return Content(arrays | pack_told(told, held_by(sketches)), pieces)


def refuse_unlike(
    content: Content,
    stored: Mapping[str, str],
    drawn: Iterable[tuple[Document, StoredPassage | None]],
    stem: Stem | None,
) -> None:
    """Before it answers: it holds what is `stored`, id → sha256, and each document drawn from the store is found again.

    That is by text and vector of the passage that comes with it, its last, and by its terms, where they are cut so.
    Raises IndexDamaged.
    """
    had = stored_as(content)
    if here := "vectors" in content.arrays:  # else an engine has them
        vocabulary, (indptr, rows, *_) = restored(content.part("lexical_"))
    unlike = {name for name, _ in had.items() ^ stored.items()} if had != stored else set()
    places = {name: at for at, name in enumerate(had)}
    for document, last in drawn if not unlike else ():
        at = places[document.id]
        row = int(content.arrays["document_first_rows"][at + 1]) - 1
        same = _document(content, at) == document
        if last:
            found = passage_of(json.loads(content.pieces["passages"][row])), content.pieces["tokens"][row]
            same &= found == (last.passage, last.encoding.token_bytes())
        if last and here:
            held = np.searchsorted(indptr, np.flatnonzero(rows == row), side="right") - 1
            words = {word.text for word in terms(last.passage.search_text, stem)} if stem else None
            same &= np.array_equal(content.arrays["vectors"][row], last.encoding.vector)
            same &= words in (None, set(map(vocabulary.line, held.tolist())))
        unlike |= set() if same else {document.id}
    if unlike:
        raise IndexDamaged(
            f"a search index was made that does not give back '{min(unlike)}' as it is stored: it is not used; "
            "look at the store with: quotewell verify"
        )


class Places(NamedTuple):
    """Where everything goes when two contents become one."""

    documents: Numbers  # those that stay, in their order, counted through both
    rows: Numbers  # their passages
    becomes: tuple[NDArray[np.int32], NDArray[np.int32]]  # for each row of either the row that it becomes, or -1


Join = Callable[[Content, Content, Places], dict[str, NDArray[Any]]]


def merged(older: Content, gone: frozenset[str], newer: Content, join: Join | None = None) -> Content:
    """The older without the documents that are gone, and the newer beside them; no document is in both.

    `join` makes the arrays by which passages are found, where those are not searched in memory.
    """
    names = [*head_lines(older), *head_lines(newer)]
    kept = np.array([name not in gone for name in names[: len(older.pieces["documents"])]], np.bool_)
    stays = np.flatnonzero(np.concatenate([kept, np.ones(len(names) - len(kept), np.bool_)]))
    documents = np.array(sorted(stays.tolist(), key=names.__getitem__), np.int64)
    rows, first_rows = _rows(older, newer, documents)
    count = older.passages
    becomes = np.full(count + newer.passages, -1, np.int32)
    becomes[rows] = np.arange(len(rows))
    found = (join or _joined)(older, newer, Places(documents, rows, (becomes[:count], becomes[count:])))
    lines: list[Any] = [*chain(*head_lines(older).blocks(), *head_lines(newer).blocks())]
    for at, held in _held_by(older, newer, names, stays, gone).items():
        lines[at] = json.loads(lines[at])
        lines[at][HELD_BY] = held
    arrays = {
        "token_dim": (newer if newer.passages else older).arrays["token_dim"],
        "document_first_rows": first_rows,
        "document_heads": pack_heads(map(lines.__getitem__, documents.tolist())),
    }
    for name in ("document_revisions", "document_characters", "document_runs"):
        arrays[name] = np.concatenate([older.arrays[name], newer.arrays[name]])[documents]
    by_row = {"passages", "tokens", "terms"}
    pieces = {
        name: of.beside(newer.pieces[name], rows if name in by_row else documents) for name, of in older.pieces.items()
    }
    return Content(arrays | found, pieces)


def _joined(older: Content, newer: Content, places: Places) -> dict[str, NDArray[Any]]:
    """Vectors, postings and written forms of both."""
    passages = len(places.rows)
    parts = tuple(zip((older, newer), places.becomes, strict=True))
    lexical = [(*restored(content.part("lexical_")), place) for content, place in parts]
    vocabulary, postings, numbers = joined(lexical, passages)
    forms = ((own, content.part("wording_"), place) for own, (content, place) in zip(numbers, parts, strict=True))
    found = {f"lexical_{name}": values for name, values in saved(vocabulary, postings).items()}
    said = {f"wording_{name}": values for name, values in _joined_wording(len(vocabulary), passages, forms).items()}
    vectors = np.concatenate([older.arrays["vectors"], newer.arrays["vectors"]])[places.rows]
    return {"vectors": vectors} | found | said


FormPart = tuple[NDArray[np.int32], Mapping[str, NDArray[Any]], NDArray[np.int32]]


def _joined_wording(terms: int, passages: int, parts: Iterable[FormPart]) -> dict[str, NDArray[Any]]:
    """What `wording` would make of so many terms and passages, from arrays of parts; terms and rows of each become
    others as in `joined`.
    """
    known, columns = dict[tuple[int, str], int](), []
    for numbers, arrays, becomes in parts:
        in_term = np.repeat(numbers, np.diff(arrays["first_forms"])).tolist()
        each = zip(in_term, Lines(arrays["text"], len(in_term)), strict=True)
        forms = np.fromiter((known.setdefault(form, len(known)) for form in each), np.int64, len(in_term))
        in_row = becomes[arrays["rows"]]
        kept = in_row >= 0
        columns.append((np.repeat(forms, np.diff(arrays["indptr"]))[kept], in_row[kept]))
    found, in_row = (np.concatenate(column) for column in zip(*columns, strict=True))
    sizes, written = np.bincount(found, minlength=len(known)), [*known]
    order = sorted(np.flatnonzero(sizes).tolist(), key=written.__getitem__)
    places = np.zeros(len(written), np.int64)
    places[order] = np.arange(len(order))
    keys = np.sort(places[found] * passages + in_row, kind="stable")
    rows = keys - np.repeat(np.arange(len(order)) * passages, sizes[order])
    indptr = np.concatenate([[0], np.cumsum(sizes[order])])
    return laid_out(terms, [written[n] for n in order], indptr, narrowed(rows))


def _held_by(
    older: Content, newer: Content, names: Sequence[str], stays: Numbers, gone: frozenset[str]
) -> Mapping[int, list[str]]:
    """By document that is or was held, the ids of those that hold it: of before, and between older and newer."""
    first, stay = len(older.pieces["documents"]), set(stays.tolist())
    held = {at: {*by} - gone for at, by in holders(older).items() if at in stay}
    held |= {first + at: {*by} for at, by in holders(newer).items()}
    new = newer.arrays["document_runs"]
    met = np.flatnonzero(np.isin(older.arrays["document_runs"], new[new > 0]).any(axis=1))
    near = np.intersect1d(met, stays).tolist()
    if near:
        both = {at: sketch(_document(older, at)) for at in near}
        both |= {first + row: sketch(_document(newer, row)) for row in np.flatnonzero(new.any(axis=1)).tolist()}
        places = {names[at]: at for at in both}
        for name, by in held_by({names[at]: one for at, one in both.items()}).items():
            held.setdefault(places[name], set()).update(by)
    return {at: sorted(by) for at, by in held.items()}


def _document(content: Content, row: int) -> Document:
    return document_of(json.loads(content.pieces["documents"][row]))


def _runs(sketches: Sequence[Sketch | None]) -> NDArray[np.uint64]:
    runs = np.zeros((len(sketches), INDEXED), np.uint64)
    for row, one in zip(runs, sketches, strict=True):
        own = one.runs[:INDEXED] if one else ()
        row[: len(own)] = own
    return runs


def _rows(older: Content, newer: Content, documents: Numbers) -> tuple[Numbers, Numbers]:
    """The rows of these documents, in their order, and where each begins among them, and the end.

    Documents and rows count the older content's first, then the newer's.
    """
    firsts = [content.arrays["document_first_rows"] for content in (older, newer)]
    sizes = np.concatenate([np.diff(first) for first in firsts])[documents]
    begins = np.concatenate([firsts[0][:-1], firsts[1][:-1] + firsts[0][-1]])[documents]
    first_rows = np.cumsum([0, *sizes], dtype=np.int64)
    return np.repeat(begins - first_rows[:-1], sizes) + np.arange(first_rows[-1]), first_rows
