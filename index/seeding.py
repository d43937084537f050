"""Puts the bundled articles into a data folder that holds nothing else."""

from pathlib import Path

from index.build import Builder
from index.embedding.embedder import load_embedder
from index.errors import IndexMissing
from index.formats import read
from index.records import Document
from index.settings import Settings
from index.storage.store import Store
from index.terminal import progress, tell

SEEDS = Path(__file__).parent.parent / "seeds"


def seed(settings: Settings) -> None:
    """Index the bundled articles, unless somebody's own documents are stored and only their index is missing."""
    if not _fresh(settings.data):
        return
    tell(f"no index in '{settings.data}' yet: indexing the bundled articles first (once, some seconds)")
    builder = Builder(settings.data, settings, load_embedder(settings.embedder, settings.model_path))
    with progress() as show:
        report = builder.index([SEEDS], on_progress=lambda at: show(*at))
    tell(f"indexed {report.documents} articles; add your own with: quotewell index PATH")


def _fresh(data: Path) -> bool:
    """Nothing was ever stored, or only what an interrupted first run left and never published."""
    try:
        with Store.open(data, readonly=True) as store:
            sequence, stored = store.sequence(), set(store.hashes())
    except IndexMissing:
        sequence, stored = 0, set()
    return sequence == 0 or stored <= {found.id for found in read([SEEDS]) if isinstance(found, Document)}
