"""One conformance suite for search engines: what an engine holds answers as what is held in memory.

It runs over a small engine of its own, over Milvus Lite where the extra `milvus` is installed, over a real PostgreSQL
where the extra `postgres` and the wheel of tests/postgres.txt are, and over a server at QUOTEWELL_TEST_STORE, such as
milvus+http://localhost:19530/test or postgresql://localhost/app/test, whose collections of that name it replaces.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from shutil import chown, rmtree
from tempfile import mkdtemp
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from fastapi.testclient import TestClient

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.embedding.vectors import Floats
from index.engines import engine as engines
from index.engines.content import Collected, marks_of
from index.engines.engine import Address, EnginePassage, Where, engine_name, engine_of
from index.engines.milvus import Milvus, filter_of
from index.errors import BadSetting, EngineUnavailable, IndexDamaged, IndexMismatch, NotFound
from index.ranking.filters import EVERYTHING, Filters
from index.records import Hit
from index.search import Index, open_index
from index.settings import load_settings
from index.storage.store import Store
from index.verify import verify
from rag.assistant import assistant_over
from server.app import create_app
from tests.conftest import SIX_ARTICLES, until
from tests.make import document
from tests.rigs.rig import written_in_turn

SERVER = os.environ.pop("QUOTEWELL_TEST_STORE", "")  # no setting of ours
QUESTIONS = (
    "Who discovered Comet Harrow?",
    "When did the Marten bakery open, and who runs it?",
    "What did the repairs of the bridge cost in 2019?",
    "Which apples grow in the Tamm valley?",
    "the the of the",
    "Zorp?",
)
HOSTILE = ('a" or 1 == 1', "b'] or document != '", "c\\", "d\n-0", "%s{e}", "日本 é", "x" * 200)


class SmallEngine:
    """What is asked of an engine, by looking at every row."""

    version = "small"

    def __init__(self) -> None:
        self.collections: dict[str, dict[str, EnginePassage]] = {}
        self.down = False
        self._numbers = count()

    def alive(self) -> str:
        if self.down:
            raise EngineUnavailable("the search engine does not answer")
        return self.version

    def rows(self, collection: str) -> dict[str, EnginePassage]:
        self.alive()
        if collection not in self.collections:
            raise IndexDamaged("the search engine no longer holds this index")
        return self.collections[collection]

    def count(self, collection: str, dim: int) -> int:
        assert all(row.vector.shape == (dim,) for row in self.rows(collection).values())
        return len(self.rows(collection))

    def fill(self, version: str, dim: int, rows: Iterable[EnginePassage], count: int) -> str:
        name = f"made_{version}_{next(self._numbers)}"
        self.collections[name] = {}
        self.upsert(name, rows)
        return name

    def upsert(self, collection: str, rows: Iterable[EnginePassage]) -> None:
        self.rows(collection).update({row.key: row for row in rows})

    def delete(self, collection: str, marks: Sequence[str]) -> None:
        for key in [key for key, row in self.rows(collection).items() if row.mark in marks]:
            del self.rows(collection)[key]

    def nearest(self, collection: str, vector: Floats, count: int, where: Where) -> dict[str, Floats]:
        best = sorted(self._within(collection, where), key=lambda row: (-float(row.vector @ vector), row.key))
        return {row.key: row.vector for row in best[:count]}

    def matching(self, collection: str, weights: Mapping[int, float], count: int, where: Where) -> dict[str, float]:
        rows = self._within(collection, where)
        scores = {
            row.key: sum(weights[n] * row.weights[n] for n in weights.keys() & row.weights.keys())
            for row in rows
            if weights.keys() & row.weights.keys()
        }
        return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:count])

    def holding(self, collection: str, terms: Sequence[int], where: Where) -> list[str]:
        return [row.key for row in self._within(collection, where) if row.weights.keys() >= {*terms}]

    def vectors(self, collection: str, keys: Sequence[str]) -> dict[str, Floats]:
        return {key: self.rows(collection)[key].vector for key in keys if key in self.rows(collection)}

    def _within(self, collection: str, where: Where) -> list[EnginePassage]:
        return [
            row
            for row in self.rows(collection).values()
            if (where.first is None or row.day >= where.first)
            and (where.last is None or row.day <= where.last)
            and (not where.only or row.mark in where.only)
            and row.mark not in where.never
        ]


def lite(folder: Path) -> str:
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed: pip install '.[milvus]'")
    return str(folder / "lite.db")


class PostgresServer:
    """A real one with its extensions, from a wheel, for this process alone: reached by a socket in its folder."""

    def __init__(self) -> None:
        found, self._names = find_spec("pgserver"), count()
        assert found and found.origin
        self._programs = Path(found.origin).parent / "pginstall" / "bin"
        self.folder = Path(mkdtemp(prefix="pg"))
        self._user = "nobody" if os.geteuid() == 0 else None  # it refuses root
        if self._user:
            chown(self.folder, self._user)
        given = "-U app -A trust --locale=C.UTF-8 -N".split()
        made = [str(self._programs / "initdb"), "-D", str(self.folder), *given]
        subprocess.run(made, user=self._user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.start()
        for extension in ("vector", "pg_textsearch"):
            self.run(f"create extension {extension}")

    def start(self) -> None:
        given = {"listen_addresses": "", "fsync": "off", "shared_preload_libraries": "pg_textsearch"}
        command = [str(self._programs / "postgres"), "-D", str(self.folder), "-k", str(self.folder)]
        command += [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, user=self._user, cwd=self.folder, stdout=log, stderr=log)
        until(lambda: "ready to accept" in (self.folder / "log").read_text("utf-8"))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def address(self, name: str = "", *, user: str = "app", database: str = "postgres", options: str = "") -> str:
        """Under a name of its own."""
        where = f"host={self.folder}&options={options}"
        return f"postgresql://{user}@/{database}/{name or f'n{next(self._names)}'}?{where}"

    def run(self, statement: str, *given: object, database: str = "postgres") -> list[Any]:
        with self.session(database) as session:
            done = session.execute(statement, given)
            return list(done.fetchall() if done.description else ())

    @contextmanager
    def session(self, database: str = "postgres") -> Iterator[Any]:
        import psycopg

        with closing(psycopg.connect(f"postgresql://app@/{database}?host={self.folder}", autocommit=True)) as session:
            yield session


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install '.[postgres]'")
    if not find_spec("pgserver"):
        pytest.skip("no PostgreSQL server is installed: pip install --no-deps -r tests/postgres.txt")
    try:
        server = PostgresServer()
    except PermissionError:
        pytest.skip("PostgreSQL refuses root, and the user nobody cannot reach where it is installed")
    yield server
    server.stop()
    rmtree(server.folder)


def by_indexes(monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything is proposed by indexes from now on, as of a large collection; an option of PostgreSQL for it.

    The wheel has a pg_textsearch that loses rows when its server is killed, which nobody does here.
    """
    monkeypatch.setattr(engines, "EXACT_TO", 0)
    monkeypatch.setattr("index.engines.postgres.LEAST_WORDS", (1, 0))
    return "%20".join(f"-c%20enable_{way}%3Doff" for way in ("seqscan", "sort", "bitmapscan"))


