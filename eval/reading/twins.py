"""Questions beside a question: one thing changed, so that the passage answers no more, or other words for the same.

What is true of each follows from how it was made, and from what does not stand in the passage. Deterministic by seed.
"""

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from pathlib import Path

from eval.reading.rows import TrainingRow
from rag.language.patterns import read_patterns

_HERE = Path(__file__).parent
_TEXT = read_patterns("eval.reading", "twins.txt")
_YEAR, _NUMBER, _NUMBERED, _NAME, _NO_NAME = map(_TEXT.cased, ("YEAR", "NUMBER", "NUMBERED", "NAME", "NO_NAME"))
_ONE_WAY, _BOTH_WAYS, _ACTIVE, _PASSIVE = map(_TEXT.cased, ("ONE_WAY", "BOTH_WAYS", "ACTIVE", "PASSIVE"))
_COUNTED, _NARROWER, _PEOPLE, _MEASURE = map(_TEXT.cased, ("COUNTED", "NARROWER", "PEOPLE", "MEASURE"))
_DATED, _PLACE = map(_TEXT.cased, ("DATED", "PLACE"))
_BOUND, _ASKING, _FACT = map(_TEXT.compiled, ("BOUND", "ASKING", "FACT"))
_REASON, _WAY, _TIME = map(_TEXT.compiled, ("REASON", "WAY", "TIME"))
ALIKE = 0.6  # of the words around two names: both are people, or both are places
_OFTEN = 6  # neighbours that a name needs to be known by them
_COMMON = ("another word", "another name, elsewhere", "same")  # kinds that most questions allow
_MOST = 2  # twins of a question that the passage does not answer
_SHORTENED = 0.45  # of the rows that answer
_SEARCHED = 1 / 6  # of the twins are put as people type into a search box


@dataclass(frozen=True, slots=True)
class Twin:
    """A question beside another one over the same passage."""

    kind: str
    text: str
    answerable: bool


class NamesAround:
    """The names of a collection and the words that they stand between: a place stands where places stand."""

    def __init__(self, texts: Iterable[str]) -> None:
        around: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for match in _NAME.finditer(text):
                # It opens a sentence, where every first word has a capital.
                opens = match.start() < 2 or text[match.start() - 2] in ".!?\n"
                if not opens and not _NO_NAME.fullmatch(match.group()):
                    before = re.findall(r"[a-z]+", text[max(0, match.start() - 20) : match.start()])[-1:]
                    after = re.findall(r"^\W{0,2}([a-z]+)", text[match.end() : match.end() + 20])
                    around[match.group()].update([f"<{w}" for w in before] + [f">{w}" for w in after])
        self._around = {name: seen for name, seen in around.items() if sum(seen.values()) >= _OFTEN}
        self._all = sorted(self._around)

    def alike(self, name: str, other: str) -> float:
        """0 to 1: the cosine of the words around both; 0 where one is too rare."""
        one, two = self._around.get(name), self._around.get(other)
        if not one or not two:
            return 0.0
        if len(name.split()) > 1 < len(other.split()) and name.split()[-1] == other.split()[-1]:
            return 0.0  # perhaps the same
        dot = sum(n * two[w] for w, n in one.items())
        return dot / math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in two.values()))

    def like(self, name: str, rng: random.Random) -> list[str]:
        """Of a hundred names drawn at random those that stand where this one stands."""
        drawn = rng.sample(self._all, min(100, len(self._all)))
        return [other for other in drawn if self.alike(name, other) >= ALIKE]


def twin_rows(
    rows: Sequence[TrainingRow], twinned: Collection[str], most: int, rng: random.Random
) -> Iterator[TrainingRow]:
    """Twins of at most `most` questions of the sets named, those first that allow a rare kind."""
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        texts[row.set][row.text] = None
    names = {name: NamesAround(texts[name]) for name in twinned}
    asked = [row for row in rows if row.set in twinned and row.kind == "gold"]
    made = [(row, twins_of(row, names[row.set], rng)) for row in rng.sample(asked, len(asked))]
    made = [(row, twins) for row, twins in made if any(not twin.answerable for twin in twins)]
    made.sort(key=lambda pair: all(twin.kind in _COMMON for twin in pair[1]))
    for row, twins in made[:most]:
        for twin in twins:
            if twin.answerable:
                yield replace(row, question=twin.text, kind="same", made=twin.kind)
            else:
                yield replace(row, question=twin.text, kind="twin", made=twin.kind, good=(), short=None)


