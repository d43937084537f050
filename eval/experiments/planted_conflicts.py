"""Planted contradictions: a second article that repeats an answer's sentence with its number, date or verb changed.

Beside them stand controls that contradict nothing: a plain copy, and the same told of somebody else with another
number. Deterministic by seed; the words around the change are altered by rule, as another writer would.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.scoring.judge import AnswerKey, holds_answer
from eval.sets.gold import Question
from index.errors import NotFound
from index.records import Document, Passage, Span, to_clean
from index.search import Index
from rag.language.facts import Fact, facts

SEED = 20_251_122
CONTROLS = 0.4  # share of plants that contradict nothing

Change = Literal["number", "date", "negation", "copy", "other subject"]
CONFLICTS: tuple[Change, ...] = ("number", "date", "negation")

_PREFIXES = ("According to local reports, ", "The agency reported that ", "As observers put it, ", "")
_TITLES = ("{}: another account", "News in brief", "A second look at {}")
_LEADING = re.compile(
    r"^((?:In|On|By|Since|During|After) (?:the )?(?:[A-Z][a-z]+ )?(?:\d{1,2},? )?\d{4}), (.+?)([.!?]?)$"
)
_TRAILING = re.compile(r"^([^,;]+) ((?:in|on|by|since|during) (?:[A-Z][a-z]+ )?(?:\d{1,2},? )?\d{4})([.!?])$")
_VERB = re.compile(r"\b(?:is|are|was|were|has been|have been|has|have|can|could|will|would|did)\b(?! not\b|n't)")
_NEGATED = re.compile(r"\b(?:not|never|no|without|neither|none|cannot|denied|refused|failed)\b|n['’]t\b", re.I)
_REFERRING = re.compile(
    r"^\W*(?:\w+, )?(?:he|she|it|they|this|these|those|that|his|her|its|their|such)\b", re.IGNORECASE
)
_NAMES = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*")
_STARTS_NAME = re.compile(r"^[A-Z][a-z]+ [A-Z]|^(?:[A-Z]{2,}|I)\b|^[A-Z][a-z]+['’]s")
_SPOKEN = tuple("two three four five six seven eight nine ten eleven twelve twenty forty".split())
_TIMES = (0.4, 0.6, 0.75, 1.3, 1.6, 2.2)
_SHORTEST, _LONGEST = 30, 400  # characters of a sentence that is worth planting


@dataclass(frozen=True, slots=True)
class Plant:
    """A made article for one question."""

    question: Question
    document_id: str  # its own
    original_id: str  # of the article whose sentence it repeats
    title: str
    text: str
    original: str  # the sentence that it repeats
    change: Change

    @property
    def conflicts(self) -> bool:
        return self.change in CONFLICTS


@dataclass(frozen=True, slots=True)
class _Source:
    """A sentence that answers a question, and the one before it where it leans on that."""

    question: Question
    document: Document
    sentence: str
    before: str


def plants(questions: Sequence[Question], keys: dict[str, AnswerKey], library: Index, most: int) -> list[Plant]:
    """At most `most`, for answerable questions whose answer's sentence holds a number, a date or a verb to negate."""
    rng = random.Random(SEED)
    pool = [question for question in questions if question.id in keys]
    rng.shuffle(pool)
    sources: list[_Source] = []
    seen: set[tuple[str, str]] = set()
    for question in pool:
        source = _source(question, keys[question.id], library)
        if len(sources) < most and source and (source.document.id, source.sentence) not in seen and _changes(source):
            seen.add((source.document.id, source.sentence))  # two plants of one sentence would contradict each other
            sources.append(source)
    names = sorted({match.group() for source in sources for match in _NAMES.finditer(source.sentence)})
    return [_plant(n, source, names, rng) for n, source in enumerate(sources)]


def _source(question: Question, key: AnswerKey, library: Index) -> _Source | None:
    for document, passage in _relevant(key, library):
        inside = [passage.said(*span).strip() for span in passage.sentences]
        for n, (span, sentence) in enumerate(zip(passage.sentences, inside, strict=True)):
            if _SHORTEST <= len(sentence) <= _LONGEST and _answers(key, question, document, span, sentence):
                before = inside[n - 1] if n and _REFERRING.search(sentence) else ""
                return _Source(question, document, sentence, before)
    return None


def _relevant(key: AnswerKey, library: Index) -> Iterator[tuple[Document, Passage]]:
    for document_id in dict.fromkeys([name for name, _ in key.spans] or key.relevant):
        try:
            document = library.document(document_id)
        except NotFound:
            continue  # the set judges a document that could not be read
        yield from ((document, passage) for passage in library.passages(document_id))


def _answers(key: AnswerKey, question: Question, document: Document, span: Span, sentence: str) -> bool:
    if not key.spans:
        return holds_answer(sentence, question.answers) and max(map(len, question.answers), default=0) > 3
    cleaned = [to_clean(document, place) for name, place in key.spans if name == document.id]
    return any(place and span.start <= place.start and place.end <= span.end for place in cleaned)


