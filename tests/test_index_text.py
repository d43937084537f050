"""The tokeniser: what counts as a word, where it stands, and what is left of it for BM25."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.language import asked_in, spoken
from index.text.words import Word, asked_terms, cut, normalise, spellings, stems, stop_words, terms, words

ANY_TEXT = st.text(st.characters())  # lone surrogates included
SEEDS = sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))


def spelt(text: str) -> list[str]:
    return [word.text for word in words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mexico's share, the workers\u2019 rights", ["mexico", "share", "the", "workers", "rights"]),
        ("don\u2019t ask O'Brien", ["don't", "ask", "o'brien"]),
        ("The U.S.\u2019s tariffs, US tariffs", ["the", "us", "tariffs", "us", "tariffs"]),
        ("J.K. Rowling at 8 p.m. in No.1", ["jk", "rowling", "at", "8", "pm", "in", "no", "1"]),
        ("$45 and 25% of 10.6 million", ["45", "and", "25", "of", "10.6", "million"]),
        ("312,000 or 312000 or 1,234,567.89", ["312000", "or", "312000", "or", "1234567.89"]),
        ("Jul.15,2025", ["jul", "15", "2025"]),
        ("2,5 and 12,3456", ["2", "5", "and", "12", "3456"]),
        ("near-shoring tool_use", ["near", "shoring", "tool", "use"]),
        ("5G in the 1990s, G20, COVID-19", ["5g", "in", "the", "1990s", "g20", "covid", "19"]),
        ("CO₂ is CO2; 10½ km²", ["co2", "is", "co2", "10", "1\u20442", "km", "2"]),
        ("García Peña, STRASSE Straße, İstanbul", ["garcia", "pena", "strasse", "strasse", "istanbul"]),
        ("Garci\u0301a, tar\u00adiff, ﬁsh", ["garcia", "tariff", "fish"]),
        ("東京タワー 2025年", ["東京タワー", "2025", "年"]),
        ("हिन्दी में، 한국어 Ελλάδα", ["हिन्दी", "में", "한국어", "ελλαδα"]),
        ("a\ud800b \udfff", ["a", "b"]),
        ("… — ' \u2019s _ \u00ad \u0301 \x00", []),
    ],
)
def test_words_are_what_a_reader_would_count(text: str, expected: list[str]) -> None:
    assert spelt(text) == expected


def test_each_word_says_where_it_stands() -> None:
    text = "The U.S.\u2019s $312,000"
    assert [(word.text, text[word.start : word.end]) for word in words(text)] == [
        ("the", "The"),
        ("us", "U.S"),
        ("312000", "312,000"),
    ]


@given(ANY_TEXT)
def test_words_stand_in_order_and_spell_their_place(text: str) -> None:
    end = 0
    for word in words(text):
        assert end <= word.start < word.end <= len(text)
        end = word.end
        place = normalise(text[word.start : word.end])
        assert word.text in (place, place.replace(".", ""), place.replace(",", ""))
        assert word.text
        word.text.encode()  # no lone surrogate reaches a term


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_every_assigned_character_can_be_read() -> None:
    """Exhaustive: alone each normalises stably, and between letters none gives a word with a line break."""
    assigned = [chr(code) for code in range(sys.maxunicode + 1) if category(chr(code)) not in ("Cn", "Co")]
    assert all(normalise(once) == once for once in map(normalise, assigned))
    assert not any("\n" in word.text for word in words("a".join(assigned)))


@given(st.text("abc xyz'\u2019.-,0123456789", max_size=40))
def test_case_and_apostrophes_do_not_matter(text: str) -> None:
    assert spelt(text) == spelt(text.upper().replace("'", "\u2019"))


@pytest.mark.parametrize(
    ("word", "light", "snowball"),
    [
        ("tariffs", "tariff", "tariff"), ("queries", "query", "queri"), ("shoes", "shoes", "shoe"),
        ("glass", "glass", "glass"), ("was", "was", "was"), ("1990s", "1990", "1990s"), ("running", "running", "run"),
        ("10.6", "10.6", "10.6"),
    ],
)  # fmt: skip
def test_stems_by_each_rule(word: str, light: str, snowball: str) -> None:
    assert (cut(word, "none"), cut(word, "light"), cut(word, "snowball")) == (word, light, snowball)


def test_stems_leave_out_stop_words_and_keep_order_and_repetitions() -> None:
    assert stems("What is the tariff on tariffs in the U.S.?", "snowball") == ["tariff", "tariff", "us"]
    assert stems("Who is it?", "snowball") == []


def test_stop_words_are_normalised_words_and_spare_the_united_states() -> None:
    assert all(spelt(word) == [word] for word in stop_words())
    assert "us" not in stop_words()


def test_question_and_article_meet_in_their_stems() -> None:
    """A user's lower-case, unaccented spelling finds the article's own."""
    article = set(stems("The U.S.\u2019s Fulbright-García Robles programs cost $312,000.", "snowball"))
    assert set(stems("us fulbright garcia robles program 312000", "snowball")) <= article


def test_stemming_in_many_threads_gives_what_one_thread_gives() -> None:
    texts = [path.read_text("utf-8") for path in SEEDS] * 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: stems(text, "snowball"), texts)) == [stems(t, "snowball") for t in texts]


CODES = (
    "E-17", "E17", "E\u201017", "E.17", "AX-7713-B", "AX7713B", "wi-fi", "wifi", "B 52", "B-52", "B52", "ISO 9001",
    "ISO9001", "M8x40", "M8 x 40", "m8 × 40", "6,5x200", "6.5 x 200",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Error E-17 and E17", ["error", "e", "e17", "17", "e", "e17", "17"]),
        ("part AX7713B", ["part", "ax", "ax7713b", "7713", "b"]),
        ("a B 52 bomber of the 1990s", ["b", "b52", "52", "bomber", "1990s"]),
        ("four M8x40 screws", ["four", "m8", "m8x40", "40", "screw"]),
        ("6,5 × 200", ["6", "6.5x200", "5", "200"]),
        ("Wi-Fi or wifi", ["wi", "wifi", "fi", "wifi"]),
        ("TX-900/B, TX900B", ["tx", "tx900", "tx900b", "900", "b", "tx", "tx900b", "900", "b"]),
        ("km/h 24/7 AC/DC", ["km", "h", "24", "7", "ac", "dc"]),
        ("a fer\u2060ry", ["ferri"]),
        ("東京タワー", ["東京", "東京タワー", "京タ", "タワ", "ワー"]),
        ("도서관은 월요일에 쉰다", ["도서", "서관", "관은", "월요", "요일", "일에", "쉰다"]),
        ("Das Straßenfest und die Häuser", ["strassenf", "haus"]),
        ("Las bibliotecas de los pueblos", ["bibliotec", "puebl"]),
        ("Библиотеки новых городов", ["библиотек", "нов", "город"]),
        ("на крайнем севере", ["крайн", "север"]),
        ("المكتبات في المدن", ["مكتب", "مدن"]),
    ],
)
def test_terms_follow_the_language_and_join_codes(text: str, expected: list[str]) -> None:
    assert [term.text for term in terms(text, "snowball")] == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Who is Juan Ramon de la Fuente?", "en"),
        ("mexico exports us share", "en"),
        ("¿Cuándo se inauguró el puente?", "es"),
        ("Wann findet das Straßenfest statt?", "de"),
        ("Où se trouve la gare et quand ouvre-t-elle ?", "fr"),
        ("В каком году построен мост?", "ru"),
        ("钟楼建于哪一年？", "zh"),
        ("図書館はいつ休館しますか。", "ja"),
        ("도서관은 언제 휴관합니까?", "ko"),
        ("متى تغلق المكتبة؟", "ar"),
        ("What does 钟楼 mean?", "en"),
        ("312,000 ⅓ ℃", "en"),
        ("", "en"),
    ],
)
def test_a_few_words_tell_their_language(text: str, language: str) -> None:
    assert spoken(spelt(text)) == language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Can I come on Friday?", "en"),
        ("May I come along?", "en"),
        ("Quali sono i prezzi?", "it"),
        ("Où puis-je payer la facture ?", "fr"),
        ("Kann ich mit der Karte zahlen?", "de"),
    ],
)
def test_who_asks_for_himself_in_english_is_understood(question: str, language: str) -> None:
    assert asked_in(spelt(question)) == language


@pytest.mark.parametrize("written", CODES)
@pytest.mark.parametrize("asked", CODES)
def test_a_code_is_found_however_it_is_written(written: str, asked: str) -> None:
    def same(code: str) -> str:
        return "".join(filter(str.isalnum, code.lower().replace("×", "x")))

    held = set(stems(f"The code {written} is shown", "snowball"))
    found = {term.text for term in asked_terms(asked, "snowball", held.__contains__, lambda _: "")}
    assert found <= held if same(written) == same(asked) else same(asked) not in held


def test_a_version_is_found_with_its_v_and_without() -> None:
    assert [word.text for word in words("rev2 and v2 since V2.17.1")] == ["rev2", "and", "v2", "since", "v", "2.17.1"]


def test_who_asks_is_no_term_of_a_question_and_a_king_is() -> None:
    def asked(text: str) -> list[str]:
        return [term.text for term in asked_terms(text, "snowball", lambda _: True, lambda _: "")]

    assert asked("How can I mend my oar, and can we?") == ["mend", "oar"]
    assert asked("how do i mend it?") == ["mend"]
    assert asked("Did you meet George I?") == ["meet", "georg", "i"]


def test_what_a_passage_holds_in_its_own_language_is_found_by_a_name_in_a_question() -> None:
    """ "Strassenfest" in an English question is not cut as German cuts it, but the passage knows the word."""
    known = {"strassenfest": "strassenf"}
    found = asked_terms(
        "When is the Straßenfest?", "snowball", set(known.values()).__contains__, lambda w: known.get(w, "")
    )
    assert [(term.text, term.start, term.end) for term in found] == [("strassenf", 12, 23)]


def test_a_word_that_icu_cut_otherwise_is_asked_in_the_pieces_that_passages_hold() -> None:
    assert [t.text for t in asked_terms("東京タワー", "none", {"東京", "タワー"}.__contains__, lambda _: "")] == [
        "東京",
        "タワー",
    ]


@given(ANY_TEXT)
def test_terms_stand_in_the_text_and_a_question_knows_its_own(text: str) -> None:
    held = {term.text for term in terms(text, "snowball")}
    assert all(0 <= term.start < term.end <= len(text) and "\n" not in term.text for term in terms(text, "snowball"))
    assert {term.text for term in asked_terms(text, "snowball", held.__contains__, lambda _: "")} <= held


@given(st.text("aAsSuUzZ.,0123'\u2018\u2019 _-\u2014\n\x1e\u201c\u201d\u2026\xa0", max_size=30))
def test_plain_text_is_cut_by_another_engine_into_the_same_words(text: str) -> None:
    assert words(f"{text} é") == [*words(text), Word("e", len(text) + 1, len(text) + 2)]
    assert spellings(text) == spelt(text)
