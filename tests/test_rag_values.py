"""Numbers are worth the same however they are printed, and what is no number has no value."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language.quantities import Value, same, spelled_out, values

PIECES = st.sampled_from(
    [
        *("1.2m", "1,200,000", "1.200.000", "83", "%", " per cent", "$", "US$", "€", " million", "bn", "-", "–", " "),
        *(" and ", " to ", "half", " a ", "dozen", "two", "twenty", "hundred", "thousand ", "third", "of", ".", ","),
        *("2025", "1846", "s", "½", "(", "10:30", "st", "May ", "one in ", " pesos", "million million ", "9" * 400),
        *("ſix", "sıx", "İ", "mil", "millón", "٣", "²"),
    ]
)


def read(text: str) -> list[tuple[str, float, str]]:
    return [(text[found.start : found.end], found.value, found.unit) for found in values(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2m riders", [("1.2m", 1.2e6, "")]),
        ("1.2 million riders", [("1.2 million", 1.2e6, "")]),
        ("1,200,000 riders", [("1,200,000", 1.2e6, "")]),
        ("1.200.000 riders", [("1.200.000", 1.2e6, "")]),
        ("1.200 riders", [("1.200", 1.2, "")]),
        ("1\u00a0200\u202f000 riders", [("1\u00a0200\u202f000", 1.2e6, "")]),
        ("$552 billion", [("$552 billion", 552e9, "$")]),
        ("US$1.2bn in aid", [("US$1.2bn", 1.2e9, "$")]),
        ("C$3k and 40 million euros", [("C$3k", 3000, "C$"), ("40 million euros", 40e6, "€")]),
        ("300 thousand million pesos", [("300 thousand million pesos", 3e11, "peso")]),
        ("83%, 83 % or 83 per cent", [("83%", 83, "%"), ("83 %", 83, "%"), ("83 per cent", 83, "%")]),
        ("it fell -5% (−3.2)", [("-5%", -5, "%"), ("−3.2", -3.2, "")]),
        ("up 5 percentage points", [("5 percentage points", 5, "pp")]),
        ("2½ hours", [("2½ hours", 2.5, "hours")]),
        ("a 16-year lease", [("16-year", 16, "years")]),
        ("22,00 or 3,50", [("22,00", 22, ""), ("3,50", 3.5, "")]),
        ("1.234,50 EUR, 7,5 km", [("1.234,50 EUR", 1234.5, "€"), ("7,5 km", 7.5, "km")]),
        (
            "12,13,14 and 3,5 and 1,20,000",
            [("12", 12, ""), ("13", 13, ""), ("14", 14, ""), ("3", 3, ""), ("5", 5, ""), ("1,20,000", 120000, "")],
        ),
        ("1,5 % y 3 millones", [("1,5 %", 1.5, "%"), ("3 millones", 3e6, "")]),
    ],
)
def test_figures_are_worth_what_they_say(text: str, expected: list[tuple[str, float, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eighty-three percent", [("eighty-three percent", 83, "%")]),
        ("two hundred and five thousand men", [("two hundred and five thousand", 205_000, "")]),
        ("two and three hundred and five", [("two", 2, ""), ("three hundred and five", 305, "")]),
        ("a dozen or half a dozen", [("a dozen", 12, ""), ("half a dozen", 6, "")]),
        ("half a million", [("half a million", 500_000, "")]),
        ("two and a half million", [("two and a half million", 2.5e6, "")]),
        ("a million and a half", [("a million and a half", 1.5e6, "")]),
        ("ten-year plan", [("ten-year", 10, "years")]),
        ("half of it", [("half", 50, "%")]),
        ("three quarters of it", [("three quarters", 75, "%")]),
        ("one in five, nine out of ten", [("one in five", 20, "%"), ("nine out of ten", 90, "%")]),
        ("one percent", [("one percent", 1, "%")]),
    ],
)
def test_numbers_in_words_are_worth_what_they_say(text: str, expected: list[tuple[str, float, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20–25%", [("20", 20, "%"), ("25%", 25, "%")]),
        ("20 to 25 per cent", [("20", 20, "%"), ("25 per cent", 25, "%")]),
        ("$20-25 million", [("$20", 20e6, "$"), ("25 million", 25e6, "$")]),
        ("1846–1848", [("1846", 1846, "year"), ("1848", 1848, "year")]),
        ("1846–48", [("1846", 1846, "year"), ("48", 1848, "year")]),
    ],
)
def test_both_ends_of_a_range_have_what_is_printed_once(text: str, expected: list[tuple[str, float, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 1 July 2026", [("1", 1, "day"), ("2026", 2026, "year")]),
        ("Jul.15,2025", [("15", 15, "day"), ("2025", 2025, "year")]),
        ("2025-03-01", [("2025-03-01", 2025, "year")]),
        ("in the 1990s", [("1990s", 1990, "decade")]),
        ("2000 people in 2000", [("2000", 2000, ""), ("2000", 2000, "year")]),
        ("2,000 people", [("2,000", 2000, "")]),
    ],
)
def test_a_year_and_a_day_of_the_month_are_no_counts(text: str, expected: list[tuple[str, float, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "the 20th century, the twenty-first and 2nd place",
        "at 10:30 and at 6 p.m.",
        "on 12/03/2025 with v1.2.3",
        "the G7, COVID-19 and F-16s on 5G",
        "Table 1 and Article 25",
        "one of them, no one, a third term, the second half of it",
        "dozens, hundreds and millions",
        "",
    ],
)
def test_ordinals_times_versions_names_and_vague_words_have_no_value(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1.2m", "1,200,000", True),
        ("$1.2bn", "1.2 billion dollars", True),
        ("$552 billion", "552 billion", True),
        ("half of it", "50 %", True),
        ("eighty-three percent", "83%", True),
        ("2000 men", "2,000", True),
        ("US$5", "C$5", True),
        ("A$5", "C$5", False),
        ("83%", "83", False),
        ("83%", "over 80%", False),
        ("$5", "€5", False),
        ("5 years", "5 months", False),
        ("20 January", "20", False),
    ],
)
def test_values_are_the_same_across_forms_but_not_across_units(a: str, b: str, expected: bool) -> None:
    (first, *_), (second, *_) = values(a), values(b)
    assert same(first, second) is expected
    assert same(second, first) is expected


@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_any_text_has_values_in_order_that_stand_in_it(text: str) -> None:
    found = values(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(same(one, one) for one in found)


@given(st.integers(0, 10**15))
def test_a_whole_number_is_read_with_and_without_commas(number: int) -> None:
    (plain,), (grouped,) = values(f"it was {number} in all"), values(f"it was {number:,} in all")
    assert plain.value == grouped.value == number
    assert same(plain, grouped)


def test_a_value_holds_its_unit_and_currency_so_that_it_can_be_quoted_as_printed() -> None:
    text = "worth some US$1.2 billion dollars"
    assert values(text) == [Value(11, len(text), 1.2e9, "$")]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("What is worth 475bn dollars?", "What is worth 475 billion dollars?"),
        ("$1.2m in aid, €30k", "$1.2 million in aid, €30 thousand"),
        ("$62bn and 3 mn people", "$62 billion and 3 million people"),
        ("5m deep, 4k video, a 747b, B2B, 3.5bn.", "5m deep, 4k video, a 747b, B2B, 3.5 billion."),
    ],
)
def test_short_forms_are_spelled_out_as_articles_print_them(typed: str, read: str) -> None:
    assert spelled_out(typed) == read
    assert spelled_out(read) == read
