"""Late interaction: how well each token of a question is met by the tokens of each sentence, seen in its passage.

MaxSim as in ColBERT (Khattab and Zaharia 2020), on the token vectors that the passage's own embedding pass gave. They
and the question's have so few digits that sums of their products are exact in float32, and all that is made of them in
float64 (`index.embedding.vectors`), so that passages that are equal are equally similar, whatever BLAS multiplies them,
beside whichever others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Encoded, Encoding, times
from index.records import Passage
from rag.question.analysis import Query
from rag.structure import leads_of, told_in

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Similarity:
    """Cosines of one question with the passages of all hits; a term is met as well as its tokens are on average.

    Sentences are those of all passages, one after the other. What a sentence leads back to counts as part of it.
    """

    tokens: Floats  # (sentences,) mean over all question tokens
    weighted: Floats  # (sentences,) the same, each token counting by its importance
    terms: Floats  # (terms, sentences)
    title: Floats  # (terms, hits) met in the title or heading
    passage: Floats  # (hits,) mean over all question tokens, met anywhere in title, heading or text


@dataclass(frozen=True, slots=True)
class Runs:
    """Which tokens or terms of a passage belong to which of its sentences; the same for every question."""

    title: int  # those before the first sentence
    sentences: int
    first: Places  # (runs,) of a sentence and of what it leads back to, none of them empty …
    behind: Places  # (runs,) … and the one behind its last
    of: Places  # (runs,) ascending: the sentence


def runs_in(passage: Passage, starts: NDArray[np.int32]) -> Runs:
    """`starts` (n,) says where in the passage's `search_text` each token or term begins; ascending."""
    edges, shift = edges_of(passage, starts), len(passage.search_text) - len(passage.text) - passage.start
    begins = np.searchsorted(starts - shift, [told.start for told in told_in(passage)]).tolist()
    runs = [
        (n, a, b)
        for n, (own, leads) in enumerate(zip(zip(begins, edges[1:], strict=True), leads_of(passage), strict=True))
        for a, b in (own, *(np.searchsorted(starts, lead).tolist() for lead in leads))
        if a < b
    ]
    of, first, behind = np.array(runs, np.int64).reshape(-1, 3).T
    return Runs(edges[0], len(edges) - 1, first, behind, of)


def joined(runs: Sequence[Runs], sizes: Sequence[int]) -> Runs:
    """Those of all passages, one behind the other; `sizes` says how many tokens or terms each has."""
    ends, sentences = np.cumsum([0, *sizes]), np.cumsum([0, *(one.sentences for one in runs)])
    first = np.concatenate([one.first + at for one, at in zip(runs, ends, strict=False)])
    behind = np.concatenate([one.behind + at for one, at in zip(runs, ends, strict=False)])
    of = np.concatenate([one.of + at for one, at in zip(runs, sentences, strict=False)])
    return Runs(runs[0].title, int(sentences[-1]), first, behind, of)


def most(values: NDArray[Any], first: Places, behind: Places) -> NDArray[Any]:
    """(rows, runs): the largest of each run of columns, 0 of an empty one; the last column is in no run."""
    found = np.maximum.reduceat(values, np.stack([first, behind], axis=1).ravel(), axis=1)[:, ::2]
    return np.where(first < behind, found, found.dtype.type(0))


def most_of_sentences(values: NDArray[Any], runs: Runs) -> NDArray[Any]:
    """(rows, sentences): as `most`, over all runs of a sentence; 0 of one without any."""
    found = np.zeros((len(values), runs.sentences), values.dtype)
    if len(runs.of):
        sentences, at = np.unique(runs.of, return_index=True)
        found[:, sentences] = np.maximum.reduceat(most(values, runs.first, runs.behind), at, axis=1)
    return found


def similarities(asked: Query, question: Encoded, encodings: Sequence[Encoding], runs: Sequence[Runs]) -> Similarity:
    """Of a question with its hits, of which these are the encodings and the runs of their tokens."""
    cosines = _cosines(question.tokens, encodings)
    sizes = [len(encoding.tokens) for encoding in encodings]
    ends = np.cumsum([0, *sizes])
    best = most_of_sentences(cosines, joined(runs, sizes))
    title = np.maximum(most(cosines, ends[:-1], ends[:-1] + [one.title for one in runs]), 0.0)
    anywhere = np.maximum(most(cosines, ends[:-1], ends[1:]), 0.0)
    of_terms = _tokens_of_terms(asked, question)
    counts = np.maximum(of_terms.sum(axis=1), 1)[:, np.newaxis]
    return Similarity(
        tokens=best.mean(axis=0) if len(best) else np.zeros(best.shape[1]),
        weighted=(importance_of(question)[:, np.newaxis] * best).sum(axis=0),
        terms=of_terms @ best / counts,
        title=of_terms @ title / counts,
        passage=anywhere.mean(axis=0) if len(best) else np.zeros(len(runs)),
    )


def met_anywhere(asked: Query, question: Encoded, encodings: Sequence[Encoding]) -> Floats:
    """(terms,): how near any token of the passages comes to each term."""
    of_terms, best = _tokens_of_terms(asked, question), _cosines(question.tokens, encodings).max(axis=1)
    return np.asarray(of_terms @ best / np.maximum(of_terms.sum(axis=1), 1))


def importance_of(question: Encoded) -> Floats:
    """(t,), adds up to 1: as the embedder has learned it, else the same for every token."""
    count = len(question.tokens)
    return np.full(count, 1 / max(count, 1)) if question.importance is None else question.importance.astype(np.float64)


def _cosines(tokens: NDArray[np.float32], encodings: Sequence[Encoding]) -> Floats:
    """(question tokens, tokens of all passages, and a column of zeros behind them)."""
    held = np.concatenate([encoding.tokens for encoding in encodings])
    cosines = np.zeros((len(tokens), len(held) + 1))
    cosines[:, :-1] = times(held, tokens.T).T
    cosines[:, :-1] *= np.concatenate([encoding.scales for encoding in encodings])
    return cosines


def _tokens_of_terms(asked: Query, question: Encoded) -> Floats:
    """(terms, question tokens): 1 for each token of its term, else 0; zeros for a term that was cut off."""
    inside = np.array([[a < term.end and term.start < b for a, b in question.offsets] for term in asked.terms], float)
    return inside.reshape(len(asked.terms), len(question.offsets))


def edges_of(passage: Passage, starts: NDArray[np.int32]) -> list[int]:
    """Where the tokens or terms of each sentence begin, and where those of the last one end."""
    shift = len(passage.search_text) - len(passage.text) - passage.start
    edges: list[int] = np.searchsorted(starts - shift, [*(s.start for s in passage.sentences), passage.end]).tolist()
    return edges
