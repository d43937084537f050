"""Which search engine the settings name, connected once in a process."""

from functools import lru_cache
from typing import TYPE_CHECKING

from index.engines.engine import Address, Engine, not_installed
from index.engines.milvus import Milvus
from index.lazy import later
from index.settings import Settings

if TYPE_CHECKING:
    from index.engines.postgres import Postgres
else:
    Postgres = later("index.engines.postgres:Postgres")


def engine_of(settings: Settings) -> Engine | None:
    """None: this process's memory is searched. Raises BadSetting and EngineUnavailable."""
    return _connected(settings.store, settings.store_timeout_s) if settings.store else None


def engine_name(settings: Settings) -> str:
    """What is searched, as it stands in an index's version; "" for this process's memory."""
    return _extra(settings.store) if settings.store else ""


@lru_cache(maxsize=8)
def _connected(store: str, timeout_s: float) -> Engine:
    try:
        return (Postgres if _extra(store) == "postgres" else Milvus)(Address.parse(store), timeout_s)
    except ImportError as error:
        raise not_installed(_extra(store)) from error


def _extra(store: str) -> str:
    return "postgres" if store.startswith(("postgresql://", "postgres://")) else "milvus"