def _changes(source: _Source) -> list[tuple[Change, str]]:
    """The sentence with one thing changed; that which the question asks for, if it is a number or a date."""
    text, answers = source.sentence, source.question.answers
    found = [fact for fact in facts(text) if _changed(fact)]
    asked = [one for one in found if any(one.printed in answer or answer in one.printed for answer in answers)]
    made: list[tuple[Change, str]] = [
        ("date" if fact.moment else "number", text[: fact.start] + _changed(fact) + text[fact.end :])
        for fact in asked or found
    ]
    verb = _VERB.search(text)
    if verb and not asked and not _NEGATED.search(text):
        made.append(("negation", f"{text[: verb.end()]} not{text[verb.end() :]}"))
    return made


def _changed(fact: Fact) -> str:
    """The fact with another figure, written in the same way; empty where no rule knows how."""
    rng = random.Random(f"{SEED}{fact.printed}")
    if len(fact.figures) > 1 or (fact.moment and fact.moment.span):
        return ""  # a longer range may hold the shorter one, and so would not contradict it
    if fact.moment:
        return _other_date(fact.printed, rng)
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", fact.printed)
    if digits and not re.fullmatch(r"1\d{3}|20\d\d", digits.group()):
        return (
            f"{fact.printed[: digits.start()]}{other_figure(digits.group(), _TIMES, rng)}{fact.printed[digits.end() :]}"
        )
    return other_spoken(fact.printed, _SPOKEN, rng)


def _other_date(printed: str, rng: random.Random) -> str:
    """Another year; where none is printed another day, and of a century the one after the next."""
    if year := re.search(r"(?<!\d)(1\d{3}|20\d\d)(?!\d)", printed):
        other = int(year.group()) + rng.choice(
            [-20, 10, 30] if printed.endswith("s") else [-12, -7, -4, -2, 2, 3, 5, 9]
        )
        return f"{printed[: year.start()]}{other}{printed[year.end() :]}"
    if not (number := re.search(r"\d{1,2}", printed)):
        return ""
    other = int(number.group()) - 2 if int(number.group()) > 2 else int(number.group()) + 3
    return f"{printed[: number.start()]}{other}{printed[number.end() :]}"


def other_spoken(printed: str, numbers: Sequence[str], rng: random.Random) -> str:
    """With the first of these numbers, in words, put for another one; empty where none is printed."""
    spoken = next((word for word in numbers if re.search(rf"(?<![\w-]){word}(?![\w-])", printed)), "")
    others = [word for word in numbers if word != spoken]
    return re.sub(rf"\b{spoken}\b", rng.choice(others), printed) if spoken else ""


def other_figure(digits: str, times: Sequence[float], rng: random.Random) -> str:
    """One of so many times it, written in the same way."""
    decimals = len(digits.rpartition(".")[2]) if "." in digits else 0
    figure = float(digits.replace(",", ""))
    other = figure * rng.choice(times)
    if abs(other - figure) < 2 and not decimals:
        other = figure + rng.choice([2, 3, 5])
    return f"{other:{',' if ',' in digits else ''}.{decimals}f}"


def _plant(n: int, source: _Source, names: Sequence[str], rng: random.Random) -> Plant:
    change, sentence = rng.choice(_changes(source))
    other = _of_another(source, sentence, names, rng)
    control = rng.random() < CONTROLS
    if control and other and rng.random() < 0.5:
        change, sentence = "other subject", other
    elif control:
        change, sentence = "copy", source.sentence
    text = f"{source.before} {_reworded(sentence, rng)}".strip()
    title = rng.choice(_TITLES).format(source.document.title or "the matter")
    return Plant(source.question, f"plant-{n:04}", source.document.id, title, text, source.sentence, change)


def _of_another(source: _Source, sentence: str, names: Sequence[str], rng: random.Random) -> str:
    """The changed sentence told of somebody else: each name that the question names, too, is put for another one."""
    asked = source.question.asked.lower()
    named = {match.group() for match in _NAMES.finditer(sentence) if match.group().lower() in asked}
    own = sorted(sorted(named), key=len, reverse=True)
    others = [name for name in names if name.split()[0] not in source.document.text]
    if not own or len(others) < len(own):
        return ""
    put = dict(zip(own, rng.sample(others, len(own)), strict=True))
    return re.sub("|".join(rf"\b{re.escape(name)}\b" for name in own), lambda match: put[match.group()], sentence)


def _reworded(sentence: str, rng: random.Random) -> str:
    if (leading := _LEADING.match(sentence)) and rng.random() < 0.5:
        when, rest, end = leading.groups()
        sentence = f"{rest[0].upper()}{rest[1:]} {when[0].lower()}{when[1:]}{end}"
    elif (trailing := _TRAILING.match(sentence)) and rng.random() < 0.5:
        rest, when, end = trailing.groups()
        sentence = (
            f"{when[0].upper()}{when[1:]}, {rest if _STARTS_NAME.match(rest) else rest[0].lower() + rest[1:]}{end}"
        )
    prefix = rng.choice(_PREFIXES)
    kept = not prefix or _STARTS_NAME.match(sentence) is not None
    return prefix + (sentence if kept else sentence[0].lower() + sentence[1:])
