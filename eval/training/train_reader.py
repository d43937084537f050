"""Trains the reader: the projection of token vectors, then the linear models on what that projection sees.

No question meets a projection that was trained on it: the questions are halved, one projection is learned from each
half, and the linear models are fitted on every question as seen through the projection of the other half. What ships
is a third projection, learned from all of them. Deterministic: one thread, fixed seeds, the same bytes twice.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.scoring.judge import judge_for
from eval.sets.beir import BeirSet
from eval.sets.gold import Question
from eval.sets.sets import EMBEDDER_384, EvalSet, half, open_set
from eval.training.cases import TWIN, TrainingCase, case_of, cut_to, for_projection, sample_of, twins, without
from eval.training.fit import Seen, fit_trained
from eval.training.projection import BATCH, RATE, SEED, WIDTH, example_of, learn_projection, projected
from index.embedding.embedder import load_embedder
from index.embedding.minilm import PROJECTION, Projection, projection_bytes, projection_from
from index.embedding.vectors import Encoded
from index.errors import BadInput
from index.search import Index
from index.settings import Settings
from index.terminal import Show
from rag.pipeline import READ_HITS
from rag.reading.candidates import Evidence

NOT_FOR_THE_READER = ("timeqa-human",)  # its questions differ in years alone; they would teach that years are all
_DEEP = 3 * READ_HITS  # hits of which enough remain when those that answer are taken away


@dataclass(frozen=True, slots=True)
class Gathered:
    """The questions of one set and the index that they were put to."""

    index: Index
    cases: tuple[TrainingCase, ...]
    encoded: Mapping[str, Encoded]  # question → its vectors, not projected
    sha256: str  # over the set's files
    projectable: bool  # public sets teach the projection, our own gold files do not


@dataclass(frozen=True, slots=True)
class Trained:
    """What ships: the bytes of index/embedding/projection.npy and the fields of rag/reading/trained.json."""

    projection: bytes
    reader: dict[str, Any]

    def write(self, root: Path) -> None:
        """Into the packages below `root`."""
        (root / "index" / "embedding" / PROJECTION).write_bytes(self.projection)
        (root / "rag" / "reading" / "trained.json").write_text(f"{json.dumps(self.reader, indent=1)}\n", "utf-8")


def train_reader(sets: Sequence[tuple[EvalSet, Path]], settings: Settings, work: Path, show: Show) -> Trained:
    """From the tuning halves of sets, each with the path it was read from, indexed below `work` without projection.

    Raises BadInput where no set has questions that the projection can learn from.
    """
    settings = settings.model_copy(update={"embedder": EMBEDDER_384})
    embedder = load_embedder(EMBEDDER_384, settings.model_path)
    gathered = []
    for questions, path in sets:
        tuned = half(questions, tuning=True)
        index, _ = open_set(tuned, settings, embedder, work, show)
        gathered.append(gather(tuned, index, sha256_of(path), show))
    return train(gathered, show)


def gather(tuned: EvalSet, index: Index, sha256: str, show: Show) -> Gathered:
    """Every question of a half and its unanswerable twins, with what is found for them."""
    judge = judge_for(tuned, index)
    asked: list[Question] = [*tuned.questions, *twins(tuned.questions, dict(judge.keys), index)]
    cases = []
    encoded: dict[str, Encoded] = {}
    for done, question in enumerate(asked, start=1):
        cases.append(case_of(tuned.name, question, judge, index, _DEEP))
        encoded[question.asked] = index.encode(question.asked)
        show(f"{tuned.name}: searching", done, len(asked))
    return Gathered(index, tuple(case for case in cases if case.hits), encoded, sha256, isinstance(tuned, BeirSet))


def train(gathered: Sequence[Gathered], show: Show) -> Trained:
    """Projections crosswise, then the linear models, then the projection that ships."""
    shown = [(one, cut_to(case, READ_HITS)) for one in gathered if one.projectable for case in one.cases]
    pool = [(one, case) for one, case in shown if case.has_right]
    halves = [[pair for pair in pool if for_projection(pair[1]) is first] for first in (True, False)]
    if not all(halves):
        raise BadInput("too few questions with a right sentence to learn a projection from; give more sets")
    crossed = [projection_from(_learned(pairs, show, f"projection {n} of 3")) for n, pairs in enumerate(halves, 1)]
    whole = _learned(pool, show, "projection 3 of 3")
    final = projection_from(whole)
    seen: list[Seen] = []
    for one in gathered:
        views = [final, final] if not one.projectable else crossed[::-1]  # the first half through the second's
        seen += _seen(one, views, show)
    fields = fit_trained([one for one in seen if one.sample.set_name not in NOT_FOR_THE_READER])
    return Trained(whole, fields | _origin(gathered, final, len(pool)))


def sha256_of(path: Path) -> str:
    """Over the names and bytes of a set's files."""
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        digest.update(f"{file.name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _learned(pairs: Sequence[tuple[Gathered, TrainingCase]], show: Show, step: str) -> bytes:
    indexes = {case.set_name: one.index for one, case in pairs}
    encoded = {case.set_name: one.encoded for one, case in pairs}

    def example(case: TrainingCase) -> Any:
        index = indexes[case.set_name]
        return example_of(
            case, encoded[case.set_name][case.question.asked], index.encodings([h.row for h in case.hits])
        )

    learned = learn_projection([case for _, case in pairs], example, lambda done, total: show(step, done, total))
    return projection_bytes(learned.matrix, learned.attention)


def _seen(one: Gathered, views: Sequence[Projection], show: Show) -> Iterator[Seen]:
    evidence = [Evidence(projected(one.index, view, one.encoded)) for view in views]
    for done, case in enumerate(one.cases, start=1):
        own = evidence[0 if for_projection(case) else 1]
        twin = case.question.id.endswith(TWIN)
        for variant in (case, without(case, case.relevant) if case.question.answerable else None):
            sample = sample_of(cut_to(variant, READ_HITS), own, one.index.stem) if variant else None
            judged = case.judged or variant is not case
            if sample:
                yield Seen(sample, twin=twin, removed=variant is not case, first=for_projection(case), judged=judged)
        show(f"{case.set_name}: reading", done, len(one.cases))


def _origin(gathered: Sequence[Gathered], projection: Projection, questions: int) -> dict[str, Any]:
    names = [one.cases[0].set_name for one in gathered if one.cases]
    recipe = {"embedder": EMBEDDER_384, "width": WIDTH, "rate": RATE, "batch": BATCH, "epochs": 1, "seed": SEED}
    return {
        "fitted_on": {name: len(one.cases) for name, one in zip(names, gathered, strict=True)},
        "data": {name: one.sha256 for name, one in zip(names, gathered, strict=True)},
        "projection": {"sha256": projection.sha256, "questions": questions, "recipe": recipe},
    }
