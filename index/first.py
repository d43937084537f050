"""The first run: where nobody named a data folder and nothing is indexed yet, the bundled articles are."""

from pathlib import Path

from index.build import Builder
from index.console import progress, tell
from index.embed import load_embedder
from index.errors import IndexMissing
from index.formats import read
from index.generation import current
from index.records import Document
from index.settings import Settings
from index.store import Store

SEEDS = Path(__file__).parent.parent / "seeds"


def ready(settings: Settings) -> None:
    """Index the bundled articles if nothing else was ever put into the default data folder; tells it on stderr.

    A folder that somebody named is left as it is: what is missing there is for its owner to say.
    """
    if "data" in settings.model_fields_set or not _fresh(settings.data):
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
    if sequence == 0:
        return True
    try:
        current(data)
    except IndexMissing:
        return stored <= {found.id for found in read([SEEDS]) if isinstance(found, Document)}
    return False
