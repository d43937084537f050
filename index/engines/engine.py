"""What every search engine gets and is asked, which one the settings name, and what is said when it cannot.

What it is given are numbers and hexadecimal digits only: hashes of documents and terms, weights, days. So nothing that
somebody wrote can be read as part of a filter, and no word of an article leaves the store.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from index.embedding.vectors import Floats
from index.errors import BadSetting, EngineUnavailable, IndexDamaged, IndexMismatch
from index.lazy import later
from index.settings import Settings

if TYPE_CHECKING:
    from index.engines.milvus import Milvus
    from index.engines.postgres import Postgres
else:
    Milvus = later("index.engines.milvus:Milvus")
    Postgres = later("index.engines.postgres:Postgres")

MOST_FOUND = 16_384  # of one search, as Milvus has it
EXACT_TO = 200_000  # passages that are all looked at; what proposes among more of them may miss some
LINKS, BREADTH = 32, 400  # of the HNSW graph while it is built
LEAST_LOOKED_AT = 512  # passages that a search in it looks at: what it costs is small beside reading
WRITE_S = 120.0  # seconds for a call that writes
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,29}")  # what PostgreSQL takes without quotes, and room for what is added
_BATCH = 500  # rows a call: some 2 MB


class Address(NamedTuple):
    """Where the engine is, and under which name what is indexed here stands."""

    uri: str
    name: str
    token: str = ""  # user:password, or a key

    @classmethod
    def parse(cls, store: str) -> "Address":
        """From the setting. Raises BadSetting, without saying what was given: it may hold a password."""
        try:
            parts = urlsplit(store)
            database, _, name = parts.path.strip("/").rpartition("/")
            if parts.scheme in ("postgresql", "postgres") and database and _TABLE.fullmatch(name):
                return cls(parts._replace(path=f"/{database}").geturl(), name)
            if parts.scheme in ("milvus+http", "milvus+https") and parts.hostname and _NAME.fullmatch(name):
                user = ":".join(unquote(part) for part in (parts.username, parts.password) if part)
                at = f"{parts.hostname}:{parts.port or 19530}"
                return cls(f"{parts.scheme.removeprefix('milvus+')}://{at}", name, user)
            if store.endswith(".db") and not parts.scheme:
                return cls(store, "quotewell")
        except ValueError:
            pass
        raise no_address()


class EnginePassage(NamedTuple):
    """A passage as it is searched: hash of its document and ordinal, and what it is found by."""

    mark: str  # 16 hexadecimal digits
    ordinal: int
    day: int  # `date.toordinal`; 0 for none
    vector: Floats
    weights: Mapping[int, float]  # number of a term → what it is worth there, before its idf
    numbers: Sequence[int]  # of its terms, each as often as it stands there

    @property
    def key(self) -> str:
        return f"{self.mark}-{self.ordinal}"


class Where(NamedTuple):
    """Which passages may be found, as far as that can be said in a few words; whoever asks looks again."""

    first: int | None = None  # day
    last: int | None = None
    only: tuple[str, ...] = ()  # marks of documents; none: all
    never: tuple[str, ...] = ()


class Engine(Protocol):
    """One server; threads may share it. Everything raises EngineUnavailable where it does not answer in time, and
    IndexDamaged where there is no such collection."""

    version: str  # with its product's name

    def alive(self) -> object:
        """Raises EngineUnavailable."""

    def count(self, collection: str, dim: int) -> int:
        """How many passages, all that was written included. Raises IndexMismatch where its vectors are not of `dim`
        numbers."""
        ...

    def fill(self, version: str, dim: int, rows: Iterable[EnginePassage], count: int) -> str:
        """A new collection of about so many rows, to which the name points from then on; its own name.

        The one before stays for whoever still answers from it; those before that, and what an interrupted one left, go.
        """
        ...

    def upsert(self, collection: str, rows: Iterable[EnginePassage]) -> None:
        """Written when it returns; a row of the same key is replaced."""

    def delete(self, collection: str, marks: Sequence[str]) -> None:
        """All passages of these documents, if there are any."""

    def nearest(self, collection: str, vector: Floats, count: int, where: Where) -> dict[str, Floats]:
        """Keys and vectors of at most `count` passages with about the largest inner products."""
        ...

    def matching(self, collection: str, weights: Mapping[int, float], count: int, where: Where) -> dict[str, float]:
        """Keys and scores of at most `count` passages that share a term with these, by the sum of products of weights.

        `weights`: number of a term → above 0.
        """
        ...

    def holding(self, collection: str, terms: Sequence[int], where: Where) -> list[str]:
        """Keys of all passages that hold every one of the terms."""
        ...

    def vectors(self, collection: str, keys: Sequence[str]) -> dict[str, Floats]:
        """Of those of the keys that stand there."""
        ...


def engine_of(settings: Settings) -> Engine | None:
    """Connected once in a process. None: this process's memory is searched. Raises BadSetting and EngineUnavailable."""
    return _connected(settings.store, settings.store_timeout_s) if settings.store else None


def engine_name(settings: Settings) -> str:
    """What is searched, as it stands in an index's version; "" for this process's memory."""
    return _extra(settings.store) if settings.store else ""


@lru_cache(maxsize=8)
def _connected(store: str, timeout_s: float) -> Engine:
    try:
        return (Postgres if _extra(store) == "postgres" else Milvus)(Address.parse(store), timeout_s)
    except ImportError as error:
        raise EngineUnavailable(
            f"the setting 'store' needs what is not installed; do it with: pip install '.[{_extra(store)}]'"
        ) from error


def _extra(store: str) -> str:
    return "postgres" if store.startswith(("postgresql://", "postgres://")) else "milvus"


def looks_at_all(count: int) -> bool:
    return count <= EXACT_TO


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """As many as one call takes."""
    left = iter(rows)
    while some := list(islice(left, _BATCH)):
        yield some


def sparse(weights: Mapping[int, float], dimensions: int) -> dict[int, float]:
    """By dimension, from 1. Two terms of one dimension are taken for each other, as seldom as there are many; whoever
    asks looks again."""
    found: dict[int, float] = {}
    for number, weight in weights.items():
        dimension = 1 + number % 2**64 % dimensions
        found[dimension] = found.get(dimension, 0.0) + weight
    return found


def digits(number: int) -> str:
    """Of a term: 16 hexadecimal ones."""
    return f"{number % 2**64:016x}"


def no_address() -> BadSetting:
    return BadSetting(
        "setting 'store' is no address of a search engine; give milvus+http://HOST:19530/NAME or "
        "postgresql://HOST:5432/DATABASE/NAME, its name of letters, digits and _ (small ones in PostgreSQL, 30 at "
        "most), or for Milvus Lite a file whose name ends in .db"
    )


def unanswered(also: str = "") -> EngineUnavailable:
    return EngineUnavailable(
        "the search engine does not answer, or not in time; see that it runs and that the setting 'store' is its "
        f"address{also}"
    )


def too_old(found: str, needed: str) -> EngineUnavailable:
    return EngineUnavailable(f"the search engine is {found}; {needed} or newer is needed")


def lost() -> IndexDamaged:
    return IndexDamaged("the search engine no longer holds this index; make it again with: quotewell verify")


def other_size(own: int, dim: int) -> IndexMismatch:
    return IndexMismatch(
        f"the search engine holds vectors of {own} numbers where the embedder makes {dim}; "
        "make them anew with: quotewell index PATH --rebuild"
    )


def name_taken(name: str, what: str) -> IndexMismatch:
    return IndexMismatch(f"the search engine has {what} '{name}' that is not of this program; take another name")
