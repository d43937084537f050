"""The promise of respelling: a slip is read as the word that the articles have, and no word of its own ever is."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.embedding.embedder import OnnxEmbedder
from index.search import Index
from rag.assistant import Assistant
from rag.question.analysis import analyse, with_names
from rag.question.spelling import Casing, Respelt, Speller, holds_code, is_code, with_codes, with_short_forms
from rag.understand import quiet, understand
from tests import make

ARTICLES = {
    "trade": (
        "The government imposed tariffs on steel in March. Exports to Iraq fell, and imports from Australia rose. "
        "President Claudia Sheinbaum asked the Council of Ports for an agreement."
    ),
    "court": (
        "Esteban Moctezuma met investors in Mexico. Critics say that the judicial reform weakens the constitution. "
        "Later Sheinbaum answered the investors, and Manuel Serrano thanked Sheinbaum. Form K-440-B replaces form K12."
    ),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Two articles, cut into tokens as the packaged model does it."""
    return make.index(tmp_path_factory.mktemp("spelling"), ARTICLES, OnnxEmbedder())


@pytest.fixture(scope="module")
def speller(index: Index) -> Speller:
    return Speller(index)


SLIPS = (
    ("What tarifs did the goverment impose?", (("tarifs", "tariffs"), ("goverment", "government"))),
    ("Who is Claudia Shienbaum?", (("Shienbaum", "Sheinbaum"),)),
    ("who is claudia sheinbam", (("sheinbam", "sheinbaum"),)),
    ("what do CRITISC say", (("CRITISC", "CRITICS"),)),
    ("judical reform", (("judical", "judicial"),)),
    ("Which consttitution is meant?", (("consttitution", "constitution"),)),
    ("did invesotrs meet moctezuma", (("invesotrs", "investors"),)),
)
WORDS_OF_THEIR_OWN = (
    "What does Iran export?",
    "what does austria import",
    "Who is Estefan Gomez?",
    "who is manuela serrano",
    "Which inventors met?",
    "What do exporters and importers say?",
    "Is nonpayment an offence?",
    "¿Qué dijo el gobierno de la reforma judicial?",
    "USMCA",
    "312,000 x 1.5",
    "?",
)


@pytest.mark.parametrize(("question", "changes"), SLIPS)
def test_a_slip_is_read_as_the_word_of_the_articles(
    speller: Speller, question: str, changes: tuple[tuple[str, str], ...]
) -> None:
    found = speller.respell(question)
    text = question
    for typed, read in changes:
        text = text.replace(typed, read)
    assert found == Respelt(text, changes)


@pytest.mark.parametrize("question", WORDS_OF_THEIR_OWN)
def test_words_and_names_of_their_own_stay(speller: Speller, question: str) -> None:
    assert speller.respell(question) == Respelt(question)


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_no_text_makes_it_fail_and_the_changes_are_all_that_differs(speller: Speller, question: str) -> None:
    found = speller.respell(question)
    assert bool(found.changes) == (found.text != question)
    assert all(read in found.text for _, read in found.changes)


def test_what_was_mended_is_right(speller: Speller) -> None:
    """Respelling twice changes nothing more."""
    for question, _ in SLIPS:
        assert speller.respell(speller.respell(question).text).changes == ()


@pytest.mark.parametrize("word", ["sheinbaum", "iraq", "moctezuma", "esteban", "mexico"])
def test_a_word_that_the_articles_write_with_a_capital_is_a_name(index: Index, word: str) -> None:
    assert Casing(index).is_name(word)


@pytest.mark.parametrize("word", ["government", "critics", "tariffs", "exports", "president", "atlantis", "the", ""])
def test_the_first_word_of_a_sentence_and_unknown_words_are_no_names(index: Index, word: str) -> None:
    assert Casing(index).is_name(word) == (word == "president")


def test_a_question_without_capitals_has_the_names_of_the_articles(index: Index) -> None:
    asked = with_names(analyse("what did claudia sheinbaum ask for in march", index.stem), Casing(index).is_name)
    assert [asked.text[term.start : term.end] for term in asked.terms if asked.named(term)] == [
        "claudia",
        "sheinbaum",
        "march",
    ]


# A name that stands nowhere is refused and named; a slip is mended only where that is answered.

STONES = "Ard Bard Card Dard Gard Hard Jard Kard Lard Znojek".split()
TONNES = "nine eight seven six three two ten eleven twelve five".split()


