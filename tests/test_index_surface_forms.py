"""How words are written: the form that most passages have, of each stem that is known."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import IndexDamaged
from index.ranking.lexical import LexicalRanker, SurfaceForms, Written, spelled, wording
from index.search import open_index
from index.settings import Settings
from index.storage.pieces import Lines
from index.text.words import Stem, stems, term_number, terms

SEEDS = Path(__file__).parent.parent / "seeds"

FORMS = st.lists(st.sampled_from([("a", "a"), ("a", "as"), ("a", "aing"), ("b", "b"), ("b", "bs")]), max_size=6)


def made(passages: list[list[tuple[str, str]]]) -> tuple[SurfaceForms, LexicalRanker]:
    lexical = LexicalRanker.build([[term for term, _ in passage] for passage in passages])
    arrays = wording(lexical.numbers, Written(passages))
    return SurfaceForms(arrays, lexical.numbers, np.ones(len(passages), np.bool_)), lexical


@given(st.lists(FORMS, max_size=8), st.integers(0, 255))
def test_the_written_form_is_that_of_most_passages_seen(passages: list[list[tuple[str, str]]], bits: int) -> None:
    rows = [row for row in range(len(passages)) if bits >> row & 1]
    seen = made(passages)[0].seeing(np.array(rows, np.int64))
    for stem in ("a", "b", "never"):
        counts = Counter(form for row in rows for term, form in set(passages[row]) if term == stem)
        best = sorted(counts, key=lambda form: (-counts[form], form))
        assert seen.written(stem) == (best[0] if best else "")


@given(st.text(st.characters(), max_size=60) | st.text("aA'\u2019sS.U \u00ad3,0é", max_size=30))
def test_the_terms_are_those_of_bm25_and_each_is_written_somewhere(text: str) -> None:
    kinds: list[Stem] = ["none", "light", "snowball"]
    for stem in kinds:
        found = spelled(text, terms(text, stem))
        assert [term for term, _ in found] == stems(text, stem)
        assert all(form and "\n" not in form for _, form in found)
        (passages, _) = made([found])
        assert all(passages.written(term) for term, _ in found)


def test_a_form_is_what_stands_in_the_text_in_lower_case() -> None:
    text = "México's TARIFFS, 312,000 U.S. ex\u00adports"
    found = spelled(text, terms(text, "snowball"))
    assert [form for _, form in found] == ["méxico", "tariffs", "312,000", "u.s", "exports"]


def test_an_index_knows_its_words_as_the_articles_write_them(hash_builder: Builder, hash_settings: Settings) -> None:
    hash_builder.index([SEEDS])
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())
    written = {stem: index.written(stem) for stem in ("tariff", "mexico", "export", "diplomaci", "usmca", "unheard")}
    assert written == {
        "tariff": "tariffs",
        "mexico": "mexico",
        "export": "exports",
        "diplomaci": "diplomacy",
        "usmca": "usmca",
        "unheard": "",
    }
    vocabulary = [*index.lexical.numbers]
    assert len(vocabulary) == len(set(vocabulary)) > 1000
    for stem in vocabulary:
        cuts = [terms(index.written(stem), "snowball", language) for language in ("en", "es")]  # those of the articles
        assert stem in {term.text for found in cuts for term in found}
        assert index.lexical.document_frequency(stem) >= 1


def test_a_narrower_view_knows_no_word_of_the_others_though_the_wider_was_asked_first() -> None:
    wide = made([[("tariff", "tariffs")], [("export", "exports")]])[0]
    assert wide.term_of("exports") == "export"
    narrow = wide.seeing(np.array([0]))
    assert (narrow.term_of("exports"), narrow.term_of("tariffs")) == ("", "tariff")


def test_no_passage_has_no_words() -> None:
    nothing = made([])[0]
    assert (nothing.forms(), nothing.term_of("tariffs"), nothing.written("tariff")) == ([], "", "")


def test_arrays_that_contradict_each_other_are_damage() -> None:
    passages = [[("a", "a"), ("b", "bs")], [("a", "as")]]
    arrays, numbers, seen = wording(["a", "b"], Written(passages)), Lines.of(["a", "b"]), np.ones(2, np.bool_)
    assert SurfaceForms(arrays, numbers, seen).written("b") == "bs"
    for name in ("first_forms", "indptr", "rows"):
        with pytest.raises(IndexDamaged, match="rebuild with"):
            SurfaceForms({**arrays, name: arrays[name][:-1]}, numbers, seen)


def test_the_terms_of_a_passage_stand_where_they_begin_in_every_view(
    hash_builder: Builder, hash_settings: Settings
) -> None:
    hash_builder.index([SEEDS])
    whole = open_index(hash_settings.data, hash_settings, HashEmbedder())
    for index in (whole, whole.without(whole.document_ids[:1])):
        for row in (0, index.passage_count - 1):
            found, places = terms(index.passage(row).search_text, index.stem), index.term_places(row)
            assert places.numbers.tolist() == [term_number(term.text) for term in found]
            assert places.starts.tolist() == [term.start for term in found]
