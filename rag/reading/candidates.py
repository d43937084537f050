"""Hits → candidate sentences, each with the features by which a reader judges it."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from index.embedding.vectors import Encoded, Encoding
from index.ranking.lexical import LexicalRanker
from index.records import Hit, Kind, Passage, Span
from index.text.language import spoken
from index.text.words import Stem, terms, words
from rag.language.quantities import values
from rag.question.analysis import Query
from rag.reading.features import Floats, Lookup, PassageWords, features_of
from rag.reading.similarity import similarities, token_runs
from rag.structure import BODY, blocks_of, leads_of, neighbours


class Counted(Protocol):
    """What telling a word's rarity needs of an index."""

    @property
    def lexical(self) -> LexicalRanker: ...
    @property
    def passage_count(self) -> int: ...


class ReadableIndex(Counted, Protocol):
    """What reading needs of an index."""

    @property
    def stem(self) -> Stem: ...
    def knows(self, language: str) -> bool: ...
    def encode(self, question: str) -> Encoded: ...
    def encoding(self, row: int) -> Encoding: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted."""

    hit: Hit
    sentence: Span  # in document offsets
    features: Floats  # (len(FEATURES),)
    rows: tuple[int, ...]  # of all passages among the hits that hold the sentence


class Evidence:
    """Judges the sentences of one index; what a passage's words are is worked out once."""

    def __init__(self, index: ReadableIndex) -> None:
        self._index = index
        self._words = lru_cache(maxsize=8192)(self._words_of)
        self._runs = lru_cache(maxsize=8192)(lambda row, passage: token_runs(passage, index.encoding(row)))

    def candidates(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> list[Candidate]:
        """Every sentence of the hits that stands in a block of these kinds, in their order.

        One that two passages share comes once, as judged best.
        """
        if not asked.terms or not hits:
            return []
        question = self._index.encode(asked.text)
        encodings = [self._index.encoding(hit.row) for hit in hits]
        held = [self._words(hit.passage) for hit in hits]
        similar = similarities(asked, question, encodings, [self._runs(hit.row, hit.passage) for hit in hits])
        vectors = np.stack([encoding.vector for encoding in encodings]).astype(np.float64)
        cosines = vectors @ question.vector  # exact: both have few digits
        lookup = self._lookup(asked, hits, held, cosines)
        features = features_of(lookup, hits, held, similar, cosines)
        named = frozenset(term.stem for term, name in zip(asked.terms, lookup.name, strict=True) if name)
        speakers: dict[str, frozenset[str]] = defaultdict(frozenset)
        for hit, of in zip(hits, held, strict=True):
            speakers[hit.passage.document_id] |= of.speakers & named if asked.kind != "who" else frozenset()
        found: dict[tuple[str, Span], Candidate] = {}
        every = ((hit, of, n) for hit, of in zip(hits, held, strict=True) for n in range(len(of.inside)))
        for (hit, of, n), row in zip(every, features, strict=True):
            if of.kinds[n] not in kinds or _of_another(of, n, speakers[hit.passage.document_id]):
                continue
            key = (hit.passage.document_id, hit.passage.sentences[n])
            passages = (*(found[key].rows if key in found else ()), hit.row)
            if key not in found or row[0] > found[key].features[0]:
                found[key] = Candidate(hit, key[1], row, passages)
            else:
                found[key] = replace(found[key], rows=passages)
        return list(found.values())

    def _lookup(self, asked: Query, hits: Sequence[Hit], held: Sequence[PassageWords], cosines: Floats) -> Lookup:
        terms = asked.terms
        number = np.array([term.number for term in terms], bool)
        name = np.array([term.name for term in terms], bool) & ~number
        if not any(c.isupper() for c in asked.text):  # typed in lower case: names are what the hits write as names
            capital = frozenset[str]().union(*(of.capital for of in held))
            small = frozenset[str]().union(*(of.small for of in held))
            name = np.array([term.stem in capital - small for term in terms], bool) & ~number
        weights = {term.stem: rarity(self._index, term.stem) for term in terms}
        return Lookup(
            asked=asked,
            stem=self._index.stem,
            rarities=np.array([weights[term.stem] for term in terms]),
            weights=weights,
            rarest=max(weights, key=lambda stem: (weights[stem], stem)),
            name=name,
            number=number,
            known=np.array([self._index.lexical.document_frequency(term.stem) > 0 for term in terms], bool),
            values=tuple(values(asked.text)),
            cosine=float(cosines.max()),
            bm25=max(hit.scores.get("lexical", 0.0) for hit in hits),
        )

    def _words_of(self, passage: Passage) -> PassageWords:
        """Of the title and heading, and of each sentence together with what it leads back to."""
        leads, whole = leads_of(passage), passage.search_text
        texts = [passage.text[s.start - passage.start : s.end - passage.start] for s in passage.sentences]
        language = spoken([word.text for word in words(passage.search_text)])
        stems, capital, small = [], set[str](), set[str]()
        for text in (passage.context, *texts):
            own = terms(text, self._index.stem, language)
            stems.append(frozenset(term.text for term in own))
            for term in own[1:]:
                (capital if text[term.start].isupper() else small).add(term.text)
        before = [" ".join(whole[lead.start : lead.end] for lead in of) for of in leads]
        inside = [own | self._stems(lead, language) for own, lead in zip(stems[1:], before, strict=True)]
        told = (f"{lead} {text}" if lead else text for lead, text in zip(before, texts, strict=True))
        return PassageWords(
            context=stems[0],
            inside=tuple(inside),
            numbers=tuple(tuple(values(text)) for text in told),
            whole=stems[0].union(*inside),
            speakers=frozenset().union(*(self._stems(lead, language) for lead in _speakers(passage))),
            capital=frozenset(capital),
            small=frozenset(small),
            kinds=tuple(block.kind for block in blocks_of(passage)),
            near=neighbours(passage),
        )

    def _stems(self, text: str, language: str) -> frozenset[str]:
        return frozenset(term.text for term in terms(text, self._index.stem, language))


def _speakers(passage: Passage) -> Iterator[str]:
    """Who begins to speak in it, as printed, with the time."""
    for block in passage.blocks:
        if block.kind == "turn" and block.lead.start >= passage.start:
            yield passage.text[block.lead.start - passage.start : block.lead.end - passage.start]


def _of_another(of: PassageWords, n: int, asked_of: frozenset[str]) -> bool:
    """Does somebody speak whom the question does not name, while it names another who speaks there too?"""
    return of.kinds[n] == "turn" and bool(asked_of) and not asked_of & of.inside[n]


def rarity(index: Counted, stem: str) -> float:
    """Inverse passage frequency that is never negative: log(1 + (N - n + ½) / (n + ½)), as in Lucene."""
    n = index.lexical.document_frequency(stem)
    return math.log(1 + (index.passage_count - n + 0.5) / (n + 0.5))
