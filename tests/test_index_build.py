"""Building: the index is what the files are, at the cost of what changed, however one got there."""

import json
import multiprocessing
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.build import Builder, Progress
from index.cleaning.clean import clean
from index.embedding.embedder import Encoded, HashEmbedder, OnText
from index.embedding.vectors import Encoding
from index.errors import BadInput, IndexMismatch, IndexMissing, NotFound
from index.formats.document import make_document
from index.formats.metadata import Facts
from index.records import Document
from index.search import Index, open_index
from index.settings import Settings
from index.shards import recipe
from index.storage import generation
from index.storage.docstore import hash_of, stored_as
from index.storage.snapshot import Snapshot
from index.storage.store import Store


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked to embed."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def encode_passages(self, texts: Sequence[str], on_text: OnText = lambda _: None) -> list[Encoded]:
        self.embedded += texts
        return super().encode_passages(texts, on_text)


@pytest.fixture
def counting() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def builder(hash_settings: Settings, counting: CountingEmbedder) -> Builder:
    return Builder(hash_settings.data, hash_settings, counting)


def opened(settings: Settings) -> Index:
    return open_index(settings.data, settings, HashEmbedder())


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def article(name: str, text: str) -> Document:
    return make_document(name, text, clean(text), Facts())


def files_of(data: Path) -> dict[str, bytes]:
    """The current generation, file by file."""
    folder = data / "generations" / generation.current(data)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# -- what a run does --


def test_a_first_run_adds_everything_and_says_so(
    builder: Builder, six_files: Path, hash_settings: Settings, six_articles: dict[str, str]
) -> None:
    report = builder.index([six_files])
    assert report.added == tuple(six_articles)
    assert (report.updated, report.deleted, report.unread, report.unchanged) == ((), (), (), 0)
    assert (report.documents, report.passages, report.embedded_passages) == (6, 6, 6)
    index = opened(hash_settings)
    assert index.document_ids == tuple(six_articles)
    assert report.version == index.version == generation.current(hash_settings.data)
    assert {name: index.document(name).text for name in index.document_ids} == six_articles
    assert report.tokens == sum(len(index.encodings([row])[0].tokens) for row in range(6))


def test_a_second_run_over_the_same_files_embeds_and_writes_nothing(
    builder: Builder, six_files: Path, counting: CountingEmbedder, hash_settings: Settings
) -> None:
    first = builder.index([six_files])
    before = files_of(hash_settings.data)
    stamps = {path: path.stat().st_mtime_ns for path in hash_settings.data.rglob("*.npy")}
    counting.embedded.clear()
    second = builder.index([six_files])
    assert counting.embedded == []
    assert (second.added, second.updated, second.unchanged, second.embedded_passages) == ((), (), 6, 0)
    assert (second.version, second.tokens) == (first.version, 0)
    assert files_of(hash_settings.data) == before
    assert {path: path.stat().st_mtime_ns for path in hash_settings.data.rglob("*.npy")} == stamps


def test_only_what_changed_is_embedded_again(
    builder: Builder, six_files: Path, counting: CountingEmbedder, hash_settings: Settings
) -> None:
    builder.index([six_files])
    counting.embedded.clear()
    write(six_files, "comet", "Comet Harrow was found by Ilse Brandt. It is green.")
    write(six_files, "zoo", "The zoo of Aldra keeps two old bears.")
    report = builder.index([six_files])
    assert (report.added, report.updated, report.unchanged, report.documents) == (("zoo",), ("comet",), 5, 7)
    assert sorted(counting.embedded) == [
        "comet\nComet Harrow was found by Ilse Brandt. It is green.",
        "zoo\nThe zoo of Aldra keeps two old bears.",
    ]
    assert opened(hash_settings).document("comet").text == "Comet Harrow was found by Ilse Brandt. It is green."


