"""Hits → candidate sentences, each with the features by which a reader judges it.

All features but the length are 0..1 or cosines, so that they mean the same on a small corpus and on a large one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embed import Encoded
from index.encoding import Encoding
from index.lexical import K1, LexicalRanker
from index.records import Hit, Passage, Span
from index.text import Stem, stems
from rag.question import Asked, holds_kind
from rag.similarity import Similarity, similarities

FEATURES = (
    "maxsim_sentence",  # mean over the question's tokens of the best cosine within the sentence
    "maxsim_terms",  # the same over the tokens of its terms only
    "maxsim_rare",  # the same weighted by the terms' rarity
    "maxsim_passage",  # the best cosine may stand anywhere in the passage
    "cosine",  # question and passage vectors
    "bm25",  # share of the highest score that BM25 could give for this question
    "cover_near",  # share of the question's terms, weighted by rarity, in the sentence, its neighbours and the title
    "cover_passage",  # … anywhere in the passage or the title
    "rarest_near",  # the question's rarest term is in the sentence, its neighbours or the title
    "absent",  # share of the question's terms, weighted by rarity, found nowhere in the corpus
    "kind_found",  # holds a date, share, sum, number or name as asked for
    "kind_missing",  # asks for one that is not there
    "names_missing",  # share of the question's names found neither near nor in the title
    "numbers_missing",  # share of the question's numbers found neither in the passage nor in its title
    "length",  # log of the sentence's words: a long one is alike to much, and answers little
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
    rows: tuple[int, ...]  # of all passages among the hits that hold the sentence


class Evidence:
    """Judges the sentences of one index; what a passage's words are is worked out once."""

    def __init__(self, index: Searched) -> None:
        self._index = index
        self._words = lru_cache(maxsize=8192)(self._words_of)

    def candidates(self, asked: Asked, hits: Sequence[Hit]) -> list[Candidate]:
        """Every sentence of the hits, in their order; one that two passages share comes once, as judged best."""
        if not asked.terms or not hits:
            return []
        weights = {term.stem: rarity(self._index, term.stem) for term in asked.terms}
        encodings = [self._index.encoding(hit.row) for hit in hits]
        similar_to = similarities(asked, self._index.encode(asked.text), hits, encodings)
        found: dict[tuple[str, Span], Candidate] = {}
        for hit, encoding, similar in zip(hits, encodings, similar_to, strict=True):
            rows = self._features(asked, weights, hit, encoding, similar)
            for sentence, row in zip(hit.passage.sentences, rows, strict=True):
                key = (hit.passage.document_id, sentence)
                held = (*(found[key].rows if key in found else ()), hit.row)
                if key not in found or row[0] > found[key].features[0]:
                    found[key] = Candidate(hit, sentence, row, held)
                else:
                    found[key] = replace(found[key], rows=held)
        return list(found.values())

    def _features(
        self, asked: Asked, weights: Mapping[str, float], hit: Hit, encoding: Encoding, similar: Similarity
    ) -> list[NDArray[np.float64]]:
        context, inside = self._words(hit.passage)
        whole = context.union(*inside)
        most = max(sum(weights.values()), 1e-9)
        names = [term.stem for term in asked.terms if term.name]
        numbers = [term.stem for term in asked.terms if term.number]
        by_rarity = np.array([weights[term.stem] for term in asked.terms])
        rarest = max(weights, key=lambda stem: (weights[stem], stem))
        of_passage = {
            "maxsim_passage": similar.passage,
            "cosine": float(self._index.encode(asked.text).vector @ encoding.vector),
            "bm25": min(max(hit.scores.get("lexical", 0.0), 0.0) / (most * (K1 + 1)), 1.0),
            "cover_passage": _cover(weights, whole),
            "absent": 1 - _cover(weights, frozenset(filter(self._index.lexical.document_frequency, weights))),
            "numbers_missing": _missing(numbers, whole),
        }
        most_rare = max(by_rarity.sum(), 1e-9)
        rows = []
        for n, own in enumerate(inside):
            near = context.union(*inside[max(n - 1, 0) : n + 2])
            kind = holds_kind(asked, _sentence(hit, n), self._index.stem)
            of_sentence = {
                "maxsim_sentence": similar.tokens[n],
                "maxsim_terms": similar.terms[:, n].mean(),
                "maxsim_rare": similar.terms[:, n] @ by_rarity / most_rare,
                "cover_near": _cover(weights, near),
                "rarest_near": float(rarest in near),
                "kind_found": kind,
                "kind_missing": 1 - kind if asked.kind else 0.0,
                "names_missing": _missing(names, near),
                "length": math.log1p(len(own)),
            }
            named = of_passage | of_sentence
            rows.append(np.array([named[name] for name in FEATURES]))
        return rows

    def _words_of(self, passage: Passage) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
        """Stems of the title and heading, and of each sentence."""
        inside = (passage.text[s.start - passage.start : s.end - passage.start] for s in passage.sentences)
        stem = self._index.stem
        return frozenset(stems(passage.context, stem)), tuple(frozenset(stems(text, stem)) for text in inside)


def rarity(index: Searched, stem: str) -> float:
    """Inverse passage frequency that is never negative: log(1 + (N - n + ½) / (n + ½)), as in Lucene."""
    n = index.lexical.document_frequency(stem)
    return math.log(1 + (index.passage_count - n + 0.5) / (n + 0.5))


def _sentence(hit: Hit, n: int) -> str:
    span = hit.passage.sentences[n]
    return hit.passage.text[span.start - hit.passage.start : span.end - hit.passage.start]


def _cover(weights: Mapping[str, float], found: frozenset[str]) -> float:
    return sum(weight for stem, weight in weights.items() if stem in found) / max(sum(weights.values()), 1e-9)


def _missing(wanted: Sequence[str], found: frozenset[str]) -> float:
    return sum(stem not in found for stem in wanted) / len(wanted) if wanted else 0.0
