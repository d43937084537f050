"""Hits → candidate sentences, each with the features by which a reader judges it.

All features are 0..1 or cosines, so that they mean the same on a small corpus and on a large one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embed import Encoded
from index.encoding import Encoding
from index.lexical import K1, LexicalRanker
from index.records import Hit, Span
from index.text import Stem, cut, words
from rag.question import Asked, holds_kind

FEATURES = (
    "maxsim_sentence",  # mean over the question's tokens of the best cosine within the sentence
    "maxsim_terms",  # the same over the tokens of its terms only
    "maxsim_passage",  # the best cosine may stand anywhere in the passage
    "cosine",  # question and passage vectors
    "bm25",  # share of the highest score that BM25 could give for this question
    "cover_sentence",  # share of the question's terms, weighted by rarity, found in the sentence
    "cover_near",  # … in the sentence, the ones beside it, title and heading
    "cover_passage",
    "kind_found",  # holds a date, number or name as asked for
    "kind_missing",  # one is asked for and there is none
    "names_missing",  # share of the question's names found neither near nor in the title
    "numbers_missing",  # share of the question's numbers found neither near nor in the article's date
)


class Searched(Protocol):
    """What reading needs of an index."""

    @property
    def stem(self) -> Stem: ...
    @property
    def lexical(self) -> LexicalRanker: ...
    @property
    def passage_count(self) -> int: ...
    def encode(self, question: str) -> Encoded: ...
    def encoding(self, row: int) -> Encoding: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted."""

    hit: Hit
    sentence: Span  # in document offsets
    features: NDArray[np.float64]  # (len(FEATURES),)


def candidates(asked: Asked, hits: Sequence[Hit], index: Searched) -> list[Candidate]:
    """Every sentence of the hits, in the hits' order; a sentence that two passages share comes once, as judged best."""
    if not asked.terms:
        return []
    question = index.encode(asked.text)
    weights = {t.stem: rarity(index, t.stem) for t in asked.terms}
    found: dict[tuple[str, Span], Candidate] = {}
    for hit in hits:
        for sentence, row in zip(hit.passage.sentences, _features(asked, question, weights, hit, index), strict=True):
            key = (hit.passage.document_id, sentence)
            if key not in found or row[0] > found[key].features[0]:
                found[key] = Candidate(hit, sentence, row)
    return list(found.values())


def rarity(index: Searched, stem: str) -> float:
    """Inverse passage frequency that is never negative: log(1 + (N - n + ½) / (n + ½)), as in Lucene."""
    n = index.lexical.document_frequency(stem)
    return math.log(1 + (index.passage_count - n + 0.5) / (n + 0.5))


def _features(
    asked: Asked, question: Encoded, weights: dict[str, float], hit: Hit, index: Searched
) -> list[NDArray[np.float64]]:
    passage = hit.passage
    encoding = index.encoding(hit.row)
    context = set(_stems(passage.context, index.stem))
    inside = [set(_stems(passage.text[s.start - passage.start : s.end - passage.start], index.stem)) for s in passage.sentences]
    whole = context.union(*inside)
    similar = _maxsim(asked, question, encoding, hit)
    shared = [
        similar.passage,
        float(question.vector @ encoding.vector),
        max(hit.scores.get("lexical", 0.0), 0.0) / max(sum(weights.values()) * (K1 + 1), 1e-9),
    ]
    rows = []
    for n, own in enumerate(inside):
        near = context.union(*inside[max(n - 1, 0) : n + 2])
        text = passage.text[passage.sentences[n].start - passage.start : passage.sentences[n].end - passage.start]
        kind = bool(asked.kind) and holds_kind(asked.kind, text, asked.text)
        rows.append(
            np.array(
                [
                    similar.sentences[n],
                    similar.terms[n],
                    *shared,
                    _cover(weights, own),
                    _cover(weights, near),
                    _cover(weights, whole),
                    float(kind),
                    float(bool(asked.kind) and not kind),
                    _missing([t.stem for t in asked.terms if t.name], near),
                    _missing([t.stem for t in asked.terms if t.number], whole),
                ]
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class _Similar:
    sentences: NDArray[np.float64]  # (sentences,)
    terms: NDArray[np.float64]  # (sentences,)
    passage: float


def _maxsim(asked: Asked, question: Encoded, encoding: Encoding, hit: Hit) -> _Similar:
    """Late interaction (Khattab and Zaharia 2020) of the question's tokens with each sentence's, seen in its passage."""
    count = len(hit.passage.sentences)
    if not len(question.tokens) or not len(encoding.tokens):
        return _Similar(np.zeros(count), np.zeros(count), 0.0)
    cosines = (question.tokens @ encoding.token_vectors().T).astype(np.float64)  # (question tokens, passage tokens)
    shift = len(hit.passage.search_text) - len(hit.passage.text) - hit.passage.start
    starts = encoding.offsets[:, 0] - shift
    place = np.searchsorted([s.start for s in hit.passage.sentences], starts, side="right") - 1  # -1 is the context
    best = np.zeros((len(question.tokens), count))
    for n in range(count):
        own = place == n
        if own.any():
            best[:, n] = cosines[:, own].max(axis=1)
    of_terms = [any(a < t.end and t.start < b for t in asked.terms) for a, b in question.offsets]
    terms = best[of_terms].mean(axis=0) if any(of_terms) else best.mean(axis=0)
    return _Similar(best.mean(axis=0), terms, float(cosines.max(axis=1).mean()))


def _stems(text: str, stem: Stem) -> list[str]:
    return [cut(word.text, stem) for word in words(text)]


def _cover(weights: dict[str, float], found: set[str]) -> float:
    return sum(w for stem, w in weights.items() if stem in found) / max(sum(weights.values()), 1e-9)


def _missing(stems: list[str], found: set[str]) -> float:
    return sum(stem not in found for stem in stems) / len(stems) if stems else 0.0
