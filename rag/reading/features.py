"""The features by which a sentence is judged, and which way each may count.

All but the length are 0..1 or cosines, so that they mean the same on a small corpus and on a large one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.ranking.lexical import K1
from index.records import Hit, Kind
from index.text.words import Stem
from rag.language.quantities import Value, same
from rag.question.analysis import Query, holds_kind
from rag.reading.similarity import Similarity

Floats = NDArray[np.float64]

PLAIN_FEATURES = (
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
KINDS = ("name", "number", "word")
LEVELS = (0.5, 0.65, 0.8)
SHORTS = tuple(f"short_{kind}_{round(100 * level)}" for kind in KINDS for level in LEVELS)
NAMED_SHORT = frozenset(name for name in SHORTS if not name.startswith("short_word"))  # names and numbers alone
FEATURES = (
    *PLAIN_FEATURES,
    "maxsim_learned",  # as maxsim_sentence, each token counting as the projection has learned
    "weakest",  # the worst met term of the question: in the sentence
    "weakest_near",  # … in the sentence, the one before or the title
    "weakest_passage",  # … anywhere in the passage
    "cover_sentence",  # share of the terms, weighted by rarity, in the sentence itself
    "names_nowhere",  # share of the names found nowhere in the passage, nor in its title
    "numbers_near_missing",  # share of the numbers found neither near nor in the title
    "number_other",  # the sentence has another number or year of the same sort instead
    "unknown_name",  # share of names and numbers that the corpus does not hold
    "dense_first",  # 1 / the passage's rank by vectors
    "lexical_first",  # 1 / its rank by BM25
    "cosine_behind",  # how far the passage's cosine is behind the best of all
    "bm25_behind",  # the same of BM25, as a share
    *SHORTS,  # by how much names, numbers, other words fall short of a level of similarity, weighted by rarity
)
OF_THE_BEST = (
    "dense_first",
    "lexical_first",
    "cosine_behind",
    "bm25_behind",
)  # tell of the first quote, not of a rival
SENTENCE_FEATURES = tuple(name for name in FEATURES if name not in OF_THE_BEST)
CONFIDENCE_FEATURES = (*FEATURES, "gap", "score")  # of the best sentence, with its lead over the second and its score
NEVER_HELP = frozenset(
    {
        *("absent", "kind_missing", "names_missing", "numbers_missing", "length"),
        *("names_nowhere", "numbers_near_missing", "number_other", "unknown_name", "cosine_behind", "bm25_behind"),
        *SHORTS,
    }
)


@dataclass(frozen=True, slots=True)
class PassageWords:
    """The words of a passage."""

    context: frozenset[str]  # stems of title and heading
    inside: tuple[frozenset[str], ...]  # stems of each sentence and of its leads
    numbers: tuple[tuple[Value, ...], ...]  # of each sentence and its leads
    speakers: frozenset[str]  # stems of their names
    capital: frozenset[str]  # stems that are written with a capital inside a sentence
    small: frozenset[str]  # … without
    kinds: tuple[Kind, ...]  # of the block of each sentence
    near: tuple[range, ...]  # of each sentence: its own number and those of its neighbours


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question as its terms are looked for in all hits; arrays are (terms,)."""

    asked: Query
    stem: Stem
    rarities: Floats
    weights: Mapping[str, float]  # rarity of each different term
    rarest: str  # of them
    name: NDArray[np.bool_]
    number: NDArray[np.bool_]
    known: NDArray[np.bool_]  # the corpus holds it
    values: tuple[Value, ...]
    cosine: float  # the best of all hits
    bm25: float


def features_of(lookup: Lookup, hit: Hit, of: PassageWords, similar: Similarity, cosine: float) -> list[Floats]:
    """(len(FEATURES),) for each sentence of a hit."""
    of_passage = _of_passage(lookup, hit, of, similar, cosine)
    rows = []
    for n in range(len(of.inside)):
        named = of_passage | _of_sentence(lookup, hit, of, similar, n)
        rows.append(np.array([named[name] for name in FEATURES]))
    return rows


