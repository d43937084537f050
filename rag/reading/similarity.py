"""Late interaction: how well each token of a question is met by the tokens of each sentence, seen in its passage.

MaxSim as in ColBERT (Khattab and Zaharia 2020), on the token vectors that the passage's own embedding pass gave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Encoded, Encoding
from index.records import Hit
from rag.question.analysis import Query

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Similarity:
    """Cosines of one question with one passage; a term is met as well as its tokens are on average."""

    tokens: Floats  # (sentences,) mean over all question tokens
    weighted: Floats  # (sentences,) the same, each token counting by its importance
    terms: Floats  # (terms, sentences)
    title: Floats  # (terms,) met in the title or heading
    passage: float  # mean over all question tokens, met anywhere in title, heading or text


def similarities(
    asked: Query, question: Encoded, hits: Sequence[Hit], encodings: Sequence[Encoding]
) -> list[Similarity]:
    """One for each hit, from one matrix product over all of them."""
    tokens = np.concatenate([encoding.tokens for encoding in encodings])
    scales = np.concatenate([encoding.scales for encoding in encodings])
    cosines = ((question.tokens @ tokens.astype(np.float32).T) * scales).astype(np.float64)
    edges = np.cumsum([0, *(len(encoding.tokens) for encoding in encodings)])
    of_terms = _tokens_of_terms(asked, question)
    importance = importance_of(question)
    return [
        _similarity(cosines[:, first:last], of_terms, importance, hit, encoding)
        for (first, last), hit, encoding in zip(pairwise(edges), hits, encodings, strict=True)
    ]


def importance_of(question: Encoded) -> Floats:
    """(t,), adds up to 1: as the embedder has learned it, else the same for every token."""
    count = len(question.tokens)
    return np.full(count, 1 / max(count, 1)) if question.importance is None else question.importance.astype(np.float64)


def _similarity(cosines: Floats, of_terms: Floats, importance: Floats, hit: Hit, encoding: Encoding) -> Similarity:
    edges = _edges(hit, encoding)
    best = np.zeros((len(cosines), len(edges) - 1))
    for n, (first, last) in enumerate(pairwise(edges)):
        if first < last:
            best[:, n] = cosines[:, first:last].max(axis=1)
    anywhere = cosines.max(axis=1, initial=0.0)
    return Similarity(
        tokens=best.mean(axis=0) if len(best) else np.zeros(best.shape[1]),
        weighted=importance @ best,
        terms=of_terms @ best,
        title=of_terms @ cosines[:, : edges[0]].max(axis=1, initial=0.0),
        passage=float(anywhere.mean()) if len(best) else 0.0,
    )


def _tokens_of_terms(asked: Query, question: Encoded) -> Floats:
    """(terms, question tokens): each row averages over the tokens of its term; zeros for a term that was cut off."""
    inside = np.array([[a < term.end and term.start < b for a, b in question.offsets] for term in asked.terms], float)
    inside = inside.reshape(len(asked.terms), len(question.offsets))
    averages: Floats = inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)
    return averages


def _edges(hit: Hit, encoding: Encoding) -> list[int]:
    """Where the tokens of each sentence begin, and where those of the last one end."""
    passage = hit.passage
    shift = len(passage.search_text) - len(passage.text) - passage.start
    edges: list[int] = np.searchsorted(
        encoding.offsets[:, 0] - shift, [*(s.start for s in passage.sentences), passage.end]
    ).tolist()
    return edges
