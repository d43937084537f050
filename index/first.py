"""The first run: where nobody named a data folder and nothing is indexed yet, the bundled articles are."""

from pkgutil import resolve_name

from index.errors import IndexMissing
from index.generation import current
from index.settings import Settings

_SEEDING = "index.seeding:seed"  # loaded only on a first run: asking must not pay for all that builds an index


def ready(settings: Settings) -> None:
    """Index the bundled articles if nothing else was ever put into the default data folder; tells it on stderr.

    A folder that somebody named is left as it is: what is missing there is for its owner to say.
    """
    if "data" in settings.model_fields_set:
        return
    try:
        current(settings.data)
    except IndexMissing:
        resolve_name(_SEEDING)(settings)
