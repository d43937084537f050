"""The index of a set's own corpus: made once below a work folder, brought up to date when anything changed."""

from collections.abc import Callable
from pathlib import Path

from eval.beir import BeirSet
from eval.sets import EvalSet
from index.build import Builder
from index.embed import Embedder
from index.progress import Progress
from index.settings import Settings

SEEDS = Path(__file__).parent.parent / "seeds"


def indexed(
    questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, on: Callable[[Progress], None]
) -> Settings:
    """Settings that point to the set's index; gold files are about the bundled articles."""
    corpus = questions.corpus if isinstance(questions, BeirSet) else SEEDS
    name = questions.name if isinstance(questions, BeirSet) else "seeds"
    own = settings.model_copy(update={"data": work / name})
    Builder(own.data, own, embedder).index([corpus], prune=True, on_progress=on)
    return own
