"""From a set and the settings to a report: the set's index is opened, every answer timed, and the makings named."""

from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from eval.calibrate import set_sha256
from eval.latency import Timed
from eval.opening import WORK, Show, opened
from eval.run import Report, run
from eval.sets import EvalSet
from index.search import Index
from index.settings import Settings

_ASKING = ("fusion", "dense_weight", "depth", "reader", "max_quotes", "chat_model")  # that shape answers of one index


def measure(questions: EvalSet, settings: Settings, show: Show, work: Path = WORK) -> Report:
    """Every figure, latency too. Raises what opening an index raises, and what `run` raises."""
    assistant, own = opened(questions, settings, show, work)
    timed = Timed(assistant.index, own)
    report = run(timed, questions, progress=partial(show, f"{questions.name}: asking"), stages=timed.last)
    return replace(report, made_with=made_with(questions, own, assistant.index, timed.threshold))


def made_with(questions: EvalSet, settings: Settings, index: Index, threshold: float) -> dict[str, Any]:
    """What must be equal for two runs to differ only by chance; JSON-able.

    How passages were made comes from the index itself, which may have been built with other settings than these.
    """
    recipe = {name: value for name, value in index.recipe.items() if name not in ("embedder", "fingerprint")}
    asking = {name: getattr(settings, name) for name in _ASKING}
    reader = files("rag").joinpath(f"{settings.reader}.json").read_bytes()
    return {
        "settings": {**recipe, **asking, "threshold": threshold},
        "weights_sha256": {"embedder": index.recipe["fingerprint"], "reader": sha256(reader).hexdigest()},
        "questions_sha256": set_sha256(questions),
        "embedder": index.recipe["embedder"],
        "index_version": index.version,
    }
