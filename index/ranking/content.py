"""What an index is made of: all of it from the store, or what stands already with what changed put in its place.

Both give the same, bit for bit, so that nobody can tell from an answer how an index came to be.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import StoredPassage
from index.ranking.lexical import LexicalRanker, joined, joined_wording, restored, saved, spelled, wording
from index.records import Document
from index.storage.docstore import head_lines, pack_documents, pack_passages, stored_as
from index.storage.pieces import Content, Pieces
from index.text.words import Stem

Numbers = NDArray[np.int64]


def content_of(documents: Sequence[Document], stored: Sequence[StoredPassage], stem: Stem, dim: int) -> Content:
    """Of documents by id and all their passages in that order; `dim` is that of vectors."""
    passages = [one.passage for one in stored]
    encodings = [one.encoding for one in stored]
    terms = [spelled(passage.search_text, stem) for passage in passages]
    lexical = LexicalRanker.build([[term for term, _ in of_passage] for of_passage in terms])
    token_dim = encodings[0].tokens.shape[1] if encodings else dim
    numbers = Content(
        {
            "vectors": np.array([one.vector for one in encodings], np.float32).reshape(len(encodings), dim),
            "token_dim": np.array([token_dim]),
        }
        | {f"lexical_{name}": values for name, values in lexical.to_arrays().items()}
        | {f"wording_{name}": values for name, values in wording(lexical.vocabulary, terms).items()},
        {"tokens": Pieces.of(one.token_bytes() for one in encodings)},
    )
    words = pack_passages(passages, [one.id for one in documents])
    return numbers.and_(words).and_(pack_documents(documents))


def merged(older: Content, gone: frozenset[str], newer: Content) -> Content:
    """The older without the documents that are gone, and the newer beside them; no document is in both."""
    kept = np.array([name not in gone for name in stored_as(older)], np.bool_)
    names = [*stored_as(older), *stored_as(newer)]
    stays = np.flatnonzero(np.concatenate([kept, np.ones(len(names) - len(kept), np.bool_)]))
    documents = np.array(sorted(stays.tolist(), key=names.__getitem__), np.int64)
    rows, first_rows = _rows(older, newer, documents)
    count = len(older.arrays["vectors"])
    becomes = np.full(count + len(newer.arrays["vectors"]), -1, np.int64)
    becomes[rows] = np.arange(len(rows))
    parts = (older, becomes[:count]), (newer, becomes[count:])
    lexical = [(*restored(content.part("lexical_")), place) for content, place in parts]
    vocabulary, postings = joined(lexical, len(rows))
    forms = [
        (own, content.part("wording_"), place) for (own, _, place), (content, _) in zip(lexical, parts, strict=True)
    ]
    heads = head_lines(older) + head_lines(newer)
    arrays = {
        "vectors": np.concatenate([older.arrays["vectors"], newer.arrays["vectors"]])[rows],
        "token_dim": (newer if len(newer.arrays["vectors"]) else older).arrays["token_dim"],
        "document_first_rows": first_rows,
        "document_heads": np.frombuffer("\n".join(heads[at] for at in documents.tolist()).encode(), np.uint8),
    }
    for name in ("document_revisions", "document_characters"):
        arrays[name] = np.concatenate([older.arrays[name], newer.arrays[name]])[documents]
    found = {f"lexical_{name}": values for name, values in saved(vocabulary, postings).items()}
    said = {f"wording_{name}": values for name, values in joined_wording(vocabulary, forms, len(rows)).items()}
    order = {"documents": documents, "passages": rows, "tokens": rows}
    pieces = {name: older.pieces[name].beside(newer.pieces[name], places) for name, places in order.items()}
    return Content(arrays | found | said, pieces)


def _rows(older: Content, newer: Content, documents: Numbers) -> tuple[Numbers, Numbers]:
    """The rows of these documents, in their order, and where each begins among them, and the end.

    Documents and rows count the older content's first, then the newer's.
    """
    firsts = [content.arrays["document_first_rows"] for content in (older, newer)]
    sizes = np.concatenate([np.diff(first) for first in firsts])[documents]
    begins = np.concatenate([firsts[0][:-1], firsts[1][:-1] + firsts[0][-1]])[documents]
    first_rows = np.cumsum([0, *sizes], dtype=np.int64)
    return np.repeat(begins - first_rows[:-1], sizes) + np.arange(first_rows[-1]), first_rows
