"""A citation is true of its document to the character, and what is not true of it is found."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.embedding.embedder import HashEmbedder
from index.errors import NotFound
from index.records import Document, Passage, Span, to_clean
from index.text.split import SplitRule, split
from rag.answer import Citation, Quote
from rag.citations import article_url, cite, fault
from tests import make

SOURCE = (
    "# Rye\n\n"
    "The **Marten** bakery opened on Quarry Street in 1987 for \\$552. It bakes _forty_ kinds of rye bread,\n"
    "day and night.\n\n"
    "Subscribe to our newsletter\n\n"
    "Oskar Lind has run it [alone](http://lind.example) since the spring of 2011.\n"
)
RULE = SplitRule(passage_tokens=160, max_tokens=256, overlap_sentences=1)


def document(source: str = SOURCE, id_: str = "rye") -> Document:
    known: dict[str, Any] = {
        "title": "Rye",
        "author": "Ada Reed",
        "published": date(2024, 5, 17),
        "inferred": ("title",),
    }
    return make.cleaned(source, id_, **known)


def passages(of: Document) -> list[Passage]:
    return split(of, RULE, HashEmbedder().count_tokens)


def quotes(of: Document) -> list[Quote]:
    return [make.quote(passage, sentence) for passage in passages(of) for sentence in passage.sentences]


def cited(of: Document) -> tuple[Citation, ...]:
    return cite(quotes(of), lambda _: of)


RYE = document()
BAKES = cited(RYE)[1]


def test_a_citation_is_verbatim_and_its_source_span_cleans_to_it() -> None:
    for citation in cited(RYE):
        assert RYE.text[citation.start : citation.end] == citation.quote
        source = Span(citation.source_start, citation.source_end)
        assert to_clean(RYE, source) == (citation.start, citation.end)
        assert fault(citation, RYE) == ""


def test_markup_is_not_quoted_but_lies_within_the_source_span() -> None:
    first, second, furniture, last = cited(RYE)
    assert first.quote == "The Marten bakery opened on Quarry Street in 1987 for $552."
    assert SOURCE[first.source_start : first.source_end] == (
        "The **Marten** bakery opened on Quarry Street in 1987 for \\$552."
    )
    assert second.quote == "It bakes forty kinds of rye bread, day and night."
    assert furniture.quote == "Subscribe to our newsletter"
    assert last.quote == "Oskar Lind has run it alone since the spring of 2011."
    assert SOURCE[last.source_start : last.source_end] == (
        "Oskar Lind has run it [alone](http://lind.example) since the spring of 2011."
    )


def test_a_citation_carries_what_a_reader_must_know_of_the_article() -> None:
    first, second, *others = cited(RYE)
    assert [c.marker for c in (first, second, *others)] == [1, 2, 3, 4]
    assert (first.title, first.author, first.published, first.inferred) == (
        "Rye",
        "Ada Reed",
        date(2024, 5, 17),
        ("title",),
    )
    assert (first.document_id, first.passage_id) == ("rye", "rye#0")
    assert second.url == f"/documents/rye#{second.start}-{second.end}"


def test_no_quotes_give_no_citations() -> None:
    assert cite([], lambda _: RYE) == ()


@pytest.mark.parametrize(
    ("forged", "found"),
    [
        (replace(BAKES, quote="It bakes fifty kinds of rye bread, day and night."), "verbatim"),
        (replace(BAKES, quote=BAKES.quote.upper()), "verbatim"),
        (replace(BAKES, quote=f"{BAKES.quote} "), "verbatim"),
        (replace(BAKES, quote=""), "verbatim"),
        (replace(BAKES, quote="", end=BAKES.start), "verbatim"),
        (replace(BAKES, quote="\n\n", start=BAKES.end, end=BAKES.end + 2), "verbatim"),
        (replace(BAKES, start=BAKES.start - 1), "verbatim"),
        (replace(BAKES, end=BAKES.end + 1), "verbatim"),
        (replace(BAKES, start=len(RYE.text) + 5, end=len(RYE.text) + 9), "verbatim"),
        (replace(BAKES, start=BAKES.start - len(RYE.text), end=BAKES.end - len(RYE.text)), "source"),
        (replace(BAKES, source_start=BAKES.source_start + 1), "source"),
        (replace(BAKES, source_end=BAKES.source_end - 1), "source"),
        (replace(BAKES, source_start=BAKES.source_start - 2), "source"),
        (replace(BAKES, source_start=0, source_end=0), "source"),
        (replace(BAKES, source_start=len(SOURCE), source_end=len(SOURCE) + 9), "source"),
    ],
)
def test_every_forged_citation_is_found_and_named(forged: Citation, found: str) -> None:
    assert found in fault(forged, RYE)
    assert fault(forged, RYE).startswith("[2] ")


def test_a_citation_of_another_article_is_found() -> None:
    assert "not of 'other'" in fault(BAKES, document(SOURCE, "other"))
    assert "is not verbatim" in fault(BAKES, document(SOURCE.replace("forty", "fifty"), BAKES.document_id))


def false_quotes() -> list[Quote]:
    true = quotes(RYE)[1]
    other = passages(document(SOURCE.replace("forty", "fifty")))[0]
    return [
        replace(true, passage=other),  # the document has changed since the passage was made
        replace(true, start=true.end, end=true.end + 2),  # the white space between paragraphs
        replace(true, start=true.end, end=true.end),
        replace(true, start=len(RYE.text), end=len(RYE.text) + 4),
        replace(true, start=true.end + 1),
    ]


@pytest.mark.parametrize("quote", false_quotes())
def test_a_false_quote_is_a_bug_and_never_becomes_a_citation(quote: Quote) -> None:
    with pytest.raises(AssertionError, match="verbatim"):
        cite([quote], lambda _: RYE)


def test_a_quote_that_ends_in_inserted_white_space_is_refused() -> None:
    true = quotes(RYE)[1]
    with pytest.raises(AssertionError, match="source"):
        cite([replace(true, end=true.end + 1)], lambda _: RYE)


def test_a_document_that_is_gone_is_not_cited() -> None:
    def gone(document_id: str) -> Document:
        raise NotFound(f"no document '{document_id}'")

    with pytest.raises(NotFound, match="rye"):
        cite(quotes(RYE), gone)


@pytest.mark.parametrize(
    ("document_id", "url"),
    [
        ("rye", "/documents/rye#3-9"),
        ("2024/rye bread", "/documents/2024%2Frye%20bread#3-9"),
        ("a#b?c%d", "/documents/a%23b%3Fc%25d#3-9"),
        ("größe", "/documents/gr%C3%B6%C3%9Fe#3-9"),
        ("../x", "/documents/..%2Fx#3-9"),
    ],
)
def test_an_address_holds_any_document_id(document_id: str, url: str) -> None:
    assert article_url(document_id, Span(3, 9)) == url


PIECES = [
    "\\", "\\\\", "\\*", "**", "*", "_", "`", "$5", "\\$5", "[", "](", ")", "<b>", "&amp;", "#", "# ", "- ", "\n",
    "\n\n",    "\t", " ", "\u00a0", "\u200b", "\ufeff", "\x0c", ". ", "? ", "Rye bread is baked here.", "Oskar",
    "ü", "e\u0301", "👩‍🍳",
    "他去了。", "Subscribe to us", "> ", "|", "1. ", "U.S. ", "”", "http://x.example/a_b",
]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(st.characters(exclude_categories=["Cs"])))
def test_every_sentence_of_every_passage_of_any_text_can_be_cited(source: str) -> None:
    made = document(source)
    for citation in cited(made):
        assert citation.quote == made.text[citation.start : citation.end]
        assert 0 <= citation.source_start < citation.source_end <= len(source)


def test_the_words_that_answer_have_their_place_in_the_text_and_in_the_file() -> None:
    whole = quotes(RYE)[0]
    start = RYE.text.index("$552")
    (citation,) = cite([replace(whole, answer=Span(start, start + 4))], lambda _: RYE)
    assert citation.answer is not None
    assert (citation.answer.text, citation.answer.start, citation.answer.end) == ("$552", start, start + 4)
    assert RYE.source[citation.answer.source_start : citation.answer.source_end] == "\\$552"
    assert "".join(citation.pieces) == citation.quote
    assert citation.pieces[1] == "$552"


@pytest.mark.parametrize(("before", "behind"), [(-1, 0), (0, 1), (5, 5)], ids=["before it", "behind it", "no words"])
def test_no_words_outside_of_a_quote_answer(before: int, behind: int) -> None:
    whole = quotes(RYE)[1]
    words = (
        Span(whole.start + before, whole.start + 5)
        if before == behind
        else Span(whole.start + before, whole.end + behind)
    )
    (citation,) = cite([replace(whole, answer=words)], lambda _: RYE)
    assert (citation.answer, citation.pieces) == (None, (citation.quote, "", ""))
