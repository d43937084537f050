"""What a check of a text says of its sentences, and what of them counts as a claim."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder, OnnxEmbedder
from index.errors import BadQuestion
from index.ranking.filters import Filters
from index.search import Index, open_index
from index.settings import load_settings
from rag.language.facts import facts, states
from rag.question.analysis import analyse
from rag.text_check.agreement import (
    Mismatch,
    Particular,
    QuoteContext,
    compare,
    copied,
    held,
    particulars,
    told,
    with_opening_name,
)
from rag.text_check.assertions import clauses, is_claim
from rag.text_check.check import MOST_CHARACTERS, MOST_SENTENCES, TextCheck, check_text, text_check_fields
from tests import make
from tests.conftest import SIX_ARTICLES


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, minilm: OnnxEmbedder) -> Index:
    """The six articles with the real embedder."""
    return make.index(tmp_path_factory.mktemp("six"), SIX_ARTICLES, minilm)


def state_of(sentence: str, index: Index) -> str:
    (one,) = check_text(sentence, index).sentences
    return one.state


# ── the four states ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("article", sorted(SIX_ARTICLES))
def test_every_sentence_of_an_article_is_supported_by_itself(index: Index, article: str) -> None:
    check = check_text(SIX_ARTICLES[article], index)
    assert [one.state for one in check.sentences] == ["supported"] * 3
    for one in check.sentences:
        assert one.text in check.citations[one.citations[0] - 1].quote
        assert (one.missing, one.elsewhere, one.differs) == ((), (), ())


@pytest.mark.parametrize(
    "sentence",
    [
        "In 1904 Ilse Brandt discovered comet Harrow.",
        "In March 2019 it was closed for repairs.",
        "The repairs cost 12 million dollars and took two years.",
        "On Quarry Street, the Marten bakery opened in 1987.",
        "The Sollen bridge was closed for repairs in March 2019.",
        "In 2021, frost destroyed 50% of the harvest.",
    ],
)
def test_the_same_in_other_words_is_supported(index: Index, sentence: str) -> None:
    assert state_of(sentence, index) == "supported"


@pytest.mark.parametrize(
    ("sentence", "difference"),
    [
        ("Comet Harrow was discovered by Ilse Brandt in 1905.", Mismatch("1905", "1904")),
        ("The Linden theatre seats 321 people.", Mismatch("321", "312")),
        ("Comet Harrow was discovered by Petra Novak in 1904.", Mismatch("Petra Novak", "Ilse Brandt")),
        ("It was closed for repairs in April 2019.", Mismatch("April 2019", "March 2019")),
        ("The Sollen bridge does not carry trams over the river Vey.", Mismatch("does not", "")),
    ],
)
def test_a_sentence_with_one_thing_wrong_is_never_supported_and_shows_what_differs(
    index: Index, sentence: str, difference: Mismatch
) -> None:
    (one,) = check_text(sentence, index).sentences
    assert one.state == "partly"
    assert difference in one.differs
    assert one.citations


@pytest.mark.parametrize(
    "sentence",
    [
        "The river Vey was closed for repairs in March 2019.",
        "The Linden theatre was closed for repairs in March 2019.",
        "The Sollen bridge was closed for trams in March 2019.",
    ],
)
def test_a_pronoun_stands_for_the_subject_before_it_and_for_nothing_else(index: Index, sentence: str) -> None:
    assert state_of(sentence, index) == "partly"


def test_a_sentence_that_tells_two_things_is_supported_by_two_spans_or_not_at_all(index: Index) -> None:
    sound = "Comet Harrow was discovered by Ilse Brandt in 1904, and the Sollen bridge was closed in March 2019."
    wrong = "Comet Harrow was discovered by Ilse Brandt in 1904, and the Sollen bridge was closed in 1904."
    check = check_text(f"{sound} {wrong}", index)
    assert [one.state for one in check.sentences] == ["supported", "partly"]
    assert [check.citations[n - 1].document_id for n in check.sentences[0].citations] == ["comet", "bridge"]


def test_a_sentence_of_another_subject_is_unsupported_and_its_names_are_sorted(index: Index) -> None:
    (one,) = check_text("Gustav Mahler conducted in Vienna with Petra Novak in 1907.", index).sentences
    assert (one.state, one.citations) == ("unsupported", ())
    assert set(one.missing) == {"Gustav Mahler", "Vienna", "1907"}
    assert one.elsewhere == ("Petra Novak",)


def test_what_is_found_in_the_span_is_neither_missing_nor_elsewhere(index: Index) -> None:
    (one,) = check_text("Comet Harrow was discovered by Oskar Lind in 1904.", index).sentences
    assert (one.state, one.missing, one.elsewhere) == ("partly", (), ("Oskar Lind",))


def test_markers_are_shared_between_sentences_that_rest_on_the_same_span(index: Index) -> None:
    text = "Comet Harrow was discovered by Ilse Brandt in 1904. In 1904 Ilse Brandt discovered comet Harrow."
    check = check_text(text, index)
    assert check.sentences[0].citations[0] == check.sentences[1].citations[0] == 1
    assert [citation.marker for citation in check.citations] == list(range(1, len(check.citations) + 1))


def test_spans_are_verbatim_and_sentences_stand_where_they_say(index: Index) -> None:
    text = "Well, hello!\n\n# Bridges\nThe Sollen bridge carries trams. 🌉 It was closed in March 2019?"
    check = check_text(text, index)
    assert all(text[one.start : one.end] == one.text for one in check.sentences)
    for citation in check.citations:
        assert index.document(citation.document_id).text[citation.start : citation.end] == citation.quote


def test_only_documents_that_pass_the_filter_bear_anything_out(index: Index) -> None:
    text = "Comet Harrow was discovered by Ilse Brandt in 1904."
    (one,) = check_text(text, index, filters=Filters(documents=frozenset({"bridge"}))).sentences
    assert one.state == "unsupported"


def test_the_same_text_gives_the_same_check(index: Index) -> None:
    text = " ".join(SIX_ARTICLES.values())
    assert check_text(text, index) == check_text(text, index)


def test_the_state_of_a_sentence_does_not_hang_on_its_neighbours(index: Index) -> None:
    wrong = "Comet Harrow was discovered by Ilse Brandt in 1905."
    together = check_text(f"{SIX_ARTICLES['comet']} {wrong} {SIX_ARTICLES['bridge']}", index)
    (alone,) = check_text(wrong, index).sentences
    (found,) = (one for one in together.sentences if one.text == wrong)
    assert (found.state, found.differs) == (alone.state, alone.differs)


def test_the_number_of_another_thing_in_the_span_supports_nothing() -> None:
    quote = "Remittances exceeded $62 billion in 2024, far surpassing exports of oil, which amounted to $30 billion."
    asked = analyse("Remittances exceeded $30 billion in 2024.", "snowball")
    agreement = compare(asked.text, particulars(asked), QuoteContext(quote, ""))
    assert agreement.differs == (Mismatch("exceeded $30 billion", "exceeded $62 billion"),)


def test_a_name_may_stand_before_a_quote_that_leans_on_it_but_not_in_the_place_of_another() -> None:
    asked = analyse("The comet Harrow returns every 61 years.", "snowball")
    leaning = compare(asked.text, particulars(asked), QuoteContext("It returns every 61 years.", "Comet Harrow"))
    other = compare(
        asked.text, particulars(asked), QuoteContext("The comet Lind returns every 61 years.", "Comet Harrow")
    )
    assert leaning.whole
    assert not other.whole


# ── any text ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n…!", "empty"),
        ("a" * (MOST_CHARACTERS + 1), "20,001 characters"),
        ("It rains. " * (MOST_SENTENCES + 1), "201 sentences"),
        ("nul \0", "NUL"),
        ("half \ud83d", "surrogate"),
    ],
)
def test_what_cannot_be_checked_is_refused_with_a_reason(hash_index: Index, text: str, why: str) -> None:
    with pytest.raises(BadQuestion, match=why):
        check_text(text, hash_index)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=120))
def test_any_text_is_checked_or_refused(hash_index: Index, text: str) -> None:
    try:
        check = check_text(text, hash_index)
    except BadQuestion:
        return
    assert isinstance(check, TextCheck)
    assert {marker for one in check.sentences for marker in one.citations} == {c.marker for c in check.citations}
    assert all(len(one.citations) <= 3 for one in check.sentences)


@pytest.mark.parametrize(
    "text", ["(" * 19_999 + "a", "a" * 20_000, "他去了北京。" * 100, "1,2,3," * 3000, "A. B. " * 99]
)
def test_strange_texts_end_in_a_check(hash_index: Index, text: str) -> None:
    assert check_text(text, hash_index).index_version == hash_index.version


def test_an_empty_index_supports_nothing(tmp_path: Path) -> None:
    own = load_settings(data=tmp_path / "data", embedder="hash")
    (tmp_path / "none").mkdir()
    Builder(own.data, own, HashEmbedder()).index([tmp_path / "none"])
    check = check_text("The bridge was closed in 2019.", open_index(own.data, own, HashEmbedder()))
    assert [one.state for one in check.sentences] == ["unsupported"]
    assert check.citations == ()


# ── claims ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sentence",
    [
        *("Who closed the bridge?", "¿Qué dijo Trump?", "Hello there!", "Thanks!", "Dear Petra,", "Kind regards"),
        *("# Trade in 2025", "Summary:", "Relations between the countries", "---", "|---|---|", "1.", "🌉", "Yes."),
        *("I think so too, by the way.", "Here is a short summary of the articles:", "Let me know what you think."),
        *("As an AI language model, I cannot know.", "In my opinion the deal was fair.", "I hope this helps!"),
    ],
)
def test_what_states_nothing_is_no_claim(sentence: str) -> None:
    assert not is_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        *("The bridge was closed.", "the bridge was closed in 2019", "- Oskar Lind runs the bakery.", "1. Frost fell."),
        *("**Trade** grew by 5%.", "Sure signs of frost destroyed the harvest.", "Iceland banned the sale of pears."),
        *("In 2021, frost destroyed half of it.", "El comercio entre los dos países creció.", "“It rains,” she said."),
    ],
)
def test_what_states_something_is_a_claim(sentence: str) -> None:
    assert is_claim(sentence)


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Lind runs it, and Brandt owns it.", ("Lind runs it", "Brandt owns it.")),
        ("The ferry leaves at nine; the tram leaves later.", ("The ferry leaves at nine", "the tram leaves later.")),
        ("Lind, Brandt, and Novak met in Aldra.", ()),
        ("The ferry leaves at nine.", ()),
    ],
)
def test_clauses_are_parts_that_state_something_with_a_verb(sentence: str, parts: tuple[str, ...]) -> None:
    assert clauses(sentence) == parts


# ── names, numbers and dates ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("The repairs cost $12 million in March 2019.", ["$12 million", "March 2019"]),
        ("The bakery of Oskar Lind bakes forty kinds of bread.", ["Oskar Lind", "forty"]),
        ("The U.S. economy grew by over 3%.", ["U.S.", "over 3%"]),
        ("Nothing of the kind was said.", []),
    ],
)
def test_names_numbers_and_dates_are_found_in_order(sentence: str, found: list[str]) -> None:
    assert [one.text for one in particulars(analyse(sentence, "snowball"))] == found


@pytest.mark.parametrize(
    ("said", "claimed", "borne_out"),
    [
        *(
            ("83.1%", "83%", True),
            ("83%", "84%", False),
            ("1.2 million", "1,200,000", True),
            ("half of it", "50%", True),
        ),
        *(("83%", "over 80%", True), ("over 80%", "83%", False), ("79%", "over 80%", False), ("80%", "80 km", False)),
        *(("March 2019", "2019", True), ("2019", "March 2019", False), ("in March", "March 2019", False)),
        *(("5 March 2019", "March 2019", True), ("1990s", "1994", False), ("1994", "1990s", True)),
        *(("over 80%", "under 80%", False), ("$5 million", "€5 million", False)),
    ],
)
def test_a_figure_bears_out_what_is_as_exact_or_rounder(said: str, claimed: str, borne_out: bool) -> None:
    (there,), (here,) = facts(f"It was {said} then."), facts(f"It was {claimed} then.")
    assert states(there, here) is borne_out


@pytest.mark.parametrize(
    ("name", "text", "is_held"),
    [
        *(("United States", "The U.S. economy", True), ("US", "in the United States", True)),
        *(("United States", "He told us.", False), ("Mexican", "It is in Mexico.", True)),
        *(("Canada", "the Canadian border", True), ("Chile", "in China", False), ("Carlos", "with Carla", False)),
        *(("Oskar Lind", "Lind ran it", False), ("ICE", "Immigration and Customs Enforcement", True)),
    ],
)
def test_a_name_is_held_in_short_in_full_and_by_its_people(name: str, text: str, is_held: bool) -> None:
    words = tuple(name.lower().split())
    assert held(Particular(name, 0, len(name), words, None), told(text)) is is_held


def test_a_word_that_opens_a_sentence_is_a_name_if_the_articles_say_so_or_do_not_know_it() -> None:
    def opens(sentence: str, *, known: bool, name: bool) -> bool:
        asked = with_opening_name(analyse(sentence, "snowball"), lambda _: name, lambda _: known)
        return asked.terms[0].name

    assert opens("Brandt found it.", known=True, name=True)
    assert opens("Starmer found it.", known=False, name=False)
    assert not opens("Frost fell early.", known=True, name=False)
    assert not opens("Surprisingly frost fell.", known=False, name=False)


def test_the_share_of_copied_words_counts_their_order() -> None:
    assert copied("the bridge was closed", "In 2019 the bridge was closed.") == 1.0
    assert copied("closed bridge", "bridge closed") == 0.5
    assert copied("", "bridge") == 0.0


def test_the_wire_form_names_every_field(index: Index) -> None:
    fields = text_check_fields(check_text("Comet Harrow was discovered by Ilse Brandt in 1905.", index))
    assert set(fields) == {"sentences", "citations", "index_version"}
    (sentence,) = fields["sentences"]
    assert sentence["differs"] == [{"said": "1905", "found": "1904"}]
    assert set(sentence) == {"text", "start", "end", "state", "citations", "missing", "elsewhere", "differs"}
    assert fields["citations"][0]["marker"] == 1
