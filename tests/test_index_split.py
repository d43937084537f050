"""Passages: runs of whole sentences that fit the embedder, whatever the article is made of."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.cleaning.clean import clean
from index.embedding.embedder import HashEmbedder, OnnxEmbedder
from index.records import Document, Passage, Span
from index.text.sentences import sentences
from index.text.split import SplitRule, split
from tests import make

PROSE = "The council of Brin met on Monday. It agreed the budget. The mayor paid for the tea. Nobody else did."
RULE = SplitRule(passage_tokens=160, max_tokens=256, overlap_sentences=1)
CountTokens = Callable[[Sequence[str]], list[int]]

hash_tokens = HashEmbedder().count_tokens


def document_of(text: str, *, title: str = "A title", headings: tuple[Span, ...] = ()) -> Document:
    return make.document(text, title=title, headings=headings)


def check_passages(document: Document, rule: SplitRule, count_tokens: CountTokens) -> list[Passage]:
    passages = split(document, rule, count_tokens)
    text = document.text
    for ordinal, passage in enumerate(passages):
        assert (passage.id, passage.document_id, passage.ordinal) == (f"{document.id}#{ordinal}", document.id, ordinal)
        assert text[passage.start : passage.end] == passage.text
        assert (passage.sentences[0].start, passage.sentences[-1].end) == (passage.start, passage.end)
        end = passage.start
        for span in passage.sentences:
            assert end <= span.start < span.end
            assert not text[end : span.start].strip()
            assert text[span.start : span.end] == text[span.start : span.end].strip()
            end = span.end
        assert not any(h.start < passage.end and passage.start < h.end for h in document.headings)
        assert count_tokens([passage.search_text])[0] + 2 <= rule.max_tokens
    starts = [passage.start for passage in passages]
    assert starts == sorted(set(starts))
    check_nothing_is_lost(document, passages)
    return passages


def check_nothing_is_lost(document: Document, passages: Sequence[Passage]) -> None:
    """Every character that is not blank and not of a heading is in a sentence of some passage."""
    taken = [char.isspace() for char in document.text]
    for span in [*document.headings, *(span for passage in passages for span in passage.sentences)]:
        taken[span.start : span.end] = [True] * (span.end - span.start)
    assert all(taken)


# -- the four articles --


@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_the_articles_are_split_as_promised(minilm: OnnxEmbedder, seeds: list[Document], overlap: int) -> None:
    rule = replace(RULE, overlap_sentences=overlap)
    for document in seeds:
        passages = check_passages(document, rule, minilm.count_tokens)
        whole = {span for p in passages for span in p.sentences}
        assert whole == {s for s in sentences(document.text) if s not in document.headings}
        sizes = minilm.count_tokens([p.text for p in passages])
        assert all(size <= 160 or len(p.sentences) == 1 for size, p in zip(sizes, passages, strict=True))


def test_a_passage_is_searched_with_title_and_heading_and_quoted_without(
    minilm: OnnxEmbedder, seeds: list[Document]
) -> None:
    passages = split(seeds[3], RULE, minilm.count_tokens)
    tariffs = [p for p in passages if "nearly $800 billion" in p.text]
    assert [p.context for p in tariffs] == ["Mexico’s options one week into Trump’s second term · Tariff threats"]
    assert tariffs[0].search_text == f"{tariffs[0].context}\n{tariffs[0].text}"
    assert passages[0].context == "Mexico’s options one week into Trump’s second term"
    assert not any("Tariff threats" in p.text for p in passages)


# -- windows --


def spans(passages: Sequence[Passage]) -> list[list[str]]:
    return [[p.text[a - p.start : b - p.start] for a, b in p.sentences] for p in passages]


def test_passages_are_greedy_and_share_as_many_sentences_as_are_set() -> None:
    """Sentences of 7, 4, 6 and 3 words, at most 11 in a passage."""
    one, two, three, four = (text + "." for text in PROSE.rstrip(".").split(". "))
    assert hash_tokens([one, two, three, four]) == [7, 4, 6, 3]
    for overlap, expected in {
        0: [[one, two], [three, four]],
        1: [[one, two], [two, three], [three, four]],
        2: [[one, two], [two, three], [three, four]],  # a second shared sentence would leave no room for a new one
    }.items():
        assert spans(split(document_of(PROSE), SplitRule(11, 64, overlap), hash_tokens)) == expected
    assert spans(split(document_of(PROSE), SplitRule(13, 64, 2), hash_tokens)) == [[one, two], [two, three, four]]
    assert spans(split(document_of(PROSE), SplitRule(20, 64, 1), hash_tokens)) == [[one, two, three, four]]


def test_a_sentence_larger_than_the_aim_is_a_passage_of_its_own() -> None:
    long = "Brin " + "word " * 30 + "end."
    assert [p.text for p in split(document_of(f"It began. {long} It ended."), SplitRule(16, 64, 1), hash_tokens)] == [
        "It began.",
        long,
        "It ended.",
    ]


def test_no_passage_runs_over_a_heading() -> None:
    cleaned = clean(f"{PROSE}\n\n## What it cost\n\n{PROSE}\n\n**Conclusions.** {PROSE}\n\n# The end")
    document = make.document(cleaned.text, title="A title", blocks=cleaned.blocks)
    passages = check_passages(document, RULE, hash_tokens)
    assert [p.context for p in passages] == ["A title", "A title · What it cost", "A title · Conclusions"]


@pytest.mark.parametrize("text", ["", " \n ", "Only a heading"])
def test_an_article_without_a_sentence_has_no_passage(text: str) -> None:
    headings = (Span(0, len(text)),) if text.strip() else ()
    assert split(document_of(text, headings=headings), RULE, hash_tokens) == []


# -- what does not fit --

HOSTILE = {
    "a sentence of 5,000 words": "Brin " + "budget " * 4998 + "end.",
    "a sentence with clauses": ("the council of Brin met, and the mayor paid for the tea; " * 400).strip(),
    "a word of 10,000 letters": "a" * 10_000,
    "a sentence of words that are tokenised otherwise as parts": " ".join(["x" * 40 + "internationally"] * 300) + ".",
    "words of just over a hundred letters": " ".join(["ab" * 52] * 200),
    "an address": "https://example.org/?" + "a=b&" * 2000,
    "signs of a script without blanks": "他" * 3000,
    "joined emoji": "👩‍👩‍👧‍👦" * 500,
    "combining marks": "e\u0301\u0323" * 3000,
    "punctuation": "!?" * 2000,
    "letters between punctuation": "a.b-c/" * 1500,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("title", ["word " * 500, "y" * 3000], ids=["huge title", "endless title"])
def test_nothing_is_ever_longer_than_the_embedder_reads(minilm: OnnxEmbedder, kind: str, title: str) -> None:
    document = document_of(HOSTILE[kind], title=title)
    assert check_passages(document, RULE, minilm.count_tokens)
    assert check_passages(document, RULE, hash_tokens)


def test_a_sentence_that_is_too_long_is_cut_after_clauses() -> None:
    text = "the council of Brin met, and the mayor paid for the tea; " * 20
    for passage in split(document_of(text), SplitRule(16, 40, 0), hash_tokens):
        assert passage.text.endswith((",", ";"))


def test_a_huge_title_never_crowds_out_the_text() -> None:
    (passage,) = split(document_of(PROSE, title="word " * 500), RULE, hash_tokens)
    assert 32 < hash_tokens([passage.context])[0] <= 64


WORDS = st.sampled_from(
    [
        "the", "Brin", "U.S.", "3.5", "budget,", "(tea)", "went.", "why?", "internationally", "他去了。", "👩‍👩‍👧",
        "a" * 90,
    ]
)  # fmt: skip
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=25).map(" ".join), max_size=8).map("\n\n".join)


@settings(max_examples=30, deadline=None)
@given(TEXTS, st.integers(16, 60), st.integers(0, 4), st.sampled_from(["", "A title", "many words " * 20]))
def test_any_text_is_split_as_promised(minilm: OnnxEmbedder, text: str, aim: int, overlap: int, title: str) -> None:
    document = document_of(text, title=title)
    check_passages(document, SplitRule(aim, 64, overlap), hash_tokens)
    check_passages(document, SplitRule(aim, 256, overlap), minilm.count_tokens)


@settings(max_examples=20, deadline=None)
@given(TEXTS, st.integers(16, 60))
def test_without_overlap_every_sentence_is_in_exactly_one_passage(text: str, aim: int) -> None:
    document = document_of(text)
    found = [span for p in split(document, SplitRule(aim, 1024, 0), hash_tokens) for span in p.sentences]
    assert found == sentences(text)
