"""PostgreSQL with pgvector: a table of passages for each fill, behind a view that names the whole.

Values are parameters and names are quoted identifiers, always. Up to `EXACT_TO` passages every vector, and every
passage that shares a term, is looked at. In larger tables an HNSW graph proposes vectors, and the BM25 index of
pg_textsearch proposes passages, some more than are wanted; its statistics are of the whole table, so that what it
proposes is put in order by our weights here.
"""

import logging
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from secrets import token_hex
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from index.embedding.vectors import Floats
from index.engines import engine
from index.engines.engine import Address, EnginePassage, Where
from index.errors import EngineUnavailable
from index.ranking.lexical import K1, B

LEAST_VERSION = (15,)
LEAST_VECTOR = (0, 8)  # the first whose graph goes on where a filter leaves too few
LEAST_WORDS = (1, 3)  # pg_textsearch; earlier ones lose what was written last when the server is killed
_LETTERS = str.maketrans("0123456789", "ghijklmnop")  # "12e5…" might be read as a number, letters are one word
_DIMENSIONS = 1_000_000_000  # the most of a sparsevec: of 100,000 terms five pairs share one
_LARGE = "_l"  # ends the name of a table that has a graph and a BM25 index
_WORDS = "_w"  # ends the name of that index
_DEEPER = 4  # times as many as are wanted are put in order anew

_TABLE = """
    create table {table} (
        key text primary key, mark text not null, day int not null, vector vector({dim}) not null,
        terms bigint[] not null, weights sparsevec({dimensions}) not null, words text
    ) with (toast_tuple_target = 8160)"""  # rows whole as far as they fit a page: all of them are read at each question
_INDEXES = ("create index on {table} (mark)", "create index on {table} using gin (terms)")
_LARGE_INDEXES = (
    "create index on {table} using hnsw ((vector::halfvec({dim})) halfvec_ip_ops)"
    " with (m = {links}, ef_construction = {breadth})",
    "create index {index} on {table} using bm25 (words) with (text_config = 'simple', k1 = {k1}, b = {b})",
)
_SWITCH = ("analyze {table}", "drop view if exists {view}", "create view {view} as select * from {table}")
_PUT = """
    insert into {table} values (%s, %s, %s, %s::vector, %s::bigint[], %s::sparsevec, %s)
    on conflict (key) do update set (mark, day, vector, terms, weights, words)
        = (excluded.mark, excluded.day, excluded.vector, excluded.terms, excluded.weights, excluded.words)"""
_NEAREST = "select key, vector::real[] from {table} where {where} order by {near} limit %(count)s"
_NEAR = "vector <#> %(asked)s::vector"
_NEAR_BY_GRAPH = "vector::halfvec({dim}) <#> %(asked)s::halfvec({dim})"
_MATCHING = """
    select key, -(weights <#> %(asked)s::sparsevec) as worth
    from {table} where terms && %(terms)s::bigint[] and {where} order by worth desc limit %(count)s"""
_PROPOSED = """
    (select * from {table} where {where} order by words <@> to_bm25query(%(words)s, %(index)s) limit %(looked_at)s)
    as proposed"""
_CONDITIONS = {
    "first": "day >= %(first)s",
    "last": "day <= %(last)s",
    "only": "mark = any(%(only)s)",
    "never": "mark <> all(%(never)s)",
}

_log = logging.getLogger(__name__)


class _Session(psycopg.Connection):  # type: ignore[misc]
    """A connection that waits for an answer only so long: a server that is stopped keeps its sockets open."""

    limit_s: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(gen, interval, self.limit_s if timeout is None else timeout)

    def __del__(self) -> None:
        self.close()  # the idle ones end with the process


