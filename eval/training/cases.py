"""Questions for training the reader, each with what was found for it and which of the sentences are right."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eval.scoring.judge import AnswerKey, Judge, holds_answer
from eval.sets.gold import Question
from eval.training.fit import Sample, is_right
from index.records import Document, Hit, Span
from index.search import Index
from index.text.words import Stem, normalise
from rag.question.analysis import Term, analyse
from rag.reading.candidates import Evidence


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """A question as the reader meets it."""

    set_name: str
    question: Question
    hits: tuple[Hit, ...]
    right: tuple[NDArray[np.bool_], ...]  # of each hit, (sentences,)
    relevant: NDArray[np.bool_]  # (hits,): of a document that answers the question
    judged: bool = True  # False: answerable, but its answers stand in no document that answers it ("yes")

    @property
    def has_right(self) -> bool:
        return any(flags.any() for flags in self.right)


def case_of(set_name: str, question: Question, judge: Judge, index: Index, depth: int) -> TrainingCase:
    """The best `depth` hits of a question, judged."""
    hits = tuple(index.search(question.asked, limit=depth))
    right = tuple(
        np.array([is_right(question, judge, index, hit, *span) for span in hit.passage.sentences], bool) for hit in hits
    )
    answering = judge.keys[question.id].documents if question.id in judge.keys else set()
    relevant = np.array([hit.passage.document_id in answering for hit in hits], bool)
    return TrainingCase(set_name, question, hits, right, relevant, _judged(question, judge, index))


def _judged(question: Question, judge: Judge, index: Index) -> bool:
    key = judge.keys.get(question.id)
    if key is None or key.spans:
        return True
    return any(holds_answer(index.document(name).text, key.answers) for name in key.relevant)


def without(case: TrainingCase, gone: NDArray[np.bool_]) -> TrainingCase | None:
    """The question, unanswerable, as if some hits were not in the corpus, ranks closed up; None if nothing is left."""
    kept = [n for n in range(len(case.hits)) if not gone[n]]
    if not kept:
        return None
    hits = [case.hits[n] for n in kept]
    places: dict[str, dict[int, int]] = {}
    for name in sorted({name for hit in hits for name in hit.ranks}):
        order = sorted((hit.ranks[name], hit.row) for hit in hits if name in hit.ranks)
        places[name] = {row: place for place, (_, row) in enumerate(order, start=1)}
    reranked = tuple(
        replace(hit, ranks={name: place[hit.row] for name, place in places.items() if hit.row in place}) for hit in hits
    )
    question = replace(case.question, answerable=False)
    return TrainingCase(case.set_name, question, reranked, tuple(case.right[n] for n in kept), case.relevant[kept])


def cut_to(case: TrainingCase, depth: int) -> TrainingCase:
    """With the best `depth` hits alone."""
    return replace(case, hits=case.hits[:depth], right=case.right[:depth], relevant=case.relevant[:depth])


def sample_of(case: TrainingCase, evidence: Evidence, stem: Stem) -> Sample | None:
    """Of a question with its hits; None where nothing was found."""
    candidates = evidence.candidates(analyse(case.question.asked, stem), case.hits)
    if not candidates:
        return None
    right: dict[tuple[str, Span], tuple[bool, bool]] = {}
    for hit, flags, relevant in zip(case.hits, case.right, case.relevant.tolist(), strict=True):
        for span, flag in zip(hit.passage.sentences, flags.tolist(), strict=True):
            right[hit.passage.document_id, span] = (flag, relevant)
    marks = np.array([right[c.hit.passage.document_id, c.sentence] for c in candidates], bool)
    features = np.stack([c.features for c in candidates])
    return Sample(case.set_name, features, marks[:, 0], marks[:, 1], case.question.answerable)


def for_projection(case: TrainingCase) -> bool:
    """Is the question of the first half? By the article that it was written on, where the set says so."""
    near = case.question.near
    article = near.partition("-")[0] if case.set_name == "squad2-dev-half" else near
    key = article or case.question.id.removesuffix(TWIN)
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 0


def shuffled(cases: Sequence[TrainingCase], seed: int) -> list[TrainingCase]:
    """The same cases in an order that depends on nothing but the seed."""
    order = np.random.default_rng(seed).permutation(len(cases))
    return [cases[n] for n in order]


# Unanswerable twins: a real question with its year, number or name swapped for one that its article does not hold.
#
# Near misses are what a refusal must be trained on, and no public set has enough of them. Deterministic by seed.

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
