"""Sentences of articles as somebody might write them again: word for word, in other words, with one thing wrong.

What is true of a case follows from how it was made. Deterministic by seed.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eval.experiments.planted_conflicts import other_figure, other_spoken
from index.records import Passage
from index.search import Index
from rag.language.dependence import depends_on_previous
from rag.language.facts import Fact, facts
from rag.language.patterns import read_patterns
from rag.language.word_lists import FUNCTION
from rag.text_check.assertions import is_claim

Kind = Literal["verbatim", "paraphrase", "number", "date", "name", "name of the article", "foreign", "unsaid"]

TRUE: tuple[Kind, ...] = ("verbatim", "paraphrase")
FALSE: tuple[Kind, ...] = ("number", "date", "name", "name of the article")
SEED = 20_251_122
_SHORTEST, _LONGEST = 50, 300  # characters of a sentence
_ENDED = re.compile(r"[^\W_][.!][\"”’]?$")
_TEXT = read_patterns("eval.experiments", "altered_sentences.txt")
_ADVERB, _LEADING, _TRAILING = map(_TEXT.cased, ("ADVERB", "LEADING", "TRAILING"))
_LOWERED, _NAMES, _NO_NAMES = map(_TEXT.cased, ("LOWERED", "NAMES", "NO_NAMES"))
_REWORDED = (
    "said:stated says:states announced:declared stated:said argued:claimed explained:said noted:remarked "
    "reported:said warned:cautioned told:informed suggested:proposed declared:announced"
)
_SAYING = dict(pair.split(":") for pair in _REWORDED.split())
_TIMES = (0.4, 0.6, 1.3, 1.6, 2.2)
_SPOKEN = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty")


@dataclass(frozen=True, slots=True)
class AlteredSentence:
    """A sentence to be checked, and the article and sentence that it was made of."""

    kind: Kind
    text: str
    document_id: str
    original: str


def cases(library: Index, most: int, *, tuning: bool) -> list[AlteredSentence]:
    """True and false ones of at most `most` sentences, from every other document: `tuning` takes the first half."""
    rng = random.Random(SEED)
    chosen = _sentences(library, tuning, rng)[:most]
    names = {name: sorted(set(_names_of(library, name))) for name in dict.fromkeys(id_ for id_, _ in chosen)}
    return [case for id_, sentence in chosen for case in _made(id_, sentence, names, rng)]


def foreign(library: Index, most: int, *, tuning: bool) -> list[AlteredSentence]:
    """Sentences of these documents, to be checked against others."""
    found = _sentences(library, tuning, random.Random(SEED + 1))[:most]
    return [AlteredSentence("foreign", sentence, id_, sentence) for id_, sentence in found]


def _sentences(library: Index, tuning: bool, rng: random.Random) -> list[tuple[str, str]]:
    """(document id, sentence) in random order, each sentence once; only such as state something by themselves."""
    documents = library.document_ids[0 if tuning else 1 :: 2]
    found = dict.fromkeys((id_, text) for id_ in documents for p in library.passages(id_) for text in _texts(p))
    kept = [
        (id_, text)
        for id_, text in found
        if _SHORTEST <= len(text) <= _LONGEST
        and _ENDED.search(text)
        and is_claim(text)
        and not depends_on_previous(text)
    ]
    rng.shuffle(kept)
    return kept


def _texts(passage: Passage) -> list[str]:
    return [" ".join(passage.said(*span).split()) for span in passage.sentences]


def _made(id_: str, sentence: str, names: dict[str, list[str]], rng: random.Random) -> Iterator[AlteredSentence]:
    yield AlteredSentence("verbatim", sentence, id_, sentence)
    again = _paraphrase(sentence)
    if again != sentence:
        yield AlteredSentence("paraphrase", again, id_, sentence)
    for kind, wrong in _wrong(id_, sentence, names, rng):
        reworded = _paraphrase(wrong) if rng.random() < 0.5 else wrong
        yield AlteredSentence(kind, reworded, id_, sentence)


def _paraphrase(sentence: str) -> str:
    """Without an adverb, with another verb of saying, with its first or last phrase moved, as far as it has them."""
    text = _ADVERB.sub("", sentence, count=1)
    if not re.search(r"[“\"”]", text):
        for verb, other in _SAYING.items():
            if re.search(rf"\b{verb}\b", text):
                text = re.sub(rf"\b{verb}\b", other, text, count=1)
                break
    if leading := _LEADING.match(text):
        first, rest, end = leading.groups()
        return f"{rest[0].upper()}{rest[1:]} {first[0].lower()}{first[1:]}{end}"
    if trailing := _TRAILING.match(text):
        rest, last, end = trailing.groups()
        opened = rest[0].lower() + rest[1:] if _LOWERED.match(rest) else rest
        return f"{last[0].upper()}{last[1:]}, {opened}{end}"
    return text


def _wrong(id_: str, sentence: str, names: dict[str, list[str]], rng: random.Random) -> Iterator[tuple[Kind, str]]:
    changes = [(fact, other) for fact in facts(sentence) if (other := _other(fact, rng))]
    by_kind: dict[Kind, list[tuple[Fact, str]]] = {"number": [], "date": []}
    for fact, other in changes:
        by_kind["date" if fact.moment else "number"].append((fact, other))
    for kind, of_kind in by_kind.items():
        if of_kind:
            fact, other = rng.choice(of_kind)
            yield kind, f"{sentence[: fact.start]}{other}{sentence[fact.end :]}"
    own = [match for match in _NAMES.finditer(sentence) if not _NO_NAMES.match(match.group())]
    if own:
        place = rng.choice(own)
        elsewhere = [name for other, found in names.items() if other != id_ for name in found]
        pools: dict[Kind, list[str]] = {"name": elsewhere, "name of the article": names[id_]}
        for kind, pool in pools.items():
            others = [name for name in pool if not _beginnings(name) & _beginnings(sentence)]
            if others:
                yield kind, f"{sentence[: place.start()]}{rng.choice(others)}{sentence[place.end() :]}"


def _beginnings(text: str) -> set[str]:
    """Of its words: "Mexican" and "Mexico" say the same."""
    return {word[:4].lower() for word in re.findall(r"\w{4,}", text)}


def _names_of(library: Index, id_: str) -> Iterator[str]:
    for passage in library.passages(id_):
        for match in _NAMES.finditer(passage.text):
            if not _NO_NAMES.match(match.group()) and match.group().lower() not in FUNCTION:
                yield match.group()


def _other(fact: Fact, rng: random.Random) -> str:
    """The fact with another figure, written in the same way; "" where no rule knows how."""
    if len(fact.figures) > 1 or (fact.moment and fact.moment.span):
        return ""
    if year := re.search(r"(?<!\d)(?:1\d{3}|20\d\d)(?!\d)", fact.printed):
        other = int(year.group()) + rng.choice([-20, 20, 30] if fact.printed.endswith("s") else [-9, -4, -2, 2, 3, 7])
        return f"{fact.printed[: year.start()]}{other}{fact.printed[year.end() :]}"
    if digits := re.search(r"\d[\d,]*(?:\.\d+)?", fact.printed):
        return f"{fact.printed[: digits.start()]}{_figure(digits.group(), fact, rng)}{fact.printed[digits.end() :]}"
    return other_spoken(fact.printed, _SPOKEN, rng)


def _figure(digits: str, fact: Fact, rng: random.Random) -> str:
    if fact.moment:  # the day of a month, or a century
        return str(int(digits) - 2 if int(digits) > 2 else int(digits) + 3)
    return other_figure(digits, _TIMES, rng)
