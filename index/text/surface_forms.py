"""How the words behind each term are written: "tariff" may stand in the articles as "tariffs" more than as "tariff".

Kept by passage, so that a view of some passages never shows a form that stands only in the others.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.text.words import Stem, cut, stop_words, words


class SurfaceForms:
    """Written forms of terms, as far as they stand in the passages that are seen; immutable."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, int], seen: NDArray[np.bool_]) -> None:
        """`arrays` as `wording` makes them, numbers: term → t, `seen` a mask over passages. Raises IndexDamaged."""
        self._text, self._first_forms = arrays["text"], arrays["first_forms"]
        self._indptr, self._rows = arrays["indptr"], arrays["rows"]
        self._numbers = numbers
        self._seen = seen
        lengths = (len(self._first_forms), self._first_forms[-1], self._indptr[-1])
        if lengths != (len(numbers) + 1, len(self._indptr) - 1, len(self._rows)):
            raise IndexDamaged("the arrays of written words contradict each other; rebuild with: quotewell index PATH")

    def seeing(self, rows: NDArray[np.int64]) -> "SurfaceForms":
        """The same, of these passages alone."""
        narrower = copy(self)
        narrower._seen = np.zeros(len(self._seen), np.bool_)
        narrower._seen[rows] = True
        return narrower

    def written(self, term: str) -> str:
        """The lower-case form in most of the passages seen, the first by alphabet among equals; "" if none holds it."""
        number = self._numbers.get(term)
        if number is None:
            return ""
        forms = range(int(self._first_forms[number]), int(self._first_forms[number + 1]))
        counts = [self._count(form) for form in forms]
        most = max(counts)
        return self._forms[forms[counts.index(most)]] if most else ""

    def forms(self) -> list[str]:
        """Every written form in some passage that is seen, lower case; by term and alphabet."""
        if not len(self._rows):
            return []
        seen = np.logical_or.reduceat(self._seen[self._rows], self._indptr[:-1])
        return [form for form, held in zip(self._forms, seen.tolist(), strict=True) if held]

    @cached_property
    def _forms(self) -> list[str]:
        return self._text.tobytes().decode("utf-8", "surrogatepass").split("\n")

    def _count(self, form: int) -> int:
        """Passages seen that hold the form."""
        return int(self._seen[self._rows[int(self._indptr[form]) : int(self._indptr[form + 1])]].sum())


def spelled(text: str, stem: Stem) -> list[tuple[str, str]]:
    """The terms of a text as `stems` gives them, each with its written form in lower case."""
    stop = stop_words()
    return [
        (cut(word.text, stem), text[word.start : word.end].lower().replace("\u00ad", ""))
        for word in words(text)
        if word.text not in stop
    ]


def wording(vocabulary: Sequence[str], passages: Sequence[Sequence[tuple[str, str]]]) -> dict[str, NDArray[Any]]:
    """Arrays that save without pickle; passages[row] is what `spelled` found, vocabulary[t] the term of number t.

    `text`: uint8, all forms, one a line, by term and alphabet; those of term t are first_forms[t]:first_forms[t + 1].
    `rows`: int32, the passages with form f are rows[indptr[f]:indptr[f + 1]], ascending.
    """
    numbers = {term: number for number, term in enumerate(vocabulary)}
    ids: dict[tuple[str, str], int] = {}
    found = np.fromiter((ids.setdefault(pair, len(ids)) for passage in passages for pair in passage), np.int64)
    forms = sorted((numbers[term], form, number) for (term, form), number in ids.items())
    places = np.zeros(len(forms), np.int64)
    places[[number for _, _, number in forms]] = np.arange(len(forms))
    in_row = np.repeat(np.arange(len(passages)), [len(passage) for passage in passages])
    of_form, rows = np.divmod(np.unique(places[found] * len(passages) + in_row), max(len(passages), 1))
    text = "\n".join(form for _, form, _ in forms).encode("utf-8", "surrogatepass")
    return {
        "text": np.frombuffer(text, np.uint8),
        "first_forms": np.searchsorted([term for term, _, _ in forms], np.arange(len(vocabulary) + 1)),
        "indptr": np.searchsorted(of_form, np.arange(len(forms) + 1)),
        "rows": rows.astype(np.int32),
    }
