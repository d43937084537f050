"""Searching: both rankers' best, fused, the same hits every time, each with its reasons."""

import gc
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index import bootstrap
from index.build import Builder
from index.embedding.embedder import HashEmbedder, OnnxEmbedder
from index.embedding.vectors import Encoding, StoredPassage
from index.errors import IndexDamaged, IndexMissing, NotFound
from index.formats import read
from index.ranking.content import content_of
from index.ranking.fuse import convex_shares, ordered, reciprocal_shares
from index.records import Document, Passage, Scored
from index.search import Index, fuse, open_index
from index.settings import Settings, load_settings
from index.storage.docstore import DocStore
from index.storage.generation import Generation, load
from index.text.split import SplitRule, split

SEEDS = Path(__file__).parent.parent / "seeds"

QUESTIONS = {
    "Who has run the Marten bakery since 2011?": "bakery",
    "How much did the repairs of the Sollen bridge cost?": "bridge",
    "Who discovered comet Harrow?": "comet",
    "When does the night ferry leave?": "ferry",
    "What did the frost destroy in the Tamm valley?": "orchard",
    "How many people does the Linden theatre seat?": "theatre",
}


@pytest.mark.parametrize(("question", "expected"), QUESTIONS.items(), ids=QUESTIONS.values())
def test_the_article_that_answers_is_the_first_hit(hash_index: Index, question: str, expected: str) -> None:
    first = hash_index.search(question, limit=6)[0]
    assert first.passage.document_id == expected
    assert first.ranks == {"dense": 1, "lexical": 1}


def test_a_hit_is_what_the_index_holds_and_says_why_it_was_found(hash_index: Index) -> None:
    question = "Who discovered comet Harrow?"
    hits = hash_index.search(question, limit=6)
    rankings = {ranker.name: ranker.rank(question, 100) for ranker in hash_index.rankers}
    assert set(rankings) == {"lexical", "dense"}
    for hit in hits:
        assert hit.passage == hash_index.passage(hit.row)
        for name, ranking in rankings.items():
            places = {scored.row: (rank, scored.score) for rank, scored in enumerate(ranking, start=1)}
            assert (hit.ranks.get(name), hit.scores.get(name)) == places.get(hit.row, (None, None))
    assert [(h.row, h.score) for h in hits] == list(fuse(rankings, load_settings(embedder="hash")))
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_the_limit_cuts_and_changes_nothing_else(hash_index: Index) -> None:
    hits = hash_index.search("What leaves at nine in winter?", limit=6)
    assert len(hits) == 6
    for limit in range(1, 6):
        assert hash_index.search("What leaves at nine in winter?", limit=limit) == hits[:limit]


def test_equal_scores_are_in_the_order_of_passage_ids(
    hash_builder: Builder, hash_settings: Settings, tmp_path: Path
) -> None:
    text = "The ferry leaves at nine o'clock every day from the quay."
    lines = [json.dumps({"_id": name, "title": "Ferry times", "text": text}) for name in ("c", "a", "b", "a10", "a9")]
    corpus = tmp_path / "corpus.jsonl"  # of a corpus, all that say the same are kept
    corpus.write_text("\n".join(lines))
    hash_builder.index([corpus])
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())
    hits = index.search("When does the ferry leave?", limit=5)
    assert len({hit.score for hit in hits}) == 1
    assert [hit.passage.id for hit in hits] == ["a#0", "a10#0", "a9#0", "b#0", "c#0"]


def test_the_same_question_finds_the_same_in_every_thread_and_every_opening(
    hash_index: Index, hash_settings: Settings
) -> None:
    questions = list(QUESTIONS) * 5
    expected = [hash_index.search(question, limit=5) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: hash_index.search(question, limit=5), questions)) == expected
    again = open_index(hash_settings.data, hash_settings, HashEmbedder())
    assert [again.search(question, limit=5) for question in questions] == expected


