"""The search index on disk: whole or not there, never wrong, and made again from the store whenever in doubt."""

import json
import shutil
import tracemalloc
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import IndexDamaged, IndexMissing
from index.search import Index, open_index
from index.settings import Settings
from index.storage.generation import (
    FORMAT,
    Generation,
    GenerationManifest,
    current,
    load,
    pointed,
    publish,
    put_aside,
    version_of,
)
from index.storage.pieces import Arrays, Content, Pieces
from tests import make

ARRAYS: Arrays = {"vectors": np.eye(3, dtype=np.float32), "names_json": np.arange(5, dtype=np.uint8)}
WORDS = [b"one", b"", b"and two"]


def put(data: Path, version: str) -> Generation:
    content = Content(dict(ARRAYS), {"passages": Pieces.of(WORDS)})
    return publish(data, content, GenerationManifest(FORMAT, version, 7, '{"a": 1}', 2, content.passages, {}, ""))


def versions(data: Path) -> set[str]:
    return {path.name for path in (data / "generations").iterdir() if path.is_dir() and path.name[0] != "."}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_was_published_is_what_is_loaded(tmp_path: Path) -> None:
    made = put(tmp_path, "v1")
    manifest = made.manifest
    assert current(tmp_path) == "v1"
    assert (manifest.sequence, manifest.recipe, manifest.documents, manifest.passages) == (7, '{"a": 1}', 2, 3)
    for found in (made, load(tmp_path, "v1")):
        assert found.manifest == manifest
        assert found.content.arrays.keys() == ARRAYS.keys()
        assert list(found.content.pieces["passages"]) == WORDS
        for name, values in ARRAYS.items():
            assert np.array_equal(found.array(name), values) and found.array(name).dtype == values.dtype
    assert not any(values.flags.writeable for values in load(tmp_path, "v1").content.arrays.values())


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    put(tmp_path / "a", "v1")
    put(tmp_path / "b", "v1")
    assert contents(tmp_path / "a" / "generations" / "v1") == contents(tmp_path / "b" / "generations" / "v1")


def test_only_the_current_generation_is_kept(tmp_path: Path) -> None:
    for number in range(1, 5):
        put(tmp_path, f"v{number}")
        assert (current(tmp_path), versions(tmp_path)) == (f"v{number}", {f"v{number}"})
    pointed(tmp_path, load(tmp_path, "v4"))
    assert (current(tmp_path), versions(tmp_path)) == ("v4", {"v4"})


def test_a_dropped_generation_can_still_be_read_by_who_has_it(tmp_path: Path) -> None:
    put(tmp_path, "v1")
    loaded = load(tmp_path, "v1")
    put(tmp_path, "v2")
    assert "v1" not in versions(tmp_path)
    assert np.array_equal(loaded.array("vectors"), np.eye(3))
    assert list(loaded.content.pieces["passages"]) == WORDS


def test_what_is_damaged_after_it_was_loaded_is_noticed_and_never_read(tmp_path: Path) -> None:
    loaded = put(tmp_path, "v1")
    assert not loaded.is_damaged
    for path in loaded.folder.iterdir():
        path.write_bytes(b"")  # cut off: a map would end the process
    assert np.array_equal(loaded.array("vectors"), np.eye(3))
    with pytest.raises(IndexDamaged, match=r"passages\.bin is damaged"):
        loaded.content.pieces["passages"][2]
    assert loaded.is_damaged


def test_what_an_interrupted_run_left_behind_does_no_harm_and_goes(tmp_path: Path) -> None:
    put(tmp_path, "v1")
    root = tmp_path / "generations"
    for name in (".v2.4711", ".generation.new"):
        (root / name).mkdir()
        (root / name / "vectors.npy").write_bytes(b"half")
    (root / ".CURRENT.new").write_text("v2")
    (root / "v3").mkdir()  # no manifest: as if renamed by hand
    assert current(tmp_path) == "v1"
    assert np.array_equal(load(tmp_path, "v1").array("vectors"), np.eye(3))
    put(tmp_path, "v2")
    put(tmp_path, "v3")
    assert {path.name for path in root.iterdir()} == {"v3", "CURRENT", ".lock"}
    load(tmp_path, "v3")


