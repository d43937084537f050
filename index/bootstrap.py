"""Before anything is asked: a first run indexes the bundled articles."""

from typing import TYPE_CHECKING

from index.errors import IndexMissing
from index.lazy import later
from index.settings import Settings
from index.storage.generation import current

if TYPE_CHECKING:
    from index.seeding import seed
else:  # asking must not pay for all that builds an index
    seed = later("index.seeding:seed")


def ready(settings: Settings) -> None:
    """Index the bundled articles if nothing else was ever put into the default data folder; tells it on stderr.

    A folder that somebody named is not filled: what is missing there is for its owner to say.
    """
    try:
        current(settings.data)
    except IndexMissing:
        if "data" not in settings.model_fields_set:
            seed(settings)
