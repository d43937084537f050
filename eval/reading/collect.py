"""The collections as training rows: each question with a passage that answers, a near miss, or one that BM25 likes.

A passage is a run of whole sentences around the answer. What stands in a test collection is left out. Deterministic.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from eval.reading.rows import Offsets, TrainingRow
from eval.sets.beir import JUDGEMENTS, first_of, read_beir, read_qrels
from eval.sets.gold import Record, records
from eval.sets.sets import half
from index.ranking.lexical import LexicalRanker
from index.text.sentences import sentences
from index.text.words import stems

WINDOW = 900  # characters of a passage: about 200 word pieces, as the product cuts them
SEED = 13


class Use(NamedTuple):
    """What of a collection is trained on, and how."""

    most: int | None = None  # questions
    wrong: int = 1  # passages of another document a question
    weight: float = 1.0
    twinned: bool = False  # its questions are whole and ask for facts
    mined: bool = False  # and its documents are paragraphs
    halved: bool = False  # only the half that may be tuned on; the other one validates
    shortened: bool = False  # its passages are read without the sentences that answer, too
    again: float = 0.2  # how often its rows are read where the small model goes on from weights that know them


TRAINED: Mapping[str, Use] = {
    "squad2-dev-rest": Use(twinned=True, mined=True, again=1.0),
    "squad11-dev-rest": Use(twinned=True, mined=True),
    "unansq-pairs": Use(wrong=0, twinned=True, mined=True, again=1.0),
    "squad2-dev-half": Use(twinned=True, mined=True, halved=True, again=1.0),
    "selqa": Use(twinned=True, mined=True),
    "nq-open-oracle": Use(twinned=True, mined=True),
    "timeqa-human-train": Use(twinned=True),
    "timeqa-human": Use(halved=True),
    "quac-sample": Use(most=1500, wrong=0, weight=0.5),
    "covid-qa": Use(weight=0.7),
    "quotesum-dev": Use(wrong=0),
    "fairytaleqa": Use(most=9000, wrong=0, weight=0.5),
    "condaqa": Use(most=2500, wrong=0, weight=0.4),
    "qamr": Use(most=14000, weight=0.7),
    "everyday-train": Use(wrong=0, mined=True, shortened=True, again=0.9),
}
OTHER = Use(twinned=True, mined=True, halved=True, again=1.0)  # a collection that is named nowhere here
VALID = ("clapnq-dev", "onestopqa", "omos-qa-en", "squad2-dev-half", "everyday")
# No paragraph of theirs is trained on.
TESTED = ("xquad-en", "qed-nq", "clapnq-dev", "onestopqa", "reading", "everyday")
VALID_MOST = 1500
_LONGEST_ANSWER = 120  # characters of what counts as the words of an answer


@dataclass(frozen=True)
class Collection:
    """A BEIR-style folder whose questions may say where they are answered (`spans`)."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def use(self) -> Use | None:
        """None for one that is not trained on."""
        return TRAINED.get(self.name) or (None if self.name in (*VALID, *TESTED) else OTHER)

    @property
    def validates(self) -> bool:
        return self.name in VALID or self.use is OTHER

    @cached_property
    def documents(self) -> dict[str, Record]:
        return {document["_id"]: document for document in self._lines("corpus")}

    @cached_property
    def questions(self) -> list[Record]:
        return list(self._lines("queries"))

    @cached_property
    def relevant(self) -> Mapping[str, Mapping[str, int]]:
        """Question id → the documents that answer."""
        return read_qrels(first_of(self.folder, JUDGEMENTS), {question["_id"] for question in self.questions}).relevant

    @cached_property
    def tested(self) -> frozenset[str]:
        """Ids of the questions that may not be trained on."""
        if not (self.use and self.use.halved):
            return frozenset()
        return frozenset(question.id for question in half(read_beir(self.folder), tuning=False).questions)

    @cached_property
    def shown(self) -> list[str]:
        """Ids of the documents that may be shown beside other questions: no question that is tested is about them."""
        about = {self.place(question) for question in self.questions if question["_id"] in self.tested}
        return [id_ for id_ in self.documents if id_ not in about]

    def place(self, question: Record) -> str | None:
        """The id of the document that a question was written on, where that is known."""
        return question.get("near_doc") or next(iter(self.relevant.get(question["_id"], ())), None)

    def answers(self, question: Record) -> dict[str, list[Offsets]]:
        """Document id → where it answers; where only answer strings are given, the first place of each."""
        found = defaultdict(list)
        for span in question.get("spans") or []:
            found[span["doc"]].append((span["start"], span["end"]))
        if not found and question.get("answerable", True):
            for id_ in self.relevant.get(question["_id"], ()):
                for answer in question.get("answers") or []:
                    at = self.documents[id_]["text"].find(answer) if id_ in self.documents else -1
                    if at >= 0 and len(answer) > 1:
                        found[id_].append((at, at + len(answer)))
        return found

    def _lines(self, name: str) -> Iterator[Record]:
        for _, record in records(first_of(self.folder, (f"{name}.jsonl", f"{name}.jsonl.gz"))):
            yield record


