"""What an index is made of: all of it from the store, or what stands already with what changed put in its place.

Both give the same, bit for bit, so that nobody can tell from an answer how an index came to be.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import StoredPassage
from index.errors import IndexDamaged
from index.ranking.lexical import LexicalRanker, Written, joined, narrowed, restored, saved, spelled, wording
from index.records import Document, Head, document_of, passage_of
from index.storage.docstore import HELD_BY, Told, hash_of, head_lines, holders, line_of, pack_told, record, stored_as
from index.storage.merkle import revision
from index.storage.pieces import Content, Lines, Packing, placed, runs, taken
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
    count: int,
    stored: Mapping[str, str],
    drawn: Iterable[tuple[Document, StoredPassage | None]],
    stem: Stem | None,
) -> None:
    """Before it answers: it holds so many documents, all or some of which are `stored`, id → sha256, and each document
    drawn from the store is found again.

    That is by text and vector of the passage that comes with it, its last, and by its terms, where they are cut so.
    Raises IndexDamaged.
    """
    heads = head_lines(content)
    if here := "vectors" in content.arrays:  # else an engine has them
        vocabulary, (indptr, rows, *_) = restored(content.part("lexical_"))
    had = stored_as(content) if len(stored) == count else {name: hash_of(content, name) for name in stored}
    unlike = {name for name, _ in had.items() ^ stored.items()}
    unlike |= set() if len(heads) == count else {f"each of {count} documents"}
    for document, last in drawn if not unlike else ():
        at = heads[document.id]
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

    `join` makes the arrays by which passages are found, where those are not searched in memory. What stays is copied in
    runs and not looked at one by one, so that an article costs what it costs and little more in a large index.
    """
    heads, new_heads = head_lines(older), head_lines(newer)
    count = len(heads)
    kept = np.ones(count + len(new_heads), np.bool_)
    kept[[heads[name] for name in gone]] = False
    stays = np.flatnonzero(kept[:count])
    at = stays.searchsorted(np.array([heads.place(name) for name in new_heads], np.int64))
    documents = np.insert(stays, at, count + np.arange(len(new_heads)))
    rows, first_rows = _rows(older, newer, documents)
    becomes = np.full(older.passages + newer.passages, -1, np.int32)
    becomes[rows] = np.arange(len(rows))
    places = Places(documents, rows, (becomes[: older.passages], becomes[older.passages :]))
    found = (join or _joined)(older, newer, places)
    lines, instead = [*chain.from_iterable(new_heads.blocks())], np.arange(len(kept))
    for place, held in _held_by(older, newer, kept, gone).items():
        told = json.loads(heads.line(place) if place < count else lines[place - count])
        if told[HELD_BY] != held:
            told[HELD_BY], instead[place] = held, count + len(lines)
            lines.append(line_of(told))
    arrays = {
        "token_dim": (newer if newer.passages else older).arrays["token_dim"],
        "document_first_rows": first_rows,
        "document_heads": heads.beside(Lines.of(lines), instead[documents]),
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
    was, new = places.becomes
    before, beside = (*restored(older.part("lexical_")), was), (*restored(newer.part("lexical_")), new)
    vocabulary, postings, numbers, now = joined(before, beside, len(places.rows))
    forms = (older.part("wording_"), was), (newer.part("wording_"), new)
    said = _joined_wording(*forms, numbers, now, len(vocabulary))
    own, more = older.arrays["vectors"], newer.arrays["vectors"]
    behind = len(own) + 1  # no run goes over from one to the other
    ranges = runs(np.where(places.rows < len(own), places.rows, places.rows + 1))
    vectors = [own[a:b] if a < behind else more[a - behind : b - behind] for a, b in ranges]
    return (
        {"vectors": np.concatenate([*vectors, own[:0]])}
        | {f"lexical_{name}": values for name, values in saved(vocabulary, postings).items()}
        | {f"wording_{name}": values for name, values in said.items()}
    )


_Forms = tuple[Mapping[str, NDArray[Any]], NDArray[np.int32]]


def _joined_wording(
    older: _Forms, newer: _Forms, numbers: Numbers, now: Numbers, terms: int
) -> dict[str, NDArray[Any]]:
    """What `wording` would make of so many terms, from what it made of two parts, whose rows become others; the numbers
    of terms as from `joined`.
    """
    (arrays, becomes), (more, more_become) = older, newer
    forms, texts = (Lines(of["text"], int(of["first_forms"][-1])) for of in (arrays, more))
    first_forms, fresh = arrays["first_forms"], list[tuple[int, int]]()  # of new forms: the term, and where they belong
    groups, written = np.empty(len(texts), np.int64), list[str]()
    in_term = np.repeat(numbers, np.diff(more["first_forms"]))
    for number, (term, form) in enumerate(zip(in_term.tolist(), texts, strict=True)):
        first, end = first_forms[term : term + 2].tolist() if term < len(first_forms) - 1 else (len(forms), len(forms))
        groups[number] = place = bisect_left(range(end), form, first, key=forms.line)
        if place == end or forms.line(place) != form:
            groups[number] = len(forms) + len(fresh)
            fresh.append((term, place))
            written.append(form)
    own = np.repeat(np.arange(len(first_forms) - 1), np.diff(first_forms)), np.arange(len(forms)) + 0.5
    of_term, at = (np.concatenate([a, b]) for a, b in zip(own, np.array(fresh, np.int64).reshape(-1, 2).T, strict=True))
    in_group = np.repeat(groups, np.diff(more["indptr"]))
    indptr, rows = placed(arrays["indptr"], [arrays["rows"]], becomes, in_group, [more_become[more["rows"]]])
    becomes_term = now[of_term]
    held = np.flatnonzero(np.diff(indptr))
    order = held[np.lexsort((at[held], becomes_term[held]))]
    return {
        "text": forms.beside(Lines.of(written), order),
        "first_forms": np.searchsorted(becomes_term[order], np.arange(terms + 1)),
        "indptr": np.cumsum([0, *np.diff(indptr)[order]]),
        "rows": narrowed(taken(rows, indptr, order)[0]),
    }


def _held_by(older: Content, newer: Content, kept: NDArray[np.bool_], gone: frozenset[str]) -> Mapping[int, list[str]]:
    """By document that is or was held, the ids of those that hold it: of before, and between older and newer."""
    first = len(older.pieces["documents"])
    held = {at: {*by} - gone for at, by in holders(older).items() if kept[at]}
    held |= {first + at: {*by} for at, by in holders(newer).items()}
    new = newer.arrays["document_runs"]
    met = np.flatnonzero(np.isin(older.arrays["document_runs"], new[new > 0]).any(axis=1))
    if near := met[kept[met]].tolist():
        both = {at: sketch(_document(older, at)) for at in near}
        both |= {first + row: sketch(_document(newer, row)) for row in np.flatnonzero(new.any(axis=1)).tolist()}
        names = {at: (head_lines(older).name(at) if at < first else head_lines(newer).name(at - first)) for at in both}
        places = {name: at for at, name in names.items()}
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
