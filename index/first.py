"""Before anything is asked: a first run indexes the bundled articles, a first run after an update mends the index."""

from pkgutil import resolve_name

from index.console import tell
from index.errors import IndexMissing
from index.generation import outdated
from index.settings import Settings

# loaded only when needed: asking must not pay for all that builds an index
_SEEDING = "index.seeding:seed"
_RENEWING = "index.health:renew"


def ready(settings: Settings) -> None:
    """Index the bundled articles if nothing else was ever put into the default data folder; tells it on stderr.

    A folder that somebody named is not filled: what is missing there is for its owner to say. A search index that
    another version of Quotewell made is made again from the store, wherever it is.
    """
    try:
        if outdated(settings.data):
            tell(f"making the search index in '{settings.data}' again, as this version of Quotewell wants it (once)")
            resolve_name(_RENEWING)(settings)
    except IndexMissing:
        if "data" not in settings.model_fields_set:
            resolve_name(_SEEDING)(settings)