@pytest.mark.parametrize("question", ["", " ", "?!", "the of and", "qqqq zzzz", "\0", "他去了", "x" * 5000])
def test_a_question_without_a_known_word_is_no_error(hash_index: Index, question: str) -> None:
    hits = hash_index.search(question, limit=3)
    assert len(hits) == 3
    assert all("lexical" not in hit.ranks for hit in hits)


def test_what_was_read_of_an_index_that_is_replaced_is_freed_at_once(
    hash_index: Index, hash_settings: Settings
) -> None:
    """Without a search for cycles, which come seldom: each article that is put leaves an index behind."""
    gc.disable()
    try:
        index = open_index(hash_settings.data, hash_settings, HashEmbedder())
        assert index.search("Who discovered comet Harrow?", limit=3) and index.document(hash_index.document_ids[0])
        read = [weakref.ref(values) for values in index.generation.content.arrays.values()]
        del index
        assert all(one() is None for one in read)
    finally:
        gc.enable()


def test_the_settings_say_how_rankings_are_fused() -> None:
    rankings = {"dense": [Scored(0, 0.9), Scored(1, 0.1)], "lexical": [Scored(1, 7.0), Scored(2, 3.0), Scored(0, 1.0)]}
    assert fuse(rankings, load_settings(fusion="rrf")) == ordered(reciprocal_shares(rankings))
    for weight in (0.0, 0.3, 1.0):
        expected = ordered(convex_shares(rankings, {"dense": weight, "lexical": 1 - weight}))
        assert fuse(rankings, load_settings(dense_weight=weight)) == expected
    assert [s.row for s in fuse(rankings, load_settings(dense_weight=1.0))][0] == 0
    assert [s.row for s in fuse(rankings, load_settings(dense_weight=0.0))][0] == 1


def test_the_depth_is_how_many_each_ranker_gives(hash_index: Index, hash_settings: Settings) -> None:
    shallow = hash_settings.model_copy(update={"depth": 1})
    index = open_index(hash_settings.data, shallow, HashEmbedder())
    assert [hit.passage.id for hit in index.search("Who discovered comet Harrow?", limit=6)] == ["comet#0"]


def test_a_question_is_encoded_once_however_many_ask(hash_index: Index) -> None:
    assert hash_index.encode("Who?") is hash_index.encode("Who?")


# -- what an index holds --


def test_documents_and_passages_are_as_they_were_read_and_split(
    hash_index: Index, six_files: Path, hash_settings: Settings
) -> None:
    embedder = HashEmbedder()
    row = 0
    for document in read([six_files]):
        assert isinstance(document, Document)
        assert hash_index.document(document.id) == document
        passages = split(document, SplitRule(160, 256, 1), embedder.count_tokens)
        assert hash_index.passages(document.id) == passages
        for passage in passages:
            encoded = embedder.encode_question(passage.search_text)
            kept, made = (
                hash_index.encodings([row])[0],
                Encoding.from_floats(encoded.vector, encoded.tokens, encoded.offsets),
            )
            assert hash_index.passage(row) == passage
            assert np.array_equal(kept.vector, made.vector)
            assert np.array_equal(kept.offsets, encoded.offsets)
            assert np.abs(kept.token_vectors() - encoded.tokens).max() <= 0.5 * kept.scales.max() + 1e-6
            row += 1
    assert hash_index.passage_count == row


def test_the_seeds_come_back_from_an_index_as_they_were_read(
    hash_builder: Builder, hash_settings: Settings, seeds: list[Document]
) -> None:
    hash_builder.index([SEEDS])
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())
    assert [index.document(name) for name in index.document_ids] == seeds


@pytest.mark.parametrize("name", ["nobody", "", "comet#0", "comet ", "\ud800"])
def test_a_document_that_is_not_there_says_how_to_find_those_that_are(hash_index: Index, name: str) -> None:
    for look in (hash_index.document, hash_index.passages):
        with pytest.raises(NotFound, match="no document '.*' in the index; list them with: quotewell documents"):
            look(name)