def test_a_fact_that_changed_is_a_change(builder: Builder, six_files: Path, hash_settings: Settings) -> None:
    builder.index([six_files])
    (six_files / "metadata.toml").write_text('[ferry]\nauthor = "Ann Lee"\n')
    assert builder.index([six_files]).updated == ("ferry",)
    assert opened(hash_settings).document("ferry").author == "Ann Lee"


def test_what_is_gone_from_the_folder_goes_only_when_asked(
    builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    builder.index([six_files])
    (six_files / "ferry.txt").unlink()
    assert builder.index([six_files]).documents == 6
    report = builder.index([six_files], prune=True)
    assert (report.deleted, report.documents, report.passages) == (("ferry",), 5, 5)
    index = opened(hash_settings)
    assert "ferry" not in index.document_ids
    assert all(hit.passage.document_id != "ferry" for hit in index.search("night ferry to Aldra", limit=10))


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_file_that_cannot_be_read_keeps_its_article_and_the_others_are_pruned(
    builder: Builder, six_files: Path, hash_settings: Settings, rebuild: bool
) -> None:
    builder.index([six_files])
    (six_files / "ferry.txt").write_bytes(b"\xff\xfe\x00")
    (six_files / "comet.txt").unlink()
    assert builder.index([six_files], prune=True, rebuild=rebuild).deleted == ("comet",)
    assert "ferry" in opened(hash_settings).document_ids
    (six_files / "ferry.txt").unlink()
    (six_files / "notes.odt").write_bytes(b"PK")  # no article by its type, so it hides none
    assert builder.index([six_files], prune=True, rebuild=rebuild).deleted == ("ferry",)


def test_nothing_is_pruned_for_a_folder_without_articles(
    builder: Builder, six_files: Path, tmp_path: Path, hash_settings: Settings
) -> None:
    builder.index([six_files])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="nothing was pruned: no article was read"):
        builder.index([tmp_path / "empty"], prune=True)
    assert len(opened(hash_settings).document_ids) == 6


def test_a_bad_file_is_reported_and_the_rest_is_indexed(builder: Builder, six_files: Path) -> None:
    (six_files / "bad.txt").write_bytes(b"\xff\xfe\x00")
    (six_files / "empty.txt").touch()
    report = builder.index([six_files])
    assert report.documents == 6
    assert [(Path(u.path).name, u.reason) for u in report.unread] == [
        ("bad.txt", report.unread[0].reason),
        ("empty.txt", "is empty"),
    ]


