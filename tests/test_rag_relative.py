"""Relative words are resolved against the article's day, or left alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language.relative_dates import relative_notes, spoken, tense_at

MONDAY = date(2025, 8, 11)

RESOLVED = [  # quote, words, meaning; all in an article of Monday 11 August 2025
    ("Trade reached $800 billion last year.", "last year", "2024"),
    ("The budget, in effect this year, cut spending.", "this year", "2025"),
    ("Earlier this month the bank agreed.", "this month", "August 2025"),
    ("It opens next month.", "next month", "September 2025"),
    ("Talks began last week.", "last week", "the week of 4 August 2025"),
    ("Talks end this week.", "this week", "the week of 11 August 2025"),
    ("Sales fell this quarter.", "this quarter", "July to September 2025"),
    ("The minister resigned yesterday.", "yesterday", "10 August 2025"),
    ("The court meets tomorrow.", "tomorrow", "12 August 2025"),
    ("It was founded two years ago.", "two years ago", "about 2023"),
    ("It was founded a year ago.", "a year ago", "about August 2024"),
    ("He left three days ago.", "three days ago", "8 August 2025"),
    ("In June, media reported the cuts.", "June", "June 2025"),
    ("On 10 June, he suggested a delay.", "10 June", "10 June 2025"),
    ("The treaty will end in November.", "November", "November 2025"),
    ("The fair will open on 3 February.", "3 February", "3 February 2026"),
    ("Tensions arose on Sunday.", "on Sunday", "10 August 2025"),
    ("The vote will be held on Friday.", "on Friday", "15 August 2025"),
    ("They lost in June last year.", "June last year", "June 2024"),
    ("The show was cancelled this summer.", "this summer", "summer 2025"),
    ("In 2027 all will vote, and on 28 May, Congress passed it.", "28 May", "28 May 2025"),
]


@pytest.mark.parametrize(("quote", "words", "meaning"), RESOLVED)
def test_a_plain_relative_word_is_resolved(quote: str, words: str, meaning: str) -> None:
    (note,) = relative_notes(quote, MONDAY)
    assert (note.words, note.meaning) == (words, meaning)
    assert quote[note.start : note.end] == words


@pytest.mark.parametrize("quote", [quote for quote, _, _ in RESOLVED])
def test_nothing_is_resolved_in_an_undated_article(quote: str) -> None:
    assert relative_notes(quote, None) == ()


@pytest.mark.parametrize(
    "quote",
    [
        "“We lost everything last year,” she said.",
        'He said: "It began yesterday and will end next week."',
        "Over the last year, prices rose.",
        "In his last year at school he won.",
        "The next year, it was renamed.",
        "More than two years ago it closed.",
        "Two or three years ago it closed.",
        "In August, the rule changed.",  # this August or the last one
        "In October, the rule changed.",  # ten months ago, or a coming one misread
        "The rule changes in June every year.",
        "It could end in November.",
        "They agreed to meet in November.",
        "It happens in June.",  # no tense that tells
        "Elected in 2019, he moved in March.",
        "He passed the Act in March, and again in May 2024.",
        "January 6th lies spread fast.",
        "Theresa May lost.",
        "The quarter-final was lost in this quarter-final round.",
        "It was shown on Sunday nights.",
        "Black Friday sales rose.",
        "Last Thursday it closed on Friday, 3 March 2023.",
        "A better tomorrow was promised.",
        "In June of that year it closed.",
        "They sang Here Today and Gone Tomorrow.",
    ],
)
def test_what_could_mean_two_times_or_belongs_to_somebody_else_is_left_alone(quote: str) -> None:
    notes = relative_notes(quote, MONDAY)
    assert [note for note in notes if note.words != "Last Thursday"] == []


def test_a_year_in_the_same_sentence_leads_the_months_behind_it() -> None:
    (note,) = relative_notes("War began in June 1846, and in August the city fell.", MONDAY)
    assert (note.words, note.meaning) == ("August", "August 1846")


def test_the_sentence_before_shows_whose_year_the_story_is_in() -> None:
    quote, published = "In March, he imposed tariffs.", date(2026, 6, 15)
    assert relative_notes(quote, published, "On 20 January 2025, he declared an emergency. ") == ()
    (note,) = relative_notes(quote, published, "In December 2025, Congress approved it. ")
    assert note.meaning == "March 2026"


def test_a_month_of_the_year_before_is_meant_only_while_it_is_near() -> None:
    (note,) = relative_notes("In December, the law passed.", date(2025, 2, 3))
    assert note.meaning == "December 2024"
    assert relative_notes("In December, the law passed.", MONDAY) == ()


def test_a_meaning_written_right_behind_is_not_said_again() -> None:
    assert relative_notes("Exports grew last year (2024).", MONDAY) == ()


def test_speech_that_began_before_the_quote_is_speech() -> None:
    assert spoken("She said: “We won. ", "It was last year.” Then she left.") == [(0, 18)]
    assert relative_notes("It was last year.” Then she left.", MONDAY, "She said: “We won. ") == ()


def test_on_a_sunday_last_week_is_left_alone() -> None:
    assert relative_notes("Talks began last week.", date(2025, 8, 10)) == ()


@pytest.mark.parametrize(
    ("sentence", "tense"),
    [
        ("In June, it closed.", "past"),
        ("In June, it will close.", "future"),
        ("In June, it is expected to close.", "future"),
        ("In June, it would close.", ""),
        ("In June, the unit.", ""),
        ("Since it opened, all know that in June, it will close.", "future"),
    ],
)
def test_the_verb_of_the_clause_tells_the_tense(sentence: str, tense: str) -> None:
    at = sentence.index("June")
    assert tense_at(sentence, at, at + 4) == tense


WORDS = st.sampled_from(
    [
        *(
            "last ", "year", " this", " week", "In June", ", ", "on ", "Monday", " 10 ", "May ", "ago", "two years ",
            "“", '"',
        ),
        *("will ", "opened ", "2024 ", "yesterday", "31 ", "February ", " next quarter", "The ", "29 "),
    ]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(WORDS).map("".join)), st.dates(), st.lists(WORDS, max_size=4).map("".join))
def test_whatever_is_said_notes_lie_inside_in_order_and_mean_real_days(quote: str, day: date, before: str) -> None:
    notes = relative_notes(quote, day, before)
    assert notes == relative_notes(quote, day, before)
    end = 0
    for note in notes:
        assert end <= note.start < note.end <= len(quote)
        assert quote[note.start : note.end] == note.words
        assert note.when.first <= note.when.last and note.meaning
        end = note.end