def test_no_index_at_all_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"no search index in '.*'; build one with: quotewell index PATH --data"):
        current(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", "null", '{"format": 1}', "\0", "not json", "[" * 50])
def test_a_manifest_that_is_none_is_damage(tmp_path: Path, text: str) -> None:
    put(tmp_path, "v1")
    (tmp_path / "generations" / "v1" / "manifest.json").write_text(text)
    with pytest.raises(IndexDamaged, match=r"manifest\.json"):
        load(tmp_path, "v1")


def test_a_generation_under_another_name_is_damage(tmp_path: Path) -> None:
    put(tmp_path, "v1")
    (tmp_path / "generations" / "v1").rename(tmp_path / "generations" / "v2")
    with pytest.raises(IndexDamaged, match="version v1"):
        load(tmp_path, "v2")


def test_the_latest_damaged_generation_is_kept_for_whoever_wants_to_look(tmp_path: Path) -> None:
    put(tmp_path, "v1")
    put_aside(tmp_path, "v1")
    put_aside(tmp_path, "v1")
    put_aside(tmp_path, "v2")
    for number in range(2, 6):
        put(tmp_path, f"v{number}")
    assert contents(tmp_path / "generations" / ".damaged").keys() == {
        *("manifest.json", "names_json.npy", "vectors.npy"),
        *("passages.bin", "passages_sizes.npy", "passages_digests.npy"),
    }
    assert versions(tmp_path) == {"v5"}


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=4), st.text(max_size=4))
def test_a_version_is_a_matter_of_recipe_and_documents_and_nothing_else(hashes: dict[str, str], recipe: str) -> None:
    def made(recipe: str, hashes: dict[str, str]) -> str:
        return version_of(recipe, sorted(hashes.items()))

    version = made(recipe, hashes)
    assert version == sha256(json.dumps([FORMAT, recipe, sorted(hashes.items())]).encode()).hexdigest()[:16]
    assert version != made(recipe + " ", hashes)
    assert version != made(recipe, hashes | {"new": "x"})
    assert all(version != made(recipe, hashes | {name: hashes[name] + "0"}) for name in hashes)


def test_opening_an_index_holds_no_more_than_what_it_keeps(tmp_path: Path) -> None:
    big = np.zeros((1000, 1000), np.float32)
    manifest = GenerationManifest(FORMAT, "v1", 7, "{}", 2, 0, {}, "")
    publish(tmp_path, Content({"vectors": big}, {"tokens": Pieces.of([bytes(3_000_000)])}), manifest)
    each = ((f"{number:06}", "0" * 64) for number in range(40_000))
    tracemalloc.start()
    try:
        version_of("{}", each)
        _, named = tracemalloc.get_traced_memory()
        load(tmp_path, "v1")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert named < 1_000_000  # their names alone are more
    assert most < big.nbytes + 500_000


# -- damage, and what mends it --

NAMES = [
    "CURRENT", "manifest.json", "vectors.npy", "token_dim.npy", "tokens.bin", "tokens_sizes.npy",
    "tokens_digests.npy", "terms.bin", "terms_sizes.npy", "terms_digests.npy", "lexical_vocabulary.npy",
    "lexical_indptr.npy", "lexical_rows.npy", "lexical_counts.npy", "lexical_places.npy", "lexical_lengths.npy",
    "passages.bin", "passages_sizes.npy", "passages_digests.npy", "documents.bin", "documents_sizes.npy",
    "document_heads.npy", "documents_digests.npy", "document_first_rows.npy", "document_revisions.npy",
    "document_runs.npy", "document_characters.npy", "wording_text.npy", "wording_first_forms.npy",
    "wording_indptr.npy", "wording_rows.npy",
]  # fmt: skip


def answers(index: Index) -> list[object]:
    questions = ["Who runs the bakery?", "When was the comet seen?", "night ferry to Aldra"]
    return [index.search(question, limit=3) for question in questions]


def test_every_file_of_an_index_is_in_the_list_of_this_test(hash_index: Index) -> None:
    assert {path.name for path in hash_index.generation.folder.iterdir()} == set(NAMES) - {"CURRENT"}


