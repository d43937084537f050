"""What is known of the words of an index without its postings: a memory of the vocabulary, not of the passages.

Every document has a bag on the disk: its terms and their written forms, and how many of its passages hold each. An
index is the sum of its bags, so that an article that comes or goes, and a day of which later ones are not seen, cost
their own bags. Everything is by alphabet, so that nobody can tell from a score how an index came to be.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.ranking.lexical import okapi_idf, restored
from index.storage.pieces import Content
from index.text.words import normalise

_OF = "\t"  # between a term and a form of it; neither holds a blank


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Of the passages that are seen."""

    passages: int
    length: int  # of all of them, in terms
    terms: Mapping[str, int]  # term → passages that hold it
    written_as: Mapping[str, int]  # term, tab, form → passages that hold it

    @property
    def average(self) -> float:
        """Terms of a passage."""
        return self.length / max(self.passages, 1)

    @cached_property
    def idf(self) -> Mapping[str, float]:
        """As rank_bm25 has it, whose floor is a share of the mean over all terms."""
        terms = sorted(self.terms)
        held = np.array([self.terms[term] for term in terms], np.int64)
        return dict(zip(terms, okapi_idf(held, self.passages).tolist(), strict=True))

    @cached_property
    def _forms(self) -> Sequence[tuple[str, str]]:
        """Term and form."""
        return [(term, form) for term, _, form in (one.partition(_OF) for one in sorted(self.written_as))]

    def forms(self) -> list[str]:
        """Every written form, lower case; by term and alphabet."""
        return [form for _, form in self._forms]

    def written(self, term: str) -> str:
        """The lower-case form in most of the passages, the first by alphabet among equals; "" if none holds it."""
        return self._commonest.get(term, "")

    def term_of(self, word: str) -> str:
        """The term of a normalised word that stands in some passage, whatever its language; else ""."""
        return self._terms_of.get(word, "")

    @cached_property
    def _commonest(self) -> Mapping[str, str]:
        found: dict[str, tuple[int, str]] = {}
        for term, form in self._forms:
            count = self.written_as[f"{term}{_OF}{form}"]
            if count > found.get(term, (0, ""))[0]:
                found[term] = count, form
        return {term: form for term, (_, form) in found.items()}

    @cached_property
    def _terms_of(self) -> Mapping[str, str]:
        return {normalise(form): term for term, form in self._forms}

    def changed(self, bags: Iterable[bytes], by: int) -> "Vocabulary":
        """With these bags (`by` 1), or without them (−1); what stands in no passage any more is not known any more."""
        passages, length, terms, written_as = self.passages, self.length, dict(self.terms), dict(self.written_as)
        for bag in bags:
            of_passages, of_length, *columns = json.loads(bag)
            passages, length = passages + by * of_passages, length + by * of_length
            for whole, own in zip((terms, written_as), columns, strict=True):
                for name, count in own.items():
                    left = whole.get(name, 0) + by * count
                    if left:
                        whole[name] = left
                    else:
                        del whole[name]
        return Vocabulary(passages, length, terms, written_as)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays that save without pickle, by alphabet."""
        columns = {"terms": self.terms, "forms": self.written_as}
        arrays: dict[str, NDArray[Any]] = {"counts_sizes": np.array([self.passages, self.length], np.int64)}
        for name, column in columns.items():
            lines = sorted(column)
            text = "\n".join(lines).encode("utf-8", "surrogatepass")
            arrays[f"counts_{name}"] = np.frombuffer(text, np.uint8)
            arrays[f"counts_{name}_held"] = np.array([column[line] for line in lines], np.int64)
        return arrays

    @classmethod
    def of(cls, content: Content) -> "Vocabulary":
        """What `to_arrays` was called on."""
        arrays = content.part("counts_")
        passages, length = arrays["sizes"].tolist()
        return cls(passages, length, _column(arrays, "terms"), _column(arrays, "forms"))


NOTHING = Vocabulary(0, 0, {}, {})


def _column(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, int]:
    held = arrays[f"{name}_held"].tolist()
    lines = arrays[name].tobytes().decode("utf-8", "surrogatepass").split("\n") if held else []
    return dict(zip(lines, held, strict=True))


def bags_of(content: Content) -> list[bytes]:
    """One a document, of what was made to be searched in memory."""
    lines, postings = restored(content.part("lexical_"))
    vocabulary = list(lines)
    wording = content.part("wording_")
    first_rows = content.arrays["document_first_rows"]
    sizes = np.diff(first_rows)
    document = np.repeat(np.arange(len(sizes)), sizes)  # of each row
    terms = _by_document(vocabulary, postings.indptr, document[postings.rows], len(sizes))
    forms = wording["text"].tobytes().decode("utf-8", "surrogatepass").split("\n") if vocabulary else []
    of_form = np.repeat(np.arange(len(vocabulary)), np.diff(wording["first_forms"])).tolist()
    named = [f"{vocabulary[term]}{_OF}{form}" for term, form in zip(of_form, forms, strict=True)]
    written = _by_document(named, wording["indptr"], document[wording["rows"]], len(sizes))
    lengths = np.bincount(document, weights=postings.lengths, minlength=len(sizes)).astype(np.int64)
    columns = zip(sizes.tolist(), lengths.tolist(), terms, written, strict=True)
    return [json.dumps(bag).encode() for bag in columns]


def _by_document(
    names: Sequence[str], indptr: NDArray[np.int64], documents: NDArray[np.int64], count: int
) -> list[dict[str, int]]:
    """Name → how often, of each document; those of name n are documents[indptr[n]:indptr[n + 1]]."""
    found: list[dict[str, int]] = [{} for _ in range(count)]
    numbers = np.repeat(np.arange(len(names)), np.diff(indptr))
    pairs, counts = np.unique(documents * max(len(names), 1) + numbers, return_counts=True)
    for pair, times in zip(pairs.tolist(), counts.tolist(), strict=True):
        document, number = divmod(pair, len(names))
        found[document][names[number]] = times
    return found
