"""Quotes in the order of the time they speak of."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from index.records import Document
from rag.answer import Quote
from rag.language.relative_dates import lead_in
from rag.selection.choose import chronological
from tests import make


def quotes_of(articles: Sequence[tuple[str, date | None]]) -> tuple[list[Quote], dict[str, Document]]:
    """One article and one quote for each sentence."""
    documents, quotes = {}, []
    for n, (text, published) in enumerate(articles):
        name = f"d{n}"
        documents[name] = make.document(text, name, published=published)
        quotes.append(make.quote(make.passage(text, name), score=1.0 - n / 10))
    return quotes, documents


def test_quotes_stand_in_the_order_of_what_they_speak_of() -> None:
    quotes, documents = quotes_of(
        [
            ("Nobody knows.", None),
            ("It is so.", date(2024, 12, 1)),
            ("The treaty was signed in 1992.", date(2025, 8, 11)),
            ("Trade reached a peak last year.", date(2025, 1, 28)),
            ("Through the 1798 Alien Enemies Act, he ordered deportations.", date(2025, 8, 11)),
            ("The museum has a clock of 1650.", None),
        ]
    )
    found = chronological(quotes, documents.__getitem__)
    assert [dated.shown for dated in found] == ["1992", "2024"]
    assert found[0].quote is quotes[2]


def test_what_leads_to_a_quote_is_its_paragraph_or_the_one_before() -> None:
    text = "First of all. And more.\n\nThen came June. It rained."
    assert lead_in(text, text.index("And")) == "First of all. "
    assert lead_in(text, text.index("It")) == "Then came June. "
    assert lead_in(text, text.index("Then")).strip() == "First of all. And more."
    assert lead_in(text, 0) == ""
    chronicle = "Life\n2018\nShe sang.\n\nThen came more.\n\nIn May, she left."
    assert lead_in(chronicle, chronicle.index("In May")) == "2018\nThen came more.\n\n"


@given(
    st.lists(st.tuples(st.sampled_from(["In 1992.", "It was.", "In June 2020."]), st.none() | st.dates()), max_size=6)
)
def test_quotes_that_name_a_time_are_kept_and_ties_keep_their_order(articles: list[tuple[str, date | None]]) -> None:
    quotes, documents = quotes_of(articles)
    found = chronological(quotes, documents.__getitem__)
    timed = [quote for quote in quotes if any(c.isdigit() for c in quote.passage.text)]
    assert sorted(dated.quote.passage.id for dated in found) == sorted(quote.passage.id for quote in timed)
    keys = [(dated.when.first, dated.when.last) for dated in found]
    assert keys == sorted(keys)
    for one, two in pairwise(found):
        if (one.when.first, one.when.last) == (two.when.first, two.when.last):
            assert quotes.index(one.quote) < quotes.index(two.quote)
