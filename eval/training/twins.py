"""Unanswerable twins: a real question with its year, number or name swapped for one that its article does not hold.

Near misses are what a refusal must be trained on, and no public set has enough of them. Deterministic by seed.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from eval.scoring.judge import AnswerKey
from eval.sets.gold import Question
from index.records import Document
from index.text.words import Stem, normalise
from rag.question.analysis import Term, analyse

MOST = 300  # twins of one set
SEED = 20_251_122
TWIN = "~twin"  # ends the id of one


class TwinsIndex(Protocol):
    """What making twins needs of an index."""

    @property
    def stem(self) -> Stem: ...
    def document(self, document_id: str) -> Document: ...


def twins(questions: Sequence[Question], keys: dict[str, AnswerKey], library: TwinsIndex) -> list[Question]:
    """At most MOST; each differs from an answerable question in one run of names or one number."""
    rng = random.Random(SEED)
    answerable = [question for question in questions if question.id in keys]
    swaps = [(question, *place) for question in answerable for place in _swappable(question, library)]
    values = {number: sorted({q.asked[a:b] for q, a, b, n in swaps if n is number}) for number in (True, False)}
    rng.shuffle(swaps)
    made: list[Question] = []
    for question, start, end, number in swaps:
        other = rng.choice(values[number])
        if len(made) < MOST and _absent(other, keys[question.id], library) and other != question.asked[start:end]:
            text = question.asked[:start] + other + question.asked[end:]
            twin = replace(question, id=f"{question.id}{TWIN}", text=text, standalone="")
            made.append(replace(twin, answerable=False, answers=(), spans=()))
    return made


def _swappable(question: Question, library: TwinsIndex) -> list[tuple[int, int, bool]]:
    """Runs of neighbouring name terms, and single numbers: start, end, whether it is a number."""
    runs: list[list[Term]] = []
    for term in analyse(question.asked, library.stem).terms:
        beside = runs and term.name and runs[-1][-1].name and question.asked[runs[-1][-1].end : term.start] == " "
        if term.number or (term.name and not beside):
            runs.append([term])
        elif beside:
            runs[-1].append(term)
    return [(run[0].start, run[-1].end, run[0].number) for run in runs]


def _absent(value: str, key: AnswerKey, library: TwinsIndex) -> bool:
    """No word of the value stands in a document that answers the question."""
    texts = " ".join(normalise(library.document(name).text) for name in key.documents)
    return not any(word in texts for word in normalise(value).split())