DAMAGES = [
    *((name, "middle byte") for name in NAMES),
    *(("vectors.npy", damage) for damage in ("first byte", "last byte", "high bit", "cut", "empty", "gone", "longer")),
    *(("manifest.json", damage) for damage in ("high bit", "cut", "gone", "longer")),
    *(("CURRENT", damage) for damage in ("high bit", "cut", "empty", "gone", "longer")),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that is copied and never changed, and its articles."""
    folder = tmp_path_factory.mktemp("sound")
    bakery = "The Marten bakery opened in 1987. Oskar Lind runs it."
    make.indexed(folder, {"bakery": bakery, "comet": "Comet Harrow was last seen in 2026. It returns every 61 years."})
    return folder


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_no_answer_comes_from_damaged_data_and_the_next_run_makes_the_same_index_again(
    sound: Path, hash_settings: Settings, hash_builder: Builder, name: str, damage: str
) -> None:
    data = hash_settings.data
    shutil.copytree(sound / "data", data)
    index = open_index(data, hash_settings, HashEmbedder())
    folder = index.generation.folder
    before, said, pointer = contents(folder), answers(index), data / "generations" / "CURRENT"
    path = pointer if name == "CURRENT" else folder / name
    whole = path.read_bytes()
    place = {"first byte": 0, "last byte": len(whole) - 1}.get(damage, len(whole) // 2)
    flipped = bytearray(whole)
    flipped[place] ^= 0x80 if damage == "high bit" else 1
    path.write_bytes({"cut": whole[:-3], "empty": b"", "longer": whole + b"x"}.get(damage, bytes(flipped)))
    if damage == "gone":
        path.unlink()
    if name == "CURRENT":  # the store says which version is wanted
        assert open_index(data, hash_settings, HashEmbedder()).generation.folder == folder
    else:
        with pytest.raises(IndexDamaged):
            load(data, index.version)
    assert answers(open_index(data, hash_settings, HashEmbedder())) == said
    assert contents(folder) == before
    report = hash_builder.index([sound / "articles"])
    assert (report.unchanged, report.embedded_passages, report.version) == (2, 0, index.version)
    assert contents(folder) == before
    assert pointer.read_text() == index.version
    assert answers(open_index(data, hash_settings, HashEmbedder())) == said


def test_any_byte_of_the_manifest_counts(hash_index: Index, hash_settings: Settings) -> None:
    path = hash_index.generation.folder / "manifest.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        path.write_bytes(bytes(flipped))
        with pytest.raises(IndexDamaged):
            load(hash_settings.data, hash_index.version)


def test_an_index_that_is_lost_is_made_again_from_the_store(
    hash_index: Index, hash_settings: Settings, hash_builder: Builder, six_files: Path
) -> None:
    before = contents(hash_index.generation.folder)
    shutil.rmtree(hash_settings.data / "generations")
    said = answers(hash_index)
    assert answers(open_index(hash_settings.data, hash_settings, HashEmbedder())) == said
    assert contents(hash_index.generation.folder) == before
    assert hash_builder.index([six_files]).embedded_passages == 0
    assert contents(hash_index.generation.folder) == before


# -- another version's format --


def in_another_format(data: Path) -> None:
    """As a version of Quotewell with other arrays and another manifest would have left it."""
    folder = data / "generations" / current(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "version": manifest["version"], "old": True}))
    (folder / "lexical_rows.npy").unlink()
    renamed = folder.with_name("0123456789abcdef")
    folder.rename(renamed)
    (data / "generations" / "CURRENT").write_text(renamed.name)


def test_an_index_in_another_format_is_told_from_a_damaged_one(hash_index: Index, hash_settings: Settings) -> None:
    data = hash_settings.data
    in_another_format(data)
    with pytest.raises(IndexDamaged, match=f"is of format 1, this Quotewell reads format {FORMAT}; make it again with"):
        load(data, current(data))


def test_an_index_in_another_format_is_made_again_before_anything_is_asked_and_nothing_is_embedded(
    hash_index: Index, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = answers(hash_index)
    in_another_format(hash_settings.data)
    monkeypatch.delattr(HashEmbedder, "encode_passages")
    assert answers(open_index(hash_settings.data, hash_settings, HashEmbedder())) == said
    assert "making it again" in caplog.text
    assert current(hash_settings.data) == hash_index.version
    caplog.clear()
    assert answers(open_index(hash_settings.data, hash_settings, HashEmbedder())) == said
    assert caplog.text == ""
