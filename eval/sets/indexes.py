"""The index of a set's own corpus: made once below a work folder, brought up to date when anything changed."""

from collections.abc import Callable
from pathlib import Path

from eval.sets.beir import BeirSet
from eval.sets.sets import EvalSet
from index.build import Builder, Progress
from index.embedding.embedder import Embedder, load_embedder
from index.search import Index, open_index
from index.settings import Settings
from rag.assistant import Assistant, open_assistant

SEEDS = Path(__file__).parent.parent.parent / "seeds"


def indexed(
    questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, on: Callable[[Progress], None]
) -> Settings:
    """Settings that point to the set's index; gold files are about the bundled articles."""
    corpus = questions.corpus if isinstance(questions, BeirSet) else SEEDS
    name = questions.name if isinstance(questions, BeirSet) else "seeds"
    own = settings.model_copy(update={"data": work / name})
    Builder(own.data, own, embedder).index([corpus], prune=True, on_progress=on)
    return own


# A set's own index with an assistant over it, made or brought up to date first.

WORK = Path(".eval")
WORK_384 = Path(".eval-384")  # indexes without projected token vectors: for the plain reader, and for training
EMBEDDER_384 = "minilm-384"

ShowProgress = Callable[[str, int, int], None]


def opened(questions: EvalSet, settings: Settings, show: ShowProgress, work: Path = WORK) -> tuple[Assistant, Settings]:
    """An index that the settings name is used as it stands; else the set's own corpus is indexed below `work`."""
    if "data" in settings.model_fields_set:
        return open_assistant(settings=settings), settings
    embedder = load_embedder(settings.embedder, settings.model_path)
    own = indexed(
        questions, settings, embedder, work, lambda at: show(f"{questions.name}: {at.step}", at.done, at.total)
    )
    return open_assistant(settings=own, embedder=embedder), own


def open_set(
    questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: ShowProgress
) -> tuple[Index, Settings]:
    """The set's own index, made or brought up to date."""

    def on_progress(at: Progress) -> None:
        show(f"{questions.name}: {at.step}", at.done, at.total)

    own = indexed(questions, settings, embedder, work, on_progress)
    return open_index(own.data, own, embedder), own