def shortened(rows: Iterable[TrainingRow], rng: random.Random) -> Iterator[TrainingRow]:
    """The same questions beside their passages without the sentences that answer, so that the words of a question do
    not tell whether it is answered; a row that keeps fewer than two sentences is left out.
    """
    for row in rows:
        kept = [row.text[a:b] for n, (a, b) in enumerate(row.sentences) if n not in row.good]
        if row.good and len(kept) > 1 and rng.random() < _SHORTENED:
            ends = list(accumulate(len(one) + 1 for one in kept))
            cut = tuple((end - 1 - len(one), end - 1) for one, end in zip(kept, ends, strict=True))
            shown = replace(row, text=" ".join(kept), sentences=cut)
            yield replace(shown, good=(), short=None, kind="twin", made="shortened")


def twins_of(row: TrainingRow, names: NamesAround, rng: random.Random) -> list[Twin]:
    """At most _MOST questions that the row's passage does not answer, each of another kind, and one that it does."""
    makers = (_another_word, _another_year, _another_number, _another_name, _turned, _narrowed, _widened, _reason)
    made = [twin for maker in makers for twin in _chosen(list(maker(row, names, rng)), rng)]
    if len(made) > _MOST:  # the rare kinds first: words to change stand in most questions
        made = rng.sample(made[1:] if made[0].kind == "another word" else made, _MOST)
    again = _chosen(list(_again(row)), rng)
    return [_as_searched(twin, rng) for twin in made + again]


def _chosen(made: Sequence[Twin], rng: random.Random) -> list[Twin]:
    return [rng.choice(made)] if made else []


def _as_searched(twin: Twin, rng: random.Random) -> Twin:
    if rng.random() > _SEARCHED:
        return twin
    return Twin(twin.kind, re.sub(r"[?]$", "", twin.text).lower(), twin.answerable)


def _absent(word: str, text: str) -> bool:
    """Whether no word of the text begins like it."""
    return not re.search(rf"(?<!\w){re.escape(word[:5].lower())}", text.lower())


def _another_word(row: TrainingRow, _: NamesAround, __: random.Random) -> Iterator[Twin]:
    for match in re.finditer(r"[\w-]+", row.question):
        word = match.group()
        if re.match(r"of the (?:century|year)", row.question[match.end() :].strip()):
            continue
        for other in _others().get(word, ()):
            if _absent(other, row.text) and _absent(other, row.question):
                yield Twin("another word", _put(row.question, match.span(), other), False)


def _another_year(row: TrainingRow, _: NamesAround, rng: random.Random) -> Iterator[Twin]:
    for match in _YEAR.finditer(row.question):
        if _BOUND.search(row.question[: match.start()]):
            continue
        year = int(match.group(1))
        for step in rng.sample([-30, -20, -12, -10, -7, -4, -3, -2, -1, 1, 2, 3, 4, 7, 10, 12, 20, 30], 6):
            other = year + (step * 10 if match.group(2) and step % 10 else step)
            if other <= 2026 and str(other) not in row.text and f"{other // 10}0s" not in row.text:
                yield Twin("another year", _put(row.question, match.span(1), str(other)), False)


def _another_number(row: TrainingRow, _: NamesAround, rng: random.Random) -> Iterator[Twin]:
    for match in _NUMBER.finditer(row.question):
        before = row.question[: match.start()]
        dated = _DATED.search(before) or _YEAR.match(row.question, match.start())
        if dated or not _NUMBERED.search(before):
            continue  # of "the 5 boroughs" the answer still tells
        number = int(match.group(1))
        for other in sorted({number + 1, number + 2, max(2, number - 1), number * 2, number + 7} - {number}):
            if not re.search(rf"\b{other}\b", row.text):
                yield Twin("another number", _put(row.question, match.span(1), str(other)), False)


def _another_name(row: TrainingRow, names: NamesAround, rng: random.Random) -> Iterator[Twin]:
    answer = row.answer.lower()
    for match in _own_names(row.question):
        name = match.group()
        if _absent(name, row.text):
            continue
        near = sorted({m.group() for m in _NAME.finditer(row.text)})
        nearby = [other for other in near if names.alike(name, other) >= ALIKE]
        for place, pool in (("in the passage", nearby), ("elsewhere", names.like(name, rng))):
            fit = [o for o in pool if _apart(o, row.question) and _apart(o, answer) and _apart(o, row.title)]
            if place == "elsewhere":
                fit = [o for o in fit if all(_absent(part, row.text) for part in o.split() if part[0].isupper())]
            else:  # the sentence that answers may be said of it too
                fit = [o for o in fit if not any(o in row.text[a:b] for a, b in row.good_spans)]
            if fit:
                yield Twin(f"another name, {place}", _put(row.question, match.span(), rng.choice(fit)), False)