def _of_passage(lookup: Lookup, hit: Hit, of: PassageWords, similar: Similarity, cosine: float) -> dict[str, float]:
    weights = lookup.weights
    whole = of.context.union(*of.inside)
    most = max(sum(weights.values()), 1e-9) * (K1 + 1)
    bm25 = max(hit.scores.get("lexical", 0.0), 0.0)
    known = frozenset(t.stem for t, is_known in zip(lookup.asked.terms, lookup.known, strict=True) if is_known)
    return {
        "maxsim_passage": similar.passage,
        "cosine": cosine,
        "bm25": min(bm25 / most, 1.0),
        "cover_passage": cover(weights, whole),
        "absent": 1 - cover(weights, known),
        "numbers_missing": _missing(lookup, lookup.number, whole),
        "names_nowhere": _missing(lookup, lookup.name, whole),
        "unknown_name": _missing(lookup, lookup.name | lookup.number, known),
        "dense_first": 1 / hit.ranks["dense"] if "dense" in hit.ranks else 0.0,
        "lexical_first": 1 / hit.ranks["lexical"] if "lexical" in hit.ranks else 0.0,
        "cosine_behind": lookup.cosine - cosine,
        "bm25_behind": 1 - bm25 / max(lookup.bm25, 1e-9) if lookup.bm25 > 0 else 0.0,
        "weakest_passage": float(np.maximum(similar.terms.max(axis=1, initial=0.0), similar.title).min()),
    }


def _of_sentence(lookup: Lookup, hit: Hit, of: PassageWords, similar: Similarity, n: int) -> dict[str, float]:
    weights, own = lookup.weights, of.inside[n]
    around = of.near[n]
    beside = of.context.union(*of.inside[around.start : around.stop])
    span = hit.passage.sentences[n]
    text = hit.passage.text[span.start - hit.passage.start : span.end - hit.passage.start]
    kind = holds_kind(lookup.asked, text, lookup.stem)
    near = np.maximum(similar.terms[:, around.start : n + 1].max(axis=1), similar.title)
    share = lookup.rarities / max(lookup.rarities.sum(), 1e-9)
    return {
        "maxsim_sentence": similar.tokens[n],
        "maxsim_learned": similar.weighted[n],
        "maxsim_terms": similar.terms[:, n].mean(),
        "maxsim_rare": (similar.terms[:, n] * share).sum(),
        "weakest": similar.terms[:, n].min(),
        "weakest_near": near.min(),
        "cover_sentence": cover(weights, own),
        "cover_near": cover(weights, beside),
        "rarest_near": float(lookup.rarest in beside),
        "kind_found": kind,
        "kind_missing": 1 - kind if lookup.asked.kind else 0.0,
        "names_missing": _missing(lookup, lookup.name, beside),
        "numbers_near_missing": _missing(lookup, lookup.number, beside),
        "number_other": _other(lookup.values, of.numbers[n]),
        "length": math.log1p(len(own)),
    } | _shorts(lookup, near, share)


def _shorts(lookup: Lookup, near: Floats, share: Floats) -> dict[str, float]:
    """Sum over the terms of a kind: rarity share times how far it stays below the level, as a share of the level."""
    kinds = (lookup.name, lookup.number, ~(lookup.name | lookup.number))
    short = [np.clip(1 - near / level, 0, 1) * share for level in LEVELS]
    return dict(zip(SHORTS, (float(values[kind].sum()) for kind in kinds for values in short), strict=True))


def _other(wanted: Sequence[Value], there: Sequence[Value]) -> float:
    """Share of the question's numbers in whose stead the sentence has another one of the same unit."""
    if not wanted:
        return 0.0
    instead = [not any(same(a, b) for b in there) and any(a.unit == b.unit for b in there) for a in wanted]
    return sum(instead) / len(wanted)


def cover(weights: Mapping[str, float], found: frozenset[str]) -> float:
    """Share of the weights of what was found."""
    return sum(weight for stem, weight in weights.items() if stem in found) / max(sum(weights.values()), 1e-9)


def _missing(lookup: Lookup, wanted: NDArray[np.bool_], found: frozenset[str]) -> float:
    """Share of the terms wanted that were not found; 0 where none is wanted."""
    stems = [term.stem for term, is_wanted in zip(lookup.asked.terms, wanted, strict=True) if is_wanted]
    return sum(stem not in found for stem in stems) / len(stems) if stems else 0.0
