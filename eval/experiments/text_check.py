"""How often a check of a text is right about a sentence: measured on sentences that are known to be true or false."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.experiments.planted_conflicts import other_figure, other_spoken
from eval.runs.tables import COUNTED, Table, below, counted, figure_table, paragraphs
from eval.scoring.intervals import SEED, Figure, Figures, mean
from eval.scoring.run import OnQuestion, SetName, followed
from index.errors import BadGold
from index.ranking.filters import Filters
from index.search import Index
from rag.language.dependence import depends_on_previous
from rag.language.facts import Fact, facts
from rag.language.patterns import read_patterns
from rag.language.word_lists import FUNCTION
from rag.text_check.assertions import is_claim
from rag.text_check.check import Checker, SupportOfSentence

# Sentences of articles as somebody might write them again: word for word, in other words, with one thing wrong.
#
# What is true of a case follows from how it was made. Deterministic by seed.

Kind = Literal["verbatim", "paraphrase", "number", "date", "name", "name of the article", "foreign", "unsaid"]

TRUE: tuple[Kind, ...] = ("verbatim", "paraphrase")
FALSE: tuple[Kind, ...] = ("number", "date", "name", "name of the article")
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
    passages = [(id_, passage) for id_ in documents for passage in library.passages(id_)]
    found = dict.fromkeys((id_, " ".join(p.said(*span).split())) for id_, p in passages for span in p.sentences)
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


MOST = 150  # sentences that cases are made of


@dataclass(frozen=True, slots=True)
class CheckedCase:
    """A case and what was said of it."""

    kind: Kind
    text: str
    original: str
    document_id: str
    state: str
    cites_original: bool  # a span of the article that it was made of is shown
    differs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SupportReport:
    """One set's figures and the cases behind them."""

    set_name: SetName
    index_version: str
    figures: Figures
    notes: tuple[str, ...]
    checked: tuple[CheckedCase, ...]


def measure_support(
    name: str, index: Index, others: Sequence[Index], *, tuning: bool = False, progress: OnQuestion | None = None
) -> SupportReport:
    """Sentences of every other article of the index, and up to half as many of each of the other indexes.

    `tuning` takes the half that thresholds were chosen on. Raises BadGold where no article has a sentence to check.
    """
    made = cases(index, MOST, tuning=tuning)
    if not made:
        raise BadGold(f"{name} holds no sentence that stands by itself; give a set with longer articles")
    strange = [case for other in others for case in foreign(other, MOST // 2, tuning=tuning)]
    unsaid = [replace(case, kind="unsaid") for case in made if case.kind == "verbatim"]
    alone = len(index.document_ids) == 1  # without its own article nothing is left to check a sentence against
    todo = [*made, *strange, *([] if alone else unsaid)]
    checker = Checker(index)
    checked = [_checked(case, _judge(case, checker, index)) for case in followed(todo, progress)]
    half = "the half of the articles that thresholds were chosen on" if tuning else "the half never tuned on"
    notes = (half, "made by rule: the figures say nothing of free paraphrases")
    return SupportReport(name, index.version, figures(checked), notes, tuple(checked))


def _judge(case: AlteredSentence, checker: Checker, index: Index) -> SupportOfSentence:
    if case.kind != "unsaid":
        return checker.judge(case.text)
    rest = frozenset(index.document_ids) - {case.document_id}
    return Checker(index, Filters(documents=rest)).judge(case.text)


def figures(checked: Sequence[CheckedCase]) -> tuple[Figure, ...]:
    """Supported is right for true sentences only; a sentence of another set is right when it is unsupported."""

    def share(name: str, kinds: Sequence[Kind], state: str) -> Figure:
        return mean(name, [one.state == state for one in checked if one.kind in kinds])

    said = [one for one in checked if one.state == "supported"]
    return (
        *(share(f"{kind}: supported", (kind,), "supported") for kind in TRUE),
        mean("true: supported by its own article", [one.cites_original for one in said if one.kind in TRUE]),
        *(share(f"{kind} swapped: supported", (kind,), "supported") for kind in FALSE),
        share("any swapped: supported", FALSE, "supported"),
        mean("swapped: says what differs", [bool(one.differs) for one in checked if one.kind in FALSE]),
        share("foreign: unsupported", ("foreign",), "unsupported"),
        share("foreign: supported", ("foreign",), "supported"),
        share("article removed: supported", ("unsaid",), "supported"),
    )


def text_of_support(report: SupportReport) -> str:
    """The figures as an aligned table with its notes."""
    title = f"{report.set_name} · index {report.index_version}"
    return paragraphs(title, figure_table(report.figures), report.notes)


def markdown_of_support(reports: Sequence[SupportReport], *, command: str) -> str:
    """A row for each figure, a column for each set: value, interval and n."""
    figures = zip(*(report.figures for report in reports), strict=True)
    rows = [(row[0].name, *map(counted, row)) for row in figures]
    table = Table(("sentences", *(report.set_name for report in reports)), rows)
    return paragraphs(table.as_markdown(), below(command, said=COUNTED))


def _checked(case: AlteredSentence, judged: SupportOfSentence) -> CheckedCase:
    return CheckedCase(
        kind=case.kind,
        text=case.text,
        original=case.original,
        document_id=case.document_id,
        state=judged.state,
        cites_original=any(span.quote.passage.document_id == case.document_id for span in judged.spans),
        differs=tuple((one.said, one.found) for span in judged.spans[:1] for one in span.agreement.differs),
    )
