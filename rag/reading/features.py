"""The features by which a sentence is judged, and which way each may count.

All but the length are 0..1 or cosines, so that they mean the same on a small corpus and on a large one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.ranking.lexical import K1
from index.records import Hit, Kind, Passage
from index.text.words import Stem, TermPlaces, term_number
from rag.language.quantities import Value, same, values
from rag.question.analysis import Query, holds_kind
from rag.reading.similarity import Runs, Similarity, joined, most, most_of_sentences
from rag.structure import leads_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

KINDS = ("name", "number", "word")
LEVELS = (0.5, 0.65, 0.8)
SHORTS = tuple(f"short_{kind}_{round(100 * level)}" for kind in KINDS for level in LEVELS)
NAMED_SHORT = frozenset(name for name in SHORTS if not name.startswith("short_word"))  # names and numbers alone
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
    "kind_found",  # holds a date, share, sum, number or name as asked for
    "kind_missing",  # asks for one that is not there
    "numbers_missing",  # share of the question's numbers found neither in the passage nor in its title
    "length",  # log of the sentence's words: a long one is alike to much, and answers little
    "maxsim_learned",  # as maxsim_sentence, each token counting as the projection has learned
    "weakest",  # the worst met term of the question: in the sentence
    "weakest_near",  # … in the sentence, the one before or the title
    "weakest_passage",  # … anywhere in the passage
    "cover_sentence",  # share of the terms, weighted by rarity, in the sentence itself
    "names_nowhere",  # share of the names found nowhere in the passage, nor in its title
    "numbers_near_missing",  # share of the numbers found neither near nor in the title
    "number_other",  # the sentence has another number or year of the same sort instead
    "dense_first",  # 1 / the passage's rank by vectors
    "lexical_first",  # 1 / its rank by BM25
    "cosine_behind",  # how far the passage's cosine is behind the best of all
    "bm25_behind",  # the same of BM25, as a share
    *SHORTS,  # by how much names, numbers, other words fall short of a level of similarity, weighted by rarity
)
OF_THE_BEST = ("dense_first", "lexical_first", "cosine_behind", "bm25_behind")  # the first quote, not of a rival
SENTENCE_FEATURES = tuple(name for name in FEATURES if name not in OF_THE_BEST)
CONFIDENCE_FEATURES = (*FEATURES, "gap", "score")  # of the best sentence, with its lead over the second and its score
NEVER_HELP = frozenset(SHORTS) | {
    *("kind_missing", "numbers_missing", "length", "names_nowhere", "numbers_near_missing", "number_other"),
    *("cosine_behind", "bm25_behind"),
}


@dataclass(frozen=True, slots=True)
class PassageTerms:
    """The terms of a passage, by their numbers, and how they belong to its sentences."""

    places: TermPlaces
    runs: Runs
    lengths: tuple[float, ...]  # of each sentence with its leads: log of 1 and its different terms
    place: frozenset[int]  # numbers of the terms of the one that the article is sent from
    speakers: frozenset[int]  # numbers of the terms of their names
    kinds: tuple[Kind, ...]  # of the block of each sentence
    before: tuple[bool, ...]  # of each sentence: does it read on from the one before …
    behind: tuple[bool, ...]  # … and into the one behind?


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question as its terms are looked for in all hits; arrays are (terms,)."""

    asked: Query
    stem: Stem
    rarities: Floats
    weights: Mapping[str, float]  # rarity of each different term
    rarest: str  # of them
    numbers: tuple[int, ...]  # of each different term, as the passages know it
    name: NDArray[np.bool_]
    number: NDArray[np.bool_]
    values: tuple[Value, ...]
    cosine: float  # the best of all hits
    bm25: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each different term of the question stands; sentences are those of all hits, terms as in its weights."""

    hit: NDArray[np.int64]  # (sentences,) whose
    inside: Flags  # (sentences, terms): in the sentence or what it leads back to
    beside: Flags  # (sentences, terms): there, in its neighbours or the title, or of the place
    place: Flags  # (sentences, terms): it is asked where something is, and that is where the article is sent from
    passage: Flags  # (hits, terms): anywhere in the passage or its title
    before: Flags  # (sentences,): it reads on from the one before


def standing(lookup: Lookup, held: Sequence[PassageTerms]) -> Standing:
    """Of the terms in the hits."""
    sizes = [len(of.places.numbers) for of in held]
    ends = np.cumsum([0, *sizes])
    numbers = np.concatenate([of.places.numbers for of in held])
    stands = np.zeros((len(lookup.numbers), len(numbers) + 1), np.bool_)  # one behind all: every run has an end
    stands[:, :-1] = numbers == np.array(lookup.numbers)[:, np.newaxis]
    hit = np.repeat(np.arange(len(held)), [of.runs.sentences for of in held])
    inside = most_of_sentences(stands, joined([of.runs for of in held], sizes)).T
    title = most(stands, ends[:-1], ends[:-1] + [of.runs.title for of in held]).T
    before = np.array([flag for of in held for flag in of.before], bool)
    behind = np.array([flag for of in held for flag in of.behind], bool)
    asked = {term_number(stem) for stem in lookup.asked.places}
    sent = np.array([bool(of.place) and of.place <= asked for of in held])[hit]
    place = sent[:, np.newaxis] & [number in asked for number in lookup.numbers]
    beside = inside | title[hit] | place
    beside[1:] |= inside[:-1] & before[1:, np.newaxis]
    beside[:-1] |= inside[1:] & behind[:-1, np.newaxis]
    return Standing(hit, inside, beside, place, most(stands, ends[:-1], ends[1:]).T, before)


def features_of(
    lookup: Lookup,
    hits: Sequence[Hit],
    held: Sequence[PassageTerms],
    found: Standing,
    similar: Similarity,
    cosines: Floats,
) -> Floats:
    """(sentences of all hits, len(FEATURES)); `cosines` (hits,) are of the question's and the passages' vectors."""
    named = _of_passages(lookup, hits, found, similar, cosines) | _of_sentences(lookup, hits, held, found, similar)
    return np.stack([named[name] for name in FEATURES], axis=1)


def _of_passages(
    lookup: Lookup, hits: Sequence[Hit], found: Standing, similar: Similarity, cosines: Floats
) -> dict[str, Floats]:
    most = max(sum(lookup.weights.values()), 1e-9) * (K1 + 1)
    bm25 = np.maximum([hit.scores.get("lexical", 0.0) for hit in hits], 0.0)
    behind = 1 - bm25 / max(lookup.bm25, 1e-9) if lookup.bm25 > 0 else np.zeros(len(hits))
    ends = np.searchsorted(found.hit, np.arange(len(hits) + 1))
    weakest = [similar.terms[:, a:b].max(axis=1, initial=0.0) for a, b in pairwise(ends.tolist())]
    named = {
        "maxsim_passage": similar.passage,
        "cosine": cosines,
        "bm25": np.minimum(bm25 / most, 1.0),
        "cover_passage": _cover(lookup, found.passage),
        "numbers_missing": _missing(lookup, lookup.number, found.passage),
        "names_nowhere": _missing(lookup, lookup.name, found.passage),
        "dense_first": np.array([1 / hit.ranks["dense"] if "dense" in hit.ranks else 0.0 for hit in hits]),
        "lexical_first": np.array([1 / hit.ranks["lexical"] if "lexical" in hit.ranks else 0.0 for hit in hits]),
        "cosine_behind": lookup.cosine - cosines,
        "bm25_behind": behind,
        "weakest_passage": np.maximum(np.stack(weakest, axis=1), similar.title).min(axis=0),
    }
    return {name: values[found.hit] for name, values in named.items()}


def _of_sentences(
    lookup: Lookup, hits: Sequence[Hit], held: Sequence[PassageTerms], found: Standing, similar: Similarity
) -> dict[str, Floats]:
    terms = np.ascontiguousarray(similar.terms.T)  # a row a sentence, so that each is summed as it would be alone
    near = terms.copy()
    near[1:] = np.where(found.before[1:, np.newaxis], np.maximum(terms[1:], terms[:-1]), terms[1:])
    stems = list(lookup.weights)
    near = np.maximum(near, similar.title.T[found.hit])
    near = np.maximum(near, found.place[:, [stems.index(term.stem) for term in lookup.asked.terms]])
    share = lookup.rarities / max(lookup.rarities.sum(), 1e-9)
    rarest = stems.index(lookup.rarest)
    kind = other = np.zeros(len(terms))
    if lookup.asked.kind:
        texts = (hit.passage.said(*span) for hit in hits for span in hit.passage.sentences)
        kind = np.array([holds_kind(lookup.asked, text, lookup.stem) for text in texts], float)
    if lookup.values:
        other = np.array([_other(lookup.values, there) for hit in hits for there in numbers_of(hit.passage)], float)
    return {
        "maxsim_sentence": similar.tokens,
        "maxsim_learned": similar.weighted,
        "maxsim_terms": terms.mean(axis=1),
        "maxsim_rare": (terms * share).sum(axis=1),
        "weakest": terms.min(axis=1),
        "weakest_near": near.min(axis=1),
        "cover_sentence": _cover(lookup, found.inside),
        "cover_near": _cover(lookup, found.beside),
        "rarest_near": found.beside[:, rarest].astype(float),
        "kind_found": kind,
        "kind_missing": 1 - kind if lookup.asked.kind else np.zeros(len(terms)),
        "numbers_near_missing": _missing(lookup, lookup.number, found.beside),
        "number_other": other,
        "length": np.array([length for of in held for length in of.lengths]),
    } | _shorts(lookup, near, share)


@lru_cache(maxsize=4096)
def numbers_of(passage: Passage) -> tuple[tuple[Value, ...], ...]:
    """Of each sentence, together with what it leads back to."""
    whole = passage.search_text
    leads = (" ".join(whole[lead.start : lead.end] for lead in of) for of in leads_of(passage))
    told = (f"{lead} {passage.said(*own)}".lstrip() for lead, own in zip(leads, passage.sentences, strict=True))
    return tuple(tuple(values(text)) for text in told)


def _shorts(lookup: Lookup, near: Floats, share: Floats) -> dict[str, Floats]:
    """Sum over the terms of a kind: rarity share times how far it stays below the level, as a share of the level."""
    kinds = (lookup.name, lookup.number, ~(lookup.name | lookup.number))
    short = [np.clip(1 - near / level, 0, 1) * share for level in LEVELS]
    parts = (np.ascontiguousarray(values[:, kind]).sum(axis=1) for kind in kinds for values in short)
    return dict(zip(SHORTS, parts, strict=True))


def _other(wanted: Sequence[Value], there: Sequence[Value]) -> float:
    """Share of the question's numbers in whose stead the sentence has another one of the same unit."""
    if not wanted:
        return 0.0
    instead = [not any(same(a, b) for b in there) and any(a.unit == b.unit for b in there) for a in wanted]
    return sum(instead) / len(wanted)


def _cover(lookup: Lookup, found: Flags) -> Floats:
    """(rows,): share of the terms' weights in each row of flags; added up term by term, so that each row alone is."""
    total = np.zeros(len(found))
    for weight, flags in zip(lookup.weights.values(), found.T, strict=True):
        total += weight * flags
    return np.asarray(total / max(sum(lookup.weights.values()), 1e-9))


def _missing(lookup: Lookup, wanted: Flags, found: Flags) -> Floats:
    """(rows,): share of the terms wanted that were not found; 0 where none is wanted."""
    numbers = {stem: number for number, stem in enumerate(lookup.weights)}
    of = [numbers[term.stem] for term, is_wanted in zip(lookup.asked.terms, wanted, strict=True) if is_wanted]
    return (~found[:, of]).sum(axis=1) / len(of) if of else np.zeros(len(found))