@pytest.fixture(scope="module")
def stones(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """One article for each stone."""
    head = "---\nauthor: Olga Pritchett\n---\n"
    texts = {
        f"{name}.md": f"{head}The stone of {name} weighs {weight} tonnes and stands beside the road."
        for name, weight in zip(STONES, TONNES, strict=True)
    }
    return make.assistant(tmp_path_factory.mktemp("stones"), texts, OnnxEmbedder())


@pytest.mark.parametrize("name", ["Iard", "Eard", "Oard", "Tardo", "Kardy"])
def test_a_name_beside_many_like_it_is_refused_and_named(stones: Assistant, name: str) -> None:
    answer = stones.ask(f"How much does the stone of {name} weigh?")
    assert answer.reason is not None
    assert answer.reason.missing == (name,)
    assert not any(segment.text.startswith(f"“{name}” was read") for segment in answer.segments)


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("How much does the stone of Bard weigh?", "eight"),
        ("HOW MUCH DOES THE STONE OF KARD WEIGH?", "eleven"),
        ("How much does the stone of Znojeck weigh?", "five"),
        ("How much does the stone of Gard weigh, Pritchett?", "three"),
    ],
)
def test_a_name_that_is_there_is_answered(stones: Assistant, question: str, quoted: str) -> None:
    assert quoted in stones.ask(question).citations[0].quote


def test_no_articles_are_read_for_names_where_a_question_is_answered(stones: Assistant) -> None:
    asked = stones._pipeline._casing.is_name.cache_info
    before = asked().misses
    assert stones.ask("how much does the stone of hard weigh?").reason is None
    assert asked().misses == before


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("WHAT DOES IT COST?", "what does it cost?"),
        ("USMCA", "USMCA"),
        ("AX-7713-B", "AX-7713-B"),
        ("E17 B-52?", "E17 B-52?"),
        ("What did NATO say?", "What did NATO say?"),
        ("钟楼", "钟楼"),
    ],
)
def test_capitals_throughout_tell_nothing(typed: str, read: str) -> None:
    assert quiet(typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("What is K440B for, and K-12?", "What is K-440-B for, and K12?"),
        ("k440b", "k-440-b"),
        ("K-440-B, steel, 440 and K13 stay", "K-440-B, steel, 440 and K13 stay"),
    ],
)
def test_codes_are_read_as_the_articles_join_them(index: Index, typed: str, read: str) -> None:
    assert with_codes(typed, index) == read


PARTS = {
    "parts": (
        "The pump has the part number 4021/88-C. The seal is listed as TV.330.12 and the guide as 978-3-16-148410-0. "
        "The account is DE89 3704 0044 0532. Between 4,000 and 9,000 of them are made, 12 in 2021 and 88 in 2022."
    )
}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("402188C", "4021/88-C"),
        ("Is 4021-88-C a pump?", "Is 4021/88-C a pump?"),
        ("tv33012", "TV.330.12"),
        ("978-3161484100 or 9783161484100", "978-3-16-148410-0 or 978-3-16-148410-0"),
        ("Whose is DE89370400440532?", "Whose is DE89 3704 0044 0532?"),
        ("402188D", "402188D"),
        ("202212 and 40009000", "202212 and 40009000"),
        ("1" * 400, "1" * 400),
        ("12" * 17, "12" * 17),
    ],
)
def test_codes_are_read_as_the_articles_part_them(tmp_path: Path, typed: str, read: str) -> None:
    assert with_codes(typed, make.index(tmp_path, PARTS, OnnxEmbedder())) == read


@pytest.mark.parametrize(
    ("text", "code"),
    [("v2.1.3", True), ("4021/88-C", True), ("E17", True), ("2019", False), ("90 minutes", False), ("pump", False)],
)
def test_a_code_alone_is_told_from_a_number_and_a_word(text: str, code: bool) -> None:
    assert is_code(text) == code


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Mon: 8 to 12\n\nThurs: closed\n\nOn Fridays by appointment.", "Is it open on Mon, thurs, Fridays or Sunday?"),
        ("We sat in the sun.", "Is it open on Monday, thursdays, Fridays or Sunday?"),
        ("At Mon Repos we sat in the sun.", "Is it open on Monday, thursdays, Fridays or Sunday?"),
    ],
)
def test_days_are_read_as_the_articles_write_them(tmp_path: Path, text: str, read: str) -> None:
    index = make.index(tmp_path, {"hours.md": text})
    assert with_short_forms("Is it open on Monday, thursdays, Fridays or Sunday?", index) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("What tariffs were there in March?", "What were the tariffs in March?"),
        ("Were there tariffs?", "Were there tariffs?"),
        ("How many tariffs are there?", "How many tariffs are there?"),
    ],
)
def test_what_there_is_is_asked_for_straight(speller: Speller, typed: str, read: str) -> None:
    assert understand(typed, (), speller).readings == (read,)


@pytest.mark.parametrize(("text", "read"), [("Tel. 0431 55", "tel"), ("Tel. 0431 55. By phone only.", "phone")])
def test_what_the_articles_only_write_short_is_asked_for_as_they_write_it(tmp_path: Path, text: str, read: str) -> None:
    index = make.index(tmp_path, {"contact.md": text})
    assert with_short_forms("What is its phone number?", index) == f"What is its {read} number?"


@pytest.mark.parametrize(
    ("code", "held"), [("e-17", True), ("E-1", False), ("v2.1", False), ("v2.1.3", True), ("17", True)]
)
def test_a_code_is_held_whole(code: str, held: bool) -> None:
    assert holds_code("Error E-17 came with v2.1.3.", code) == held