class Words:
    """BM25 as the product has it, over texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.ranker = LexicalRanker.build([self.terms(text) for text in texts])

    @staticmethod
    def terms(text: str) -> list[str]:
        return stems(text, "snowball")

    def best(self, question: str, most: int) -> list[int]:
        """Places of the texts that share a word with the question, best first."""
        return [one.row for one in self.ranker.rank(self.terms(question), most)]


def collect(collections: Sequence[Collection]) -> tuple[list[TrainingRow], list[TrainingRow]]:
    """Rows to train on, shuffled, and rows of the validation sets; the order of the collections changes nothing."""
    rng = random.Random(SEED)
    known = [*TRAINED, *VALID]
    by_place = sorted(
        collections, key=lambda one: (known.index(one.name) if one.name in known else len(known), one.name)
    )
    tested = {_begins(d["text"]) for one in by_place if one.name in TESTED for d in one.documents.values()}
    train = [row for one in by_place if one.use for row in _Maker(one, rng, tested, tuning=True).rows()]
    rng.shuffle(train)
    valid = []
    for one in by_place:
        if one.validates:
            rows = list(_Maker(one, rng, tested, tuning=False).rows())
            rng.shuffle(rows)
            valid += rows[:VALID_MOST]
    return train, valid


class _Maker:
    """Rows of one collection."""

    def __init__(self, collection: Collection, rng: random.Random, tested: set[str], *, tuning: bool) -> None:
        self._all, self._rng, self._tested, self._tuning = collection, rng, tested, tuning
        self._use = (collection.use if tuning else None) or Use(wrong=0)
        self._cut: dict[str, list[Offsets]] = {}

    def rows(self) -> Iterator[TrainingRow]:
        documents = self._all.documents
        questions = self._asked()
        ids = self._all.shown
        words = Words([documents[id_]["text"][:2000] for id_ in ids]) if self._use.wrong else None
        for question in questions:
            near = self._all.place(question)
            if near not in documents or (self._tuning and _begins(documents[near]["text"]) in self._tested):
                continue
            gold = self._all.answers(question)
            follows = question.get("type") == "followup" and question.get("history")
            if follows or (question.get("answerable", True) and not gold):
                continue
            for id_, spans in list(gold.items())[:2] or [(near, [])]:
                if self._sentences(id_):
                    yield self._row(question, id_, spans, "gold" if gold else "near")
            if words is None or not gold or (self._all.name == "qamr" and self._rng.random() < 0.6):
                continue
            found = [ids[place] for place in words.best(question["text"], 8)]
            answers = question.get("answers") or []
            wrong = [id_ for id_ in found if id_ not in gold and not says(documents[id_]["text"], answers)]
            for id_ in wrong[: self._use.wrong]:
                if self._sentences(id_):
                    focus = _shared_most(question["text"], documents[id_]["text"], self._cut[id_])
                    yield self._row(question, id_, [focus], "found")

    def _asked(self) -> list[Record]:
        whole = not (self._all.use and self._all.use.halved)  # else training has the one half, validation the other
        questions = [q for q in self._all.questions if whole or (q["_id"] in self._all.tested) != self._tuning]
        if self._use.most is None or len(questions) <= self._use.most:
            return questions
        together = defaultdict(list)
        for question in questions:
            together[question.get("near_doc"), tuple(question.get("sent") or ())].append(question)
        groups = list(together.values())
        self._rng.shuffle(groups)
        return [q for group in groups for q in self._rng.sample(group, min(8, len(group)))][: self._use.most]

    def _sentences(self, id_: str) -> list[Offsets]:
        if id_ not in self._cut:
            document = self._all.documents[id_]
            self._cut[id_] = list(map(tuple, document.get("sentences", ()))) or cut(document["text"])
        return self._cut[id_]

    def _row(self, question: Record, id_: str, around: Sequence[Offsets], kind: str) -> TrainingRow:
        document = self._all.documents[id_]
        run = window(self._cut[id_], around, self._rng)
        base = run[0][0]
        text = document["text"][base : run[-1][1]]
        local = tuple((start - base, end - base) for start, end in run)
        near = ((max(0, s - base), min(len(text), e - base)) for s, e in around if s - base < len(text) and e > base)
        spans = [] if kind == "found" else list(near)
        short = next(((s, e) for s, e in spans if e - s <= _LONGEST_ANSWER and (s, e) not in local), None)
        return TrainingRow(
            question=question["text"],
            title=document.get("title", ""),
            text=text,
            sentences=local,
            good=tuple(i for i, (a, b) in enumerate(local) if any(a < e and s < b for s, e in spans)),
            short=short,
            weight=self._use.weight,
            id=question["_id"],
            set=self._all.name,
            kind=kind,
            group=f"{self._all.name} {question.get('pair', question['_id'])}",
        )


def cut(text: str) -> list[Offsets]:
    """Its sentences."""
    return [(span.start, span.end) for span in sentences(text)]


def says(text: str, answers: Sequence[str]) -> bool:
    """Whether the words of one of the answers stand in the text."""
    low = _spaced(text)
    return any(_spaced(answer) in low for answer in answers if len(answer) > 1)


def _spaced(text: str) -> str:
    words = " ".join(re.findall(r"\w+", text.lower()))
    return f" {words} "


def window(sents: Sequence[Offsets], around: Sequence[Offsets], rng: random.Random) -> Sequence[Offsets]:
    """The run of whole sentences about one that overlaps `around`; where that stands in the run is random."""
    if sents[-1][1] - sents[0][0] <= WINDOW:
        return sents
    hit = [i for i, (a, b) in enumerate(sents) if any(a < e and s < b for s, e in around)] if around else []
    first = last = rng.choice(hit) if hit else rng.randrange(len(sents))
    while True:
        left = first > 0 and sents[last][1] - sents[first - 1][0] <= WINDOW
        right = last + 1 < len(sents) and sents[last + 1][1] - sents[first][0] <= WINDOW
        if not left and not right:
            return sents[first : last + 1]
        if left and (not right or rng.random() < 0.5):
            first -= 1
        else:
            last += 1


def _shared_most(question: str, text: str, sents: Sequence[Offsets]) -> Offsets:
    asked = set(re.findall(r"\w+", question.lower()))
    return max(sents, key=lambda s: len(asked & set(re.findall(r"\w+", text[s[0] : s[1]].lower()))))


def _begins(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())[:120]
