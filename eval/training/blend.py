"""Fits how the reading model counts beside the linear reader: what is read, what a gap adds, confidence.

On the tuning halves of sets that the model was not trained on. Each question is seen as it is, as a twin that nothing
answers, and as if the documents that answer it were not there. What the model says of passages is kept once, and each
blend read from it by the product's own reader. Deterministic.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from operator import mul
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.scoring.judge import auroc, judge_for
from eval.sets.sets import EvalSet, open_set
from eval.training.cases import TWIN, TrainingCase, case_of, cut_to, twins, without
from eval.training.fit import REMOVED_COUNTS, RIGHT, TWIN_COUNTS, fit_confidence, kind_shares, rounded, shares
from index.embedding.embedder import Embedder
from index.errors import BadInput
from index.records import Hit, Kind
from index.settings import Settings
from index.terminal import Show
from rag.pipeline import READ_HITS
from rag.question.analysis import Query, analyse
from rag.reading.features import NAMED_SHORT, Floats
from rag.reading.model import ABOUT, Blend, Excerpt, Finding, ReadModel
from rag.reading.reader import LinearReader, ModelReader, Rated, reader_files
from rag.reading.weights import logistic
from rag.structure import BODY

TRIED: Mapping[str, tuple[float, ...]] = {
    "passages": (1, 2, 4), "enough": (0.0, 1.0, 2.0, 4.0, 12.0), "behind": (0.25, 0.5, 1.0, 1.5, 2.5),
    "gap": (0.3, 0.5, 0.7, 1.0, 1.5), "unread": (-2.0, -4.0, -6.0, -8.0),
}  # fmt: skip
ROUNDS = 2  # over all of TRIED, one after the other
A_PASSAGE = 0.004  # right first quotes that a further passage must bring: it costs as much as half an answer
_DEEP = 3 * READ_HITS
_BINS = 10  # of a calibration error
_WRONG = -0.8  # what a wrong quote costs, where a right one gains 1 (docs/decisions.md)
# Least confidence to answer. A fitted one lies between .37 and .46, and what is gained hardly differs from .3 to .5, so
# it is the least of these: it refuses the fewest right answers.
ANSWERED_FROM = 0.37

NAMES = ("linear", "short", "gap")  # of what the confidence is made


@dataclass(frozen=True)
class SeenAsked:
    """A question, what the linear reader says of its candidates, and what the model says of the first passages."""

    set_name: str
    asked: Query
    hits: tuple[Hit, ...]
    scored: tuple[Rated, ...]  # best first
    odds: Mapping[str, float]
    findings: Mapping[Excerpt, Finding]
    right: frozenset[tuple[str, int]]  # places of sentences that answer
    answerable: bool
    judged: bool
    counts: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a blend makes of a question."""

    right: bool  # the first quote
    passages: int  # read
    odds: tuple[float, ...]  # NAMES: the linear reader's log odds without those of NAMED_SHORT, these, the first gap