class Postgres:
    """One database; threads may share it, each call has a connection of its own."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        """Connects. Raises EngineUnavailable where there is none, or none that can be used."""
        self._address, self._timeout_s = address, timeout_s
        self._idle: deque[_Session] = deque()
        try:
            psycopg.conninfo.conninfo_to_dict(address.uri)
        except psycopg.ProgrammingError:  # says what was given
            raise engine.no_address() from None
        ((version,),) = self._rows("select current_setting('server_version')")
        had = {str(name): str(own) for name, own in self._rows("select extname, extversion from pg_extension")}
        self.version = f"PostgreSQL {version} with {', '.join(f'{name} {own}' for name, own in sorted(had.items()))}"
        self._words = _number(had.get("pg_textsearch", ""))
        if _number(version) < LEAST_VERSION:
            raise engine.too_old(self.version, f"PostgreSQL {LEAST_VERSION[0]}")
        if _number(had.get("vector", "")) < LEAST_VECTOR:
            raise engine.too_old(self.version, "the extension vector 0.8 (in this database: create extension vector)")

    def alive(self) -> object:
        return self._rows("select 1")

    # -- what stands there --

    def count(self, collection: str, dim: int) -> int:
        size = "select atttypmod from pg_attribute where attrelid = %(table)s::regclass and attname = 'vector'"
        ((own,),) = self._rows(size, table=collection)
        if own != dim:
            raise engine.other_size(own, dim)
        return int(self._rows(_of("select count(*) from {table}", collection))[0][0])

    def fill(self, version: str, dim: int, rows: Iterable[EnginePassage], count: int) -> str:
        """All in one transaction: whoever looks finds the former tables until the new one is whole."""
        name, large = self._address.name, not engine.looks_at_all(count)
        if large and self._words < LEAST_WORDS:
            raise engine.too_old(
                self.version, f"for {count:,} passages pg_textsearch {'.'.join(map(str, LEAST_WORDS))}"
            )
        made = f"{name}_{version[:16]}_{token_hex(4)}{_LARGE if large else ''}"
        with self._writing() as session:
            before = self._pointed(session)
            session.execute(_of(_TABLE, made, dim=dim, dimensions=_DIMENSIONS))
            self._put(session, made, rows)
            session.execute("set local statement_timeout = 0")  # a graph takes as long as it takes
            session.limit_s = None
            names = {"index": sql.Identifier(made + _WORDS), "view": sql.Identifier(name)}
            for one in (*_INDEXES, *(_LARGE_INDEXES if large else ()), *_SWITCH):
                session.execute(
                    _of(one, made, dim=dim, links=engine.LINKS, breadth=engine.BREADTH, k1=K1, b=B, **names)
                )
            for other in self._ours(session) - {made, before}:
                session.execute(_of("drop table {table}", other))
        return made

    def upsert(self, collection: str, rows: Iterable[EnginePassage]) -> None:
        with self._writing() as session:
            self._put(session, collection, rows)

    def delete(self, collection: str, marks: Sequence[str]) -> None:
        with self._writing() as session:
            session.execute(_of("delete from {table} where mark = any(%s)", collection), [list(marks)])

    # -- what is found --

    def nearest(self, collection: str, vector: Floats, count: int, where: Where) -> dict[str, Floats]:
        near = sql.SQL(_NEAR_BY_GRAPH if collection.endswith(_LARGE) else _NEAR).format(dim=sql.Literal(len(vector)))
        query = _of(_NEAREST, collection, where=_where(where), near=near)
        return _vectors(self._rows(query, asked=str(vector.tolist()), count=count, **_given(where)))

    def matching(self, collection: str, weights: Mapping[int, float], count: int, where: Where) -> dict[str, float]:
        table: sql.Composable = sql.Identifier(collection)
        if collection.endswith(_LARGE):
            table = sql.SQL(_PROPOSED).format(table=table, where=_where(where))
        found = self._rows(
            sql.SQL(_MATCHING).format(table=table, where=_where(where)),
            asked=_sparse_text(weights),
            terms=list(weights),
            words=" ".join(map(_word, weights)),
            index=collection + _WORDS,
            looked_at=max(_DEEPER * count, engine.LEAST_LOOKED_AT),
            count=count,
            **_given(where),
        )
        return {key: float(worth) for key, worth in found}

    def holding(self, collection: str, terms: Sequence[int], where: Where) -> list[str]:
        query = "select key from {table} where terms @> %(terms)s::bigint[] and {where}"
        found = self._rows(_of(query, collection, where=_where(where)), terms=list(terms), **_given(where))
        return [str(key) for (key,) in found]

    def vectors(self, collection: str, keys: Sequence[str]) -> dict[str, Floats]:
        query = _of("select key, vector::real[] from {table} where key = any(%(keys)s)", collection)
        return _vectors(self._rows(query, keys=list(keys)))

    def _rows(self, query: Any, **given: object) -> list[Any]:
        with self._session(self._timeout_s) as session:
            return list(session.execute(query, given, binary=True).fetchall())

    @contextmanager
    def _writing(self) -> Iterator[_Session]:
        """A transaction: written when it ends."""
        with self._session(engine.WRITE_S) as session, session.transaction():
            session.execute("select set_config('statement_timeout', %s, true)", [f"{engine.WRITE_S}s"])
            yield session

    def _put(self, session: _Session, collection: str, rows: Iterable[EnginePassage]) -> None:
        with session.cursor() as cursor:
            for batch in engine.batches(rows):
                cursor.executemany(_of(_PUT, collection), [_fields(row, collection) for row in batch])

    def _pointed(self, session: _Session) -> str:
        """The table that the view shows; "" for none. Raises IndexMismatch where somebody else uses the name."""
        name = self._address.name
        of_view = "select table_name from information_schema.view_table_usage"
        own = " where view_schema = current_schema() and view_name = %s"
        found = self._ours(session) & {str(table) for (table,) in session.execute(of_view + own, [name])}
        if not found and session.execute("select to_regclass(%s)", [name]).fetchone() != (None,):
            raise engine.name_taken(name, "a table or view")
        return max(found, default="")

    def _ours(self, session: _Session) -> set[str]:
        ours = re.compile(rf"{self._address.name}_[0-9a-f]{{16}}_[0-9a-f]{{8}}(?:{_LARGE})?")
        tables = session.execute("select tablename from pg_tables where schemaname = current_schema()")
        return {str(name) for (name,) in tables if ours.fullmatch(name)}

    @contextmanager
    def _session(self, limit_s: float) -> Iterator[_Session]:
        """What the engine said stands in the log. A session in which something went wrong is not used again."""
        session = None
        try:
            session = self._unused() or self._connected()
            session.limit_s = limit_s
            yield session
            self._idle.append(session)
            session = None
        except psycopg.Error as error:
            _log.warning("the search engine: %s", error)
            if isinstance(error, psycopg.errors.UndefinedTable):
                raise engine.lost() from error
            if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
                raise engine.unanswered() from error
            raise EngineUnavailable(
                "the search engine refuses what is asked of it, as the log says; see that its user may make tables"
            ) from error
        finally:
            if session is not None:
                session.close()

    def _unused(self) -> _Session | None:
        """One that is still good: where it has something to say before it is asked, the server has ended it."""
        while self._idle:
            session = self._idle.pop()
            with DefaultSelector() as heard:
                heard.register(session, EVENT_READ)
                if not heard.select(0):
                    return session
            session.close()
        return None

    def _connected(self) -> _Session:
        """Where a filter leaves too few, the graph goes on. Statements are planned anew for what they look for."""
        session: _Session = _Session.connect(
            self._address.uri,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=max(1, round(self._timeout_s)),
            application_name="quotewell",
            keepalives_idle=30,
        )
        session.limit_s = self._timeout_s
        session.execute(
            "select set_config('statement_timeout', %s, false), set_config('hnsw.ef_search', %s, false),"
            " set_config('hnsw.iterative_scan', 'relaxed_order', false)",
            [f"{self._timeout_s}s", str(engine.LEAST_LOOKED_AT)],
        )
        return session


def _of(query: str, table: str, **parts: Any) -> sql.Composed:
    """A statement of ours about this table: numbers become literals, the name a quoted identifier."""
    composed = {name: part if isinstance(part, sql.Composable) else sql.Literal(part) for name, part in parts.items()}
    return sql.SQL(query).format(table=sql.Identifier(table), **composed)


def _where(where: Where) -> sql.Composed:
    said = [text for name, text in _CONDITIONS.items() if getattr(where, name) not in (None, ())]
    return sql.SQL(" and ").join(map(sql.SQL, ["true", *said]))


def _given(where: Where) -> dict[str, object]:
    return where._asdict() | {"only": list(where.only), "never": list(where.never)}


def _fields(row: EnginePassage, table: str) -> tuple[object, ...]:
    words = " ".join(map(_word, row.numbers)) if table.endswith(_LARGE) else None
    return row.key, row.mark, row.day, str(row.vector.tolist()), list(row.weights), _sparse_text(row.weights), words


def _sparse_text(weights: Mapping[int, float]) -> str:
    of = sorted(engine.sparse(weights, _DIMENSIONS).items())
    return f"{{{','.join(f'{dimension}:{weight!r}' for dimension, weight in of)}}}/{_DIMENSIONS}"


def _vectors(rows: Iterable[tuple[str, Sequence[float]]]) -> dict[str, Floats]:
    return {key: np.array(vector, np.float32) for key, vector in rows}


def _word(number: int) -> str:
    return engine.digits(number).translate(_LETTERS)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