def _apart(name: str, text: str) -> bool:
    return not any(part.lower() in text.lower() for part in name.split() if len(part) > 2)


def _turned(row: TrainingRow, names: NamesAround, _: random.Random) -> Iterator[Twin]:
    found = _own_names(row.question)
    if len(found) == 2:
        first, second = found
        between = row.question[first.end() : second.start()]
        alike = names.alike(first.group(), second.group()) >= ALIKE / 2
        if len(between) < 40 and alike and _ONE_WAY.search(between) and not _BOTH_WAYS.search(between):
            text = row.question
            text = f"{text[: first.start()]}{second.group()}{between}{first.group()}{text[second.end() :]}"
            yield Twin("turned", text, False)
    active = _ACTIVE.match(row.question)
    if active and not _BOTH_WAYS.search(active[1]):
        yield Twin("turned", f"Who was {active[1]} by {active[2]}?", False)
    if passive := _PASSIVE.match(row.question):
        yield Twin("turned", f"Who {passive[1]} {passive[2]}?", False)


def _narrowed(row: TrainingRow, _: NamesAround, rng: random.Random) -> Iterator[Twin]:
    match = _COUNTED.search(row.question)
    if not match or _MEASURE.fullmatch(match[2].lower()):
        return
    before, after = row.question[: match.end()], row.question[match.end() :]
    if re.match(r" (?:of|per|with|in|who|from|and)\b", after):
        return  # narrowed already
    for group in rng.sample(_TEXT.families["of people" if _PEOPLE.fullmatch(match[2].lower()) else "of things"], 5):
        if all(_absent(word, row.text) for word in re.findall(r"\w{4,}|\d+", group)):
            yield Twin("narrowed", f"{before} {group}{after}", False)


def _widened(row: TrainingRow, _: NamesAround, __: random.Random) -> Iterator[Twin]:
    match = _NARROWER.search(row.question)
    if match:
        wider = f"{row.question[: match.start()]}{match[1]} {match[2]}{row.question[match.end() :]}"
        yield Twin("widened", wider, False)


def _reason(row: TrainingRow, _: NamesAround, __: random.Random) -> Iterator[Twin]:
    """Why, how, where or when beside the sentence that states only the bare fact."""
    match = _FACT.match(row.question)
    if not match:
        return
    asked, verb, rest = match[1].lower(), match[2], match[3]
    if not _REASON.search(row.text):
        yield Twin("why", f"Why {verb} {rest}?", False)
        yield Twin("why", f"For what reason {verb} {rest}?", False)
    if not _WAY.search(row.text) and not _REASON.search(row.text):
        yield Twin("how", f"How {verb} {rest}?", False)
    good = " ".join(row.text[a:b] for a, b in row.good_spans)
    if asked == "when" and not _PLACE.search(good):
        yield Twin("where", f"Where {verb} {rest}?", False)
    if asked == "where" and not _TIME.search(row.text):
        yield Twin("when", f"When {verb} {rest}?", False)


def _again(row: TrainingRow) -> Iterator[Twin]:
    low = row.question.lower()
    for phrase, instead in _same().items():
        match = re.search(rf"(?<![\w-])(?<!in )(?<!in the ){re.escape(phrase)}(?![\w-])", low)
        if match:
            for other in instead:
                yield Twin("same", _put(row.question, match.span(), other), True)


@cache
def _others() -> Mapping[str, list[str]]:
    """Word → the words that ask for something else. Of one thing no two words of a line are the same; case counts."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (_HERE / "other.txt").read_text("utf-8").splitlines():
        for word in line.split():
            found[word] += [other for other in line.split() if other not in (word, *found[word])]
    return dict(found)


@cache
def _same() -> Mapping[str, list[str]]:
    """Word or phrase → what may stand for it in a question; longest first. One line of the file: phrase|instead|…"""
    lines = [line.split("|") for line in (_HERE / "same.txt").read_text("utf-8").splitlines()]
    return {phrase: instead for phrase, *instead in sorted(lines, key=lambda parts: -len(parts[0]))}


def _own_names(question: str) -> list[re.Match[str]]:
    return [m for m in _NAME.finditer(question) if not _ASKING.match(m.group()) and m.start() > 0]


def _put(text: str, span: tuple[int, int], other: str) -> str:
    """With the case of what stood there."""
    start, end = span
    if text[start].isupper() and other[:1].islower():
        other = other[0].upper() + other[1:]
    return f"{text[:start]}{other}{text[end:]}"