def embedded(passage: Passage, embedder: HashEmbedder) -> StoredPassage:
    (one,) = embedder.encode_passages([passage.search_text])
    return StoredPassage(passage, Encoding.from_floats(one.vector, one.tokens, one.offsets))


def test_a_shelf_gives_back_what_was_packed_and_in_its_order(seeds: list[Document]) -> None:
    embedder = HashEmbedder()
    found = [(d, split(d, SplitRule(60, 256, 1), embedder.count_tokens) if d in seeds[1:3] else []) for d in seeds]
    passages = [passage for _, own in found for passage in own]
    shelf = DocStore(content_of([(d, [embedded(p, embedder) for p in own]) for d, own in found], "light", embedder.dim))
    assert shelf.document_ids == tuple(d.id for d in seeds)
    assert [shelf.document(d.id) for d in seeds] == seeds
    assert [shelf.passage(row) for row in range(shelf.passage_count)] == passages
    rows = [shelf.rows_of(d.id) for d in seeds]
    assert [len(r) for r in rows] == [0, len(rows[1]), len(rows[2]), 0]
    assert [*rows[1], *rows[2]] == list(range(len(passages)))


def test_an_empty_shelf_is_a_shelf() -> None:
    shelf = DocStore(content_of([], "light", 3))
    assert (shelf.document_ids, shelf.passage_count) == ((), 0)


# -- opening --


def test_opening_nothing_says_how_to_build_something(hash_settings: Settings) -> None:
    with pytest.raises(IndexMissing, match="build one with: quotewell index PATH --data"):
        open_index(hash_settings.data, hash_settings)


def test_an_index_says_itself_which_embedder_it_needs(hash_index: Index, hash_settings: Settings) -> None:
    other = hash_settings.model_copy(update={"embedder": "minilm", "stem": "none", "passage_tokens": 20})
    index = open_index(hash_settings.data, other)
    assert index.stem == "snowball"
    question = "Who discovered comet Harrow?"
    assert index.search(question, limit=3) == hash_index.search(question, limit=3)


def test_a_generation_that_is_dropped_while_it_is_opened_gives_way_to_the_next(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes and publishes between the moment the store is read and the files are."""
    newer: list[str] = []

    def late(data: Path, version: str) -> Generation:
        if not newer:
            newer.append(hash_builder.delete("ferry").manifest.version)
        return load(data, version)

    monkeypatch.setattr(bootstrap, "load", late)
    assert open_index(hash_settings.data, hash_settings, HashEmbedder()).version == newer[0]


def test_a_generation_that_is_damaged_is_an_error_only_without_its_store(
    hash_index: Index, hash_settings: Settings
) -> None:
    whole = hash_index.generation.folder / "vectors.npy"
    whole.unlink()
    assert open_index(hash_settings.data, hash_settings, HashEmbedder()).version == hash_index.version
    whole.unlink()
    (hash_settings.data / "corpus.db").unlink()
    with pytest.raises(IndexDamaged, match=r"vectors\.npy cannot be read"):
        open_index(hash_settings.data, hash_settings, HashEmbedder())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "Which sectors gained from preferential access under the USMCA?",
            "such as automotive, electronics, manufacturing",
        ),
        ("How much of Mexico's exports went to the US in 2025?", "$552 billion"),
        ("How many consulates does Mexico run?", "53 consulates"),
        ("Who is Mexico's ambassador in Washington?", "Esteban Moctezuma"),
    ],
)
def test_the_articles_answer_with_the_real_embedder(
    minilm: OnnxEmbedder, seeds_data: Path, question: str, said: str
) -> None:
    hits = open_index(seeds_data, load_settings(data=seeds_data), minilm).search(question, limit=3)
    assert any(said in hit.passage.text for hit in hits)