def test_a_path_that_is_not_there_leaves_nothing_behind(
    builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    for paths in ([six_files / "nowhere"], [six_files, six_files / "nowhere"]):
        with pytest.raises(NotFound, match="does not exist"):
            builder.index(paths)
        assert not hash_settings.data.exists()


def test_an_empty_folder_is_an_index_without_hits(builder: Builder, tmp_path: Path, hash_settings: Settings) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    report = builder.index([empty])
    assert (report.documents, report.passages, report.added) == (0, 0, ())
    index = opened(hash_settings)
    assert (index.document_ids, index.passage_count, index.search("Where is the ferry?", limit=5)) == ((), 0, [])


def test_an_article_that_is_all_heading_is_kept_and_has_no_passage(
    builder: Builder, tmp_path: Path, hash_settings: Settings
) -> None:
    folder = tmp_path / "in"
    write(folder, "heading", "# Nothing but a heading")
    assert builder.index([folder]).passages == 0
    index = opened(hash_settings)
    assert (index.document_ids, index.passages("heading")) == (("heading",), [])


def test_progress_tells_of_reading_embedding_and_publishing(builder: Builder, six_files: Path) -> None:
    told: list[Progress] = []
    builder.index([six_files], on_progress=told.append)
    assert [p for p in told if p.step == "reading"] == [Progress("reading", n, 6) for n in range(1, 7)]
    assert [p for p in told if p.step == "embedding"][-1] == Progress("embedding", 6, 6)
    assert told[-1] == Progress("publishing", 1, 1)
    assert all(p.done <= p.total for p in told)


def test_large_corpora_are_embedded_in_groups(
    tmp_path: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch, counting: CountingEmbedder
) -> None:
    monkeypatch.setattr("index.shards._GROUP_PASSAGES", 3)
    folder = tmp_path / "many"
    for n in range(10):
        write(folder, f"d{n}", f"Article {n} is about the harbour of Brin.")
    report = Builder(hash_settings.data, hash_settings, counting).index([folder])
    assert (report.documents, report.embedded_passages, len(counting.embedded)) == (10, 10, 10)
    index = opened(hash_settings)
    for row in range(10):
        alone = counting.encode_question(index.passage(row).search_text)
        made = Encoding.from_floats(alone.vector, alone.tokens, alone.offsets)
        assert np.array_equal(index.encodings([row])[0].vector, made.vector)


# -- the same documents are the same index --


def test_order_and_place_of_the_files_do_not_matter(
    tmp_path: Path, six_articles: dict[str, str], hash_builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    whole = hash_builder.index([six_files])
    other = tmp_path / "elsewhere"
    settings = hash_settings.model_copy(update={"data": tmp_path / "other"})
    builder = Builder(settings.data, settings, HashEmbedder())
    for name in reversed(six_articles):
        report = builder.index([write(other, name, six_articles[name])])
    assert report.version == whole.version
    assert files_of(hash_settings.data) == files_of(settings.data)


def test_what_is_deleted_and_added_again_is_the_same_index(
    hash_builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    before = hash_builder.index([six_files])
    text = opened(hash_settings).document("ferry").source
    without = hash_builder.delete("ferry").manifest
    assert (without.documents, without.version == before.version) == (5, False)
    assert opened(hash_settings).document_ids == tuple(sorted({"bakery", "bridge", "comet", "orchard", "theatre"}))
    assert hash_builder.put(article("ferry", text)).manifest.version == before.version
    assert opened(hash_settings).document("ferry").text == text


@pytest.mark.parametrize("change", [{"passage_tokens": 20}, {"overlap_sentences": 2}, {"stem": "light"}])
def test_another_way_of_building_is_another_version(
    change: dict[str, object], hash_builder: Builder, six_files: Path, hash_settings: Settings, tmp_path: Path
) -> None:
    settings = hash_settings.model_copy(update={"data": tmp_path / "other", **change})
    other = Builder(settings.data, settings, HashEmbedder()).index([six_files])
    assert other.version != hash_builder.index([six_files]).version
    assert recipe(settings, HashEmbedder()) != recipe(hash_settings, HashEmbedder())


# -- settings that do not fit the index --


@pytest.mark.parametrize("change", [{"passage_tokens": 20}, {"stem": "light"}])
def test_a_builder_with_other_settings_refuses_to_touch_the_index(
    change: dict[str, object], hash_builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    """Else passages or terms of two kinds would stand side by side under the name of one."""
    hash_builder.index([six_files])
    before = files_of(hash_settings.data)
    other = Builder(hash_settings.data, hash_settings.model_copy(update=change), HashEmbedder())
    for attempt in (
        lambda: other.index([six_files]),
        lambda: other.put(article("new", "Something new came.")),
        lambda: other.delete("ferry"),
    ):
        with pytest.raises(IndexMismatch, match=r"was built with .*quotewell index --rebuild --data"):
            attempt()
    assert files_of(hash_settings.data) == before
    assert "ferry" in opened(hash_settings).document_ids


def test_a_rebuild_makes_everything_anew_under_the_present_settings(
    hash_builder: Builder, six_files: Path, hash_settings: Settings, counting: CountingEmbedder
) -> None:
    first = hash_builder.index([six_files])
    hash_builder.put(article("from-elsewhere", "The museum of Brin shows old lamps."))
    settings = hash_settings.model_copy(update={"passage_tokens": 16, "stem": "light"})
    report = Builder(settings.data, settings, counting).index([six_files], rebuild=True)
    assert report.version != first.version
    assert (report.documents, len(report.updated), report.embedded_passages) == (7, 7, report.passages)
    assert report.passages > 7
    index = opened(settings)
    assert (index.recipe["passage_tokens"], index.stem) == (16, "light")
    assert index.document("from-elsewhere").text == "The museum of Brin shows old lamps."


def test_a_rebuild_with_prune_drops_what_is_gone_from_the_folder_and_nothing_else(
    hash_builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    hash_builder.index([six_files])
    hash_builder.put(article("from-elsewhere", "The museum of Brin shows old lamps."))
    (six_files / "ferry.txt").unlink()
    report = hash_builder.index([six_files], rebuild=True, prune=True)
    assert (report.documents, report.deleted) == (6, ("ferry",))
    assert "from-elsewhere" in opened(hash_settings).document_ids


def test_a_rebuild_of_the_same_files_is_the_same_index(
    hash_builder: Builder, six_files: Path, hash_settings: Settings
) -> None:
    before = hash_builder.index([six_files])
    arrays = files_of(hash_settings.data)
    assert hash_builder.index([six_files], rebuild=True).version == before.version
    assert files_of(hash_settings.data) == arrays


def earlier(settings: Settings, monkeypatch: pytest.MonkeyPatch, part: str) -> Builder:
    """A builder of a program whose cleaner, encoder or terms were others."""
    with monkeypatch.context() as then:
        then.setattr(f"index.shards.{part}", 0)
        return Builder(settings.data, settings, HashEmbedder())


@pytest.mark.parametrize("part", ["CLEANER", "ENCODER", "TERMS"])
def test_what_an_earlier_program_made_is_made_anew_with_a_word_and_without_being_asked(
    part: str,
    builder: Builder,
    six_files: Path,
    hash_settings: Settings,
    counting: CountingEmbedder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = earlier(hash_settings, monkeypatch, part)
    before.index([six_files])
    before.put(article("from-elsewhere", "The museum of Brin shows old lamps."))
    assert len(builder.plan([six_files]).updated) == 6
    assert not counting.embedded
    report = builder.index([six_files])
    said = f"is of an earlier Quotewell ({part.lower()} 0 where it is now "
    assert [said in told.message for told in caplog.records] == [True, True]
    assert (report.documents, report.embedded_passages) == (7, report.passages)
    assert json.loads(opened(hash_settings).generation.manifest.recipe) == json.loads(
        recipe(hash_settings, HashEmbedder())
    )
    assert builder.index([six_files]).embedded_passages == 0


def test_what_an_earlier_program_made_takes_articles_and_lets_them_go(
    builder: Builder, six_files: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a server that was brought up to date could no longer delete what somebody wants gone."""
    earlier(hash_settings, monkeypatch, "CLEANER").index([six_files])
    builder.put(article("new", "The museum of Brin shows old lamps."))
    builder.delete("ferry")
    index = opened(hash_settings)
    assert "ferry" not in index.document_ids
    assert index.search("museum of Brin", limit=1)[0].passage.document_id == "new"


def test_what_was_encoded_otherwise_lets_articles_go_and_takes_none(
    builder: Builder, six_files: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier(hash_settings, monkeypatch, "ENCODER").index([six_files])
    with pytest.raises(IndexMismatch, match=r"earlier Quotewell \(encoder .*anew with: quotewell index --data .*$"):
        builder.put(article("new", "The museum of Brin shows old lamps."))
    builder.delete("ferry")
    assert "ferry" not in opened(hash_settings).document_ids


# -- one document, as a server takes it --


def test_one_document_is_put_replaced_and_deleted(hash_builder: Builder, hash_settings: Settings) -> None:
    assert hash_builder.put(article("a", "The ferry leaves at nine.")).manifest.documents == 1
    assert hash_builder.put(article("a", "The ferry leaves at ten.")).manifest.documents == 1
    assert opened(hash_settings).document("a").text == "The ferry leaves at ten."
    assert hash_builder.delete("a").manifest.documents == 0
    assert opened(hash_settings).search("ferry", limit=5) == []


def test_deleting_what_is_not_there_says_so(hash_builder: Builder, hash_settings: Settings) -> None:
    with pytest.raises(IndexMissing, match="no index in"):
        hash_builder.delete("a")
    hash_builder.put(article("a", "The ferry leaves at nine."))
    with pytest.raises(NotFound, match="no document 'b' in .*list them with: quotewell documents"):
        hash_builder.delete("b")


def test_an_article_that_is_put_costs_no_look_at_the_files_and_records_of_others_and_one_at_their_hashes(
    hash_builder: Builder, six_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_builder.index([six_files])
    serving = hash_builder.put(article("a", "The ferry leaves at nine."))
    looked: dict[str, list[object]] = {"files": [], "hashes": []}

    def watched(name: str, real: Any) -> Any:
        return lambda now, *ids: (looked[name].append(ids), real(now, *ids))[1]  # type: ignore[func-returns-value]

    for name in looked:
        monkeypatch.setattr(Snapshot, name, watched(name, getattr(Snapshot, name)))
    monkeypatch.setattr("index.storage.docstore.head_records", lambda _: pytest.fail("all records were read"))
    changed = hash_builder.put(article("a", "The ferry leaves at ten."), serving)
    assert hash_of(changed.content, "a") == article("a", "The ferry leaves at ten.").sha256
    assert looked["files"]
    assert all(ids == (["a"],) for ids in looked["files"])
    assert looked["hashes"] == [()]
    assert hash_of(hash_builder.delete("a", changed).content, "a") is None


def test_what_others_wrote_is_seen_by_who_wrote_another_article_last(hash_builder: Builder, six_files: Path) -> None:
    hash_builder.index([six_files])
    serving = hash_builder.put(article("a", "The ferry leaves at nine."))
    with Store.open(serving.folder.parents[1]) as store:
        store.delete("ferry")
    changed = hash_builder.put(article("a", "The ferry leaves at ten."), serving)
    assert hash_of(changed.content, "ferry") is None
    with Store.open(serving.folder.parents[1], readonly=True) as store:
        assert stored_as(changed.content) == store.hashes()


# -- interruption and company --


def test_an_interrupted_run_keeps_what_was_committed_and_the_next_ends_the_same(
    hash_builder: Builder, six_files: Path, hash_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pulled(Exception):
        """The plug."""

    def pull(*_: object) -> None:
        raise Pulled

    whole = hash_builder.index([six_files])
    shutil.rmtree(hash_settings.data)
    hash_builder.put(article("old", "The old index goes on answering."))
    standing = generation.current(hash_settings.data)
    with monkeypatch.context() as during:
        during.setattr(generation, "publish", pull)
        with pytest.raises(Pulled):
            hash_builder.index([six_files])
    assert generation.current(hash_settings.data) == standing
    with Store.open(hash_settings.data, readonly=True) as store:
        stored = tuple(store.hashes())
    assert len(stored) == 7
    assert opened(hash_settings).document_ids == stored  # whoever opens it has what was committed
    again = hash_builder.index([six_files])
    assert again.embedded_passages == 0
    assert hash_builder.delete("old").manifest.version == whole.version


def test_a_data_folder_that_cannot_be_made_is_a_clear_error(six_files: Path, hash_settings: Settings) -> None:
    settings = hash_settings.model_copy(update={"data": six_files / "ferry.txt" / "data"})
    with pytest.raises(BadInput, match="no index can be made in"):
        Builder(settings.data, settings, HashEmbedder()).index([six_files])


def put_ten(settings: Settings, writer: str) -> None:
    builder = Builder(settings.data, settings, HashEmbedder())
    for n in range(10):
        builder.put(article(f"{writer}{n}", f"Article {n} of writer {writer} is about the harbour. " * 30))


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing_and_leave_one_whole_index(hash_settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=put_ten, args=(hash_settings, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    index = opened(hash_settings)
    assert index.document_ids == tuple(sorted(f"{name}{n}" for name in "ab" for n in range(10)))
    with Store.open(hash_settings.data, readonly=True) as store:
        assert store.verify() == []
