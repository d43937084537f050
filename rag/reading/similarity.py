"""Late interaction: how well each token of a question is met by the tokens of each sentence, seen in its passage.

MaxSim as in ColBERT (Khattab and Zaharia 2020), on the token vectors that the passage's own embedding pass gave. They
and the question's have so few digits that sums of their products are exact in float32, and all that is made of them in
float64 (`index.encoding`), so that passages that are equal are equally similar, whatever BLAS multiplies them, beside
whichever others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Encoded, Encoding
from index.records import Passage, Span
from rag.question.analysis import Query
from rag.structure import leads_of

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_AT_ONCE = 2**18  # multiplications for which no BLAS calls a second thread, which would spin more than it helps


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
class TokenRuns:
    """Which tokens of a passage belong to which of its sentences; the same for every question."""

    title: int  # tokens before the first sentence
    sentences: int
    first: Places  # (runs,) of a sentence and of what it leads back to, none of them empty …
    behind: Places  # (runs,) … and the token behind its last
    of: Places  # (runs,) ascending: the sentence


def token_runs(passage: Passage, encoding: Encoding) -> TokenRuns:
    """Of a passage whose tokens the embedder gave."""
    edges = edges_of(passage, encoding)
    runs = [
        (n, a, b)
        for n, (own, leads) in enumerate(zip(pairwise(edges), leads_of(passage), strict=True))
        for a, b in (own, *(_tokens_in(encoding, lead) for lead in leads))
        if a < b
    ]
    of, first, behind = np.array(runs, np.int64).reshape(-1, 3).T
    return TokenRuns(edges[0], len(edges) - 1, first, behind, of)


def similarities(
    asked: Query, question: Encoded, encodings: Sequence[Encoding], runs: Sequence[TokenRuns]
) -> Similarity:
    """Of a question with its hits, of which these are the encodings and the runs."""
    cosines = _cosines(question.tokens, encodings)
    ends = np.cumsum([0, *(len(encoding.tokens) for encoding in encodings)])
    first_sentences = np.cumsum([0, *(one.sentences for one in runs)])
    first = np.concatenate([one.first + at for one, at in zip(runs, ends, strict=False)])
    behind = np.concatenate([one.behind + at for one, at in zip(runs, ends, strict=False)])
    of = np.concatenate([one.of + at for one, at in zip(runs, first_sentences, strict=False)])
    best = np.zeros((len(cosines), int(first_sentences[-1])))
    if len(of):
        sentences, at = np.unique(of, return_index=True)
        best[:, sentences] = np.maximum.reduceat(_most(cosines, first, behind), at, axis=1)
    title = np.maximum(_most(cosines, ends[:-1], ends[:-1] + [one.title for one in runs]), 0.0)
    anywhere = np.maximum(_most(cosines, ends[:-1], ends[1:]), 0.0)
    of_terms = _tokens_of_terms(asked, question)
    counts = np.maximum(of_terms.sum(axis=1), 1)[:, np.newaxis]
    return Similarity(
        tokens=best.mean(axis=0) if len(best) else np.zeros(best.shape[1]),
        weighted=(importance_of(question)[:, np.newaxis] * best).sum(axis=0),
        terms=of_terms @ best / counts,
        title=of_terms @ title / counts,
        passage=anywhere.mean(axis=0) if len(best) else np.zeros(len(runs)),
    )


def importance_of(question: Encoded) -> Floats:
    """(t,), adds up to 1: as the embedder has learned it, else the same for every token."""
    count = len(question.tokens)
    return np.full(count, 1 / max(count, 1)) if question.importance is None else question.importance.astype(np.float64)


def _cosines(tokens: NDArray[np.float32], encodings: Sequence[Encoding]) -> Floats:
    """(question tokens, tokens of all passages, and a column of zeros behind them)."""
    held = np.concatenate([encoding.tokens for encoding in encodings])
    cosines = np.zeros((len(tokens), len(held) + 1))
    step = max(_AT_ONCE // max(tokens.size, 1), 1)
    for at in range(0, len(held), step):
        block = held[at : at + step]
        cosines[:, at : at + len(block)] = tokens @ block.T.astype(np.float32)
    cosines[:, :-1] *= np.concatenate([encoding.scales for encoding in encodings])
    return cosines


def _most(cosines: Floats, first: Places, behind: Places) -> Floats:
    """(question tokens, runs): the largest of each run of columns, 0 of an empty one."""
    found = np.maximum.reduceat(cosines, np.stack([first, behind], axis=1).ravel(), axis=1)[:, ::2]
    return np.where(first < behind, found, 0.0)


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
