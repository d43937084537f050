"""Hits → candidate sentences, each with the features by which a reader judges it."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from index.embedding.vectors import Encoded, Encoding
from index.ranking.view import Lexical
from index.records import Block, Hit, Kind, Passage, Span
from index.text.words import Stem, TermPlaces, stems, term_number
from rag.language.patterns import read_patterns
from rag.language.quantities import values
from rag.question.analysis import Query
from rag.reading.features import Flags, Floats, Lookup, PassageTerms, Standing, features_of, standing
from rag.reading.similarity import edges_of, runs_in, similarities
from rag.structure import BODY, block_at, blocks_of, names_row, neighbours, sent_from

_LINES: frozenset[Kind] = frozenset({"text", "aside"})
_CLOSED = re.compile(r"[.!?…。:]\W*$")
_HEADED = 3.0  # points of a reader's score; of 0 to 6 (docs/decisions.md)
_ASKED = re.compile(r"(?:q|question|frage|pregunta)\s?\d{0,3}\s?[:.)]\s.*\?$", re.IGNORECASE)  # as the label says
_ORDERED = read_patterns("rag.reading", "orders.txt").compiled("ORDERED")
_WHICH_ROW = re.compile(r"\b(?:who|which|than|qui[eé]n|cu[aá]l(?:es)?)\b", re.IGNORECASE)
NOT_WHETHER = re.compile(r"\b(?:wh(?:at|ere|en|o|ose|ich|y)|how)\b", re.IGNORECASE)


class Counted(Protocol):
    """What telling a word's rarity needs of an index."""

    @property
    def lexical(self) -> Lexical: ...
    @property
    def passage_count(self) -> int: ...


