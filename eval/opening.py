"""A set's own index with an assistant over it, made or brought up to date first."""

from collections.abc import Callable
from pathlib import Path

from eval.corpora import indexed
from eval.sets import EvalSet
from index.embed import load_embedder
from index.settings import Settings
from rag.assistant import Assistant, open_assistant

WORK = Path(".eval")
WORK_384 = Path(".eval-384")  # indexes without projected token vectors: for the plain reader, and for training
EMBEDDER_384 = "minilm-384"

Show = Callable[[str, int, int], None]


def opened(questions: EvalSet, settings: Settings, show: Show, work: Path = WORK) -> tuple[Assistant, Settings]:
    """An index that the settings name is used as it stands; else the set's own corpus is indexed below `work`."""
    if "data" in settings.model_fields_set:
        return open_assistant(settings=settings), settings
    embedder = load_embedder(settings.embedder, settings.model_path)
    own = indexed(
        questions, settings, embedder, work, lambda at: show(f"{questions.name}: {at.step}", at.done, at.total)
    )
    return open_assistant(settings=own, embedder=embedder), own