class _Recorded(LinearReader):
    """A linear reader that says what it said before."""

    def __init__(self, seen: SeenAsked) -> None:  # of no index
        self._seen = seen

    def scored(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> list[Rated]:
        return list(self._seen.scored)

    def odds(self, scored: Sequence[Rated]) -> dict[str, float]:
        return dict(self._seen.odds)


class _Heard(ReadModel):
    """A reading model that reads as many passages as any blend of TRIED asks for, and keeps what it says of them."""

    def __init__(self, model: ReadModel) -> None:
        self.blend = replace(model.blend, passages=int(max(TRIED["passages"])), enough=math.inf, behind=math.inf)
        self.findings: dict[Excerpt, Finding] = {}
        self._model = model

    def read(self, question: str, excerpt: Excerpt) -> Finding:
        found = self.findings[excerpt] = self._model.read(question, excerpt)
        return found


class _Remembered(ReadModel):
    """A reading model that says what it said before, under another blend."""

    def __init__(self, seen: SeenAsked, blend: Blend) -> None:  # of no graph
        self._seen, self.blend = seen, blend
        self.passages = 0

    def read(self, question: str, excerpt: Excerpt) -> Finding:
        self.passages += 1
        return self._seen.findings[excerpt]


def gather(
    questions: EvalSet, most: int, settings: Settings, embedder: Embedder, work: Path, show: Show
) -> list[SeenAsked]:
    """`most` questions of a set, spread over it, and as many twins, each as it is and without its documents."""
    index, _ = open_set(questions, settings, embedder, work, show)
    model, linear = model_to_fit(settings), LinearReader(index, reader_files(ModelReader.name).weights, "linear")
    judge = judge_for(questions, index)
    found: list[SeenAsked] = []
    whole = questions.questions
    some = [whole[n * len(whole) // most] for n in range(most)] if len(whole) > most else list(whole)
    asked = [*some, *twins(some, dict(judge.keys), index)[:most]]
    for done, question in enumerate(asked, start=1):
        case = case_of(questions.name, question, judge, index, _DEEP)
        query, twin = analyse(question.asked, index.stem, index.asked), question.id.endswith(TWIN)
        for variant in (case, without(case, case.relevant) if question.answerable else None):
            if variant and variant.hits and (seen := _seen(cut_to(variant, READ_HITS), query, linear, model)):
                counts = TWIN_COUNTS if twin else 1.0 if variant is case else REMOVED_COUNTS
                found.append(replace(seen, counts=counts, judged=case.judged or variant is not case))
        show(f"{questions.name}: reading", done, len(asked))
    return found


def model_to_fit(settings: Settings) -> ReadModel:
    """The packaged reading model, or that of answer_model's folder. Raises BadInput for one of transformers."""
    model = reader_files(ModelReader.name, settings.answer_model).model
    if not isinstance(model, ReadModel):
        raise BadInput(
            "a blend is fitted for a model that `quotewell eval export-reader` wrote; leave answer_model out"
        )
    return model


def _seen(case: TrainingCase, asked: Query, linear: LinearReader, model: ReadModel) -> SeenAsked | None:
    """None where no sentence is offered, or a course of events is asked for, which is left to the linear reader."""
    scored = tuple(linear.scored(asked, case.hits))
    if not scored or asked.shape == "timeline":
        return None
    right = frozenset(
        (hit.passage.document_id, span.start)
        for hit, flags in zip(case.hits, case.right, strict=True)
        for span, flag in zip(hit.passage.sentences, flags.tolist(), strict=True)
        if flag
    )
    odds, heard = linear.odds(scored), _Heard(model)
    seen = SeenAsked(
        case.set_name, asked, case.hits, scored, odds, heard.findings, right, case.question.answerable, True, 1.0
    )
    ModelReader(_Recorded(seen), heard).read(asked, case.hits)
    return seen


def outcome(seen: SeenAsked, blend: Blend) -> Outcome:
    """By the product's own reader."""
    model = _Remembered(seen, blend)
    reading = ModelReader(_Recorded(seen), model).read(seen.asked, seen.hits)
    first = reading.quotes[0]
    place = (first.passage.document_id, first.start)
    short = math.fsum(part for name, part in seen.odds.items() if name in NAMED_SHORT)
    odds = (math.fsum(seen.odds.values()) - short, short, first.gap or 0.0)
    return Outcome(place in seen.right, model.passages, odds)


def fit_on(found: Sequence[SeenAsked], shipped: Blend, say: Callable[[str], None]) -> Blend:
    """The blend for a model that has `shipped`: what is read and how it counts, then the odds.

    Tells what the present one and the fitted one make of each set, and one whose odds were fitted on the others alone.
    """
    fitted = with_confidence(found, _order(found, shipped, say))
    unseen: dict[str, Blend] = {}
    for name in sorted({one.set_name for one in found}):
        own = [one for one in found if one.set_name == name]
        articles = {hit.passage.document_id for one in own for hit in one.hits}
        others = [one for one in found if not any(hit.passage.document_id in articles for hit in one.hits)]
        if others:
            unseen[name] = with_confidence(others, fitted)
        for kind, blend in (("shipped", shipped), ("fitted", fitted), ("fitted on others", unseen.get(name))):
            if blend:
                say(f"{name}, {kind}: {told_of(own, blend)}")
    judged = [one for one in found if one.judged and one.set_name in unseen]
    if judged:
        outcomes = [outcome(one, fitted) for one in judged]
        chances = [float(_chances([of], unseen[one.set_name])[0]) for one, of in zip(judged, outcomes, strict=True)]
        error = _calibration_error(np.array(chances), np.array([of.right for of in outcomes]), _share(judged))
        say(f"all, fitted on others: calibration error {error:.3f}")
    return fitted


def told_of(own: Sequence[SeenAsked], blend: Blend) -> str:
    """Of one set: right first quotes where some sentence is right; AUROC of answerable questions and all others; what
    answering from the threshold on gains a question; and how far the confidence is off."""
    outcomes = [outcome(one, blend) for one in own]
    chances = _chances(outcomes, blend)
    right = [of.right for one, of in zip(own, outcomes, strict=True) if one.right]
    asked = [(one.answerable, sure) for one, sure in zip(own, chances, strict=True) if one.counts != REMOVED_COUNTS]
    split = auroc(*(np.array([sure for answerable, sure in asked if answerable is kind]) for kind in (True, False)))
    judged = [n for n, one in enumerate(own) if one.judged]
    share = _share([own[n] for n in judged])
    correct = np.array([outcomes[n].right for n in judged])
    gains = np.where(chances[judged] >= blend.threshold, np.where(correct, RIGHT, _WRONG), 0.0)
    return (
        f"first quote right {sum(right) / max(1, len(right)):.3f} of {len(right)}, "
        f"AUROC {'none' if split is None else f'{split:.3f}'}, gain {share @ gains:.3f}, "
        f"calibration error {_calibration_error(chances[judged], correct, share):.3f}"
    )


def write_blend(blend: Blend, folder: Path) -> None:
    """Into reader.json of the package's folder."""
    about = json.loads((folder / ABOUT).read_text("utf-8"))
    about["blend"] = asdict(blend)
    (folder / ABOUT).write_text(f"{json.dumps(about, indent=1)}\n", "utf-8")


def _order(found: Sequence[SeenAsked], start: Blend, say: Callable[[str], None]) -> Blend:
    """Coordinate ascent over TRIED on right first quotes, every set counting the same; the odds as they were."""
    told = [one for one in found if one.right]
    share = shares([one.set_name for one in told])

    def worth(blend: Blend) -> float:
        outcomes = [outcome(one, blend) for one in told]
        gained = np.array([one.right - A_PASSAGE * one.passages for one in outcomes])
        return round(float(share @ gained), 6)

    best, most = start, worth(start)
    for _ in range(ROUNDS):
        for name, values in TRIED.items():
            for value in values:
                tried = replace(best, **{name: type(getattr(start, name))(value)})
                if tried != best and (now := worth(tried)) > most:
                    best, most = tried, now
            say(f"{name} {getattr(best, name)}: {most:.4f}")
    return with_confidence(found, best)


def with_confidence(found: Sequence[SeenAsked], blend: Blend) -> Blend:
    """The same reading with fitted odds, of a right first quote; the threshold is not fitted, see ANSWERED_FROM."""
    judged = [one for one in found if one.judged]
    outcomes = [outcome(one, blend) for one in judged]
    right = np.array([one.right for one in outcomes], float)
    share = _share(judged)
    fitted = fit_confidence(np.array([one.odds for one in outcomes]), right, share, NAMES)
    linear, short, gap, bias = rounded(fitted).values()
    return replace(blend, linear_odds=linear, short_odds=short, gap_odds=gap, bias=bias, threshold=ANSWERED_FROM)


def _chances(outcomes: Sequence[Outcome], blend: Blend) -> Floats:
    """(questions,) confidences."""
    slopes = (blend.linear_odds, blend.short_odds, blend.gap_odds)
    sums = [math.fsum((*map(mul, slopes, one.odds), blend.bias)) for one in outcomes]
    return np.array([logistic(one) for one in sums])


def _share(found: Sequence[SeenAsked]) -> Floats:
    return kind_shares([(one.set_name, one.answerable) for one in found], [one.counts for one in found])


def _calibration_error(chances: Floats, right: NDArray[np.bool_], share: Floats) -> float:
    """Mean distance of what was said and what was right, over _BINS of equal share."""
    order = np.argsort(chances, kind="stable")
    edges = np.searchsorted(np.cumsum(share[order]), np.arange(1, _BINS) / _BINS * share.sum())
    return math.fsum(abs(float(share[part] @ (chances[part] - right[part]))) for part in np.split(order, edges))
