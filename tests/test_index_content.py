"""An index that was changed is, bit for bit, the one that would be made at once; its pieces are checked."""

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from sys import setprofile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding.embedder import HashEmbedder
from index.embedding.vectors import Encoding, StoredPassage
from index.errors import IndexDamaged
from index.ranking.content import content_of, merged, refuse_unlike
from index.ranking.lexical import LexicalRanker, SurfaceForms, Written, wording
from index.records import Document
from index.storage.docstore import DocStore, holders
from index.storage.pieces import Content, Lines, OpenFile, Packing, Pieces
from index.text.split import SplitRule, split
from tests.make import document

WORDS = "rye bread tariff Tariffs tariffs comet harrow comets ferry leaves nine aldra".split()
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join), min_size=1, max_size=3)
CORPUS = st.dictionaries(st.sampled_from("abcdefg"), TEXTS, max_size=5)


def content(corpus: dict[str, list[str]]) -> Content:
    return content_of(stored(corpus), "snowball", HashEmbedder().dim)


def stored(corpus: dict[str, list[str]]) -> list[tuple[Document, list[StoredPassage]]]:
    """Each paragraph is a passage."""
    embedder = HashEmbedder()
    found = []
    for name, paragraphs in sorted(corpus.items()):
        whole = document("\n\n".join(f"{text}." for text in paragraphs), name, sha256=repr(paragraphs))
        passages = []
        for passage in split(whole, SplitRule(2, embedder.max_tokens, 0), embedder.count_tokens):
            one = embedder.encode_passages([passage.search_text])[0]
            passages.append(StoredPassage(passage, Encoding.from_floats(one.vector, one.tokens, one.offsets)))
        found.append((whole, passages))
    return found


def same(one: Content, other: Content) -> bool:
    kinds = {name: (values.dtype, values.shape) for name, values in one.arrays.items()}
    return (
        kinds == {name: (values.dtype, values.shape) for name, values in other.arrays.items()}
        and all(np.array_equal(values, other.arrays[name]) for name, values in one.arrays.items())
        and {name: list(pieces) for name, pieces in one.pieces.items()}
        == {name: list(pieces) for name, pieces in other.pieces.items()}
    )


@given(CORPUS, CORPUS, st.sets(st.sampled_from("abcdefg")))
def test_what_is_changed_is_what_would_be_made(
    before: dict[str, list[str]], new: dict[str, list[str]], gone: set[str]
) -> None:
    after = {name: text for name, text in before.items() if name not in gone} | new
    changed = merged(content(before), frozenset(before) & (gone | new.keys()), content(new))
    assert same(changed, content(after))


def test_what_stays_is_not_looked_at_one_by_one() -> None:
    """So many calls are made, of Python and of what it calls: as many for four times as many articles, but for halving
    more often.
    """

    def calls(articles: int) -> int:
        before = content({f"{number:04}": ["nine leaves"] for number in range(articles)})
        changed, made = content({"0007": ["rye bread"]}), list[object]()
        setprofile(lambda *event: made.append(event[1]))
        try:
            merged(before, frozenset({"0007"}), changed)
        finally:
            setprofile(None)
        return len(made)

    assert calls(400) < calls(100) + 200


def test_who_says_all_of_another_is_known_after_a_change() -> None:
    said = [" ".join(f"{word} {number}" for number, word in enumerate(2 * WORDS)), "comets"]
    before = {"a": said[:1], "c": ["nine leaves"]}
    twice = merged(content(before), frozenset(), content({"b": said}))
    assert {head.id: head.held_by for head in DocStore(twice).heads} == {"a": ("b",), "b": (), "c": ()}
    once = merged(twice, frozenset({"b"}), content({}))
    assert same(once, content(before))
    assert not any(head.held_by for head in DocStore(once).heads)


def test_heads_are_not_parsed_to_know_that_nobody_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made = content({"a": ["nine leaves"], "c": ["comets"]})
    whole = document("Rye.", "b", title="], ", author='"], "')  # reads like one that is held
    assert holders(content_of([(whole, [])], "none", 1)) == {}
    monkeypatch.setattr("json.loads", lambda _: pytest.fail("parsed"))
    assert DocStore(made).held_by == {}


def test_an_index_by_whose_words_a_passage_is_found_that_has_them_not_is_refused() -> None:
    ((whole, passages),) = stored({"a": ["nine leaves"]})
    right, wrong = content({"a": ["nine leaves"]}), content({"a": ["nine comets leaves"]})
    hashes, drawn = {"a": whole.sha256}, [(whole, passages[-1])]
    refuse_unlike(right, 1, hashes, drawn, "snowball")
    words = {name: values for name, values in wrong.arrays.items() if name.startswith("lexical_")}
    with pytest.raises(IndexDamaged, match="'a'"):
        refuse_unlike(Content(right.arrays | words, right.pieces), 1, hashes, drawn, "snowball")
    for count, told in ((2, hashes), (1, {"a": "another"}), (2, {"b": whole.sha256})):
        with pytest.raises(IndexDamaged):
            refuse_unlike(right, count, told, drawn, "snowball")