@pytest.fixture(params=["small", "lite", "postgres", "postgres by indexes", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The setting `store` for each engine that there is."""
    if request.param == "small":
        engine = SmallEngine()
        monkeypatch.setattr(engines, "_connected", lambda *_: engine)
        yield "small.db"
    elif request.param == "lite":
        yield lite(tmp_path)
        engines._connected.cache_clear()
    elif request.param.startswith("postgres"):
        server: PostgresServer = request.getfixturevalue("postgres")
        yield server.address(options=by_indexes(monkeypatch) if request.param != "postgres" else "")
        engines._connected.cache_clear()
    elif SERVER:
        yield SERVER
    else:
        pytest.skip("no server: set QUOTEWELL_TEST_STORE to its address")


class Pair:
    """The same articles twice: searched in an engine and in memory."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder, self.embedder = folder, HashEmbedder()
        given = {"embedder": "hash", "passage_tokens": 16, "depth": 20, "reader": "trained", "threshold": 0.0}
        self.settings = load_settings(data=folder / "engine", store=store, **given)
        self.plain = load_settings(data=folder / "memory", **given)

    def builders(self) -> list[Builder]:
        return [Builder(own.data, own, self.embedder) for own in (self.settings, self.plain)]

    def index(self, articles: Mapping[str, str], days: Mapping[str, str] | None = None, **how: Any) -> None:
        file = self.folder / "articles.jsonl"
        lines = ({"_id": name, "title": name, "text": text} for name, text in articles.items())
        dated = ({**line, "published": (days or {}).get(line["_id"]), "author": f"A. {line['_id']}"} for line in lines)
        file.write_text("".join(json.dumps(line) + "\n" for line in dated), "utf-8")
        for builder in self.builders():
            builder.index([file], **how)

    def opened(self) -> tuple[Index, Index]:
        engine, memory = (open_index(own.data, own, self.embedder) for own in (self.settings, self.plain))
        assert Collected.of(engine.generation.content) and not Collected.of(memory.generation.content)
        return engine, memory

    def engine(self) -> Any:
        return engine_of(self.settings)

    def collection(self) -> str:
        found = Collected.of(self.opened()[0].generation.content)
        assert found
        return found.collection


@pytest.fixture
def pair(tmp_path: Path, store: str) -> Pair:
    return Pair(tmp_path, store)


def told(hits: Sequence[Hit]) -> list[object]:
    """All of a hit; scores to 12 digits, as rank_bm25's mean weight is added up in another order."""
    return [
        (hit.row, hit.passage, dict(hit.ranks), {name: pytest.approx(s, rel=1e-12) for name, s in hit.scores.items()})
        for hit in hits
    ]


def assert_same(engine: Index, memory: Index, filters: Filters = EVERYTHING) -> None:
    for question in QUESTIONS:
        found, wanted = (index.search(question, limit=20, filters=filters) for index in (engine, memory))
        assert told(wanted) == [(hit.row, hit.passage, dict(hit.ranks), dict(hit.scores)) for hit in found]
    assert sorted(engine.lexical.numbers) == sorted(memory.lexical.numbers)
    assert sorted(engine.written_forms()) == sorted(memory.written_forms())
    assert engine.document_ids == memory.document_ids
    for term in memory.lexical.numbers:
        assert engine.lexical.document_frequency(term) == memory.lexical.document_frequency(term)
        assert engine.lexical.idf(term) == pytest.approx(memory.lexical.idf(term), rel=1e-12)
        assert engine.written(term) == memory.written(term)
        assert engine.lexical.holding([term]).tolist() == memory.lexical.holding([term]).tolist()
    for row in range(memory.passage_count):
        assert engine.encodings([row])[0] == memory.encodings([row])[0]


def articles_in(folder: Path) -> Path:
    folder.mkdir()
    for name, text in SIX_ARTICLES.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def days_of(articles: Iterable[str]) -> dict[str, str]:
    """The last one has none."""
    return {
        name: f"2024-0{month}-01" for month, name in enumerate(sorted(articles), start=1) if month < len(SIX_ARTICLES)
    }


def test_what_an_engine_holds_is_found_as_in_memory(pair: Pair) -> None:
    pair.index(SIX_ARTICLES, days_of(SIX_ARTICLES))
    engine, memory = pair.opened()
    assert_same(engine, memory)
    for filters in (
        Filters(documents=frozenset({"comet", "ferry"})),
        Filters(authors=frozenset({"A. bakery"})),
        Filters(published_from=date(2024, 2, 1), published_to=date(2024, 4, 1)),
        Filters(documents=frozenset({"nobody"})),
    ):
        for question in QUESTIONS:
            found, wanted = (index.search(question, limit=20, filters=filters) for index in (engine, memory))
            assert told(wanted) == [(hit.row, hit.passage, dict(hit.ranks), dict(hit.scores)) for hit in found]


def test_a_past_day_and_what_is_left_out_are_as_if_never_indexed(pair: Pair) -> None:
    pair.index(SIX_ARTICLES, days_of(SIX_ARTICLES))
    engine, memory = pair.opened()
    for day in (date(2023, 1, 1), date(2024, 1, 1), date(2024, 3, 15), date(2030, 1, 1)):
        assert_same(engine.as_of(day), memory.as_of(day))
    assert_same(engine.without({"comet"}), memory.without({"comet"}))
    assert_same(engine.without({"comet"}).as_of(date(2024, 3, 15)), memory.without({"comet"}).as_of(date(2024, 3, 15)))


def test_answers_and_citations_are_the_same(pair: Pair) -> None:
    pair.index(SIX_ARTICLES, days_of(SIX_ARTICLES))
    for question in QUESTIONS[:-2]:
        one, other = (assistant_over(index, pair.plain).ask(question, explain=True) for index in pair.opened())
        assert (one.text, one.citations, one.status) == (other.text, other.citations, other.status)
        assert one.citations
    early = [assistant_over(index, pair.plain).ask(QUESTIONS[0], as_of=date(2024, 1, 2)) for index in pair.opened()]
    assert early[0].text == early[1].text and early[0].reason == early[1].reason


def test_updates_and_deletes_are_followed_and_older_snapshots_answer_on(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.index(SIX_ARTICLES, days_of(SIX_ARTICLES))
    before = pair.opened()
    for builder in pair.builders():
        builder.put(document("The comet Marten is a bakery of ice. Nobody runs it.", "comet", sha256="1"))
        builder.put(document("A lighthouse stands at Aldra since 1904.", "lighthouse", sha256="2"))
    assert_same(*pair.opened())
    assert_same(*before)
    assert pair.engine().count(pair.collection(), pair.embedder.dim) > pair.opened()[0].passage_count
    monkeypatch.setattr("index.engines.content._STAYS_S", -1)
    for builder in pair.builders():
        builder.delete("ferry")
    engine, memory = pair.opened()
    assert pair.engine().count(pair.collection(), pair.embedder.dim) == engine.passage_count
    assert_same(engine, memory)
    with pytest.raises(NotFound):
        engine.document("ferry")
    mark = dict(zip(before[0].document_ids, marks_of(before[0].generation.content), strict=True))["ferry"]
    found = pair.engine().nearest(pair.collection(), engine.encode("ferry").vector, 100, Where(only=(mark,)))
    assert found == {}
    pair.index(SIX_ARTICLES, days_of(SIX_ARTICLES), prune=True)
    assert_same(*pair.opened())


def test_what_is_kept_in_memory_beside_the_served_index_is_in_the_engine(pair: Pair) -> None:
    pair.index(SIX_ARTICLES)
    serving = [index.generation for index in pair.opened()]
    for number in range(4):
        one = document(f"Lamp number {number} of the museum in Brin is old.", f"lamp{number % 3}", sha256=str(number))
        serving = [builder.put(one, generation) for builder, generation in zip(pair.builders(), serving, strict=True)]
    serving = [builder.delete("comet", gen) for builder, gen in zip(pair.builders(), serving, strict=True)]
    assert not any(generation.written for generation in serving)
    both = [Index(gen, pair.embedder, own) for gen, own in zip(serving, (pair.settings, pair.plain), strict=True)]
    assert_same(both[0], both[1])
    assert_same(*pair.opened())


def test_names_that_look_like_filters_are_only_names(pair: Pair) -> None:
    for number, name in enumerate(HOSTILE):
        for builder in pair.builders():
            builder.put(document(f"The comet of number {number} has a tail.", name, author=name, sha256=str(number)))
    engine, memory = pair.opened()
    assert_same(engine, memory)
    for name in HOSTILE:
        hits = engine.search("comet tail", limit=20, filters=Filters(documents=frozenset({name})))
        assert [hit.passage.document_id for hit in hits] == [name]
        assert engine.search(f'{name} " or 1 == 1 --', limit=20)
    for builder in pair.builders():
        builder.delete(HOSTILE[0])
    assert_same(*pair.opened())
    assert pair.engine().count(pair.collection(), pair.embedder.dim) == len(HOSTILE) - 1


def test_where_few_of_many_are_seen_the_engine_is_asked_for_more(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.engines.found._MOST_MARKS", 1)
    pair.index({f"n{number:03}": f"The comet number {number} has a tail." for number in range(120)})
    engine, memory = pair.opened()
    for names in ({"n007", "n119"}, {f"n{number:03}" for number in range(60, 120)}):
        filters = Filters(documents=frozenset(names))
        found, wanted = ([h.row for h in i.search("comet tail", limit=60, filters=filters)] for i in (engine, memory))
        assert found == wanted and len(found) == min(len(names), 60)


def test_an_index_is_opened_again_as_it_was_written(pair: Pair) -> None:
    pair.index(SIX_ARTICLES)
    collection = pair.collection()
    pair.index(SIX_ARTICLES)  # nothing changed
    assert pair.collection() == collection
    assert pair.opened()[0].version != pair.opened()[1].version  # an engine's nearest vectors may be other ones


def test_switching_between_engine_and_memory_embeds_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.index(SIX_ARTICLES)
    memory = open_index(pair.settings.data, pair.settings.model_copy(update={"store": ""}), pair.embedder)
    assert memory.version == pair.opened()[1].version
    assert_same(*pair.opened())


def test_a_lost_collection_is_filled_again_from_the_store(pair: Pair) -> None:
    pair.index(SIX_ARTICLES)
    engine, _ = pair.opened()
    lost = pair.collection()
    lose(pair.engine(), lost)
    with pytest.raises(IndexDamaged):
        engine.search(QUESTIONS[0], limit=5)
    assert engine.generation.is_damaged  # so that a server looks for a whole one
    assert_same(*pair.opened())
    assert pair.collection() != lost


def test_passages_that_an_engine_lacks_are_noticed(pair: Pair) -> None:
    pair.index(SIX_ARTICLES)
    mark = marks_of(pair.opened()[0].generation.content)[2]
    pair.engine().delete(pair.collection(), [mark])
    report = verify(pair.settings)
    assert any("the search engine holds" in said for said in report.mended)
    assert_same(*pair.opened())


def lose(engine: Any, collection: str) -> None:
    if isinstance(engine, SmallEngine):
        del engine.collections[collection]
    elif not isinstance(engine, Milvus):
        with engine._writing() as session:
            session.execute(f"drop table {collection} cascade")
    else:
        engine._client.drop_alias(engine._address.name)
        engine._client.drop_collection(collection)


def test_a_graph_over_few_vectors_misses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "EXACT_TO", 0)
    pair = Pair(tmp_path, lite(tmp_path))
    pair.index(SIX_ARTICLES, days_of(SIX_ARTICLES))
    assert_same(*pair.opened())
    assert pair.engine()._client.describe_index(pair.collection(), "vector")["index_type"] == "HNSW"
    engines._connected.cache_clear()


def test_rebuilding_fills_a_new_collection_and_drops_the_one_before_the_last(tmp_path: Path) -> None:
    pair = Pair(tmp_path, lite(tmp_path))
    seen = []
    for tokens in (16, 32, 64):
        pair.settings = pair.settings.model_copy(update={"passage_tokens": tokens})
        pair.plain = pair.plain.model_copy(update={"passage_tokens": tokens})
        pair.index(SIX_ARTICLES, rebuild=True)
        assert_same(*pair.opened())
        seen.append(pair.collection())
    client = pair.engine()._client
    assert sorted(client.list_collections()) == sorted(seen[1:])
    assert client.describe_alias("quotewell")["collection_name"] == seen[-1]
    engines._connected.cache_clear()


# -- failures --


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Pair, SmallEngine]:
    engine = SmallEngine()
    monkeypatch.setattr(engines, "_connected", lambda *_: engine)
    return Pair(tmp_path, "small.db"), engine


def test_a_server_says_that_the_engine_is_down_and_goes_on_when_it_is_back(small: tuple[Pair, SmallEngine]) -> None:
    pair, engine = small
    pair.index(SIX_ARTICLES)
    engine.down = True
    question = {"question": QUESTIONS[0]}
    with TestClient(create_app(pair.settings.model_copy(update={"without_key": "admin"}))) as client:
        until(lambda: "search engine" in client.get("/readyz").text)
        down = client.post("/ask", json=question)
        assert (down.status_code, down.json()["type"]) == (503, "/docs/problems#engine-unavailable")
        assert int(down.headers["retry-after"]) > 0
        engine.down = False
        until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/ask", json=question).json()["status"] == "answered"
        engine.down = True
        down = client.post("/ask", json={"question": QUESTIONS[1]})
        assert (down.status_code, down.json()["type"]) == (503, "/docs/problems#engine-unavailable")
        assert int(down.headers["retry-after"]) > 0
        put = client.put("/v1/documents/new", json={"text": "The museum of Brin is closed on Mondays."})
        assert put.status_code == 503
        with Store.open(pair.settings.data, readonly=True) as store:
            assert "new" not in store.hashes()  # what was not acknowledged is not there
        gone = client.delete("/v1/documents/comet")
        assert gone.status_code == 503
        assert client.get("/v1/documents/comet").status_code == 404  # at once, all the same
        engine.down = False
        until(lambda: client.post("/ask", json=question).status_code == 200)
        assert "Comet Harrow was" not in client.post("/ask", json=question).text


def test_a_server_without_the_engine_makes_its_own_index(small: tuple[Pair, SmallEngine]) -> None:
    pair, engine = small
    pair.index(SIX_ARTICLES)
    engine.down = True
    with TestClient(create_app(pair.settings.model_copy(update={"store": ""}))) as client:
        until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/ask", json={"question": QUESTIONS[0]}).json()["status"] == "answered"


def test_a_write_that_fails_half_way_is_found_once_the_engine_is_back(
    small: tuple[Pair, SmallEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, engine = small
    pair.index(SIX_ARTICLES)
    new = document("The museum of Brin is closed on Mondays.", "new", sha256="1")
    with monkeypatch.context() as patch:
        patch.setattr(engine, "upsert", lambda *_: engine.rows("gone"))
        patch.setattr(engine, "fill", lambda *_: refuse())
        with pytest.raises(EngineUnavailable):
            pair.builders()[0].put(new)
    pair.builders()[1].put(new)
    assert_same(*pair.opened())


def refuse() -> None:
    raise EngineUnavailable("the search engine does not answer")


def test_nothing_is_written_where_the_engine_is_down(small: tuple[Pair, SmallEngine]) -> None:
    pair, engine = small
    pair.index(SIX_ARTICLES)
    engine.down = True
    (builder, _), text = pair.builders(), "The museum of Brin is closed on Mondays."
    for work in (lambda: builder.put(document(text, "new", sha256="1")), lambda: builder.index([pair.folder])):
        with pytest.raises(EngineUnavailable):
            work()
    with Store.open(pair.settings.data, readonly=True) as store:
        assert sorted(store.hashes()) == sorted(SIX_ARTICLES)


@pytest.mark.parametrize(
    "store",
    [
        *("http://h:1/n", "milvus+http://h:1/", "milvus+http://h:1/a-b", "milvus+http://:1/n", "milvus+http://[h/n"),
        *("postgresql://h/n", "postgresql://h/db/A", "postgresql://h/db/" + "n" * 31, "postgres://h/db/a;drop"),
    ],
)
def test_an_address_that_is_none_is_refused_without_being_told(store: str) -> None:
    with pytest.raises(BadSetting, match="is no address of a search engine") as refused:
        Address.parse(store)
    assert store not in str(refused.value)


def test_an_address_has_a_server_a_name_and_perhaps_a_password() -> None:
    assert Address.parse("milvus+https://us%40r:p%2Fw@m.example/news") == Address(
        "https://m.example:19530", "news", "us@r:p/w"
    )
    assert Address.parse("some/where.db") == Address("some/where.db", "quotewell")
    assert Address.parse("postgresql://us%40r:p%2Fw@a:1,b:2/base/news?sslmode=require") == Address(
        "postgresql://us%40r:p%2Fw@a:1,b:2/base?sslmode=require", "news"
    )


def test_a_file_of_any_name_is_of_milvus() -> None:
    assert [engine_name(load_settings(store=at)) for at in ("", "postgres.db", "postgres://h/d/n")] == [
        *("", "milvus", "postgres")
    ]


def test_a_filter_is_made_of_digits() -> None:
    where = Where(first=1, last=2, only=("0af1",), never=("00", "01"))
    assert filter_of(where) == (
        'published >= 1 and published <= 2 and document in ["0af1"] and document not in ["00", "01"]'
    )
    assert filter_of(Where()) == ""


def connected(address: str, timeout_s: float = 1) -> Milvus:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed: pip install '.[milvus]'")
    return Milvus(Address.parse(address), timeout_s)


def test_an_engine_that_is_not_there_or_says_nothing_is_unavailable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(EngineUnavailable, match="does not answer, or not in time"):
            connected(f"milvus+http://127.0.0.1:{port}/n")
    with pytest.raises(EngineUnavailable, match="does not answer, or not in time"):
        connected(f"milvus+http://127.0.0.1:{port}/n")


def test_an_engine_that_stops_answering_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(tmp_path, lite(tmp_path))
    pair.index(SIX_ARTICLES)
    engine, _ = pair.opened()
    client, error = pair.engine()._client, pair.engine()._pymilvus.MilvusException

    def slow(*_: object, **given: Any) -> None:
        assert given["timeout"] == pair.settings.store_timeout_s
        raise error(code=2, message="deadline exceeded at 10.0.0.7:19530")

    monkeypatch.setattr(client, "search", slow)
    with pytest.raises(EngineUnavailable) as told_of:
        engine.search(QUESTIONS[0], limit=5)
    assert "10.0.0.7" not in str(told_of.value)
    engines._connected.cache_clear()


@pytest.mark.parametrize(("version", "taken"), [("v2.4.15", False), ("2.5.0", True), ("v3.0.1", True), ("odd", False)])
def test_only_a_server_that_can_do_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: bool
) -> None:
    pymilvus = pytest.importorskip("pymilvus", reason="pymilvus is not installed: pip install '.[milvus]'")
    monkeypatch.setattr(pymilvus.MilvusClient, "get_server_version", lambda *_, **__: version)
    address = lite(tmp_path)
    if taken:
        assert connected(address).version == f"Milvus {version}"
    else:
        with pytest.raises(EngineUnavailable, match=f"Milvus {version}; 2.5 or newer is needed"):
            connected(address)


def test_vectors_of_another_size_are_refused(tmp_path: Path) -> None:
    engine = connected(lite(tmp_path))
    made = engine.fill("0" * 16, 8, [EnginePassage("a" * 16, 0, 0, np.zeros(8, np.float32), {1: 1.0}, [1])], 1)
    assert engine.count(made, 8) == 1
    with pytest.raises(IndexMismatch, match="vectors of 8 numbers where the embedder makes 384"):
        engine.count(made, 384)


def test_a_name_that_somebody_uses_is_not_taken(tmp_path: Path) -> None:
    engine = connected(lite(tmp_path))
    engine._create("quotewell", 8, exact=True)
    with pytest.raises(IndexMismatch, match="take another name"):
        engine.fill("0" * 16, 8, [], 0)


@pytest.mark.parametrize(("package", "store"), [("milvus", "a.db"), ("postgres", "postgresql://h/d/n")])
def test_without_its_package_an_engine_says_which_extra_it_needs(
    package: str, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pymilvus", "psycopg", "index.engines.postgres"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EngineUnavailable, match=rf"pip install '.\[{package}\]'"):
        engine_of(load_settings(store=store))


# -- PostgreSQL --


def postgres_at(store: str, timeout_s: float = 5) -> Any:
    from index.engines.postgres import Postgres

    return Postgres(Address.parse(store), timeout_s)


ROWS = [EnginePassage(f"{at:016x}", 0, at, np.eye(8, dtype=np.float32)[at % 8], {at: 1.0}, [at]) for at in range(40)]


def test_postgres_finds_by_its_indexes_what_is_best_by_our_weights(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = postgres_at(postgres.address(options=by_indexes(monkeypatch)))
    made = engine.fill("0" * 16, 8, ROWS, len(ROWS))
    asked = Mock(wraps=engine._rows)
    monkeypatch.setattr(engine, "_rows", asked)
    assert engine.nearest(made, ROWS[3].vector, 5, Where()).keys() == {ROWS[at].key for at in (3, 11, 19, 27, 35)}
    weights = {5: 1.0, 6: 3.0, 7: 2.0}
    assert engine.matching(made, weights, 2, Where()) == {ROWS[6].key: 3.0, ROWS[7].key: 2.0}
    assert engine.matching(made, weights, 9, Where(never=(ROWS[6].mark,))) == {ROWS[7].key: 2.0, ROWS[5].key: 1.0}
    assert engine.holding(made, [5], Where()) == [ROWS[5].key]
    for call, index in zip(asked.call_args_list[:2], ("vector_idx", f"{made}_w"), strict=True):
        with engine._session(5) as session:
            plan = str(session.execute("explain " + call.args[0].as_string(session), call.kwargs).fetchall())
        assert "Index Scan" in plan and index in plan


def test_postgres_is_filled_at_once_or_not_at_all(postgres: PostgresServer) -> None:
    engine = postgres_at(postgres.address("whole"))

    def tables() -> set[str]:
        return {name for (name,) in postgres.run("select relname from pg_class where relname ~ '^whole_.*[^x]$'")} - {
            name for (name,) in postgres.run("select indexname from pg_indexes")
        }

    made = [engine.fill("0" * 16, 8, ROWS[:two], two) for two in (2, 3)]
    with pytest.raises(OSError, match="torn"):
        engine.fill("0" * 16, 8, (ROWS[0] if at else torn() for at in (1, 0)), 2)
    assert tables() == {*made} and postgres.run("select count(*) from whole") == [(3,)]
    made.append(engine.fill("0" * 16, 16, [], 0))  # vectors of another size
    assert tables() == {*made[1:]} and postgres.run("select count(*) from whole") == [(0,)]
    with pytest.raises(IndexMismatch, match="vectors of 16 numbers where the embedder makes 384"):
        engine.count(made[-1], 384)
    with pytest.raises(IndexDamaged, match="no longer holds"):
        engine.count(made[0], 8)


def torn() -> EnginePassage:
    raise OSError("torn")


def test_two_servers_share_a_folder_and_an_engine_and_follow_each_other(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """Neither holds a vector; what one is given is asked of the engine by the other."""
    settings = load_settings(data=tmp_path / "data", embedder="hash", store=postgres.address())
    Builder(settings.data, settings, HashEmbedder()).index([articles_in(tmp_path / "articles")])
    name_it = f"import os; os.environ['QUOTEWELL_STORE'] = {settings.store!r}; "
    failures, answers = written_in_turn(settings.data, 4, name_it)
    assert (failures, answers > 8) == (0, True)


def test_postgres_takes_no_name_that_somebody_uses(postgres: PostgresServer) -> None:
    postgres.run("create table theirs (x int)")
    with pytest.raises(IndexMismatch, match="take another name"):
        postgres_at(postgres.address("theirs")).fill("0" * 16, 8, [], 0)
    assert postgres.run("select count(*) from theirs") == [(0,)]


def test_postgres_without_what_is_needed_is_refused(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.run("create database bare")
    with pytest.raises(EngineUnavailable, match=r"with plpgsql 1.0; .* \(in this database: create extension vector"):
        postgres_at(postgres.address(database="bare"))
    engine = postgres_at(postgres.address())
    with monkeypatch.context() as patch:
        patch.setattr(engines, "EXACT_TO", 1)
        with pytest.raises(EngineUnavailable, match=r"for 2 passages pg_textsearch 1.3 or newer is needed"):
            engine.fill("0" * 16, 8, ROWS[:2], 2)
    for least, value, said in (
        ("LEAST_VERSION", (99,), "PostgreSQL 99"),
        ("LEAST_VECTOR", (9, 0), "the extension vector"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"index.engines.postgres.{least}", value)
            with pytest.raises(EngineUnavailable, match=rf"is PostgreSQL 1\d\.\d+ with .*vector 0.*; {said}"):
                postgres_at(postgres.address())


def test_postgres_says_when_its_user_may_not(postgres: PostgresServer) -> None:
    postgres.run("create role reader login")
    with pytest.raises(EngineUnavailable, match="refuses what is asked of it"):
        postgres_at(postgres.address(user="reader")).fill("0" * 16, 8, [], 0)
    with pytest.raises(EngineUnavailable, match="does not answer"):
        postgres_at(postgres.address(database="nowhere"))


def test_postgres_that_is_slow_stopped_or_silent_is_unavailable_in_time(postgres: PostgresServer) -> None:
    engine = postgres_at(postgres.address(), 0.5)
    made = engine.fill("0" * 16, 8, ROWS, len(ROWS))
    with postgres.session() as other, other.transaction():
        other.execute(f"lock table {made}")
        with pytest.raises(EngineUnavailable, match="not in time"):
            engine.nearest(made, ROWS[0].vector, 3, Where())
    ((process,),) = engine._rows("select pg_backend_pid()")
    os.kill(process, signal.SIGSTOP)
    with pytest.raises(EngineUnavailable, match="not in time"):
        engine.alive()
    os.kill(process, signal.SIGCONT)
    assert len(engine.nearest(made, ROWS[0].vector, 3, Where())) == 3
    postgres.stop()
    postgres.start()  # what was left idle is of no use any more
    assert engine.alive()
    postgres.stop()
    with pytest.raises(EngineUnavailable, match="does not answer"):
        engine.alive()
    postgres.start()
    assert engine.count(made, 8) == len(ROWS)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(EngineUnavailable, match="not in time"):
            postgres_at(f"postgresql://h:secret@127.0.0.1:{port}/d/n", 0.5)


def test_a_password_in_an_address_that_is_none_is_told_nobody(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(BadSetting) as refused:
        postgres_at("postgresql://us:sec ret@h/d/n")
    assert "sec" not in f"{refused.value}{caplog.text}"


def test_another_engine_takes_over_and_embeds_nothing(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, pair = SmallEngine(), Pair(tmp_path, "small.db")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "_connected", lambda *_: small)
        pair.index(SIX_ARTICLES)
    pair.settings = pair.settings.model_copy(update={"store": postgres.address()})
    monkeypatch.setattr(pair.embedder, "encode_passages", None)
    assert open_index(pair.settings.data, pair.settings, pair.embedder).passage_count
    monkeypatch.undo()
    assert_same(*pair.opened())
    engines._connected.cache_clear()