class ReadableIndex(Counted, Protocol):
    """What reading needs of an index."""

    @property
    def stem(self) -> Stem: ...
    def knows(self, language: str) -> bool: ...
    def encode(self, question: str) -> Encoded: ...
    def encodings(self, rows: Sequence[int]) -> list[Encoding]: ...
    def term_places(self, row: int) -> TermPlaces: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted."""

    hit: Hit
    sentence: Span  # in document offsets
    features: Floats  # (len(FEATURES),)
    rows: tuple[int, ...]  # of all passages among the hits that hold the sentence
    how: Mapping[str, float] = field(default_factory=dict)  # what speaks for it where somebody wants to do something


class Evidence:
    """Judges the sentences of one index; how a passage's tokens and terms belong to its sentences is kept."""

    def __init__(self, index: ReadableIndex) -> None:
        self._index = index
        self._terms = lru_cache(maxsize=8192)(lambda row, passage: _terms_of(passage, index.term_places(row)))
        self._runs = lru_cache(maxsize=8192)(lambda row, of: runs_in(of, index.encodings([row])[0].offsets[:, 0]))

    def candidates(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> list[Candidate]:
        """Every sentence of the hits that stands in a block of these kinds, in their order.

        One that two passages share comes once, as judged best.
        """
        if not asked.terms or not hits:
            return []
        question = self._index.encode(asked.text)
        encodings = self._index.encodings([hit.row for hit in hits])
        held = [self._terms(hit.row, hit.passage) for hit in hits]
        similar = similarities(asked, question, encodings, [self._runs(hit.row, hit.passage) for hit in hits])
        vectors = np.stack([encoding.vector for encoding in encodings]).astype(np.float64)
        cosines = vectors @ question.vector  # exact: both have few digits
        lookup = self._lookup(asked, hits, held, cosines)
        stands = standing(lookup, held)
        features = features_of(lookup, hits, held, stands, similar, cosines)
        others = _of_another(asked, lookup, hits, held, stands) | _of_another_row(asked, hits, held, stands)
        found: dict[tuple[str, Span], Candidate] = {}
        ordered = _orders(hits)
        what = NOT_WHETHER.search(asked.text)
        every = ((hit, of, n) for hit, of in zip(hits, held, strict=True) for n in range(len(of.kinds)))
        for (hit, of, n), other, row in zip(every, others.tolist(), features, strict=True):
            key, kind = (hit.passage.document_id, hit.passage.sentences[n]), of.kinds[n]
            if other or kind not in kinds:
                continue
            said, block = hit.passage.said(*key[1]), (key[0], block_at(hit.passage.blocks, key[1].start))
            if ordered.get(block, math.inf) <= key[1].start:
                continue
            if (what and _names_alone(asked, said, kind, self._index.stem)) or _ASKED.match(said):
                continue
            passages = (*(found[key].rows if key in found else ()), hit.row)
            if key not in found or row[0] > found[key].features[0]:
                found[key] = Candidate(hit, key[1], row, passages, _how(lookup, of))
            else:
                found[key] = replace(found[key], rows=passages)
        return list(found.values())

    def _lookup(self, asked: Query, hits: Sequence[Hit], held: Sequence[PassageTerms], cosines: Floats) -> Lookup:
        terms = asked.terms
        number = np.array([term.number for term in terms], bool)
        name = np.array([term.name for term in terms], bool) & ~number
        if not any(c.isupper() for c in asked.text):  # typed in lower case: names are what the hits write as names
            names = _written_as_names([term_number(term.stem) for term in terms], hits, held)
            name = np.array(names, bool) & ~number
        weights = {term.stem: rarity(self._index, term.stem) for term in terms}
        return Lookup(
            asked=asked,
            stem=self._index.stem,
            rarities=np.array([weights[term.stem] for term in terms]),
            weights=weights,
            rarest=max(weights, key=lambda stem: (weights[stem], stem)),
            numbers=tuple(term_number(stem) for stem in weights),
            name=name,
            number=number,
            values=tuple(values(asked.text)),
            cosine=float(cosines.max()),
            bm25=max(hit.scores.get("lexical", 0.0) for hit in hits),
        )


def _orders(hits: Sequence[Hit]) -> dict[tuple[str, Block], int]:
    """Where in a block an order to a machine begins, and what stands behind it there, in whichever hit."""
    begun: dict[tuple[str, Block], int] = {}
    for passage in (hit.passage for hit in hits):
        for start, _ in (span for span in passage.sentences if _ORDERED.match(passage.said(*span))):
            key = passage.document_id, block_at(passage.blocks, start)
            begun[key] = min(start, begun.get(key, start))
    return begun


def _terms_of(passage: Passage, places: TermPlaces) -> PassageTerms:
    runs, near = runs_in(passage, places.starts), neighbours(passage)
    shift = len(passage.search_text) - len(passage.text) - passage.start
    own: list[set[int]] = [set() for _ in range(runs.sentences)]
    for n, first, behind in zip(runs.of.tolist(), runs.first.tolist(), runs.behind.tolist(), strict=True):
        own[n].update(places.numbers[first:behind].tolist())
    return PassageTerms(
        places=places,
        runs=runs,
        lengths=tuple(math.log1p(len(numbers)) for numbers in own),
        place=frozenset(places.numbers[slice(*np.searchsorted(places.starts - shift, sent_from(passage)[0]))].tolist()),
        speakers=frozenset(n for a, b in _speakers(passage, places) for n in places.numbers[a:b].tolist()),
        kinds=tuple("heading" if block.lead == Span(*block[1:3]) else block.kind for block in blocks_of(passage)),
        before=tuple(around.start < n for n, around in enumerate(near)),
        behind=tuple(around.stop > n + 1 for n, around in enumerate(near)),
    )


def _how(lookup: Lookup, of: PassageTerms) -> dict[str, float]:
    """Headings that are of what is asked and not of something more special."""
    if lookup.asked.kind != "how to":
        return {}
    named = set(of.places.numbers[: of.runs.title].tolist())
    told = len(named.intersection(lookup.numbers)) / max(len(named), 1)
    return {"headed": _HEADED * told}


def _speakers(passage: Passage, places: TermPlaces) -> Iterator[list[int]]:
    """The terms of who begins to speak in it, as printed, with the time: the first and the one behind the last."""
    shift = len(passage.search_text) - len(passage.text) - passage.start
    for block in passage.blocks:
        if block.kind == "turn" and block.lead.start >= passage.start:
            yield np.searchsorted(places.starts, [block.lead.start + shift, block.lead.end + shift]).tolist()


def _written_as_names(numbers: Sequence[int], hits: Sequence[Hit], held: Sequence[PassageTerms]) -> list[bool]:
    """Of each term: do the hits write it with a capital, and never without? What begins a sentence tells nothing."""
    wanted, capital, small = frozenset(numbers), set[int](), set[int]()
    for hit, of in zip(hits, held, strict=True):
        text, opening = hit.passage.search_text, {0, *edges_of(hit.passage, of.places.starts)}
        for at, number in enumerate(of.places.numbers.tolist()):
            if number in wanted and at not in opening:
                (capital if text[of.places.starts[at]].isupper() else small).add(number)
    return [number in capital - small for number in numbers]


def _of_another(
    asked: Query, lookup: Lookup, hits: Sequence[Hit], held: Sequence[PassageTerms], stands: Standing
) -> Flags:
    """(sentences,): does somebody speak whom the question does not name, while it names another who speaks there?"""
    others = np.zeros(len(stands.hit), np.bool_)
    if asked.kind == "who" or not any(of.speakers for of in held):
        return others
    stems = list(lookup.weights)
    named = [stems.index(term.stem) for term, name in zip(asked.terms, lookup.name, strict=True) if name]
    speak: dict[str, set[int]] = defaultdict(set)
    for hit, of in zip(hits, held, strict=True):
        speak[hit.passage.document_id] |= {n for n in named if lookup.numbers[n] in of.speakers}
    turns = [kind == "turn" for of in held for kind in of.kinds]
    for n, (h, turn) in enumerate(zip(stands.hit.tolist(), turns, strict=True)):
        asked_of = sorted(speak[hits[h].passage.document_id])
        others[n] = turn and bool(asked_of) and not stands.inside[n, asked_of].any()
    return others


def _of_another_row(asked: Query, hits: Sequence[Hit], held: Sequence[PassageTerms], stands: Standing) -> Flags:
    """(sentences,): is it a row with fewer of the question's words than one of its table that the question names?

    A row is named where the question holds all words of one of its cells.
    """
    others = np.zeros(len(stands.hit), np.bool_)
    words, tables = stands.inside.sum(axis=1), defaultdict[tuple[str, Span], dict[int, str]](dict)
    every = ((hit.passage, n, kind) for hit, of in zip(hits, held, strict=True) for n, kind in enumerate(of.kinds))
    for row, (passage, n, kind) in enumerate(every if not (asked.shape or _WHICH_ROW.search(asked.text)) else ()):
        if kind == "row":
            table = block_at(passage.blocks, passage.sentences[n].start).lead
            tables[passage.document_id, table][row] = passage.said(*passage.sentences[n])
    for rows in tables.values():
        most = words[[*rows]].max()
        if any(words[row] == most and names_row(text, asked.stems) for row, text in rows.items()):
            others[[row for row in rows if words[row] < most]] = True
    return others


def _names_alone(asked: Query, text: str, kind: Kind, stem: Stem) -> bool:
    """Is it a line of the question's words only, as a term above what is said of it, or the question once more?
    "Breakfast free" says whether."""
    line = text.endswith("?") or (kind in _LINES and not _CLOSED.search(text))
    return bool(line and (own := {*stems(text, stem)}) and own <= asked.stems)


def rarity(index: Counted, stem: str) -> float:
    """Inverse passage frequency that is never negative: log(1 + (N - n + ½) / (n + ½)), as in Lucene."""
    n = index.lexical.document_frequency(stem)
    return math.log(1 + (index.passage_count - n + 0.5) / (n + 0.5))
