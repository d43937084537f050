"""What readers asked and said becomes candidate gold questions, and what was not answered becomes coverage gaps.

A gap is a group of questions that miss the same thing or are asked alike. Only what the feedback store holds goes in,
and of that the question, the quoted places and the verdict: no comment leaves it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.authoring.duplicates import form_of, kind_of
from eval.authoring.propose import ProposedQuestion
from eval.sets.gold import GoldSpan, Question, span_in
from index.embedding.vectors import Floats
from index.errors import NotFound
from index.records import Document, Span, to_clean
from index.storage.feedback import Feedback, QuotedPlace
from index.text.words import Word, cut, normalise, stop_words, words
from rag.language.detect import grammar_of, language_of

FROM_USE = "from-use"
ALIKE = 0.6  # least cosine between a question and the mean of a gap's questions
EXAMPLES = 3
_TERMS = 3  # in the name of a gap
_HELD = 0.5  # more than this share of a gap's questions hold a term of its name

DocumentOf = Callable[[str], Document]
Rarity = Callable[[str], int]  # stem → how many passages hold it


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that the articles did not answer, or not well; `count` is that of the feedback behind them."""

    name: str
    count: int
    questions: tuple[str, ...]
    missing: tuple[str, ...]  # names and numbers that the articles do not hold, the commonest first


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that feedback gave."""

    verdicts: Mapping[str, int]  # up, down, abstained → how many
    candidates: tuple[ProposedQuestion, ...]
    gaps: tuple[Gap, ...]


def learn(
    feedback: Sequence[Feedback], document_of: DocumentOf, vector: Callable[[str], Floats], rare: Rarity
) -> Learnt:
    """`vector` gives a unit row for a question. Feedback without a question is counted and otherwise passed over."""
    told = [one for one in feedback if one.question.strip()]
    verdicts: Counter[str] = Counter(one.verdict or "abstained" for one in feedback)
    candidates = tuple(_candidates(told, document_of))
    unmet = [one for one in told if one.verdict == "down" or (one.status == "abstained" and one.verdict != "up")]
    return Learnt(dict(verdicts), candidates, gaps(unmet, vector, rare))


def gaps(unmet: Sequence[Feedback], vector: Callable[[str], Floats], rare: Rarity) -> tuple[Gap, ...]:
    """Greedy, the oldest first: a question joins the gap that misses the same thing, else the nearest by cosine, if
    that is near enough; else it opens one. The largest first, then by name."""
    groups: list[list[Feedback]] = []
    sums: list[Floats] = []
    lacks: list[set[str]] = []
    for one in unmet:
        row = vector(_asked(one))
        lacking = {form_of(thing).text for thing in one.missing}
        place = _place(row, lacking, sums, lacks)
        if place is None:
            groups, sums, lacks = [*groups, []], [*sums, np.zeros_like(row)], [*lacks, set()]
            place = len(groups) - 1
        groups[place].append(one)
        sums[place] = sums[place] + row
        lacks[place] |= lacking
    return tuple(sorted((_gap(group, rare) for group in groups), key=lambda gap: (-gap.count, gap.name)))


def _place(row: Floats, lacking: set[str], sums: Sequence[Floats], lacks: Sequence[set[str]]) -> int | None:
    for place, others in enumerate(lacks):
        if lacking & others:
            return place
    cosines = [float(row @ total) / (float(np.linalg.norm(total)) or 1.0) for total in sums]
    best = int(np.argmax(cosines)) if cosines else None
    return best if best is not None and cosines[best] >= ALIKE else None


def _gap(group: Sequence[Feedback], rare: Rarity) -> Gap:
    asked = list(dict.fromkeys(_asked(one) for one in group))
    missing = Counter(thing for one in group for thing in dict.fromkeys(one.missing))
    ordered = tuple(thing for thing, _ in sorted(missing.items(), key=lambda item: (-item[1], item[0])))
    return Gap(_name(asked, rare), len(group), tuple(asked), ordered)


def _name(asked: Sequence[str], rare: Rarity) -> str:
    """The terms that most of the questions hold, those that the fewest passages hold first."""
    held: Counter[str] = Counter()
    printed: dict[str, str] = {}
    for text in asked:
        found = {cut(word.text, "snowball"): text[word.start : word.end] for word in _telling(text)}
        held.update(found.keys())
        printed = found | printed
    common = [stem for stem, times in held.items() if times > _HELD * len(asked)] or list(held)
    ordered = sorted(common, key=lambda stem: (rare(stem), -held[stem], stem))
    return ", ".join(printed[stem] for stem in ordered[:_TERMS]) or normalise(asked[0])


def _telling(text: str) -> Iterator[Word]:
    empty = stop_words() | grammar_of(language_of(text))
    return (word for word in words(text) if word.text not in empty)


def _asked(one: Feedback) -> str:
    return one.standalone or one.question


def _candidates(told: Sequence[Feedback], document_of: DocumentOf) -> Iterator[ProposedQuestion]:
    """One for every question, by the newest word on it; what was judged counts more than what nobody judged."""
    newest: dict[str, Feedback] = {}
    for one in sorted(told, key=lambda one: (bool(one.verdict), one.when)):
        newest[form_of(_asked(one)).text] = one
    for one in sorted(newest.values(), key=lambda one: (one.when, one.answer_id)):
        yield _candidate(one, document_of)


def _candidate(one: Feedback, document_of: DocumentOf) -> ProposedQuestion:
    asked = _asked(one)
    spans = tuple(span for quoted in one.quotes if (span := _span(quoted, document_of))) if one.verdict == "up" else ()
    id_ = f"use-{hashlib.sha256(asked.encode()).hexdigest()[:10]}"
    question = Question(id_, asked, bool(spans), (), spans, (kind_of(asked), FROM_USE))
    return ProposedQuestion(question, known=bool(spans), note=_note(one, bool(spans)))


def _note(one: Feedback, quoted: bool) -> str:
    if one.verdict == "up":
        return "a reader liked the quotes" if quoted else "a reader liked quotes that do not stand there any more"
    why = ", ".join(one.reasons) if one.verdict else one.reason
    lacks = f"; missing: {', '.join(one.missing)}" if one.missing else ""
    said = "a reader disliked the answer" if one.verdict == "down" else "no answer was found"
    return f"{said}{f' ({why})' if why else ''}{lacks}"


def _span(quoted: QuotedPlace, document_of: DocumentOf) -> GoldSpan | None:
    """Where the quote stands now: at its place, else at the only place with these words; None where there is none."""
    try:
        document = document_of(quoted.document_id)
    except NotFound:
        return None
    clean = to_clean(document, Span(quoted.start, quoted.end))
    if clean is None or document.text[clean.start : clean.end] != quoted.quote:
        if not quoted.quote or document.text.count(quoted.quote) != 1:
            return None
        start = document.text.index(quoted.quote)
        clean = Span(start, start + len(quoted.quote))
    return span_in(document, clean)
