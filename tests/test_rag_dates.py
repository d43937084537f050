"""Explicit dates and periods: what is one, what is none, and which days it covers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language.dates import dates_in, month_of, partials_in, safe_day, written

FOUND = [  # text, the words found, first day, last day, precision
    ("the war of 1846–1848.", "1846–1848", "1846-01-01", "1848-12-31", "year"),
    ("First Published in: Jul.15,2025", "Jul.15,2025", "2025-07-15", "2025-07-15", "day"),
    ("Aug.11, 2025", "Aug.11, 2025", "2025-08-11", "2025-08-11", "day"),
    ("as of April 2025 accounted", "April 2025", "2025-04-01", "2025-04-30", "month"),
    ("On 20 January 2025, Trump", "20 January 2025", "2025-01-20", "2025-01-20", "day"),
    ("on the 3rd of March, 1998", "3rd of March, 1998", "1998-03-03", "1998-03-03", "day"),
    ("born on August 3 , 1958 in", "August 3 , 1958", "1958-08-03", "1958-08-03", "day"),
    ("due 2026-07-01.", "2026-07-01", "2026-07-01", "2026-07-01", "day"),
    ("on 25/12/2023", "25/12/2023", "2023-12-25", "2023-12-25", "day"),
    ("from 3 to 7 May 2021", "3 to 7 May 2021", "2021-05-03", "2021-05-07", "day"),
    ("30 December – 2 January 2020", "30 December – 2 January 2020", "2019-12-30", "2020-01-02", "day"),
    ("4 December 1907 to 30 June 1910", "4 December 1907 to 30 June 1910", "1907-12-04", "1910-06-30", "day"),
    ("between May 2016 and May 2019 it", "May 2016 and May 2019", "2016-05-01", "2019-05-31", "month"),
    ("between January and March 2025", "January and March 2025", "2025-01-01", "2025-03-31", "month"),
    ("in February of 2024", "February of 2024", "2024-02-01", "2024-02-29", "month"),
    ("from 2001 to 2006", "2001 to 2006", "2001-01-01", "2006-12-31", "year"),
    ("between 2001 and 2006", "2001 and 2006", "2001-01-01", "2006-12-31", "year"),
    ("the 1998-99 season", "1998-99", "1998-01-01", "1999-12-31", "year"),
    ("the 1999–00 season", "1999–00", "1999-01-01", "2000-12-31", "year"),
    ("the 2025-2026 review", "2025-2026", "2025-01-01", "2026-12-31", "year"),
    ("in 2025-06", "2025-06", "2025-06-01", "2025-06-30", "month"),
    ("Q1 2025 was good", "Q1 2025", "2025-01-01", "2025-03-31", "quarter"),
    ("the fourth quarter of 2023", "fourth quarter of 2023", "2023-10-01", "2023-12-31", "quarter"),
    ("in 2024's first half", "2024's first half", "2024-01-01", "2024-06-30", "quarter"),
    ("H2 2024", "H2 2024", "2024-07-01", "2024-12-31", "quarter"),
    ("in fiscal year 2024", "fiscal year 2024", "2024-01-01", "2024-12-31", "year"),
    ("FY25 guidance", "FY25", "2025-01-01", "2025-12-31", "year"),
    ("in the 1990s", "1990s", "1990-01-01", "1999-12-31", "decade"),
    ("in the mid-’80s", "’80s", "1980-01-01", "1989-12-31", "decade"),
    ("the late 1800s", "1800s", "1800-01-01", "1899-12-31", "century"),
    ("19th-century art", "19th-century", "1801-01-01", "1900-12-31", "century"),
    ("in the twentieth century", "twentieth century", "1901-01-01", "2000-12-31", "century"),
    ("the 1798 Alien Enemies Act", "1798", "1798-01-01", "1798-12-31", "year"),
    ("Battle of Hastings in 1066", "1066", "1066-01-01", "1066-12-31", "year"),
    ("in 2007 researchers found", "2007", "2007-01-01", "2007-12-31", "year"),
    ("the 2024 elections", "2024", "2024-01-01", "2024-12-31", "year"),
    ("imports were higher than 2013.", "2013", "2013-01-01", "2013-12-31", "year"),
    ("desde el 20 de enero de 2025", "20 de enero de 2025", "2025-01-20", "2025-01-20", "day"),
    ("de 2001 a 2006", "2001 a 2006", "2001-01-01", "2006-12-31", "year"),
    ("in march 2025", "march 2025", "2025-03-01", "2025-03-31", "month"),
]


@pytest.mark.parametrize(("text", "words", "first", "last", "precision"), FOUND)
def test_a_date_is_found_whole_and_covers_its_days(
    text: str, words: str, first: str, last: str, precision: str
) -> None:
    (when,) = dates_in(text)
    assert (text[when.start : when.end], str(when.first), str(when.last), when.precision) == (
        words,
        first,
        last,
        precision,
    )


@pytest.mark.parametrize(
    "text",
    [
        "1,846 people", "section 2025", "2000 dollars", "some 1500 workers", "$2014 and € 1999", "the iPhone 2025x",
        "Boeing 2000", "at 1600 Pennsylvania Avenue", "more than 2000 startups", "a 2000-page report",
        "in 1500 towns", "from 2000 to 3000 people", "they may march on", "30 February 2025x", "on 03/04/2025",
        "in 500 BC and 1200 BC", "a score of 1518.5", "www.example.org/2024/x", "room 2010", "| -1518 |", "",
    ],
)  # fmt: skip
def test_counts_amounts_numbers_of_things_and_verbs_are_no_dates(text: str) -> None:
    assert dates_in(text) == []


def test_a_day_that_the_calendar_has_not_is_read_as_its_month_or_year_only() -> None:
    assert [when.precision for when in dates_in("on 31 February 2025")] == ["month"]


def test_dates_come_in_order_and_apart() -> None:
    text = "signed in 1992 and changed in 2018, before 1 July 2026"
    assert [text[when.start : when.end] for when in dates_in(text)] == ["1992", "2018", "1 July 2026"]


@pytest.mark.parametrize(
    ("text", "words", "month", "day"),
    [
        ("In June, media reports", "June", 6, 0),
        ("On 10 June, Trump", "10 June", 6, 10),
        ("starting February 1, arguing", "February 1", 2, 1),
        ("at a March summit in Florida", "March", 3, 0),
        ("at the end of May, Sheinbaum", "May", 5, 0),
        ("since mid-August", "August", 8, 0),
    ],
)
def test_a_day_or_month_without_a_year_is_partial(text: str, words: str, month: int, day: int) -> None:
    (partial,) = partials_in(text)
    assert (text[partial.start : partial.end], partial.month, partial.day) == (words, month, day)


@pytest.mark.parametrize(
    "text",
    ["Theresa May said", "a march on the capital", "in April 2025", "May 25% agree", "by May", "in May Day songs"],
)
def test_names_verbs_and_whole_dates_are_not_partial(text: str) -> None:
    assert partials_in(text) == []


def test_a_period_is_written_as_a_note_names_it() -> None:
    texts = ["2024-08-10", "June 2025", "Q3 2025", "2024", "2001–2006"]
    shown = [written(when) for text in texts for when in dates_in(text)]
    assert shown == ["10 August 2024", "June 2025", "July to September 2025", "2024", "2001 to 2006"]


PIECES = st.sampled_from(
    [
        *"0123456789 ,.-–/'’", " May ", " 2025", "1846", "–48", " to ", "20 ", "January ", "s", "Q1 ", "th",
        "century", "\n",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


@given(TEXTS)
def test_whatever_the_text_offsets_lie_inside_and_the_first_day_is_not_after_the_last(text: str) -> None:
    found = dates_in(text)
    assert found == dates_in(text)
    end = 0
    for when in found:
        assert end <= when.start < when.end <= len(text)
        assert when.first <= when.last
        end = when.end
    for partial in partials_in(text):
        assert 0 <= partial.start < partial.end <= len(text) and 1 <= partial.month <= 12


@given(st.dates(min_value=date(1500, 1, 1), max_value=date(2099, 12, 31)))
def test_a_written_day_is_read_back(day: date) -> None:
    (when,) = dates_in(day.isoformat())
    assert when.first == when.last == day
    (again,) = dates_in(f"on {written(when)}.")
    assert again.first == day


@given(st.integers(1, 9999), st.integers(1, 12))
def test_a_month_ends_on_its_last_day(year: int, month: int) -> None:
    first, last = month_of(year, month)
    assert first.day == 1 and safe_day(year, month, last.day) == last and safe_day(year, month, last.day + 1) is None
