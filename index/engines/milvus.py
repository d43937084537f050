"""Milvus: collections of passages, each with its vector and its terms, behind one alias that names the whole.

What it is given are numbers and hexadecimal digits only: hashes of documents and terms, weights, days. So nothing that
somebody wrote can be read as part of a filter, and no word of an article leaves the store.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np

from index.embedding.vectors import Floats
from index.errors import BadSetting, EngineUnavailable, IndexDamaged, IndexMismatch
from index.settings import Settings

LEAST_VERSION = (2, 5)  # the first with what is asked of it here: text_match beside sparse vectors
MOST_FOUND = 16_384  # of one search, as the server has it
_LITE = "milvus_lite"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_BATCH = 500  # rows a call: some 2 MB of the 64 that the server takes
_WRITE_S = 120.0  # seconds for a call that writes or builds
_GONE = 100  # Milvus's code for a collection that is not there
_NO_TERM = 0  # a dimension that every passage has, since a sparse vector must not be empty
_DIMENSIONS = 2**32 - 2
EXACT_TO = 200_000  # passages whose vectors are all looked at; a graph over more of them may miss some
_LINKS, _BREADTH = 32, 400  # of the HNSW graph while it is built
_LEAST_LOOKED_AT = 512  # passages that a search in it looks at: what it costs is small beside reading

_log = logging.getLogger(__name__)


class Address(NamedTuple):
    """Where Milvus is, and under which alias what is indexed here stands."""

    uri: str
    name: str
    token: str = ""  # user:password, or a key

    @classmethod
    def parse(cls, store: str) -> "Address":
        """From the setting. Raises BadSetting, without saying what was given: it may hold a password."""
        try:
            parts = urlsplit(store)
            host, port, name = parts.hostname, parts.port or 19530, parts.path.strip("/")
        except ValueError:
            parts, host, port, name = urlsplit(""), None, 0, ""
        if store.endswith(".db") and not parts.scheme:
            return cls(store, "quotewell")
        if parts.scheme not in ("milvus+http", "milvus+https") or not host or not _NAME.fullmatch(name):
            raise BadSetting(
                "setting 'store' is no address of a search engine; give milvus+http://HOST:19530/NAME, its name of "
                "letters, digits and _, or for Milvus Lite a file whose name ends in .db"
            )
        user = ":".join(unquote(part) for part in (parts.username, parts.password) if part)
        return cls(f"{parts.scheme.removeprefix('milvus+')}://{host}:{port}", name, user)


class EnginePassage(NamedTuple):
    """A passage as it is searched: hash of its document and ordinal, and what it is found by."""

    mark: str  # 16 hexadecimal digits
    ordinal: int
    day: int  # `date.toordinal`; 0 for none
    vector: Floats
    weights: Mapping[int, float]  # number of a term → what it is worth there, before its idf

    @property
    def key(self) -> str:
        return f"{self.mark}-{self.ordinal}"


class Where(NamedTuple):
    """Which passages may be found, as far as that can be said in a few words; whoever asks looks again."""

    first: int | None = None  # day
    last: int | None = None
    only: tuple[str, ...] = ()  # marks of documents; none: all
    never: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"published >= {self.first:d}"] if self.first is not None else []
        parts += [f"published <= {self.last:d}"] if self.last is not None else []
        parts += [f"document in {json.dumps(self.only)}"] if self.only else []
        parts += [f"document not in {json.dumps(self.never)}"] if self.never else []
        return " and ".join(parts)


EVERYWHERE = Where()


class Milvus:
    """One server, or one file of Milvus Lite; threads may share it."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        """Connects. Raises EngineUnavailable where there is none, or none that can be used."""
        try:
            import pymilvus
        except ImportError as error:
            raise EngineUnavailable(
                "the setting 'store' needs the package pymilvus; install it with: pip install '.[milvus]'"
            ) from error
        for name in ("pymilvus", "milvus_lite"):  # what goes wrong is said once, by us
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._pymilvus, self._address, self._timeout_s = pymilvus, address, timeout_s
        with self._explained():
            self._client = pymilvus.MilvusClient(address.uri, token=address.token, timeout=timeout_s)
        self.version = self.alive()
        found = re.match(r"v?(\d+)\.(\d+)", self.version)
        if not self.version.startswith(_LITE) and (not found or tuple(map(int, found.groups())) < LEAST_VERSION):
            needed = ".".join(map(str, LEAST_VERSION))
            raise EngineUnavailable(f"the search engine is Milvus {self.version}; {needed} or newer is needed")

    def alive(self) -> str:
        """Its version. Raises EngineUnavailable."""
        with self._explained():
            return str(self._client.get_server_version(timeout=self._timeout_s))

    # -- what stands there --

    def count(self, collection: str, dim: int) -> int:
        """How many passages, all that was written included. Raises IndexDamaged where there is no such collection, and
        IndexMismatch where its vectors are not of `dim` numbers."""
        with self._explained():
            fields = self._client.describe_collection(collection, timeout=self._timeout_s)["fields"]
            (own,) = (int(field["params"]["dim"]) for field in fields if field["name"] == "vector")
            if own != dim:
                raise IndexMismatch(
                    f"the search engine holds vectors of {own} numbers where the embedder makes {dim}; "
                    "make them anew with: quotewell index PATH --rebuild"
                )
            self._client.load_collection(collection, timeout=self._timeout_s)
            found = self._client.query(collection, output_fields=["count(*)"], timeout=self._timeout_s)
        return int(found[0]["count(*)"])

    def fill(self, version: str, dim: int, rows: Iterable[EnginePassage], count: int) -> str:
        """A new collection of about so many rows, to which the alias points from then on; its name.

        The one before stays for whoever still answers from it; those before that, and what an interrupted one left, go.
        """
        name = self._address.name
        made = f"{name}_{version[:16]}_{token_hex(4)}"
        with self._explained():
            if name in self._client.list_collections(timeout=self._timeout_s):
                raise IndexMismatch(f"the search engine has a collection '{name}' that is no alias; take another name")
            self._create(made, dim, exact=count <= EXACT_TO)
            self.upsert(made, rows)
            self._client.flush(made, timeout=_WRITE_S)
            before = self._pointed()
            point = self._client.alter_alias if before else self._client.create_alias
            point(made, name, timeout=self._timeout_s)
            ours = re.compile(rf"{name}_[0-9a-f]{{16}}_[0-9a-f]{{8}}")
            for other in self._client.list_collections(timeout=self._timeout_s):
                if ours.fullmatch(other) and other not in (made, before):
                    self._client.drop_collection(other, timeout=_WRITE_S)
        return made

    def upsert(self, collection: str, rows: Iterable[EnginePassage]) -> None:
        """Written when it returns; a row of the same key is replaced."""
        with self._explained():
            for batch in _batches(rows):
                self._client.upsert(collection, list(map(_fields, batch)), timeout=_WRITE_S)

    def delete(self, collection: str, marks: Sequence[str]) -> None:
        """All passages of these documents, if there are any."""
        with self._explained():
            for some in _batches(marks):
                self._client.delete(collection, filter=str(Where(only=tuple(some))), timeout=_WRITE_S)

    # -- what is found --

    def nearest(self, collection: str, vector: Floats, count: int, where: Where) -> dict[str, Floats]:
        """Keys and vectors of at most `count` passages with about the largest inner products."""
        params = {"metric_type": "IP", "params": {"ef": min(max(4 * count, _LEAST_LOOKED_AT), 2 * MOST_FOUND)}}
        found = self._search(collection, "vector", vector.tolist(), count, where, params, ["vector"])
        return {str(one["id"]): np.array(one["entity"]["vector"], np.float32) for one in found}

    def matching(self, collection: str, weights: Mapping[int, float], count: int, where: Where) -> dict[str, float]:
        """Keys and scores of at most `count` passages that share a term with these, by the sum of products of weights.

        `weights`: number of a term → above 0.
        """
        asked = _sparse(weights)
        found = self._search(collection, "terms", asked, count, where, {"metric_type": "IP"}, []) if asked else ()
        return {str(one["id"]): float(one["distance"]) for one in found}

    def holding(self, collection: str, terms: Sequence[int], where: Where) -> list[str]:
        """Keys of all passages that hold every one of the terms."""
        parts = [f"text_match(words, '{_word(number)}')" for number in terms]
        wanted = " and ".join([*parts, *([str(where)] if where != EVERYWHERE else ())])
        with self._explained():
            pages = self._client.query_iterator(
                collection, filter=wanted, output_fields=["id"], batch_size=MOST_FOUND, timeout=self._timeout_s
            )
            found = [str(one["id"]) for page in iter(pages.next, []) for one in page]
            pages.close()
        return found

    def vectors(self, collection: str, keys: Sequence[str]) -> dict[str, Floats]:
        """Of those of the keys that stand there."""
        with self._explained():
            found = self._client.get(collection, list(keys), output_fields=["vector"], timeout=self._timeout_s)
        return {str(one["id"]): np.array(one["vector"], np.float32) for one in found}

    def _search(
        self, collection: str, field: str, asked: Any, count: int, where: Where, params: Any, also: list[str]
    ) -> Sequence[Any]:
        with self._explained():
            (found,) = self._client.search(
                collection,
                [asked],
                anns_field=field,
                limit=count,
                filter=str(where),
                search_params=params,
                output_fields=also,
                timeout=self._timeout_s,
            )
        return list(found)

    def _create(self, name: str, dim: int, *, exact: bool) -> None:
        kinds = self._pymilvus.DataType
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", kinds.VARCHAR, is_primary=True, max_length=40)
        schema.add_field("document", kinds.VARCHAR, max_length=16)
        schema.add_field("published", kinds.INT64)
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=dim)
        schema.add_field("terms", kinds.SPARSE_FLOAT_VECTOR)
        schema.add_field("words", kinds.VARCHAR, max_length=65_535, enable_analyzer=True, enable_match=True)
        indexes = self._client.prepare_index_params()
        kind, params = ("FLAT", {}) if exact else ("HNSW", {"M": _LINKS, "efConstruction": _BREADTH})
        indexes.add_index("vector", index_type=kind, metric_type="IP", params=params)
        indexes.add_index("terms", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
        indexes.add_index("document", index_type="INVERTED")
        self._client.create_collection(
            name, schema=schema, index_params=indexes, consistency_level="Strong", timeout=_WRITE_S
        )

    def _pointed(self) -> str:
        """The collection that the alias points to; "" for none: servers have different codes for that."""
        try:
            found = self._client.describe_alias(self._address.name, timeout=self._timeout_s)
        except self._pymilvus.MilvusException:
            return ""
        return str(found["collection_name"])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Addresses and what the engine said stand in the log: clients have no business with them."""
        try:
            yield
        except (self._pymilvus.MilvusException, OSError) as error:
            _log.warning("the search engine at %s: %s", self._address.uri, error)
            if getattr(error, "code", None) == _GONE:
                raise IndexDamaged(
                    "the search engine no longer holds this index; make it again with: quotewell verify"
                ) from error
            raise EngineUnavailable(
                "the search engine does not answer, or not in time; see that it runs and that the setting 'store' is "
                "its address (Milvus Lite: that no other process has its file open)"
            ) from error


