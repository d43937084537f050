"""Milvus: collections of passages, each with its vector and its terms, behind one alias that names the whole."""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

import numpy as np

from index.embedding.vectors import Floats
from index.engines import engine
from index.engines.engine import Address, EnginePassage, Where

LEAST_VERSION = (2, 5)  # the first with what is asked of it here: text_match beside sparse vectors
_LITE = "milvus_lite"
_GONE = 100  # Milvus's code for a collection that is not there
_NO_TERM = 0  # a dimension that every passage has, since a sparse vector must not be empty
_DIMENSIONS = 2**32 - 2  # a pair among 100,000 terms shares one

_log = logging.getLogger(__name__)


class Milvus:
    """One server, or one file of Milvus Lite; threads may share it."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        """Connects. Raises EngineUnavailable where there is none, or none that can be used, and ImportError."""
        import pymilvus

        for name in ("pymilvus", "milvus_lite"):  # what goes wrong is said once, by us
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._pymilvus, self._address, self._timeout_s = pymilvus, address, timeout_s
        with self._explained():
            self._client = pymilvus.MilvusClient(address.uri, token=address.token, timeout=timeout_s)
        version = self.alive()
        self.version = f"Milvus {version}"
        found = re.match(r"v?(\d+)\.(\d+)", version)
        if not version.startswith(_LITE) and (not found or tuple(map(int, found.groups())) < LEAST_VERSION):
            raise engine.too_old(self.version, ".".join(map(str, LEAST_VERSION)))

    def alive(self) -> str:
        with self._explained():
            return str(self._client.get_server_version(timeout=self._timeout_s))

    # -- what stands there --

    def count(self, collection: str, dim: int) -> int:
        with self._explained():
            fields = self._client.describe_collection(collection, timeout=self._timeout_s)["fields"]
            (own,) = (int(field["params"]["dim"]) for field in fields if field["name"] == "vector")
            if own != dim:
                raise engine.other_size(own, dim)
            self._client.load_collection(collection, timeout=self._timeout_s)
            found = self._client.query(collection, output_fields=["count(*)"], timeout=self._timeout_s)
        return int(found[0]["count(*)"])

    def fill(self, version: str, dim: int, rows: Iterable[EnginePassage], count: int) -> str:
        name = self._address.name
        made = f"{name}_{version[:16]}_{token_hex(4)}"
        with self._explained():
            if name in self._client.list_collections(timeout=self._timeout_s):
                raise engine.name_taken(name, "a collection")
            self._create(made, dim, exact=engine.looks_at_all(count))
            self.upsert(made, rows)
            self._client.flush(made, timeout=engine.WRITE_S)
            before = self._pointed()
            point = self._client.alter_alias if before else self._client.create_alias
            point(made, name, timeout=self._timeout_s)
            ours = re.compile(rf"{name}_[0-9a-f]{{16}}_[0-9a-f]{{8}}")
            for other in self._client.list_collections(timeout=self._timeout_s):
                if ours.fullmatch(other) and other not in (made, before):
                    self._client.drop_collection(other, timeout=engine.WRITE_S)
        return made

    def upsert(self, collection: str, rows: Iterable[EnginePassage]) -> None:
        with self._explained():
            for batch in engine.batches(rows):
                self._client.upsert(collection, list(map(_fields, batch)), timeout=engine.WRITE_S)

    def delete(self, collection: str, marks: Sequence[str]) -> None:
        with self._explained():
            for some in engine.batches(marks):
                self._client.delete(collection, filter=filter_of(Where(only=tuple(some))), timeout=engine.WRITE_S)

    # -- what is found --

    def nearest(self, collection: str, vector: Floats, count: int, where: Where) -> dict[str, Floats]:
        params = {
            "metric_type": "IP",
            "params": {"ef": min(max(4 * count, engine.LEAST_LOOKED_AT), 2 * engine.MOST_FOUND)},
        }
        found = self._search(collection, "vector", vector.tolist(), count, where, params, ["vector"])
        return {str(one["id"]): np.array(one["entity"]["vector"], np.float32) for one in found}

    def matching(self, collection: str, weights: Mapping[int, float], count: int, where: Where) -> dict[str, float]:
        asked = engine.sparse(weights, _DIMENSIONS)
        found = self._search(collection, "terms", asked, count, where, {"metric_type": "IP"}, []) if asked else ()
        return {str(one["id"]): float(one["distance"]) for one in found}

    def holding(self, collection: str, terms: Sequence[int], where: Where) -> list[str]:
        parts = [f"text_match(words, '{engine.digits(number)}')" for number in terms]
        wanted = " and ".join(part for part in (*parts, filter_of(where)) if part)
        with self._explained():
            pages = self._client.query_iterator(
                collection, filter=wanted, output_fields=["id"], batch_size=engine.MOST_FOUND, timeout=self._timeout_s
            )
            found = [str(one["id"]) for page in iter(pages.next, []) for one in page]
            pages.close()
        return found

    def vectors(self, collection: str, keys: Sequence[str]) -> dict[str, Floats]:
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
                filter=filter_of(where),
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
        kind, params = ("FLAT", {}) if exact else ("HNSW", {"M": engine.LINKS, "efConstruction": engine.BREADTH})
        indexes.add_index("vector", index_type=kind, metric_type="IP", params=params)
        indexes.add_index("terms", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
        indexes.add_index("document", index_type="INVERTED")
        self._client.create_collection(
            name, schema=schema, index_params=indexes, consistency_level="Strong", timeout=engine.WRITE_S
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
                raise engine.lost() from error
            raise engine.unanswered(" (Milvus Lite: that no other process has its file open)") from error


def _fields(row: EnginePassage) -> dict[str, Any]:
    return {
        "id": row.key,
        "document": row.mark,
        "published": row.day,
        "vector": row.vector.tolist(),
        "terms": {_NO_TERM: 1.0} | engine.sparse(row.weights, _DIMENSIONS),
        "words": " ".join(map(engine.digits, row.weights)),
    }


def filter_of(where: Where) -> str:
    """Of numbers and quoted hexadecimal digits."""
    parts = [f"published >= {where.first:d}"] if where.first is not None else []
    parts += [f"published <= {where.last:d}"] if where.last is not None else []
    parts += [f"document in {json.dumps(where.only)}"] if where.only else []
    parts += [f"document not in {json.dumps(where.never)}"] if where.never else []
    return " and ".join(parts)