def test_a_piece_is_read_where_it_stands_and_checked(tmp_path: Path) -> None:
    written = [b"first", b"", b"third one"]
    made = Pieces.of(written)
    (tmp_path / "pieces").write_bytes(b"".join(written))
    file = OpenFile(tmp_path / "pieces")
    pieces = Pieces.at(file, made.sizes, made.digests)
    assert list(pieces) == list(made) == written
    both = pieces.beside(made, np.array([5, 0, 3]))
    assert list(both) == [b"third one", b"first", b"first"]
    with (tmp_path / "pieces").open("r+b") as damaged:
        damaged.write(b"F")
    assert (pieces[2], file.damaged) == (b"third one", False)
    with pytest.raises(IndexDamaged, match="pieces is damaged"):
        pieces[0]
    assert file.damaged
    os.truncate(tmp_path / "pieces", 6)
    with pytest.raises(IndexDamaged):
        pieces[2]


def test_of_many_articles_no_piece_stays_in_memory_while_an_index_is_made(tmp_path: Path) -> None:
    """Here their token vectors alone are 24 MB."""
    passages = 2000
    rows = np.tile(np.eye(1, 60, dtype=np.float32), (200, 1))
    encoding = Encoding.from_floats(rows[0], rows, np.zeros((200, 2)))

    def found() -> Iterator[tuple[Document, list[StoredPassage]]]:
        for number in range(passages):
            whole = document(f"Word{number}.", f"article-{number:05}")
            (passage,) = split(whole, SplitRule(2, 256, 0), HashEmbedder().count_tokens)
            yield whole, [StoredPassage(passage, encoding)]

    tracemalloc.start()
    try:
        made = content_of(found(), "light", 60, folder=tmp_path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 15_000_000  # it was all of them, and some more
    assert [*made.pieces["tokens"]] == passages * [encoding.token_bytes()]
    assert not [*tmp_path.iterdir()]


def test_pieces_for_which_there_is_no_room_on_the_disk_stay_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [bytes([number]) * 400_000 for number in range(10)]

    def packed(folder: Path) -> Pieces:
        packing = Packing(folder)
        for one in written:
            packing.add(one)
        return packing.pieces()

    in_file, nowhere = packed(tmp_path), packed(tmp_path / "missing")
    append, left = OpenFile.append, [2_000_000]

    def short(file: OpenFile, more: bytearray) -> None:
        taken = more[: left[0]]
        left[0] -= len(taken)
        append(file, taken)
        if len(taken) < len(more):
            raise OSError("full")

    monkeypatch.setattr(OpenFile, "append", short)
    full = packed(tmp_path)
    assert [*in_file] == [*nowhere] == [*full] == written
    assert [isinstance(one.sources[0], OpenFile) for one in (in_file, nowhere, full)] == [True, False, False]


def test_what_was_replaced_is_not_kept_in_memory() -> None:
    """However often an article is put anew before the index is written."""
    now = content({"a": ["stays"], "b": ["version 0"]})
    for number in range(1, 5):
        now = merged(now, frozenset({"b"}), content({"b": [f"version {number}"]}))
    assert {name: len(pieces.sources) for name, pieces in now.pieces.items()} == dict.fromkeys(now.pieces, 2)


def test_a_file_that_is_deleted_can_be_read_by_who_has_it_open(tmp_path: Path) -> None:
    made = Pieces.of([b"words"])
    (tmp_path / "pieces").write_bytes(b"words")
    pieces = Pieces.at(OpenFile(tmp_path / "pieces"), made.sizes, made.digests)
    (tmp_path / "pieces").unlink()
    assert list(pieces) == [b"words"]


@pytest.mark.parametrize("lines", [[], [""], ["rye"], ["plumless", "", "buckeroo", "\ud800", "東京", "rye bread"]])
def test_a_line_is_found_by_its_number_and_its_number_by_the_line(lines: list[str]) -> None:
    """Two of these have the same CRC-32."""
    packed = Lines.of(lines)
    assert [packed.line(number) for number in range(len(packed))] == [*packed] == lines
    assert {line: packed[line] for line in lines} == {line: number for number, line in enumerate(lines)}
    assert packed.get("bread") is None
    with pytest.raises(IndexDamaged, match="has not 9 lines"):
        Lines(packed.text, 9)


def test_many_lines_come_in_their_order() -> None:
    lines = [str(number) for number in range(2500)]
    packed = Lines.of(lines)
    assert [*packed] == lines
    assert [packed[line] for line in lines[::100]] == [*range(0, 2500, 100)]


def test_what_is_opened_holds_hardly_more_than_the_arrays_that_were_read() -> None:
    """No string and no record for each article or term: looked up, too, they take few bytes each."""
    count = 3000
    documents = ((document(f"Word{number}.", f"article-{number:05}"), list[StoredPassage]()) for number in range(count))
    packed = content_of(documents, "light", 3)
    written = Written([(f"term{number}", f"term{number}s")] for number in range(count))
    arrays = LexicalRanker.of(written).to_arrays()
    said = wording(LexicalRanker.of(written).numbers, written)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        shelf, ranker = DocStore(packed), LexicalRanker.from_arrays(arrays)
        assert shelf.holds("article-00007") and ranker.document_frequency("term7") == 1
        forms = SurfaceForms(said, ranker.numbers, np.ones(count, np.bool_))
        assert forms.term_of("term7s") == "term7"
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / count < 120  # as strings and records they were nearly 400
