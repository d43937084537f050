"""Before anything is asked: a first run indexes the bundled articles, a first run after an update mends the index."""

from typing import TYPE_CHECKING

from index.errors import IndexMissing
from index.lazy import later
from index.settings import Settings
from index.storage.generation import outdated
from index.terminal import tell

if TYPE_CHECKING:
    from index.seeding import seed
    from index.verify import renew
else:  # asking must not pay for all that builds an index
    seed = later("index.seeding:seed")
    renew = later("index.verify:renew")


def ready(settings: Settings) -> None:
    """Index the bundled articles if nothing else was ever put into the default data folder; tells it on stderr.

    A folder that somebody named is not filled: what is missing there is for its owner to say. A search index that
    another version of Quotewell made is made again from the store, wherever it is.
    """
    try:
        if outdated(settings.data):
            tell(f"making the search index in '{settings.data}' again, as this version of Quotewell wants it (once)")
            renew(settings)
    except IndexMissing:
        if "data" not in settings.model_fields_set:
            seed(settings)
