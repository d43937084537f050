"""Late interaction: how well each token of a question is met by the tokens of each sentence, seen in its passage.

MaxSim as in ColBERT (Khattab and Zaharia 2020), on the token vectors that the passage's own embedding pass gave. They
and the question's have so few digits that every product and sum here is exact in float64 (`index.encoding`), so that
passages that are equal are equally similar, whatever BLAS multiplies them, beside whichever others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Encoded, Encoding
from index.records import Hit, Passage, Span
from rag.question.analysis import Query
from rag.structure import leads_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Similarity:
    """Cosines of one question with one passage; a term is met as well as its tokens are on average.

    What a sentence leads back to counts as part of it.
    """

    tokens: Floats  # (sentences,) mean over all question tokens
    weighted: Floats  # (sentences,) the same, each token counting by its importance
    terms: Floats  # (terms, sentences)
    title: Floats  # (terms,) met in the title or heading
    passage: float  # mean over all question tokens, met anywhere in title, heading or text


def similarities(
    asked: Query, question: Encoded, hits: Sequence[Hit], encodings: Sequence[Encoding]
) -> list[Similarity]:
    """One for each hit."""
    tokens = question.tokens.astype(np.float64)
    of_terms = _tokens_of_terms(asked, question)
    importance = importance_of(question)
    return [
        _similarity(_cosines(tokens, encoding), of_terms, importance, hit, encoding)
        for hit, encoding in zip(hits, encodings, strict=True)
    ]


def importance_of(question: Encoded) -> Floats:
    """(t,), adds up to 1: as the embedder has learned it, else the same for every token."""
    count = len(question.tokens)
    return np.full(count, 1 / max(count, 1)) if question.importance is None else question.importance.astype(np.float64)


def _similarity(cosines: Floats, of_terms: Floats, importance: Floats, hit: Hit, encoding: Encoding) -> Similarity:
    edges, leads = edges_of(hit.passage, encoding), leads_of(hit.passage)
    counts = np.maximum(of_terms.sum(axis=1), 1)
    best = np.zeros((len(cosines), len(edges) - 1))
    for n, own in enumerate(pairwise(edges)):
        met = [cosines[:, a:b].max(axis=1) for a, b in (own, *(_tokens_in(encoding, s) for s in leads[n])) if a < b]
        if met:
            best[:, n] = np.max(met, axis=0)
    anywhere = cosines.max(axis=1, initial=0.0)
    return Similarity(
        tokens=best.mean(axis=0) if len(best) else np.zeros(best.shape[1]),
        weighted=(importance[:, np.newaxis] * best).sum(axis=0),
        terms=of_terms @ best / counts[:, np.newaxis],
        title=of_terms @ cosines[:, : edges[0]].max(axis=1, initial=0.0) / counts,
        passage=float(anywhere.mean()) if len(best) else 0.0,
    )


def _cosines(tokens: Floats, encoding: Encoding) -> Floats:
    """(question tokens, passage tokens); one passage is so small that BLAS needs no second thread, which would spin."""
    cosines: Floats = (tokens @ encoding.tokens.T.astype(np.float64)) * encoding.scales
    return cosines


def _tokens_of_terms(asked: Query, question: Encoded) -> Floats:
    """(terms, question tokens): 1 for each token of its term, else 0; zeros for a term that was cut off."""
    inside = np.array([[a < term.end and term.start < b for a, b in question.offsets] for term in asked.terms], float)
    return inside.reshape(len(asked.terms), len(question.offsets))


def _tokens_in(encoding: Encoding, span: Span) -> tuple[int, int]:
    """The first of the tokens that begin in the span, and the first behind it."""
    first, last = np.searchsorted(encoding.offsets[:, 0], span).tolist()
    return first, last


def edges_of(passage: Passage, encoding: Encoding) -> list[int]:
    """Where the tokens of each sentence begin, and where those of the last one end."""
    shift = len(passage.search_text) - len(passage.text) - passage.start
    edges: list[int] = np.searchsorted(
        encoding.offsets[:, 0] - shift, [*(s.start for s in passage.sentences), passage.end]
    ).tolist()
    return edges
