"""Questions that the articles nearly answer: a proposed one with its year, name or deed exchanged, and checked absent.

Absent means: no paragraph holds all names and numbers of the question or, where only the deed is exchanged, all of
its words. That a thing is told in other words only a reader can rule out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from eval.authoring.duplicates import form_of
from index.records import Document
from index.text.words import stems
from rag.suggestions.patterns import NAME

_NEAREST, _APART = 4, 40  # years that one may be swapped for, at most so far away
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_NAME = re.compile(rf"(?<=[a-z,] ){NAME}")
_DEEDS = """
    abolished:restored built:demolished,sold completed:demolished,sold created:abolished,dissolved
    elected:impeached,baptised established:dissolved,abolished founded:dissolved,abolished
    incorporated:dissolved,nationalised introduced:abolished,withdrawn killed:born,married born:married,buried
    opened:demolished,sold published:banned,translated_into_Spanish ratified:repealed,amended signed:repealed,amended
"""
_OTHER_DEED = {  # what nobody said instead
    deed: others.replace("_", " ").split(",") for deed, _, others in (pair.partition(":") for pair in _DEEDS.split())
}
_DEED = re.compile(rf"(?<=\s)(?:{'|'.join(_OTHER_DEED)})(?=\?$)")


@dataclass(frozen=True, slots=True)
class Miss:
    """A question without an answer, and the proposal that it was made from."""

    text: str
    origin: int  # its place among the questions given
    swapped: str  # year, name or deed


class Paragraphs:
    """Which paragraphs hold a stem."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._holding: dict[str, set[int]] = {}
        lines = (line for document in documents for line in document.text.split("\n") if line.strip())
        for number, line in enumerate(lines):
            for stem in stems(line, "snowball"):
                self._holding.setdefault(stem, set()).add(number)

    def hold(self, wanted: frozenset[str]) -> bool:
        """Does one paragraph hold them all?"""
        found = [self._holding.get(stem, set()) for stem in wanted]
        return bool(found) and bool(set.intersection(*sorted(found, key=len)))


def near_misses(questions: Sequence[tuple[str, str]], documents: Sequence[Document], rng: Random) -> list[Miss]:
    """Of (question, what it is about), in an order by chance, the ways of swapping by turns; none is answerable."""
    paragraphs = Paragraphs(documents)
    names = _names(documents)
    years = sorted({year for text, _ in questions for year in _YEAR.findall(text)})
    made: dict[str, list[Miss]] = {"deed": [], "year": [], "name": []}
    for origin in rng.sample(range(len(questions)), len(questions)):
        for miss in _swaps(origin, questions[origin], (years, names), rng):
            form = form_of(miss.text)
            if not paragraphs.hold(form.stems if miss.swapped == "deed" else form.fixed):
                made[miss.swapped].append(miss)
                break
    return [each[turn] for turn in range(len(questions)) for each in made.values() if turn < len(each)]


def _swaps(
    origin: int, question: tuple[str, str], values: tuple[Sequence[str], dict[str, list[str]]], rng: Random
) -> Iterator[Miss]:
    text, of = question
    years, names = values
    if deed := _DEED.search(text):
        yield Miss(f"{text[: deed.start()]}{rng.choice(_OTHER_DEED[deed.group()])}?", origin, "deed")
    if (year := _YEAR.search(text)) and (others := _nearest(year.group(), years)):
        yield Miss(f"{text[: year.start()]}{rng.choice(others)}{text[year.end() :]}", origin, "year")
    bare = of.removeprefix("the ")
    others = [other for head in _heads(bare) for other in names.get(head, ()) if other != bare and other not in text]
    if others and bare in text:
        yield Miss(text.replace(bare, rng.choice(others)), origin, "name")


def _nearest(year: str, years: Sequence[str]) -> list[str]:
    """The nearest other years that some question has, so that the swapped one is no anachronism."""
    others = sorted((abs(int(other) - int(year)), other) for other in years if other != year)
    return [other for apart, other in others if apart <= _APART][:_NEAREST]


def _names(documents: Sequence[Document]) -> dict[str, list[str]]:
    """First or last word → the longer names that share it: "University of Warsaw" and "University of Paris"."""
    found = {match.group() for document in documents for match in _NAME.finditer(document.text)}
    found = {name for name in found if not re.search(r" for | and |\b(?:In|The)\b", name) and name.count(" ") < 5}
    heads: dict[str, list[str]] = {}
    for name in sorted(found):
        for head in _heads(name):
            heads.setdefault(head, []).append(name)
    return heads


def _heads(name: str) -> list[str]:
    """What a name says of its sort: "University of …" or "… Museum"."""
    parts = name.split()
    if len(parts) > 2 and parts[1] == "of":
        return [f"{parts[0]} of"]
    return [parts[-1]] if len(parts) > 1 and parts[-1].lower() in _SORTS else []


_SORTS = frozenset(
    "university museum war act treaty bank school college church river party agreement bridge station company council "
    "institute library network park rebellion revolution society theatre theater association abbey".split()
)