def engine_of(settings: Settings) -> Milvus | None:
    """The one that the settings name, connected once in a process. Raises BadSetting and EngineUnavailable."""
    return _connected(settings.store, settings.store_timeout_s) if settings.store else None


def engine_name(settings: Settings) -> str:
    """What is searched, as it stands in an index's version; "" for this process's memory."""
    return "milvus" if settings.store else ""


@lru_cache(maxsize=8)
def _connected(store: str, timeout_s: float) -> Milvus:
    return Milvus(Address.parse(store), timeout_s)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """As many as one call takes."""
    left = iter(rows)
    while some := list(islice(left, _BATCH)):
        yield some


def _fields(row: EnginePassage) -> dict[str, Any]:
    return {
        "id": row.key,
        "document": row.mark,
        "published": row.day,
        "vector": row.vector.tolist(),
        "terms": {_NO_TERM: 1.0} | _sparse(row.weights),
        "words": " ".join(map(_word, row.weights)),
    }


def _sparse(weights: Mapping[int, float]) -> dict[int, float]:
    """Two terms of one dimension are taken for each other, a pair among 100,000 terms; whoever asks looks again."""
    found: dict[int, float] = {}
    for number, weight in weights.items():
        dimension = 1 + _unsigned(number) % _DIMENSIONS
        found[dimension] = found.get(dimension, 0.0) + weight
    return found


def _word(number: int) -> str:
    return f"{_unsigned(number):016x}"


def _unsigned(number: int) -> int:
    return number & (2**64 - 1)
